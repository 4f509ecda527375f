"""What a server does again and again beside its requests: one loop, one way to stop, one way to tell of failures."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Awaitable, Callable

from bodega.log import Log
from bodega.storage.tx import Busy

GRACE_SECONDS = 10.0
"""How long a round that is under way, and the last one, may take when the process stops."""


class PeriodicJob:
    """Runs `work` every so many seconds until it is stopped.

    A round that fails is logged as the event `failure`, and the next one comes in its time; of an unreachable database
    (Busy) only the rounds that wait for it know. With `last` the work is done once more at the end.
    """

    def __init__(
        self, seconds: float, work: Callable[[], Awaitable[object]], log: Log, failure: str, *, last: bool = False
    ) -> None:
        self._seconds = seconds
        self._work = work
        self._log = log
        self._failure = failure
        self._last = last
        self._stopping = False
        self._woken = False
        self._pausing: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; the first round comes after the first pause."""
        self._stopping = False
        self._running = asyncio.create_task(self._run())

    def wake(self) -> None:
        """Makes the next round come now."""
        self._woken = True
        _end(self._pausing)

    async def stop(self, grace: float | None = None) -> None:
        """Lets a round that is under way end within `grace` seconds (`GRACE_SECONDS`), does the last one if there is
        to be one, and returns. Does nothing when it was not started."""
        running, self._running = self._running, None
        if running is None:
            return
        self._stopping = True
        self.wake()
        _, late = await asyncio.wait([running], timeout=GRACE_SECONDS if grace is None else grace)
        for task in late:
            task.cancel()
        await asyncio.gather(running, return_exceptions=True)
        if self._last and not late:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._round(), GRACE_SECONDS)

    async def _run(self) -> None:
        while not self._stopping:
            if not self._woken:
                await self._pause()
            self._woken = False
            if not self._stopping:
                await self._round()

    async def _pause(self) -> None:
        """A timer and a future: `asyncio.wait_for` makes a task for each pause, and some come four times a second."""
        loop = asyncio.get_running_loop()
        self._pausing = loop.create_future()
        timer = loop.call_later(self._seconds, _end, self._pausing)
        try:
            await self._pausing
        finally:
            timer.cancel()

    async def _round(self) -> None:
        try:
            await self._work()
        except Busy:
            return
        except Exception as error:
            self._log.event(self._failure, traceback="".join(traceback.format_exception(error)))


def _end(pausing: asyncio.Future[None] | None) -> None:
    if pausing is not None and not pausing.done():
        pausing.set_result(None)
