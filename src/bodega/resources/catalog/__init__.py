"""The catalogue."""

from __future__ import annotations

from bodega.resources.catalog import (
    aggregates,
    assignments,
    bulk_pricing,
    custom_fields,
    google_product_search,
    metafields,
    preorders,
    reviews,
    skus,
    sort_orders,
    summary,
    tree_categories,
    trees,
    videos,
)
from bodega.resources.catalog.options import modifiers, option_sets, rules

RESOURCES = (
    trees.RESOURCE,
    aggregates.CATEGORIES,
    tree_categories.RESOURCE,
    aggregates.BRANDS,
    aggregates.PRODUCTS,
    aggregates.OPTIONS,
    option_sets.RESOURCE,
    aggregates.PRODUCT_OPTIONS,
    modifiers.RESOURCE,
    aggregates.VARIANTS,
    skus.RESOURCE,
    summary.RESOURCE,
    rules.RESOURCE,
    custom_fields.RESOURCE,
    bulk_pricing.RESOURCE,
    aggregates.IMAGES,
    videos.RESOURCE,
    reviews.RESOURCE,
    google_product_search.RESOURCE,
    *metafields.RESOURCES,
    assignments.RESOURCE,
    sort_orders.RESOURCE,
    preorders.RESOURCE,
)
