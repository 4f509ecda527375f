"""The worker: carries out the tasks of the stores this process has open, one at a time a store."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable

from bodega.access.stores import OpenStore
from bodega.log import Log
from bodega.storage.tx import Busy
from bodega.storage.unit import Row
from bodega.tasks import queue

Replay = Callable[[OpenStore, Row], Awaitable[None]]

LOOK_SECONDS = 5.0
"""How often a store is looked at for tasks whose worker died: a poke brings the others at once."""

PAUSE_SECONDS = 1.0
"""Before a store is tried again whose queue could not be read or written."""


class Worker:
    """`replay` carries out one claimed task and records its end; it knows HTTP, the worker does not.

    `alone`: no other process works on these stores' tasks (embedded ones).
    """

    def __init__(self, replay: Replay, log: Log, *, alone: bool = False) -> None:
        self._replay = replay
        self._log = log
        self._alone = alone
        self._stores: dict[str, OpenStore] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look for abandoned tasks."""
        self._looking = asyncio.create_task(self._look())

    def poke(self, store: OpenStore) -> None:
        """The store has, or may have, a task."""
        name = store.record.hash
        self._stores[name] = store
        running = self._at_work.get(name)
        if running is None or running.done():
            self._at_work[name] = asyncio.create_task(self._drain(store))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for name, store in list(self._stores.items()):
                if store.closed:
                    del self._stores[name]
                    self._later.pop(name, None)
                elif store.rows is not None and await self._waits(store):
                    self.poke(store)

    async def _waits(self, store: OpenStore) -> bool:
        sql = "SELECT 1 FROM tasks WHERE state IN ('pending', 'running') LIMIT 1"
        with contextlib.suppress(Exception):
            assert store.rows is not None
            return await store.rows.reader.row(sql) is not None
        return False

    async def _drain(self, store: OpenStore) -> None:
        while not store.closed and await self._waits(store):
            try:
                row: Row | None = await store.write(lambda unit: queue.claim(unit, int(time.time()), alone=self._alone))
                if row is None:
                    self._come_back(store)
                    return
                await self._replay(store, row)
            except queue.Overtaken:
                continue
            except Busy:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception as error:
                text = "".join(traceback.format_exception(error))
                self._log.event("task failed", store=store.record.hash, traceback=text)
                await asyncio.sleep(PAUSE_SECONDS)

    def _come_back(self, store: OpenStore) -> None:
        """Others hold the tasks that wait: by then they have ended, or their leases have."""
        name = store.record.hash
        if name in self._later:
            self._later[name].cancel()
        self._later[name] = asyncio.get_running_loop().call_later(queue.LEASE_SECONDS + 1, self.poke, store)

    async def stop(self) -> None:
        """Lets the transaction in hand end; what is unfinished is taken up at the next start."""
        tasks = [task for task in (self._looking, *self._at_work.values()) if task is not None and not task.done()]
        for timer in self._later.values():
            timer.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
