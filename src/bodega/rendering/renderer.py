"""Renders templates of merchants in a process for each request (docs/decisions/0054-widget-templates.md).

A template is a program: a few nested loops are enough to keep a processor busy for years or to fill all memory, and no
interpreter of templates promises when it ends. So the process has limits of both, and is killed beyond them.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from weakref import WeakKeyDictionary

from bodega.rendering.messages import Made, Work, encode, read_made
from bodega.turns import Full, Turns

MEMORY = 96 * 1024 * 1024
"""Bytes that rendering may take beside what an idle process has."""

CPU_SECONDS = 1
"""Of a processor, for all templates of a request: a thousand usual ones take less than half of it."""
SECONDS = 10.0
"""After how long the process is killed, whatever it waits for."""

_TOO_LONG = f"takes more than {CPU_SECONDS} second to render"

AT_ONCE = 2
"""Processes at a time, of which one store has one; its further templates wait, and so many of them may."""

WAITING = 64
WAITING_OF_ONE = 16
WAITING_SECONDS = 30.0
"""Nobody waits longer for a template to be begun: a queue that does not move is answered, too."""

_threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="rendering")
"""They do nothing but wait."""

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()


def turns() -> Turns:
    """The turns at rendering, of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        _turns[loop] = Turns(at_once=AT_ONCE, of_one=1, waiting=WAITING, waiting_of_one=WAITING_OF_ONE)
    return _turns[loop]


async def render(store: str, works: Sequence[Work]) -> list[Made]:
    """What comes of each template of a store, in order. Raises Full."""
    queue, loop = turns(), asyncio.get_running_loop()
    content = encode(list(works))
    try:
        async with asyncio.timeout(WAITING_SECONDS):
            await queue.take(store)
    except TimeoutError:
        raise Full from None
    work = _threads.submit(_render, content, len(works))

    def end(_work: Future[list[Made]]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(queue.give_back, store)

    work.add_done_callback(end)  # a process goes on when its caller has gone
    return await asyncio.wrap_future(work)


def _render(works: bytes, count: int) -> list[Made]:
    arguments = [sys.executable, "-P", "-m", "bodega.rendering.child", str(MEMORY), str(CPU_SECONDS)]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of a client's is among them
            arguments,
            input=works,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [Made(refused=_TOO_LONG)] * count
    if done.returncode < 0:  # the system ended it
        return [Made(refused=_TOO_LONG)] * count
    if done.returncode:
        return [Made(refused="takes too much memory to render")] * count
    return read_made(done.stdout)
