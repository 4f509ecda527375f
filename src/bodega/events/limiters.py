"""How receivers respond: which domains are blocked for a while, and how many requests a destination may have."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from urllib.parse import urlsplit

WINDOW_SECONDS = 120
ENOUGH = 100
SHARE = 0.9
BLOCK_SECONDS = 180
"""Rule 127: under 90 % success in two minutes, once 100 were sent, blocks a domain for a client for three minutes."""

AT_ONCE = 16
"""At most so many requests under way to one destination; one that does not answer gets one at a time."""

OF_A_SERVER = 64
LEAST_OF_A_SERVER = 8
"""The same for all destinations on one host and port."""

ALTOGETHER = 256
"""Requests under way in this process: many more than dead servers can hold."""


class SuccessWindow:
    """A domain's responses to one client in the last two minutes, by the store's clock in UTC seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, bool, int]] = deque()
        self._total = 0
        self._good = 0
        self.reasons: Counter[str] = Counter()

    def saw(self, now: int, *, good: bool, message: str) -> bool:
        """Counts a response; returns whether the domain has to be blocked now. A block starts a new count."""
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
            self.reasons[message[:100]] += 1
        return not good and self._total >= ENOUGH and self._good < SHARE * self._total


class Limiter:
    """At most `limit` requests under way, `least` while there is no response, and no more than `outer` allows."""

    def __init__(self, limit: int, least: int, outer: Limiter | None = None) -> None:
        self._most = limit
        self._limit = limit
        self._least = least
        self._outer = outer
        self._inside = 0
        self._waiting: set[asyncio.Event] = set()

    def enter(self, waiter: asyncio.Event) -> bool:
        """Whether one more may start; if not, `waiter` is set when it is worth trying again."""
        if self._inside >= self._limit:
            self._waiting.add(waiter)
            return False
        if self._outer is not None and not self._outer.enter(waiter):
            return False
        self._inside += 1
        return True

    def leave(self, *, answered: bool) -> None:
        """One ended; `answered`: with any response at all."""
        self._inside -= 1
        self._limit = min(self._most, self._limit + 1) if answered else self._least
        waiting, self._waiting = self._waiting, set()
        for waiter in waiting:
            waiter.set()
        if self._outer is not None:
            self._outer.leave(answered=answered)

    @property
    def idle(self) -> bool:
        """Whether it is unused and can be dropped."""
        return not self._inside and not self._waiting and self._limit == self._most


class Limiters:
    """The limiters of all destinations of this process, each within its server's, those within one for all."""

    def __init__(self) -> None:
        self._all = Limiter(ALTOGETHER, ALTOGETHER)
        self._servers: dict[str, Limiter] = {}
        self._destinations: dict[str, Limiter] = {}

    def of(self, destination: str) -> Limiter:
        """The limiter of a URL."""
        found = self._destinations.get(destination)
        if found is None:
            _forget_the_idle(self._destinations)
            found = self._destinations[destination] = Limiter(AT_ONCE, 1, self._server(urlsplit(destination).netloc))
        return found

    def _server(self, name: str) -> Limiter:
        found = self._servers.get(name)
        if found is None:
            _forget_the_idle(self._servers)
            found = self._servers[name] = Limiter(OF_A_SERVER, LEAST_OF_A_SERVER, self._all)
        return found


def _forget_the_idle(limiters: dict[str, Limiter]) -> None:
    """What hooks name must not fill the memory. A limiter that another one refers to keeps counting."""
    if len(limiters) > 10_000:
        for name in [name for name, limiter in limiters.items() if limiter.idle]:
            del limiters[name]
