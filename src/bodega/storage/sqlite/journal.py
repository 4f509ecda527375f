"""The journal's database in SQLite: the file `journal.db`, read and written in threads of its own."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bodega import private
from bodega.storage import migrate
from bodega.storage.sqlite.connection import begin, carry_out, connect, numbered
from bodega.storage.sqlite.engine import Connection, Error, is_corrupt, open_file, plain, roll_back, rows, value
from bodega.storage.tx import Busy, Damaged, Record, Values

T = TypeVar("T")
FILE = "journal.db"
BUSY_MS = 10_000
SPARE_PAGES = 256
"""Free pages beyond these are given back to the file system, as many at each write."""


class SqliteJournal:
    """A thread writes and a thread reads, so that a long search holds up neither requests nor the next write.

    Each opens its connection when it is first needed. A file that is damaged is put aside, and a new one begun: the
    journal must not keep a server from starting.
    """

    dialect = "sqlite"

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._identity: tuple[int, int] | None = None
        self._read: tuple[int, int] | None = None
        self._removed: list[Connection] = []
        """Of files without a name. They are closed last: that deletes the log of whatever has the name."""
        self._writer: Connection | None = None
        self._reader: Connection | None = None
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def rows(self, sql: str, *values: Any) -> list[Record]:
        return await _in(self._reading, self._rows, numbered(sql), values)

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        await _in(self._writing, self._write, numbered(sql), rows)

    def _rows(self, sql: str, values: Values) -> list[Record]:
        if self._reader is not None and _identity(self._path) != self._read:
            self._removed.append(self._reader)
            self._reader = None
        if self._reader is None:
            if not self._path.exists():  # nothing was kept yet
                _in_order(self._path)
            self._reader = connect(self._path, busy_ms=BUSY_MS)
            self._read = _identity(self._path)
        return rows(self._reader, sql, values)

    def _write(self, sql: str, values: Sequence[Values]) -> None:
        if self._writer is not None and _identity(self._path) != self._identity:  # somebody removed it
            self._removed.append(self._writer)
            self._writer = None
        if self._writer is None:
            _in_order(self._path)
            self._writer = connect(self._path, busy_ms=BUSY_MS)
            self._writer.execute("PRAGMA synchronous=NORMAL")
            self._identity = _identity(self._path)
        begin(self._writer)
        try:
            self._writer.executemany(sql, values)
            self._writer.execute("COMMIT")
        finally:
            roll_back(self._writer)
        if sql.startswith("DELETE") and value(self._writer, "PRAGMA freelist_count") > SPARE_PAGES:
            rows(self._writer, f"PRAGMA incremental_vacuum({SPARE_PAGES})")  # each step frees one

    async def close(self) -> None:
        for pool, connection in ((self._writing, self._writer), (self._reading, self._reader)):
            if connection is not None:
                await asyncio.get_running_loop().run_in_executor(pool, connection.close)
            pool.shutdown(wait=False)
        for connection in self._removed:
            connection.close()


async def _in(pool: ThreadPoolExecutor, work: Callable[..., T], *given: Any) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, functools.partial(work, *given))
    except Error as error:
        told = plain(error)
        if isinstance(told, Damaged):
            told = Busy(f"The journal, {FILE}, cannot be read ({error}); a server puts it aside when it starts")
        raise told from error
    except RuntimeError as error:  # the pool was shut down
        raise Busy(str(error)) from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _in_order(path: Path) -> None:
    """Creates the file or brings it to the newest schema; one that is no database any more is put aside."""
    if not path.exists():
        for ending in ("-wal", "-shm"):  # those of a file that was removed would be taken for the new one's
            path.with_name(path.name + ending).unlink(missing_ok=True)
    try:
        _forward(path)
    except Error as error:
        if not is_corrupt(error):
            raise
        aside = f"{FILE}.damaged-{os.urandom(4).hex()}"
        for ending in ("", "-wal", "-shm"):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.replace(path.with_name(aside + ending))
        _forward(path)


def _forward(path: Path) -> None:
    private.touch(path)
    made = open_file(path, busy_ms=BUSY_MS)
    try:
        made.execute("PRAGMA auto_vacuum=INCREMENTAL")  # heard only by a file without tables
        made.execute("PRAGMA journal_mode=WAL")
        begin(made)
        made.execute(migrate.TABLE)
        carry_out(made, migrate.journal_pending(value(made, migrate.READ)))
        made.execute("COMMIT")
    finally:
        roll_back(made)
        made.close()
