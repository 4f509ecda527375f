"""The resources: one small file each, declarations plus named rules. A folder's own page names what it serves."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources import catalog, content, customers, geography, marketing, orders, shipping, store, webhooks
from bodega.storage.table import Table, link_tables

TABLES: tuple[Table, ...] = (
    *store.TABLES,
    *catalog.TABLES,
    *customers.TABLES,
    *shipping.TABLES,
    *marketing.TABLES,
    *content.TABLES,
    *orders.TABLES,
    *webhooks.TABLES,
)
"""Every table, each after those it refers to."""

link_tables(TABLES)

ROUTES: tuple[Route, ...] = (
    *catalog.ROUTES,
    *store.ROUTES,
    *customers.ROUTES,
    *geography.ROUTES,
    *shipping.ROUTES,
    *marketing.ROUTES,
    *content.ROUTES,
    *orders.ROUTES,
    *webhooks.ROUTES,
)
