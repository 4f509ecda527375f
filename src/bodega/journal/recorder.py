"""The journal of a process, kept in memory: a note of each request that it answered, by store.

It is written at every request, so it keeps references to what is there anyway and works nothing out. Bodies are kept
only where the owner asked for them (setting `journal`), and never more than a part of a long one. Credentials are
masked before something is shown or leaves the process (`journal/exchange.py`), not here.
"""

from __future__ import annotations

from time import time as wall

from bodega.access.stores import OpenStore
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.journal.store import Entry, StoreJournal

LONGEST_BODY = 16 * 1024
"""Bytes that are kept of a body."""

MAX_STORES = 128
"""Stores that a process remembers requests of; the one that was quiet longest makes room."""


class Journal:
    """What a process remembers, by store."""

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
