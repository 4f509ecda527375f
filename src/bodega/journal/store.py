"""The journal of one store: its last requests, and counts of all of them, minute by minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from time import time as wall

import msgspec

from bodega.law.refusal import Header

KEPT = 250
"""The number of requests that are kept of a store."""

MINUTES = 60
BUCKETS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper bounds of the classes in which durations are counted; the last class has none."""


class Entry(msgspec.Struct, gc=False):
    """One answered request. `at` is in UTC seconds, `us` the duration in microseconds; the real size of a truncated
    body is kept."""

    at: float
    id: str
    method: str
    path: str
    query: str
    version: int
    status: int
    reason: str
    client_id: str
    us: int
    headers: Mapping[bytes, bytes]
    answer_headers: list[Header]
    secure: bool = False
    prefix: str = ""
    body: bytes | None = None
    answer_body: bytes | None = None
    size: int = 0
    answer_size: int = 0


class Minute(msgspec.Struct, gc=False):
    """The counts of one minute: requests by first digit of the status, and durations by class."""

    classes: list[int]
    durations: list[int]


class StoreJournal:
    """The journal of a store: its last requests, its counts, and when its accounts were last used."""

    __slots__ = ("_minute", "_now", "counts", "entries", "minutes", "moved", "since", "statuses", "used")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=KEPT)
        self.counts: dict[str, int] = {}
        self.statuses: dict[int, int] = {}
        self.minutes: dict[int, Minute] = {}
        self.used: dict[str, int] = {}
        self.since = int(wall())
        self.moved = 0
        self._minute = 0
        self._now = Minute([], [])

    def note(self, entry: Entry) -> None:
        """Records a request."""
        self.entries.append(entry)
        self.moved += 1
        status, reason = entry.status, entry.reason
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if reason:
            self.counts[reason] = self.counts.get(reason, 0) + 1
        if entry.client_id:
            self.used[entry.client_id] = int(entry.at)
        minute = int(entry.at) // 60
        if minute != self._minute:
            self._turn(minute)
        self._now.classes[status // 100] += 1
        self._now.durations[_class(entry.us)] += 1

    def _turn(self, minute: int) -> None:
        """Begins a minute, and drops those of more than an hour ago."""
        self._minute = minute
        found = self.minutes.get(minute)
        if found is None:
            kept = {past: told for past, told in self.minutes.items() if minute - MINUTES < past}
            found = Minute([0] * 6, [0] * (len(BUCKETS_MS) + 1))
            self.minutes = kept | {minute: found}
        self._now = found


def _class(us: int) -> int:
    ms = us // 1000
    if ms < 1:
        return 0
    for place, end in enumerate(BUCKETS_MS):
        if ms < end:
            return place
    return len(BUCKETS_MS)
