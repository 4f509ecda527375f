"""What can be done with a resource: one small class an action, the same for every resource.

The law calls, in this order: `parse`, `find`, then for a read `answer`, for a write `read` and `perform`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from bodega.kit import render
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Query
from bodega.kit.prefetch import prefetch
from bodega.kit.selection import Selection
from bodega.kit.upload import Form
from bodega.kit.write import create_one, update_one
from bodega.law.outcome import Created, Emptied, Outcome, PartlyDone, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import query, rows
from bodega.storage.plan import Condition, QueryPlan, ids_sql
from bodega.storage.query import Row
from bodega.storage.unit import Unit

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

    def __init__(self, endpoint: Endpoint) -> None:
        self.max_body = endpoint.max_body
        self.secret = endpoint.secret and self.body
        self.endpoint = endpoint
        self.table = endpoint.table
        self.scope = endpoint.scope
        self.listing = endpoint.listing
        self.selection = Selection(endpoint)
        self.json_only = endpoint.json_only

    def parse(self, query: str) -> Query:
        """The query parameters. Raises Refusal."""
        return self.listing.parse(query)

    @cached_property
    def files(self) -> bool:
        """Whether what it shows may name files, in whose addresses the reply puts the host that the caller used."""
        endpoint = getattr(self, "endpoint", None)  # what has no table, as a singleton, names no files
        if endpoint is None:
            return False
        inside = [
            *endpoint.listing.includes.values(),
            *(endpoint.v2.batch_loaded.values() if endpoint.v2 is not None else ()),
        ]
        return endpoint.table.files or any(item.files for item in inside)

    async def find(self, context: Context) -> Validator | None:
        """Reads what the path names, or refuses; what it returns answers the preconditions."""
        return None

    async def standing(self, context: Context) -> Validator | None:
        """What preconditions are judged by where `find` has no need to read it."""
        return None

    def read(self, content: Any) -> Any:
        """The draft in a body: plain data in V2, JSON bytes in V3. Raises Refusal."""
        return None

    def read_form(self, members: Form) -> Any:
        """The draft in a form, where the action takes uploads. Raises Refusal."""
        raise NotImplementedError

    async def prefetch(self, context: Context) -> None:
        """What a write needs from outside and must not wait for in its transaction; it may change the draft."""

    async def answer(self, context: Context) -> Outcome:
        """Carries out a read."""
        raise NotImplementedError

    async def perform(self, unit: Unit, context: Context) -> Outcome:
        """Carries out a write inside its transaction. Raises Refusal."""
        raise NotImplementedError

    def wants_task(self, context: Context) -> bool:
        """Whether this write is too long to wait for."""
        return False

    async def task_meta(self, context: Context) -> dict[str, Any]:
        """What a V3 reply tells of the task beside it."""
        return {}

    async def _find_item(self, context: Context) -> Validator:
        found = await self.selection.item(context)
        included = await self._included(context) if context.query.include else 0
        return Validator(found.version + included, found.modified)

    async def _included(self, context: Context) -> int:
        """The revisions of the tables whose rows are shown inside: an entity tag has to move with them too."""
        return sum(
            [(await rows.table_state_of(context.reader, table)).revision for table in self._tables_included(context)]
        )

    def _tables_included(self, context: Context) -> set[str]:
        return {table for name in context.query.include for table in self.listing.includes[name].tables.split()}

    def _unchanged(self, unit: Unit, context: Context) -> Callable[[Validator | None], None] | None:
        """What asks the preconditions again of the row as this transaction sees it, with what is shown inside it."""
        still = context.recheck_preconditions
        if still is None or not context.query.include:
            return still

        def ask(now: Validator | None) -> None:
            still(now and Validator(now.version + self._includes_now(unit, context), now.modified))

        return ask

    def _includes_now(self, unit: Unit, context: Context) -> int:
        """As `_included`, as of this moment of the transaction."""
        return sum(unit.statistics.state(table)[0] for table in self._tables_included(context))

    def _still(self, unit: Unit, context: Context) -> None:
        """Asks the preconditions again, of the collection as this transaction sees it."""
        if context.recheck_preconditions is not None:
            context.recheck_preconditions(Validator(*unit.statistics.state(self.table.name)))

    async def _collection(self, context: Context) -> Validator:
        now = await rows.table_state(context.reader, self.table)
        return Validator(now.revision, now.modified)


class ShowItem(Action):
    """GET of one entity. V3 splices the stored bytes into the reply."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.selection = Selection(
            endpoint, rest=endpoint.version == 2 or (endpoint.v3 is not None and endpoint.v3.view is not None)
        )

    async def find(self, context: Context) -> Validator:
        return await self._find_item(context)

    async def answer(self, context: Context) -> Outcome:
        if self.endpoint.version == 3:
            doc = await render.v3_document(context, self.endpoint, context.found)
            return Shown(ready=b'{"data":' + doc + b',"meta":{}}')
        members = await render.v2_documents(context, self.endpoint, [context.found.entity(self.table)])
        return Shown(value=members[0], root=shape_of(self.endpoint).item)


