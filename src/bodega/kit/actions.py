"""What can be done with a resource: one small class an action, the same for every resource.

The law calls, in this order: `parse`, `find`, then for a read `answer`, for a write `read` and `perform`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from bodega.kit import render
from bodega.kit.call import Call
from bodega.kit.facet import Facet
from bodega.kit.gather import gather
from bodega.kit.listing import Query
from bodega.kit.place import Place
from bodega.kit.upload import Form
from bodega.kit.write import create_one, update_one
from bodega.law.outcome import Created, Emptied, Outcome, PartlyDone, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import rows
from bodega.storage.plan import Condition, Plan, ids_sql
from bodega.storage.unit import Row, Unit

Still = Callable[[Validator | None], None] | None
"""Raises when the state of the entity no longer meets the request's preconditions."""

TASK_ABOVE = 250
"""A V2 delete of a whole collection with more rows than this becomes a task."""

CHUNK = 250
"""Rows that a task deletes in one transaction."""


class Chunk(NamedTuple):
    """How many rows one transaction of a task did, and whether there may be more."""

    done: int
    more: bool


class Action:
    """One method of one route.

    `uploads`: its body may be multipart/form-data, `only_uploads`: nothing else.
    """

    writes: ClassVar[bool] = False
    body: ClassVar[bool] = False
    is_list: ClassVar[bool] = False
    uploads: bool = False
    only_uploads: bool = False
    json_only: bool = False
    max_body: int = 0
    """In bytes; 0 leaves it to the server."""
    secret: bool = False
    """Its body must not be kept: it never becomes a task, and its print is slow to guess from."""

    def __init__(self, facet: Facet) -> None:
        self.max_body = facet.max_body
        self.secret = facet.secret and self.body
        self.facet = facet
        self.table = facet.table
        self.scope = facet.scope
        self.listing = facet.listing
        self.place = Place(facet)
        self.json_only = facet.json_only

    def parse(self, query: str) -> Query:
        """The query parameters. Raises Refusal."""
        return self.listing.parse(query)

    @cached_property
    def files(self) -> bool:
        """Whether what it shows may name files, in whose addresses the reply puts the host that the caller used.

        Asked when the first request comes: resources may add to the includes of others.
        """
        facet = getattr(self, "facet", None)  # what has no table, as a singleton, names no files
        if facet is None:
            return False
        inside = [*facet.listing.includes.values(), *(facet.v2.looked_up.values() if facet.v2 is not None else ())]
        return facet.table.files or any(one.files for one in inside)

    async def find(self, call: Call) -> Validator | None:
        """Reads what the path names, or refuses; what it returns answers the preconditions."""
        return None

    async def standing(self, call: Call) -> Validator | None:
        """What preconditions are judged by where `find` has no need to read it."""
        return None

    def read(self, content: Any) -> Any:
        """The draft in a body: plain data in V2, JSON bytes in V3. Raises Refusal."""
        return None

    def read_form(self, members: Form) -> Any:
        """The draft in a form, where the action takes uploads. Raises Refusal."""
        raise NotImplementedError

    async def gather(self, call: Call) -> None:
        """What a write needs from outside and must not wait for in its transaction; it may change the draft."""

    async def answer(self, call: Call) -> Outcome:
        """Carries out a read."""
        raise NotImplementedError

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        """Carries out a write inside its transaction. Raises Refusal."""
        raise NotImplementedError

    def wants_task(self, call: Call) -> bool:
        """Whether this write is too long to wait for."""
        return False

    async def task_meta(self, call: Call) -> dict[str, Any]:
        """What a V3 reply tells of the task beside it."""
        return {}

    async def _find_item(self, call: Call) -> Validator:
        found = await self.place.item(call)
        included = await self._included(call) if call.query.include else 0
        return Validator(found[2] + included, found[3])

    async def _included(self, call: Call) -> int:
        """The revisions of the tables whose rows are shown inside: an entity tag has to move with them too."""
        return sum([(await rows.table_state_of(call.reader, table)).revision for table in self._tables_included(call)])

    def _tables_included(self, call: Call) -> set[str]:
        return {table for name in call.query.include for table in self.listing.includes[name].tables.split()}

    def _unchanged(self, unit: Unit, call: Call) -> Callable[[Validator | None], None] | None:
        """What asks the preconditions again of the row as this transaction sees it, with what is shown inside it."""
        still = call.recheck_preconditions
        if still is None or not call.query.include:
            return still

        def ask(now: Validator | None) -> None:
            still(now and Validator(now.version + self._includes_now(unit, call), now.modified))

        return ask

    def _includes_now(self, unit: Unit, call: Call) -> int:
        """As `_included`, as of this moment of the transaction."""
        return sum(unit.statistics.state(table)[0] for table in self._tables_included(call))

    def _still(self, unit: Unit, call: Call) -> None:
        """Asks the preconditions again, of the collection as this transaction sees it."""
        if call.recheck_preconditions is not None:
            call.recheck_preconditions(Validator(*unit.statistics.state(self.table.name)))

    async def _collection(self, call: Call) -> Validator:
        now = await rows.table_state(call.reader, self.table)
        return Validator(now.revision, now.modified)


