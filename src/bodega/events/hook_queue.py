"""One hook's queue: its due deliveries, sent in the order of their events, one at a time for each resource.

A partition holds the events of one resource: the next is sent when the attempt before it has ended. A failed one waits
by its retry schedule and holds up nothing: order is kept as far as retries allow.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from typing import Protocol

from bodega.access.stores import OpenStore
from bodega.events import deliveries, message
from bodega.events.attempts import RETRY_SCHEDULE, AttemptMade, AttemptRecorder, AttemptResult, Block, WebhookFault
from bodega.events.deliveries import DueDelivery
from bodega.events.destination import why_not
from bodega.events.hooks import Hook
from bodega.events.limiters import Limiter, Limiters
from bodega.events.send import EXCERPT, ReceiverResponse, Sender
from bodega.events.strikes import HELD_BACK, Strikes
from bodega.storage.tx import Tx

WINDOW = 128
"""At most so many deliveries of one hook are held in memory; a backlog stays in the database."""

LINGER_SECONDS = 2.0
"""How long an idle lease is kept: the next event often comes soon."""


class QueueOwner(Protocol):
    """What a queue needs of its store's dispatcher (hook_dispatcher.py)."""

    store: OpenStore
    sender: Sender
    limiters: Limiters
    alone: bool
    recorder: AttemptRecorder | None
    strikes: Strikes

    @property
    def closed(self) -> bool:
        """Whether the store was closed, or this process is about to end."""

    @property
    def now(self) -> int:
        """The store's clock, in UTC seconds."""

    @property
    def reader(self) -> Tx:
        """Where the store's rows are read. Raises Busy when it was closed."""

    async def hooks(self) -> dict[int, Hook]:
        """The hooks as they are now."""

    def knows(self, hook: Hook) -> bool:
        """Whether the account that made the hook is still there."""

    def blocked_until(self, hook: Hook) -> int:
        """Until when the hook's domain is blocked, by the store's clock; 0 when it is not."""

    def saw(self, hook: Hook, response: ReceiverResponse) -> Block | None:
        """Counts an attempt: the block that it leads to, if any."""

    def may_tell(self, hook: Hook) -> bool:
        """Whether the destination's troubles are to be told now."""

    def end(self, queue: HookQueue, result: AttemptResult) -> None:
        """Has the result of an attempt written down."""

    def tell_of(self, error: Exception) -> None:
        """Logs what should not happen."""


