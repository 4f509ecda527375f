"""The PostgreSQL backend: the registry in schema `bodega`, each store in a schema of its own, `store_HASH`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bodega import private
from bodega.storage import migrate, query
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import HAS_DELIVERIES, HAS_TASKS, Comparison, NoCopy, Settle
from bodega.storage.model import NO_TABLES
from bodega.storage.postgres import copies, sharding, template
from bodega.storage.postgres.connection import LOST, PostgresTx, ReadTx, connect, plain
from bodega.storage.postgres.journal import PostgresJournal
from bodega.storage.postgres.readers import Budget, Readers
from bodega.storage.postgres.rows import PostgresRows
from bodega.storage.registry import Registry, StoreRecord, new_place
from bodega.storage.sealing import Sealer, is_sealed
from bodega.storage.tx import Busy, Clash, Damaged, Tx

REGISTRY = "bodega"
CHANNEL = "bodega_changes"
TASKS = "bodega_tasks"
DELIVERIES = "bodega_deliveries"


_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1"

CONNECTIONS = 60
"""Connections of one process to stores; several workers share them, since a server allows a hundred or so in all."""


class RegistryTx(ReadTx):
    """The registry's statements: each is a transaction of its own."""

    async def run(self, sql: str, *values: Any) -> None:
        try:
            await super().run(sql, *values)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise Clash(str(error)) from error


class PostgresRegistry(Registry):
    """The registry in a schema. Change notifications are NOTIFY; a lost connection counts as one."""

    def __init__(self, dsn: str, readers: Readers, sealer: Sealer) -> None:
        super().__init__(RegistryTx(readers), sealer)
        self._dsn = dsn
        self._readers = readers
        self._changed = False
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, dsn: str, sealer: Sealer) -> PostgresRegistry:
        """Connects and brings the registry to the newest schema, under a lock. Raises Busy."""
        connection = await connect(dsn, REGISTRY)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('bodega registry'))")
                await sharding.ordinary_schema(connection, REGISTRY)
                has = "SELECT to_regclass('bodega.{}') IS NOT NULL"
                unnumbered = await connection.fetchval(has.format("stores"))
                unnumbered = unnumbered and not await connection.fetchval(has.format("migrations"))
                await connection.execute(migrate.TABLE)
                revision = await connection.fetchval(migrate.READ)
                for migration in migrate.registry_pending(revision, unnumbered=unnumbered):
                    await connection.execute(migration.sql)
                    await connection.execute(migrate.WRITE, migration.number, migration.name)
        finally:
            await connection.close()
        return cls(dsn, Readers(lambda: connect(dsn, REGISTRY, patient=False), Budget(4), 4), sealer)

    @contextlib.asynccontextmanager
    async def tx_of_several(self) -> AsyncIterator[Tx]:
        try:
            async with self._readers.lent() as connection, connection.transaction():
                yield PostgresTx(connection, None)
        except LOST as error:
            raise plain(error) from error

    async def notify_change(self) -> None:
        await self.tx.run(f"NOTIFY {CHANNEL}")

    async def announce_task(self, store_hash: str) -> None:
        await self.tx.run(f"NOTIFY {TASKS}, '{store_hash}'")  # a hash is letters, digits and hyphens

    async def announce_delivery(self, store_hash: str) -> None:
        await self.tx.run(f"NOTIFY {DELIVERIES}, '{store_hash}'")  # a hash is letters, digits and hyphens

    def _hear_of_delivery(self, _connection: object, _process: int, _channel: str, store_hash: str) -> None:
        self.on_delivery(store_hash)

    def has_changed(self) -> bool:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        changed, self._changed = self._changed, False
        return changed

    def hear(self, *_: object) -> None:
        """Notes that something changed."""
        self._changed = True

    def _hear_of_task(self, _connection: object, _process: int, _channel: str, store_hash: str) -> None:
        self.on_task(store_hash)

    async def listen(self) -> None:
        """Starts listening before the first request."""
        if self._listening is None:
            ready = asyncio.Event()
            self._listening = asyncio.create_task(self._listen(ready))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ready.wait(), 10)

    async def _listen(self, ready: asyncio.Event | None = None) -> None:
        while True:
            connection = None
            try:
                connection = await connect(self._dsn, REGISTRY)
                await connection.add_listener(CHANNEL, self.hear)
                await connection.add_listener(TASKS, self._hear_of_task)
                self.hear()
                self.on_task("")
                await connection.add_listener(DELIVERIES, self._hear_of_delivery)
                self.hear()
                self.on_delivery("")
                if ready is not None:
                    ready.set()
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _connection, lost=lost: lost.set())
                while not connection.is_closed():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(lost.wait(), 5)
                    await connection.execute("SELECT 1", timeout=5)
            except (Busy, asyncpg.PostgresError, *LOST):
                self.hear()
                await asyncio.sleep(0.5)
            finally:
                if connection is not None:
                    connection.terminate()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        await self._readers.close()