class ShowItem(Action):
    """GET of one entity. V3 splices the stored bytes into the reply."""

    def __init__(self, facet: Facet) -> None:
        super().__init__(facet)
        self.place = Place(facet, rest=facet.version == 2 or (facet.v3 is not None and facet.v3.view is not None))

    async def find(self, call: Call) -> Validator:
        return await self._find_item(call)

    async def answer(self, call: Call) -> Outcome:
        if self.facet.version == 3:
            doc = (await render.v3_documents(call, self.facet, [call.found]))[0]
            return Shown(ready=b'{"data":' + doc + b',"meta":{}}')
        members = await render.v2_documents(call, self.facet, [self.table.decode(call.found[0], call.found[1])])
        return Shown(value=members[0], root=shape_of(self.facet).item)


class ListAll(Action):
    """GET of a collection: a page of it."""

    is_list = True

    async def find(self, call: Call) -> Validator:
        await self.place.enter(call)
        now = await rows.table_state(call.reader, self.table)
        call.found = now
        if call.since is not None:
            return Validator(now.revision, await rows.latest(call.reader, self._plan(call)))
        return Validator(now.revision + await self._included(call), now.modified)

    def _plan(self, call: Call) -> Plan:
        plan = self.place.narrowed(call)
        if call.since is not None:
            plan = plan._replace(where=(*plan.where, Condition("modified", "greater", call.since)))
        return plan

    async def answer(self, call: Call) -> Outcome:
        plan = self._plan(call)
        if self.facet.version == 3:
            return await render.v3_page(call, self.facet, plan)
        found = await rows.page(call.reader, call.page_index, plan, call.found, "t.doc, t.rest")
        if not found:
            return Emptied()
        shape = shape_of(self.facet)
        entities = [self.table.decode(row[0], row[1]) for row in found]
        return Shown(value=await render.v2_documents(call, self.facet, entities), root=shape.root, item=shape.item)


class CountAll(ListAll):
    """GET of a V2 count: {"count": n}."""

    is_list = False

    async def answer(self, call: Call) -> Outcome:
        return Shown(value={"count": await rows.count(call.reader, self._plan(call), call.found)}, root="count")


class Create(Action):
    """POST to a collection."""

    writes = True
    body = True

    def __init__(self, facet: Facet) -> None:
        super().__init__(facet)
        self.uploads = self.uploads or facet.uploads

    async def find(self, call: Call) -> None:
        await self.place.enter(call)

    async def standing(self, call: Call) -> Validator:
        return await self._collection(call)

    def read(self, content: Any) -> Any:
        return shape_of(self.facet).read(content, creating=True)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.facet).read_form(members, creating=True)

    async def gather(self, call: Call) -> None:
        await gather(call, self.facet, call.draft)

    async def make(self, unit: Unit, call: Call, notes: list[Fault]) -> Row:
        """Writes the new row. Raises Refusal."""
        return await create_one(unit, self.facet, {**call.draft, **self.place.new(call)}, notes)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        self._still(unit, call)
        notes: list[Fault] = []
        row = await self.make(unit, call, notes)
        outcome = await render.written(self.facet, call, row, notes, unit.tx)
        if call.query.include:
            outcome.state = Validator(row.version + self._includes_now(unit, call), row.modified)
        location = f"{call.base.url}/{self.facet.home.format(*call.ids)}/{getattr(row.entity, self.facet.key)}"
        if isinstance(outcome, PartlyDone) or self.facet.created == 200:
            outcome.location = location
            return outcome
        made = Created(ready=outcome.ready, value=outcome.value, root=outcome.root, state=outcome.state)
        made.location = location
        return made


