"""What is noted of answered requests: the log, the journal and the metrics, once a turn of the event loop.

A reply leaves first. What was answered in one turn is noted together before the loop looks at its sockets again, so
that nobody who has read a reply can ask for a journal or for metrics without it. Until then only numbers and names are
kept of a request, so that its memory serves the next one; all of it where a journal will keep it anyway.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Protocol

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.products import Seen
from bodega.http.request import READS, Request
from bodega.http.response import Response
from bodega.log import Log
from bodega.metrics import Meter

MOST = 64
LARGE = 64 * 1024
"""Replies that wait for the journal at most, and the bytes of one that does not wait: its body would be kept that
long."""


Kind = tuple[int, str | int, str]
"""What is counted together: the version, the reason of the refusal or else the status, the method."""


class Recorder(Protocol):
    """Keeps a journal of requests and responses (`journal/`)."""

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """Records an answered request of an existing store, and what was known of it; `us` is its duration in
        microseconds."""


class Notes:
    """Where answered requests are noted, in the order of their replies."""

    def __init__(self, app: AppContext, log: Log, meter: Meter, journal: Recorder | None) -> None:
        self._known = app.stores.opened_already
        self._log = log
        self._meter = meter
        self._journal = journal
        self._waits = False
        self._alike: dict[Kind, list[int]] = {}
        self._for_journal: list[tuple[Request, Seen, Response, int, OpenStore]] = []

    def add(self, request: Request, seen: Seen, response: Response, began: float) -> None:
        """Notes a request that was begun at `began` (`time.perf_counter`) and is answered now."""
        us = int((perf_counter() - began) * 1_000_000)
        if not self._waits:
            self._waits = True
            self._log.begin_turn()
            asyncio.get_running_loop().call_soon(self.settle)
        tell = self._log.request
        tell(request, seen.client_id, response, us)
        kind = request.version, response.reason or response.status, request.method
        times = self._alike.get(kind)
        if times is None:
            times = self._alike[kind] = []
        times.append(us)
        store = seen.store
        if store is None:
            store = self._known(request.store) if request.store else None
        if store is not None and store.keeps_journal and self._journal is not None:
            self._for_journal.append((request, seen, response, us, store))
            if len(self._for_journal) >= MOST or len(response.body) > LARGE:
                self._settle_journal()

    def settle(self) -> None:
        """Writes down what waits."""
        self._waits = False
        alike, self._alike = self._alike, {}
        for (version, word, method), times in alike.items():
            self._meter.requests(version, word, times, reads=method in READS)
        self._log.end_turn()
        if self._for_journal:
            self._settle_journal()

    def _settle_journal(self) -> None:
        waiting, self._for_journal = self._for_journal, []
        assert self._journal is not None
        for noted in waiting:
            self._journal.note(*noted)
