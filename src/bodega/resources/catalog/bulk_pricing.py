"""Bulk pricing rules: unit prices by quantity. V2 calls them discount rules."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from msgspec.structs import replace

from bodega.kit.body import Changes
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INTEGER, STRING, Count, FieldType, Id, Money
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import rows_of
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, refuse_faults
from bodega.resources.catalog import product
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.conflicts import duplicate
from bodega.storage.table import Reference
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MAX_PERCENT = 100

MAXIMUM = 250
"""The most rules in the body of a product; no limit is published."""


class BulkPricingRule(Entity, kw_only=True):
    """From `quantity_min` to `quantity_max` items (0: no bound): a price off, per cent off, or a fixed price."""

    quantity_min: Count
    quantity_max: Count
    type: Literal["price", "percent", "fixed"]
    amount: Money
    product_id: Id = 0


def _highest(rule: BulkPricingRule) -> int:
    """The greatest quantity of a rule; one without an upper bound has none."""
    return rule.quantity_max or 2_147_483_647


TABLE = stored(
    "bulk_pricing_rules",
    BulkPricingRule,
    noun="bulk pricing rule",
    columns="product_id quantity_min",
    computed={"highest": ("INTEGER", _highest)},
    indexed="product_id",
    hidden="product_id",
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
)

AS_TEXT = FieldType(STRING.word, str, INTEGER.read, INTEGER.clean)
v2 = V2Shape(
    BulkPricingRule,
    "discount_rules",
    "discount_rule",
    "id? product_id! min max type+ type_value+",
    {
        "id": Alias("id", AS_TEXT),
        "min": Alias("quantity_min"),
        "max": Alias("quantity_max"),
        "type_value": Alias("amount"),
    },
)
v3 = V3Shape(BulkPricingRule, required="quantity_min quantity_max type amount", read_only="id", hidden="product_id")

OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id"),
    "store_v2_products",
    "products/{}/discount_rules",
    v2=v2,
    parents=OF_PRODUCT,
    defaults={"quantity_min": 0, "quantity_max": 0},
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=v3.shown),
    "store_v2_products",
    "catalog/products/{}/bulk-pricing-rules",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id"), V2.scope, "", v2=v2)

_v2 = (
    collection("products/{product_id}/discount_rules", V2, "GET POST DELETE"),
    item("products/{product_id}/discount_rules/{id}", V2),
    count("products/{product_id}/discount_rules/count", V2),
    count("products/discount_rules/count", ALL),
)
routes = (
    *_v2,
    *also_at("discount_rules", "discountrules", *_v2),
    collection("catalog/products/{product_id}/bulk-pricing-rules", V3, "GET POST"),
    item("catalog/products/{product_id}/bulk-pricing-rules/{id}", V3),
)

INCLUDE = children(TABLE, "product_id", order="quantity_min")
_write = rows_of(V3)


async def write(unit: Unit, parent: product.Product, drafts: list[Changes], notes: list[Fault]) -> None:
    """Writes the rules in a product's body, whose ranges are compared once: with each other and with those that are
    there."""
    wanted = {row.entity.id: row.entity for row in await unit.where(TABLE, "product_id = $1", parent.id)}
    for place, draft in enumerate(drafts):
        named = draft.get("id", 0)
        if not named:
            wanted[-1 - place] = BulkPricingRule(**draft, product_id=parent.id)
        elif named in wanted:
            wanted[named] = replace(wanted[named], **draft)
    faults = [fault for rule in wanted.values() for fault in _faults_of_range(rule)] or _overlaps(wanted)
    if faults:
        raise refuse_faults(faults)
    unit.judged.add(_ranges_of(parent.id))
    try:
        await _write(unit, parent, drafts, notes)
    finally:
        unit.judged.discard(_ranges_of(parent.id))


def _ranges_of(product_id: int) -> tuple[str, int]:
    return (TABLE.name, product_id)


def _overlaps(rules: Mapping[int, BulkPricingRule]) -> list[Fault]:
    """The first two ranges that overlap, found by sorting; those without a row have keys below 0."""
    before: tuple[int, BulkPricingRule] | None = None
    for key, rule in sorted(rules.items(), key=lambda item: item[1].quantity_min):
        if before is not None and _highest(before[1]) >= rule.quantity_min:
            return [_overlap(max(before[0], key, 0))]
        before = (key, rule)
    return []


NESTED = Nested(v3, write, maximum=MAXIMUM)


def _invalid(name: str, why: str) -> Fault:
    message = f"{name} {why}."
    return Fault(Reason.FIELD_INVALID, name, message, {"invalid_reason": message})


async def check_range(_unit: Unit, _old: Any, new: BulkPricingRule) -> None:
    """Rule 66: a range ends after it begins, and no discount exceeds the price."""
    faults = _faults_of_range(new)
    if faults:
        raise refuse_faults(faults)


def _faults_of_range(new: BulkPricingRule) -> list[Fault]:
    faults = []
    if new.quantity_max and new.quantity_max <= new.quantity_min:
        faults.append(_invalid("quantity_max", "must be greater than quantity_min, or 0 for no bound"))
    if new.type == "percent" and new.amount > Decimal(MAX_PERCENT):
        faults.append(_invalid("amount", f"must be at most {MAX_PERCENT} per cent"))
    return faults


async def refuse_overlapping_ranges(unit: Unit, _old: Any, new: BulkPricingRule) -> None:
    """Rule 66: ranges do not overlap, so that a quantity has one price. Those of a list were compared before."""
    if _ranges_of(new.product_id) in unit.judged:
        return
    faults = await _overlapping(unit.tx, new)
    if faults:
        raise refuse_faults(faults)


async def _overlapping(tx: Tx, rule: BulkPricingRule) -> list[Fault]:
    sql = (
        "SELECT id FROM bulk_pricing_rules WHERE product_id = $1 AND id <> $2 AND quantity_min <= $3 AND highest >= $4"
        " ORDER BY id LIMIT 1"
    )
    other = await query.value(tx, sql, rule.product_id, rule.id, _highest(rule), rule.quantity_min)
    if other is None:
        return []
    return [_overlap(other)]


def _overlap(other: int) -> Fault:
    return duplicate("quantity_min", "The quantities overlap with another rule.", TABLE.noun, other)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(
                check_range,
                refuse_overlapping_ranges,
            ),
        ),
    ),
    routes=routes,
)
