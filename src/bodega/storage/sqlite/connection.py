"""A store in one SQLite file: reads inline on the event loop, one writer connection whose commits run in a thread.

WAL with `synchronous=FULL`: an acknowledged write survives loss of power (contract: NORMAL loses commits). Nothing here
suspends except the wait for a commit and the pauses of a long write; the rest is `async def` only to share
PostgreSQL's interface.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from bodega.aside import TURN_SECONDS
from bodega.storage import migrate
from bodega.storage.migrate import Migration
from bodega.storage.sqlite.engine import Connection, Error, open_file, plain, plain_of_write
from bodega.storage.tx import Damaged, Statement

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

TEXTS = 4096
"""SQL texts that are kept in SQLite's spelling; texts follow from declarations and the shapes of queries."""

STATEMENTS_BETWEEN = 16
"""Of a script, between two looks at the clock."""


class _Numbered(dict[str, str]):
    """SQL texts in SQLite's spelling. A look-up costs a fifth of what `functools.lru_cache` takes."""

    def __missing__(self, sql: str) -> str:
        if len(self) >= TEXTS:
            self.clear()
        made = self[sql] = re.sub(r"\$(\d+)", r"?\1", sql)
        return made


_NUMBERED = _Numbered()


def numbered(sql: str) -> str:
    """`$1` in SQLite's spelling, `?1`."""
    return _NUMBERED[sql]


def adapted(statement: str) -> str:
    """A schema statement adapted to SQLite: a table whose key is not an integer gets no rowid."""
    made = statement.startswith("CREATE TABLE") and "INTEGER PRIMARY KEY" not in statement
    return statement + " WITHOUT ROWID" if made else statement


_SET_UP_MS = 2_000


def connect(path: Path, busy_ms: int = 0, *, one_thread: bool = False) -> Connection:
    """Opens a database file as `open_file` does, set up for the work of a server; it must exist: none is created by
    being opened. `busy_ms` is for what is done with it: to be set up it waits, since a process that has just opened or
    closed the same file holds its log for a moment."""
    connection = open_file(path, busy_ms=max(busy_ms, _SET_UP_MS), one_thread=one_thread)
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
        connection.set_busy_timeout(busy_ms)
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteTx:
    """One connection, with or without an open transaction."""

    dialect = "sqlite"
    asks = True

    def __init__(self, connection: Connection, on_damage: Callable[[Damaged], None] | None = None) -> None:
        """`on_damage` is told of what a read says of the file."""
        self.use(connection)
        self._on_damage = on_damage
        self.wrote = False
        self._in_turns = False
        self._turn_ends = math.inf

    def use(self, connection: Connection) -> None:
        """From now on statements are run on this connection, outside of any transaction."""
        self.connection = connection
        self._take_cursor()

    def _take_cursor(self) -> None:
        # One cursor for all statements costs a fifth less than one for each. None is left with rows to come: they would
        # keep the state that they are of, and every other read of the connection with it.
        cursor = self.connection.cursor()
        self._execute = cursor.execute
        self._one = cursor.fetchone
        self._all = cursor.fetchall

    def begin(self) -> None:
        """As the function of this name."""
        try:
            self._execute("BEGIN IMMEDIATE")
        except Error as error:
            raise plain(error) from error

    def commit(self) -> None:
        """Waits for the disk, and so runs in a thread."""
        self._execute("COMMIT")

    def work_off(self, statements: Sequence[str]) -> None:
        """One transaction of statements that return nothing; waits for the disk, and so runs in a thread."""
        self.begin()
        try:
            for statement in statements:
                self._execute(statement)
            self.commit()
        except Error as error:
            if self.connection.in_transaction:
                self._execute("ROLLBACK")
            raise plain(error) from error

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
            execute, every = self._execute, self._all
            execute(_NUMBERED[sql], values)
            return every()
        except Error as error:
            raise self._plain(error) from error

    async def row(self, sql: str, *values: Any) -> Any | None:
        if self._in_turns and perf_counter() > self._turn_ends:
            await self.breathe()
        try:
            execute, one = self._execute, self._one  # called as attributes they would be looked for as methods
            execute(_NUMBERED[sql], values)
            found = one()
            if found is not None and one() is not None:
                self._take_cursor()
        except Error as error:
            raise self._plain(error) from error
        return found

    async def run(self, sql: str, *values: Any) -> None:
        if self._in_turns and perf_counter() > self._turn_ends:
            await self.breathe()
        try:
            self._execute(_NUMBERED[sql], values)
        except Error as error:
            raise plain_of_write(error) from error
        self.wrote = True  # a statement that fails leaves nothing

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        try:
            if len(statements) > STATEMENTS_BETWEEN:
                await self._long_script(statements)
                return
            if self._in_turns and perf_counter() > self._turn_ends:
                await self.breathe()
            execute, numbered = self._execute, _NUMBERED
            for sql, values in statements:
                execute(numbered[sql], values)
                self.wrote = True
        except Error as error:
            raise plain_of_write(error) from error

    async def _long_script(self, statements: Sequence[Statement]) -> None:
        for place, (sql, values) in enumerate(statements):
            if place % STATEMENTS_BETWEEN == 0:
                await self.breathe()
            self._execute(_NUMBERED[sql], values)
            self.wrote = True

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        self._execute("SAVEPOINT inner_work")
        wrote = self.wrote
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:  # SQLite may have rolled it back by itself
                self._execute("ROLLBACK TO inner_work")
                self._execute("RELEASE inner_work")
                self.wrote = wrote
            raise
        self._execute("RELEASE inner_work")


def carry_out(
    connection: Connection, migrations: Iterable[Migration], adapt: Callable[[str], str] = lambda sql: sql
) -> None:
    """Brings a schema forward, within the transaction that the caller began; `adapt` is `adapted` for that of a
    store."""
    for migration in migrations:
        for statement in migration.statements("sqlite"):
            connection.execute(adapt(statement))
        connection.execute(numbered(migrate.WRITE), (migration.number, migration.name))


def begin(connection: Connection) -> None:
    """Takes the write lock at once: a transaction that upgrades later fails at once, whatever the busy timeout. Raises
    Busy."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except Error as error:
        raise plain(error) from error
