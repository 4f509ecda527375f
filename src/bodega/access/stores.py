"""The open stores of this process: each with its rows, accounts and quotas, and its record in the registry."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Callable, Iterator

from bodega.access.open_store import OpenStore
from bodega.access.opening import Opening
from bodega.access.quota import Quota
from bodega.access.quota_counts import kept_counts
from bodega.log import Log
from bodega.storage import migrate
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import Backend
from bodega.storage.model import NO_TABLES
from bodega.storage.registry import StoreRecord
from bodega.storage.rows import Rows
from bodega.storage.tx import Busy, Damaged

__all__ = ["OpenStore", "Stores"]

_HASH = re.compile(r"[a-z0-9-]{1,40}")


class Stores:
    """Opens stores when they are first asked for, and rereads their records after each change notification.

    `model` has the tables of every store and their rules; a store that is opened for the first time gets their default
    rows. `shared`: other processes may change the registry.
    """

    def __init__(
        self, backend: Backend, *, shared: bool = False, log: Log | None = None, model: DataModel = NO_TABLES
    ) -> None:
        self.backend = backend
        self.registry = backend.registry
        self.shared = shared
        self._log = log or Log()
        self._open: dict[str, OpenStore] = {}
        self._fresh: dict[str, OpenStore | None] = {}
        self._rings = 0
        self._only: str | None = None
        self._learning = asyncio.Lock()
        self._looks = 0
        self._losing: dict[str, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.opened: Callable[[OpenStore], None] | None = None
        self._opening = Opening(backend, model, self._log, self._was_opened, self._suspect)

    def known(self, store_hash: str) -> OpenStore | None:
        """The store, if nothing has to be read for it: the usual case, without waiting."""
        if self.registry.has_changed():
            self.reread()
        return self._fresh.get(store_hash)

    def opened_already(self, store_hash: str) -> OpenStore | None:
        """A store that this process has opened, though its record may have changed since."""
        return self._open.get(store_hash)

    def holds(self, store_hash: str) -> bool:
        """Whether this process has the store open."""
        return store_hash in self._open

    def _listen(self) -> None:
        if self.registry.has_changed():
            self.reread()

    def reread(self) -> None:
        """Everything in the registry may have changed, though no notification of it was heard yet."""
        self._fresh.clear()
        self._rings += 1
        self._only = None

    @property
    def changes(self) -> int:
        """How many change notifications this process has heard of."""
        self._listen()
        return self._rings

    def open_stores(self) -> list[OpenStore]:
        """The stores that this process has open."""
        return list(self._open.values())

    def opened_now(self) -> list[Rows]:
        """The rows of every store that this process has open."""
        return [store.rows for store in self._open.values() if store.rows is not None]

    def quotas_now(self) -> Iterator[tuple[str, Quota]]:
        """The counts of this process by account."""
        for store in self._open.values():
            yield from store.quotas_now()

    async def get(self, store_hash: str) -> OpenStore | None:
        """The store of this hash, or None; its rows may still be upgrading."""
        found = self.known(store_hash)
        if found is not None:
            return found
        if not _HASH.fullmatch(store_hash):  # not worth a query, nor memory
            return None
        async with self._learning:
            if store_hash in self._fresh:
                return self._fresh[store_hash]
            rings = self._rings
            store = await self._learn(store_hash)
            if rings == self._rings:  # else what was read may already be stale
                self._remember(store_hash, store)
            return store

    async def looked_up(self, store: OpenStore) -> OpenStore | None:
        """A store with its accounts as the registry has them now: where it is `shared`, the notification that tells of
        a new account comes a moment after the account. Who asks while others look shares the next look."""
        before = self._looks
        async with self._learning:
            if self._looks == before:
                self._looks += 1
                return await self._learn(store.record.hash)
            return self._open.get(store.record.hash)

    def _remember(self, store_hash: str, store: OpenStore | None) -> None:
        if len(self._fresh) > 100_000:  # unknown hashes are remembered too, but strangers must not fill the memory
            self._fresh.clear()
        self._fresh[store_hash] = store

    async def _learn(self, store_hash: str) -> OpenStore | None:
        record = await self.registry.store(store_hash)
        old = self._open.get(store_hash)
        if old is not None and (record is None or record.place != old.record.place):
            del self._open[store_hash]
            await old.close(gone=True)
            old = None
        if record is None:
            return None
        accounts = await self.registry.accounts(store_hash)
        if old is not None:
            changed = record.revision != old.record.revision
            before = old.by_client.keys()
            old.learn(record, accounts)
            if changed:
                old.again.set()  # perhaps it was recovered
            lost = before - old.by_client.keys()
            if (changed or lost) and self.opened is not None and old.rows is not None:
                self.opened(old)  # its rows may have been replaced, and a task with them; an account may be gone
            return old
        kept = {} if self.shared else await kept_counts(self.registry.tx, store_hash)
        store = OpenStore(record, accounts, self.registry, shared=self.shared, kept=kept)
        await self._opening.begin(store)
        self._open[store_hash] = store
        return store

    def _was_opened(self, store: OpenStore) -> None:
        if self.opened is not None:
            self.opened(store)

    def _suspect(self, store: OpenStore, error: Damaged) -> None:
        """A statement found the database damaged, or deleted."""
        name = store.record.hash
        if not store.closed and name not in self._losing:
            self._losing[name] = asyncio.create_task(self._lose(store, error))

    async def _lose(self, store: OpenStore, error: Damaged) -> None:
        """Closes a damaged store; it keeps its place here as one that answers 503."""
        record = store.record
        try:
            async with self._learning:
                current = await self.registry.store(record.hash)
                if self._open.get(record.hash) is not store or current is None or current.place != record.place:
                    return  # it was deleted, or recovered already
                try:
                    if not error.sure:
                        await self.backend.inspect(record)
                        return
                except Damaged as found:
                    error = found
                accounts = await self.registry.accounts(record.hash)
                kept = {} if self.shared else await kept_counts(self.registry.tx, record.hash)
                lost = OpenStore(current, accounts, self.registry, shared=self.shared, kept=kept)
                self._opening.refuse(lost, error, thorough=True)
                self._open[record.hash] = lost
                self._fresh.pop(record.hash, None)
                self._closing.add(closing := asyncio.create_task(store.close()))
                closing.add_done_callback(self._closing.discard)
        except Busy:
            pass  # the registry cannot be reached: the next statement tells again
        finally:
            self._losing.pop(record.hash, None)

    async def damage(self, store_hash: str) -> str:
        """What is damaged of a store, once that is known for certain; empty if it is not, or no longer there."""
        losing = self._losing.get(store_hash)
        if losing is not None:
            await asyncio.wait([losing])
        store = await self.get(store_hash)
        return store.damage if store is not None else ""

    @property
    def damaged(self) -> list[str]:
        """The hashes of the stores that this process found damaged."""
        return [name for name, store in self._open.items() if store.damage]

    async def only(self) -> str:
        """The hash of the only or the oldest store, for a Host name that names none; empty when there is none."""
        self._listen()
        if self._only is None:
            records = await self.registry.stores()
            self._only = min(records, key=lambda record: record.number).hash if records else ""
        return self._only

    async def wake_all(self) -> None:
        """Migrates every store and opens those with waiting tasks, one after the other.

        Stores that are requested meanwhile come first; one that cannot be opened does not hold up the others.
        """
        for record in await self.registry.stores():
            await asyncio.sleep(0)
            try:
                if await self._rests(record):
                    continue
                store = await self.get(record.hash)
                if store is not None and store.upgrade is not None:
                    await store.tried.wait()
            except Exception as error:
                text = "".join(traceback.format_exception(error))
                self._log.event("store cannot be opened", store=record.hash, traceback=text)

    async def wake(self, store_hash: str) -> None:
        """Opens a store that nobody asked for yet, if another process left work in it."""
        if store_hash not in self._open:
            record = await self.registry.store(store_hash)
            if record is not None and not await self._rests(record):
                await self.get(store_hash)

    async def _rests(self, record: StoreRecord) -> bool:
        """Whether there is no reason to open a store before it is asked for."""
        try:
            current = await self.backend.revision(record) == migrate.newest()
            return current and not await self.backend.has_tasks(record)
        except Damaged:
            return False

    async def close(self) -> None:
        """Closes every store after its last waiting write."""
        for tasks in (list(self._losing.values()), list(self._closing)):
            await asyncio.gather(*tasks, return_exceptions=True)
        for store in self._open.values():
            await store.close()
        await self.backend.close()
