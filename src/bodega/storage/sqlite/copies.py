"""Copies of a store in SQLite: taken from a file that may be in use, and restored into one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from bodega import private
from bodega.storage.backend import NoCopy
from bodega.storage.sqlite import engine
from bodega.storage.sqlite.engine import Connection, open_file, rows
from bodega.storage.table_stats import NEWEST

BUMP = 100_000
"""How far the revision is moved when a copy is restored: more than the writes that can happen in between.

They are lost with the state that the copy replaces, but their entity tags must not be reused.
"""

PATIENCE_MS = 30_000
"""How long a copy waits for a lock before it asks for it again."""

_TOLD = "backup"
"""The table of a backup file that records what it was taken from."""


def take(source: Path, target: Path, facts: Mapping[str, str] | None = None, force: bool = False) -> None:
    """A consistent copy of a database while others write; `target` is either complete or absent. Raises NoCopy if it
    exists, unless by `force`, and if it is being taken by somebody else."""
    if not target.parent.exists():
        private.make_folder(target.parent)
    with being_made(target, force=force) as part:
        with closing(open_file(source, "ro", busy_ms=PATIENCE_MS)) as live, closing(open_file(part)) as made:
            engine.copy(live, made)
            made.execute("PRAGMA journal_mode=DELETE")  # one file, without a separate log
            if facts is not None:
                write_facts(made, facts)
        keep(part, target, force=force)


@contextmanager
def being_made(target: Path, *, force: bool) -> Iterator[Path]:
    """The empty file that is to become `target`. Of two who make the same one at once the second is told (NoCopy)."""
    part = target.with_name(target.name + ".part")
    if target.exists() and not target.is_file():
        raise NoCopy(f"{target} is not a file; nothing was done.")  # a device would be replaced by one
    if not force and target.exists():
        raise _exists(target)
    descriptor = _claimed(part)
    if descriptor is None:
        raise NoCopy(f"{target.name} is being made by another command at this moment; nothing was done.")
    try:
        os.ftruncate(descriptor, 0)
        yield part
    except BaseException:
        part.unlink(missing_ok=True)  # once it is in its place, the name may be somebody else's already
        raise
    finally:
        os.close(descriptor)


def _exists(target: Path) -> NoCopy:
    return NoCopy(f"{target} exists already; --force overwrites it.")


def _claimed(part: Path) -> int | None:
    """The file, locked for as long as its descriptor is open; None if somebody else has it. One that a killed command
    left behind has nobody's lock."""
    while True:
        descriptor = private.make_file(part)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        try:
            if os.stat(part).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except FileNotFoundError:
            pass  # it has just become the copy of somebody else
        os.close(descriptor)


def write_facts(made: Connection, facts: Mapping[str, str]) -> None:
    """Writes into a backup what it was taken from."""
    made.execute(f"CREATE TABLE {_TOLD} (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    made.executemany(f"INSERT INTO {_TOLD} (name, value) VALUES (?, ?)", list(facts.items()))


def read_facts(backup: Path) -> dict[str, str]:
    """What a backup was taken from; empty if the file is not a backup."""
    try:
        with closing(open_file(backup, "ro")) as made:
            return dict(rows(made, f"SELECT name, value FROM {_TOLD}"))
    except engine.Error:
        return {}


def keep(part: Path, target: Path, *, force: bool = False) -> None:
    """Moves a finished file to its place; it is on disk before this returns. Raises NoCopy if there is one, unless by
    `force`."""
    private.mend(part)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    if force:
        part.replace(target)
    else:
        try:
            target.hardlink_to(part)
        except FileExistsError:
            raise _exists(target) from None
        except OSError:  # a file system without links
            if target.exists():
                raise _exists(target) from None
            part.replace(target)
        else:
            part.unlink()
    private.sync(target.parent)


_DATED = (
    "SELECT t.name FROM sqlite_master t JOIN pragma_table_info(t.name) c ON c.name = 'modified'"
    " WHERE t.type = 'table' AND t.name IN (SELECT name FROM table_statistics)"
)
"""The tables of rows. To clients of the replaced state theirs have all changed, so they are dated after it."""


def put_back(copy: Path, live: Path, now: int, forward: Callable[[Path], None]) -> None:
    """Restores the store from the copy, in one transaction, while servers may have it open.

    `forward` brings a database to the newest schema, since the copy may be older. `now` is the store's clock.
    """
    with tempfile.TemporaryDirectory(dir=live.parent, prefix="restore-") as folder:
        work = Path(folder) / "store.db"
        private.touch(work, exclusive=True)
        shutil.copyfile(copy, work)
        forward(work)
        with closing(open_file(live, busy_ms=PATIENCE_MS)) as target:
            target.execute("PRAGMA synchronous=FULL")
            (revision, date) = rows(target, NEWEST)[0]
            with closing(open_file(work)) as source:
                source.execute("PRAGMA synchronous=OFF")  # nobody needs it once it is copied
                source.execute("BEGIN IMMEDIATE")
                source.execute(f"DROP TABLE IF EXISTS {_TOLD}")
                (kept_revision, kept_date) = rows(source, NEWEST)[0]
                moved, latest = max(revision, kept_revision) + BUMP, max(now, date, kept_date)
                source.execute(
                    "UPDATE table_statistics SET revision = ?1, index_revision = ?1,"
                    " modified = CASE name WHEN '*' THEN ?2 ELSE ?2 + 1 END",
                    (moved, latest),
                )
                for (table,) in rows(source, _DATED):
                    source.execute(f"UPDATE {table} SET modified = ?", (latest + 1,))
                source.execute("COMMIT")
                engine.copy(source, target)
