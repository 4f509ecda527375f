"""Keeps a product and its variants consistent: what they share, what variants inherit, and whose stock counts.

A simple product determines its base variant, whose row follows it. With variants that have options there is no base
variant: they are authoritative, and the product keeps the sum of their levels.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from decimal import Decimal
from itertools import compress
from operator import attrgetter, ne
from typing import Any

import msgspec

from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.law.wording import VARIANT_SKU_BLANK
from bodega.resources.catalog import product, stock_levels, variants
from bodega.resources.catalog.options.adjusting import rules_of_variants, variant_price
from bodega.resources.catalog.options.rule import Rule
from bodega.resources.catalog.product import STOCK_CAP, BaseVariantOverrides, Product
from bodega.resources.catalog.variants import Variant
from bodega.storage import query
from bodega.storage.conflicts import dangling, duplicate
from bodega.storage.query import StoredRow, stored_sql
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders, update_sql
from bodega.storage.text import caseless
from bodega.storage.tx import Statement, Tx
from bodega.storage.unit import Unit

SHARED = (
    "sku", "cost_price", "upc", "mpn", "gtin", "inventory_level", "inventory_warning_level", "bin_picking_number",
)  # fmt: skip
"""Members that a simple product and its base variant share."""

OWN = BaseVariantOverrides.__struct_fields__
FOLLOWED = " ".join((*SHARED, "price", "sale_price", "weight", "base_own", "base_variant_id"))
"""Members of a product from which those of its base variant follow."""

TABLE = variants.TABLE


def base_variant(owner: Product) -> Variant:
    """The base variant as determined by its product."""
    members = dict(zip(SHARED, _shared(owner), strict=True))
    if owner.base_own is not None:
        members.update(msgspec.structs.asdict(owner.base_own))
    members["calculated_price"], members["calculated_weight"] = _inherited(owner.base_own or _NOTHING, owner)
    return Variant(id=owner.base_variant_id or 0, product_id=owner.id, **members)


_shared = attrgetter(*SHARED)


def inherit(variant: Variant | _Heir, owner: Product, rules: Sequence[Rule] = (), variant_id: int = 0) -> None:
    """Rule 56: what a variant does not set is its product's. Rule 50: the sale price is the calculated price, adjusted
    by the product's rules for this variant (rule 65)."""
    price, variant.calculated_weight = _inherited(variant, owner)
    variant.calculated_price = variant_price(price, rules, variant.option_values, variant_id) if rules else price


INHERITED = ("calculated_price", "calculated_weight")
_NOTHING = BaseVariantOverrides()


def _inherited(own: Variant | _Heir | BaseVariantOverrides, owner: Product) -> tuple[Decimal, Decimal]:
    if own is _NOTHING:
        return owner.sale_price or owner.price, owner.weight
    price = owner.price if own.price is None else own.price
    sale = owner.sale_price if own.sale_price is None else own.sale_price
    return sale or price, owner.weight if own.weight is None else own.weight


# What follows from a write of a product.


@depends_on("base_variant_id")
async def create_base_variant(unit: Unit, old: Product | None, new: Product) -> None:
    """Rule 57: every simple product has one."""
    if old is None:
        new.base_variant_id, _ = unit.statistics.enter(TABLE.name, unit.now, new.base_variant_id or None)


@depends_on("base_variant_id inventory_tracking inventory_level variant_stock")
async def sum_variant_stock(_unit: Unit, _old: Product | None, new: Product) -> None:
    """Rule 47: if tracked by variant, the level of a product is the sum of its variants' and cannot be written."""
    if new.base_variant_id is None and new.inventory_tracking == "variant":
        new.inventory_level = new.variant_stock


@depends_on("base_variant_id inventory_tracking", new=False)
async def forget_own_places(unit: Unit, old: Product | None, new: Product) -> None:
    """Rule 47: a product that is counted by its variants from now on has no stock of its own, wherever it was."""
    if (
        old is not None
        and new.base_variant_id is None
        and new.inventory_tracking == "variant" != old.inventory_tracking
    ):
        await stock_levels.forget_own(unit, new.id)


