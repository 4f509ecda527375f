"""The PostgreSQL depot: the registry in schema `bodega`, each store in a schema of its own, `store_HASH`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncpg

from bodega.storage import migrate
from bodega.storage.depot import HAS_DELIVERIES, HAS_TASKS
from bodega.storage.postgres import LOST, ReadTx, adapted, connect
from bodega.storage.postgres_rows import PostgresRows
from bodega.storage.readers import Budget, Readers
from bodega.storage.registry import SCHEMA, Registry, StoreRecord
from bodega.storage.tx import Busy, Clash

REGISTRY = "bodega"
CHANNEL = "bodega_bell"
POST = "bodega_post"


CONNECTIONS = 60
"""Connections to stores of one process; several workers share them out, since a server has a hundred or so in all."""


class RegistryTx(ReadTx):
    """The registry's statements: each is a transaction of its own."""

    async def run(self, sql: str, *values: Any) -> None:
        try:
            await super().run(sql, *values)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise Clash(str(error)) from error


class ServerRegistry(Registry):
    """The registry in a schema. The bell is NOTIFY; a connection that was lost counts as a ring."""

    def __init__(self, dsn: str, readers: Readers) -> None:
        super().__init__(RegistryTx(readers))
        self._dsn = dsn
        self._readers = readers
        self._rung = False
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, dsn: str) -> ServerRegistry:
        """Connects and makes the schema when it is not there. Raises Busy."""
        connection = await connect(dsn, REGISTRY)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('bodega registry'))")
                await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {REGISTRY}")
                if await connection.fetchval("SELECT to_regclass('bodega.stores')") is None:
                    await connection.execute(SCHEMA)
        finally:
            await connection.close()
        return cls(dsn, Readers(lambda: connect(dsn, REGISTRY), Budget(4), 4))

    async def ring(self) -> None:
        await self.tx.run(f"NOTIFY {CHANNEL}")

    async def announce_post(self, store_hash: str) -> None:
        await self.tx.run(f"NOTIFY {POST}, '{store_hash}'")  # a hash is letters, digits and hyphens

    def _hear_of_post(self, _connection: object, _process: int, _channel: str, store_hash: str) -> None:
        self.on_post(store_hash)

    def rang(self) -> bool:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        rung, self._rung = self._rung, False
        return rung

    def hear(self, *_: object) -> None:
        """Something changed."""
        self._rung = True

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
                await connection.add_listener(POST, self._hear_of_post)
                self.hear()
                self.on_post("")
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


class Server:
    """Stores as schemas of a PostgreSQL server."""

    def __init__(self, dsn: str, registry: ServerRegistry, connections: int) -> None:
        self.dsn = dsn
        self.registry: Registry = registry
        self._budget = Budget(connections)

    @classmethod
    async def open_depot(cls, dsn: str, connections: int = CONNECTIONS) -> Server:
        """Connects; this process holds at most about so many connections to stores. Raises Busy."""
        return cls(dsn, await ServerRegistry.open(dsn), connections)

    def schema(self, record: StoreRecord) -> str:
        """The schema of a store: hashes are lower-case letters, digits and hyphens, checked when it was created."""
        return "store_" + record.hash.replace("-", "_")

    async def revision(self, record: StoreRecord) -> int:
        return await self._number(record, "migrations", migrate.READ)

    async def has_tasks(self, record: StoreRecord) -> bool:
        if await self._number(record, "tasks", HAS_TASKS) > 0:
            return True
        return await self._number(record, "deliveries", HAS_DELIVERIES) > 0

    async def _number(self, record: StoreRecord, table: str, sql: str) -> int:
        """What a query of a store's table answers with one number; 0 where the table is not there yet."""
        name = f"{self.schema(record)}.{table}"
        tx = self.registry.tx
        row = await tx.row("SELECT to_regclass($1)::text", name)
        if row is None or row[0] is None:
            return 0
        found = await tx.row(sql.replace(f"FROM {table}", f"FROM {name}"))
        return int(found[0]) if found is not None else 0

    async def migrate(self, record: StoreRecord) -> None:
        schema = self.schema(record)
        connection = await connect(self.dsn, schema)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", schema)
                await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
                await connection.execute(migrate.TABLE)
                for migration in migrate.pending(await connection.fetchval(migrate.READ)):
                    for statement in migration.statements():
                        await connection.execute(adapted(statement))
                    await connection.execute(migrate.WRITE, migration.number, migration.name)
        finally:
            await connection.close()

    async def open(self, record: StoreRecord) -> PostgresRows:
        return PostgresRows(self.dsn, self.schema(record), self._budget)

    async def drop(self, record: StoreRecord) -> None:
        await self.registry.tx.run(f"DROP SCHEMA IF EXISTS {self.schema(record)} CASCADE")

    async def close(self) -> None:
        await self.registry.close()
