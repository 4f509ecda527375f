"""A price record as it is stored and shown: what a price list says of a variant, in one currency (rule 114)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from bodega.kit import render
from bodega.kit.bounds import AtMost
from bodega.kit.complaint import Misfit
from bodega.kit.context import Context
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import OBJECT, Count, Id, Line, Moment, Money, clean_decimal
from bodega.kit.filters import FilterField
from bodega.kit.includes import Include
from bodega.kit.listing import Listing
from bodega.kit.v3_shape import V3Shape
from bodega.storage import query
from bodega.storage.operands import SqlTest
from bodega.storage.table import Reference, Unique, numbered_placeholders
from bodega.storage.text import caseless

TIERS = 100
"""The most bulk prices of a record; no limit is published."""


class Tier(msgspec.Struct, kw_only=True):
    """From `quantity_min` to `quantity_max` pieces (0: no bound): a fixed price, an amount or per cent off."""

    quantity_min: Count
    quantity_max: Count | None = 0
    type: Literal["fixed", "price", "percent"]
    amount: Money


Tiers = Annotated[list[Tier], AtMost(TIERS)]


def _clean_tiers(tiers: list[Tier]) -> list[Tier]:
    """Bulk prices with amounts as those of a product have them. Raises Misfit, which names the first that is none."""
    for place, one in enumerate(tiers):
        try:
            one.amount = clean_decimal(one.amount)
        except ValueError as error:
            raise Misfit(f"must have an amount that can be paid: it {error}", f".{place}.amount") from None
    return tiers


TIERS_KIND = OBJECT._replace(holds=Tiers, deep=True, clean=_clean_tiers)


class PriceRecord(Entity, kw_only=True):
    """What is None is the catalogue's. `calculated_price` is what a single piece costs."""

    calculated_price: Money = Decimal(0)
    date_created: Moment = ""
    date_modified: Moment = ""
    product_id: Id = 0
    price_list_id: Id = 0
    variant_id: Id = 0
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)] = ""
    price: Money | None = None
    sale_price: Money | None = None
    retail_price: Money | None = None
    map_price: Money | None = None
    sku: Line = ""
    bulk_pricing_tiers: Annotated[Tiers, TIERS_KIND] = []


PRICES = ("price", "sale_price", "retail_price", "map_price")
TABLE = stored(
    "price_records",
    PriceRecord,
    noun="price record",
    columns=(
        "price_list_id variant_id product_id currency price sale_price retail_price map_price calculated_price sku"
        " date_created date_modified"
    ),
    indexed="price_list_id variant_id product_id",
    hidden="sku bulk_pricing_tiers",
    uniques=[
        Unique(
            ("price_list_id", "variant_id", "currency"),
            "variant_id",
            "The price list has a record of this variant and currency already.",
        )
    ],
    references=[
        Reference("price_list_id", "price_lists", "price_list_id", "The price list does not exist.", "CASCADE"),
        Reference("variant_id", "variants", "variant_id", "The variant does not exist.", "CASCADE"),
        Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE"),
    ],
)

_MEMBERS = (
    "calculated_price", "date_created", "date_modified", "product_id", "price_list_id", "variant_id", "currency",
    *PRICES,
)  # fmt: skip


def members(record: PriceRecord) -> dict[str, Any]:
    """The members that are shown: the number of the row is nobody's business."""
    return {name: getattr(record, name) for name in _MEMBERS}


async def _rest(context: Context, ids: Sequence[int]) -> list[tuple[int, PriceRecord]]:
    found = await query.entities_of(context.reader, TABLE, ids)
    return [(one.id, one) for one in found]


async def tiers_of(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The bulk prices of each record."""
    return {number: render.json(one.bulk_pricing_tiers) for number, one in await _rest(context, ids)}


async def skus_of(context: Context, ids: Sequence[int]) -> dict[int, bytes]:
    """The SKU of each record's variant, which may have changed since the record was written."""
    if not ids:
        return {}
    sql = (
        f"SELECT r.id, v.sku FROM {TABLE.name} r JOIN variants v ON v.id = r.variant_id"
        f" WHERE r.id IN ({numbered_placeholders(len(ids))})"
    )
    return {number: render.json(sku or "") for number, sku in await context.reader.rows(sql, *ids)}


INCLUDES = {
    "bulk_pricing_tiers": Include(tiers_of, tables=TABLE.name),
    "sku": Include(skus_of, b'""', tables=f"{TABLE.name} variants"),
}
_OWN = "id calculated_price date_created date_modified product_id price_list_id"
in_list = V3Shape(
    PriceRecord, required="currency variant_id|sku", read_only=_OWN, view=members, members=" ".join(_MEMBERS)
)
anywhere = V3Shape(
    PriceRecord,
    required="price_list_id currency variant_id|sku",
    read_only=_OWN.replace(" price_list_id", ""),
    view=members,
    members=" ".join(_MEMBERS),
)
one = V3Shape(
    PriceRecord, required="", read_only=f"{_OWN} variant_id currency sku", view=members, members=" ".join(_MEMBERS)
)  # fmt: skip
_FILTERS = "variant_id product_id price sale_price retail_price map_price calculated_price date_created date_modified"
SKU_TEST = SqlTest("variant_id IN (SELECT id FROM variants WHERE sku_key IN ({placeholders}))")
LISTED = Listing(
    TABLE,
    3,
    _FILTERS,
    mapped={"currency": FilterField("currency", str.upper), "sku": FilterField(SKU_TEST, caseless, ("in",))},
    includes=INCLUDES,
    shown=_MEMBERS,
    always=("variant_id",),
    cursor=True,
)
