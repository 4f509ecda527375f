"""One hook's line: what is due for it, sent in the order in which it happened, one resource at a time.

A resource's next event is sent when the attempt before it has ended. One that failed waits on its ladder and holds up
nothing: order is kept as far as retries allow.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from bodega.events import deliveries, message
from bodega.events.deliveries import Due
from bodega.events.destination import why_not
from bodega.events.ending import LADDER, Ending
from bodega.events.hooks import Hook
from bodega.events.reach import Gate
from bodega.events.send import Answer

if TYPE_CHECKING:
    from bodega.events.post import Post

WINDOW = 128
"""Deliveries of one hook that are held in memory at most; a backlog stays in the database."""

LINGER_SECONDS = 2.0
"""How long a lease is kept when there is nothing to do: the next event often comes soon."""


class Line:
    """`more` is set when there is, or may be, something to do."""

    def __init__(self, post: Post, hook_id: int) -> None:
        self.hook_id = hook_id
        self.more = asyncio.Event()
        self.hungry = True
        self.held_until = 0.0
        self.taken: set[int] = set()
        """Deliveries in memory, until what came of them is on disk: else they would be read, and sent, again."""
        self._post = post
        self._lanes: dict[str, deque[Due]] = {}
        self._ready: deque[str] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be more in the database."""
        self.hungry = True
        self.more.set()

    async def run(self) -> None:
        """Delivers until nothing is due, the hook is gone, or somebody else holds its lease."""
        post = self._post
        while not post.closed:
            self.more.clear()
            hook = (await post.hooks()).get(self.hook_id)
            if hook is None or not hook.is_active or not post.knows(hook) or not self._holds():
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
        """Reads what is due, as far as there is room for it."""
        post = self._post
        self.hungry = False
        most = WINDOW + len(self.taken)
        found = await deliveries.due(post.reader, self.hook_id, post.now, most)
        for one in found:
            if one.id not in self.taken:
                self.taken.add(one.id)
                self._queue(one)
        self.hungry = self.hungry or len(found) == most

    def _queue(self, one: Due) -> None:
        lane = message.lane(one)
        if lane in self._lanes:
            self._lanes[lane].append(one)
        else:
            self._lanes[lane] = deque([one])
            self._ready.append(lane)

    def _begin(self, hook: Hook) -> None:
        """Starts what may be started: the first of each lane, as far as the destination's gate lets it in."""
        gate = self._post.gates.of(hook.destination)
        while self._ready and self._holds() and gate.enter(self.more):
            task = asyncio.create_task(self._attempt(hook, gate, self._ready.popleft()))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _holds(self) -> bool:
        return self._post.alone or time.time() < self.held_until

    async def _attempt(self, hook: Hook, gate: Gate, lane: str) -> None:
        """One attempt of the first delivery in a lane; whatever happens, the lane goes on."""
        post, waiting = self._post, self._lanes[lane]
        one = waiting[0]
        answer: Answer | None = None
        try:
            answer = await self._send(hook, one)
        except Exception as error:
            post.tell_of(error)
            answer = Answer(None, "The attempt failed.")
        finally:
            good = answer is None or answer.status is not None
            gate.leave(answered=good)
            waiting.popleft()
            if waiting:
                self._ready.append(lane)
            else:
                del self._lanes[lane]
            self.more.set()
        self._end(hook, one, answer)

    async def _send(self, hook: Hook, one: Due) -> Answer | None:
        """What the receiver answered; None when its domain is blocked and nothing was sent."""
        post = self._post
        if post.blocked_until(hook) > post.now:
            return None
        private = bool(post.store.settings["webhooks.allow_private"])
        wrong = why_not(hook.destination, private=private)
        if wrong:
            return Answer(None, f"The destination {wrong}.")
        content = message.body(post.store.record, one)
        account = post.store.by_client.get(hook.client_id)
        if account is None:
            return Answer(None, "The account that made the webhook is gone.")
        headers = message.headers(account.secret, hook.id, one, content, int(time.time()), hook.headers or {})
        return await post.sender.post(hook.destination, content, headers, allow_private=private)

    def _end(self, hook: Hook, one: Due, answer: Answer | None) -> None:
        post = self._post
        if answer is None:
            until = post.blocked_until(hook)
            ladder = post.store.settings[LADDER]
            until = max(until, post.now + ladder[min(one.attempts, len(ladder) - 1)])
            post.end(self, Ending(one, hook, good=False, status=None, said="The domain is blocked.", until=until))
            return
        block = post.saw(hook, answer)
        tell = not answer.good and post.may_tell(hook)
        post.end(self, Ending(one, hook, answer.good, answer.status, answer.said, tell=tell, block=block))

    def _forget_what_is_not_under_way(self) -> None:
        """The hook gets nothing more: what was not begun is left in the database."""
        self.hungry = False
        for lane in self._ready:
            self.taken.difference_update(one.id for one in self._lanes.pop(lane))
        self._ready.clear()

    async def _linger(self, hook: Hook | None) -> bool:
        """Whether more came while a lease was kept."""
        if self._post.alone or hook is None or self._post.closed:
            return False
        try:
            await asyncio.wait_for(self.more.wait(), LINGER_SECONDS)
        except TimeoutError:
            return False
        return True

    async def stop(self, seconds: float) -> None:
        """Gives the attempts under way some time to end."""
        self._forget_what_is_not_under_way()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
