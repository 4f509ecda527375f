"""Tax classes: the kinds of products for taxation. Read-only in V2 (rule 111); V3 makes them (`tax/classes.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, STRING, Moment, clean_name, moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, item
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

USUAL = ("Default Tax Class", "Non-Taxable Products", "Shipping", "Gift Wrapping")
"""The classes of every store, by number; 0 is that of a product without a class."""


_BAD = frozenset("<>{}`();|")


def clean_class_name(value: str) -> str:
    """A name of a class: not blank, and without the characters that the published documents exclude."""
    if not _BAD.isdisjoint(value):
        raise ValueError("must not contain any of < > { } ` ( ) ; |")
    return clean_name(value)


CLASS_NAME = NAME._replace(clean=clean_class_name)


class TaxClass(Entity, kw_only=True):
    """Its name is unique in the store, ignoring case."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100), CLASS_NAME]
    created_at: Moment = ""
    updated_at: Moment = ""


def usual(unit: Unit) -> list[TaxClass]:
    """The classes of a new store."""
    now = moment(unit.now)
    return [TaxClass(id=number, name=name, created_at=now, updated_at=now) for number, name in enumerate(USUAL)]


TABLE = stored(
    "tax_classes",
    TaxClass,
    noun="tax class",
    columns="name",
    computed={"name_key": ("TEXT", lambda tax_class: caseless(tax_class.name))},
    uniques=[Unique(("name_key",), "name", "A tax class of this name exists.")],
    first=usual,
)

# Unlike elsewhere in V2, ids are text and dates are ISO 8601, as in the published specification.
v2 = V2Shape(
    TaxClass,
    "tax_classes",
    "tax_class",
    "id! name! created_at! updated_at!",
    {
        "id": Derived(lambda tax_class: str(tax_class.id)),
        "created_at": Alias("created_at", STRING),
        "updated_at": Alias("updated_at", STRING),
    },
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_information", "tax_classes", v2=v2)

routes = tuple(
    made
    for path in ("tax_classes", "taxclasses")  # an older path, which clients still use
    for made in (collection(path, V2, "GET"), item(f"{path}/{{id}}", V2, "GET"))
)


async def date_class(unit: Unit, changes: Changes, old: TaxClass | None, _notes: list[Fault]) -> None:
    """The store's clock dates what is made and what is changed."""
    changes["updated_at"] = moment(unit.now)
    if old is None:
        changes["created_at"] = changes["updated_at"]


async def keep_usual(_unit: Unit, ids: Sequence[int]) -> None:
    """The classes that every store has stay: costs besides the products belong to them."""
    usual = [number for number in ids if number < len(USUAL)]
    if usual:
        raise refuse_faults([invalid("id", f"names the class {usual[0]}, which every store has")])


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(date_class,), before_delete=(keep_usual,)),), routes=routes
)
