"""Moving a store: to another server of the same registry, or to another place with all that its registry knows of it.

Writers wait while it is copied, and reads go on (docs/decisions/0036-moves.md). To another node of a Citus cluster it
moves without any of this: `PostgresBackend.move_to_node`.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bodega.access import owners, team
from bodega.lab.copies import complete
from bodega.storage import key_care
from bodega.storage.backend import Backend, NoCopy
from bodega.storage.creating import create_store
from bodega.storage.registry import Exists, Registry, StoreRecord
from bodega.storage.sealing import NoKey
from bodega.storage.tx import Damaged

_OF_ACCOUNTS = (
    (
        "SELECT client_id, quota_epoch, counts, held, held_until FROM quotas WHERE client_id = $1",
        "INSERT INTO quotas (client_id, quota_epoch, counts, held, held_until) VALUES ($1, $2, $3, $4, $5)",
    ),
    (
        "SELECT client_id, quota_epoch, counts, held, held_until FROM hour_quotas WHERE client_id = $1",
        "INSERT INTO hour_quotas (client_id, quota_epoch, counts, held, held_until) VALUES ($1, $2, $3, $4, $5)",
    ),
    (
        "SELECT client_id, used FROM account_uses WHERE client_id = $1",
        "INSERT INTO account_uses (client_id, used) VALUES ($1, $2)",
    ),
)
"""What the registry keeps of each account, by `client_id`: what is used of its quotas, and when it was last seen."""

_INVITATIONS = (
    "SELECT digest, store, email, expires, role FROM invitations WHERE store = $1",
    "INSERT INTO invitations (digest, store, email, expires, role) VALUES ($1, $2, $3, $4, $5)",
)

_FAULTS = (
    "SELECT id, store, number, rule, seen, created FROM faults WHERE store = $1",
    "INSERT INTO faults (id, store, number, rule, seen, created) VALUES ($1, $2, $3, $4, $5, $6)",
)

_APPS = (
    "SELECT client_id, name, secret, scopes, auth_url, load_url, uninstall_url, remove_user_url, created, owner"
    " FROM apps WHERE client_id IN (SELECT app FROM installations WHERE store = $1) ORDER BY created, client_id"
)


async def to_server(backend: Backend, record: StoreRecord, server: str) -> StoreRecord:
    """Moves the rows to another PostgreSQL server; the registry, and so the accounts, stay. Raises NoCopy, Damaged,
    Busy, NoKey."""
    there = msgspec.structs.replace(record, server=server)
    await backend.migrate(record)
    if await _is_there(backend, there):
        raise NoCopy(f"The server has a store {record.hash} already; nothing was done.")
    rebuilt = await backend.rebuild(there)
    try:
        async with backend.withheld(record):
            await _fill(backend, record, backend, rebuilt)
            await backend.settle(there, rebuilt)
    except BaseException:
        await backend.drop(rebuilt)
        raise
    await backend.registry.move_store(record, rebuilt.place, server)
    return msgspec.structs.replace(there, place=rebuilt.place)


async def to_place(backend: Backend, record: StoreRecord, other: Backend) -> StoreRecord:
    """Moves the store to a place with a registry of its own: the record, accounts, what is used of their quotas,
    owners, apps and invitations go with it. Raises NoCopy, Damaged, Busy, NoKey."""
    if (await key_care.state(other.registry)).lost:
        raise NoKey("the key file has no key of the place that the store is to move to")
    await backend.migrate(record)
    async with backend.withheld(record), _made_at(other, record) as made:
        await _fill(backend, record, other, made)
        await _carry(backend.registry, other.registry, record)
        moved = msgspec.structs.replace(made, limits=record.limits, clock=record.clock, maintenance=record.maintenance)
        await other.registry.save_store(moved)
    await backend.registry.drop_store(record.hash)
    await other.registry.announce_task(record.hash)
    return moved


async def _is_there(backend: Backend, record: StoreRecord) -> bool:
    try:
        return await backend.revision(record) > 0
    except Damaged:
        return False


@asynccontextmanager
async def _made_at(other: Backend, record: StoreRecord) -> AsyncIterator[StoreRecord]:
    """An empty store of the same name, for as long as nothing goes wrong."""
    try:
        made = await create_store(other, record.hash, record.plan, record.settings, record.created)
    except Exists:
        raise NoCopy(f"There is a store {record.hash} already at the place it is to move to.") from None
    try:
        yield made
    except BaseException:
        await other.registry.drop_store(record.hash)
        await other.drop(made)
        raise


async def _fill(backend: Backend, record: StoreRecord, other: Backend, target: StoreRecord) -> None:
    """Copies the rows by way of a backup, which either database writes and reads."""
    with tempfile.TemporaryDirectory(prefix="bodega-move-") as folder:
        file = Path(folder) / "store.db"
        await backend.backup(record, file, {})
        await other.recover(target, file)
    await complete(other, target)


async def _carry(source: Registry, target: Registry, record: StoreRecord) -> None:
    """What the registry knows of a store besides its record; secrets are sealed with the key of the target."""
    store = record.hash
    for account in await source.accounts(store):
        try:
            await target.add_account(account)
        except Exists:
            raise NoCopy(f"The account {account.client_id} belongs to another store already.") from None
        for rows in _OF_ACCOUNTS:
            await _copy_rows(source, target, rows, account.client_id)
    numbers = {}
    for owner in await owners.of_store(source.tx, store):
        known = await owners.by_email(target.tx, owner.email)
        password = "" if known is not None and known.password else owner.password
        role = await team.role_of(source.tx, owner, store)
        numbers[owner.id] = (await owners.add(target.tx, owner.email, store, password, owner.created, role)).id
    for rows in (_INVITATIONS, _FAULTS):
        await _copy_rows(source, target, rows, store)
    for client_id, name, secret, *others, maker in await source.tx.rows(_APPS, store):
        if maker not in numbers:  # its maker owns other stores only: whoever owns this one keeps it in use
            numbers[maker] = await _maker(source, target, maker)
        sealed = target.seal_secret(source.open_secret(secret, client_id), client_id)
        sql = (
            "INSERT INTO apps (client_id, name, secret, scopes, auth_url, load_url, uninstall_url, remove_user_url,"
            " created, owner) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (client_id) DO NOTHING"
        )
        await target.tx.run(sql, client_id, name, sealed, *others, numbers[maker])
    installed = "SELECT app, store, account, owner, installed FROM installations WHERE store = $1 ORDER BY app"
    for app, _, account_id, by, when in await source.tx.rows(installed, store):
        if by not in numbers:
            numbers[by] = await _maker(source, target, by)
        sql = "INSERT INTO installations (app, store, account, owner, installed) VALUES ($1, $2, $3, $4, $5)"
        await target.tx.run(sql, app, store, account_id, numbers[by], when)


async def _maker(source: Registry, target: Registry, owner_id: int) -> int:
    """Somebody who does not own the store, but made or installed one of its apps: they are known at the target, too."""
    owner = await owners.by_id(source.tx, owner_id)
    assert owner is not None
    return (await owners.known(target.tx, owner.email, owner.password, owner.created)).id


async def _copy_rows(source: Registry, target: Registry, rows: tuple[str, str], key: str) -> None:
    read, write = rows
    for row in await source.tx.rows(read, key):
        await target.tx.run(write, *row)
