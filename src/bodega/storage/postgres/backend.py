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

import msgspec

from bodega import private
from bodega.storage import migrate, query
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import HAS_DELIVERIES, HAS_TASKS, Comparison, NoCopy, Settle
from bodega.storage.model import NO_TABLES
from bodega.storage.postgres import copies, sharding, template
from bodega.storage.postgres.connection import LOST, connect, plain
from bodega.storage.postgres.journal import PostgresJournal
from bodega.storage.postgres.nodes import Nodes
from bodega.storage.postgres.readers import Budget, Readers
from bodega.storage.postgres.registry import PostgresRegistry, RegistryTx
from bodega.storage.postgres.rows import PostgresRows
from bodega.storage.registry import Registry, StoreRecord, new_place
from bodega.storage.sealing import Sealer, is_sealed
from bodega.storage.tx import Damaged, Tx

_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1"

CONNECTIONS = 60
"""Connections of one process to stores; several workers share them, since a server allows a hundred or so in all."""


class PostgresBackend:
    """Stores as schemas of a PostgreSQL server, or of several: a store's record may name its own."""

    def __init__(self, dsn: str, registry: PostgresRegistry, connections: int) -> None:
        self.dsn = dsn
        self.registry: Registry = registry
        self._most = connections
        self._budgets: dict[str, Budget] = {}
        self._ways: dict[str, RegistryTx] = {}
        self._nodes: dict[str, Nodes] = {}
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
                pending = migrate.pending(await connection.fetchval(migrate.READ), record.hash)
                await sharding.carry_out(connection, schema, pending)
        finally:
            await connection.close()

    async def open(self, record: StoreRecord, model: DataModel | None = None) -> PostgresRows:
        await self.inspect(record)
        dsn = self._dsn(record)
        budget = self._budgets.setdefault(dsn, Budget(self._most))
        nodes = self._nodes.setdefault(dsn, Nodes(dsn, self._way(record)))
        return PostgresRows(nodes, self.schema(record), budget, NO_TABLES if model is None else model)

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
    async def compared(
        self, record: StoreRecord, before: str | None, after: str | None, origin: StoreRecord | None = None
    ) -> AsyncIterator[Comparison]:
        if origin is not None and origin.server != record.server:
            raise NoCopy("Stores on two servers cannot be compared.")
        async with (
            self._connected(record) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            places = []
            for of, name in ((origin or record, before), (record, after)):
                schema = self.schema(of)
                await connection.execute(f"SET LOCAL search_path TO {schema}")
                kept = ""
                if name is not None:
                    await self._find(connection, of, name, usable=True)
                    kept = f"kept{await copies.number_of(connection, name)}_"
                places.append(f"{schema}.{kept}")
            apart = origin is not None
            elsewhere = apart and await sharding.is_distributed(connection, self.schema(record))
            yield Comparison(connection.fetch, (places[0], places[1]), apart, elsewhere)

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
