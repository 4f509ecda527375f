"""The journal: the last requests of each store, and counts of all of them, kept in memory by the process that answered.

It is written at every request, so it keeps references to what is there anyway and works nothing out. Bodies are kept
only where the owner asked for them (setting `journal`), and never more than a part of a long one. Credentials are
masked before something is shown or leaves the process (`journal/masking.py`), not here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from time import time as wall

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.law.refusal import Header

KEPT = 250
"""Requests of a store that are remembered."""

LONGEST_BODY = 16 * 1024
"""Bytes that are kept of a body."""

MAX_STORES = 128
"""Stores that a process remembers requests of; the one that was quiet longest makes room."""

MINUTES = 60
BUCKETS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper ends of the classes in which durations are counted; the last class has none."""


class Entry(msgspec.Struct, gc=False):
    """One answered request. `at` is in UTC seconds, `us` the microseconds it took; a cut body tells its real size."""

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
    """What happened in one minute: requests by first digit of the status, and durations by class."""

    classes: list[int]
    durations: list[int]


class StoreJournal:
    """A store's pages: its last requests, its counts, and when its accounts were last used."""

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
        """Takes a request in."""
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
        """Begins a minute, and forgets those of more than an hour ago."""
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


class Journal:
    """The diaries of a process."""

    def __init__(self) -> None:
        self.stores: dict[str, StoreJournal] = {}

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """One answered request of a store that exists, and what was known of it; `us`: it took so many microseconds."""
        name = store.record.hash
        store_journal = self.stores.get(name) or self._begin(name)
        entry = Entry(
            wall(), request.request_id, request.method, request.path, request.query, request.version,
            response.status, response.reason, seen.client_id, us, request.headers, response.headers,
            request.secure, request.prefix,
        )  # fmt: skip
        if store.keeps_bodies:
            entry.size, entry.body = len(seen.body), seen.body[:LONGEST_BODY]
            entry.answer_size, entry.answer_body = len(response.body), response.body[:LONGEST_BODY]
        elif response.reason:  # short, and what one wants to read
            entry.answer_size, entry.answer_body = len(response.body), response.body[:LONGEST_BODY]
        store_journal.note(entry)

    def _begin(self, name: str) -> StoreJournal:
        if len(self.stores) >= MAX_STORES:
            quiet = min(self.stores, key=lambda other: self.stores[other].entries[-1].at)
            del self.stores[quiet]
        store_journal = self.stores[name] = StoreJournal()
        return store_journal
