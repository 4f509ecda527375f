"""The registry: which stores there are, their plans, settings and accounts. A small database beside the stores.

Accounts are kept here and not in their store, so that restoring a snapshot never revives a revoked token.
Every change sends a change notification; servers reread what they need at the next request.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec

from bodega.clock import Clock
from bodega.storage import query
from bodega.storage.sealing import Sealer
from bodega.storage.tx import Clash, Record, Tx


class Account(msgspec.Struct, frozen=True):
    """An API account. `kind` is "oauth" (X-Auth-Token, a quota a window) or "basic" (user, token, a quota an hour).

    `per_hour` of an OAuth account is a quota beside its window; below zero it has none. `secret` is empty if it cannot
    be read without its key (sealing.py).
    """

    client_id: str
    store: str
    name: str
    kind: str
    username: str
    token_digest: str
    secret: str
    scopes: frozenset[str]
    per_hour: int
    per_window: int
    disabled: bool
    created: int
    quota_epoch: int


class StoreRecord(msgspec.Struct, frozen=True):
    """What the registry knows of a store. `limits` are the store's own and override the plan's.

    `place` is unique for each store ever created: one that is deleted and created again under the same hash is another
    store, and shares no file with the first, which a server may still have open.
    """

    hash: str
    number: int
    plan: str
    limits: dict[str, int]
    settings: dict[str, Any]
    maintenance: bool
    clock: Clock
    created: int
    revision: int
    place: str = ""
    server: str = ""
    """The URL of the PostgreSQL server that holds the store; empty: the one that holds the registry."""


class Exists(Exception):
    """A store or account of that name exists already."""


def digest(token: str) -> str:
    """The digest that is kept of a token: tokens are random, so a plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """A token as hard to guess as a 256-bit number."""
    return secrets.token_urlsafe(32)


def new_place() -> str:
    """A place that no store ever had."""
    return secrets.token_hex(4)


def _store(row: Record) -> StoreRecord:
    store_hash, number, plan, limits, settings, maintenance, clock, *others = row
    decode = msgspec.json.decode
    read = (decode(limits), decode(settings), bool(maintenance), decode(clock, type=Clock))
    return StoreRecord(store_hash, number, plan, *read, *others)


def _account(row: Record) -> Account:
    client_id, store, name, kind, username, token_digest, secret, scopes, *numbers = row
    per_hour, per_window, disabled, created, epoch = numbers
    words = (client_id, store, name, kind, username, token_digest, secret)
    return Account(*words, frozenset(scopes.split()), per_hour, per_window, bool(disabled), created, epoch)


_NEXT = "(SELECT max(revision) FROM stores) + 1"
"""Revisions of stores grow together: `changed_since` finds what changed."""

_STORE = "SELECT hash, number, plan, limits, settings, maintenance, clock, created, revision, place, server FROM stores"
_ACCOUNT = (
    "SELECT client_id, store, name, kind, username, token_digest, secret, scopes, per_hour, per_window, disabled,"
    " created, quota_epoch FROM accounts"
)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


