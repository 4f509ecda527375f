"""The open stores of this process: each with its rows, accounts and quotas, and its record in the registry."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from bodega.access.plans import DEFAULT, PLANS
from bodega.access.quota import Quota, quota_for
from bodega.access.quota_counts import KeptCount, kept_counts, restored
from bodega.access.settings import with_defaults
from bodega.clock import Clock
from bodega.log import Log
from bodega.storage import migrate
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import Backend
from bodega.storage.default_rows import insert_default_rows, missing_default_rows
from bodega.storage.model import NO_TABLES
from bodega.storage.registry import Account, Registry, StoreRecord, digest
from bodega.storage.rows import PageIndex, Rows
from bodega.storage.tx import Busy
from bodega.storage.unit import Terms
from bodega.storage.writer import Job

REMEMBERED = 4096
"""Credentials remembered by what was sent, so that a known token is not hashed again."""

AGAIN_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
"""The pause after a failed upgrade, doubled each time up to the longest."""

_HASH = re.compile(r"[a-z0-9-]{1,40}")


class OpenStore:
    """One store as this process knows it.

    `rows` is None while its schema is being upgraded; `tried` is set once that was tried. `closed` stores were deleted.
    `at_work` are the keys (client id, name) of the POSTs that this process is carrying out, `under_way` the ids of the
    requests of those actions of which only so many are answered at once.
    """

    def __init__(
        self,
        record: StoreRecord,
        accounts: list[Account],
        registry: Registry,
        *,
        shared: bool,
        kept: dict[str, KeptCount] | None = None,
    ) -> None:
        self.rows: Rows | None = None
        self.page_index = PageIndex()
        self.upgrade: asyncio.Task[None] | None = None
        self.tried = asyncio.Event()
        self.closed = False
        self.at_work: set[tuple[str, str]] = set()
        self.under_way: dict[object, set[str]] = {}
        self._registry = registry
        self._shared = shared
        self._quotas: dict[str, Quota] = {}
        self._kept = kept or {}
        self._latest = 0
        self.clock: Clock = record.clock
        self.learn(record, accounts)

    def learn(self, record: StoreRecord, accounts: list[Account]) -> None:
        """Takes over what the registry says now."""
        self.record = record
        self.time()  # the latest that the clock showed, before it is set
        self.clock = record.clock
        self.settings: dict[str, Any] = with_defaults(record.settings)
        plan = PLANS.get(record.plan, PLANS[DEFAULT])
        self.terms = Terms({**plan.limits, **record.limits}, self.settings)
        self.maintenance = record.maintenance
        self.suspended = bool(self.settings["suspended"])
        self.keeps_journal = self.settings["journal"] != "off"
        self.keeps_bodies = self.settings["journal"] == "full"
        self.by_token = {account.token_digest: account for account in accounts if account.kind == "oauth"}
        self.by_user = {account.username: account for account in accounts if account.kind == "basic"}
        self.by_client = {account.client_id: account for account in accounts}
        self.remembered: dict[bytes, Account] = {}

    def holder(self, token: bytes) -> Account | None:
        """The OAuth account that holds a token."""
        known = self.remembered.get(token)
        if known is not None:
            return known
        account = self.by_token.get(digest(token.decode("latin-1")))
        return self._remember(token, account)

    def user(self, header: bytes) -> Account | None:
        """The Basic account whose user name and token an Authorization header carries."""
        known = self.remembered.get(header)
        if known is not None:
            return known
        try:
            name, _, token = base64.b64decode(header.partition(b" ")[2], validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        account = self.by_user.get(name)
        right = hmac.compare_digest(account.token_digest if account else "", digest(token))
        return self._remember(header, account if right else None)

    def _remember(self, sent: bytes, account: Account | None) -> Account | None:
        if account is None or account.disabled:
            return None
        if len(self.remembered) < REMEMBERED:
            self.remembered[sent] = account
        return account

    def quota(self, account: Account) -> Quota:
        """The account's count; a changed quota starts a new one."""
        found = self._quotas.get(account.client_id)
        if found is None or found.epoch != account.quota_epoch:
            fresh = quota_for(account, shared=self._shared)
            kept = self._kept.pop(account.client_id, None)
            found = self._quotas[account.client_id] = restored(fresh, kept, self.clock.now())
        return found

    def quotas_now(self) -> Iterator[tuple[str, Quota]]:
        """The counts of this process by account."""
        yield from self._quotas.items()

    async def ready(self) -> Rows:
        """The rows, once the store is upgraded. Raises Busy when it is closed before."""
        if self.rows is None and self.upgrade is not None:
            await asyncio.wait([self.upgrade])
        if self.rows is None:
            raise Busy("the store was closed while it was upgraded")
        return self.rows

    def time(self) -> int:
        """What the store's clock shows now, in UTC seconds."""
        now = int(self.clock.now())
        self._latest = max(self._latest, now)
        return now

    async def write(self, job: Job) -> Any:
        """Runs a job in the store's next write transaction, by the store's clock and under its plan."""
        rows = await self.ready()
        now = self.time()
        went_back = self._latest > now
        return await rows.write(job, now, replace(self.terms, latest=self._latest) if went_back else self.terms)

    async def accounts_now(self) -> list[Account]:
        """The accounts as the registry has them at this moment. Raises Busy."""
        return await self._registry.accounts(self.record.hash)

    async def close(self) -> None:
        """Closes after the last waiting write; a running upgrade is cancelled and rolled back."""
        self.closed = True
        if self.upgrade is not None and not self.upgrade.done():
            self.upgrade.cancel()
            await asyncio.wait([self.upgrade])
        if self.rows is not None:
            await self.rows.close()


