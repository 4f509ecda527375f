"""Writing replies: V3 from stored bytes, V2 from the entity's members."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import msgspec

from bodega.aside import Turn
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint
from bodega.kit.includes import NOTHING, Include, Together, read_includes, together
from bodega.kit.links import Base
from bodega.kit.listing import Cursor, Query
from bodega.law.outcome import Outcome, PartlyDone, Shown, Validator
from bodega.law.refusal import Fault
from bodega.storage import rows
from bodega.storage.plan import Condition, QueryPlan
from bodega.storage.query import Row, StoredRow
from bodega.storage.tx import Record

json = msgspec.json.Encoder(decimal_format="number").encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


async def v3_page(context: Context, endpoint: Endpoint, plan: QueryPlan, state: rows.TableState) -> Shown:
    """A page of a V3 list with its `meta`: numbered pages, cursors, or both (contract/wire.md 3)."""
    cursor = context.query.cursor
    if cursor is not None:
        documents, meta = await _page_by_key(context, endpoint, plan, state, cursor)
    else:
        found = await _page(context, endpoint, plan, state)
        documents = await v3_documents(context, endpoint, found)
        total = await rows.count(context.reader, plan, state)
        meta = b'"pagination":' + pagination(context, total, len(documents))
        if endpoint.listing.cursor and context.query.page == 1 and plan.order == ("id", False):
            ids = [entity_id for _doc, entity_id in found]
            meta += b',"cursor_pagination":' + cursors(context, ids, before=False, after=total > len(ids))
    end = b'],"meta":{' + meta + b"}}"
    if not documents:
        return Shown(ready=b'{"data":[' + end)
    # The page is built by one join: every further copy of 100 kB would cost more than reading its rows.
    documents[0] = b'{"data":[' + documents[0]
    documents[-1] = documents[-1] + end
    turn = Turn()
    whole = Shown(ready=b",".join(documents))
    await turn.breathe()
    return whole


async def _page(context: Context, endpoint: Endpoint, plan: QueryPlan, state: rows.TableState) -> Sequence[Record]:
    """The rows of a page as (doc, id): the stored bytes, or what the view makes of them."""
    view = _view(endpoint)
    columns = "t.doc, t.id" if view is None else "t.doc, t.rest, t.id"
    found = await rows.page(context.reader, context.page_index, plan, state, columns)
    return found if view is None else [(view(doc, rest), entity_id) for doc, rest, entity_id in found]


def _view(endpoint: Endpoint) -> Callable[[bytes, bytes | None], bytes] | None:
    """The V3 form made from a row's two documents, if it is not simply the first of them."""
    if endpoint.v3 is None or endpoint.v3.view is None:
        return None
    view, decode = endpoint.v3.view, endpoint.table.decode
    return lambda doc, rest: json(view(decode(doc, rest)))


async def _page_by_key(
    context: Context, endpoint: Endpoint, plan: QueryPlan, state: rows.TableState, cursor: Cursor
) -> tuple[list[bytes], bytes]:
    """The page after, or before, a row; one additional row shows whether there are more."""
    test = Condition("id", "less" if cursor.backwards else "greater", cursor.at)
    plan = plan._replace(
        where=(*plan.where, test), order=("id", cursor.backwards), limit=context.query.limit + 1, offset=0
    )
    found = await _page(context, endpoint, plan, state)
    more = len(found) > context.query.limit
    found = found[: context.query.limit]
    if cursor.backwards:
        found = found[::-1]
    documents = await v3_documents(context, endpoint, found)
    ids = [entity_id for _doc, entity_id in found]
    before, after = (more, True) if cursor.backwards else (True, more)
    return documents, b'"cursor_pagination":' + cursors(context, ids, before=before, after=after)


def cursors(context: Context, ids: Sequence[int], *, before: bool, after: bool) -> bytes:
    """meta.cursor_pagination of a page with these rows; `before` and `after`: whether there are rows on that side."""
    query = context.query
    kept = _others(query)
    start, end = (Cursor(ids[0]).text, Cursor(ids[-1]).text) if ids else ("", "")
    links = {}
    if before and ids:
        links["previous"] = f"?before={start}&limit={query.limit}{kept}"
    if after and ids:
        links["next"] = f"?after={end}&limit={query.limit}{kept}"
    links["current"] = "?" + "&".join(f"{name}={value}" for name, value in [("limit", query.limit), *query.at]) + kept
    told = {"count": len(ids), "per_page": query.limit, "start_cursor": start, "end_cursor": end, "links": links}
    return json(told)


