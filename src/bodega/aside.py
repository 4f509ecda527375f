"""Work that is too long for the event loop is done aside, in threads of its own.

A thread lets go of the interpreter every few milliseconds while it runs Python, so the loop goes on beside it. A single
call of C does not: whatever is done here is cut to calls that take less than `HELD_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

HELD_SECONDS = 0.05
"""The longest that one request may hold the event loop."""

TURN_SECONDS = 0.01
"""After this long, work on the loop that has more to do lets others go first."""

LARGE_BYTES = 256 * 1024
"""What is written or compressed for long enough to be done aside."""

_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aside")
"""Two: they share one interpreter, so more would only make the loop wait for its turn."""


class Turn:
    """The turn of one task on the event loop, for work that comes in pieces; it may take `seconds` at a time."""

    def __init__(self, seconds: float = TURN_SECONDS) -> None:
        self._seconds = seconds
        self.began = perf_counter()

    @property
    def taken(self) -> float:
        """Seconds since it began."""
        return perf_counter() - self.began

    async def breathe(self) -> None:
        """Lets others go first if the turn took long."""
        if perf_counter() - self.began > self._seconds:
            await asyncio.sleep(0)
            self.began = perf_counter()


async def aside(work: Callable[[], T]) -> T:
    """What `work` returns, or raises, computed in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


async def within_a_task() -> None:
    """Goes on in a task: for what cannot do without one, as a deadline. A request may begin outside of any
    (`http/begun.py`); one that lets others go first continues in a task of its own."""
    if asyncio.current_task() is None:
        await asyncio.sleep(0)