class Registry:
    """Reads and writes the registry; every write is one statement. `notify_change` informs the servers.

    `sealer` seals the secrets that are written, and opens those that are read.
    """

    def __init__(self, tx: Tx, sealer: Sealer) -> None:
        self.tx = tx
        self.sealer = sealer
        self.on_task: Callable[[str], None] = lambda _store_hash: None
        self.on_delivery: Callable[[str], None] = lambda _store_hash: None

    async def announce_task(self, store_hash: str) -> None:
        """Tells the other processes that a store has a task; each calls its `on_task` (with "" if it may have missed
        some). SQLite has no other process. Raises Busy."""

    async def announce_delivery(self, store_hash: str) -> None:
        """Like `announce_task`, for deliveries; calls `on_delivery`."""

    async def notify_change(self) -> None:
        """Tells every server that something changed."""
        raise NotImplementedError

    def has_changed(self) -> bool:
        """Whether something changed since the last call. Called at every request, so it must cost next to nothing."""
        raise NotImplementedError

    async def shred(self) -> None:
        """Overwrites what was deleted or replaced, where this program can: in a file, not on a database server."""

    async def close(self) -> None:
        """Closes the database."""
        raise NotImplementedError

    async def stores(self) -> list[StoreRecord]:
        """All stores by hash."""
        return [self._opened(_store(row)) for row in await self.tx.rows(_STORE + " ORDER BY hash")]

    async def store(self, store_hash: str) -> StoreRecord | None:
        """One store."""
        row = await self.tx.row(_STORE + " WHERE hash = $1", store_hash)
        return None if row is None else self._opened(_store(row))

    def _opened(self, record: StoreRecord) -> StoreRecord:
        """The record with the address of its server, which stays sealed if its key is missing."""
        if not record.server:
            return record
        server = self.sealer.open(record.server, f"store {record.hash}")
        return record if server is None else msgspec.structs.replace(record, server=server)

    async def accounts(self, store_hash: str) -> list[Account]:
        """A store's accounts, oldest first."""
        return [
            msgspec.structs.replace(account, secret=self.open_secret(account.secret, account.client_id))
            for account in await self.sealed_accounts(store_hash)
        ]

    def open_secret(self, sealed: str, client_id: str) -> str:
        """The client secret of an account or an app; empty if its key is missing."""
        return self.sealer.open(sealed, f"client {client_id}") or ""

    def seal_secret(self, secret: str, client_id: str) -> str:
        """The sealed form of a client secret. Raises NoKey."""
        return self.sealer.seal(secret, f"client {client_id}")

    async def keep_key(self, store_hash: str, name: str, key: str) -> None:
        """Keeps a private key of a store, sealed, under a name; it is gone with the store. Raises NoKey."""
        kept = f"{store_hash}/{name}"
        sql = (
            "INSERT INTO site_keys (name, store, sealed) VALUES ($1, $2, $3)"
            " ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed"
        )
        await self.tx.run(sql, kept, store_hash, self.sealer.seal(key, f"site key {kept}"))

    async def kept_key(self, store_hash: str, name: str) -> str:
        """A private key that was kept; empty if there is none, or if the key that sealed it is missing."""
        kept = f"{store_hash}/{name}"
        sealed = await query.value(self.tx, "SELECT sealed FROM site_keys WHERE name = $1", kept)
        return (self.sealer.open(sealed, f"site key {kept}") or "") if sealed else ""

    async def sealed_accounts(self, store_hash: str) -> list[Account]:
        """A store's accounts with their secrets as they are kept."""
        return [
            _account(row)
            for row in await self.tx.rows(_ACCOUNT + " WHERE store = $1 ORDER BY created, client_id", store_hash)
        ]

    async def add_store(
        self,
        store_hash: str,
        plan: str,
        settings: dict[str, Any],
        created: int,
        server: str = "",
        place: str = "",
        *,
        limits: Mapping[str, int] | None = None,
        clock: Clock | None = None,
        accounts: Sequence[Account] = (),
    ) -> StoreRecord:
        """Adds a store to the registry, with these accounts; its database must be there already, at the `place` (see
        creating.py). Raises Exists, with the hash or the client id that is taken, and NoKey."""
        sql = (
            "INSERT INTO stores (hash, number, plan, limits, settings, maintenance, clock, created, revision, place,"
            " server) SELECT $1, coalesce(max(number), 999) + 1, $2, $3, $4, 0, $5, $6, 1, $7, $8 FROM stores"
        )
        server = self.sealer.seal(server, f"store {store_hash}")
        facts = (_json(limits or {}), _json(settings), _json(clock) if clock else "{}")
        async with self.tx_of_several() as tx:
            try:
                await tx.run(sql, store_hash, plan, *facts, created, place or new_place(), server)
            except Clash as error:
                raise Exists(store_hash) from error
            for account in accounts:
                await self._insert_account(tx, account)
        await self.notify_change()
        record = await self.store(store_hash)
        assert record is not None
        return record

    def tx_of_several(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction for several statements: none of them counts if one is refused."""
        raise NotImplementedError

    async def save_store(self, record: StoreRecord) -> None:
        """Saves the members of a store's record that can be changed."""
        sql = (
            "UPDATE stores SET plan = $2, limits = $3, settings = $4, maintenance = $5, clock = $6,"
            f" revision = {_NEXT} WHERE hash = $1"
        )
        values = (_json(record.limits), _json(record.settings), int(record.maintenance), _json(record.clock))
        await self.tx.run(sql, record.hash, record.plan, *values)
        await self.notify_change()

    async def rows_changed(self, store_hash: str) -> None:
        """Tells the servers that another process wrote to a store: there may be tasks and events to see to."""
        await self.tx.run(f"UPDATE stores SET revision = {_NEXT} WHERE hash = $1", store_hash)
        await self.notify_change()
        await self.announce_task(store_hash)
        await self.announce_delivery(store_hash)

    async def changed_since(self, revision: int, most: int) -> list[tuple[str, int]]:
        """Stores with a greater revision than this, with their revisions, in this order."""
        sql = f"SELECT hash, revision FROM stores WHERE revision > $1 ORDER BY revision LIMIT {int(most)}"
        return [(name, revision) for name, revision in await self.tx.rows(sql, revision)]

    async def newest_revision(self) -> int:
        """The greatest revision of any store; 0 without stores."""
        found: int = await query.value(self.tx, "SELECT coalesce(max(revision), 0) FROM stores")
        return found

    async def move_store(self, record: StoreRecord, place: str, server: str | None = None) -> None:
        """Registers another place of a store, and another server if one is given: servers close the old one and open
        the new. Raises NoKey."""
        sealed = self.sealer.seal(record.server if server is None else server, f"store {record.hash}")
        sql = f"UPDATE stores SET place = $2, server = $3, revision = {_NEXT} WHERE hash = $1"
        await self.tx.run(sql, record.hash, place, sealed)
        await self.notify_change()

    async def drop_store(self, store_hash: str) -> None:
        """Deletes the records of a store and its accounts."""
        await self.tx.run("DELETE FROM stores WHERE hash = $1", store_hash)
        await self.notify_change()

    async def add_account(self, account: Account) -> None:
        """Adds a new account; its secret may be sealed already, as in a backup. Raises Exists, NoKey."""
        await self._insert_account(self.tx, account)
        await self.notify_change()

    async def _insert_account(self, tx: Tx, account: Account) -> None:
        sql = (
            "INSERT INTO accounts (client_id, store, name, kind, username, token_digest, secret, scopes, per_hour,"
            " per_window, disabled, created, quota_epoch)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        )
        fields = msgspec.structs.asdict(account)
        fields["secret"] = self.seal_secret(account.secret, account.client_id)
        fields |= {"scopes": " ".join(sorted(account.scopes)), "disabled": int(account.disabled)}
        try:
            await tx.run(sql, *fields.values())
        except Clash as error:
            raise Exists(account.client_id) from error

    async def save_account(self, account: Account) -> None:
        """Saves the members of an account that can be changed."""
        sql = (
            "UPDATE accounts SET scopes = $2, per_hour = $3, per_window = $4, disabled = $5, quota_epoch = $6"
            " WHERE client_id = $1"
        )
        scopes = " ".join(sorted(account.scopes))
        values = (account.per_hour, account.per_window, int(account.disabled), account.quota_epoch)
        await self.tx.run(sql, account.client_id, scopes, *values)
        await self.notify_change()

    async def save_secret(self, client_id: str, secret: str) -> None:
        """Gives an account another client secret. Raises NoKey."""
        sealed = self.seal_secret(secret, client_id)
        await self.tx.run("UPDATE accounts SET secret = $2 WHERE client_id = $1", client_id, sealed)
        await self.notify_change()

    async def drop_account(self, store_hash: str, client_id: str) -> bool:
        """Revokes an account; returns whether it existed."""
        known = [account.client_id for account in await self.accounts(store_hash)]
        await self.tx.run("DELETE FROM accounts WHERE store = $1 AND client_id = $2", store_hash, client_id)
        await self.notify_change()
        return client_id in known
