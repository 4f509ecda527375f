"""Shipping: where a store sends its goods, by which methods, through which carriers."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.shipping import carriers, methods, zones
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (zones.TABLE, methods.TABLE, carriers.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (*zones.routes, *methods.routes, *carriers.routes)
