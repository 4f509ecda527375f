"""Requests that are begun outside of any task, since most end there: a task costs more than what it is needed for."""

from __future__ import annotations

import asyncio
import functools
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
        waits_for: Any = self.waits_for
        while True:
            try:
                yield waits_for
            except BaseException as error:  # what it waited for failed, or it is cancelled: the request is to know
                step = functools.partial(self._coroutine.throw, error)
            else:
                step = functools.partial(self._coroutine.send, None)
            try:
                waits_for = step()
            except StopIteration as end:
                return self._end(end.value)
