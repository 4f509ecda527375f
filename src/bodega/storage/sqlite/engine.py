"""SQLite itself, by way of apsw: how a database file is opened and copied, and what its errors mean.

Nothing else in this program may bring a second SQLite: two of them that open one file in one process drop each other's
locks, since the system's locks belong to a process and end when any of its descriptors is closed
(docs/decisions/0033-apsw.md). So the standard library's module of that name is not used, and this is the only module
that names the one that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import apsw

from bodega.storage.tx import Busy, Clash, Damaged, Unstorable

Connection = apsw.Connection
Cursor = apsw.Cursor
Error = apsw.Error
"""Whatever SQLite says went wrong; `plain` says what it means."""

SqlError = apsw.SQLError
"""A statement that is wrong, or names a table that is not there."""

CACHED_STATEMENTS = 100
"""Prepared statements that a connection keeps: any that was used among its last so many. They are found by looking
through the list of them, which costs three instructions each."""

_PAUSE_SECONDS = 0.005


def _count_no_memory() -> None:
    """SQLite sums up what memory it takes, under one mutex of the process, at each piece. Nobody asks for the sum, and
    it can be left out only before any connection is opened."""
    apsw.shutdown()
    apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
    apsw.initialize()


_count_no_memory()

_FLAGS = {
    "ro": apsw.SQLITE_OPEN_READONLY,
    "rw": apsw.SQLITE_OPEN_READWRITE,
    "rwc": apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE,
}

_CLOSED = (apsw.ConnectionClosedError, apsw.CursorClosedError)
_UNUSABLE = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.ProtocolError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
    apsw.NoLFSError,
)
"""Errors of a statement because of a full or failing disk, or of another process: the request itself is not wrong."""

_CORRUPT = (apsw.CorruptError, apsw.NotADBError)
_REFUSED = (apsw.ConstraintError, apsw.MismatchError)
"""A unique index, a foreign key, a check or the type of a key says no."""

_WAIT = (apsw.BusyError, apsw.LockedError)


def open_file(
    path: Path, mode: Literal["ro", "rw", "rwc"] = "rw", *, busy_ms: int = 5_000, one_thread: bool = False
) -> Connection:
    """Opens a database file, which must exist unless `mode` is "rwc". `busy_ms` is how long SQLite waits for a lock.

    A connection may be used by any thread, but by one at a time: a second one gets an error. That of `one_thread` takes
    no mutex to find out, several times a row.
    """
    flags = _FLAGS[mode] | (apsw.SQLITE_OPEN_NOMUTEX if one_thread else 0)
    connection = Connection(str(path.absolute()), flags=flags, statementcachesize=CACHED_STATEMENTS)
    connection.set_busy_timeout(busy_ms)
    # A plan does not depend on the values of parameters: else a statement with `LIMIT ?` is prepared again at each use.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def in_memory() -> Connection:
    """A database in memory, for as long as the connection is open."""
    return Connection(":memory:")


def rows(connection: Connection, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    """All rows of a query."""
    return connection.execute(sql, values).fetchall()


def value(connection: Connection, sql: str, values: Sequence[Any] = ()) -> Any:
    """The first column of the first row of a query; None also if there is no row."""
    return next((row[0] for row in rows(connection, sql, values)), None)


def roll_back(connection: Connection) -> None:
    """Ends the transaction, if there is one: an error may have ended it already."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def copy(source: Connection, target: Connection) -> None:
    """Makes `target` what `source` is, in one transaction of each; waits while others write."""
    with target.backup("main", source, "main") as copying:
        while not copying.done:
            try:
                copying.step(-1)
            except _WAIT:
                time.sleep(_PAUSE_SECONDS)


def leave_log(connection: Connection) -> None:
    """Lets the log stay as it is when the connection is closed: the file was deleted, and nobody will read it."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)


def add_function(connection: Connection, name: str, function: Callable[..., str | None]) -> None:
    """Adds a function of one text, whose result follows from it."""
    connection.create_scalar_function(name, function, 1, deterministic=True)


def is_corrupt(error: BaseException) -> bool:
    """Whether an error says that a file is no database, or is not whole."""
    return isinstance(error, _CORRUPT)


def plain(error: Exception) -> Exception:
    """An error as the packages above know it: Busy for a store that was deleted under a request's hands, and for a disk
    that cannot be used, Damaged for a file that is not whole, Unstorable for a value; any other error is this program's
    own."""
    if not isinstance(error, Error):
        return error
    if isinstance(error, apsw.TooBigError):
        return Unstorable(str(error))
    if isinstance(error, _CLOSED):
        return Busy(str(error))
    if isinstance(error, _UNUSABLE):
        return Busy(f"The store's file cannot be used: {error}")
    if isinstance(error, _CORRUPT):
        return Damaged(f"its file cannot be read ({error})")
    return error


def plain_of_write(error: Error) -> Exception:
    """As `plain`, of a statement that writes: Clash if a constraint refused it."""
    return Clash(str(error)) if isinstance(error, _REFUSED) else plain(error)
