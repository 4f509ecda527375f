"""Renders templates of merchants in a process for each request (docs/decisions/0054-widget-templates.md).

A template is a program: a few nested loops are enough to keep a processor busy for years or to fill all memory, and no
interpreter of templates promises when it ends. So the process has limits of both, and is killed beyond them.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bodega.rendering.messages import Made, Work, encode, read_made

MEMORY = 96 * 1024 * 1024
"""Bytes that rendering may take beside what an idle process has."""

CPU_SECONDS = 2
SECONDS = 10.0
"""After how long the process is killed, whatever it waits for."""

_TOO_LONG = f"takes more than {CPU_SECONDS} seconds to render"

_turns = ThreadPoolExecutor(max_workers=2, thread_name_prefix="rendering")
"""Two processes at a time; others wait for their turn. The threads do nothing but wait."""


async def render(works: Sequence[Work]) -> list[Made]:
    """What comes of each template, in order."""
    return await asyncio.get_running_loop().run_in_executor(_turns, _render, encode(list(works)), len(works))


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
