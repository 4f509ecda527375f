"""Advancing a store's clock: from one moment at which something is due to the next, until all that became due has run.

In one leap a ladder of retries would be a single retry, and a product that is released on the way would be released at
the end. So the clock stops wherever the store itself says that something is due, and goes on when that is done.
"""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from msgspec.structs import replace

from bodega.access.stores import OpenStore
from bodega.clock import Clock
from bodega.lab.control.lab import Lab
from bodega.lab.control.problem import Problem
from bodega.storage import query

PATIENCE_SECONDS = 60.0
"""How long may take what is due at one moment: a receiver that does not answer takes ten seconds an attempt."""

MANY = 500
"""After so many moments the clock advances by at least this part of the whole way: the rest is done in larger leaps."""

FAR_SECONDS = 10 * 365 * 86_400
"""So far ahead it is looked for what is due next."""

_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.02

_WAITING = "SELECT {} FROM deliveries d JOIN hooks h ON h.id = d.hook_id WHERE d.state = 'waiting' AND h.is_active"
_DUE = _WAITING.format("1") + " AND d.next_at <= $1 LIMIT 1"
_NEXT = _WAITING.format("min(d.next_at)") + " AND d.next_at > $1"
_TASKS = "SELECT 1 FROM tasks WHERE state IN ('pending', 'running') LIMIT 1"


class Advanced(NamedTuple):
    """Where the clock is, and at how many moments something was due on the way."""

    clock: Clock
    moments: int


async def advance(lab: Lab, store_hash: str, seconds: float) -> Advanced:
    """Advances a store's clock; returns when all that became due has run. Raises Problem if that takes too long: the
    clock then stands at the moment whose work goes on."""
    async with lab.moving(store_hash):
        start = (await lab.record(store_hash)).clock
        began, moments = start.now(), 0
        store = await _settled(lab, store_hash)
        at = began
        while True:
            upon = await _next(lab, store, int(at), int(began + seconds))
            if upon is None:
                break
            moments += 1
            at = max(float(upon), at + seconds / MANY) if moments > MANY else float(upon)
            if at >= began + seconds:
                break
            await _set(lab, store_hash, start.advanced(at - began))
            store = await _settled(lab, store_hash)
        await _set(lab, store_hash, start.advanced(seconds))
        await _settled(lab, store_hash)
        return Advanced(start.advanced(seconds), moments)


async def put(lab: Lab, store_hash: str, clock: Clock) -> None:
    """Sets a store's clock. What is due then has run when this returns; on the way, if the clock went forward, nothing
    was due. Raises Problem as `advance`."""
    async with lab.moving(store_hash):
        await _set(lab, store_hash, clock)
        await _settled(lab, store_hash)


async def next_due(lab: Lab, store_hash: str) -> int | None:
    """When something is due in a store next, in UTC seconds by its clock; None if nothing is."""
    store = await lab.store(store_hash)
    now = int(store.clock.now())
    return await _next(lab, store, now, now + FAR_SECONDS)


async def _set(lab: Lab, store_hash: str, clock: Clock) -> None:
    await lab.registry.save_store(replace(await lab.record(store_hash), clock=clock))
    lab.stores.reread()


async def _settled(lab: Lab, store_hash: str) -> OpenStore:
    """The store, once nothing in it is due. Its workers were woken when its record was read again."""
    store = await lab.store(store_hash)
    await store.ready()
    patience = time.monotonic() + PATIENCE_SECONDS
    pause = _PAUSE_SECONDS
    while await _busy(lab, store):
        if time.monotonic() > patience:
            raise Problem(
                503, f"What is due in store {store_hash} goes on; ask again.", headers=((b"retry-after", b"5"),)
            )
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE_SECONDS)
    return store


async def _busy(lab: Lab, store: OpenStore) -> bool:
    rows = await store.ready()
    await lab.worker.sweep(store)
    if await rows.reader.row(_TASKS) is not None:
        lab.worker.wake_worker(store)
        return True
    return await rows.reader.row(_DUE, store.time()) is not None or lab.dispatcher.is_behind(store.record.hash)


async def _next(lab: Lab, store: OpenStore, after: int, until: int) -> int | None:
    """The next moment after `after`, and not later than `until`, at which something is due."""
    rows = await store.ready()
    found = [
        await query.value(rows.reader, _NEXT, after),
        await lab.worker.next_sweep(store, after, until),
        lab.dispatcher.idle_at(store.record.hash),
    ]
    return min((at for at in found if at is not None and after < at <= until), default=None)
