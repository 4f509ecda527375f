"""What the operations of the lab work on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from bodega.access.stores import OpenStore, Stores
from bodega.events.dispatcher import Dispatcher
from bodega.http.app_context import AppContext
from bodega.journal.sync import JournalSync
from bodega.lab.control.problem import Problem, unknown_store
from bodega.lab.control.works import Works
from bodega.lab.faults.injector import FaultInjector
from bodega.log import Log
from bodega.storage.backend import Backend
from bodega.storage.registry import Registry, StoreRecord
from bodega.storage.rows import Rows
from bodega.tasks.worker import Worker


@dataclass(frozen=True)
class Lab:
    """The parts of a running server. `key` is what `--lab-key` gave; without one the lab is for this machine only."""

    stores: Stores
    journal: JournalSync
    worker: Worker
    dispatcher: Dispatcher
    log: Log
    key: str | None = None
    app: AppContext | None = None
    faults: FaultInjector | None = None
    works: Works = field(default_factory=Works)
    _locks: dict[str, tuple[asyncio.Lock, int]] = field(default_factory=dict)

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncIterator[None]:
        lock, others = self._locks.get(name, (asyncio.Lock(), 0))
        self._locks[name] = lock, others + 1
        try:
            async with lock:
                yield
        finally:
            # A lock that was let go is free for a moment though others wait for it: so they are counted.
            _, others = self._locks.pop(name)
            if others > 1:
                self._locks[name] = lock, others - 1

    def making(self, store_hash: str) -> AbstractAsyncContextManager[None]:
        """One at a time makes a store of this hash in this process: a second one would fill what the first has made."""
        return self._alone(f"making {store_hash}")

    def moving(self, store_hash: str) -> AbstractAsyncContextManager[None]:
        """One at a time moves a store's clock in this process."""
        return self._alone(f"moving {store_hash}")

    @property
    def backend(self) -> Backend:
        """Where the stores are."""
        return self.stores.backend

    @property
    def registry(self) -> Registry:
        """What is known of the stores and their accounts."""
        return self.stores.registry

    async def record(self, store_hash: str) -> StoreRecord:
        """What the registry knows of a store at this moment. Raises Problem."""
        found = await self.registry.store(store_hash)
        if found is None:
            raise unknown_store(store_hash)
        return found

    async def store(self, store_hash: str) -> OpenStore:
        """A store, opened. Raises Problem."""
        found = await self.stores.get(store_hash)
        if found is None:
            # A change of another process may not have been heard of yet.
            await self.record(store_hash)
            self.stores.reread()
            found = await self.stores.get(store_hash)
        if found is None:
            raise Problem(503, f"The store {store_hash} is being made.")
        return found

    async def rows(self, store_hash: str) -> Rows:
        """Its rows. Raises Problem, Damaged, Busy."""
        return await (await self.store(store_hash)).ready()
