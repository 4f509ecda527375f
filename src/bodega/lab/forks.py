"""Forks: a new store that is what another one is, or was in a snapshot, with accounts of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from bodega.access.settings import with_defaults
from bodega.resources import MODEL
from bodega.storage import query
from bodega.storage.backend import Backend
from bodega.storage.creating import create_store
from bodega.storage.registry import Account, StoreRecord
from bodega.storage.rows import Rows
from bodega.storage.table import Table
from bodega.storage.tx import Clash, Tx
from bodega.storage.unit import Terms, Unit

Heirs = Mapping[str, str]
"""The client id of a new account by that of the account whose belongings it gets."""

OWNED: Mapping[Table, str] = {
    table: column.name
    for table in MODEL.tables
    for column in table.columns
    if column.name in ("client_id", "owner_client_id")
}
"""The tables whose rows belong to accounts, and the column and member that names the account."""

KEYED = ("hook_blocks", "hook_contacts", "idempotency")
"""Other tables with rows by `client_id`."""

_WAITS = "SELECT 1 FROM deliveries WHERE state = 'waiting' LIMIT 1"


async def fork(
    backend: Backend, source: StoreRecord, store_hash: str, accounts: Sequence[Account], snapshot: str | None = None
) -> StoreRecord:
    """A new store with these accounts; it gets the plan, limits, settings and clock of the source, and the rows that
    the source has, or had in the snapshot. Raises Exists as `create_store`, NoCopy, Busy, Damaged."""
    heirs = heirs_of(await backend.registry.sealed_accounts(source.hash), accounts)
    begun: list[StoreRecord] = []

    async def make(draft: StoreRecord) -> None:
        begun.append(draft)
        await backend.fork(source, draft, functools.partial(_settle, draft, heirs), MODEL, snapshot)

    try:
        return await create_store(
            backend, store_hash, source.plan, source.settings, int(source.clock.now()), source.server,
            make=make, limits=source.limits, clock=source.clock, accounts=accounts,
        )  # fmt: skip
    except BaseException:
        if begun and await backend.registry.store(store_hash) is None:
            await backend.drop(begun[0])  # else the next store of this hash would begin with these rows
        raise


def heirs_of(parents: Sequence[Account], accounts: Sequence[Account]) -> Heirs:
    """Which new account stands for which of the source: the one of the same name, else the first."""
    if not accounts:
        return {}
    named = {account.name: account.client_id for account in reversed(accounts)}
    return {parent.client_id: named.get(parent.name, accounts[0].client_id) for parent in parents}


async def _settle(record: StoreRecord, heirs: Heirs, rows: Rows) -> None:
    """Gives what belongs to accounts of the source to the new ones."""
    if await _has_owners(rows.reader):
        terms = Terms(settings=with_defaults(record.settings))
        job = functools.partial(_hand_over, heirs=heirs, store_hash=record.hash)
        await rows.write(job, int(record.clock.now()), terms)


async def _has_owners(tx: Tx) -> bool:
    held = set(await query.values(tx, "SELECT name FROM table_statistics WHERE total > 0"))
    if any(table.name in held for table in OWNED) or await tx.row(_WAITS) is not None:
        return True
    for name in KEYED:
        if await tx.row(f"SELECT 1 FROM {name} LIMIT 1") is not None:  # noqa: S608 - declared names
            return True
    return False


async def _hand_over(unit: Unit, heirs: Heirs, store_hash: str) -> None:
    """No event is fired: nothing happened in the store. A row that its new owner has already keeps the old one."""
    await unit.tx.run("DELETE FROM deliveries WHERE state = 'waiting'")
    for table, owner in OWNED.items():
        for row in await unit.where(table, f"{owner} <> ''") if unit.statistics.total(table.name) else ():
            heir = heirs.get(getattr(row.entity, owner))
            if heir is None:
                continue
            named = {"store_hash": store_hash} if hasattr(row.entity, "store_hash") else {}
            doc, rest = table.encode(replace(row.entity, **{owner: heir}, **named))
            sql = f"UPDATE {table.name} SET doc = $2, rest = $3, {owner} = $4 WHERE id = $1"  # noqa: S608 - declared names
            await _unless_taken(unit, sql, row.entity.id, doc, rest, heir)
    for name in KEYED:
        for old, new in heirs.items():
            sql = f"UPDATE {name} SET client_id = $2 WHERE client_id = $1"  # noqa: S608 - declared names
            await _unless_taken(unit, sql, old, new)


async def _unless_taken(unit: Unit, sql: str, *values: object) -> None:
    try:
        async with unit.tx.savepoint():
            await unit.tx.run(sql, *values)
    except Clash:
        return
