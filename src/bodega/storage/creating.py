"""Creating a store: first its database, then its record, so that a store that the registry knows has a database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bodega.clock import Clock
from bodega.storage.backend import Backend
from bodega.storage.registry import Exists, StoreRecord, new_place


async def create_store(
    backend: Backend,
    store_hash: str,
    plan: str,
    settings: dict[str, Any],
    created: int,
    server: str = "",
    *,
    make: Callable[[StoreRecord], Awaitable[None]] | None = None,
) -> StoreRecord:
    """A new store with its database; `make` makes that instead of the backend. Raises Exists, Busy.

    If it is interrupted, what was made of the database belongs to nobody: on PostgreSQL the next store of this hash
    gets it, which is empty.
    """
    registry = backend.registry
    if await registry.store(store_hash) is not None:
        raise Exists(store_hash)
    draft = StoreRecord(store_hash, 0, plan, {}, settings, False, Clock(), created, 1, new_place(), server=server)
    await (make or backend.create)(draft)
    try:
        return await registry.add_store(store_hash, plan, settings, created, server, draft.place)
    except Exists:
        await backend.withdraw(draft)
        raise
