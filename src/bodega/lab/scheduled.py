"""Scheduled backups: what a store's `backup.every` and `backup.keep` ask for, taken by the server.

Each is written under another name, recovered into a scratch file and looked through there; only then does it get its
name, and do older ones go. Times are the machine's: a store whose clock is frozen is backed up all the same. Of several
servers of a registry, one takes the backup of a store.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bodega import private
from bodega.access.backup_states import BackupState, states
from bodega.access.settings import every_seconds, with_defaults
from bodega.lab import copies
from bodega.log import Log
from bodega.metrics import Meter
from bodega.periodic import PeriodicJob
from bodega.resources import MODEL
from bodega.storage.backend import Backend, NoCopy
from bodega.storage.registry import StoreRecord
from bodega.storage.sqlite.backend import forward, make
from bodega.storage.sqlite.copies import put_back, read_facts
from bodega.storage.sqlite.engine import Connection, Error, open_file, rows, value
from bodega.storage.tx import Busy

LOOK_SECONDS = 20.0
"""How often it is looked whether a backup is due."""

ENDING = ".bodega"
FOLDER = "backups"
"""Where scheduled backups are in the data directory: a folder for each store."""


class Schedule:
    """Takes what is due, one after the other, into `folder`; `now` is the machine's time in UTC seconds."""

    def __init__(
        self, backend: Backend, folder: Path, log: Log, meter: Meter, now: Callable[[], float] = time.time
    ) -> None:
        self._backend = backend
        self._tx = backend.registry.tx
        self._folder = folder
        self._log = log
        self._meter = meter
        self._now = now
        self._job = PeriodicJob(LOOK_SECONDS, self.look, log, "backups not looked after")

    def start(self) -> None:
        """Begins to look, at once: a backup may have become due while the server was stopped."""
        self._job.start()
        self._job.wake()

    async def stop(self) -> None:
        """Ends; a backup that was begun is given up."""
        await self._job.stop(grace=0)

    async def look(self) -> int:
        """Takes the backups that are due; how many there were. Raises Busy if the registry cannot be reached."""
        known, tried = await states(self._tx), 0
        for record in await self._backend.registry.stores():
            settings = with_defaults(record.settings)
            every = every_seconds(settings)
            before = known.get(record.hash, BackupState(record.hash))
            if every and before.is_due(every, self._now()) and await self._claim(before):
                tried += 1
                await self._try(record, settings["backup.keep"])
        return tried

    async def _claim(self, before: BackupState) -> bool:
        """Whether this server is the one that takes it."""
        sql = (
            "INSERT INTO scheduled_backups (store, begun, taken, file, bytes, failed, error)"
            " VALUES ($1, $2, 0, '', 0, 0, '') ON CONFLICT (store) DO UPDATE SET begun = excluded.begun"
            " WHERE scheduled_backups.begun = $3 RETURNING store"
        )
        return bool(await self._tx.rows(sql, before.store, int(self._now()), before.begun))

    async def _try(self, record: StoreRecord, keep: int) -> None:
        try:
            file = await self._take(record, keep)
        except Exception as error:
            why = " ".join(str(error).split()) or type(error).__name__
            if not isinstance(error, (Busy, NoCopy, OSError, Error)):
                self._log.event("backup error", traceback="".join(traceback.format_exception(error)))
            self._meter.add("backups_failed")
            self._log.event("backup failed", store=record.hash, error=why)
            sql = "UPDATE scheduled_backups SET failed = $2, error = $3 WHERE store = $1"
            await self._tx.run(sql, record.hash, self._ended(), why[:500])
        else:
            self._meter.add("backups_done")
            self._log.event("backup taken", store=record.hash, file=str(file))
            sql = (
                "UPDATE scheduled_backups SET taken = $2, file = $3, bytes = $4, failed = 0, error = ''"
                " WHERE store = $1"
            )
            await self._tx.run(sql, record.hash, self._ended(), str(file), file.stat().st_size)

    def _ended(self) -> int:
        return int(self._now())

    async def _take(self, record: StoreRecord, keep: int) -> Path:
        folder = self._folder / record.hash
        private.make_folder(folder)
        await asyncio.to_thread(_clear, folder)
        moment = datetime.fromtimestamp(self._now(), UTC)
        target = folder / f"{record.hash}-{moment:%Y%m%dT%H%M%SZ}{ENDING}"
        new = target.with_name(target.name + ".new")
        try:
            await copies.backup(self._backend, record, new, force=True)
            await asyncio.to_thread(check, new)
            await asyncio.to_thread(_name, new, target)
        finally:
            new.unlink(missing_ok=True)
        await asyncio.to_thread(_prune, folder, record.hash, target, keep)
        return target


def _clear(folder: Path) -> None:
    """Removes what a server left that was killed."""
    for path in (*folder.glob("*.new*"), *folder.glob("check-*")):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _name(new: Path, target: Path) -> None:
    new.replace(target)
    private.sync(target.parent)


def _prune(folder: Path, store: str, newest: Path, keep: int) -> None:
    """Removes the oldest, never the one that was just taken.

    Those dated after that one are of a clock that has been put back since: they go first, or they would stay for as
    long as it was wrong by, and leave no room for others.
    """
    pattern = f"{store}-" + "[0-9]" * 8 + "T" + "[0-9]" * 6 + f"Z{ENDING}"
    others = (path for path in folder.glob(pattern) if path != newest)
    older = sorted(others, key=lambda path: (path.name < newest.name, path.name), reverse=True)
    for path in older[max(0, keep - 1) :]:
        path.unlink(missing_ok=True)


def check(backup: Path) -> None:
    """Recovers a backup into a scratch file and looks through that. Raises NoCopy with what is wrong."""
    if "store" not in read_facts(backup):
        raise NoCopy(f"The backup {backup.name} does not say what it was taken from.")
    with tempfile.TemporaryDirectory(dir=backup.parent, prefix="check-") as folder:
        scratch = Path(folder) / "scratch.db"
        make(scratch)
        try:
            put_back(backup, scratch, int(time.time()), forward)
            with closing(open_file(scratch)) as made:
                wrong = next(_wrong(made), "")
        except Error as error:
            wrong = str(error)
    if wrong:
        raise NoCopy(f"The backup {backup.name} was taken, but a check found it unusable: {wrong}.")


def _wrong(made: Connection) -> Iterator[str]:
    told = value(made, "PRAGMA integrity_check(1)")
    if told != "ok":
        yield " ".join(str(told).split())
    for table, *_ in rows(made, "PRAGMA foreign_key_check"):
        yield f"{table} refers to rows that are not there"
    totals = dict(rows(made, "SELECT name, total FROM table_statistics"))
    for table in MODEL.tables:
        count = value(made, f"SELECT count(*) FROM {table.name}")  # noqa: S608 - a declared name
        if count != totals.get(table.name, 0):
            yield f"{table.name} has {count} rows instead of {totals.get(table.name, 0)}"
