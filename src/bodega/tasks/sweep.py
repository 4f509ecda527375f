"""Sweeping: what happens in a store because time passes, by its own clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bodega.access.stores import OpenStore
from bodega.storage import keys
from bodega.storage.unit import Unit
from bodega.tasks import queue


class Sweep(NamedTuple):
    """`due` is a query that finds a row when there is something to do, and its parameters at a time (UTC seconds) in a
    store with these settings; `job` does it, a bounded part at once."""

    due: str
    values: Callable[[int, dict[str, Any]], tuple[Any, ...]]
    job: Callable[[Unit], Awaitable[None]]


SWEEPS: list[Sweep] = [
    Sweep(keys.OLD, lambda now, _settings: (now - keys.KEPT_SECONDS,), keys.sweep),
    Sweep(queue.OLD, lambda now, settings: (now - settings[queue.KEPT], 1), queue.sweep),
]
"""All sweeps; a resource whose rows expire adds its own."""


async def sweep(store: OpenStore) -> None:
    """Does what is due; a store with nothing due is only read. Raises Busy."""
    assert store.rows is not None
    now = int(store.clock.now())
    for item in SWEEPS:
        if await store.rows.reader.row(item.due, *item.values(now, store.settings)) is not None:
            await store.write(item.job)