class Stores:
    """Opens stores when they are first asked for, and rereads their records after each change notification.

    `model` has the tables of every store and their rules; a store that is opened for the first time gets their default
    rows.
    """

    def __init__(
        self, backend: Backend, *, shared: bool = False, log: Log | None = None, model: DataModel = NO_TABLES
    ) -> None:
        self.backend = backend
        self.model = model
        self.registry = backend.registry
        self._shared = shared
        self._log = log or Log()
        self._open: dict[str, OpenStore] = {}
        self._fresh: dict[str, OpenStore | None] = {}
        self._rings = 0
        self._only: str | None = None
        self._learning = asyncio.Lock()
        self.opened: Callable[[OpenStore], None] | None = None

    def known(self, store_hash: str) -> OpenStore | None:
        """The store, if nothing has to be read for it: the usual case, without waiting."""
        self._listen()
        return self._fresh.get(store_hash)

    def holds(self, store_hash: str) -> bool:
        """Whether this process has the store open."""
        return store_hash in self._open

    def _listen(self) -> None:
        if self.registry.has_changed():
            self._fresh.clear()
            self._rings += 1
            self._only = None

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

    def _remember(self, store_hash: str, store: OpenStore | None) -> None:
        if len(self._fresh) > 100_000:  # unknown hashes are remembered too, but strangers must not fill the memory
            self._fresh.clear()
        self._fresh[store_hash] = store

    async def _learn(self, store_hash: str) -> OpenStore | None:
        record = await self.registry.store(store_hash)
        old = self._open.get(store_hash)
        if old is not None and (record is None or record.place != old.record.place):
            del self._open[store_hash]
            await old.close()
            old = None
        if record is None:
            return None
        accounts = await self.registry.accounts(store_hash)
        if old is not None:
            changed = record.revision != old.record.revision
            old.learn(record, accounts)
            if changed and self.opened is not None and old.rows is not None:
                self.opened(old)  # its rows may have been replaced, and a task with them
            return old
        kept = {} if self._shared else await kept_counts(self.registry.tx, store_hash)
        store = OpenStore(record, accounts, self.registry, shared=self._shared, kept=kept)
        if await self.backend.revision(record) == migrate.newest():
            await self._admit(store)
        else:
            store.upgrade = asyncio.create_task(self._upgrade(store))
        self._open[store_hash] = store
        return store

    async def _upgrade(self, store: OpenStore) -> None:
        """Retries until it succeeds: meanwhile the store answers 503, and the log says why."""
        pause = AGAIN_SECONDS
        while not await self._forward(store, pause):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _forward(self, store: OpenStore, pause: float) -> bool:
        try:
            await self.backend.migrate(store.record)
            await self._admit(store)
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            self._log.event("upgrade failed", store=store.record.hash, again_in_seconds=pause, traceback=text)
            return False
        finally:
            store.tried.set()
        return True

    async def _admit(self, store: OpenStore) -> None:
        rows = await self.backend.open(store.record, self.model)
        try:
            wanting = await missing_default_rows(rows.reader, self.model.tables)
            if wanting:
                await rows.write(partial(insert_default_rows, tables=wanting), int(store.clock.now()), store.terms)
        except BaseException:
            await rows.close()
            raise
        store.rows = rows
        if self.opened is not None:
            self.opened(store)

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
                if await self.backend.revision(record) == migrate.newest() and not await self.backend.has_tasks(record):
                    continue
                store = await self.get(record.hash)
                if store is not None and store.upgrade is not None:
                    await store.tried.wait()
            except Exception as error:
                text = "".join(traceback.format_exception(error))
                self._log.event("store cannot be opened", store=record.hash, traceback=text)

    async def close(self) -> None:
        """Closes every store after its last waiting write."""
        for store in self._open.values():
            await store.close()
        await self.backend.close()
