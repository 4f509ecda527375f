"""Sweeping: what happens in a store because time passes, by its own clock."""

from __future__ import annotations

from collections.abc import Sequence

from bodega.access.stores import OpenStore
from bodega.kit.resource import Sweep
from bodega.storage import keys
from bodega.tasks import queue

OF_EVERY_STORE = (
    Sweep(keys.OLD, lambda now, _settings: (now - keys.KEPT_SECONDS,), keys.sweep),
    Sweep(queue.OLD, lambda now, settings: (now - settings[queue.KEPT], 1), queue.sweep),
)
"""What is due whatever a store sells; a resource whose rows expire declares its own."""


async def sweep(store: OpenStore, of_resources: Sequence[Sweep] = ()) -> None:
    """Does what is due; a store with nothing due is only read. Raises Busy."""
    assert store.rows is not None
    now = int(store.clock.now())
    for item in (*OF_EVERY_STORE, *of_resources):
        if await store.rows.reader.row(item.due, *item.values(now, store.settings)) is not None:
            await store.write(item.job)