class ListAll(Action):
    """GET of a collection: a page of it."""

    is_list = True

    async def find(self, context: Context) -> Validator:
        await self.selection.enter(context)
        now = await rows.table_state(context.reader, self.table)
        context.found = now
        if context.since is not None:
            return Validator(now.revision, await rows.latest(context.reader, self._plan(context)))
        return Validator(now.revision + await self._included(context), now.modified)

    def _plan(self, context: Context) -> QueryPlan:
        plan = self.selection.narrowed(context)
        if context.since is not None:
            plan = plan._replace(where=(*plan.where, Condition("modified", "greater", context.since)))
        return plan

    async def answer(self, context: Context) -> Outcome:
        plan = self._plan(context)
        if self.endpoint.version == 3:
            return await render.v3_page(context, self.endpoint, plan)
        entities = await rows.entities(context.reader, context.page_index, plan, context.found)
        if not entities:
            return Emptied()
        shape = shape_of(self.endpoint)
        return Shown(
            value=await render.v2_documents(context, self.endpoint, entities), root=shape.root, item=shape.item
        )


class CountAll(ListAll):
    """GET of a V2 count: {"count": n}."""

    is_list = False

    async def answer(self, context: Context) -> Outcome:
        return Shown(
            value={"count": await rows.count(context.reader, self._plan(context), context.found)}, root="count"
        )


class Create(Action):
    """POST to a collection."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.uploads = self.uploads or endpoint.uploads

    async def find(self, context: Context) -> None:
        await self.selection.enter(context)

    async def standing(self, context: Context) -> Validator:
        return await self._collection(context)

    def read(self, content: Any) -> Any:
        return shape_of(self.endpoint).read(content, creating=True)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.endpoint).read_form(members, creating=True)

    async def prefetch(self, context: Context) -> None:
        await prefetch(context, self.endpoint, context.draft)

    async def make(self, unit: Unit, context: Context, notes: list[Fault]) -> Row:
        """Writes the new row. Raises Refusal."""
        return await create_one(unit, self.endpoint, {**context.draft, **self.selection.new(context)}, notes)

    async def perform(self, unit: Unit, context: Context) -> Outcome:
        self._still(unit, context)
        notes: list[Fault] = []
        row = await self.make(unit, context, notes)
        outcome = await render.written(self.endpoint, context, row, notes, unit.tx)
        if context.query.include:
            outcome.state = Validator(row.version + self._includes_now(unit, context), row.modified)
        location = (
            f"{context.base.url}/{self.endpoint.home.format(*context.ids)}/{getattr(row.entity, self.endpoint.key)}"
        )
        if isinstance(outcome, PartlyDone) or self.endpoint.created == 200:
            outcome.location = location
            return outcome
        made = Created(ready=outcome.ready, value=outcome.value, root=outcome.root, state=outcome.state)
        made.location = location
        return made


class Update(Action):
    """PUT of one entity; members that are left out stay as they are (rule 19)."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.uploads = self.uploads or endpoint.uploads

    async def find(self, context: Context) -> Validator:
        return await self._find_item(context)

    def read(self, content: Any) -> Any:
        return shape_of(self.endpoint).read(content, creating=False)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.endpoint).read_form(members, creating=False)

    async def prefetch(self, context: Context) -> None:
        await prefetch(context, self.endpoint, context.draft, context.entity_id)

    async def change(self, unit: Unit, context: Context, notes: list[Fault], still: Still) -> Row:
        """Writes the changed row. Raises Refusal."""
        return await update_one(
            unit, self.endpoint, context.entity_id, dict(context.draft), notes, still, context.found
        )

    async def perform(self, unit: Unit, context: Context) -> Outcome:
        notes: list[Fault] = []
        row = await self.change(unit, context, notes, self._unchanged(unit, context))
        outcome = await render.written(self.endpoint, context, row, notes, unit.tx)
        if context.query.include:
            outcome.state = Validator(row.version + self._includes_now(unit, context), row.modified)
        return outcome


