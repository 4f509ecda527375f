"""What can be done with a resource: one small class for each action, the same for every resource.

The law calls, in this order: `parse`, `find`, then for a read `answer`, for a write `read` and `perform`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from functools import cached_property
from typing import Any, ClassVar

from msgspec.structs import replace

from bodega.aside import Turn
from bodega.kit import render
from bodega.kit.context import FOUND_WITHIN, NOTHING_FOUND, Context, Found, Recheck, Write
from bodega.kit.endpoint import Endpoint, shape_of
from bodega.kit.listing import Query
from bodega.kit.prefetch import MayFetch, fetches, prefetch
from bodega.kit.selection import Selection
from bodega.kit.strangers import STRANGERS
from bodega.kit.upload import Form
from bodega.kit.write import create_one, update_one
from bodega.law.outcome import Created, Emptied, Outcome, PartlyDone, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import rows
from bodega.storage.plan import Condition
from bodega.storage.query import Row
from bodega.storage.unit import Unit

_ASKED_AT_EACH_REQUEST = ("writes", "body", "at_once", "max_concurrent", "only_uploads", "uploads", "header", "tried")


class Action(MayFetch):
    """One method of one route.

    `calculates`: it has a body and writes nothing, so a scope for reading is enough. `uploads`: its body may be
    multipart/form-data, `only_uploads`: nothing else. `at_once`: it waits for nothing but statements of the reader.
    """

    writes: ClassVar[bool] = False
    body: ClassVar[bool] = False
    is_list: ClassVar[bool] = False
    calculates: ClassVar[bool] = False
    uploads: bool = False
    only_uploads: bool = False
    at_once: ClassVar[bool] = False
    finds_within: bool = False
    """Whether `perform` can find the row by itself: given FOUND_WITHIN."""
    ids_in_path: ClassVar[int] = 0
    """How many ids its path has, where they are not those of the endpoint's parents and of the row itself."""
    json_only: bool = False
    max_body: int = 0
    """In bytes; 0 leaves it to the server."""
    max_concurrent: int = 0
    """Requests that a store answers at once (rule 31); 0: as many as come."""
    has_own_media: ClassVar[bool] = False
    """What it shows is of a media type of its own, whatever the caller accepts (RFC 9110 12.5.1)."""
    header: ClassVar[bytes] = b""
    """The name of a header that it reads itself, in lower case."""
    anew: ClassVar[bool] = False
    """The same request may well be sent twice: each makes another, as a cart for another shopper, or nothing at all."""
    reads_otherwise: ClassVar[bool] = False
    """Its body is not of the endpoint's V3 shape, nor of its own `shape`."""
    takes: Any = None
    """The type of its body, where that is of no V3 shape."""
    tried: bool = True  # before it becomes a task, so that what would refuse it is told at once
    secret: bool = False
    """Its body must not be stored: it never becomes a task, and its fingerprint is made slow to guess from."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.max_body = endpoint.max_body
        self.secret = endpoint.secret and self.body
        self.endpoint = endpoint
        self.table = endpoint.table
        self.scope = endpoint.scope
        self.listing = endpoint.listing
        self.selection = Selection(endpoint)
        self.json_only = endpoint.json_only
        for name in _ASKED_AT_EACH_REQUEST:  # what is found in the class costs five times as much
            setattr(self, name, getattr(self, name))

    def parse(self, query: str) -> Query:
        """The query parameters. Raises Refusal."""
        if not self.is_list:
            return self.listing.parse(query)
        return self.listing.parse(query, closed=True, strangers=self.endpoint.home in STRANGERS)

    @cached_property
    def files(self) -> bool:
        """Whether its reply may name files, so that their addresses get the host that the caller used."""
        endpoint = getattr(self, "endpoint", None)  # an action without a table, such as a singleton, names no files
        if endpoint is None:
            return False
        inside = [
            *endpoint.listing.includes.values(),
            *(endpoint.v2.batch_loaded.values() if endpoint.v2 is not None else ()),
        ]
        return endpoint.table.files or any(item.files for item in inside)

    def may_name_files(self, query: Query) -> bool:
        """The same for a reply to this query."""
        return self.files

    async def find(self, context: Context) -> Found:
        """Reads what the path names, or refuses; its state is used to judge the preconditions."""
        return NOTHING_FOUND

    async def collection_state(self, context: Context) -> Validator | None:
        """The state for preconditions, if `find` has no need to read it."""
        return None

    def read(self, content: Any) -> Any:
        """The draft in a body: plain data in V2, JSON bytes in V3; where only forms are taken, that of an empty form,
        since any other body is refused before. Raises Refusal."""
        return self.read_form({}) if self.only_uploads else None

    def read_form(self, members: Form) -> Any:
        """The draft in a form, where the action takes uploads. Raises Refusal."""
        raise NotImplementedError

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        """Fetches what a write needs from outside and must not wait for in its transaction; may complete the draft."""
        return None

    async def answer(self, context: Context, found: Found) -> Outcome:
        """Carries out a read."""
        raise NotImplementedError

    async def answer_to(self, context: Context, found: Found, draft: Any) -> Outcome:
        """Carries out a calculation."""
        raise NotImplementedError

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        """Carries out a write inside its transaction, in which the context also reads. Raises Refusal."""
        raise NotImplementedError

    def wants_task(self, context: Context, found: Found) -> bool:
        """Whether this write takes too long to wait for."""
        return False

    async def task_meta(self, context: Context, found: Found) -> dict[str, Any]:
        """The additional `meta` of the task in a V3 reply."""
        return {}

    async def accept(self, unit: Unit, context: Context, task_id: int) -> Outcome | None:
        """What is answered to a write that has become this task, where no 202 is published but a job; in the
        transaction of the task, which `Context.task` names when it is carried out."""
        return None

    @cached_property
    def _own_files(self) -> bool:
        """Whether a row shows files without being asked: its own, and in V2 those of what it is shown with."""
        return self.table.files or (self.endpoint.version == 2 and self.files)

    def _includes_files(self, query: Query) -> bool:
        return any(self.listing.includes[name].files for name in query.include)

    def _find_item(self, context: Context) -> Coroutine[Any, Any, Found]:
        return self._find_with_includes(context) if context.query.include else self.selection.item(context)

    async def _find_with_includes(self, context: Context) -> Found:
        found = await self.selection.item(context)
        if found.state is None:
            return found
        return replace(found, state=Validator.of_all(found.state, *await self._included(context)))

    async def _included(self, context: Context) -> list[Validator]:
        """The states of the tables whose rows are shown inside: the validators have to change with them too."""
        states = [await rows.table_state_of(context.reader, table) for table in self._tables_included(context)]
        return [Validator(state.revision, state.modified) for state in states]

    def _tables_included(self, context: Context) -> set[str]:
        return {table for name in context.query.include for table in self.listing.includes[name].tables.split()}

    def _unchanged(self, unit: Unit, context: Context, write: Write) -> Recheck | None:
        """A function that rechecks the preconditions against the row as this transaction sees it, with its includes."""
        recheck = write.recheck
        if recheck is None or not context.query.include:
            return recheck

        def ask(now: Validator | None) -> None:
            recheck(now and Validator.of_all(now, *self._includes_now(unit, context)))

        return ask

    def _includes_now(self, unit: Unit, context: Context) -> list[Validator]:
        """As `_included`, but as of this moment in the transaction."""
        return [Validator(*unit.statistics.state(table)) for table in self._tables_included(context)]

    def _still(self, unit: Unit, write: Write) -> None:
        """Rechecks the preconditions against the collection as this transaction sees it."""
        if write.recheck is not None:
            write.recheck(Validator(*unit.statistics.state(self.table.name)))

    async def _collection(self, context: Context) -> Validator:
        now = await rows.table_state(context.reader, self.table)
        return Validator(now.revision, now.modified)


class _OfItem(Action):
    """An action on the row that the path names."""

    find = Action._find_item


class ShowItem(_OfItem):
    """GET of one entity. V3 splices the stored bytes into the reply."""

    at_once = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.selection = Selection(
            endpoint, rest=endpoint.version == 2 or (endpoint.v3 is not None and endpoint.v3.view is not None)
        )
        self._is_stored = endpoint.version == 3 and (endpoint.v3 is None or endpoint.v3.view is None)

    def may_name_files(self, query: Query) -> bool:
        return self._own_files or (bool(query.include) and self._includes_files(query))

    async def answer(self, context: Context, found: Found) -> Outcome:
        query = context.query
        if self._is_stored and not query.include and query.fields is None:
            return Shown(ready=b"".join((b'{"data":', found.row.doc, b',"meta":{}}')))
        if self.endpoint.version == 3:
            doc = await render.v3_document(context, self.endpoint, found.row)
            return Shown(ready=b"".join((b'{"data":', doc, b',"meta":{}}')))
        members = await render.v2_documents(context, self.endpoint, [found.row.entity(self.table)])
        return Shown(value=members[0], root=shape_of(self.endpoint).item, weight=len(found.row.doc))


class ListAll(Action):
    """GET of a collection: a page of it."""

    is_list = True
    at_once = True

    def may_name_files(self, query: Query) -> bool:
        return self._own_files or (bool(query.include) and self._includes_files(query))

    async def find(self, context: Context) -> Found:
        parent = await self.selection.enter(context)
        now = await rows.table_state(context.reader, self.table)
        plan = self.selection.narrowed(context, parent)
        if context.since is not None:
            plan = plan._replace(where=(*plan.where, Condition("modified", "greater", context.since)))
            state = Validator(now.revision, await rows.latest(context.reader, plan))
        else:
            state = Validator(now.revision, now.modified)
            if context.query.include:
                state = Validator.of_all(state, *await self._included(context))
        return Found(state, parent, 0, now, plan)

    async def answer(self, context: Context, found: Found) -> Outcome:
        assert found.plan is not None
        if self.endpoint.version == 3:
            return await render.v3_page(context, self.endpoint, found.plan, found.row)
        page = await rows.page(context.reader, context.page_index, found.plan, found.row, "t.doc, t.rest")
        if not page:
            return Emptied()
        turn, decode, entities, weight = Turn(), self.table.decode, [], 0
        for doc, rest in page:
            entities.append(decode(doc, rest))
            weight += len(doc)
            await turn.breathe()
        shape, members = shape_of(self.endpoint), await render.v2_documents(context, self.endpoint, entities)
        return Shown(value=members, root=shape.root, item=shape.item, weight=weight)


class CountAll(ListAll):
    """GET of a V2 count: {"count": n}."""

    is_list = False

    async def answer(self, context: Context, found: Found) -> Outcome:
        assert found.plan is not None
        return Shown(value={"count": await rows.count(context.reader, found.plan, found.row)}, root="count")


class Create(Action):
    """POST to a collection."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.uploads = self.uploads or endpoint.uploads

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    async def collection_state(self, context: Context) -> Validator:
        return await self._collection(context)

    def read(self, content: Any) -> Any:
        return shape_of(self.endpoint).read(content, creating=True)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.endpoint).read_form(members, creating=True)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        await prefetch(context, self.endpoint, draft)

    fetches = fetches

    async def make(self, unit: Unit, write: Write, notes: list[Fault]) -> Row:
        """Writes the new row. Raises Refusal."""
        return await create_one(unit, self.endpoint, {**write.draft, **self.selection.new(write.found.parent)}, notes)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        self._still(unit, write)
        notes: list[Fault] = []
        row = await self.make(unit, write, notes)
        outcome = await render.written(self.endpoint, context, row, notes, new=True)
        if context.query.include:
            outcome.state = Validator.of_all(Validator(row.version, row.modified), *self._includes_now(unit, context))
        name = getattr(row.entity, self.endpoint.key)
        if self.endpoint.id_offset:
            name += self.endpoint.id_offset
        location = f"{context.base.url}/{self.endpoint.home.format(*context.ids)}/{name}"
        if isinstance(outcome, PartlyDone) or self.endpoint.created == 200:
            outcome.location = location
            return outcome
        made = Created(ready=outcome.ready, value=outcome.value, root=outcome.root, state=outcome.state)
        made.location = location
        return made


