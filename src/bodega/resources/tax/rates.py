"""Tax rates: what is paid in a zone, by tax class.

Rates of one priority add up; one of a higher priority is also paid on the tax of those before it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from bodega.kit.bounds import AtMost
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id, clean_decimal, structured
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, listed, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.tax.zones import MOST_AT_ONCE, SCOPE
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

HIGHEST = Decimal(1000)
"""In per cent; no limit is published."""


class ClassRate(msgspec.Struct, kw_only=True):
    """What goods of a tax class pay, in per cent."""

    rate: Decimal
    tax_class_id: Id

    def __post_init__(self) -> None:
        self.rate = clean_decimal(self.rate)
        if self.rate > HIGHEST:
            raise ValueError(f"must have rates from 0 to {HIGHEST} per cent")


ClassRates = Annotated[list[ClassRate], AtMost(256), structured(Annotated[list[ClassRate], AtMost(256)])]


class StoredRate(Entity, kw_only=True):
    """A class that `class_rates` does not name does not pay it."""

    class_rates: ClassRates
    enabled: bool = True
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1
    tax_zone_id: Id


TABLE = stored(
    "tax_rates",
    StoredRate,
    noun="tax rate",
    columns="tax_zone_id enabled",
    indexed="tax_zone_id",
    references=[Reference("tax_zone_id", "tax_zones", "tax_zone_id", "The tax zone does not exist.", "CASCADE")],
)

v3 = V3Shape(StoredRate, required="class_rates name tax_zone_id")
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":id:in :tax_zone_id:in", exact=True),
    SCOPE,
    "tax/rates",
    v3=v3,
    created=200,
    batch=Batch(MOST_AT_ONCE, whole=True),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, V3.home, delete_needs_filter=True)

routes = (
    collection("tax/rates", V3, "GET")
    .also(listed("tax/rates", V3, "POST PUT"))
    .also(route("tax/rates", 3, DELETE=DeleteMany(DELETE))),
)


@depends_on("class_rates")
async def check_classes(unit: Unit, old: StoredRate | None, new: StoredRate) -> None:
    """A rate is for one class at least, has one percentage for each, and the store has the class."""
    named = [one.tax_class_id for one in new.class_rates]
    if not named:
        raise refuse_faults([invalid("class_rates", "must have a rate for one tax class at least")])
    known = set(await query.existing(unit.tx, "tax_classes", list(dict.fromkeys(named))))
    faults = []
    for number, tax_class in enumerate(named):
        field = f"class_rates.{number}.tax_class_id"
        if tax_class not in known:
            faults.append(invalid(field, "must be the id of a tax class"))
        elif tax_class in named[:number]:
            faults.append(invalid(field, "must not be there twice"))
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(aggregates=(Aggregate(TABLE, before_write=(check_classes,)),), routes=routes)
