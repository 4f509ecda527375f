"""One store, one writer: waiting writes share a transaction and one commit; a reply is sent only after the commit.

Only `_group` differs between the databases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from bodega.storage.aggregate import DataModel
from bodega.storage.outbox import Interest
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy, Damaged
from bodega.storage.unit import Terms, Unit

T = TypeVar("T")
Job = Callable[[Unit], Awaitable[Any]]

GROUP = 64
"""Writes that share one commit at most: enough to hide an fsync, few enough to keep the last one's wait short."""


LONGEST_WAIT_SECONDS = 30.0
"""How long a write waits for a database that cannot be reached before it fails."""


class Waiting(NamedTuple):
    """A write in the queue."""

    job: Job
    now: int
    terms: Terms
    reply: asyncio.Future[Any]
    since: float

    def done(self, result: Any) -> None:
        """Acknowledges the write."""
        if not self.reply.done():
            self.reply.set_result(result)

    def failed(self, error: BaseException) -> None:
        """Raises, at the caller, the reason why nothing was written."""
        if not self.reply.done():
            self.reply.set_exception(error)


class Writer:
    """The queue in front of the one writer of a store; `model` has the rules of its tables."""

    def __init__(self, model: DataModel) -> None:
        self.model = model
        self._queue: list[Waiting] = []
        self._drain: asyncio.Task[None] | None = None
        self._closed = False
        self.gone = False
        """Whether the database was deleted: closing it then need not put anything in order."""
        self.interest = Interest()
        self.on_events: Callable[[set[int]], None] | None = None
        """Called after a commit with the hooks that have deliveries."""
        self.on_damage: Callable[[Damaged], None] | None = None
        """Called when a statement finds that the database is damaged, or may be."""

    def tell_of_damage(self, error: Damaged) -> None:
        """Tells whoever opened these rows that the database is damaged, or may be."""
        if self.on_damage is not None:
            self.on_damage(error)

    def check(self) -> None:
        """Raises Damaged when the database is no longer there, as far as that can be seen without a query."""

    def say(self, statistics: TableStatistics) -> None:
        """Called once the events of a transaction are on disk."""
        if self.on_events is not None and (statistics.outbox or statistics.waiting):
            self.on_events({hook for event in statistics.outbox for hook in event.hooks} | statistics.waiting)

    async def write(self, job: Callable[[Unit], Awaitable[T]], now: int, terms: Terms) -> T:
        """Runs `job` inside the store's next write transaction and returns its result once that is on disk.

        `now` is the store's clock in UTC seconds. A job may run twice (the first run rolled back): it must keep no
        state. Raises what the job raised; then none of it was written.
        """
        if self._closed:
            raise Busy("the store was closed")
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[T] = loop.create_future()
        self._queue.append(Waiting(job, now, terms, reply, loop.time()))
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._work())
        return await reply

    async def _work(self) -> None:
        while self._queue:
            group, self._queue = self._queue[:GROUP], self._queue[GROUP:]
            try:
                await self._group(group)
            except Exception as error:
                for waiting in group:
                    waiting.failed(error)
                if isinstance(error, Busy):
                    self._give_up_late(error)

    def _give_up_late(self, error: Busy) -> None:
        """If the database stays unreachable, writes fail at once instead of waiting for all those before them to
        fail."""
        late = asyncio.get_running_loop().time() - LONGEST_WAIT_SECONDS
        for waiting in self._queue:
            if waiting.since < late:
                waiting.failed(error)
        self._queue = [waiting for waiting in self._queue if waiting.since >= late]

    async def _group(self, group: list[Waiting]) -> None:
        raise NotImplementedError

    @property
    def waiting(self) -> int:
        """Writes that wait for the next transaction."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether a write is waiting or running."""
        return self._drain is not None and not self._drain.done()

    async def settle(self) -> None:
        """Accepts no more writes and waits until the queue is empty."""
        self._closed = True
        while self._drain is not None and not self._drain.done():
            await asyncio.wait([self._drain])  # neither cancels the queue nor hides a cancellation of its own
