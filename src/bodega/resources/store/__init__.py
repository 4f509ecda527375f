"""The store itself: information, time, tasks, channels, currencies, tax classes, and what all stores have alike."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.store import (
    channels,
    currencies,
    information,
    order_statuses,
    payment_methods,
    tasks,
    tax_classes,
)
from bodega.storage.table import Table
from bodega.tasks import queue

TABLES: tuple[Table, ...] = (queue.TABLE, channels.TABLE, currencies.TABLE, tax_classes.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (
    *information.routes,
    *tasks.routes,
    *channels.routes,
    *currencies.routes,
    *tax_classes.routes,
    *order_statuses.routes,
    *payment_methods.routes,
)
