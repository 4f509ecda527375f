"""The registry in PostgreSQL, in the schema `bodega`, and the notifications of its changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from bodega.storage import migrate
from bodega.storage.postgres import sharding
from bodega.storage.postgres.connection import LOST, PostgresTx, ReadTx, connect, plain
from bodega.storage.postgres.readers import Budget, Readers
from bodega.storage.registry import Registry
from bodega.storage.sealing import Sealer
from bodega.storage.tx import Busy, Clash, Tx

REGISTRY = "bodega"
CHANNEL = "bodega_changes"
TASKS = "bodega_tasks"
DELIVERIES = "bodega_deliveries"


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
        self._deaf = True
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
        return changed or self._deaf  # without a connection to hear by, anything may have changed

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
                self._deaf = False
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
                self._deaf = True
                if connection is not None:
                    connection.terminate()

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        await self._readers.close()
