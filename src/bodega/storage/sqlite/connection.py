"""A store in one SQLite file: reads inline on the event loop, one writer connection whose commits run in a thread.

WAL with `synchronous=FULL`: an acknowledged write survives loss of power (contract: NORMAL loses commits). Nothing here
suspends except the wait for a commit and the pauses of a long write; the rest is `async def` only to share
PostgreSQL's interface.
"""

from __future__ import annotations

import asyncio
import math
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

from bodega.aside import TURN_SECONDS
from bodega.storage import migrate
from bodega.storage.migrate import Migration
from bodega.storage.sqlite.file import is_corrupt
from bodega.storage.tx import Busy, Clash, Damaged, Statement, Unstorable

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-12288",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",
)
"""Files are not mapped: that would save a reader some 2 us a row that is not in its cache, but a mapped file that is
cut by somebody else ends the process, and with it all other stores."""

STATEMENTS_BETWEEN = 16
"""Of a script, between two looks at the clock."""


@lru_cache(maxsize=4096)
def numbered(sql: str) -> str:
    """`$1` in SQLite's spelling, `?1`."""
    return re.sub(r"\$(\d+)", r"?\1", sql)


def adapted(statement: str) -> str:
    """A schema statement adapted to SQLite: a table whose key is not an integer gets no rowid."""
    made = statement.startswith("CREATE TABLE") and "INTEGER PRIMARY KEY" not in statement
    return statement + " WITHOUT ROWID" if made else statement


def connect(path: Path, busy_ms: int = 0) -> sqlite3.Connection:
    """Opens a database file, which must exist: none is created by being opened. `busy_ms` is how long SQLite waits for
    a lock."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=1024,
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteTx:
    """One connection, with or without an open transaction."""

    dialect = "sqlite"
    asks = True

    def __init__(self, connection: sqlite3.Connection, on_damage: Callable[[Damaged], None] | None = None) -> None:
        """`on_damage` is told of what a read says of the file."""
        self.connection = connection
        self._execute = connection.execute
        self._on_damage = on_damage
        self._in_turns = False
        self._turn_ends = math.inf

    def begin_turn(self) -> None:
        """From now on others get a turn on the event loop whenever this connection has held it for long: long writes
        are made of short turns. For a connection that one task uses at a time."""
        self._in_turns = True
        self._turn_ends = perf_counter() + TURN_SECONDS

    async def breathe(self) -> None:
        if perf_counter() > self._turn_ends:
            await asyncio.sleep(0)
            self.begin_turn()

    def _plain(self, error: Exception) -> Exception:
        told = plain(error)
        if isinstance(told, Damaged) and self._on_damage is not None:
            self._on_damage(told)
        return told

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        if self._in_turns and perf_counter() > self._turn_ends:
            await self.breathe()
        try:
            return self._execute(numbered(sql), values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._plain(error) from error

    async def row(self, sql: str, *values: Any) -> Any | None:
        if self._in_turns and perf_counter() > self._turn_ends:
            await self.breathe()
        try:
            return self._execute(numbered(sql), values).fetchone()
        except sqlite3.DatabaseError as error:
            raise self._plain(error) from error

    async def run(self, sql: str, *values: Any) -> None:
        if self._in_turns and perf_counter() > self._turn_ends:
            await self.breathe()
        try:
            self._execute(numbered(sql), values)
        except sqlite3.IntegrityError as error:
            raise Clash(str(error)) from error
        except sqlite3.DataError as error:
            raise plain(error) from error

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        try:
            for place, (sql, values) in enumerate(statements):
                if self._in_turns and place % STATEMENTS_BETWEEN == 0:
                    await self.breathe()
                self._execute(numbered(sql), values)
        except sqlite3.IntegrityError as error:
            raise Clash(str(error)) from error
        except sqlite3.DataError as error:
            raise plain(error) from error

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        self._execute("SAVEPOINT inner_work")
        try:
            yield
        except BaseException:
            self._execute("ROLLBACK TO inner_work")
            self._execute("RELEASE inner_work")
            raise
        self._execute("RELEASE inner_work")


_LOST = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Errors of a statement because of a full or failing disk, or of another process: the request itself is not wrong."""


def plain(error: Exception) -> Exception:
    """An error as the floors above know it: Busy for a store that was deleted under a request's hands, and for a disk
    that cannot be used, Damaged for a file that is not whole, Unstorable for a value; any other error is this program's
    own."""
    if isinstance(error, sqlite3.DataError):
        return Unstorable(str(error))
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return Busy(str(error))
    if isinstance(error, sqlite3.OperationalError) and _primary(error) in _LOST:
        return Busy(f"The store's file cannot be used: {error}")
    if isinstance(error, sqlite3.DatabaseError) and is_corrupt(error):
        return Damaged(f"its file cannot be read ({error})")
    return error


def _primary(error: sqlite3.Error) -> int:
    """The primary result code of an error."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def carry_out(
    connection: sqlite3.Connection, migrations: Iterable[Migration], adapt: Callable[[str], str] = lambda sql: sql
) -> None:
    """Brings a schema forward, within the transaction that the caller began; `adapt` is `adapted` for that of a
    store."""
    for migration in migrations:
        for statement in migration.statements("sqlite"):
            connection.execute(adapt(statement))
        connection.execute(numbered(migrate.WRITE), (migration.number, migration.name))


def begin(connection: sqlite3.Connection) -> None:
    """Takes the write lock at once: a transaction that upgrades later fails at once, whatever the busy timeout. Raises
    Busy."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        raise plain(error) from error
