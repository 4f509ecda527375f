"""One store as this process knows it: its rows, its accounts and their quotas, its record in the registry."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from bodega.access.plans import DEFAULT, PLANS
from bodega.access.quota import Quota, SharedQuota, WindowQuota, quota_for
from bodega.access.quota_counts import KeptCount, restored
from bodega.access.settings import OFF, SHOP_QUOTA, with_defaults
from bodega.access.shop_quota import quota_of_shop
from bodega.clock import Clock
from bodega.storage.registry import Account, Registry, StoreRecord, digest
from bodega.storage.rows import PageIndex, Rows
from bodega.storage.tx import Busy, Damaged, Newer
from bodega.storage.unit import Terms
from bodega.storage.writer import Job

REMEMBERED = 4096
"""Credentials remembered by what was sent, so that a known token is not hashed again."""


class OpenStore:
    """One store as this process knows it.

    `rows` is None while its schema is being upgraded, and as long as its database is damaged: then `damage` says how.
    It is None, too, while only a newer version can serve it (`newer`), which answers as if it were being upgraded.
    `tried` is set once it was tried to open it, `again` has it tried at once. `closed` stores were deleted, or damaged.
    `at_work` are the keys (client id, name) of the POSTs that this process is carrying out, `under_way` the ids of the
    requests of those actions of which only so many are answered at once. `learned` counts how often `learn` was called:
    what follows from the record and the accounts holds as long as it stays.
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
        self.again = asyncio.Event()
        self.damage = ""
        self.newer: Newer | None = None
        self.closed = False
        self.at_work: set[tuple[str, str]] = set()
        self.under_way: dict[object, set[str]] = {}
        self._registry = registry
        self._shared = shared
        self._quotas: dict[str, Quota] = {}
        self._of_shop: WindowQuota | SharedQuota | None = None
        self._kept = kept or {}
        self._latest = 0
        self.learned = 0
        self.clock: Clock = record.clock
        self.now: Callable[[], float] = record.clock.reader
        """What the store's clock shows now, in UTC seconds."""
        self.learn(record, accounts)

    def learn(self, record: StoreRecord, accounts: list[Account]) -> None:
        """Takes over what the registry says now."""
        self.learned += 1
        self.record = record
        self.time()  # the latest that the clock showed, before it is set
        self.clock = record.clock
        self.clock_is_live = record.clock == Clock()
        self.now = record.clock.reader
        self.settings: dict[str, Any] = with_defaults(record.settings)
        plan = PLANS.get(record.plan, PLANS[DEFAULT])
        self.terms = Terms({**plan.limits, **record.limits}, self.settings, store=record.hash)
        self.maintenance = record.maintenance
        self.suspended = bool(self.settings["suspended"])
        self.keeps_journal = self.settings["journal"] != "off"
        self.keeps_bodies = self.settings["journal"] == "full"
        self.by_token = {account.token_digest: account for account in accounts if account.kind == "oauth"}
        self.by_user = {account.username: account for account in accounts if account.kind == "basic"}
        self.by_client = {account.client_id: account for account in accounts}
        self.remembered: dict[bytes, Account] = {}

    async def keep_key(self, name: str, key: str) -> None:
        """Keeps a private key of the store, sealed. Raises NoKey."""
        await self._registry.keep_key(self.record.hash, name, key)

    async def kept_key(self, name: str) -> str:
        """A private key of the store; empty if there is none, or if it cannot be opened."""
        return await self._registry.kept_key(self.record.hash, name)

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

    def shop_quota(self) -> WindowQuota | SharedQuota | None:
        """The count of the store's shoppers; None if they have no quota."""
        said = self.settings[SHOP_QUOTA]
        if said == OFF:
            return None
        if self._of_shop is None or self._of_shop.quota != int(said):
            self._of_shop = quota_of_shop(self.record.hash, int(said), self._of_shop, shared=self._shared)
        return self._of_shop

    def quotas_now(self) -> Iterator[tuple[str, Quota]]:
        """The counts of this process by account."""
        yield from self._quotas.items()

    async def ready(self) -> Rows:
        """The rows, once the store is upgraded. Raises Damaged, Newer, or Busy when it is closed before."""
        if self.rows is None and self.upgrade is not None:
            trying = asyncio.create_task(self.tried.wait())
            await asyncio.wait([self.upgrade, trying], return_when=asyncio.FIRST_COMPLETED)
            trying.cancel()
            if not self.damage and not self.newer:
                await asyncio.wait([self.upgrade])
        if self.rows is None and self.damage:
            raise Damaged(self.damage, self.record.hash)
        if self.rows is None and self.newer:
            raise self.newer
        if self.rows is None:
            raise Busy("the store was closed while it was upgraded")
        return self.rows

    def time(self) -> int:
        """What the store's clock shows now, in UTC seconds."""
        read = self.now
        now = int(read())
        if now > self._latest:
            self._latest = now
        return now

    async def write(self, job: Job) -> Any:
        """Runs a job in the store's next write transaction, by the store's clock and under its plan."""
        rows = self.rows if self.rows is not None else await self.ready()
        now = self.time()
        went_back = self._latest > now
        return await rows.write(job, now, replace(self.terms, latest=self._latest) if went_back else self.terms)

    async def accounts_now(self) -> list[Account]:
        """The accounts as the registry has them at this moment. Raises Busy."""
        return await self._registry.accounts(self.record.hash)

    async def close(self, *, gone: bool = False) -> None:
        """Closes after the last waiting write; a running upgrade is cancelled and rolled back. `gone`: the store was
        deleted."""
        self.closed = True
        if self.upgrade is not None and not self.upgrade.done():
            self.upgrade.cancel()
            await asyncio.wait([self.upgrade])
        if self.rows is not None:
            self.rows.gone = gone
            await self.rows.close()