class HookQueue:
    """`more` is set when there is, or may be, something to do."""

    def __init__(self, dispatcher: QueueOwner, hook_id: int) -> None:
        self.hook_id = hook_id
        self.more = asyncio.Event()
        self.hungry = True
        self.held_until = 0.0
        self.taken: set[int] = set()
        """Deliveries in memory, until their results are on disk: else they would be read and sent again."""
        self._dispatcher = dispatcher
        self._partitions: dict[str, deque[DueDelivery]] = {}
        self._ready: deque[str] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be more in the database."""
        self.hungry = True
        self.more.set()

    async def run(self) -> None:
        """Delivers until nothing is due, the hook is gone, or somebody else holds its lease."""
        dispatcher = self._dispatcher
        while not dispatcher.closed:
            self.more.clear()
            hook = (await dispatcher.hooks()).get(self.hook_id)
            if hook is None or not hook.is_active or not dispatcher.knows(hook) or not self._holds():
                self._forget_what_is_not_under_way()
            elif self.hungry and len(self.taken) < WINDOW // 2:
                await self._fill()
            if hook is not None:
                self._begin(hook)
            if not self.taken and not self.hungry and not await self._linger(hook):
                return
            if self.taken:
                await self.more.wait()

    async def _fill(self) -> None:
        """Reads due deliveries, as far as there is room.

        One whose result was written while this was read may be found as it was before, and is not sent again for that.
        """
        dispatcher = self._dispatcher
        self.hungry = False
        before = frozenset(self.taken)
        maximum = WINDOW + len(before)
        found = await deliveries.due(dispatcher.reader, self.hook_id, dispatcher.now, maximum)
        for item in found:
            if item.id in before:
                self.hungry |= item.id not in self.taken  # it is read again: it may be due once more
            elif item.id not in self.taken:
                self.taken.add(item.id)
                self._queue(item)
        self.hungry |= len(found) == maximum

    def _queue(self, item: DueDelivery) -> None:
        partition = message.partition_of(item)
        if partition in self._partitions:
            self._partitions[partition].append(item)
        else:
            self._partitions[partition] = deque([item])
            self._ready.append(partition)

    def _begin(self, hook: Hook) -> None:
        """Starts the first delivery of each partition, as far as the destination's limiter allows."""
        limiter = self._dispatcher.limiters.of(hook.destination)
        while self._ready and self._holds() and limiter.enter(self.more):
            task = asyncio.create_task(self._attempt(hook, limiter, self._ready.popleft()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _holds(self) -> bool:
        return self._dispatcher.alone or time.time() < self.held_until

    async def _attempt(self, hook: Hook, limiter: Limiter, partition: str) -> None:
        """One attempt of the first delivery of a partition; whatever happens, the partition continues."""
        dispatcher, waiting = self._dispatcher, self._partitions[partition]
        item = waiting[0]
        response: ReceiverResponse | WebhookFault | None = None
        try:
            response = await self._try(hook, item)
        except Exception as error:
            dispatcher.tell_of(error)
            response = ReceiverResponse(None, "The attempt failed.")
        finally:
            good = not isinstance(response, ReceiverResponse) or response.status is not None
            limiter.leave(answered=good)
            waiting.popleft()
            if waiting:
                self._ready.append(partition)
            else:
                del self._partitions[partition]
            self.more.set()
        self._end(hook, item, response)

    async def _try(self, hook: Hook, item: DueDelivery) -> ReceiverResponse | WebhookFault | None:
        """The receiver's response, also to a message that a fault spoiled; the fault that kept it from being sent."""
        fault = await self._dispatcher.strikes.of(hook, item)
        if fault is None:
            return await self._send(hook, item)
        if fault.kind == "dropped" or fault.kind in HELD_BACK:
            self._noted(hook, item, {message.FAULT: fault.words}, b"", ReceiverResponse(None, fault.words))
            return fault
        response = await self._send(hook, item, fault)
        if fault.kind == "doubled" and response is not None:
            response = await self._send(hook, item, fault)
        return response and response._replace(message=f"{fault.words} {response.message}".strip()[:EXCERPT])

    async def _send(self, hook: Hook, item: DueDelivery, fault: WebhookFault | None = None) -> ReceiverResponse | None:
        """The receiver's response; None when its domain is blocked and nothing was sent."""
        dispatcher = self._dispatcher
        if dispatcher.blocked_until(hook) > dispatcher.now:
            return None
        private = bool(dispatcher.store.settings["webhooks.allow_private"])
        wrong = why_not(hook.destination, private=private)
        if wrong:
            return self._noted(hook, item, {}, b"", ReceiverResponse(None, f"The destination {wrong}."))
        content = message.body(dispatcher.store.record, item)
        account = dispatcher.store.by_client.get(hook.client_id)
        if account is None:
            gone = ReceiverResponse(None, "The account that created the webhook was revoked.")
            return self._noted(hook, item, {}, content, gone)
        if not account.secret:
            lost = ReceiverResponse(None, "The client secret that signs it cannot be read: its key is missing.")
            return self._noted(hook, item, {}, content, lost)
        headers = message.headers(account.secret, item, content, int(time.time()), hook.headers or {})
        if fault is not None:
            spoiled = headers if fault.kind == "doubled" else message.spoiled(headers, fault.kind)
            headers = {**spoiled, message.FAULT: fault.words}
        response = await dispatcher.sender.post(hook.destination, content, headers, allow_private=private)
        return self._noted(hook, item, headers, content, response)

    def _noted(
        self, hook: Hook, item: DueDelivery, headers: Mapping[str, str], content: bytes, response: ReceiverResponse
    ) -> ReceiverResponse:
        """The response, once the attempt is noted."""
        if self._dispatcher.recorder is not None:
            made = AttemptMade(
                hook.id, item.id, item.hash, item.attempts + 1, hook.destination, headers, content, response
            )
            self._dispatcher.recorder.note_attempt(self._dispatcher.store, made)
        return response

    def _end(self, hook: Hook, item: DueDelivery, response: ReceiverResponse | WebhookFault | None) -> None:
        dispatcher = self._dispatcher
        if isinstance(response, WebhookFault):
            self._end_unsent(hook, item, response)
            return
        if response is None:
            until = dispatcher.blocked_until(hook)
            schedule = dispatcher.store.settings[RETRY_SCHEDULE]
            until = max(until, dispatcher.now + schedule[min(item.attempts, len(schedule) - 1)])
            dispatcher.end(
                self, AttemptResult(item, hook, good=False, status=None, message="The domain is blocked.", until=until)
            )
            return
        block = dispatcher.saw(hook, response)
        tell = not response.good and dispatcher.may_tell(hook)
        dispatcher.end(
            self, AttemptResult(item, hook, response.good, response.status, response.message, tell=tell, block=block)
        )
        for held in dispatcher.strikes.sent(hook, item):
            now, words = dispatcher.now, held.fault.words
            dispatcher.end(self, AttemptResult(held.delivery, hook, good=False, status=None, message=words, until=now))

    def _end_unsent(self, hook: Hook, item: DueDelivery, fault: WebhookFault) -> None:
        """A fault lost the delivery, or holds it back."""
        lost = fault.kind == "dropped"
        until = 0 if lost else self._dispatcher.now + fault.seconds
        result = AttemptResult(item, hook, good=False, status=None, message=fault.words, until=until, lost=lost)
        self._dispatcher.end(self, result)

    def _forget_what_is_not_under_way(self) -> None:
        """The hook gets nothing more: what was not started stays in the database."""
        self.hungry = False
        for partition in self._ready:
            self.taken.difference_update(item.id for item in self._partitions.pop(partition))
        self._ready.clear()

    async def _linger(self, hook: Hook | None) -> bool:
        """Whether more came while the lease was kept."""
        if self._dispatcher.alone or hook is None or self._dispatcher.closed:
            return False
        try:
            await asyncio.wait_for(self.more.wait(), LINGER_SECONDS)
        except TimeoutError:
            return False
        return True

    async def stop(self, seconds: float) -> None:
        """Gives running attempts some time to finish."""
        self._forget_what_is_not_under_way()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
