"""The dispatcher: delivers the events of the stores that this process has open.

It is woken by commits that have something to deliver, by the store's clock, and by other processes. Nothing is polled:
four times a second it checks the due times it keeps in memory, since a store's clock may be set at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from bodega.access.stores import OpenStore, Stores
from bodega.events.attempts import AttemptRecorder, WebhookFaults
from bodega.events.hook_dispatcher import HookDispatcher
from bodega.events.limiters import Limiters
from bodega.events.send import Sender
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.storage.tx import Busy

TICK_SECONDS = 0.25
LEARNED_AT_ONCE = 50
"""Stores re-read per tick: one change notification may concern thousands."""

GRACE_SECONDS = 2.0
"""How long running requests may take to finish when the process stops."""

LOOK_SECONDS = 60.0
"""How often a store that other processes serve too is searched for deliveries that one of them left behind."""

LOOKUPS = 64
"""At most so many threads for name look-ups: some take many seconds, and must not hold up the others."""


class Dispatcher:
    """`alone`: no other process delivers for these stores (SQLite). `recorder` keeps every attempt, `faults` strike
    some."""

    def __init__(
        self,
        stores: Stores,
        log: Log,
        *,
        alone: bool,
        recorder: AttemptRecorder | None = None,
        faults: WebhookFaults | None = None,
    ) -> None:
        self._stores = stores
        self._log = log
        self._alone = alone
        self._recorder = recorder
        self._faults = faults
        self._holder = secrets.token_hex(8)
        self._sender = Sender()
        self._gates = Limiters()
        self._posts: dict[str, HookDispatcher] = {}
        self._looked = 0.0
        self._revision, self._changes = -1, -1
        self._waking: set[asyncio.Task[None]] = set()
        self.job = PeriodicJob(TICK_SECONDS, self._tick, log, "deliveries not looked at")

    def start(self) -> None:
        """Begins to watch the stores' clocks."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup"))
        self._looked = time.monotonic()
        self.job.start()

    def opened(self, store: OpenStore) -> None:
        """A store was opened: from now on its commits wake its hook dispatcher. A store that is already open is
        searched: its record in the registry changed, or its rows were replaced."""
        known = self._posts.get(store.record.hash)
        if known is not None and known.store is store and not known.closed:
            known.heard()
            return
        post = HookDispatcher(
            store,
            self._sender,
            self._gates,
            self._log,
            holder=self._holder,
            alone=self._alone,
            announce=self._announce,
            recorder=self._recorder,
            faults=self._faults,
        )
        self._posts[store.record.hash] = post
        assert store.rows is not None
        store.rows.on_events = lambda hooks: self._said(post, hooks)
        post.open()

    def heard(self, store_hash: str) -> None:
        """Another process has something to deliver for a store, or for any store if the hash is empty."""
        for name in [store_hash] if store_hash else list(self._posts):
            post = self._posts.get(name)
            if post is not None and not post.closed:
                post.heard()
            elif store_hash:
                self._wake(store_hash)

    def _wake(self, store_hash: str) -> None:
        """Opens a store in which another process left something to deliver."""
        self._waking.add(task := asyncio.create_task(self._opened(store_hash)))
        task.add_done_callback(self._waking.discard)

    async def _opened(self, store_hash: str) -> None:
        with contextlib.suppress(Busy):
            await self._stores.wake(store_hash)

    async def _look_around(self) -> None:
        """On SQLite: which stores did a command write to?"""
        registry = self._stores.registry
        if self._revision < 0:
            self._revision = await registry.newest_revision()
        for name, revision in await registry.changed_since(self._revision, LEARNED_AT_ONCE):
            self._revision = revision
            if name not in self._posts:
                await self._opened(name)

    def idle_at(self, store_hash: str) -> int | None:
        """When a hook of an open store will have been idle for too long, by the store's clock; None if none ever is."""
        post = self._posts.get(store_hash)
        return None if post is None or not post.idle_at else math.ceil(post.idle_at)

    def is_behind(self, store_hash: str) -> bool:
        """Whether this process has something to do for a store's hooks at this moment."""
        post = self._posts.get(store_hash)
        return post is not None and post.is_behind

    @property
    def counts(self) -> dict[str, int]:
        """Attempts of this process, by result."""
        counted = [post.counts for post in self._posts.values()]
        return {name: sum(each[name] for each in counted) for name in ("delivered", "failed")}

    @staticmethod
    def _said(post: HookDispatcher, hooks: set[int]) -> None:
        for hook_id in hooks:
            post.wake(hook_id)

    async def _announce(self, store_hash: str) -> None:
        with contextlib.suppress(Busy):  # the lease ends in any case
            await self._stores.registry.announce_delivery(store_hash)

    async def _tick(self) -> None:
        if not self._alone and time.monotonic() > self._looked + LOOK_SECONDS:
            self._looked = time.monotonic()
            self.heard("")
        if self._alone and self._changes != (changes := self._stores.changes):
            self._changes = changes
            with contextlib.suppress(Busy):
                await self._look_around()
        learned = 0
        for name, post in list(self._posts.items()):
            if post.closed:
                del self._posts[name]
                continue
            with contextlib.suppress(Busy):
                if learned < LEARNED_AT_ONCE and self._stores.known(name) is None:
                    learned += 1
                    await self._stores.get(name)  # the registry changed: perhaps the clock was set, or a command wrote
                post.tick()

    async def stop(self) -> None:
        """Stops after the running requests; waiting deliveries are sent after the next start."""
        await self.job.stop()
        await asyncio.gather(*self._waking)
        await asyncio.gather(*(post.stop(GRACE_SECONDS) for post in self._posts.values()), return_exceptions=True)
        await self._sender.close()
