"""The worker: carries out the tasks of the stores this process has open, one at a time a store.

It is woken, and does not poll: by the request that creates a task, by the registry when another process created one,
and by a timer when the lease of a task that another worker holds would end.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence

from bodega.access.stores import OpenStore
from bodega.kit.resource import Revoked, Sweep
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.tx import Busy
from bodega.tasks import queue
from bodega.tasks.sweep import forget_revoked, next_sweep, sweep, sweep_all

Replay = Callable[[OpenStore, Row], Awaitable[queue.State]]

LOOK_SECONDS = 300.0
"""How often a store is searched for what is old, and for tasks of which nobody was notified."""

RENEW_SECONDS = queue.LEASE_SECONDS / 2
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
"""The pause before a store with an unreachable database is tried again; it doubles up to the longest."""


async def _nobody(_store_hash: str) -> None:
    """There is no other process to wake."""


class Worker:
    """`replay` carries out one claimed task and records its end; it knows HTTP, the worker does not.

    `alone`: no other process works on these stores' tasks (SQLite). `announce` wakes the others.
    """

    def __init__(
        self,
        replay: Replay,
        log: Log,
        *,
        alone: bool = False,
        announce: Callable[[str], Awaitable[None]] = _nobody,
        sweeps: Sequence[Sweep] = (),
        revoked: Sequence[Revoked] = (),
    ) -> None:
        self._replay = replay
        self._log = log
        self._alone = alone
        self._announce = announce
        self._sweeps = sweeps
        self._revoked = revoked
        self._stores: dict[str, OpenStore] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._in_hand: dict[str, Row] = {}
        self._later: dict[str, asyncio.TimerHandle] = {}
        self.job = PeriodicJob(LOOK_SECONDS, self._look, log, "search for tasks failed")
        self._visits: set[asyncio.Task[None]] = set()
        self._announcing: set[asyncio.Task[None]] = set()
        self.ended: dict[str, int] = {"done": 0, "failed": 0}
        """How many tasks this process carried out, by their end."""

    def start(self) -> None:
        """Begins to look for abandoned tasks."""
        self.job.start()

    @property
    def in_hand(self) -> int:
        """How many tasks this process is carrying out now."""
        return len(self._in_hand)

    def enqueued(self, store: OpenStore) -> None:
        """This process created a task: takes it up, and notifies the others."""
        self.wake_worker(store)
        task = asyncio.create_task(self._tell(store.record.hash))
        self._announcing.add(task)
        task.add_done_callback(self._announcing.discard)

    async def _tell(self, store_hash: str) -> None:
        with contextlib.suppress(Busy):  # they find it when they open the store
            await self._announce(store_hash)

    def heard(self, store_hash: str) -> None:
        """Another process created a task in this store, or in any store if the hash is empty."""
        for name in [store_hash] if store_hash else list(self._stores):
            store = self._stores.get(name)
            if store is not None and not store.closed:
                self.wake_worker(store)

    def wake_worker(self, store: OpenStore) -> None:
        """The store has, or may have, a task."""
        name = store.record.hash
        self._stores[name] = store
        running = self._at_work.get(name)
        if running is None or running.done():
            self._at_work[name] = asyncio.create_task(self._drain(store))

    def opened(self, store: OpenStore) -> None:
        """A store was opened, or its record in the registry changed: perhaps its clock was set."""
        self._visits.add(visit := asyncio.create_task(self._visit(store)))
        visit.add_done_callback(self._visits.discard)
        self.wake_worker(store)

    async def sweep(self, store: OpenStore) -> None:
        """Does all that is due in an open store because time has passed. Raises Busy."""
        await sweep_all(store, self._sweeps)

    async def next_sweep(self, store: OpenStore, after: int, until: int) -> int | None:
        """When something of that kind is due next; see `sweep.next_sweep`. Raises Busy."""
        return await next_sweep(store, self._sweeps, after, until)

    async def _visit(self, store: OpenStore) -> None:
        with contextlib.suppress(Busy):
            if store.rows is not None and not store.closed:
                await sweep(store, self._sweeps)
                await forget_revoked(store, self._revoked)

    async def _look(self) -> None:
        for name, store in list(self._stores.items()):
            if store.closed:
                del self._stores[name]
                self._later.pop(name, None)
            else:
                await self._visit(store)
                self.wake_worker(store)

    async def _waits(self, store: OpenStore) -> bool:
        """Whether a task is waiting; the last known state if the database cannot be reached."""
        sql = "SELECT 1 FROM tasks WHERE state IN ('pending', 'running') LIMIT 1"
        if store.rows is None:
            return False
        try:
            return await store.rows.reader.row(sql) is not None
        except Busy:
            return not store.closed

    async def _drain(self, store: OpenStore) -> None:
        pause = PAUSE_SECONDS
        while not store.closed and await self._waits(store):
            try:
                row: Row | None = await store.write(lambda unit: queue.claim(unit, int(time.time()), alone=self._alone))
                if row is None:
                    self._come_back(store)
                    return
                await self._carry_out(store, row)
                pause = PAUSE_SECONDS
            except Busy:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except Exception as error:
                text = "".join(traceback.format_exception(error))
                self._log.event("task failed", store=store.record.hash, traceback=text)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _carry_out(self, store: OpenStore, row: Row) -> None:
        """One task, however often the database goes away meanwhile: it stays with this worker."""
        name = store.record.hash
        self._in_hand[name] = row
        renewing = None if self._alone else asyncio.create_task(self._renew(store, row))
        pause = PAUSE_SECONDS
        held: Row | None = row
        try:
            while held is not None and not store.closed:
                try:
                    ended = await self._replay(store, held)
                    self.ended[ended] = self.ended.get(ended, 0) + 1
                    held = None
                except queue.Overtaken:
                    held = None
                except Busy:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                    held = await self._still_held(store, row)
        finally:
            if renewing is not None:
                renewing.cancel()
        del self._in_hand[name]

    async def _still_held(self, store: OpenStore, row: Row) -> Row | None:
        """The current task with its progress, unless it is no longer this worker's."""
        assert store.rows is not None
        try:
            now = await query.get(store.rows.reader, queue.TABLE, row.entity.id)
        except Busy:
            return row
        if now is None:
            return None
        mine = now.entity.state == "running" and now.entity.attempt == row.entity.attempt
        return now if mine else None

    async def _renew(self, store: OpenStore, row: Row) -> None:
        """Others leave a task alone while its worker is alive, however long one step takes."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await store.write(lambda unit: queue.renew(unit, row.entity, int(time.time())))
            except queue.Overtaken:
                return
            except Busy:
                continue

    def _come_back(self, store: OpenStore) -> None:
        """Other workers hold the waiting tasks: by then the tasks or their leases have ended."""
        name = store.record.hash
        if name in self._later:
            self._later[name].cancel()
        self._later[name] = asyncio.get_running_loop().call_later(queue.LEASE_SECONDS + 1, self.wake_worker, store)

    async def stop(self) -> None:
        """Lets the current transaction finish, and leaves the rest of the task to the next worker."""
        await self.job.stop()
        tasks = [task for task in self._at_work.values() if not task.done()]
        for timer in self._later.values():
            timer.cancel()
        for task in (*tasks, *self._announcing, *self._visits):
            task.cancel()
        await asyncio.gather(*tasks, *self._announcing, *self._visits, return_exceptions=True)
        for name, row in self._in_hand.items():
            store = self._stores.get(name)
            if store is None:  # it was deleted, and its task with it
                continue
            with contextlib.suppress(Busy, queue.Overtaken):
                await store.write(lambda unit, row=row: queue.release(unit, row.entity))  # type: ignore[misc]
                await self._announce(name)
