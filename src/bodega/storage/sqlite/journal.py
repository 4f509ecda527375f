"""The journal's database in SQLite: the file `journal.db`, read and written in threads of its own."""

from __future__ import annotations

import asyncio
import functools
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from bodega import private
from bodega.storage import migrate
from bodega.storage.sqlite.connection import begin, carry_out, connect, numbered, plain
from bodega.storage.sqlite.file import is_corrupt
from bodega.storage.tx import Busy, Record, Values

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
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="journal")

    async def rows(self, sql: str, *values: Any) -> list[Record]:
        return await _in(self._reading, self._rows, numbered(sql), values)

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        await _in(self._writing, self._write, numbered(sql), rows)

    def _rows(self, sql: str, values: Values) -> list[Record]:
        if self._reader is None:
            if not self._path.exists():  # nothing was kept yet
                _in_order(self._path)
            self._reader = connect(self._path, busy_ms=BUSY_MS)
        return self._reader.execute(sql, values).fetchall()

    def _write(self, sql: str, rows: Sequence[Values]) -> None:
        if self._writer is None:
            _in_order(self._path)
            self._writer = connect(self._path, busy_ms=BUSY_MS)
            self._writer.execute("PRAGMA synchronous=NORMAL")
        begin(self._writer)
        try:
            self._writer.executemany(sql, rows)
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:
                self._writer.rollback()
        if sql.startswith("DELETE"):
            (spare,) = self._writer.execute("PRAGMA freelist_count").fetchone()
            if spare > SPARE_PAGES:
                self._writer.executescript(f"PRAGMA incremental_vacuum({SPARE_PAGES})")  # `execute` frees one page

    async def close(self) -> None:
        for pool, connection in ((self._writing, self._writer), (self._reading, self._reader)):
            if connection is not None:
                await asyncio.get_running_loop().run_in_executor(pool, connection.close)
            pool.shutdown(wait=False)


async def _in(pool: ThreadPoolExecutor, work: Callable[..., T], *given: Any) -> T:
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, functools.partial(work, *given))
    except sqlite3.Error as error:
        raise plain(error) from error
    except RuntimeError as error:  # the pool was shut down
        raise Busy(str(error)) from error


def _in_order(path: Path) -> None:
    """Creates the file or brings it to the newest schema; one that is no database any more is put aside."""
    try:
        _forward(path)
    except sqlite3.DatabaseError as error:
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
    made = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        made.execute("PRAGMA auto_vacuum=INCREMENTAL")  # heard only by a file without tables
        made.execute("PRAGMA journal_mode=WAL")
        begin(made)
        made.execute(migrate.TABLE)
        (revision,) = made.execute(migrate.READ).fetchone()
        carry_out(made, migrate.journal_pending(revision))
        made.execute("COMMIT")
    finally:
        if made.in_transaction:
            made.rollback()
        made.close()
