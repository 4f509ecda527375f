"""The registry in a file, `registry.db`, and `changes`, the notifications of its changes.

Both files are looked at again a few times a second: whoever deletes or replaces one must not leave a server behind that
never hears of an account that was revoked.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bodega import private
from bodega.storage import migrate
from bodega.storage.registry import Registry
from bodega.storage.sealing import Sealer
from bodega.storage.sqlite import file as store_file
from bodega.storage.sqlite.connection import SqliteTx, begin, carry_out, connect
from bodega.storage.sqlite.engine import Connection, Error, roll_back, value
from bodega.storage.tx import Busy, Tx

_BYTES = 8


class SqliteRegistry(Registry):
    """A change notification is a change of eight shared bytes: reading them costs half a microsecond, where `PRAGMA
    data_version` costs three, and this is done at every request. They are not mapped: a mapped file that is cut by
    somebody else ends the process."""

    def __init__(self, directory: Path, sealer: Sealer) -> None:
        self._path = directory / "registry.db"
        self._changes = directory / "changes"
        if not (self._path.exists() and self._path.stat().st_size) and any((directory / "stores").glob("*.db")):
            raise Busy(f"{self._path} is missing or empty, though there are stores; put it back from a copy")
        private.touch(self._path)
        self._connection = _opened(self._path)
        self._replaced: list[Connection] = []
        self._sqlite = SqliteTx(self._connection)
        super().__init__(self._sqlite, sealer)
        self._identity = _identity(self._path)
        self._file = private.make_file(self._changes)
        self._heard = os.pread(self._file, _BYTES, 0)
        self._good_until = time.monotonic() + store_file.LOOK_SECONDS

    @asynccontextmanager
    async def tx_of_several(self) -> AsyncIterator[Tx]:
        """Nothing suspends within it: a statement of this registry never does."""
        begin(self._connection)
        try:
            yield self._sqlite
            self._connection.execute("COMMIT")
        finally:
            roll_back(self._connection)

    async def notify_change(self) -> None:
        self._look()
        os.pwrite(self._file, os.urandom(_BYTES), 0)

    def has_changed(self) -> bool:
        if time.monotonic() > self._good_until:
            self._look()
        now = os.pread(self._file, _BYTES, 0)
        if now == self._heard:
            return False
        self._heard = now
        return True

    def _look(self) -> None:
        """Goes on with the files that have the names now, if they are others. Raises nothing: what cannot be opened is
        tried again, and what was open is used until then."""
        self._good_until = time.monotonic() + store_file.LOOK_SECONDS
        try:
            facts = os.fstat(self._file)
            if (facts.st_dev, facts.st_ino) != _identity(self._changes):
                file = private.make_file(self._changes)
                os.close(self._file)
                self._file, self._heard = file, b""
                if os.fstat(file).st_size < _BYTES:
                    os.pwrite(file, os.urandom(_BYTES), 0)
            found = _identity(self._path)
            if found is not None and found != self._identity and not self._connection.in_transaction:
                self._follow(_opened(self._path))
                self._identity = found
        except (OSError, Error, Busy):
            return

    def _follow(self, connection: Connection) -> None:
        # The old one stays open: to close it would delete the log of the new one, by its name.
        self._replaced.append(self._connection)
        self._connection = connection
        self._sqlite.use(connection)
        self._heard = b""

    async def shred(self) -> None:
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        os.close(self._file)
        for connection in (self._connection, *self._replaced):
            connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def _opened(path: Path) -> Connection:
    connection = connect(path, busy_ms=10_000)
    try:
        _forward(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _forward(connection: Connection) -> None:
    """Brings the registry to the newest schema under the write lock, which is not taken if there is nothing to do."""
    if has_table(connection, "migrations") and not migrate.registry_pending(revision_of(connection), unnumbered=False):
        return
    begin(connection)
    try:
        unnumbered = has_table(connection, "stores") and not has_table(connection, "migrations")
        connection.execute(migrate.TABLE)
        carry_out(connection, migrate.registry_pending(revision_of(connection), unnumbered=unnumbered))
        connection.execute("COMMIT")
    finally:
        roll_back(connection)


def has_table(connection: Connection, table: str) -> bool:
    return value(connection, "SELECT 1 FROM sqlite_master WHERE name = ?", (table,)) is not None


def revision_of(connection: Connection) -> int:
    return int(value(connection, migrate.READ))
