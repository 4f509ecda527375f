"""The store itself: information, time, tasks, channels."""

from __future__ import annotations

from bodega.declare.route import Route
from bodega.resources.store import channels, information, tasks
from bodega.storage.table import Table
from bodega.tasks import queue

TABLES: tuple[Table, ...] = (queue.TABLE, channels.TABLE)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (*information.routes, *tasks.routes, *channels.routes)
