"""One store's hook dispatcher: its hooks, a queue for each that has something due, and the recording of results."""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from bodega.access.stores import OpenStore
from bodega.events import attempts, deliveries, lease
from bodega.events.attempts import AttemptRecorder, AttemptResult, Block, WebhookFaults, Written
from bodega.events.deliveries import DAY
from bodega.events.destination import domain
from bodega.events.hook_queue import HookQueue
from bodega.events.hooks import TABLE, Hook
from bodega.events.limiters import BLOCK_SECONDS, Limiters, SuccessWindow
from bodega.events.send import ReceiverResponse, Sender
from bodega.events.strikes import Strikes
from bodega.log import Log
from bodega.storage import query, rows
from bodega.storage.outbox import HOOKS
from bodega.storage.tx import Busy, Tx
from bodega.storage.unit import Unit

IDLE_SECONDS = 90 * DAY
"""Rule 126: a hook that was not used for this long is deactivated."""

TELL_SECONDS = 600
"""Rule 130: a destination's failures are reported once in ten minutes."""

PRUNE_SECONDS = 3600
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
"""The pause before an unreachable database is tried again; it doubles up to the longest."""


class HookDispatcher:
    """`alone`: no other process delivers for this store. `due` is when each hook has something to deliver next."""

    def __init__(
        self,
        store: OpenStore,
        sender: Sender,
        limiters: Limiters,
        log: Log,
        *,
        holder: str,
        alone: bool,
        announce: Callable[[str], Awaitable[None]],
        recorder: AttemptRecorder | None = None,
        faults: WebhookFaults | None = None,
    ) -> None:
        self.store = store
        self.sender = sender
        self.limiters = limiters
        self.alone = alone
        self.recorder = recorder
        self.strikes = Strikes(store, faults)
        self.stopping = False
        self.due: dict[int, float] = {}
        self.counts = {"delivered": 0, "failed": 0}
        self._log = log
        self._holder = holder
        self._announce = announce
        self._hooks: dict[int, Hook] = {}
        self._revision = -1
        self._lines: dict[int, HookQueue] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._held: dict[int, float] = {}
        self._windows: dict[tuple[str, str], SuccessWindow] = {}
        self._blocks: dict[tuple[str, str], int] = {}
        self._told: dict[str, int] = {}
        self._results: list[tuple[HookQueue, AttemptResult]] = []
        self._writing: asyncio.Task[None] | None = None
        self._accounts: Any = None
        self._idle_at = 0.0
        self._pruned_at = 0
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def closed(self) -> bool:
        """Whether the store was closed, or this process is stopping."""
        return self.stopping or self.store.closed or self.store.rows is None

    @property
    def now(self) -> int:
        """The store's clock, in UTC seconds."""
        return int(self.store.clock.now())

    @property
    def reader(self) -> Tx:
        """The reader of the store's rows. Raises Busy when the store was closed."""
        if self.store.rows is None:
            raise Busy("the store was closed")
        return self.store.rows.reader

    async def hooks(self) -> dict[int, Hook]:
        """The current hooks, reread when their table changed."""
        revision = (await rows.table_state_of(self.reader, HOOKS)).revision
        if revision != self._revision:
            found = await query.entities(self.reader, TABLE)
            self._hooks = {hook.id: hook for hook in found}
            self._revision = revision
            used = [max(hook.updated_at, hook.used_at) for hook in found if hook.is_active and hook.client_id]
            self._idle_at = min(used) + IDLE_SECONDS if used else 0
        return self._hooks

    def knows(self, hook: Hook) -> bool:
        """Whether the account that created the hook still exists (rule 124)."""
        return hook.client_id in self.store.by_client

    # What wakes the queues.

    def open(self) -> None:
        """The store was opened: deliveries left from before are looked for."""
        self._chore(self._look())

    def wake(self, hook_id: int) -> None:
        """A hook has something due."""
        self.due.pop(hook_id, None)
        line = self._lines.get(hook_id)
        if line is not None:
            line.wake()
        elif not self.closed:
            self._lines[hook_id] = HookQueue(self, hook_id)
            self._running[hook_id] = asyncio.create_task(self._run(self._lines[hook_id]))

    def heard(self) -> None:
        """Another process has something for a hook whose lease this process may hold."""
        self._chore(self._look())

    def tick(self) -> None:
        """Time passed, or the store's clock was set: starts what became due."""
        now = self.store.clock.now()
        for hook_id in [hook_id for hook_id, at in self.due.items() if at <= now]:
            self.wake(hook_id)
        for line in self._lines.values():
            if not self.alone and 0 < line.held_until - time.time() < lease.SECONDS / 2:
                self._chore(self._hold(line))
        wall = time.time()
        for hook_id in [hook_id for hook_id, until in self._held.items() if until <= wall]:
            del self._held[hook_id]
            self.wake(hook_id)
        if 0 < self._idle_at <= now:
            self._idle_at = 0
            self._chore(self._deactivate_idle())
        if self._hooks and self._accounts is not self.store.by_client:  # the registry was reread
            self._accounts = self.store.by_client
            self._chore(self._look())

    @property
    def idle_at(self) -> float:
        """When the hook that was not used for longest is to be deactivated, by the store's clock; 0 if none is."""
        return self._idle_at

    @property
    def is_behind(self) -> bool:
        """Whether it is looking for what is due, or at work on the hooks themselves."""
        return not self.closed and bool(self._chores or self._results)

    @property
    def waits(self) -> bool:
        """Whether something depends on the store's clock or accounts, which may be changed."""
        return bool(self.due or self._idle_at or self._held)

    async def _look(self) -> None:
        """Finds what is waiting for each hook, and what has to be done about the hooks themselves."""
        for hook in (await self.hooks()).values():
            line = self._lines.get(hook.id)
            if line is not None:
                line.wake()
            elif hook.is_active and hook.client_id:
                await self._note_due(hook.id)
        self._accounts = self.store.by_client
        if self._hooks:
            await self._learn_blocks()
            await self._sweep()
        self.tick()

    async def _note_due(self, hook_id: int) -> None:
        at = await deliveries.next_due(self.reader, hook_id)
        if at is not None:
            self.due[hook_id] = at

    async def _run(self, line: HookQueue) -> None:
        """Runs a queue, and restarts it after any error; when it ends, the next due time is known."""
        pause = PAUSE_SECONDS
        while not self.closed:
            try:
                if await self._hold(line):
                    await line.run()
                    await self._leave(line)
                break
            except Exception as error:
                self.tell_of(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        del self._lines[line.hook_id], self._running[line.hook_id]
        with contextlib.suppress(Busy):
            hook = self._hooks.get(line.hook_id)
            if self.closed or hook is None or not hook.is_active or not hook.client_id or line.hook_id in self._held:
                return
            if not self.knows(hook):  # the account was revoked, or is so new that this process does not know it yet
                self._held[line.hook_id] = time.time() + 1
                self._accounts = None
                return
            await self._note_due(line.hook_id)
            if line.hungry:  # woken while it was ending
                self.wake(line.hook_id)

    # Leases, where several processes serve the store.

    async def _hold(self, line: HookQueue) -> bool:
        """Takes or renews a hook's lease; if another process holds it, notifies that one."""
        if self.alone:
            return True
        wall = int(time.time())
        until = await self.store.write(lambda unit: lease.take(unit, line.hook_id, self._holder, wall))
        if not until:
            line.held_until = wall + lease.SECONDS
            self._held.pop(line.hook_id, None)
            await self._learn_blocks()
            return True
        line.held_until = 0
        line.more.set()
        self._held[line.hook_id] = until + 1
        await self._announce(self.store.record.hash)
        return False

    async def _leave(self, line: HookQueue) -> None:
        if not self.alone:
            await self.store.write(lambda unit: lease.leave(unit, line.hook_id, self._holder))

    # Domains.

    async def _learn_blocks(self) -> None:
        found = await self.reader.rows("SELECT client_id, domain, blocked_until FROM hook_blocks")
        self._blocks = {(client_id, name): until for client_id, name, until in found}

    def blocked_until(self, hook: Hook) -> int:
        """Until when nothing is sent to the hook's domain for its client; 0 if it is not blocked."""
        return self._blocks.get((hook.client_id, domain(hook.destination)), 0)

    def saw(self, hook: Hook, response: ReceiverResponse) -> Block | None:
        """Counts a response of the hook's domain; returns the block that follows from it (rule 127)."""
        at = (hook.client_id, domain(hook.destination))
        window = self._windows.setdefault(at, SuccessWindow())
        if not window.saw(self.now, good=response.good, message=response.words) or self.blocked_until(hook) > self.now:
            return None
        del self._windows[at]
        self._blocks[at] = self.now + BLOCK_SECONDS
        return Block(*at, self._blocks[at], dict(window.reasons))

    def may_tell(self, hook: Hook) -> bool:
        """Whether a failure at this destination is reported now, or was reported in the last ten minutes."""
        last = self._told.get(hook.destination)
        if last is not None and last <= self.now < last + TELL_SECONDS:
            return False
        if len(self._told) > 10_000:
            self._told.clear()
        self._told[hook.destination] = self.now
        return True

    # Results.

    def end(self, queue: HookQueue, result: AttemptResult) -> None:
        """An attempt ended: it is recorded together with others that ended meanwhile."""
        self._results.append((queue, result))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_down())

    async def _write_down(self) -> None:
        pause = PAUSE_SECONDS
        while self._results:
            these, self._results = self._results, []
            try:
                written = await self.store.write(partial(self._record, endings=[what for _, what in these]))
            except Exception as error:
                self._results = these + self._results
                if self.store.closed:
                    return
                self.tell_of(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            pause = PAUSE_SECONDS
            for hook_id, at in written.due.items():
                self.due[hook_id] = min(at, self.due.get(hook_id, at))
            for hook in written.lost:
                self._log.event("webhook deactivated", store=self.store.record.hash, hook=hook.id, why=hook.deactivated)
            for line, what in these:
                self.counts["delivered" if what.good else "failed"] += 1
                line.taken.discard(what.delivery.id)
                line.more.set()

    async def _record(self, unit: Unit, endings: list[AttemptResult]) -> Written:
        if not self._pruned_at <= unit.now < self._pruned_at + PRUNE_SECONDS:
            await deliveries.prune(unit)
            self._pruned_at = unit.now
        return await attempts.write_down(unit, endings)

    # Housekeeping.

    async def _sweep(self) -> None:
        """Rule 124: hooks are deleted with the account that created them. Accounts are read after the hooks, so that
        one that was created meanwhile is seen."""
        orphans = {h.client_id for h in (await self.hooks()).values() if h.client_id and not self.knows(h)}
        if orphans:
            orphans -= {account.client_id for account in await self.store.accounts_now()}
        for client_id in orphans:
            await self.store.write(partial(_forget, client_id=client_id))

    async def _deactivate_idle(self) -> None:
        """Rule 126: 90 days without an event."""
        now = self.now
        for hook in (await self.hooks()).values():
            if hook.is_active and hook.client_id and max(hook.updated_at, hook.used_at) + IDLE_SECONDS <= now:
                await self.store.write(partial(attempts.deactivate, hook_id=hook.id, why="idle"))
                self._log.event("webhook deactivated", store=self.store.record.hash, hook=hook.id, why="idle")

    def _chore(self, work: Awaitable[Any]) -> None:
        async def safely() -> None:
            try:
                await work
            except Exception as error:
                if not self.closed:
                    self.tell_of(error)

        task = asyncio.create_task(safely())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def tell_of(self, error: Exception) -> None:
        """Logs errors, except an unreachable database."""
        if not isinstance(error, Busy):
            text = "".join(traceback.format_exception(error))
            self._log.event("delivery failed", store=self.store.record.hash, traceback=text)

    async def stop(self, seconds: float) -> None:
        """Stops; results of running attempts are recorded, the rest waits for the next start."""
        self.stopping = True
        lines = list(self._lines.values())
        await asyncio.gather(*(line.stop(seconds) for line in lines), return_exceptions=True)
        for task in (*self._running.values(), *self._chores):
            task.cancel()
        await asyncio.gather(*self._running.values(), *self._chores, return_exceptions=True)
        if self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing], timeout=seconds)
            self._writing.cancel()
        for line in lines:
            with contextlib.suppress(Busy):
                await self._leave(line)


async def _forget(unit: Unit, client_id: str) -> None:
    ids = await query.values(unit.tx, "SELECT id FROM hooks WHERE client_id = $1", client_id)
    await unit.delete(TABLE, ids)
    for table in ("hook_blocks", "hook_contacts"):
        await unit.tx.run(f"DELETE FROM {table} WHERE client_id = $1", client_id)
