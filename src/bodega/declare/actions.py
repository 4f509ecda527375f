"""What can be done with a resource: one small class an action, the same for every resource.

The law calls, in this order: `parse`, `find`, then for a read `answer`, for a write `read` and `perform`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from bodega.declare import render
from bodega.declare.call import Call
from bodega.declare.facet import Facet
from bodega.declare.listing import Query
from bodega.declare.write import apply, build, update_one
from bodega.law.outcome import Created, Emptied, Outcome, PartlyDone, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import rows
from bodega.storage.plan import Condition, Plan, ids_sql
from bodega.storage.unit import Unit

TASK_ABOVE = 250
"""A V2 delete of a whole collection with more rows than this becomes a task."""

CHUNK = 250
"""Rows that a task deletes in one transaction."""


class Chunk(NamedTuple):
    """How many rows one transaction of a task did, and whether there may be more."""

    done: int
    more: bool


class Action:
    """One method of one route."""

    writes: ClassVar[bool] = False
    body: ClassVar[bool] = False
    is_list: ClassVar[bool] = False

    def __init__(self, facet: Facet) -> None:
        self.facet = facet
        self.table = facet.table
        self.scope = facet.scope
        self.listing = facet.listing

    def parse(self, query: str) -> Query:
        """The query parameters. Raises Refusal."""
        return self.listing.parse(query)

    async def find(self, call: Call) -> Validator | None:
        """Reads what the path names, or refuses; what it returns answers the preconditions."""
        return None

    async def standing(self, call: Call) -> Validator | None:
        """What preconditions are judged by where `find` has no need to read it."""
        return None

    def read(self, content: Any) -> Any:
        """The draft in a body: plain data in V2, JSON bytes in V3. Raises Refusal."""
        return None

    async def answer(self, call: Call) -> Outcome:
        """Carries out a read."""
        raise NotImplementedError

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        """Carries out a write inside its transaction. Raises Refusal."""
        raise NotImplementedError

    def wants_task(self, call: Call) -> bool:
        """Whether this write is too long to wait for."""
        return False

    async def _find_item(self, call: Call) -> Validator:
        found = await call.reader.row(self.table.get_sql, call.ids[-1])
        if found is None or not await self._belongs(call, found):
            raise Refusal(Reason.NO_SUCH_ENTITY)
        call.found = found
        return Validator(found[2], found[3])

    async def _belongs(self, call: Call, found: Any) -> bool:
        parent, owner = self.facet.parent, self.facet.owner
        if not parent and not owner:
            return True
        entity = self.table.decode(found[0], found[1])
        if owner and getattr(entity, owner) != call.client_id:
            return False
        return not parent or bool(getattr(entity, parent) == call.ids[0])

    def _narrowed(self, call: Call) -> Plan:
        """The plan of the query, within what the path names and what the caller may see."""
        plan = call.query.plan
        if self.facet.parent:
            plan = plan._replace(where=(*plan.where, Condition(self.facet.parent, "eq", call.ids[0])))
        if self.facet.owner:
            plan = plan._replace(where=(*plan.where, Condition(self.facet.owner, "eq", call.client_id)))
        return plan

    async def _included(self, call: Call) -> int:
        """The revisions of the tables whose rows are shown inside: an entity tag has to move with them too."""
        return sum([(await rows.standing_of(call.reader, table)).revision for table in self._tables_included(call)])

    def _tables_included(self, call: Call) -> set[str]:
        return {self.listing.includes[name].table for name in call.query.include} - {""}

    def _still(self, unit: Unit, call: Call) -> None:
        """Asks the preconditions again, of the collection as this transaction sees it."""
        if call.standing_still is not None:
            call.standing_still(Validator(*unit.ledger.standing(self.table.name)))

    async def _collection(self, call: Call) -> Validator:
        now = await rows.standing(call.reader, self.table)
        return Validator(now.revision, now.modified)

    async def _find_parent(self, call: Call) -> None:
        if self.facet.parents is None:
            return
        if await call.reader.row(self.facet.parents.show_sql, call.ids[0]) is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)


class ShowItem(Action):
    """GET of one entity. V3 splices the stored bytes into the reply."""

    async def find(self, call: Call) -> Validator:
        if self.facet.version == 2 or self.facet.parent or self.facet.owner:
            return await self._find_item(call)
        found = await call.reader.row(self.table.show_sql, call.ids[0])
        if found is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        call.found = found
        included = await self._included(call) if call.query.include else 0
        return Validator(found[1] + included, found[2])

    async def answer(self, call: Call) -> Outcome:
        if self.facet.version == 3:
            doc = call.found[0]
            query = call.query
            if query.include or query.fields is not None:
                doc = (await render.v3_documents(call, self.listing, [(call.ids[-1], doc)]))[0]
            return Shown(ready=b'{"data":' + doc + b',"meta":{}}')
        entity = self.table.decode(call.found[0], call.found[1])
        return Shown(value=render.v2_members(self.facet, entity, call), root=_v2(self.facet).item)


class ListAll(Action):
    """GET of a collection: a page of it."""

    is_list = True

    async def find(self, call: Call) -> Validator:
        await self._find_parent(call)
        now = await rows.standing(call.reader, self.table)
        call.found = now
        if call.since is not None:
            return Validator(now.revision, await rows.latest(call.reader, self._plan(call)))
        return Validator(now.revision + await self._included(call), now.modified)

    def _plan(self, call: Call) -> Plan:
        plan = self._narrowed(call)
        if call.since is not None:
            plan = plan._replace(where=(*plan.where, Condition("modified", "greater", call.since)))
        return plan

    async def answer(self, call: Call) -> Outcome:
        plan = self._plan(call)
        if self.facet.version == 3:
            return await render.v3_page(call, self.listing, plan)
        found = await rows.page(call.reader, call.census, plan, call.found, "t.doc, t.rest")
        if not found:
            return Emptied()
        shape = _v2(self.facet)
        members = [render.v2_members(self.facet, self.table.decode(row[0], row[1]), call) for row in found]
        return Shown(value=members, root=shape.root, item=shape.item)


class CountAll(ListAll):
    """GET of a V2 count: {"count": n}."""

    is_list = False

    async def answer(self, call: Call) -> Outcome:
        return Shown(value={"count": await rows.count(call.reader, self._plan(call), call.found)}, root="count")


class Create(Action):
    """POST to a collection."""

    writes = True
    body = True

    async def find(self, call: Call) -> None:
        await self._find_parent(call)

    async def standing(self, call: Call) -> Validator:
        return await self._collection(call)

    def read(self, content: Any) -> Any:
        return _shape(self.facet).read(content, creating=True)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        self._still(unit, call)
        changes = {**self.facet.defaults, **call.draft}
        if self.facet.parent:
            changes[self.facet.parent] = call.ids[0]
        notes: list[Fault] = []
        await apply(unit, self.table, changes, None, notes)
        row = await unit.insert(self.table, build(self.table, changes, unit.now))
        outcome = await render.written(self.facet, call, row, notes, unit.tx)
        location = f"{call.base.url}/{self.facet.home.format(*call.ids)}/{row.entity.id}"
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

    async def find(self, call: Call) -> Validator:
        state = await self._find_item(call)
        return Validator(state.version + await self._included(call), state.modified) if call.query.include else state

    def read(self, content: Any) -> Any:
        return _shape(self.facet).read(content, creating=False)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        notes: list[Fault] = []
        still = self._with_included(unit, call) if call.query.include else call.standing_still
        row = await update_one(unit, self.table, call.ids[-1], dict(call.draft), notes, still, call.found)
        outcome = await render.written(self.facet, call, row, notes, unit.tx)
        if call.query.include:
            outcome.state = Validator(row.version + self._includes_now(unit, call), row.modified)
        return outcome

    def _with_included(self, unit: Unit, call: Call) -> Callable[[Validator | None], None] | None:
        still = call.standing_still
        if still is None:
            return None

        def ask(now: Validator | None) -> None:
            still(now and Validator(now.version + self._includes_now(unit, call), now.modified))

        return ask

    def _includes_now(self, unit: Unit, call: Call) -> int:
        """As `_included`, as of this moment of the transaction."""
        return sum(unit.ledger.standing(table)[0] for table in self._tables_included(call))


class Delete(Action):
    """DELETE of one entity."""

    writes = True

    async def find(self, call: Call) -> Validator:
        return await self._find_item(call)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        if call.standing_still is not None:
            row = await unit.get(self.table, call.ids[-1])
            call.standing_still(Validator(row.version, row.modified) if row else None)
        await unit.delete(self.table, [call.ids[-1]])
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
        await self._find_parent(call)
        call.found = await rows.standing(call.reader, self.table)
        return Validator(call.found.revision, call.found.modified)

    def wants_task(self, call: Call) -> bool:
        return self.facet.version == 2 and not call.query.filters and call.found.total > TASK_ABOVE

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        """In a task, one chunk, whose outcome tells whether to ask again."""
        self._still(unit, call)
        chunked = call.in_task and not self.table.at_once
        most = CHUNK if chunked else self.facet.delete_cap or 1_000_000_000
        sql, values = ids_sql(self._narrowed(call)._replace(limit=most), unit.tx.dialect)
        ids = [row[0] for row in await unit.tx.rows(sql, *values)]
        for start in range(0, len(ids), CHUNK):
            await unit.delete(self.table, ids[start : start + CHUNK])
        return Emptied(value=Chunk(len(ids), more=chunked and len(ids) == CHUNK) if call.in_task else None)


class UpdateMany(Action):
    """PUT of a V3 collection: each item by its id, the ones that fail beside the ones that succeed (207)."""

    writes = True
    body = True

    async def standing(self, call: Call) -> Validator:
        return await self._collection(call)

    def read(self, content: Any) -> Any:
        assert self.facet.v3 is not None
        return self.facet.v3.read_many(content, self.facet.batch_cap)

    async def perform(self, unit: Unit, call: Call) -> Outcome:
        self._still(unit, call)
        saved: list[bytes] = []
        refused: list[Refusal] = []
        errors: dict[str, str] = {}
        for draft in call.draft:
            changes = dict(draft)
            identity = changes.pop("id")
            notes: list[Fault] = []
            try:
                async with unit.tx.savepoint():
                    mark = unit.ledger.mark()
                    row = await update_one(unit, self.table, identity, changes, notes, None)
            except Refusal as refusal:
                unit.ledger.restore(mark)
                refused.append(refusal)
                errors[str(identity)] = refusal.message
            else:
                saved.append(row.doc)
                errors |= {f"{identity}.{note.field}": note.said for note in notes}
        if refused and not saved:
            raise min(refused, key=lambda refusal: refusal.reason.rank)
        data = b'{"data":[' + b",".join(saved) + b"]"
        if errors:
            return PartlyDone(ready=data + b',"errors":' + render.json(errors) + b',"meta":{}}')
        return Shown(ready=data + b',"meta":{}}')


def _v2(facet: Facet) -> Any:
    assert facet.v2 is not None
    return facet.v2


def _shape(facet: Facet) -> Any:
    return facet.v2 if facet.version == 2 else facet.v3


class Singleton(Action):
    """GET of the one thing of its kind; `show` computes its members from the call."""

    def __init__(
        self,
        root: str,
        show: Callable[[Call], dict[str, Any]],
        scope: str,
        state: Callable[[Call], Validator] | None = None,
    ) -> None:
        self.root = root
        self.show = show
        self.scope = scope
        self.state = state

    def parse(self, query: str) -> Query:
        return NO_QUERY

    async def find(self, call: Call) -> Validator:
        """Without a state of its own, what is shown is as old as the request: the store's present second."""
        return self.state(call) if self.state is not None else Validator(call.now, call.now)

    async def answer(self, call: Call) -> Outcome:
        shown = self.show(call)
        if call.version == 3:
            return Shown(ready=render.json({"data": shown, "meta": {}}))
        return Shown(value=shown, root=self.root)


NO_QUERY = Query(None)  # type: ignore[arg-type]
"""The query of an action that takes no parameters."""
