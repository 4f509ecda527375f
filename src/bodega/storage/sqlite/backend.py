"""The SQLite backend: a directory with `registry.db`, `stores/HASH.PLACE.db` and `changes`, the notifications."""

from __future__ import annotations

import asyncio
import functools
import mmap
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from bodega.storage import migrate
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import HAS_DELIVERIES, HAS_TASKS, NoCopy
from bodega.storage.model import NO_TABLES
from bodega.storage.registry import Registry, StoreRecord
from bodega.storage.sqlite import copies
from bodega.storage.sqlite.connection import SqliteTx, adapted, begin, connect
from bodega.storage.sqlite.rows import SqliteRows
from bodega.storage.tx import Busy


def _keep_private(path: Path) -> None:
    """Makes the file if it is missing; it holds client secrets, so nobody but its owner and their group may open it.

    SQLite gives the files that it puts beside a database the same permissions. One that is there is not opened: closing
    it again would end the locks that this process has on it (POSIX)."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    mode = path.stat().st_mode
    if mode & 0o007:
        with suppress(PermissionError):  # somebody else's, who decides
            path.chmod(mode & 0o770)


class SqliteRegistry(Registry):
    """The registry in a file. A change notification is a change of eight shared bytes: reading them costs a tenth of a
    microsecond, where `PRAGMA data_version` costs three, and this is checked at every request."""

    def __init__(self, directory: Path) -> None:
        _keep_private(directory / "registry.db")
        self._connection = connect(directory / "registry.db", busy_ms=10_000)
        try:
            _forward(self._connection)
        except BaseException:
            self._connection.close()
            raise
        super().__init__(SqliteTx(self._connection))
        self._file = os.open(directory / "changes", os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < 8:
            os.pwrite(self._file, bytes(8), 0)
        self._shared = mmap.mmap(self._file, 8)
        self._heard = self._shared[:]

    async def notify_change(self) -> None:
        os.pwrite(self._file, os.urandom(8), 0)

    def has_changed(self) -> bool:
        now = self._shared[:]
        if now == self._heard:
            return False
        self._heard = now
        return True

    async def close(self) -> None:
        self._shared.close()
        os.close(self._file)
        self._connection.close()


def _forward(connection: sqlite3.Connection) -> None:
    """Brings the registry to the newest schema under the write lock, which is not taken if there is nothing to do."""
    if _has(connection, "migrations") and not migrate.registry_pending(_revision(connection), unnumbered=False):
        return
    begin(connection)
    try:
        unnumbered = _has(connection, "stores") and not _has(connection, "migrations")
        connection.execute(migrate.TABLE)
        for migration in migrate.registry_pending(_revision(connection), unnumbered=unnumbered):
            for statement in migration.statements("sqlite"):
                connection.execute(statement)
            connection.execute(migrate.WRITE.replace("$", "?"), (migration.number, migration.name))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()


def _has(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _revision(connection: sqlite3.Connection) -> int:
    return int(connection.execute(migrate.READ).fetchone()[0])


class SqliteBackend:
    """Stores as SQLite files of one process."""

    def __init__(self, directory: Path) -> None:
        (directory / "stores").mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.registry: Registry = SqliteRegistry(directory)
        self._commits = ThreadPoolExecutor(max_workers=4, thread_name_prefix="commit")

    @property
    def connections(self) -> int:
        return 0

    def path(self, record: StoreRecord) -> Path:
        """The file of a store, never the same twice: SQLite deletes the log of a file that it closes, by its name."""
        return self.directory / "stores" / f"{record.hash}.{record.place}.db"

    async def revision(self, record: StoreRecord) -> int:
        return await self._number(record, migrate.READ)

    async def has_tasks(self, record: StoreRecord) -> bool:
        return await self._number(record, HAS_TASKS) > 0 or await self._number(record, HAS_DELIVERIES) > 0

    async def _number(self, record: StoreRecord, sql: str) -> int:
        """The single number that a query returns; 0 if the store's file or the table does not exist yet."""
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
        await asyncio.get_running_loop().run_in_executor(None, forward, self.path(record))

    async def open(self, record: StoreRecord, model: DataModel = NO_TABLES) -> SqliteRows:
        path = self.path(record)
        try:
            return SqliteRows(path, self._commits, model)
        except sqlite3.Error as error:
            raise Busy(f"{path.name}: {error}") from error

    async def drop(self, record: StoreRecord) -> None:
        path = self.path(record)
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        shutil.rmtree(self._copies(record), ignore_errors=True)

    def _copies(self, record: StoreRecord) -> Path:
        return self.directory / "snapshots" / f"{record.hash}.{record.place}"

    async def snapshot(self, record: StoreRecord, name: str) -> None:
        await self._aside(copies.take, self.path(record), self._copies(record) / f"{name}.db")

    async def snapshots(self, record: StoreRecord) -> list[str]:
        folder = self._copies(record)
        return sorted(path.stem for path in folder.glob("*.db")) if folder.is_dir() else []

    async def restore(self, record: StoreRecord, name: str) -> None:
        await self.recover(record, self._copy(record, name))

    async def forget(self, record: StoreRecord, name: str) -> None:
        self._copy(record, name).unlink()

    def _copy(self, record: StoreRecord, name: str) -> Path:
        path = self._copies(record) / f"{name}.db"
        if not path.exists():
            raise NoCopy(f"Store {record.hash} has no snapshot {name}.")
        return path

    async def backup(self, record: StoreRecord, target: Path, facts: Mapping[str, str]) -> None:
        await self._aside(copies.take, self.path(record), target, facts)

    async def recover(self, record: StoreRecord, backup: Path) -> None:
        await self._aside(copies.put_back, backup, self.path(record), int(record.clock.now()), forward)

    async def _aside(self, work: Callable[..., None], *given: Any) -> None:
        """Copies files in a thread, so that requests are served meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, functools.partial(work, *given))

    async def close(self) -> None:
        await self.registry.close()
        self._commits.shutdown()


def forward(path: Path) -> None:
    """Brings a store's file to the newest schema, or creates it."""
    connection = connect(path, busy_ms=600_000)
    try:
        begin(connection)
        connection.execute(migrate.TABLE)
        for migration in migrate.pending(connection.execute(migrate.READ).fetchone()[0]):
            for statement in migration.statements("sqlite"):
                connection.execute(adapted(statement))
            connection.execute(migrate.WRITE.replace("$", "?"), (migration.number, migration.name))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.rollback()
        connection.close()
