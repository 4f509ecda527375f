"""The queue of pictures, and the process that decodes them, one at a time (docs/decisions/0030-picture-worker.md).

The process is started for the first picture and ends when none has come for a while: the system then has all of its
memory back, which no allocator promises within a process that goes on.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress

from bodega.imaging.messages import LENGTH, Developed, Order, Sizes, framed, read_developed
from bodega.turns import Full, Turns

__all__ = ["Full", "Lost", "PictureWorker"]

BUDGET_MB = 256
"""How much memory the process may take, itself included, unless the operator says otherwise."""

WAITING = 32
WAITING_BYTES = 128 * 1024 * 1024
"""How many pictures may wait for their turn, and how large they may be together."""

WAITING_OF_ONE = 16
"""How many of them may be of one store."""

IDLE_SECONDS = 5.0
PICTURE_SECONDS = 60.0
"""After how long without a picture the process ends, and how long one may take."""


_ANY = 1 << 30
"""How many may wait is judged here: also their bytes count."""


class Lost(Exception):
    """The process ended over the picture."""


class _Process:
    """A running picture worker; the streams are those of its socket."""

    def __init__(
        self, child: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.child = child
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, budget: int) -> _Process:
        """Starts it; `budget` in bytes. It sees none of this process's files but its socket, and no signal that is
        meant for the server's terminal: it ends when the server hangs up."""
        ours, theirs = socket.socketpair()
        with theirs:
            child = _child(theirs, budget)
        ours.setblocking(False)
        return cls(child, *await asyncio.open_connection(sock=ours, limit=1 << 20))

    async def develop(self, content: bytes, sizes: Sizes, *, as_webp: bool) -> Developed:
        """What it makes of a picture. Raises Lost."""
        try:
            self._writer.write(framed(Order(len(content), dict(sizes), as_webp)))
            self._writer.write(content)
            await self._writer.drain()
            length = await self._reader.readexactly(LENGTH)
            return read_developed(await self._reader.readexactly(int.from_bytes(length, "big")))
        except (OSError, asyncio.IncompleteReadError):
            raise Lost from None

    async def end(self, *, now: bool) -> None:
        """Lets it end; `now`: whatever it is doing."""
        self._writer.close()
        if now:
            self.child.kill()
        with suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.get_running_loop().run_in_executor(None, self.child.wait)


def _child(connection: socket.socket, budget: int) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-P", "-m", "bodega.imaging.child", str(budget)]
    return subprocess.Popen(  # noqa: S603 - nothing of a client's is among them
        arguments, stdin=connection.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
    )


class PictureWorker:
    """`budget_mb` is what its process may take of memory, in MB."""

    def __init__(self, budget_mb: int = BUDGET_MB, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self.budget_mb = budget_mb
        self.idle_seconds = idle_seconds
        self.waiting = 0
        """Pictures that wait for their turn."""
        self._waiting_bytes = 0
        self._of_store: Counter[str] = Counter()
        self._turns = Turns(at_once=1, of_one=1, waiting=_ANY, waiting_of_one=_ANY)
        self._process: _Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The id of the process, while there is one."""
        return None if self._process is None else self._process.child.pid

    async def develop(
        self, content: bytes, sizes: Sizes, *, store: str = "", patient: bool = False, as_webp: bool = False
    ) -> Developed:
        """What is made of a picture of a store, when its turn has come: stores take turns. A caller that is cancelled
        loses its place, and its picture is not worked on any more.

        Raises Full, unless `patient`, Lost, and TimeoutError for a picture that takes too long.
        """
        full = self.waiting >= WAITING or (self.waiting and self._waiting_bytes + len(content) > WAITING_BYTES)
        if (full or (store and self._of_store[store] >= WAITING_OF_ONE)) and not patient:
            raise Full
        self.waiting += 1
        self._waiting_bytes += len(content)
        self._of_store[store] += 1
        try:
            await self._turns.take(store)
        finally:
            self.waiting -= 1
            self._waiting_bytes -= len(content)
            self._of_store[store] -= 1
            if not self._of_store[store]:
                del self._of_store[store]
        try:
            return await self._develop(content, sizes, as_webp)
        finally:
            self._turns.give_back(store)

    async def _develop(self, content: bytes, sizes: Sizes, as_webp: bool) -> Developed:
        if self._idle is not None:
            self._idle.cancel()
        done = False
        try:
            if self._process is None or self._process.child.poll() is not None:
                self._end(now=True)
                self._process = await _Process.start(self.budget_mb << 20)
            async with asyncio.timeout(PICTURE_SECONDS):
                developed = await self._process.develop(content, sizes, as_webp=as_webp)
            done = True
            return developed
        finally:
            if done:
                self._idle = asyncio.get_running_loop().call_later(self.idle_seconds, self._end)
            else:
                self._end(now=True)  # what it is doing, or has begun to answer, is of no use to the next picture

    def _end(self, *, now: bool = False) -> None:
        process, self._process = self._process, None
        if process is not None:
            task = asyncio.get_running_loop().create_task(process.end(now=now))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Ends the process."""
        if self._idle is not None:
            self._idle.cancel()
        self._end(now=True)
        if self._ending:
            await asyncio.wait(self._ending)
