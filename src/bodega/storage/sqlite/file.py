"""The file of a store: whether it is there, is a database, and is still the one that this process opened.

A database that was opened goes on working when its file is deleted or replaced, and what is written to it then is lost
without an error. So its name is looked at again, after each commit and every quarter of a second of requests.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bodega.storage import migrate
from bodega.storage.sqlite.engine import Connection, Error, is_corrupt, open_file, rows, value
from bodega.storage.tx import Busy, Damaged

LOOK_SECONDS = 0.25
"""How long a look at a file is good for, while it is only read."""

_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR})
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"


def examine(path: Path, store: str) -> None:
    """Looks at the file of a store without opening it. Raises Damaged, or Busy if it cannot be looked at now.

    A file that SQLite has open must not be opened besides: closing it again would end the locks of this process.
    """
    try:
        facts = path.stat()
    except FileNotFoundError:
        raise Damaged(f"the file {path.name} is missing", store) from None
    except OSError as error:
        if error.errno in _REFUSED:
            raise Damaged(f"the file {path.name} cannot be used ({error.strerror})", store) from error
        raise Busy(f"{path.name}: {error.strerror}") from error
    if not stat.S_ISREG(facts.st_mode):
        raise Damaged(f"{path.name} is {_kind(facts.st_mode)} and not a file", store)
    if facts.st_size == 0:
        raise Damaged(f"the file {path.name} is empty", store)
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        raise Damaged(f"the file {path.name} cannot be used (Permission denied)", store)


def _kind(mode: int) -> str:
    return "a directory" if stat.S_ISDIR(mode) else "a device" if stat.S_ISBLK(mode) or stat.S_ISCHR(mode) else "a pipe"


@contextmanager
def read_errors(path: Path, store: str) -> Iterator[None]:
    """Reports an error of SQLite as what it means for the store: Damaged, or Busy."""
    try:
        yield
    except Error as error:
        if is_corrupt(error):
            raise Damaged(f"the file {path.name} cannot be read ({error})", store) from error
        raise Busy(f"{path.name}: {error}") from error


def inspect(path: Path, store: str, *, thorough: bool = False) -> None:
    """Opens the file for a moment, and looks whether it is a store; `thorough` reads it all. Raises Damaged, Busy."""
    with inspected(path, store, thorough=thorough):
        pass


@contextmanager
def inspected(path: Path, store: str, *, thorough: bool = False) -> Iterator[Connection]:
    """As `inspect`, and the connection by which it looked; errors of what is read by it are reported likewise."""
    examine(path, store)
    with (
        read_errors(path, store),
        closing(open_file(path)) as made,
    ):
        missing = _missing_tables(made)
        if missing:
            raise Damaged(missing, store)
        if thorough:
            told = value(made, "PRAGMA quick_check(1)")
            if told != "ok":
                raise Damaged(f"the file {path.name} is not whole ({' '.join(str(told).split())})", store)
        yield made


def _missing_tables(connection: Connection) -> str:
    """What is missing of a store in a database; empty if nothing is. An older schema is complete if it has numbers."""
    names = {name for (name,) in rows(connection, _TABLES)}
    if "migrations" not in names:
        return "its file holds no store"
    if value(connection, migrate.READ) != migrate.newest():
        return ""
    return migrate.told_missing(names, "sqlite")


class OpenFile:
    """The file behind an open database. `check` raises Damaged when it is no longer that file."""

    def __init__(self, path: Path, store: str) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._store = store
        facts = path.stat()
        self._identity = (facts.st_dev, facts.st_ino)
        self._size = facts.st_size
        self._written: tuple[int, int] | None = None
        self.good_until = 0.0
        """Until then nobody need look again, on `time.monotonic`'s clock."""

    def look(self) -> None:
        """As `check`; for a moment nobody need look again."""
        now = time.monotonic()
        self.check()
        self.good_until = now + LOOK_SECONDS

    def check(self) -> None:
        """Raises Damaged if the file was deleted, replaced or cut."""
        name = self._path.name
        try:
            facts = os.stat(self._path)
        except OSError as error:
            why = "is missing" if error.errno == errno.ENOENT else f"cannot be used ({error.strerror})"
            raise Damaged(f"the file {name} {why}", self._store) from None
        if (facts.st_dev, facts.st_ino) != self._identity:
            raise Damaged(f"the file {name} was replaced while it was in use", self._store)
        if facts.st_size < self._size:  # as after a restored snapshot, or because somebody cut it
            try:
                inspect(self._path, self._store)
            except Damaged:
                raise
            except Busy:
                return  # the next check looks again
        self._size = facts.st_size

    def check_log(self) -> None:
        """Raises Damaged if what was committed is in a log that has no name any more."""
        try:
            facts = os.stat(self._log)
            found = (facts.st_dev, facts.st_ino)
        except FileNotFoundError:
            found = None
        before, self._written = self._written, found
        if before is not None and found != before:
            raise Damaged(f"the file {self._log.name} was deleted while it was in use", self._store)
