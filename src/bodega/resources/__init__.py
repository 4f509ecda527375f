"""The resources: one small file each, declarations plus named rules. Adding one here is all it takes to serve it."""

from __future__ import annotations

from bodega.declare.route import Route
from bodega.resources.catalog import brands, categories, product, products, variants
from bodega.resources.store import channels, information, tasks
from bodega.storage.table import Table
from bodega.tasks import queue

TABLES: tuple[Table, ...] = (
    channels.TABLE,
    categories.TABLE,
    brands.TABLE,
    product.TABLE,
    variants.TABLE,
    queue.TABLE,
)
"""Every table, each after those it refers to."""

ROUTES: tuple[Route, ...] = (
    *categories.routes,
    *brands.routes,
    *products.routes,
    *channels.routes,
    *information.routes,
    *tasks.routes,
)
