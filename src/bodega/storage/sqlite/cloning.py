"""Clones of a store's file: blocks that both share where the file system can do that, else a copy within the kernel.

What is cloned is the file with its log, as they are while a read transaction is open. That is a state of the store,
whatever others write meanwhile: the transaction keeps the log from being moved into the file beyond what it sees, and
of a log that goes on, or begins anew, the part that is copied ends with the last commit that is whole. Whoever opens
the clone has SQLite put both together, as after a crash.

A program that closes a file which SQLite has open ends the locks of SQLite in the whole process. So what is cloned from
is opened once, and closed when the store is dropped or the process ends.
"""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

from bodega import private
from bodega.storage.migrate import Migration
from bodega.storage.sqlite.engine import Connection, Error, open_file, rows

_FICLONE = 0x40049409
"""The request to share all blocks of another file (Linux: btrfs, XFS, bcachefs, overlays of these)."""

_AT_ONCE = 1 << 30
_NOT_HERE = frozenset({errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM})
_WAIT_MS = 30_000
_SHORT = 256 * 1024
"""A log of so many bytes is cloned as it is."""


class Sources:
    """The descriptors of files that clones were made of, each open until it is `forget`-ten."""

    def __init__(self) -> None:
        self._open: dict[Path, int] = {}
        self._lock = threading.Lock()

    def of(self, path: Path) -> int:
        """The descriptor of a file. Raises OSError."""
        with self._lock:
            if path not in self._open:
                self._open[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            return self._open[path]

    def forget(self, path: Path) -> None:
        """Closes the file; no connection of this process may have it open any more."""
        with self._lock:
            descriptor = self._open.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)

    def close(self) -> None:
        """Closes all."""
        for path in list(self._open):
            self.forget(path)


class Clone:
    """The new file `path`, with its log, of a store or a snapshot. Its descriptors are open until `close`, which comes
    after every connection to it is closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made: list[int] = []

    def of_store(self, sources: Sources, source: Path) -> None:
        """Of a store that may be in use. Raises OSError, and what SQLite raises."""
        log, its_log = (path.with_name(path.name + "-wal") for path in (source, self.path))
        with closing(open_file(source, busy_ms=0)) as held:
            _shorten(held, log)
            held.set_busy_timeout(_WAIT_MS)
            held.execute("BEGIN")
            rows(held, "PRAGMA user_version")  # only now does the transaction have its state
            self._add(sources.of(source), self.path)
            with suppress(FileNotFoundError):
                descriptor = os.open(log, os.O_RDONLY | os.O_CLOEXEC)  # on which there are no locks
                try:
                    self._add(descriptor, its_log)
                finally:
                    os.close(descriptor)
            held.execute("ROLLBACK")

    def of_copy(self, source: Path) -> None:
        """Of a file that nobody has open. Raises OSError."""
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._add(descriptor, self.path)
        finally:
            os.close(descriptor)

    def _add(self, source: int, target: Path) -> None:
        made = private.make_file(target, exclusive=True)
        self._made.append(made)
        if not _shared(source, made):
            _copied(source, made)

    def sync(self) -> None:
        """Has it on disk before it returns."""
        for made in self._made:
            os.fsync(made)
        private.sync(self.path.parent)

    def close(self) -> None:
        """Closes what it was made through."""
        while self._made:
            os.close(self._made.pop())


def _shorten(connection: Connection, log: Path) -> None:
    """Moves the log into the file, if nobody stands in the way: it would be copied and read by each clone."""
    with suppress(OSError, Error):
        if log.stat().st_size > _SHORT:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _shared(source: int, made: int) -> bool:
    """Whether the new file has the blocks of the other."""
    try:
        fcntl.ioctl(made, _FICLONE, source)
    except OSError as error:
        if error.errno in _NOT_HERE:
            return False
        raise
    return True


def _copied(source: int, made: int) -> None:
    at, size = 0, os.fstat(source).st_size
    while at < size:
        try:
            done = os.copy_file_range(source, made, min(size - at, _AT_ONCE), at, at)
        except (AttributeError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in _NOT_HERE:
                raise
            done = os.pwrite(made, os.pread(source, min(size - at, 1 << 20), at), at)
        if not done:
            break  # it has become shorter
        at += done


@cache
def new_store(_steps: tuple[Migration, ...], make: Callable[[Path], None]) -> bytes:
    """The file of a new store, as `make` makes it by these migrations: some 900 KB, kept once it was needed."""
    with tempfile.TemporaryDirectory(prefix="bodega-new-") as folder:
        path = Path(folder) / "store.db"
        make(path)
        return path.read_bytes()


def place(content: bytes, target: Path) -> None:
    """Makes the new file `target`; it is on disk before this returns. Raises FileExistsError."""
    made = private.make_file(target, exclusive=True)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    private.sync(target.parent)
