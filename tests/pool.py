"""Databases of stores for tests, made once: 180 tables and their indexes cost more than what most tests do with them.

A store of the tests is new each time: its hash, its record in the registry, its accounts, and all that a server knows
of it. Only the tables are not made anew. On SQLite they are a copy of a file; on PostgreSQL a schema goes from store to
store under another name, emptied in between. Whatever cannot be put right again is dropped.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from bodega import private
from bodega.storage import migrate
from bodega.storage.postgres import rows as postgres_rows
from bodega.storage.postgres.backend import PostgresBackend
from bodega.storage.postgres.sharding import is_distributed
from bodega.storage.postgres.template import in_order, references
from bodega.storage.registry import StoreRecord
from bodega.storage.sqlite.backend import SqliteBackend, make

SHAPE = """
SELECT md5(string_agg(concat_ws(' ', relname, relkind, relnatts, relchecks, relhastriggers), ';' ORDER BY relname))
FROM pg_class WHERE relnamespace = current_schema()::regnamespace
"""
"""The tables of a schema with their indexes and how many columns each has, in one word."""

WRITTEN = """
SELECT c.relname FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND pg_relation_size(c.oid) > 0
ORDER BY c.oid DESC
"""
"""The tables that ever held a row, the youngest first: a table refers only to older ones."""

EVERY = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1"


WARM = 3
"""Connections that stay with a schema: one that reads, one that writes, one more."""


@cache
def _file(_steps: tuple[migrate.Migration, ...]) -> bytes:
    """The file of a new store on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        make(path)
        assert [each.name for each in Path(folder).iterdir()] == [path.name], "its log is in it"
        return path.read_bytes()


def place_file(backend: SqliteBackend, record: StoreRecord) -> None:
    """A new store's file, as the migrations make it."""
    path = backend.path(record)
    with os.fdopen(private.make_file(path, exclusive=True), "wb") as file:
        file.write(_file(migrate.migrations()))


class Lent:
    """A connection of the pool to a store's schema, until its holder ends it."""

    def __init__(self, connection: Any, give_back: Callable[[Any], None]) -> None:
        self._connection = connection
        self._give_back = give_back
        self._ended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def is_closed(self) -> bool:
        """Whether it is of no use any more to its holder."""
        return self._ended or self._connection.is_closed()

    async def close(self) -> None:
        """Ends it for its holder."""
        if not self._ended:
            self._ended = True
            self._give_back(self._connection)

    def terminate(self) -> None:
        """Ends it for good: its holder had a reason."""
        if not self._ended:
            self._ended = True
            self._connection.terminate()


