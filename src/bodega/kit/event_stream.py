"""Server-sent events (WHATWG HTML 9.2): what is told of something while it changes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

MEDIA = "text/event-stream"
QUIET = b": nothing new\n\n"
"""A comment, which says that the stream is alive."""


class News(NamedTuple):
    """What is to be told now, as an event, and whether nothing follows it."""

    event: bytes
    is_last: bool


async def told_as_it_changes(
    look: Callable[[], Awaitable[News | None]], *, every: float, longest: float, quiet: float = math.inf
) -> AsyncIterator[bytes]:
    """The parts of a stream: an event at once, and one for each change that a look finds.

    It looks `every` so many seconds, and says after `quiet` ones without news that it is alive. It ends with the last
    news, when a look finds nothing at all, or after the `longest` time.
    """
    last, silent, lasted = b"", 0.0, 0.0
    while (news := await look()) is not None:
        if news.event != last:
            yield news.event
            last, silent = news.event, 0.0
        elif silent >= quiet:
            yield QUIET
            silent = 0.0
        if news.is_last or lasted >= longest:
            return
        await asyncio.sleep(every)
        silent, lasted = silent + every, lasted + every
