"""Writing replies: V3 from stored bytes, V2 from the entity's members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from bodega.declare.call import Call
from bodega.declare.facet import Facet
from bodega.declare.listing import Listing
from bodega.law.outcome import Outcome, PartlyDone, Shown, Validator
from bodega.law.refusal import Fault
from bodega.storage import rows
from bodega.storage.plan import Plan
from bodega.storage.tx import Tx
from bodega.storage.unit import Row

json = msgspec.json.Encoder(decimal_format="number").encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


async def v3_page(call: Call, listing: Listing, plan: Plan) -> Shown:
    """A page of a V3 list with its `meta.pagination`."""
    query = call.query
    if query.include or query.fields is not None:
        found = await rows.page(call.reader, call.census, plan, call.found, "t.id, t.doc")
        documents: list[bytes] = await v3_documents(call, listing, [(row[0], row[1]) for row in found])
    else:
        documents = [row[0] for row in await rows.page(call.reader, call.census, plan, call.found, "t.doc")]
    total = await rows.count(call.reader, plan, call.found)
    end = b'],"meta":{"pagination":' + pagination(call, total, len(documents)) + b"}}"
    if not documents:
        return Shown(ready=b'{"data":[' + end)
    # The page is put together by one join: every further copy of 100 kB would cost more than reading its rows.
    documents[0] = b'{"data":[' + documents[0]
    documents[-1] = documents[-1] + end
    return Shown(ready=b",".join(documents))


def pagination(call: Call, total: int, shown: int) -> bytes:
    """meta.pagination; its links are query strings that keep the caller's other parameters."""
    query = call.query
    pages = -(-total // query.limit)
    if query.given:
        others = [(name, value) for name, value in query.given if name not in ("page", "limit")]
        kept = "&" + urlencode(others, safe=":,") if others else ""
    else:
        kept = ""

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


async def v3_documents(call: Call, listing: Listing, found: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """Stored documents with the included children, and only the members asked for; one query an include."""
    query = call.query
    parts: list[list[bytes]] = [[] for _ in found]
    ids = [entity_id for entity_id, _ in found]
    for name in query.include:
        include = listing.includes[name]
        children = await include.read(call.reader, ids)
        for place, entity_id in enumerate(ids):
            parts[place].append(b'"' + name.encode() + b'":' + children.get(entity_id, include.empty))
    documents = []
    for (_, doc), children_of in zip(found, parts, strict=True):
        shown = only(doc, query.fields) if query.fields is not None else doc
        documents.append(b",".join([shown[:-1], *children_of]) + b"}" if children_of else shown)
    return documents


def only(doc: bytes, names: frozenset[str]) -> bytes:
    """A document with only these members, untouched."""
    return json({name: value for name, value in _members(doc).items() if name in names})


def v2_members(facet: Facet, entity: Any, call: Call) -> dict[str, Any]:
    """The V2 form, with only the members asked for (rule 28)."""
    assert facet.v2 is not None
    return facet.v2.show(entity, call.base, call.query.fields)


async def written(facet: Facet, call: Call, row: Row, notes: Sequence[Fault], tx: Tx) -> Outcome:
    """The reply to a write: what is stored now, and what of the request could not be (207)."""
    state = Validator(row.version, row.modified)
    if facet.version == 3:
        doc = row.doc
        if call.query.include or call.query.fields is not None:
            call.reader = tx
            doc = (await v3_documents(call, facet.listing, [(row.entity.id, doc)]))[0]
        if notes:
            errors = json({note.field: note.said for note in notes})
            return PartlyDone(ready=b'{"data":' + doc + b',"errors":' + errors + b',"meta":{}}', state=state)
        return Shown(ready=b'{"data":' + doc + b',"meta":{}}', state=state)
    assert facet.v2 is not None
    value = v2_members(facet, row.entity, call)
    if notes:
        value["message"] = " ".join(note.said for note in notes)
        return PartlyDone(value=value, root=facet.v2.item, state=state)
    return Shown(value=value, root=facet.v2.item, state=state)
