"""The journal's database in PostgreSQL: the schema `bodega_journal` on the server of the registry, for all workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from bodega.storage import migrate
from bodega.storage.postgres.connection import LOST, carry_out, connect, unreachable
from bodega.storage.postgres.readers import Budget, Readers
from bodega.storage.postgres.sharding import ordinary_schema
from bodega.storage.tx import Record, Values

SCHEMA = "bodega_journal"
SIZE = 2
"""Connections of one process: one that writes, one that reads."""


class PostgresJournal:
    """The schema is made when it is first needed; connections that are idle are closed."""

    dialect = "postgresql"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._ready = False
        self._connections = Readers(lambda: connect(dsn, SCHEMA, patient=False), Budget(SIZE), SIZE)

    async def rows(self, sql: str, *values: Any) -> list[Record]:
        return await self._run(self._connections.fetch, sql, *values)  # type: ignore[no-any-return]

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        await self._run(self._connections.executemany, sql, rows)

    async def _run(self, work: Any, sql: str, *values: Any) -> Any:
        try:
            if not self._ready:
                await self._prepare()
            return await work(sql, *values)
        except ValueError:
            raise
        except (*LOST, TimeoutError) as error:
            self._ready = False
            raise unreachable(error) from error

    async def _prepare(self) -> None:
        connection = await connect(self._dsn, SCHEMA)
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtext('bodega journal'))")
                await ordinary_schema(connection, SCHEMA)
                await connection.execute(migrate.TABLE)
                revision = await connection.fetchval(migrate.READ)
                await carry_out(connection, migrate.journal_pending(revision))
        except asyncpg.PostgresError as error:
            raise unreachable(error) from error
        finally:
            await connection.close()
        self._ready = True

    async def close(self) -> None:
        await self._connections.close()
