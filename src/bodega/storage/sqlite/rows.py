"""The rows of one store in SQLite."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bodega.storage.aggregate import DataModel
from bodega.storage.sqlite.connection import SqliteTx, begin, connect
from bodega.storage.sqlite.engine import Error, leave_log, plain, roll_back
from bodega.storage.sqlite.file import OpenFile
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy, Damaged, Tx
from bodega.storage.unit import Unit
from bodega.storage.writer import Waiting, Writer

PATIENCE_SECONDS = 30.0
"""How long a write waits for another process (the command line, a seed) to end its transaction."""


class SqliteRows(Writer):
    """Reads inline through one connection, writes through another.

    The Python of a job runs on the event loop, in turns between which others go first; only the commit, which waits for
    the disk, runs in a thread. Writes that arrive meanwhile form the next group.
    """

    def __init__(self, path: Path, store: str, commits: ThreadPoolExecutor, model: DataModel) -> None:
        super().__init__(model)
        self._commits = commits
        self._file = OpenFile(path, store)
        self._connection = connect(path)
        self._writing = SqliteTx(self._connection)
        try:
            self._reading = connect(path, busy_ms=2_000)
        except BaseException:
            self._connection.close()
            raise
        self.reader: Tx = SqliteTx(self._reading, self.tell_of_damage)

    def check(self) -> None:
        try:
            self._file.look()
        except Damaged as error:
            self.tell_of_damage(error)
            raise

    async def _group(self, group: list[Waiting]) -> None:
        connection = self._connection
        await self._begin()
        try:
            self._writing.begin_turn()
            statistics = await TableStatistics.load(self._writing)
            done = []
            refused: list[tuple[Waiting, Exception]] = []
            for waiting in group:
                mark = statistics.mark()
                connection.execute("SAVEPOINT job")
                try:
                    result = await waiting.job(
                        Unit(self._writing, statistics, waiting.now, waiting.terms, self.model, self.interest)
                    )
                except Exception as error:
                    if isinstance(told := plain(error), Busy):  # SQLite may have rolled the transaction back by itself
                        raise told from error
                    connection.execute("ROLLBACK TO job")
                    statistics.restore(mark)
                    refused.append((waiting, error))
                else:
                    done.append((waiting, result))
                connection.execute("RELEASE job")
            await self._writing.script(statistics.statements())
            await asyncio.get_running_loop().run_in_executor(self._commits, connection.execute, "COMMIT")
            self._file.check()
            self._file.check_log()
        except BaseException as error:
            roll_back(connection)
            if isinstance(damage := plain(error) if isinstance(error, Exception) else error, Damaged):
                self.tell_of_damage(damage)
            if isinstance(error, Error) and (told := plain(error)) is not error:
                raise told from error
            raise
        # Refusals wait for the commit too: the row that they conflict with may have been written by the same group.
        self.say(statistics)
        for waiting, result in done:
            waiting.done(result)
        for waiting, refusal in refused:
            waiting.failed(refusal)

    async def _begin(self) -> None:
        give_up = time.monotonic() + PATIENCE_SECONDS
        pause = 0.001
        while True:
            try:
                begin(self._connection)
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
