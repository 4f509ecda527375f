"""Variants: what is bought. Every product has at least one, its base variant with the product's own SKU (rule 57)."""

from __future__ import annotations

from typing import Any

from bodega.declare.entity import Entity, stored
from bodega.declare.fields import Line, Measure, Money
from bodega.declare.listing import children
from bodega.resources.catalog import product
from bodega.storage.table import Reference, Unique


class Variant(Entity, kw_only=True):
    """A price, weight or size of None is inherited from the product (rule 56)."""

    product_id: int
    sku: Line = ""
    sku_id: int | None = None
    price: Money | None = None
    calculated_price: Money
    sale_price: Money | None = None
    retail_price: Money | None = None
    map_price: Money | None = None
    weight: Measure | None = None
    calculated_weight: Measure
    width: Measure | None = None
    height: Measure | None = None
    depth: Measure | None = None
    is_free_shipping: bool = False
    fixed_cost_shipping_price: Money | None = None
    purchasing_disabled: bool = False
    purchasing_disabled_message: str = ""
    image_url: str = ""
    cost_price: Money
    upc: str = ""
    mpn: str = ""
    gtin: str = ""
    inventory_level: int = 0
    inventory_warning_level: int = 0
    bin_picking_number: str = ""
    option_values: list[Any] = []


TABLE = stored(
    "variants",
    Variant,
    noun="variant",
    columns="product_id sku",
    computed={"sku_key": ("TEXT", lambda variant: variant.sku.casefold() or None)},
    indexed="product_id",
    uniques=[Unique(("sku_key",), "sku", "The SKU is a duplicate.")],  # rule 43
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
)


product.INCLUDES["variants"] = children(TABLE, "product_id")