def _others(query: Query) -> str:
    """The caller's other parameters, for use in a link."""
    others = [(name, value) for name, value in query.given if name not in ("page", "limit", "before", "after")]
    return "&" + urlencode(others, safe=":,") if others else ""


def pagination(context: Context, total: int, shown: int) -> bytes:
    """meta.pagination; its links are query strings that keep the caller's other parameters."""
    query = context.query
    pages = -(-total // query.limit)
    kept = _others(query) if query.given else ""

    def link(page: int) -> str:
        return f"?page={page}&limit={query.limit}{kept}"

    links = {}
    if query.page > 1:
        links["previous"] = link(query.page - 1)
    if query.page < pages:
        links["next"] = link(query.page + 1)
    links["current"] = link(query.page)
    return json(
        {
            "total": total,
            "count": shown,
            "per_page": query.limit,
            "current_page": query.page,
            "total_pages": pages,
            "links": links,
        }
    )


async def v3_document(context: Context, endpoint: Endpoint, row: StoredRow) -> bytes:
    """As `v3_documents`, for one row."""
    view = _view(endpoint)
    doc = row.doc if view is None else view(row.doc, row.rest)
    return (await v3_documents(context, endpoint, [(doc, row.id)]))[0]


async def v3_documents(
    context: Context, endpoint: Endpoint, found: Sequence[Record], empty: frozenset[str] = frozenset()
) -> list[bytes]:
    """Rows (doc, id) in the V3 form: the stored bytes, limited to the requested members, with the children that are
    included or always shown; one query per include, none for those known to be `empty`."""
    query, listing = context.query, endpoint.listing
    if not query.include and query.fields is None:
        return [doc for doc, _id in found]
    names = [
        name for name in query.include if query.fields is None or name in query.fields or name not in listing.inside
    ]
    return await _with_children(context, endpoint, found, tuple(names), empty, query.include)


async def _with_children(
    context: Context,
    endpoint: Endpoint,
    found: Sequence[Record],
    names: tuple[str, ...],
    empty: frozenset[str],
    beside: tuple[str, ...],
) -> list[bytes]:
    """Rows (doc, id), limited to the requested members, with the includes of these names; those that are known to be
    `empty`, or of which the store has no row, are not read. `beside` as in `read_includes`."""
    fields = context.query.fields
    parts = _parts(endpoint, names, empty, _NO_NAMES)
    bare = context.without_rows(parts.tables) if context.without_rows is not None else _NO_NAMES
    if bare:
        parts = _parts(endpoint, names, empty, bare)
    children = NOTHING
    if parts.read:
        ids = [entity_id for _doc, entity_id in found]
        children = await read_includes(context, parts.together, ids, beside)
    if not children and fields is None:
        return [doc[:-1] + parts.none for doc, _id in found]
    read = [(part, of) for part, of in zip(parts.read, children, strict=False) if of]
    documents: list[bytes] = []
    turn = Turn()
    for doc, entity_id in found:
        if documents:
            await turn.breathe()
        shown = doc if fields is None else only(doc, fields)
        pieces = [shown[:-1], *parts.nones]
        for part, of in read:
            inside = of.get(entity_id)
            if inside is not None:
                pieces[part.place] = part.start + inside
        documents.append(b",".join(pieces) + b"}" if parts.all else shown)
    return documents


class _Part(msgspec.Struct, frozen=True):
    """An include as a member of the documents, the first at place 1: how the member begins, and what it is where there
    are no children. `table` has no row where there are none in the whole store, None if that is not known of one."""

    place: int
    name: str
    include: Include
    table: str | None
    start: bytes
    none: bytes


class _Parts(msgspec.Struct, frozen=True):
    """All that a document shows inside itself, what of that is to be read, their tables, and how the document ends
    where nothing has children."""

    all: Sequence[_Part]
    read: Sequence[_Part]
    together: Together
    tables: tuple[str, ...]
    nones: Sequence[bytes]
    none: bytes


_NO_NAMES = frozenset[str]()


@lru_cache(maxsize=1024)
def _parts(endpoint: Endpoint, names: tuple[str, ...], empty: frozenset[str], bare: frozenset[str]) -> _Parts:
    """Nothing is to be read of those that are `empty`, or whose table is `bare`."""
    made: list[_Part] = []
    for name in names:
        include = endpoint.listing.includes[name]
        start = b'"%b":' % (include.member or name).encode()
        table = None if include.rows is None else include.rows.table.name
        made.append(_Part(len(made) + 1, name, include, table, start, start + include.empty))
    nones = [part.none for part in made]
    tables = tuple(part.table for part in made if part.table is not None)
    read = [part for part in made if part.table not in bare and part.name not in empty]
    return _Parts(
        made,
        read,
        together(part.include for part in read),
        tables,
        nones,
        b"".join(b"," + none for none in nones) + b"}",
    )


async def v2_documents(context: Context, endpoint: Endpoint, entities: Sequence[Any]) -> list[dict[str, Any]]:
    """Entities in the V2 form, with only the requested members (rule 28)."""
    assert endpoint.v2 is not None
    shape, names = endpoint.v2, context.query.fields
    turn = Turn()
    if not shape.batch_loaded:
        shown = []
        for entity in entities:
            shown.append(shape.show(entity, context.base, names))
            await turn.breathe()
        return shown
    seen = {}
    for name, looked in shape.batch_loaded.items():
        if names is None or name in names:
            seen[name] = await looked.read(context, entities)
    return [
        shape.show(entity, context.base, names, {name: values.get(entity.id) for name, values in seen.items()})
        for entity in entities
    ]


def only(doc: bytes, names: frozenset[str]) -> bytes:
    """A document with only these members, unchanged."""
    return json({name: value for name, value in _members(doc).items() if name in names})


_ADDRESS = b'"\\u0000'
"""How a stored address begins in JSON. Nothing else can begin so: no text of a client holds NUL, and a quote or a
backslash inside a text is escaped."""


def located(outcome: Outcome, base: Base) -> Outcome:
    """A V3 reply whose file addresses lead to the host that the caller used."""
    if outcome.ready is not None and b"\\" in outcome.ready:
        outcome.ready = outcome.ready.replace(_ADDRESS, b'"' + base.files.encode())
    return outcome


async def written(
    endpoint: Endpoint, context: Context, row: Row, notes: Sequence[Fault], *, new: bool = False
) -> Outcome:
    """The reply to a write: what is stored now, and what of the request could not be (207)."""
    state = Validator(row.version, row.modified)
    if endpoint.version == 3:
        doc = (await shown(endpoint, context, [row], brought(endpoint, [context.brought]), new=new))[0]
        if notes:
            errors = json({note.field: note.message for note in notes})
            return PartlyDone(ready=b'{"data":' + doc + b',"errors":' + errors + b',"meta":{}}', state=state)
        return Shown(ready=b"".join((b'{"data":', doc, b',"meta":{}}')), state=state)
    assert endpoint.v2 is not None
    value = (await v2_documents(context, endpoint, [row.entity]))[0]
    if notes:
        value["message"] = " ".join(note.message for note in notes)
        return PartlyDone(value=value, root=endpoint.v2.item, state=state)
    return Shown(value=value, root=endpoint.v2.item, state=state)


def brought(endpoint: Endpoint, drafts: Sequence[Any]) -> tuple[str, ...]:
    """Children that the body contained are shown in the reply, included or not."""
    nested = endpoint.v3.nested if endpoint.v3 is not None else {}
    told: set[str] = set()
    if nested:
        for draft in drafts:
            told |= nested.keys() & draft.keys()
    if not told:
        return ()
    return tuple(name for name, include in endpoint.listing.includes.items() if (include.member or name) in told)


async def shown(
    endpoint: Endpoint, context: Context, saved: Sequence[Row], more: Sequence[str] = (), *, new: bool = False
) -> list[bytes]:
    """Rows just written, as V3 shows them: with what the caller asked for, with `more` includes, and with what is told
    of each write. Of a `new` row whose body had no children, all lists but `told_new` are empty and are not read."""
    view, encode = _view(endpoint), endpoint.table.encode
    found = [(row.doc if view is None else view(row.doc, encode(row.entity)[1]), row.entity.id) for row in saved]
    asked = context.query.include
    if context.query.fields is not None:
        return await v3_documents(context, endpoint, found)
    told = endpoint.told + endpoint.told_new if new else endpoint.told
    names = tuple(dict.fromkeys((*asked, *more, *told))) if asked or more else told
    if not names:
        return [doc for doc, _id in found]
    empty = _NO_NAMES
    if new and not more:
        empty = frozenset(endpoint.told).difference(endpoint.told_new, asked)
    return await _with_children(context, endpoint, found, names, empty, names)
