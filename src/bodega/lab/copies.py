"""Copies of a store: snapshots to restore, and backups that outlive their server."""

from __future__ import annotations

import functools
from pathlib import Path

import msgspec

from bodega.access.settings import with_defaults
from bodega.resources import MODEL
from bodega.storage.backend import Backend, NoCopy
from bodega.storage.creating import create_store
from bodega.storage.default_rows import insert_default_rows, missing_default_rows
from bodega.storage.registry import Account, Exists, StoreRecord
from bodega.storage.sqlite import copies
from bodega.storage.tx import Damaged
from bodega.storage.unit import Terms


class Facts(msgspec.Struct):
    """What a backup holds besides the rows of the store. Of tokens it holds digests only, and client secrets as the
    registry does: encrypted under a key that it does not hold."""

    record: StoreRecord
    accounts: list[Account]


async def snapshot(backend: Backend, record: StoreRecord, name: str) -> None:
    """Keeps the store as it is now under a name. Raises NoCopy, Damaged."""
    await backend.migrate(record)
    await complete(backend, record)  # of a store that was never opened: else its first rows would look new
    await backend.snapshot(record, name)


async def restore(backend: Backend, record: StoreRecord, name: str) -> None:
    """Restores a snapshot; accounts, plan, settings and clock stay as they are. Raises NoCopy, Damaged."""
    await backend.migrate(record)
    await backend.restore(record, name)
    await _tell(backend, record)


async def backup(backend: Backend, record: StoreRecord, target: Path, *, force: bool = False) -> None:
    """Writes the store and what the registry knows of it into one file. Raises NoCopy, Damaged."""
    await backend.migrate(record)
    # The address of its own server may hold a password, and a recovered store is kept where it is recovered.
    facts = Facts(msgspec.structs.replace(record, server=""), await backend.registry.sealed_accounts(record.hash))
    await backend.backup(record, target, {"store": msgspec.json.encode(facts).decode()}, force=force)


async def recover(backend: Backend, store_hash: str, file: Path) -> bool:
    """The store as the backup has it; whether it was made. Raises NoCopy.

    An existing store keeps its accounts, plan, settings and clock, also when its database is damaged. A new one is
    created with those of the backup; accounts are restored only under their original hash, since their ids are unique.
    """
    found = copies.read_facts(file).get("store")
    if found is None:
        raise NoCopy(f"{file} is no backup of a store.")
    facts = msgspec.json.decode(found, type=Facts)
    record = await backend.registry.store(store_hash)
    if record is None:
        record = await _make(backend, store_hash, facts)
        await backend.recover(record, file)
        await _tell(backend, record)
        return True
    try:
        await backend.inspect(record, thorough=True)
        await backend.migrate(record)
        await backend.recover(record, file)
    except Damaged:
        record = await _rebuilt(backend, record, file)
    await _tell(backend, record)
    return False


async def _rebuilt(backend: Backend, record: StoreRecord, file: Path) -> StoreRecord:
    """The damaged store with a new database, filled before servers see it."""
    rebuilt = await backend.rebuild(record)
    try:
        await backend.recover(rebuilt, file)
        await complete(backend, rebuilt)
        await backend.settle(record, rebuilt)
    except BaseException:
        await backend.drop(rebuilt)
        raise
    await backend.registry.move_store(record, rebuilt.place)
    return msgspec.structs.replace(record, place=rebuilt.place)


async def _make(backend: Backend, store_hash: str, facts: Facts) -> StoreRecord:
    old = facts.record
    record = await create_store(backend, store_hash, old.plan, old.settings, old.created)
    record = msgspec.structs.replace(record, limits=old.limits, clock=old.clock, maintenance=old.maintenance)
    await backend.registry.save_store(record)
    if store_hash == old.hash:
        for account in facts.accounts:
            try:
                await backend.registry.add_account(account)
            except Exists:
                raise NoCopy(f"The account {account.client_id} belongs to another store already.") from None
    return record


async def complete(backend: Backend, record: StoreRecord) -> None:
    """A copy that is older than a table lacks that table's default rows."""
    rows = await backend.open(record, MODEL)
    try:
        wanting = await missing_default_rows(rows.reader, MODEL.tables)
        if wanting:
            terms = Terms(settings=with_defaults(record.settings))
            await rows.write(functools.partial(insert_default_rows, tables=wanting), int(record.clock.now()), terms)
    finally:
        await rows.close()


async def _tell(backend: Backend, record: StoreRecord) -> None:
    """Servers reread the store: its rows may include waiting tasks."""
    await complete(backend, record)
    await backend.registry.rows_changed(record.hash)
