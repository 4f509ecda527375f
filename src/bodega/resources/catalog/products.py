"""Products: filters, routes and rules. The fields are in product.py, and aggregates.py lists when the rules run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.filters import Filter, FilterField, Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import parser
from bodega.kit.route import collection, count, item
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import assignments, brands, stock_levels
from bodega.resources.catalog.product import STOCK_CAP, TABLE, Product
from bodega.resources.catalog.product_shapes import INCLUDES, V2_SHAPE, V3_SHAPE
from bodega.storage import query
from bodega.storage.operands import AnyColumn, IsTrue, Member
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.text import caseless
from bodega.storage.unit import AT_ONCE, Unit

MAX_CATEGORIES = 1_000
TOLD = 100
"""The most products that a conflict names."""

_id = parser("INTEGER", "id")


def _one(text: str) -> tuple[int, ...]:
    return (_id(text),)


def _context(text: str) -> bool:
    """The context of a search: it changes the order of results by relevance, never which they are."""
    if text not in ("shopper", "merchant"):
        raise ValueError("must be one of shopper, merchant")
    return True


def _sku(text: str) -> str:
    return caseless(text)


LOW = IsTrue(
    "inventory_tracking = 'product' AND inventory_warning_level > 0 AND inventory_level <= inventory_warning_level"
    " OR inventory_tracking = 'variant' AND id IN (SELECT product_id FROM variants WHERE is_low)"
)
"""Rule 47: levels count only if they are tracked. One variant with low stock makes its product low."""

OUT_OF_STOCK = IsTrue("inventory_tracking <> 'none' AND inventory_level <= 0")
IN_CATEGORY = Member("product_categories", "product_id", "category_id")
DESCRIPTION = Member("product_texts", "product_id", "description")
WORDS = AnyColumn(("name", "sku", DESCRIPTION))
MAPPED_V3: dict[str, Filter | FilterField | Ignored] = {
    "sku": FilterField("sku_key"),
    "categories": FilterField(IN_CATEGORY, _id),
    "keyword": Filter(WORDS, "like", str),
    "inventory_low": Filter(LOW, "is", parser("BOOLEAN", "")),
    "out_of_stock": Filter(OUT_OF_STOCK, "is", parser("BOOLEAN", "")),
    ":channel_id": FilterField(assignments.IS_ON, _id),
    "keyword_context": Ignored(_context),
}
MAPPED_V2: dict[str, Filter | FilterField | Ignored] = {
    "category": Filter(IN_CATEGORY, "in", _one),
    "keyword_filter": Filter(WORDS, "like", str),
    "description": Filter(DESCRIPTION, "in", lambda text: (text,)),
    "sku": MAPPED_V3["sku"],
    "include_sku": Filter(Member("variants", "product_id", "sku_key"), "in", lambda text: (_sku(text),)),
    "min_number_sold": Filter("total_sold", "min", _id),
    "max_number_sold": Filter("total_sold", "max", _id),
}
V2 = Endpoint(
    2,
    TABLE,
    Listing(
        TABLE,
        2,
        "min_id max_id name condition availability brand_id min_date_created max_date_created min_date_modified"
        " max_date_modified min_date_last_imported max_date_last_imported min_price max_price is_visible is_featured"
        " min_inventory_level max_inventory_level product_tax_code",
        mapped=MAPPED_V2,
        shown=V2_SHAPE.names,
        always=("id", "name", "date_modified", "primary_image", "metadata"),  # rule 28
        include_names_fields=True,
    ),
    "store_v2_products",
    "products",
    v2=V2_SHAPE,
    defaults={"is_visible": False},  # rule 42
)
FILTERS = (
    "id name mpn upc price weight condition brand_id date_modified date_last_imported is_visible is_featured"
    " is_free_shipping inventory_level total_sold type availability"
)
SUB_LISTS = ("images", "custom_fields", "bulk_pricing_rules", "modifiers", "options", "parent_relations", "videos")
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        FILTERS,
        sorts="id name sku price date_modified date_last_imported inventory_level is_visible total_sold"
        " calculated_price",
        mapped=MAPPED_V3,
        includes=INCLUDES,
        shown=V3_SHAPE.shown,
    ),
    "store_v2_products",
    "catalog/products",
    v3=V3_SHAPE,
    created=200,
    batch=Batch(10),  # rule 58
    told=SUB_LISTS,
    told_new=("variants",),
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        "name price weight condition brand_id date_modified date_last_imported is_visible is_featured"
        " :id:in inventory_level total_sold type",
        mapped={name: MAPPED_V3[name] for name in ("sku", "categories", "keyword")},
        exact=True,
    ),
    V3.scope,
    V3.home,
    delete_needs_filter=True,
    delete_cap=250,  # rule 23
)  # fewer filters than a list: each must name products

routes = (
    collection("products", V2, "GET POST DELETE"),
    item("products/{id}", V2),
    count("products/count", V2),
    collection("catalog/products", V3, "GET POST PUT").also(collection("catalog/products", DELETE, "DELETE")),
    item("catalog/products/{id}", V3),
)


@depends_on("brand_name")
async def find_or_create_brand(unit: Unit, changes: dict[str, Any], _old: Any, _notes: list[Fault]) -> None:
    """Rule 54: a brand name means the brand of that name, which is created if there is none."""
    name = changes.pop("brand_name", "").strip()
    if not name or changes.get("brand_id"):
        return
    brand_id = await query.value(unit.tx, "SELECT id FROM brands WHERE name_key = $1", caseless(name))
    if brand_id is None:
        row = await unit.insert(brands.TABLE, brands.Brand(name=name))
        changes["brand_id"] = row.entity.id
    else:
        changes["brand_id"] = brand_id


@depends_on("inventory_level")
async def keep_stock_in_bounds(unit: Unit, changes: dict[str, Any], old: Product | None, notes: list[Fault]) -> None:
    """Rules 48 and 49: a level over the cap is clamped; one below zero, or below what other locations hold, is not
    saved, and the reply says so (207)."""
    level = changes.get("inventory_level")
    if level is None:
        return
    least = 0 if old is None else await stock_levels.elsewhere(unit, (old.id, 0))
    if level < least:
        del changes["inventory_level"]
        notes.append(stock_levels.too_low("product", least))
    elif level > STOCK_CAP:
        changes["inventory_level"] = STOCK_CAP


@depends_on("availability is_price_hidden price_hidden_label")
async def check_price_visibility(_unit: Unit, _old: Product | None, new: Product) -> None:
    """Rule 46: a hidden price, or a label instead, requires a product that cannot be bought."""
    if new.availability == "disabled":
        return
    faults = [
        Fault(Reason.FIELD_INVALID, name, f"The field '{name}' is invalid.", {"invalid_reason": f"{name} {_NEEDS}"})
        for name, wrong in (
            ("is_price_hidden", new.is_price_hidden),
            ("price_hidden_label", bool(new.price_hidden_label)),
        )
        if wrong
    ]
    if faults:
        raise refuse_faults(faults)


_NEEDS = "needs availability to be disabled."


@depends_on("categories")
async def limit_categories(_unit: Unit, _old: Product | None, new: Product) -> None:
    """Rule 45: a product is in at most 1,000 categories. Repeated ones count once."""
    new.categories = list(dict.fromkeys(new.categories))
    if len(new.categories) > MAX_CATEGORIES:
        message = f"A product can be in at most {MAX_CATEGORIES} categories."
        raise Refusal(Reason.PLATFORM_CAP_REACHED, message, details={"resource": "categories", "limit": MAX_CATEGORIES})


@depends_on("price sale_price calculated_price")
async def set_calculated_price(_unit: Unit, _old: Product | None, new: Product) -> None:
    """Rule 50: the sale price, if set, is the calculated price."""
    new.calculated_price = new.sale_price or new.price


def stock_moved(old: Product, new: Product) -> dict[str, Any] | None:
    """Rule 132: the present stock level. What an order takes fires store/product/inventory/order/updated, and the stock
    of variants has events of its own."""
    if old.inventory_level == new.inventory_level or (
        new.base_variant_id is None and new.inventory_tracking != "product"
    ):
        return None
    level = {"product_id": new.id, "method": "absolute", "value": new.inventory_level}
    return {"type": "product", "id": new.id, "inventory": level}


def taken_by_an_order(old: Product, new: Product) -> dict[str, Any] | None:
    """Rule 132: the present stock level."""
    if old.inventory_level == new.inventory_level:
        return None
    level = {"product_id": new.id, "method": "absolute", "value": new.inventory_level}
    return {"type": "product", "id": new.id, "inventory": level}


async def refuse_orphans(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 36: refuses to delete the last category of a product; other products just leave the category."""
    placeholders = numbered_placeholders(len(ids))
    affected = f"SELECT DISTINCT product_id FROM product_categories WHERE category_id IN ({placeholders})"
    orphans = (
        f"SELECT product_id FROM ({affected}) a WHERE NOT EXISTS (SELECT 1 FROM product_categories p"
        f" WHERE p.product_id = a.product_id AND p.category_id NOT IN ({placeholders}))"
        f" ORDER BY product_id LIMIT {TOLD}"
    )
    orphaned = [str(product_id) for product_id in await query.values(unit.tx, orphans, *ids)]
    if orphaned:
        message = Reason.ORPHANED_PRODUCTS.message
        details = {
            "conflict_reason": message,
            "orphaned_products": orphaned,
            "resolution": Reason.ORPHANED_PRODUCTS.advice,
        }
        raise Refusal(Reason.ORPHANED_PRODUCTS, message, details=details)
    await leave_categories(unit, ids)


async def leave_categories(unit: Unit, ids: Collection[int]) -> None:
    """Takes all products out of categories that go."""
    for some in parts(sorted(ids), AT_ONCE):
        within = f"FROM product_categories WHERE category_id IN ({numbered_placeholders(len(some))})"
        for product_id in await query.values(unit.tx, f"SELECT DISTINCT product_id {within}", *some):
            row = await unit.get(TABLE, product_id)
            if row is not None:
                row.entity.categories = [category for category in row.entity.categories if category not in ids]
                await unit.rewrite(TABLE, row)
        await unit.tx.run(f"DELETE {within}", *some)


async def remove_brand_from_products(unit: Unit, ids: Sequence[int]) -> None:
    """Removes a deleted brand from its products."""
    placeholders = numbered_placeholders(len(ids))
    for (product,) in await unit.tx.rows(f"SELECT id FROM products WHERE brand_id IN ({placeholders})", *ids):
        row = await unit.get(TABLE, product)
        if row is not None:
            row.entity.brand_id = 0
            await unit.rewrite(TABLE, row)
