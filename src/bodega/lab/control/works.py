"""Work of the lab that outlives the request which asked for it: one at a time of a store, known to this process."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bodega.lab.control.problem import Problem

MOST_KEPT = 100
"""So many works are remembered after they have ended; of more the oldest is forgotten."""


@dataclass
class Work:
    """Something that is being done in a store. `made` counts what is done of each kind so far, `began` is in UTC
    seconds; `answer` is what came of it, `problem` why nothing did, and both are None while it goes on. `then` is where
    whoever began it wants to go afterwards."""

    key: str
    store: str
    title: str
    then: str
    began: float
    made: dict[str, int] = field(default_factory=dict)
    answer: Any = None
    problem: Problem | None = None
    ended: bool = False

    def count(self, name: str, number: int) -> None:
        """Counts what was done of a kind."""
        self.made[name] = self.made.get(name, 0) + number


class Works:
    """What is being done, and what ended not long ago."""

    def __init__(self) -> None:
        self._known: dict[str, Work] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, store: str, title: str, then: str, job: Callable[[Work], Awaitable[Any]]) -> Work:
        """Starts a work, which goes on whoever waits for it. `job` raises Problem, and nothing else. Raises Problem if
        another work of the store goes on."""
        other = self.of(store)
        if other is not None:
            raise Problem(409, f"Something else is being done in this store at the moment: {other.title}.")
        work = Work(secrets.token_hex(8), store, title, then, time.time())
        self._known[work.key] = work
        self._tasks[work.key] = asyncio.create_task(self._run(work, job))
        for key in [key for key, one in self._known.items() if one.ended][:-MOST_KEPT]:
            del self._known[key]
        return work

    async def _run(self, work: Work, job: Callable[[Work], Awaitable[Any]]) -> None:
        try:
            work.answer = await job(work)
        except Problem as problem:
            work.problem = problem
        except asyncio.CancelledError:
            work.problem = Problem(503, "The server was stopped meanwhile.")
            raise
        finally:
            work.ended = True
            self._tasks.pop(work.key, None)

    async def wait(self, work: Work, seconds: float) -> bool:
        """Waits for a work, at most so long: whether it has ended."""
        task = self._tasks.get(work.key)
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)
        return work.ended

    def find(self, store: str, key: str) -> Work | None:
        """A work of a store."""
        work = self._known.get(key)
        return work if work is not None and work.store == store else None

    def of(self, store: str) -> Work | None:
        """The work that goes on in a store."""
        return next((one for one in self._known.values() if one.store == store and not one.ended), None)

    async def stop(self) -> None:
        """Ends what goes on: the server stops."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