class Delete(Action):
    """DELETE of one entity."""

    writes = True

    async def find(self, context: Context) -> Validator:
        return await self._find_item(context)

    async def perform(self, unit: Unit, context: Context) -> Outcome:
        still = self._unchanged(unit, context)
        if still is not None:
            row = await unit.get(self.table, context.entity_id)
            still(Validator(row.version, row.modified) if row else None)
        await unit.delete(self.table, [context.entity_id])
        return Emptied()


class DeleteMany(Action):
    """DELETE of a collection, or of the rows that the filters name; ids that do not exist are fine (rule 24)."""

    writes = True

    def parse(self, query: str) -> Query:
        asked = self.listing.parse(query, strict=True)
        if self.endpoint.delete_needs_filter and not asked.filters:
            raise Refusal(Reason.FILTER_REQUIRED, details={"supported_filters": sorted(self.listing.filters)})
        return asked

    async def find(self, context: Context) -> Validator:
        await self.selection.enter(context)
        now = await rows.table_state(context.reader, self.table)
        if self.selection.narrows and now.total > TASK_ABOVE:  # how many of them are meant decides on a task
            now = now._replace(total=await rows.count(context.reader, self.selection.narrowed(context), now))
        context.found = now
        return Validator(now.revision, now.modified)

    def wants_task(self, context: Context) -> bool:
        return self.endpoint.version == 2 and not context.query.filters and context.found.total > TASK_ABOVE

    async def perform(self, unit: Unit, context: Context) -> Outcome:
        """In a task, one chunk, whose outcome tells whether to ask again."""
        self._still(unit, context)
        if self.endpoint.idle_delete and not context.query.filters:
            return Emptied(value=Chunk(0, more=False) if context.in_task else None)
        chunked = context.in_task and not self.table.at_once
        cap = self.endpoint.delete_cap if context.query.filters else 0
        maximum = CHUNK if chunked else cap or 1_000_000_000
        sql, values = ids_sql(self.selection.narrowed(context)._replace(limit=maximum), unit.tx.dialect)
        ids = await query.values(unit.tx, sql, *values)
        for start in range(0, len(ids), CHUNK):
            await unit.delete(self.table, ids[start : start + CHUNK])
        return Emptied(value=Chunk(len(ids), more=chunked and len(ids) == CHUNK) if context.in_task else None)


def shape_of(endpoint: Endpoint) -> Any:
    """The wire form of a facet's version."""
    return endpoint.v2 if endpoint.version == 2 else endpoint.v3


class Singleton(Action):
    """GET of the one thing of its kind; `show` computes its members from the call. Both functions may wait for rows."""

    def __init__(
        self,
        root: str,
        show: Callable[[Context], dict[str, Any] | Awaitable[dict[str, Any]]],
        scope: str,
        state: Callable[[Context], Validator | Awaitable[Validator]] | None = None,
    ) -> None:
        self.root = root
        self.show = show
        self.scope = scope
        self.state = state

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, context: Context) -> Validator:
        """Without a state of its own, what is shown is as old as the request: the store's present second."""
        if self.state is None:
            return Validator(context.now, context.now)
        state = self.state(context)
        return await state if isinstance(state, Awaitable) else state

    async def answer(self, context: Context) -> Outcome:
        shown = self.show(context)
        if isinstance(shown, Awaitable):
            shown = await shown
        if context.version == 3:
            return Shown(ready=render.json({"data": shown, "meta": {}}))
        return Shown(value=shown, root=self.root)


NO_QUERY = Query(None)  # type: ignore[arg-type]
"""The query of an action that takes no parameters."""