class Schemas:
    """Schemas of one PostgreSQL database that no store has, and connections to them.

    A new process of PostgreSQL has to learn of every table that it meets, which costs more than what a test asks of it:
    so the connections to a schema stay with it, and the next store finds them where it would have made its own.
    """

    def __init__(self, backend: PostgresBackend) -> None:
        self._backend = backend
        self._connection: Any = None
        self._free: list[str] = []
        self._steps = migrate.migrations()
        self._shape = ""
        self._rows: dict[str, list[Any]] = {}
        self._warm: dict[str, list[Any]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        _pools.append(self)

    async def place(self, record: StoreRecord) -> None:
        """A new store's schema: an emptied one, or else one that is made for it."""
        if migrate.migrations() == self._steps:
            if not self._free:
                self._free.append(await self._make())
            free, mine = self._free.pop(), self._backend.schema(record)
            if await self._rename(free, mine):
                self._warm[mine] = self._warm.pop(free, [])
                return
        await self._backend.create(record)

    async def take_back(self, record: StoreRecord) -> None:
        """The schema of a store that is no more, emptied for the next one."""
        mine, free = self._backend.schema(record), f"free_{secrets.token_hex(4)}"
        warm = self._warm.pop(mine, [])
        if await self._rename(mine, free):
            try:
                whole = await self._empty(free)
            except asyncpg.PostgresError:
                whole = False
            if whole:
                self._free.append(free)
                self._warm[free], warm = warm, []
            else:
                await (await self._connected()).execute(f"DROP SCHEMA IF EXISTS {free} CASCADE")
        for connection in warm:
            await connection.close()

    async def lend(self, schema: str, connect: Callable[[], Awaitable[Any]]) -> Any:
        """A connection to the schema of a store: one that the schema has, or else a new one."""
        warm = self._warm.get(schema)
        if warm is None:  # no store of this pool
            return await connect()
        while warm:
            connection = warm.pop()
            if not connection.is_closed():
                await connection.execute(f"SET search_path = {schema}")
                break
        else:
            connection = await connect()
        return Lent(connection, lambda ended: self._keep(schema, ended))

    def _keep(self, schema: str, connection: Any) -> None:
        warm = self._warm.get(schema)
        if warm is None or len(warm) >= WARM or connection.is_closed() or connection.is_in_transaction():
            connection.terminate()
        else:
            warm.append(connection)

    def serves(self, dsn: str) -> bool:
        """Whether this pool's connections may be had here: each belongs to one event loop."""
        same = urlsplit(dsn).path == urlsplit(self._backend.dsn).path  # at any node of a cluster
        return same and asyncio.get_running_loop() is self._loop

    async def close(self) -> None:
        """Ends the connections."""
        _pools.remove(self)
        for connection in (each for warm in self._warm.values() for each in warm):
            await connection.close()
        self._warm.clear()
        if self._connection is not None:
            await self._connection.close()

    async def _connected(self) -> Any:
        self._loop = asyncio.get_running_loop()
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._backend.dsn, statement_cache_size=0)
            if await self._connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
                # All rows go: nobody has to ask for each of them who refers to it.
                await self._connection.execute("SET session_replication_role = replica")
        return self._connection

    async def _make(self) -> str:
        """A new schema; what the first one is like is remembered."""
        word = f"free-{secrets.token_hex(4)}"
        record = StoreRecord(word, 0, "", {}, {}, False, clock=None, created=0, revision=1)  # type: ignore[arg-type]
        await self._backend.create(record)
        schema = self._backend.schema(record)
        if not self._shape:
            connection = await self._connected()
            async with connection.transaction():
                await connection.execute(f"SET LOCAL search_path = {schema}")
                self._shape = await connection.fetchval(SHAPE)
                elsewhere = await is_distributed(connection, schema)
                for (table,) in reversed(await connection.fetch(EVERY if elsewhere else WRITTEN)):
                    self._rows[table] = [tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")]
        return schema

    async def _rename(self, old: str, new: str) -> bool:
        """Whether a schema has got its new name; not so when it is gone, or when there is one of that name already."""
        connection = await self._connected()
        try:
            async with connection.transaction():
                for schema in (old, new):  # a migration waits, and is waited for
                    await connection.execute(f"SELECT pg_advisory_xact_lock(hashtext('{schema}'))")
                await connection.execute(f"ALTER SCHEMA {old} RENAME TO {new}")
        except (asyncpg.InvalidSchemaNameError, asyncpg.DuplicateSchemaError):
            return False
        return True

    async def _empty(self, schema: str) -> bool:
        """Brings a schema to where it was when it was new, once whoever still writes has ended; whether it is so."""
        connection = await self._connected()
        async with connection.transaction():
            await connection.execute(f"SET LOCAL search_path = {schema}")
            await connection.execute("LOCK TABLE table_statistics IN ACCESS EXCLUSIVE MODE")  # every writer has its row
            if await connection.fetchval(SHAPE) != self._shape:
                return False
            written = [row[0] for row in await connection.fetch(WRITTEN)]
            if await is_distributed(connection, schema):  # its rows are elsewhere
                every = [row[0] for row in await connection.fetch(EVERY)]
                written = in_order(every, await references(connection, schema))[::-1]
            if written:
                await connection.execute("; ".join(f"DELETE FROM {table}" for table in written))
            for table, rows in self._rows.items():
                if not rows:
                    continue
                marks = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
                await connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        return True


_pools: list[Schemas] = []
_connect = postgres_rows.connect


async def _connect_or_lend(dsn: str, schema: str, *, patient: bool = True) -> Any:
    """What the rows of a store connect with, in the tests."""
    for pool in _pools:
        if pool.serves(dsn) and not patient:
            return await pool.lend(schema, lambda: _connect(dsn, schema, patient=patient))
    return await _connect(dsn, schema, patient=patient)


postgres_rows.connect = _connect_or_lend