@depends_on(FOLLOWED)
def write_base_variant(unit: Unit, old: Product | None, new: Product) -> list[Statement]:
    """Writes the base variant together with the product."""
    if new.base_variant_id is None:
        return []
    if old is None:
        return [_inserted(unit, base_variant(new), unit.statistics.touch(TABLE.name, unit.now))]
    differing = _follow(old, new)
    if not differing:
        return []
    made = base_variant(new)
    doc, rest = TABLE.encode(made)
    changed, moved = TABLE.following(frozenset(differing)).changes(None, made)
    version = unit.statistics.touch(TABLE.name, unit.now)
    unit.made.forget(TABLE.name)
    return [(update_sql(TABLE.name, changed), (made.id, doc, rest, version, unit.stamp, *moved))]


def _follow(old: Product, new: Product) -> Set[str]:
    """The members of a base variant that differ since its product does."""
    if old.base_own is not new.base_own or old.base_variant_id != new.base_variant_id:
        return TABLE.differing(base_variant(old), base_variant(new))
    own = old.base_own or _NOTHING
    was, now = (*_shared(old), *_inherited(own, old)), (*_shared(new), *_inherited(own, new))
    return set(compress((*SHARED, *INHERITED), map(ne, was, now)))


def _inserted(unit: Unit, made: Variant, version: int) -> Statement:
    doc, rest = TABLE.encode(made)
    unit.made.note(TABLE.name, made, doc)
    return TABLE.insert_sql, (made.id, doc, rest, version, unit.now, *TABLE.values(made))


@depends_on("price sale_price weight base_variant_id", new=False)
async def update_inheriting_variants(unit: Unit, old: Product | None, new: Product) -> None:
    """Rule 56: when a price or weight changes, rewrites the variants that inherit it."""
    if old is None or new.base_variant_id is not None or _passed_on(old) == _passed_on(new):
        return
    await _inherit_anew(unit, new, await rules_of_variants(unit, new.id))


async def _inherit_anew(unit: Unit, owner: Product, rules: Sequence[Rule]) -> None:
    """Rewrites the variants whose calculated members change."""
    changed = []
    for row in await query.named(unit.tx, StoredRow, stored_sql(TABLE, "product_id = $1 ORDER BY id"), owner.id):
        variant = _heir(row.doc)
        before = (variant.calculated_price, variant.calculated_weight)
        inherit(variant, owner, rules, row.id)
        if before != (variant.calculated_price, variant.calculated_weight):
            changed.append((row, variant))
    await unit.patch(TABLE, changed, INHERITED)


async def price_variants_by_rule(unit: Unit, old: Rule | None, new: Rule) -> None:
    """The calculated prices of variants follow a rule that is not of one modifier's value alone."""
    if new.kind != "adjuster" or (old is not None and old.kind != "adjuster"):
        await _price_variants(unit, {new.product_id})


async def price_variants_without_rules(unit: Unit, ids: Sequence[int]) -> None:
    """The calculated prices of variants follow when rules are deleted."""
    test = f"kind <> 'adjuster' AND id IN ({numbered_placeholders(len(ids))})"
    going = await query.values(unit.tx, f"SELECT product_id FROM product_rules WHERE {test}", *ids)
    await _price_variants(unit, {one for one in going if (product.TABLE.name, one) not in unit.leaving}, without=ids)


async def _price_variants(unit: Unit, products: Set[int], without: Sequence[int] = ()) -> None:
    for product_id in sorted(products):
        row = await unit.get(product.TABLE, product_id)
        if row is not None and row.entity.base_variant_id is None:
            await _inherit_anew(unit, row.entity, await rules_of_variants(unit, product_id, without))


class _Choice(msgspec.Struct):
    id: int
    option_id: int


class _Heir(msgspec.Struct):
    """What a variant inherits, what it has of its own instead, and the values by which rules know it."""

    price: Decimal | None
    calculated_price: Decimal
    sale_price: Decimal | None
    weight: Decimal | None
    calculated_weight: Decimal
    option_values: list[_Choice]


