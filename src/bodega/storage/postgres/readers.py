"""A store's few reading connections to PostgreSQL.

asyncpg's own pool costs as much as the query it serves (measured: 116 us of processor time a row against 62): it wraps
and resets each connection at every use. Reads outside a transaction leave nothing behind, so a list of free connections
is enough. Only a connection whose protocol broke, for example because the server closed it, is not reused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from asyncpg import InternalClientError

SIZE = 8
BROKEN = (InternalClientError, TimeoutError)
"""After these errors a connection is in an unknown state: its protocol broke, or its last statement may still be
running."""

WAIT_SECONDS = 30.0
"""How long a request waits for a connection that others use."""

IDLE_SECONDS = 10.0
"""How long an idle connection is kept: a server has fewer connections than stores."""


class Holder(Protocol):
    """Something that holds connections and can close those that are idle."""

    def spare(self) -> int:
        """Closes an idle connection; returns how many were closed."""


class Budget:
    """At most about `maximum` connections of this process, across all its stores: a server allows a hundred or so.

    If the next one would be too many, stores with idle connections close one, the longest unused first.
    """

    def __init__(self, maximum: int) -> None:
        self._most = maximum
        self._held: dict[Holder, int] = {}

    @property
    def held(self) -> int:
        """The number of open connections."""
        return sum(self._held.values())

    def count_opened(self, holder: Holder) -> None:
        """Counts one more connection, which the holder is about to open."""
        self._held[holder] = self._held.pop(holder, 0) + 1  # the one that connected last comes last
        if sum(self._held.values()) > self._most:
            for other in list(self._held):
                ended = other.spare()
                if ended:
                    self.count_closed(other, ended)
                    return

    def count_closed(self, holder: Holder, count: int = 1) -> None:
        """Counts `count` connections of the holder as closed."""
        left = self._held.get(holder, 0) - count
        if left > 0:
            self._held[holder] = left
        else:
            self._held.pop(holder, None)


class Readers:
    """At most `size` connections, opened by `connect` when they are first needed; it has the methods of a
    connection."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], budget: Budget, size: int = SIZE) -> None:
        self._connect = connect
        self._budget = budget
        self._size = size
        self._open = 0
        self._free: list[Any] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._reaper: asyncio.TimerHandle | None = None
        self._used = False
        self._closed = False

    async def fetch(self, sql: str, *values: Any) -> Any:
        """All rows."""
        connection = self._alive() or await self._take()
        try:
            return await connection.fetch(sql, *values)
        except BROKEN:
            connection.terminate()
            raise
        finally:
            self._give(connection)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        """The first row."""
        connection = self._alive() or await self._take()
        try:
            return await connection.fetchrow(sql, *values)
        except BROKEN:
            connection.terminate()
            raise
        finally:
            self._give(connection)

    async def execute(self, sql: str, *values: Any) -> Any:
        """Runs a statement that returns no rows."""
        connection = self._alive() or await self._take()
        try:
            return await connection.execute(sql, *values)
        except BROKEN:
            connection.terminate()
            raise
        finally:
            self._give(connection)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
        """Runs a statement for each of these rows of values, in one transaction."""
        connection = self._alive() or await self._take()
        try:
            return await connection.executemany(sql, rows)
        except BROKEN:
            connection.terminate()
            raise
        finally:
            self._give(connection)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Any]:
        """A connection for several statements."""
        connection = self._alive() or await self._take()
        try:
            yield connection
        except BROKEN:
            connection.terminate()
            raise
        finally:
            self._give(connection)

    def _alive(self) -> Any:
        """A free connection that works: no request fails because the server closed an idle one."""
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
            self._lost(1)
        return None

    async def _take(self) -> Any:
        while not self._free:
            if self._closed:
                raise ConnectionError("the store was closed")
            if self._open < self._size:
                self._open += 1
                self._budget.count_opened(self)
                try:
                    return await self._connect()
                except BaseException:
                    self._lost(1)
                    self._wake()
                    raise
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await asyncio.wait_for(waiter, WAIT_SECONDS)
            except asyncio.CancelledError:
                self._wake()  # somebody else took the connection meanwhile
                raise
        return self._free.pop()

    def _give(self, connection: Any) -> None:
        if self._closed:
            connection.terminate()
            self._lost(1)
        elif connection.is_closed():
            self._lost(1)
            self._forget_the_lost()
        else:
            self._free.append(connection)
            self._used = True
            if self._reaper is None:
                self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap)
        if self._waiting:
            self._wake()

    def _forget_the_lost(self) -> None:
        """Drops closed connections: where one was lost the others often are too, and no request should fail over it."""
        alive = [connection for connection in self._free if not connection.is_closed()]
        self._lost(len(self._free) - len(alive))
        self._free = alive

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _reap(self) -> None:
        """Closes the connections of a store that was not read for a while."""
        self._reaper = None
        if self._used:
            self._used = False
            self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap)
            return
        self.renew()

    def renew(self) -> None:
        """Closes the free connections: the next ones may go elsewhere."""
        for connection in self._free:
            connection.terminate()
        self._lost(len(self._free))
        self._free.clear()

    def spare(self) -> int:
        """Closes an idle connection; the budget adjusts its own count."""
        if not self._free:
            return 0
        self._free.pop(0).terminate()
        self._open -= 1
        return 1

    def _lost(self, count: int) -> None:
        self._open -= count
        self._budget.count_closed(self, count)

    async def close(self) -> None:
        """Closes every connection, those in use when they are given back; nothing can be read afterwards."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        while self._waiting:
            self._wake()
        free, self._free = self._free, []  # nobody may take one of these while the others are being closed
        for connection in free:
            await connection.close()
        self._lost(len(free))
