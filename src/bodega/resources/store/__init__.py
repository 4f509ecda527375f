"""The store itself: information, time, tasks, channels, and what all stores have alike."""

from __future__ import annotations

from bodega.declare.route import Route
from bodega.resources.store import channels, information, order_statuses, payment_methods, tasks
from bodega.storage.table import Table
from bodega.tasks import queue

TABLES: tuple[Table, ...] = (queue.TABLE, channels.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (
    *information.routes,
    *tasks.routes,
    *channels.routes,
    *order_statuses.routes,
    *payment_methods.routes,
)
