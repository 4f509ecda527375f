"""What a process noted since its journal was last written: each request that it answered, and each attempt to deliver.

It is written at every request, so it keeps references to existing objects and computes nothing. Bodies are kept only if
the owner asked for it (setting `journal`), and only a part of a long one. Credentials are masked before something is
written (`journal/exchange.py`), not here.
"""

from __future__ import annotations

import secrets
from time import time as wall

from bodega.access.stores import OpenStore
from bodega.events.attempts import AttemptMade
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.journal.exchange import LONGEST_BODY, TICKS, Entry
from bodega.journal.tally import Tally, tally
from bodega.storage.registry import StoreRecord

ROOM = 1_000
"""Exchanges of one store that are kept each time the journal is written, which is once a second; more are counted. No
client gets near: it would send three times what the largest quota allows."""

ROOM_OF_ALL = 4_000
BYTES_OF_ALL = 16 * 1024 * 1024
"""Exchanges of all stores, and bytes of their bodies, that are kept each time."""

ATTEMPTS = 20_000
"""Attempts that wait to be written at most; those beyond are not kept."""


def key_of(record: StoreRecord) -> str:
    """The store in the journal: one that is made again under the same hash is another store."""
    return f"{record.hash}.{record.place}"


class StoreJournal:
    """What was noted of a store: exchanges and attempts that are not yet written, counts of the minutes that changed,
    and when accounts were used."""

    __slots__ = ("_minute", "_now", "attempts", "key", "minutes", "room", "settings", "used", "waiting")

    def __init__(self, store: OpenStore) -> None:
        self.key = key_of(store.record)
        self.settings = store.settings
        self.waiting: list[Entry] = []
        self.attempts: list[tuple[int, AttemptMade]] = []
        self.minutes: dict[int, Tally] = {}
        self.used: dict[str, int] = {}
        self.room = ROOM
        self._minute = 0
        self._now = tally()

    def tally(self, at: float) -> Tally:
        """The counts of the minute."""
        minute = int(at) // 60
        if minute != self._minute or not self.minutes:
            self._now = self._now if minute == self._minute else tally()
            self._minute = minute
            self.minutes[minute] = self._now
        return self._now


class Journal:
    """What this process noted, by store; `take` hands it on to be written."""

    def __init__(self) -> None:
        self.stores: dict[str, StoreJournal] = {}
        self._room = ROOM_OF_ALL
        self._bytes = BYTES_OF_ALL
        self._attempts = ATTEMPTS
        self._salt = secrets.randbelow(1 << TICKS)
        self._last = 0

    def number(self, at: float) -> int:
        """A number that orders by time, unlike any other of this process and most likely of any process."""
        self._last = us = max(int(at * 1_000_000), self._last + 1)
        return us << TICKS | self._salt

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """Records an answered request of an existing store, and what was known of it; `us` is its duration in
        microseconds."""
        at, client = wall(), seen.client_id
        journal = self._of(store)
        counts = journal.tally(at)
        counts.count(response.status, response.reason, us)
        if client:
            journal.used[client] = int(at)
        if self._refuses(journal):
            counts.skipped += 1
            return
        entry = Entry(
            self.number(at), at, request.request_id, request.method, request.path, request.query, request.version,
            response.status, response.reason, client, us, request.headers, response.headers,
            request.secure, request.prefix, answer_head=response.head,
        )  # fmt: skip
        self._add(journal, entry, store, seen.body, response.body)

    def note_exchange(self, entry: Entry, store: OpenStore, body: bytes, answer_body: bytes) -> None:
        """Records a request that is not one of the store's API but concerns the store, under the same settings."""
        if not store.keeps_journal:
            return
        journal = self._of(store)
        if not self._refuses(journal):
            entry.number = self.number(entry.at)
            self._add(journal, entry, store, body, answer_body)

    def note_attempt(self, store: OpenStore, made: AttemptMade) -> None:
        """Records an attempt to deliver an event."""
        if store.keeps_journal and self._attempts > 0:
            self._attempts -= 1
            self._of(store).attempts.append((self.number(wall()), made))

    def _of(self, store: OpenStore) -> StoreJournal:
        name = store.record.hash
        found = self.stores.get(name)
        if found is None or found.settings is not store.settings:
            found = self.stores[name] = self._renewed(store, found)
        return found

    def _renewed(self, store: OpenStore, old: StoreJournal | None) -> StoreJournal:
        """For a store that is new to the journal, or whose settings changed."""
        if old is None or old.key != key_of(store.record):
            return StoreJournal(store)
        old.settings = store.settings
        return old

    def _refuses(self, journal: StoreJournal) -> bool:
        """Whether there is no room, until the journal is written."""
        if journal.room <= 0 or self._room <= 0 or self._bytes <= 0:
            return True
        journal.room -= 1
        self._room -= 1
        return False

    def _add(self, journal: StoreJournal, entry: Entry, store: OpenStore, body: bytes, answer_body: bytes) -> None:
        if store.keeps_bodies:
            entry.size, entry.body = len(body), body[:LONGEST_BODY]
        if store.keeps_bodies or entry.reason:  # those of refusals are short, and what readers want to see
            entry.answer_size, entry.answer_body = len(answer_body), answer_body[:LONGEST_BODY]
            self._bytes -= len(entry.body or b"") + len(entry.answer_body)
        journal.waiting.append(entry)

    def take(self) -> list[tuple[StoreJournal, list[Entry], list[tuple[int, AttemptMade]], dict[int, Tally]]]:
        """What was noted since the last time, by store; it makes room. Stores with nothing to say are forgotten."""
        self._room, self._bytes, self._attempts = ROOM_OF_ALL, BYTES_OF_ALL, ATTEMPTS
        taken = []
        for name, journal in list(self.stores.items()):
            journal.room = ROOM
            waiting, attempts, minutes = journal.waiting, journal.attempts, journal.minutes
            if waiting or attempts or minutes:
                journal.waiting, journal.attempts, journal.minutes = [], [], {}
                taken.append((journal, waiting, attempts, minutes))
            elif not journal.used and journal._minute < int(wall()) // 60:
                del self.stores[name]
        return taken
