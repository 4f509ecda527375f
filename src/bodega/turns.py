"""Turns at something that few may do at once, shared by stores: none of them keeps the others waiting by what it asks
for itself."""

from __future__ import annotations

import asyncio
from collections import Counter, deque


class Full(Exception):
    """As many wait as may."""


class Turns:
    """At most `at_once` have their turn, `of_one` of one store; `waiting` may wait for theirs, `waiting_of_one` of one
    store. Stores take turns, so that who waits behind nobody of its own store waits for one turn of each other at
    most."""

    def __init__(self, *, at_once: int, of_one: int, waiting: int, waiting_of_one: int) -> None:
        self._at_once = at_once
        self._of_one = of_one
        self._most_waiting = waiting
        self._most_of_one = waiting_of_one
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._having: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    async def take(self, store: str) -> None:
        """Returns when it is the store's turn; `give_back` ends it. Raises Full."""
        queue = self._waiting.get(store, ())
        if not queue and self._may(store):
            self._having[store] += 1
            return
        if len(queue) >= self._most_of_one or self.waiting >= self._most_waiting:
            raise Full
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(store, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(store)
            else:
                self._leave(store, turn)
            raise

    def give_back(self, store: str) -> None:
        """Ends a turn of the store, and begins those of who waited for it."""
        self._having[store] -= 1
        if not self._having[store]:
            del self._having[store]
        while (next_store := next((one for one in self._waiting if self._may(one)), None)) is not None:
            queue = self._waiting.pop(next_store)
            turn = queue.popleft()
            if queue:
                self._waiting[next_store] = queue  # behind the other stores
            if not turn.done():  # otherwise its caller has gone
                self._having[next_store] += 1
                turn.set_result(None)

    def _may(self, store: str) -> bool:
        return self._having.total() < self._at_once and self._having[store] < self._of_one

    def _leave(self, store: str, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(store)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[store]