class Update(Action):
    """PUT of one entity; members that are left out stay as they are (rule 19)."""

    writes = True
    body = True

    def __init__(self, facet: Facet) -> None:
        super().__init__(facet)
        self.uploads = self.uploads or facet.uploads

    async def find(self, call: Call) -> Validator:
        return await self._find_item(call)

    def read(self, content: Any) -> Any:
        return shape_of(self.facet).read(content, creating=False)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.facet).read_form(members, creating=False)

    async def gather(self, call: Call) -> None:
        await gather(call, self.facet, call.draft, call.entity_id)

    async def change(self, unit: Unit, call: Call, notes: list[Fault], still: Still) -> Row:
        """Writes the changed row. Raises Refusal."""
        return await update_one(unit, self.facet, call.entity_id, dict(call.draft), notes, still, call.found)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        notes: list[Fault] = []
        row = await self.change(unit, call, notes, self._unchanged(unit, call))
        outcome = await render.written(self.facet, call, row, notes, unit.tx)
        if call.query.include:
            outcome.state = Validator(row.version + self._includes_now(unit, call), row.modified)
        return outcome


class Delete(Action):
    """DELETE of one entity."""

    writes = True

    async def find(self, call: Call) -> Validator:
        return await self._find_item(call)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        still = self._unchanged(unit, call)
        if still is not None:
            row = await unit.get(self.table, call.entity_id)
            still(Validator(row.version, row.modified) if row else None)
        await unit.delete(self.table, [call.entity_id])
        return Emptied()


class DeleteMany(Action):
    """DELETE of a collection, or of the rows that the filters name; ids that do not exist are fine (rule 24)."""

    writes = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, strict=True)
        if self.facet.delete_needs_filter and not asked.filters:
            raise Refusal(Reason.FILTER_REQUIRED, details={"supported_filters": sorted(self.listing.filters)})
        return asked

    async def find(self, call: Call) -> Validator:
        await self.place.enter(call)
        now = await rows.table_state(call.reader, self.table)
        if self.place.narrows and now.total > TASK_ABOVE:  # how many of them are meant decides on a task
            now = now._replace(total=await rows.count(call.reader, self.place.narrowed(call), now))
        call.found = now
        return Validator(now.revision, now.modified)

    def wants_task(self, call: Call) -> bool:
        return self.facet.version == 2 and not call.query.filters and call.found.total > TASK_ABOVE

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        """In a task, one chunk, whose outcome tells whether to ask again."""
        self._still(unit, call)
        if self.facet.idle_delete and not call.query.filters:
            return Emptied(value=Chunk(0, more=False) if call.in_task else None)
        chunked = call.in_task and not self.table.at_once
        cap = self.facet.delete_cap if call.query.filters else 0
        most = CHUNK if chunked else cap or 1_000_000_000
        sql, values = ids_sql(self.place.narrowed(call)._replace(limit=most), unit.tx.dialect)
        ids = [row[0] for row in await unit.tx.rows(sql, *values)]
        for start in range(0, len(ids), CHUNK):
            await unit.delete(self.table, ids[start : start + CHUNK])
        return Emptied(value=Chunk(len(ids), more=chunked and len(ids) == CHUNK) if call.in_task else None)


def shape_of(facet: Facet) -> Any:
    """The wire form of a facet's version."""
    return facet.v2 if facet.version == 2 else facet.v3


class Singleton(Action):
    """GET of the one thing of its kind; `show` computes its members from the call. Both functions may wait for rows."""

    def __init__(
        self,
        root: str,
        show: Callable[[Call], dict[str, Any] | Awaitable[dict[str, Any]]],
        scope: str,
        state: Callable[[Call], Validator | Awaitable[Validator]] | None = None,
    ) -> None:
        self.root = root
        self.show = show
        self.scope = scope
        self.state = state

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, call: Call) -> Validator:
        """Without a state of its own, what is shown is as old as the request: the store's present second."""
        if self.state is None:
            return Validator(call.now, call.now)
        state = self.state(call)
        return await state if isinstance(state, Awaitable) else state

    async def answer(self, call: Call) -> Outcome:
        shown = self.show(call)
        if isinstance(shown, Awaitable):
            shown = await shown
        if call.version == 3:
            return Shown(ready=render.json({"data": shown, "meta": {}}))
        return Shown(value=shown, root=self.root)


NO_QUERY = Query(None)  # type: ignore[arg-type]
"""The query of an action that takes no parameters."""
