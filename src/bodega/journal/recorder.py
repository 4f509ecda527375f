"""The journal of a process, kept in memory: a note of each request that it answered, by store.

It is written at every request, so it keeps references to existing objects and computes nothing. Bodies are kept only if
the owner asked for it (setting `journal`), and only a part of a long one. Credentials are masked before something is
shown or leaves the process (`journal/exchange.py`), not here.
"""

from __future__ import annotations

from time import time as wall

from bodega.access.stores import OpenStore
from bodega.http.products import Seen
from bodega.http.request import Request
from bodega.http.response import Response
from bodega.journal.store import Entry, StoreJournal

LONGEST_BODY = 16 * 1024
"""The bytes that are kept of a body."""

MAX_STORES = 128
"""The number of stores with a journal in a process; the one without requests for longest is dropped."""


class Journal:
    """The journals of a process, by store."""

    def __init__(self) -> None:
        self.stores: dict[str, StoreJournal] = {}

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """Records an answered request of an existing store, and what was known of it; `us` is its duration in
        microseconds."""
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
        elif response.reason:  # short, and what readers want to see
            entry.answer_size, entry.answer_body = len(response.body), response.body[:LONGEST_BODY]
        store_journal.note(entry)

    def _begin(self, name: str) -> StoreJournal:
        if len(self.stores) >= MAX_STORES:
            quiet = min(self.stores, key=lambda other: self.stores[other].entries[-1].at)
            del self.stores[quiet]
        store_journal = self.stores[name] = StoreJournal()
        return store_journal
