"""The resources: one small file each, declarations plus named rules. Adding one here is all it takes to serve it."""

from __future__ import annotations

from bodega.declare.route import Route
from bodega.resources.catalog import (
    brands,
    bulk_pricing,
    categories,
    custom_fields,
    google_product_search,
    metafields,
    product,
    products,
    reviews,
    variants,
    videos,
)
from bodega.resources.catalog.options import option, product_option
from bodega.resources.store import information, tasks
from bodega.storage.table import Table, adopt
from bodega.tasks import queue

TABLES: tuple[Table, ...] = (
    categories.TABLE,
    brands.TABLE,
    product.TABLE,
    option.TABLE,
    option.VALUES,
    product_option.TABLE,
    variants.TABLE,
    custom_fields.TABLE,
    bulk_pricing.TABLE,
    videos.TABLE,
    reviews.TABLE,
    *metafields.TABLES,
    queue.TABLE,
)
"""Every table, each after those it refers to."""

adopt(TABLES)

ROUTES: tuple[Route, ...] = (
    *categories.routes,
    *brands.routes,
    *products.routes,
    *custom_fields.routes,
    *bulk_pricing.routes,
    *videos.routes,
    *reviews.routes,
    *google_product_search.routes,
    *metafields.routes,
    *information.routes,
    *tasks.routes,
)
