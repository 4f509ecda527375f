"""Copies of a store: snapshots to go back to, and backups that outlive their server."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from bodega.access.settings import with_defaults
from bodega.resources import TABLES
from bodega.storage.backend import Depot, NoCopy
from bodega.storage.furnish import bare, furnish
from bodega.storage.registry import Account, Exists, StoreRecord
from bodega.storage.sqlite import copies
from bodega.storage.unit import Terms


class Facts(msgspec.Struct):
    """What a backup tells of the store beside its rows. Of tokens it holds digests only, but secrets as they are."""

    record: StoreRecord
    accounts: list[Account]


async def snapshot(depot: Depot, record: StoreRecord, name: str) -> None:
    """Keeps the store as it is now under a name."""
    await depot.migrate(record)
    await depot.snapshot(record, name)


async def restore(depot: Depot, record: StoreRecord, name: str) -> None:
    """Goes back to a snapshot; accounts, plan, settings and clock stay as they are. Raises NoCopy."""
    await depot.migrate(record)
    await depot.restore(record, name)
    await _tell(depot, record)


async def backup(depot: Depot, record: StoreRecord, target: Path) -> None:
    """Writes the store and what the registry knows of it into one file."""
    await depot.migrate(record)
    facts = Facts(record, await depot.registry.accounts(record.hash))
    await depot.backup(record, target, {"store": msgspec.json.encode(facts).decode()})


async def recover(depot: Depot, store_hash: str, file: Path) -> bool:
    """The store as the backup has it; whether it was made. Raises NoCopy.

    A store that is there keeps its accounts, plan, settings and clock. One that is not is made with those of the
    backup; accounts come along only under the hash that they were made for, since their ids are unique.
    """
    told = copies.told(file).get("store")
    if told is None:
        raise NoCopy(f"{file} is no backup of a store.")
    facts = msgspec.json.decode(told, type=Facts)
    record = await depot.registry.store(store_hash)
    made = record is None
    if record is None:
        record = await _make(depot, store_hash, facts)
    else:
        await depot.migrate(record)
    await depot.recover(record, file)
    await _tell(depot, record)
    return made


async def _make(depot: Depot, store_hash: str, facts: Facts) -> StoreRecord:
    old = facts.record
    record = await depot.registry.add_store(store_hash, old.plan, old.settings, old.created)
    record = msgspec.structs.replace(record, limits=old.limits, clock=old.clock, maintenance=old.maintenance)
    await depot.registry.save_store(record)
    await depot.migrate(record)
    if store_hash == old.hash:
        for account in facts.accounts:
            try:
                await depot.registry.add_account(account)
            except Exists:
                raise NoCopy(f"The account {account.client_id} belongs to another store already.") from None
    return record


async def _complete(depot: Depot, record: StoreRecord) -> None:
    """A copy that is older than a table has none of the rows that every store has from its first day on."""
    rows = await depot.open(record)
    try:
        wanting = await bare(rows.reader, TABLES)
        if wanting:
            terms = Terms(settings=with_defaults(record.settings))
            await rows.write(functools.partial(furnish, tables=wanting), int(record.clock.now()), terms)
    finally:
        await rows.close()


async def _tell(depot: Depot, record: StoreRecord) -> None:
    """Servers look at the store again: with its rows, tasks that wait may have come back."""
    await _complete(depot, record)
    current = await depot.registry.store(record.hash)
    if current is not None:
        await depot.registry.save_store(current)
        await depot.registry.announce_task(record.hash)
