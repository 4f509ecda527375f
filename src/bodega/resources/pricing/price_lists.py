"""Price lists: other prices for groups of customers and for channels (V3, rule 114)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.events import events, fires
from bodega.kit.fields import NAME, Moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v3_shape import V3Shape
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"


class PriceList(Entity, kw_only=True):
    """One that is not active applies to nobody."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    active: bool = True
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "price_lists",
    PriceList,
    noun="price list",
    columns="name active date_created date_modified",
    computed={"name_key": ("TEXT", lambda made: caseless(made.name))},
    uniques=[Unique(("name_key",), "name", "A price list of this name exists.")],
)

v3 = V3Shape(PriceList, required="name", read_only="id date_created date_modified")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "id name date_created date_modified", shown=v3.shown, cursor=True),
    SCOPE,
    "pricelists",
    v3=v3,
    created=200,
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in", mapped={"name": FilterField("name")}, exact=True),
    SCOPE,
    "pricelists",
    delete_needs_filter=True,
)

routes = (
    collection("pricelists", V3, "GET POST").also(collection("pricelists", DELETE, "DELETE")),
    item("pricelists/{price_list_id}", V3).at_most(DELETE=1),
)


def switched(on: bool) -> Any:
    """The payload of a list that was switched on, or off."""

    def say(old: PriceList, new: PriceList) -> dict[str, Any] | None:
        return {"type": "price_list", "id": new.id} if old.active != new.active and new.active is on else None

    return say


async def tell_of_many(unit: Unit, ids: Sequence[int]) -> None:
    """Several lists that go at once are told of together as well."""
    if len(ids) > 1:
        await unit.fire("store/priceLists/deleted", {"type": "price_list", "ids": list(ids)})


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            after_delete=(tell_of_many,),
            signals=(
                *events("store/priceList", kind="price_list"),
                fires("store/priceList/activated", switched(on=True)),
                fires("store/priceList/deactivated", switched(on=False)),
            ),
        ),
    ),
    routes=routes,
)
