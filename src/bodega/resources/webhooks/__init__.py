"""Webhooks: who is told what."""

from __future__ import annotations

from bodega.events.hooks import TABLE
from bodega.kit.route import Route
from bodega.resources.webhooks import admin, hooks
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (TABLE,)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (*hooks.routes, *admin.routes)
