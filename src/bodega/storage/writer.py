"""One store, one writer: waiting writes share a transaction and one commit; a reply is sent only after the commit.

The jobs of a group run without savepoints. A job that fails before it has written anything is merely refused; one that
fails later makes the group start over, each job protected from the others. So a group of one is never run twice, a job
at most twice, and what is usual, that all succeed, pays for nothing (docs/decisions/0033-apsw.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import msgspec

from bodega.storage.aggregate import DataModel
from bodega.storage.outbox import Interest
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Busy, Damaged, Redo, WriteTx
from bodega.storage.unit import Terms, Unit

T = TypeVar("T")
Job = Callable[[Unit], Awaitable[Any]]

MUCH = 1024
"""Rows that wait for upkeep before a writer does it by itself: so many at once cost each a third of what it costs for
64."""

SOME = 32
"""Rows that may wait when somebody is slow because of them."""

GROUP = 64
"""Writes that share one commit at most: enough to hide an fsync, few enough to keep the last one's wait short."""


LONGEST_WAIT_SECONDS = 30.0
"""How long a write waits for a database that cannot be reached before it fails."""


class Waiting(msgspec.Struct, frozen=True):
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


class Answers(NamedTuple):
    """What the jobs of a transaction came to. Refusals wait for the commit too: the row that they conflict with may
    have been written by the same group."""

    done: list[tuple[Waiting, Any]]
    refused: list[tuple[Waiting, Exception]]

    def send(self) -> None:
        """Once the transaction is on disk."""
        for waiting, result in self.done:
            waiting.done(result)
        for waiting, refusal in self.refused:
            waiting.failed(refusal)


class Writer:
    """The queue in front of the one writer of a store; `model` has the rules of its tables."""

    def __init__(self, model: DataModel) -> None:
        self.model = model
        self._queue: list[Waiting] = []
        self._drain: asyncio.Task[None] | None = None
        self._closed = False
        self._leaves = MUCH
        """So many rows may wait for upkeep."""
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
        self._wake()
        return await reply

    def tidy(self) -> None:
        """Has what writes left for later (`Upkeep`) done soon; asked by whoever is slow because of it."""
        if self.model.upkeep and not self._closed:
            self._leaves = SOME
            self._wake()

    def _wake(self) -> None:
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._work())

    async def _work(self) -> None:
        if self._leaves < MUCH:
            await self._keep_up()
        while self._queue:
            group, self._queue = self._queue[:GROUP], self._queue[GROUP:]
            try:
                await self._group(group)
            except Exception as error:
                for waiting in group:
                    waiting.failed(error)
                if isinstance(error, Busy):
                    self._give_up_late(error)
            await self._keep_up()

    async def _keep_up(self) -> None:
        """Does what was left for later, if too many rows wait for it. Raises nothing: it is tried again."""

    def _give_up_late(self, error: Busy) -> None:
        """If the database stays unreachable, writes fail at once instead of waiting for all those before them to
        fail."""
        late = asyncio.get_running_loop().time() - LONGEST_WAIT_SECONDS
        for waiting in self._queue:
            if waiting.since < late:
                waiting.failed(error)
        self._queue = [waiting for waiting in self._queue if waiting.since >= late]

    async def _group(self, group: list[Waiting]) -> None:
        if len(group) > 1:
            try:
                await self._transaction(group, protected=False)
            except Redo:
                pass
            else:
                return
        await self._protected(group)

    async def _protected(self, group: list[Waiting]) -> None:
        """Runs the group so that a job that fails takes nothing along with it."""
        raise NotImplementedError

    async def _transaction(self, group: list[Waiting], *, protected: bool) -> None:
        """Runs the group in one transaction, commits, and answers. Unless `protected`, a job that fails after it wrote
        raises Redo."""
        raise NotImplementedError

    async def _run(self, group: list[Waiting], tx: WriteTx, statistics: TableStatistics, *, protected: bool) -> Answers:
        """Runs the jobs in the open transaction."""
        answers = Answers([], [])
        savepoints = protected and len(group) > 1
        for waiting in group:
            mark = statistics.mark()
            tx.wrote = False
            try:
                unit = Unit(tx, statistics, waiting.now, waiting.terms, self.model, self.interest)
                if savepoints:
                    async with tx.savepoint():
                        result = await waiting.job(unit)
                else:
                    result = await waiting.job(unit)
            except Redo:
                raise
            except Exception as error:
                self._judge(error, protected=protected)
                if tx.wrote and not savepoints:
                    if protected:
                        raise  # it is alone
                    raise Redo from error
                statistics.restore(mark)
                answers.refused.append((waiting, self.plain(error)))
            else:
                answers.done.append((waiting, result))
        return answers

    def _judge(self, error: Exception, *, protected: bool) -> None:
        """Raises if a job's error is that of the whole transaction, or has ended it."""

    @staticmethod
    def plain(error: Exception) -> Exception:
        """A database's error as the packages above know it; any other as it is."""
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
