"""The variants in a listing: which of a product's a channel offers, each with a state of its own."""

from __future__ import annotations

from typing import Any, Literal

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Long, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.v3_shape import V3Shape
from bodega.kit.write import create_one, update_one
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.catalog import variants
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.unit import Unit

MAXIMUM = variants.MAXIMUM
"""A listing has at most as many as a product."""

State = Literal[
    "active", "disabled", "error", "pending", "pending_disable", "pending_delete", "queued", "rejected", "submitted",
    "deleted",
]  # fmt: skip


class ListingVariant(Entity, kw_only=True):
    """One variant of the product at the channel."""

    channel_id: Id = 0
    product_id: Id
    variant_id: Id
    external_id: Line = ""
    state: State
    name: Line = ""
    description: Long = ""
    date_created: Moment = ""
    date_modified: Moment = ""
    listing_id: Id = 0


TABLE = stored(
    "channel_listing_variants",
    ListingVariant,
    noun="variant of a listing",
    columns="listing_id variant_id",
    indexed="listing_id variant_id",
    hidden="listing_id",
    uniques=[Unique(("listing_id", "variant_id"), "variant_id", "The listing has this variant already.")],
    references=[
        Reference("listing_id", "channel_listings", "listing_id", "The listing does not exist.", "CASCADE"),
        Reference("variant_id", "variants", "variant_id", "The variant does not exist.", "CASCADE"),
    ],
    cap_within=("listing_id", MAXIMUM),
)

MEMBERS = "channel_id product_id variant_id external_id state name description date_created date_modified"
v3 = V3Shape(
    ListingVariant,
    required="product_id variant_id state",
    read_only="id channel_id date_created date_modified",
    hidden="listing_id",
)
_INSIDE = Endpoint(3, TABLE, Listing(TABLE, 3, ""), "store_channel_listings", "", v3=v3)


def as_listed(one: ListingVariant) -> dict[str, Any]:
    """The members of a variant in its listing."""
    return {name: getattr(one, name) for name in MEMBERS.split()}


async def merge(unit: Unit, parent: Any, drafts: list[Changes], notes: list[Fault]) -> None:
    """A variant that the listing has is changed, another one is added; those that the body does not name stay."""
    there = {row.entity.variant_id: row.entity.id for row in await unit.where(TABLE, "listing_id = $1", parent.id)}
    await _check(unit, parent, drafts)
    for draft in drafts:
        known = there.get(draft["variant_id"])
        if known is not None:
            await update_one(unit, _INSIDE, known, dict(draft), notes)
            continue
        row = await create_one(
            unit, _INSIDE, {**draft, "listing_id": parent.id, "channel_id": parent.channel_id}, notes
        )
        there[row.entity.variant_id] = row.entity.id


async def _check(unit: Unit, parent: Any, drafts: list[Changes]) -> None:
    """Every variant is one of the product that is listed, and named once."""
    asked = [draft["variant_id"] for draft in drafts]
    sql = f"SELECT id FROM variants WHERE product_id = $1 AND id IN ({numbered_placeholders(len(asked), 2)})"
    known = set(await query.values(unit.tx, sql, parent.product_id, *asked)) if asked else set()
    seen: set[int] = set()
    faults = []
    for place, draft in enumerate(drafts):
        if draft["product_id"] != parent.product_id:
            faults.append(invalid(f"variants.{place}.product_id", f"must be {parent.product_id}, that of the listing"))
        elif draft["variant_id"] not in known:
            faults.append(invalid(f"variants.{place}.variant_id", f"must be a variant of product {parent.product_id}"))
        elif draft["variant_id"] in seen:
            faults.append(invalid(f"variants.{place}.variant_id", "must be named once"))
        seen.add(draft["variant_id"])
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(aggregates=(Aggregate(TABLE),))
