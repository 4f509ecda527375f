"""The embedded depot: a directory with `registry.db`, `stores/HASH.PLACE.db` and the bell."""

from __future__ import annotations

import asyncio
import mmap
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bodega.storage import migrate
from bodega.storage.depot import HAS_DELIVERIES, HAS_TASKS
from bodega.storage.registry import SCHEMA, Registry, StoreRecord
from bodega.storage.sqlite import SqliteTx, adapted, begin, connect
from bodega.storage.sqlite_rows import SqliteRows
from bodega.storage.tx import Busy


class EmbeddedRegistry(Registry):
    """The registry in a file. The bell is eight shared bytes: reading them costs a tenth of a microsecond, where
    `PRAGMA data_version` costs three, and it is asked at every request."""

    def __init__(self, directory: Path) -> None:
        self._connection = connect(directory / "registry.db", busy_ms=10_000)
        try:
            begin(self._connection)
            if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'stores'").fetchone():
                for statement in SCHEMA.split(";"):
                    self._connection.execute(statement)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        super().__init__(SqliteTx(self._connection))
        self._file = os.open(directory / "bell", os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < 8:
            os.pwrite(self._file, bytes(8), 0)
        self._bell = mmap.mmap(self._file, 8)
        self._heard = self._bell[:]

    async def ring(self) -> None:
        os.pwrite(self._file, os.urandom(8), 0)

    def rang(self) -> bool:
        now = self._bell[:]
        if now == self._heard:
            return False
        self._heard = now
        return True

    async def close(self) -> None:
        self._bell.close()
        os.close(self._file)
        self._connection.close()


class Embedded:
    """Stores as SQLite files of one process."""

    def __init__(self, directory: Path) -> None:
        (directory / "stores").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.registry: Registry = EmbeddedRegistry(directory)
        self._commits = ThreadPoolExecutor(max_workers=4, thread_name_prefix="commit")

    def path(self, record: StoreRecord) -> Path:
        """The file of a store, never the same twice: SQLite deletes the log of a file that it closes, by its name."""
        return self.directory / "stores" / f"{record.hash}.{record.place}.db"

    async def revision(self, record: StoreRecord) -> int:
        return await self._number(record, migrate.READ)

    async def has_tasks(self, record: StoreRecord) -> bool:
        return await self._number(record, HAS_TASKS) > 0 or await self._number(record, HAS_DELIVERIES) > 0

    async def _number(self, record: StoreRecord, sql: str) -> int:
        """What a query answers with one number; 0 where the store's file or the table is not there yet."""
        path = self.path(record)
        if not path.exists():
            return 0
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        try:
            found = connection.execute(sql).fetchone()
        except sqlite3.OperationalError:
            return 0
        except sqlite3.DatabaseError as error:
            raise Busy(f"{path.name}: {error}") from error
        else:
            return int(found[0])
        finally:
            connection.close()

    async def migrate(self, record: StoreRecord) -> None:
        await asyncio.get_running_loop().run_in_executor(None, _migrate, self.path(record))

    async def open(self, record: StoreRecord) -> SqliteRows:
        path = self.path(record)
        try:
            return SqliteRows(path, self._commits)
        except sqlite3.Error as error:
            raise Busy(f"{path.name}: {error}") from error

    async def drop(self, record: StoreRecord) -> None:
        path = self.path(record)
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)

    async def close(self) -> None:
        await self.registry.close()
        self._commits.shutdown()


def _migrate(path: Path) -> None:
    connection = connect(path, busy_ms=600_000)
    try:
        begin(connection)
        connection.execute(migrate.TABLE)
        for migration in migrate.pending(connection.execute(migrate.READ).fetchone()[0]):
            for statement in migration.statements():
                connection.execute(adapted(statement))
            connection.execute(migrate.WRITE.replace("$", "?"), (migration.number, migration.name))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
        connection.close()
