"""The path of one request through the law, recorded by wrappers around the steps.

A request with `Bodega-Trace: 1` is judged by the very same code; other requests are not recorded.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

from bodega.http.steps.table import LAW, Steps
from bodega.law.refusal import Header

FIRST = LAW._fields[0]


class Trace:
    """The steps that a request took, each with its time in milliseconds."""

    def __init__(self) -> None:
        self.path: list[tuple[str, float]] = []

    def steps(self, law: Steps = LAW) -> Steps:
        """The sixteen steps, each wrapped."""
        return Steps(**{word: self._watch(word, getattr(law, word)) for word in LAW._fields})

    def _watch(self, word: str, step: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(step):

            async def watched_async(*given: Any) -> Any:
                self._begin(word)
                began = time.perf_counter()
                try:
                    return await step(*given)
                finally:
                    self.path.append((word, (time.perf_counter() - began) * 1000))

            return watched_async

        def watched(*given: Any) -> Any:
            self._begin(word)
            began = time.perf_counter()
            try:
                return step(*given)
            finally:
                self.path.append((word, (time.perf_counter() - began) * 1000))

        return watched

    def _begin(self, word: str) -> None:
        """A request that is judged again, since its store was lost meanwhile, begins a new path."""
        if word == FIRST:
            self.path.clear()

    def headers(self, reason: str, status: int) -> list[Header]:
        """`Bodega-Path`: the steps in order, the last with its result; `Server-Timing`: how long each took."""
        words = [word for word, _ in self.path]
        end = f"{status} {reason}" if reason else str(status)
        path = " > ".join([*words, end])
        timing = ", ".join(f"{word};dur={took:.3f}" for word, took in self.path)
        return [(b"bodega-path", path.encode()), (b"server-timing", timing.encode())]
