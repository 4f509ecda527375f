"""Opening a store's rows: an old schema is brought forward first, and what failed or is damaged is tried again."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable
from functools import partial

from bodega.access.open_store import OpenStore
from bodega.log import Log
from bodega.storage import migrate
from bodega.storage.aggregate import DataModel
from bodega.storage.backend import Backend
from bodega.storage.default_rows import insert_default_rows, missing_default_rows
from bodega.storage.tx import Damaged, Newer

AGAIN_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
"""The pause after a failed upgrade, doubled each time up to the longest."""


class Opening:
    """`opened` is told of each store whose rows are there, `suspect` of damage that a statement finds later."""

    def __init__(
        self,
        backend: Backend,
        model: DataModel,
        log: Log,
        opened: Callable[[OpenStore], None],
        suspect: Callable[[OpenStore, Damaged], None],
    ) -> None:
        self._backend = backend
        self._model = model
        self._log = log
        self._opened = opened
        self._suspect = suspect

    async def begin(self, store: OpenStore) -> None:
        """Opens the rows, or begins to bring their schema forward. Raises Busy."""
        try:
            if await self._backend.revision(store.record) != migrate.newest():
                store.upgrade = asyncio.create_task(self._upgrade(store))
            else:
                await self._admit(store)
        except Damaged as error:
            self.refuse(store, error)

    def refuse(self, store: OpenStore, error: Damaged, *, thorough: bool = False) -> None:
        """The store is damaged and answers 503. It is looked at again now and then (`thorough`: all of it), and at
        once when its record changes."""
        self._note(store, error)
        store.tried.set()
        store.upgrade = asyncio.create_task(self._upgrade(store, thorough=thorough))

    async def _upgrade(self, store: OpenStore, *, thorough: bool = False) -> None:
        """Retries until it succeeds: meanwhile the store answers 503, and the log says why."""
        pause = AGAIN_SECONDS
        if store.damage:
            await self._wait(store, pause)
        while not await self._forward(store, pause, thorough=thorough):
            await self._wait(store, pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    @staticmethod
    async def _wait(store: OpenStore, pause: float) -> None:
        """Until it is to be tried again."""
        store.again.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(store.again.wait(), pause)

    async def _forward(self, store: OpenStore, pause: float, *, thorough: bool) -> bool:
        try:
            if thorough:
                await self._backend.inspect(store.record, thorough=True)
            await self._backend.migrate(store.record)
            await self._admit(store)
        except Damaged as error:
            self._note(store, error)
            return False
        except Newer as error:
            if store.newer is None:
                self._log.event("store is newer", store=store.record.hash, schema=error.found, error=str(error))
            store.newer = error
            return False
        except Exception as error:
            text = "".join(traceback.format_exception(error))
            self._log.event("upgrade failed", store=store.record.hash, again_in_seconds=pause, traceback=text)
            return False
        finally:
            store.tried.set()
        store.newer = None
        if store.damage:
            store.damage = ""
            self._log.event("store is back", store=store.record.hash)
        return True

    def _note(self, store: OpenStore, error: Damaged) -> None:
        """The log says once what is damaged."""
        if store.damage != error.what:
            remedy = f"bodega store recover {store.record.hash} FILE"
            self._log.event("store damaged", store=store.record.hash, error=error.what, remedy=remedy)
        store.damage = error.what

    async def _admit(self, store: OpenStore) -> None:
        rows = await self._backend.open(store.record, self._model)
        try:
            wanting = await missing_default_rows(rows.reader, self._model.tables)
            if wanting:
                await rows.write(partial(insert_default_rows, tables=wanting), int(store.clock.now()), store.terms)
        except BaseException:
            await rows.close()
            raise
        rows.on_damage = partial(self._suspect, store)
        store.rows = rows
        self._opened(store)
