"""How domains answer: which are blocked for a while, and how many requests one may have on its hands."""

from __future__ import annotations

import asyncio
from collections import Counter, deque

WINDOW_SECONDS = 120
ENOUGH = 100
SHARE = 0.9
BLOCK_SECONDS = 180
"""Rule 127: under 90 % success in two minutes, once 100 were sent, blocks a domain for a client for three minutes."""

AT_ONCE = 16
"""Requests that one domain has on its hands at most; one that does not answer gets one at a time."""

ALTOGETHER = 256
"""Requests under way in this process: many more than slow domains can hold, since each of them holds one."""


class Window:
    """What a domain answered one client in the last two minutes, by the store's clock in UTC seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, bool, int]] = deque()
        self._total = 0
        self._good = 0
        self.reasons: Counter[str] = Counter()

    def saw(self, now: int, *, good: bool, said: str) -> bool:
        """Counts an answer; whether the domain has to be blocked now. A block begins a new count."""
        while self._seconds and not now - WINDOW_SECONDS < self._seconds[0][0] <= now:
            _, was_good, count = self._seconds.popleft()
            self._total -= count
            self._good -= count if was_good else 0
        if not self._seconds:
            self.reasons.clear()
        if self._seconds and self._seconds[-1][:2] == (now, good):
            self._seconds[-1] = (now, good, self._seconds[-1][2] + 1)
        else:
            self._seconds.append((now, good, 1))
        self._total += 1
        self._good += good
        if not good:
            self.reasons[said[:100]] += 1
        return not good and self._total >= ENOUGH and self._good < SHARE * self._total


class Gate:
    """One domain's share: at most `limit` requests under way, fewer while it does not answer."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._limit = AT_ONCE
        self._inside = 0
        self._waiting: set[asyncio.Event] = set()

    def enter(self, waiter: asyncio.Event) -> bool:
        """Whether one more may begin; if not, `waiter` is set when it is worth asking again."""
        if self._inside >= self._limit:
            self._waiting.add(waiter)
            return False
        if self._gates.inside >= ALTOGETHER:
            self._gates.waiting.add(waiter)
            return False
        self._inside += 1
        self._gates.inside += 1
        return True

    def leave(self, *, answered: bool) -> None:
        """One ended; `answered` whatever it said, or not at all."""
        self._inside -= 1
        self._gates.inside -= 1
        self._limit = min(AT_ONCE, self._limit + 1) if answered else 1
        _wake(self._waiting)
        _wake(self._gates.waiting)

    @property
    def idle(self) -> bool:
        """Whether nobody would miss it."""
        return not self._inside and not self._waiting and self._limit == AT_ONCE


class Gates:
    """The gates of all domains that this process sends to."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self.inside = 0
        self.waiting: set[asyncio.Event] = set()

    def of(self, domain: str) -> Gate:
        """The gate of a domain."""
        if len(self._gates) > 10_000:
            self._gates = {name: gate for name, gate in self._gates.items() if not gate.idle}
        found = self._gates.get(domain)
        if found is None:
            found = self._gates[domain] = Gate(self)
        return found


def _wake(waiting: set[asyncio.Event]) -> None:
    for waiter in waiting:
        waiter.set()
    waiting.clear()
