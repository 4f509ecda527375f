"""What all that one request prepares before its write shares: the time to fetch, a place in the queue, held bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from bodega.imaging.messages import Developed, Sizes
from bodega.imaging.worker import PictureWorker

FETCH_SECONDS = 30.0
"""How long a request may wait for other servers, all of its pictures together."""

T = TypeVar("T")


class Preparation:
    """Of one request to a store. `patient`: nobody waits for it, so that it takes its turn however many are before it.

    `caller_gone` returns when the caller has gone away.
    """

    def __init__(
        self,
        pictures: PictureWorker,
        *,
        store: str = "",
        patient: bool = False,
        caller_gone: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self._pictures = pictures
        self._store = store
        self._patient = patient
        self._caller_gone = caller_gone
        self._gone: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._held = 0
        self._fetching = 0
        self._began = 0.0
        self._fetched_for = 0.0

    def hold(self, size: int) -> int:
        """Counts bytes that are kept in memory for the write, and returns how many there are."""
        self._held += size
        return self._held

    @contextmanager
    def fetching(self) -> Iterator[float]:
        """Counts the time of a fetch; the seconds that are left. While pictures are decoded, none pass."""
        now = asyncio.get_running_loop().time
        if self._fetching == 0:
            self._began = now()
        self._fetching += 1
        try:
            yield FETCH_SECONDS - self._fetched_for - (now() - self._began)
        finally:
            self._fetching -= 1
            if self._fetching == 0:
                self._fetched_for += now() - self._began

    async def develop(self, content: bytes, sizes: Sizes) -> Developed:
        """What is made of a picture. The pictures of one request take one place in the queue, not many.

        Raises as `PictureWorker.develop`, and ConnectionResetError when the caller has gone.
        """
        async with self._turn:
            return await self.attended(self._pictures.develop(content, sizes, store=self._store, patient=self._patient))

    async def attended(self, work: Awaitable[T]) -> T:
        """The result of work that ends when the caller goes away. Raises ConnectionResetError."""
        if self._caller_gone is None:
            return await work
        if self._gone is None:
            self._gone = asyncio.create_task(self._caller_gone())
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait((task, self._gone), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            task.cancel()
        raise ConnectionResetError("the caller went away")

    def close(self) -> None:
        """Ends the look-out for the caller."""
        if self._gone is not None:
            self._gone.cancel()