_heir = msgspec.json.Decoder(_Heir).decode


def _passed_on(owner: Product) -> tuple[Decimal, Decimal, Decimal]:
    return owner.price, owner.sale_price, owner.weight


# SKUs: unique across products and variants, ignoring case.


async def sku_belongs_to_variant(tx: Tx, owner: Product) -> list[Fault]:
    """Rule 43: the SKU of a variant with options cannot be that of a product."""
    if not owner.sku:
        return []
    sql = "SELECT id FROM variants WHERE sku_key = $1 AND NOT is_base"
    other = await query.value(tx, sql, caseless(owner.sku))
    return [] if other is None else [duplicate("sku", "The product sku is a duplicate.", TABLE.noun, other)]


@depends_on("sku base_variant_id", new=False)
async def check_sku(unit: Unit, old: Product | None, new: Product) -> None:
    """Rule 43: checks a product's SKU against the variants': without a base variant no index does."""
    if old is not None and new.base_variant_id is None and new.sku != old.sku:
        faults = await sku_belongs_to_variant(unit.tx, new)
        if faults:
            raise refuse_faults(faults)


async def sku_belongs_to_product(tx: Tx, variant: Variant) -> list[Fault]:
    """Rule 43: the SKU of a product cannot be that of a variant, except its own base variant.

    A simple product is found by its base variant's row.
    """
    sql = "SELECT id FROM products WHERE sku_key = $1 AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.sku_key = $1)"
    other = await query.value(tx, sql, caseless(variant.sku)) if variant.sku else None
    return [] if other is None else [duplicate("sku", "The variant sku is a duplicate.", product.TABLE.noun, other)]


# What follows from a write of a variant.


@depends_on("inventory_level")
async def refuse_negative_stock(unit: Unit, changes: dict[str, Any], old: Variant | None, notes: list[Fault]) -> None:
    """Rule 48: the variant is saved without its level, and the reply says so (207); likewise if other locations hold
    more."""
    level = changes.get("inventory_level")
    if level is None:
        return
    stock = None if old is None else (old.product_id, 0 if old.is_base else old.id)
    least = 0 if stock is None else await stock_levels.elsewhere(unit, stock)
    if level < least:
        del changes["inventory_level"]
        notes.append(stock_levels.too_low("variant", least))


async def update_product_of_variant(unit: Unit, old: Variant | None, new: Variant) -> None:
    """Updates the product with what a variant shares with it or adds to it."""
    row = await unit.shared.get(product.TABLE, new.product_id)
    if row is None:
        raise refuse_faults([dangling("product_id", "The product does not exist.", [new.product_id])])
    owner: Product = row.entity
    before = _kept(owner)
    inherit(new, owner, [] if new.is_base else await rules_of_variants(unit, owner.id), new.id)
    if old is None or old.sku != new.sku:
        await _check_sku(unit, new, owner)
    if old is not None and new.id == owner.base_variant_id:
        new.inventory_level = min(new.inventory_level, STOCK_CAP)
        for name in SHARED:
            setattr(owner, name, getattr(new, name))
        own = BaseVariantOverrides(**{name: getattr(new, name) for name in OWN})
        owner.base_own = None if own == BaseVariantOverrides() else own
    else:
        new.sku_id = variants.SKU_OFFSET + (new.id or unit.statistics.next_id(TABLE.name))
        clamp_variant_stock(owner, old, new)
        if owner.base_variant_id is not None:
            await _delete_base_variant(unit, owner)
    if old is not None and before == _kept(owner) and TABLE.says_the_same(old, new):
        return  # what was asked for came to what there is
    owner.date_modified = moment(unit.now)
    if new.is_base or before != _kept(owner):
        await unit.rewrite(product.TABLE, row)


