"""Listings: what a channel offers, and in which state its offers are there. For channels other than storefronts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from bodega.kit import render
from bodega.kit.actions import ListAll
from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Long, Moment
from bodega.kit.filters import Filter
from bodega.kit.includes import Include
from bodega.kit.listing import Listing, Query
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import item, route
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, refuse_faults
from bodega.law.wording import PATH_MISSING
from bodega.resources.channels import listing_variants
from bodega.resources.channels.own import enter_unless_missing, know_the_channel
from bodega.resources.store import channels
from bodega.storage import query, rows
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

SCOPE = "store_channel_listings"
MAX_AT_ONCE = 100
"""No limit is published."""
PAGE = 1_000
"""The greatest page, which is also the usual one."""

State = Literal[
    "active", "disabled", "error", "pending", "pending_disable", "pending_delete", "partially_rejected", "queued",
    "rejected", "submitted", "deleted",
]  # fmt: skip


class ChannelListing(Entity, kw_only=True):
    """One product at one channel, `name` and `description` in place of the product's. Its id is `listing_id` on the
    wire."""

    channel_id: Id = 0
    external_id: Line = ""
    product_id: Id
    state: State
    name: Line = ""
    description: Long = ""
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "channel_listings",
    ChannelListing,
    noun="listing",
    columns="channel_id product_id date_created date_modified",
    indexed="channel_id product_id",
    uniques=[Unique(("channel_id", "product_id"), "product_id", "The channel has a listing of this product already.")],
    references=[
        Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
    ],
)

MEMBERS = "channel_id listing_id external_id product_id state name description date_created date_modified"


def as_listed(one: ChannelListing) -> dict[str, Any]:
    """The members of a listing, without its variants."""
    return {name: one.id if name == "listing_id" else getattr(one, name) for name in MEMBERS.split()}


async def _variants(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, list[dict[str, Any]]] = {}
    kept = await query.entities_of(context.reader, listing_variants.TABLE, ids, "listing_id")
    for variant in kept:
        found.setdefault(variant.listing_id, []).append(listing_variants.as_listed(variant))
    return {listing: json(variants) for listing, variants in found.items()}


v3 = V3Shape(
    ChannelListing,
    required="product_id state variants",
    read_only="id channel_id date_created date_modified",
    view=as_listed,
    members=MEMBERS,
    nested={
        "variants": Nested(
            listing_variants.v3, listing_variants.merge, new=True, maximum=listing_variants.MAXIMUM
        ),
    },
    set_once="product_id",
)  # fmt: skip
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":product_id date_created date_modified",
        mapped={"after": Filter("id", "greater", integer)},
        includes={"variants": Include(_variants, page_cap=PAGE, tables=listing_variants.TABLE.name)},
        inside="variants",
        shown=(*v3.shown, "variants"),
        always=("listing_id",),
        maximum=PAGE,
        usual=PAGE,
    ),
    SCOPE,
    "channels/{}/listings",
    v3=v3,
    created=200,
    parents=(Parent("channel_id", channels.TABLE),),
    batch=Batch(
        MAX_AT_ONCE,
        whole=True,
        refused=Reason.LIST_REFUSED,
        identity="listing_id",
        omits=frozenset({Reason.NO_SUCH_ENTITY}),
    ),
    told=("variants",),
)


class _Data(msgspec.Struct):
    """The items of a reply."""

    data: list[msgspec.Raw]


_data = msgspec.json.Decoder(_Data).decode


class _AtAnyChannel:
    """A channel that does not exist has no listings; none can be written."""

    async def find(self, context: Context) -> Found:
        return Found(parent=await enter_unless_missing(self, context))  # type: ignore[arg-type]

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        know_the_channel(write.found.parent)
        outcome: Outcome = await super().perform(unit, context, write)  # type: ignore[misc]
        assert outcome.ready is not None
        saved = len(_data(outcome.ready).data)
        meta = _pagination(context.query, saved, saved, next_after=None)
        outcome.ready = outcome.ready.removesuffix(b'"meta":{}}') + b'"meta":' + meta + b"}"
        return outcome


class CreateListings(_AtAnyChannel, CreateMany):
    """POST of a list: all are made, or none."""


class UpdateListings(_AtAnyChannel, UpdateMany):
    """PUT of a list; one that names no listing of the channel is passed over, and is not in the reply."""

    def read(self, content: Any) -> Any:
        drafts = super().read(content)
        faults = [
            Fault(Reason.FIELD_MISSING, f"{place}.{name}", f"{place}.{name} is required.", json=PATH_MISSING)
            for place, draft in enumerate(drafts)
            for name in ("state", "variants")
            if name not in draft
        ]
        if faults:
            raise refuse_faults(faults)
        return drafts


class ListListings(ListAll):
    """GET: pages by `after`, the id of the last listing of the page before."""

    async def find(self, context: Context) -> Found:
        parent = await enter_unless_missing(self, context)
        now = await rows.table_state(context.reader, TABLE)
        own = Validator(now.revision, now.modified)
        state = Validator.of_all(own, *await self._included(context))
        return Found(state, parent, 0, now, self.selection.narrowed(context, parent))

    async def answer(self, context: Context, found: Found) -> Outcome:
        plan = found.plan
        assert plan is not None
        limit = context.query.limit
        view = self.endpoint.v3.view if self.endpoint.v3 is not None else None
        assert view is not None
        asked = plan._replace(limit=limit + 1, offset=0, order=("id", False))
        page = await rows.page(context.reader, context.page_index, asked, found.row, "t.doc, t.rest, t.id")
        shown = [(json(view(TABLE.decode(doc, rest))), listing) for doc, rest, listing in page[:limit]]
        documents = await render.v3_documents(context, self.endpoint, shown)
        whole = plan._replace(where=tuple(test for test in plan.where if test.column != "id"))
        total = await rows.count(context.reader, whole, found.row)
        last = shown[-1][1] if len(page) > limit else None
        meta = _pagination(context.query, len(shown), total, next_after=last)
        return Shown(ready=b'{"data":[' + b",".join(documents) + b'],"meta":' + meta + b"}")


def _pagination(asked: Query, count: int, total: int, *, next_after: int | None) -> bytes:
    """`meta` of a page of listings. Its links are query strings that keep the caller's other parameters."""
    others = [(name, value) for name, value in asked.given if name not in ("page", "limit", "after")]

    def link(after: Any) -> str:
        told = [("limit", asked.limit), *([("after", after)] if after is not None else []), *others]
        return "?" + urlencode(told, safe=":,")

    links = {"current": link(dict(asked.given).get("after"))}
    if next_after is not None:
        links["next"] = link(next_after)
    pages = -(-total // asked.limit)
    return json({"pagination": {"count": count, "total": total, "links": links, "total_pages": pages}})


routes = (
    route("channels/{channel_id}/listings", 3, GET=ListListings(V3), POST=CreateListings(V3), PUT=UpdateListings(V3)),
    item("channels/{channel_id}/listings/{listing_id}", V3, "GET"),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
