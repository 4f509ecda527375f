"""Creating a store: first its database, then its record, so that a store that the registry knows has a database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bodega.clock import Clock
from bodega.storage.backend import Backend
from bodega.storage.registry import Account, Exists, StoreRecord, new_place


async def create_store(
    backend: Backend,
    store_hash: str,
    plan: str,
    settings: dict[str, Any],
    created: int,
    server: str = "",
    *,
    make: Callable[[StoreRecord], Awaitable[None]] | None = None,
    limits: Mapping[str, int] | None = None,
    clock: Clock | None = None,
    accounts: Sequence[Account] = (),
) -> StoreRecord:
    """A new store with its database and accounts; `make` makes that instead of the backend. Raises Exists, with the
    hash or the client id that is taken, and Busy.

    If it is interrupted, what was made of the database belongs to nobody: on PostgreSQL the next store of this hash
    gets it, which is empty.
    """
    registry = backend.registry
    if await registry.store(store_hash) is not None:
        raise Exists(store_hash)
    draft = StoreRecord(
        store_hash,
        0,
        plan,
        dict(limits or {}),
        settings,
        False,
        clock or Clock(),
        created,
        1,
        new_place(),
        server=server,
    )
    try:
        await (make or backend.create)(draft)
        return await registry.add_store(
            store_hash, plan, settings, created, server, draft.place, limits=limits, clock=clock, accounts=accounts
        )
    except BaseException:
        await backend.withdraw(draft)
        raise
