"""Threads for what waits for the disk: a commit.

To hand a call over costs a sixth of what an executor of the standard library takes, which makes two futures and wakes
two locks for each; a write pays this once (docs/decisions/0033-apsw.md).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from bodega.storage.tx import Busy

THREADS = 4
"""One store's disk must not hold up another's commit."""


class _Call:
    """A call on its way: `future` is who waits for it, `over` whether it has ended."""

    __slots__ = ("future", "loop", "over", "work")

    def __init__(self, work: Callable[[], object], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()
        self.over = False

    def end(self, error: BaseException | None) -> None:
        """On the event loop, after the call."""
        self.over = True
        if self.future.done():
            return
        if error is None:
            self.future.set_result(None)
        else:
            self.future.set_exception(error)


class CommitThreads:
    """A few threads, started when they are needed. They are used from one event loop at a time."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        self._closed = False

    async def run(self, work: Callable[[], object]) -> None:
        """Runs `work` in a thread and raises what it raises.

        Whoever is cancelled meanwhile still waits for its end: the connection that it uses is no one else's until then.
        """
        if self._closed:
            raise Busy("the stores were closed")
        call = _Call(work, asyncio.get_running_loop())
        self._under_way += 1
        if self._under_way > len(self._threads) < THREADS:
            self._start()
        self._queue.put(call)
        try:
            await call.future
        except asyncio.CancelledError:
            while not call.over:
                call.future = call.loop.create_future()
                with suppress(Exception, asyncio.CancelledError):
                    await call.future
            raise
        finally:
            self._under_way -= 1

    def _start(self) -> None:
        thread = threading.Thread(target=self._carry_out, name=f"commit-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry_out(self) -> None:
        while (call := self._queue.get()) is not None:
            error = None
            try:
                call.work()
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the loop was closed
                call.loop.call_soon_threadsafe(call.end, error)

    def close(self) -> None:
        """Ends the threads after what is under way."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