@depends_on("inventory_level", new=False)
async def fire_stock_events(unit: Unit, old: Variant | None, new: Variant) -> None:
    """Fires the stock events of a product tracked by variant; what an order takes fires
    store/sku/inventory/order/updated."""
    if old is None or new.is_base or old.inventory_level == new.inventory_level or unit.cause:
        return
    owner = await unit.get(product.TABLE, new.product_id) if await unit.audience() is not None else None
    if owner is not None and owner.entity.inventory_tracking == "variant":
        level = {
            "product_id": new.product_id,
            "method": "absolute",
            "value": new.inventory_level,
            "variant_id": new.id,
        }
        await unit.fire("store/sku/inventory/updated", {"type": "sku", "id": new.sku_id, "inventory": level})


def _kept(owner: Product) -> tuple[Any, ...]:
    """What a product keeps from its variants with options."""
    return owner.date_modified, owner.inventory_level, owner.variant_stock, owner.base_variant_id


async def _check_sku(unit: Unit, new: Variant, owner: Product) -> None:
    """Rule 57: a SKU is required beside the base variant. Rule 43: and it is no product's."""
    if not new.sku.strip():
        if new.is_base:
            return
        why = {"invalid_reason": "sku is required on a variant with options."}
        fault = Fault(Reason.FIELD_INVALID, "sku", "The field 'sku' is invalid.", why, VARIANT_SKU_BLANK)
        raise refuse_faults([fault])
    holder = await query.value(unit.tx, "SELECT id FROM products WHERE sku_key = $1", caseless(new.sku))
    if holder is not None and not (new.is_base and holder == owner.id):
        raise refuse_faults([duplicate("sku", "The variant sku is a duplicate.", product.TABLE.noun, holder)])


def clamp_variant_stock(owner: Product, old: Variant | None, new: Variant) -> None:
    """Rule 49: a level over the cap is clamped, or stays unchanged if siblings hold stock. Keeps the sum."""
    had = old.inventory_level if old is not None else 0
    others = owner.variant_stock - had
    if new.inventory_level > STOCK_CAP - others:
        new.inventory_level = had if others else STOCK_CAP
    owner.variant_stock = others + new.inventory_level
    if owner.inventory_tracking == "variant":
        owner.inventory_level = owner.variant_stock


async def _delete_base_variant(unit: Unit, owner: Product) -> None:
    """Rule 57: only a simple product has a base variant; the first variant with options replaces it."""
    assert owner.base_variant_id is not None
    unit.leaving.add((TABLE.name, owner.base_variant_id))
    await unit.delete(TABLE, [owner.base_variant_id])
    owner.base_variant_id, owner.base_own = None, None
    if owner.inventory_tracking == "variant":
        await stock_levels.forget_own(unit, owner.id)


async def restore_base_variant(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 57: a product without variants with options is simple again; a base variant is deleted only with its
    product."""
    placeholders = numbered_placeholders(len(ids))
    sql = f"SELECT id, product_id, is_base, inventory_level FROM variants WHERE id IN ({placeholders})"
    going: dict[int, list[int]] = {}
    for variant_id, product_id, is_base, level in await unit.tx.rows(sql, *ids):
        if (product.TABLE.name, product_id) in unit.leaving or (TABLE.name, variant_id) in unit.leaving:
            continue
        if is_base:
            raise Refusal(Reason.BASE_VARIANT_STAYS, details={"variant_id": variant_id, "product_id": product_id})
        going.setdefault(product_id, []).append(level)
    for product_id, levels in going.items():
        row = await unit.get(product.TABLE, product_id)
        assert row is not None
        owner: Product = row.entity
        owner.variant_stock -= sum(levels)
        counted = await query.value(unit.tx, "SELECT count(*) FROM variants WHERE product_id = $1", product_id)
        if owner.inventory_tracking == "variant":
            owner.inventory_level = owner.variant_stock
        if counted == len(levels):
            owner.base_variant_id, version = unit.statistics.enter(TABLE.name, unit.now)
            await unit.tx.script([_inserted(unit, base_variant(owner), version)])
        owner.date_modified = moment(unit.now)
        await unit.rewrite(product.TABLE, row)
