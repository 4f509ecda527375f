"""The rows of one store in SQLite."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

from bodega.storage import query
from bodega.storage.aggregate import DataModel
from bodega.storage.sqlite.commits import CommitThreads
from bodega.storage.sqlite.connection import SqliteTx, connect
from bodega.storage.sqlite.engine import Error, leave_log, plain, roll_back
from bodega.storage.sqlite.file import OpenFile
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy, Damaged, Tx
from bodega.storage.writer import MUCH, Waiting, Writer

PATIENCE_SECONDS = 30.0
"""How long a write waits for another process (the command line, a seed) to end its transaction."""


class SqliteRows(Writer):
    """Reads inline through one connection, writes through another.

    The Python of a job runs on the event loop, in turns between which others go first; only the commit, which waits for
    the disk, runs in a thread. Writes that arrive meanwhile form the next group.
    """

    def __init__(self, path: Path, store: str, commits: CommitThreads, model: DataModel) -> None:
        super().__init__(model)
        self._commits = commits
        self._file = OpenFile(path, store)
        self._connection = connect(path)
        self._writing = SqliteTx(self._connection)
        self._known: tuple[int, TableStatistics] | None = None
        """The table statistics of the last transaction, and SQLite's number of the state that they are of."""
        try:
            self._reading = connect(path, busy_ms=2_000, one_thread=True)  # that of the event loop
        except BaseException:
            self._connection.close()
            raise
        self.reader: Tx = SqliteTx(self._reading, self.tell_of_damage)

    def check(self) -> None:
        if time.monotonic() < self._file.good_until:
            return
        try:
            self._file.look()
        except Damaged as error:
            self.tell_of_damage(error)
            raise

    async def _protected(self, group: list[Waiting]) -> None:
        await self._transaction(group, protected=True)

    def _judge(self, error: Exception, *, protected: bool) -> None:
        if isinstance(told := plain(error), Busy):
            raise told from error
        if not self._connection.in_transaction:
            raise Busy(f"SQLite has ended the transaction by itself: {error}") from error

    @staticmethod
    def plain(error: Exception) -> Exception:
        return plain(error)

    async def _transaction(self, group: list[Waiting], *, protected: bool) -> None:
        await self._begin()
        try:
            tx = self._writing
            tx.begin_turn()
            statistics = await self._statistics()
            answers = await self._run(group, tx, statistics, protected=protected)
            if answers.done:
                await tx.script(statistics.statements())
                await self._commits.run(tx.commit)
                self._file.check()
                self._file.check_log()
            else:
                roll_back(self._connection)
                self._file.check()
        except BaseException as error:
            roll_back(self._connection)
            if isinstance(damage := plain(error) if isinstance(error, Exception) else error, Damaged):
                self.tell_of_damage(damage)
            if isinstance(error, Error) and (told := plain(error)) is not error:
                raise told from error
            raise
        self._known = self._connection.data_version(), statistics
        self.say(statistics)
        answers.send()

    async def _statistics(self) -> TableStatistics:
        """The table statistics as they are now: those of the last transaction, unless somebody else has written since.

        What is kept is kept only from one commit to the next: whatever fails in between drops it.
        """
        known, self._known = self._known, None
        if known is not None and known[0] == self._connection.data_version():
            return known[1].next()
        return await TableStatistics.load(self._writing)

    async def _keep_up(self) -> None:
        leaves, self._leaves = self._leaves, MUCH
        try:
            for upkeep in self.model.upkeep:
                while await query.value(self._writing, upkeep.waiting) >= leaves:
                    await self._commits.run(partial(self._writing.work_off, upkeep.statements))
        except Damaged as error:
            self.tell_of_damage(error)
        except (Error, Busy):
            pass  # another process writes, or the disk is full

    async def _begin(self) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        pause = 0.001
        while True:
            try:
                self._writing.begin()
            except Damaged as error:
                self.tell_of_damage(error)
                raise
            except Busy:
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.005)
            else:
                return

    async def close(self) -> None:
        """Closes after the last waiting write."""
        await self.settle()
        if self.gone:
            leave_log(self._reading)
            leave_log(self._connection)
        self._reading.close()
        self._connection.close()
