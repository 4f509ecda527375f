"""Requests that are begun outside of any task, since most end there: a task costs more than what it is needed for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from bodega.http.response import Response
from bodega.server.whole import Whole


class Begun:
    """The rest of a request that waits (`server/whole.py`, Later); `end` makes the reply of its response."""

    __slots__ = ("_coroutine", "_end", "waits_for")

    def __init__(
        self, coroutine: Coroutine[Any, Any, Response], waits_for: Any, end: Callable[[Response], Whole]
    ) -> None:
        self._coroutine = coroutine
        self._end = end
        self.waits_for: asyncio.Future[Any] | None = waits_for

    def go_on(self) -> Whole | None:
        """The reply, once what it waited for is over; None if it has to wait again."""
        try:
            self.waits_for = self._coroutine.send(None)
        except StopIteration as end:
            return self._end(end.value)
        return None

    def __await__(self) -> Generator[Any, Any, Whole]:
        yield self.waits_for
        response = yield from self._coroutine.__await__()
        return self._end(response)
