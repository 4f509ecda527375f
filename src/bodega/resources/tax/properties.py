"""Tax properties: what a tax provider wants to know of products and customers, by codes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from bodega.kit.body import Changes
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Long, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, listed, route
from bodega.kit.v3_shape import V3Shape
from bodega.kit.write import unchanging
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.resources.tax import values
from bodega.resources.tax.zones import MOST_AT_ONCE, SCOPE
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Unique
from bodega.storage.unit import Unit

TYPES = ("PRODUCT", "CUSTOMER")


class TaxProperty(Entity, kw_only=True):
    """`code` is what the provider calls it; its `type` says of what it is a property, for good."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    display_name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    description: Long = ""
    created_at: Moment = ""
    updated_at: Moment = ""
    type: Literal["PRODUCT", "CUSTOMER"]


TABLE = stored(
    "tax_properties",
    TaxProperty,
    noun="tax property",
    columns="code type",
    uniques=[Unique(("code",), "code", "A tax property of this code exists.")],
)


def _type(text: str) -> str:
    word = text.strip().upper()
    if word not in TYPES:
        raise ValueError("must be PRODUCT or CUSTOMER")
    return word


v3 = V3Shape(TaxProperty, required="code display_name type", read_only="id created_at updated_at", set_once="type")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in", mapped={":type:in": FilterField("type", _type)}, exact=True),
    SCOPE,
    "tax/properties",
    v3=v3,
    created=200,
    batch=Batch(MOST_AT_ONCE, whole=True, refused=Reason.LIST_REFUSED),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, V3.home, delete_needs_filter=True)

routes = (
    collection("tax/properties", V3, "GET")
    .also(listed("tax/properties", V3, "POST PUT"))
    .also(route("tax/properties", 3, DELETE=DeleteMany(DELETE))),
)


async def date_property(unit: Unit, changes: Changes, old: TaxProperty | None, _notes: list[Fault]) -> None:
    """The store's clock dates what is made and what is changed."""
    changes["updated_at"] = moment(unit.now)
    if old is None:
        changes["created_at"] = changes["updated_at"]


async def keep_what_is_used(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 112: a property of which a product or a customer has a value stays."""
    for owners in ("products", "customers"):
        used = await values.using(unit.tx, owners, ids)
        if used:
            message = f"The tax property {used[0]} has values of {owners}."
            raise Refusal(Reason.PROPERTY_IN_USE, message, details={"property_ids": used})


@depends_on("code", new=False)
async def rename_values(unit: Unit, old: TaxProperty | None, new: TaxProperty) -> None:
    """The values of a property go with its code."""
    if old is not None and old.code != new.code:
        await values.rename(unit, new.id, old.code, new.code)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(unchanging("type"), date_property),
            after_write=(rename_values,),
            before_delete=(keep_what_is_used,),
        ),
    ),
    routes=routes,
)