class Update(_OfItem):
    """PUT of one entity; members that are left out keep their values (rule 19)."""

    writes = True
    body = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.uploads = self.uploads or endpoint.uploads
        self.finds_within = type(self) is Update  # another may need the row before

    def read(self, content: Any) -> Any:
        return shape_of(self.endpoint).read(content, creating=False)

    def read_form(self, members: Form) -> Any:
        return shape_of(self.endpoint).read_form(members, creating=False)

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        await prefetch(context, self.endpoint, draft, found.entity_id)

    fetches = fetches

    async def change(self, unit: Unit, write: Write, notes: list[Fault], recheck: Recheck | None) -> Row:
        """Writes the changed row. Raises Refusal."""
        found = write.found
        known = found.row.decoded(self.table, held=True) if found.held else found.row
        return await update_one(unit, self.endpoint, found.entity_id, dict(write.draft), notes, recheck, known)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        notes: list[Fault] = []
        if write.found is FOUND_WITHIN:
            write = Write(await self.selection.item(context, held=True), write.draft, write.prefetched, write.recheck)
        row = await self.change(unit, write, notes, self._unchanged(unit, context, write))
        outcome = await render.written(self.endpoint, context, row, notes)
        if context.query.include:
            outcome.state = Validator.of_all(Validator(row.version, row.modified), *self._includes_now(unit, context))
        return outcome


class Delete(_OfItem):
    """DELETE of one entity: of several at once, one deletes it, and to the others it is not there."""

    writes = True
    may_be_gone: ClassVar[bool] = False

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        recheck, entity_id = self._unchanged(unit, context, write), write.found.entity_id
        if recheck is not None:
            row = await unit.get(self.table, entity_id)
            recheck(Validator(row.version, row.modified) if row else None)
        await unit.delete(self.table, [entity_id])
        if (self.table.name, entity_id) not in unit.left and not self.may_be_gone:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return Emptied()


class DeleteIfThere(Delete):
    """DELETE of what may be gone already: that is as good as done (rule 24)."""

    may_be_gone = True

    async def find(self, context: Context) -> Found:
        try:
            return await super().find(context)
        except Refusal as refusal:
            if refusal.reason is not Reason.NO_SUCH_ENTITY:
                raise
            return Found()

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if write.found.row is None:
            return Emptied()
        return await super().perform(unit, context, write)


NO_QUERY = Query(None)  # type: ignore[arg-type]
"""The query of an action that takes no parameters."""
