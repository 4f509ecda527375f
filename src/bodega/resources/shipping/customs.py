"""Customs information: what customs officers are told of a product that is sent abroad (V3)."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment, moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.geography import places
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"
HOME = "shipping/products/customs-information"
MAXIMUM = 50
"""Objects in one PUT."""

EVERYWHERE = "ALL"
_CODE = re.compile(r"[0-9A-Za-z]{6,14}")
MEMBERS = "product_id country_of_origin commodity_description international_shipping hs_codes created_at updated_at"


class CustomsInformation(Entity, kw_only=True):
    """One for a product. `hs_codes` are codes of the harmonized system by country (ISO 3166), or for `ALL`."""

    product_id: Id
    country_of_origin: Annotated[str, msgspec.Meta(min_length=2, max_length=2)]
    commodity_description: Annotated[str, msgspec.Meta(max_length=100)]
    international_shipping: bool
    hs_codes: dict[str, Any]
    created_at: Moment = ""
    updated_at: Moment = ""


TABLE = stored(
    "customs_information",
    CustomsInformation,
    noun="customs information",
    columns="product_id",
    uniques=[Unique(("product_id",), "product_id", "The product has customs information.")],
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
)


def members(one: CustomsInformation) -> dict[str, Any]:
    """The form on the wire: without a number of its own."""
    return {name: getattr(one, name) for name in MEMBERS.split()}


v3 = V3Shape(
    CustomsInformation,
    required="product_id country_of_origin commodity_description international_shipping hs_codes",
    read_only="id created_at updated_at",
    view=members,
    members=MEMBERS,
)


async def _known(unit: Unit, asked: Changes) -> int:
    sql = "SELECT id FROM customs_information WHERE product_id = $1"
    return int(await query.value(unit.tx, sql, asked["product_id"]) or 0)


V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":product_id:in", exact=True, shown=v3.shown, always=("product_id",)),
    SCOPE,
    HOME,
    v3=v3,
    batch=Batch(MAXIMUM, whole=True, creates=True, refused=Reason.LIST_REFUSED, finds=_known),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":product_id:in", exact=True), SCOPE, HOME, delete_needs_filter=True)

routes = (
    collection(HOME, V3, "GET").also(route(HOME, 3, PUT=UpdateMany(V3))).also(collection(HOME, DELETE, "DELETE")),
)


async def stamp_customs(unit: Unit, changes: Changes, old: CustomsInformation | None, _notes: list[Fault]) -> None:
    """The store dates what it is told."""
    if old is None:
        changes["created_at"] = moment(unit.now)
    changes["updated_at"] = moment(unit.now)


async def check_customs(_unit: Unit, _old: CustomsInformation | None, new: CustomsInformation) -> None:
    """Countries are those of ISO 3166, codes are of six to fourteen letters and digits."""
    faults = []
    origin = places.country(new.country_of_origin)
    if origin is None:
        faults.append(invalid("country_of_origin", "must be the two-letter code of a country, as US"))
    else:
        new.country_of_origin = origin.country_iso2
    for key, code in new.hs_codes.items():
        if key != EVERYWHERE and (len(key) != 2 or places.country(key) is None):
            faults.append(invalid(f"hs_codes.{key}", "must be the two-letter code of a country, or ALL"))
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            faults.append(invalid(f"hs_codes.{key}", "must be 6 to 14 letters and digits"))
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(stamp_customs,), before_write=(check_customs,)),),
    routes=routes,
)
