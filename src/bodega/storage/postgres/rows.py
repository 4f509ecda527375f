"""The rows of one store in a PostgreSQL schema."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from bodega.storage.aggregate import DataModel
from bodega.storage.postgres.catalogue import known_catalogue
from bodega.storage.postgres.connection import LOST, RETRIED, PostgresTx, ReadTx, connect, plain
from bodega.storage.postgres.nodes import CONNECT_SECONDS, NEXT_LOOK_SECONDS, Home, Nodes, is_at_home
from bodega.storage.postgres.readers import IDLE_SECONDS, Budget, Readers
from bodega.storage.postgres.sharding import write_lock
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy, Damaged, Redo, Tx
from bodega.storage.writer import Waiting, Writer

TRIES = 3
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; "
"""One round trip, with the statement that takes the store's write lock."""


class PostgresRows(Writer):
    """Reads through a few connections, writes through one connection per worker.

    The table statistics are locked when a transaction begins: a store has one writer at a time across all workers, as
    on SQLite. Plan limits, uniqueness and ids in commit order follow from that, and no two writes can deadlock.

    In a cluster all connections are to the node that the store is on (`nodes.py`).
    """

    def __init__(self, nodes: Nodes, schema: str, budget: Budget, model: DataModel) -> None:
        super().__init__(model)
        self._nodes = nodes
        self._schema = schema
        self._budget = budget
        self._readers = Readers(self._reading, budget)
        self._connection: Any = None
        self._home: Home | None = None
        self._looked = 0.0
        self._begin = ""
        self._used = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self.reader: Tx = ReadTx(self._readers, self.tell_of_damage)

    async def _protected(self, group: list[Waiting]) -> None:
        for waiting in group:
            await self._by_itself(waiting)

    async def _by_itself(self, waiting: Waiting) -> None:
        for attempt in range(TRIES):
            try:
                await self._transaction([waiting], protected=True)
            except RETRIED as error:
                if attempt == TRIES - 1:
                    waiting.failed(error)
                await asyncio.sleep(0.01 * (attempt + 1))
            except Exception as error:
                waiting.failed(error)
                return
            else:
                return

    def _judge(self, error: Exception, *, protected: bool) -> None:
        if isinstance(error, RETRIED):
            raise error
        if isinstance(error, asyncpg.PostgresError) and not protected:
            raise Redo from error  # it is an error of the others' transaction too

    @staticmethod
    def plain(error: Exception) -> Exception:
        return plain(error)

    async def _transaction(self, group: list[Waiting], *, protected: bool) -> None:
        connection = await self._connected()
        try:
            self._begin = self._begin or BEGIN + await write_lock(connection)
            await connection.execute(self._begin)
            tx = PostgresTx(connection, None if protected else await known_catalogue(connection))
            statistics = await TableStatistics.load(tx)
            answers = await self._run(group, tx, statistics, protected=protected)
            await tx.finish(statistics.statements())
            await connection.execute("COMMIT")
        except BaseException as error:
            await self._roll_back(connection, error)
            if isinstance(error, RETRIED) and not protected:
                raise Redo from error
            if isinstance(error, Exception) and (told := plain(error)) is not error:
                if isinstance(told, Damaged):
                    self.tell_of_damage(told)
                raise told from error
            raise
        self.say(statistics)
        answers.send()

    async def _roll_back(self, connection: Any, error: BaseException) -> None:
        """Rolls the transaction back; a connection that cannot be rolled back is closed."""
        try:
            if not isinstance(error, LOST):
                await connection.execute("ROLLBACK")
                return
        except LOST:
            pass
        self._connection = None
        self._budget.count_closed(self)
        connection.terminate()

    async def _connect(self) -> tuple[Any, Home | None]:
        """A connection to the store's own node, or else to the server that the registry names."""
        home = await self._nodes.home(self._schema)
        if home is not None and home.dsn != self._nodes.dsn:
            connection = await self._connect_at(home)
            if connection is not None:
                return connection, home
            home = home._replace(dsn=self._nodes.dsn)
        return await connect(self._nodes.dsn, self._schema, patient=False), home

    async def _connect_at(self, home: Home) -> Any | None:
        """A connection to that node; None if it cannot be reached, or the store is not there."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await connect(home.dsn, self._schema, patient=False)
                there = False
                try:
                    there = await is_at_home(connection, home, self._schema)
                finally:
                    if not there:
                        connection.terminate()
                return connection if there else None
        except (Busy, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._nodes.avoid(home)
            return None

    async def _reading(self) -> Any:
        connection, _ = await self._connect()
        return connection

    async def _look_for_home(self, now: float) -> None:
        """Leaves the old node of a store that has moved."""
        self._looked = now
        with suppress(Busy):
            if await self._nodes.home(self._schema) != self._home:
                self._budget.count_closed(self, self._end())
                self._readers.renew()

    async def _connected(self) -> Any:
        now = asyncio.get_running_loop().time()
        if now > self._looked + NEXT_LOOK_SECONDS and self._connection is not None:
            await self._look_for_home(now)
        if self._connection is None or self._connection.is_closed():
            if self._connection is None:
                self._budget.count_opened(self)
            self._looked = now
            try:
                self._connection, self._home = await self._connect()
            except BaseException:
                self._connection = None
                self._budget.count_closed(self)
                raise
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self._looking is None:
            self._looking = loop.call_later(IDLE_SECONDS, self._look)
        return self._connection

    def _look(self) -> None:
        """Closes a connection that was not used for a while; one timer serves many writes."""
        loop = asyncio.get_running_loop()
        left = self._used + IDLE_SECONDS - loop.time()
        if left > 0 or self.busy:
            self._looking = loop.call_later(max(left, 1.0), self._look)
            return
        self._looking = None
        if self._connection is not None:
            self._budget.count_closed(self, self.spare())

    def spare(self) -> int:
        """Closes the writing connection if nobody writes; the budget adjusts its own count."""
        return 0 if self.busy else self._end()

    def _end(self) -> int:
        if self._connection is None:
            return 0
        self._connection.terminate()
        self._connection = None
        return 1

    async def close(self) -> None:
        """Closes after the last waiting write."""
        await self.settle()
        if self._looking is not None:
            self._looking.cancel()
        if self._connection is not None:
            await self._connection.close()
            self._budget.count_closed(self)
        await self._readers.close()
