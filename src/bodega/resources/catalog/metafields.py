"""Metafields of brands, categories, products and variants."""

from __future__ import annotations

from bodega.kit.endpoint import Parent
from bodega.resources.catalog import brands, categories, product, variants
from bodega.resources.metafields import metafields_of

SCOPE = "store_v2_products"
_products = Parent("product_id", product.TABLE)

RESOURCES = (
    metafields_of("brand", [Parent("resource_id", brands.TABLE)], "catalog/brands/{brand_id}", "catalog/brands", SCOPE),
    metafields_of(
        "category",
        [Parent("resource_id", categories.TABLE)],
        "catalog/categories/{category_id}",
        "catalog/categories",
        SCOPE,
    ),
    metafields_of(
        "product", [Parent("resource_id", product.TABLE)], "catalog/products/{product_id}", "catalog/products", SCOPE
    ),
    metafields_of(
        "variant",
        [_products, Parent("resource_id", variants.TABLE)],
        "catalog/products/{product_id}/variants/{variant_id}",
        "catalog/variants",
        SCOPE,
    ),
)