class PostgresBackend:
    """Stores as schemas of a PostgreSQL server, or of several: a store's record may name its own."""

    def __init__(self, dsn: str, registry: PostgresRegistry, connections: int) -> None:
        self.dsn = dsn
        self.registry: Registry = registry
        self._most = connections
        self._budgets: dict[str, Budget] = {}
        self._ways: dict[str, RegistryTx] = {}
        self._readers: list[Readers] = []
        self._templates = template.Templates(dsn, registry.tx)

    @classmethod
    async def open_backend(cls, dsn: str, key_file: Path, connections: int = CONNECTIONS) -> PostgresBackend:
        """Connects; this process holds at most about this many connections to stores. Raises Busy."""
        return cls(dsn, await PostgresRegistry.open(dsn, Sealer(key_file)), connections)

    @property
    def connections(self) -> int:
        return sum(budget.held for budget in self._budgets.values())

    def _dsn(self, record: StoreRecord) -> str:
        """The server of a store: its own, or that of the registry. Raises Damaged if its address cannot be read."""
        if is_sealed(record.server):
            raise Damaged("the address of its server cannot be read without the key (bodega key show)", record.hash)
        return record.server or self.dsn

    def _way(self, record: StoreRecord) -> Tx:
        """Single statements to the server of a store; names are qualified by its schema."""
        dsn = self._dsn(record)
        if dsn == self.dsn:
            return self.registry.tx
        if dsn not in self._ways:
            self._readers.append(Readers(lambda: connect(dsn, "public", patient=False), Budget(2), 2))
            self._ways[dsn] = RegistryTx(self._readers[-1])
        return self._ways[dsn]

    def schema(self, record: StoreRecord) -> str:
        """The schema of a store: hashes are lower-case letters, digits and hyphens, checked when it was created."""
        return "store_" + record.hash.replace("-", "_")

    async def create(self, record: StoreRecord) -> None:
        await self._forward(record, create=True)

    async def fork(
        self, source: StoreRecord, target: StoreRecord, settle: Settle, model: DataModel, snapshot: str | None = None
    ) -> None:
        if self._dsn(source) != self._dsn(target):
            raise NoCopy(f"Store {source.hash} is kept on another server; a fork is made on the same one.")
        await self.create(target)
        async with self._connected(source) as connection:
            number = None
            if snapshot is not None:
                await self._find(connection, source, snapshot, usable=True)
                number = await copies.number_of(connection, snapshot)
            await copies.fill(connection, self.schema(target), number)
        rows = await self.open(target, model)
        try:
            await settle(rows)
        finally:
            await rows.close()

    async def withdraw(self, record: StoreRecord) -> None:
        """A schema goes by the hash: it is the other store's."""

    async def inspect(self, record: StoreRecord, *, thorough: bool = False) -> None:
        schema = self.schema(record)
        found = await query.values(self._way(record), _TABLES, schema)
        if "migrations" not in found:
            raise Damaged(await self._what_is_there(record), record.hash)
        revision = await query.value(self._way(record), migrate.READ.replace("migrations", f"{schema}.migrations"))
        missing = migrate.told_missing(found, "postgresql") if revision == migrate.newest() else ""
        if missing:
            raise Damaged(f"in the schema {schema} {missing}", record.hash)

    async def _what_is_there(self, record: StoreRecord) -> str:
        schema = self.schema(record)
        there = await query.value(self._way(record), "SELECT to_regnamespace($1)::text", schema)
        return f"the schema {schema} " + ("is missing" if there is None else "holds no store")

    async def revision(self, record: StoreRecord) -> int:
        found = await self._number(record, "migrations", migrate.READ)
        if found is None:
            raise Damaged(await self._what_is_there(record), record.hash)
        return found

    async def has_tasks(self, record: StoreRecord) -> bool:
        if await self._number(record, "tasks", HAS_TASKS):
            return True
        return bool(await self._number(record, "deliveries", HAS_DELIVERIES))

    async def _number(self, record: StoreRecord, table: str, sql: str) -> int | None:
        """The single number that a query of a store's table returns; None if the table does not exist."""
        name = f"{self.schema(record)}.{table}"
        tx = self._way(record)
        if await query.value(tx, "SELECT to_regclass($1)::text", name) is None:
            return None
        return int(await query.value(tx, sql.replace(f"FROM {table}", f"FROM {name}")) or 0)

    async def migrate(self, record: StoreRecord) -> None:
        await self._forward(record, create=False)

    async def _forward(self, record: StoreRecord, *, create: bool) -> None:
        schema = self.schema(record)
        script = await self._templates.newest() if create else ""
        connection = await connect(self._dsn(record), schema)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", schema)
                there = await connection.fetchval("SELECT to_regclass($1)", f"{schema}.migrations") is not None
                if not there and not create:
                    raise Damaged(await self._what_is_there(record), record.hash)
                if not there:
                    await template.apply(connection, schema, script)
                pending = migrate.pending(await connection.fetchval(migrate.READ))
                await sharding.carry_out(connection, schema, pending)
        finally:
            await connection.close()

    async def open(self, record: StoreRecord, model: DataModel | None = None) -> PostgresRows:
        await self.inspect(record)
        dsn = self._dsn(record)
        budget = self._budgets.setdefault(dsn, Budget(self._most))
        return PostgresRows(dsn, self.schema(record), budget, NO_TABLES if model is None else model)

    @contextlib.asynccontextmanager
    async def reading(self, record: StoreRecord) -> AsyncIterator[Tx]:
        rows = await self.open(record)
        try:
            yield rows.reader
        finally:
            await rows.close()

    async def drop(self, record: StoreRecord) -> None:
        await self._way(record).run(f"DROP SCHEMA IF EXISTS {self.schema(record)} CASCADE")

    async def rebuild(self, record: StoreRecord) -> StoreRecord:
        """A schema goes by the hash: the new one gets another until it is filled."""
        place = new_place()
        fresh = msgspec.structs.replace(record, hash=f"recovering-{place}", place=place)
        await self.create(fresh)
        return fresh

    async def settle(self, record: StoreRecord, rebuilt: StoreRecord) -> None:
        """Snapshots of the damaged schema stay in what is left of it."""
        schema = self.schema(record)
        async with self._connected(record) as connection, connection.transaction():
            if await connection.fetchval("SELECT to_regnamespace($1)", schema) is not None:
                await connection.execute(f"ALTER SCHEMA {schema} RENAME TO damaged_{rebuilt.place}_{schema}")
            await connection.execute(f"ALTER SCHEMA {self.schema(rebuilt)} RENAME TO {schema}")

    @contextlib.asynccontextmanager
    async def withheld(self, record: StoreRecord) -> AsyncIterator[None]:
        """A writer who waited looks for tables that are not there any more, and is refused."""
        await self.inspect(record)
        schema = self.schema(record)
        aside = f"moved_{record.place}_{schema}"
        async with self._connected(record) as connection:
            async with connection.transaction():
                await copies.lock(connection)
                yield
                # To drop it would wait for the writers, who wait for this.
                await connection.execute(f"ALTER SCHEMA {schema} RENAME TO {aside}")
            await connection.execute(f"DROP SCHEMA {aside} CASCADE")

    async def snapshot(self, record: StoreRecord, name: str) -> None:
        async with self._connected(record) as connection:
            await copies.take(connection, name, migrate.newest())

    async def move_to_node(self, record: StoreRecord, host: str, port: int) -> None:
        """Moves the store to another node of its Citus cluster, while servers read and write it. Raises NoCopy."""
        async with self._connected(record) as connection:
            await sharding.move(connection, self.schema(record), host, port)

    async def snapshots(self, record: StoreRecord) -> list[str]:
        async with self._connected(record) as connection:
            return sorted(await copies.names(connection))

    async def restore(self, record: StoreRecord, name: str) -> None:
        async with self._connected(record) as connection:
            await self._find(connection, record, name, usable=True)
            await copies.put_back(connection, name, int(record.clock.now()))

    @contextlib.asynccontextmanager
    async def compared(self, record: StoreRecord, before: str | None, after: str | None) -> AsyncIterator[Comparison]:
        async with (
            self._connected(record) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            places = []
            for name in (before, after):
                if name is not None:
                    await self._find(connection, record, name, usable=True)
                places.append("" if name is None else f"kept{await copies.number_of(connection, name)}_")
            yield Comparison(connection.fetch, (places[0], places[1]))

    async def forget(self, record: StoreRecord, name: str) -> None:
        async with self._connected(record) as connection:
            await self._find(connection, record, name, usable=False)
            await copies.forget(connection, name)

    async def _find(self, connection: Any, record: StoreRecord, name: str, *, usable: bool) -> None:
        kept = await copies.names(connection)
        if name not in kept:
            raise NoCopy(f"Store {record.hash} has no snapshot {name}.")
        if usable and kept[name] != migrate.newest():
            raise NoCopy(f"The snapshot {name} was taken before an upgrade of the schema; only a backup outlives that.")

    async def backup(self, record: StoreRecord, target: Path, facts: Mapping[str, str], *, force: bool = False) -> None:
        from bodega.storage.sqlite.backend import forward
        from bodega.storage.sqlite.copies import being_made, keep

        await self.inspect(record)
        if not target.parent.exists():
            private.make_folder(target.parent)
        with being_made(target, force=force) as part:
            await asyncio.to_thread(forward, part)
            async with self._connected(record) as connection:
                await copies.export(connection, part, facts)
            await asyncio.to_thread(functools.partial(keep, part, target, force=force))

    async def recover(self, record: StoreRecord, backup: Path) -> None:
        from bodega.storage.sqlite.backend import forward

        with tempfile.TemporaryDirectory(prefix="bodega-recover-") as folder:
            work = Path(folder) / "store.db"
            private.touch(work, exclusive=True)
            await asyncio.to_thread(shutil.copyfile, backup, work)
            await asyncio.to_thread(forward, work)
            async with self._connected(record) as connection:
                await copies.load(connection, work, int(record.clock.now()))

    @contextlib.asynccontextmanager
    async def _connected(self, record: StoreRecord) -> AsyncIterator[Any]:
        connection = await connect(self._dsn(record), self.schema(record))
        try:
            yield connection
        except LOST as error:
            raise plain(error) from error
        finally:
            await connection.close()

    def journal(self) -> PostgresJournal:
        return PostgresJournal(self.dsn)

    async def close(self) -> None:
        for readers in self._readers:
            await readers.close()
        await self.registry.close()
