"""Sweeping: what a store keeps for a stated time, and no longer."""

from __future__ import annotations

from bodega.access.stores import OpenStore
from bodega.storage import keys
from bodega.tasks import queue


async def sweep(store: OpenStore) -> None:
    """Deletes what is old by the store's clock; a store in which nothing is old is only asked. Raises Busy."""
    assert store.rows is not None
    now = int(store.clock.now())
    reader = store.rows.reader
    if await reader.row(keys.OLD, now - keys.KEPT_SECONDS) is not None:
        await store.write(keys.sweep)
    if await reader.row(queue.OLD, now - store.settings[queue.KEPT], 1) is not None:
        await store.write(queue.sweep)
