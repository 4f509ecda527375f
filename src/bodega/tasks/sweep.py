"""Sweeping: what happens in a store because time passes, by its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bodega.access.accounts import INSIDE
from bodega.access.stores import OpenStore
from bodega.kit.resource import Revoked, Sweep
from bodega.storage import keys
from bodega.storage.unit import Unit
from bodega.tasks import queue

OF_EVERY_STORE = (
    Sweep(keys.OLD, lambda now, _settings: (now - keys.KEPT_SECONDS,), keys.sweep),
    Sweep(queue.OLD, lambda now, settings: (now - settings[queue.KEPT], 1), queue.sweep),
)
"""What is due whatever a store sells; a resource whose rows expire declares its own."""


MOST_PARTS = 1_000
"""Of a sweep that is to end with nothing due: each does a limited part, and one that does nothing must not go on."""


async def sweep_all(store: OpenStore, of_resources: Sequence[Sweep] = ()) -> None:
    """As `sweep`, until nothing is due. Raises Busy."""
    for _ in range(MOST_PARTS):
        if not await sweep(store, of_resources):
            return


async def next_sweep(store: OpenStore, of_resources: Sequence[Sweep], after: int, until: int) -> int | None:
    """The first moment after `after`, not later than `until`, at which something is due, if nothing is due before.
    It is looked for by halving: what is due once stays so until it is done. Raises Busy."""
    assert store.rows is not None
    found = None
    for item in (*OF_EVERY_STORE, *of_resources):
        low, high = after, until if found is None else found
        if low >= high or not await _is_due(store, item, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if await _is_due(store, item, middle):
                high = middle
            else:
                low = middle
        found = high
    return found


async def _is_due(store: OpenStore, item: Sweep, now: int) -> bool:
    assert store.rows is not None
    return await store.rows.reader.row(item.due, *item.values(now, store.settings)) is not None


async def forget_revoked(store: OpenStore, of_resources: Sequence[Revoked]) -> None:
    """Does what accounts that were revoked leave to do. Raises Busy."""
    for item in of_resources:
        assert store.rows is not None
        known = [client for (client,) in await store.rows.reader.rows(item.known)]
        gone = [client for client in known if client not in store.by_client and client not in INSIDE]
        if gone:
            await store.write(partial(_forget, item, gone))


async def _forget(item: Revoked, gone: Sequence[str], unit: Unit) -> None:
    await item.job(unit, gone)


async def sweep(store: OpenStore, of_resources: Sequence[Sweep] = ()) -> bool:
    """Does what is due, or a part of it, and returns whether there was anything; a store with nothing due is only
    read. Raises Busy."""
    now, found = int(store.clock.now()), False
    for item in (*OF_EVERY_STORE, *of_resources):
        if await _is_due(store, item, now):
            await store.write(item.job)
            found = True
    return found
