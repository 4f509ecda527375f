"""Attributes of a product for Google's product search: those that the store knows, read-only (V2)."""

from __future__ import annotations

from typing import Any

from bodega.kit.actions import ShowItem
from bodega.kit.endpoint import Endpoint
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.resources.catalog import product


def _none(_product: Any) -> None:
    return None


v2 = V2Shape(
    product.Product,
    "googleproductsearch",
    "googleproductsearch",
    "enabled? product_id? category_id? custom_item? global_trade_item_number? manufacturer_part_number? gender?"
    " age_group? color? size? material? pattern? google_shopping_product_category_path?",
    {
        "enabled": Derived(lambda _product: False, "boolean"),
        "product_id": Alias("id"),
        "category_id": Derived(_none, "int"),
        "custom_item": Derived(lambda product: not (product.gtin or product.upc or product.mpn), "boolean"),
        "global_trade_item_number": Derived(lambda product: product.gtin or product.upc or None),
        "manufacturer_part_number": Derived(lambda product: product.mpn or None),
        **{name: Derived(_none) for name in ("gender", "age_group", "color", "size", "material", "pattern")},
        "google_shopping_product_category_path": Derived(_none),
    },
)
V2 = Endpoint(2, product.TABLE, Listing(product.TABLE, 2, ""), "store_v2_products", "", v2=v2)

routes = (route("products/{id}/googleproductsearch", 2, fields=v2, GET=ShowItem(V2)),)

RESOURCE = Resource(routes=routes)
