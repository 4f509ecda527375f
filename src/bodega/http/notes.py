"""What is noted of answered requests: the log, the journal and the metrics, once a turn of the event loop.

A reply leaves first. What was answered in one turn is noted together before the loop looks at its sockets again, so
that nobody who has read a reply can ask for a journal or for metrics without it.
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
"""Replies that wait to be noted at most, and the bytes of one that does not wait: its body would be kept that long."""


Noted = tuple[Request, Seen, Response, int]
"""An answered request, and its duration in microseconds."""

Kind = tuple[int, str | int, bool]
"""What metrics tell apart: the version, the reason of the refusal or else the status, whether the method is safe."""


class Recorder(Protocol):
    """Keeps a journal of requests and responses (`journal/`)."""

    def note(self, request: Request, seen: Seen, response: Response, us: int, store: OpenStore) -> None:
        """Records an answered request of an existing store, and what was known of it; `us` is its duration in
        microseconds."""


class Notes:
    """Where answered requests are noted, in the order of their replies."""

    def __init__(self, app: AppContext, log: Log, meter: Meter, journal: Recorder | None) -> None:
        self._app = app
        self._log = log
        self._meter = meter
        self._journal = journal
        self._waiting: list[Noted] = []

    def add(self, request: Request, seen: Seen, response: Response, began: float) -> None:
        """Notes a request that was begun at `began` (`time.perf_counter`) and is answered now."""
        waiting = self._waiting
        waiting.append((request, seen, response, int((perf_counter() - began) * 1_000_000)))
        if len(waiting) >= MOST or len(response.body) > LARGE:
            self.settle()
        elif len(waiting) == 1:
            asyncio.get_running_loop().call_soon(self.settle)

    def settle(self) -> None:
        """Writes down what waits."""
        waiting, self._waiting = self._waiting, []
        alike: dict[Kind, list[int]] = {}
        for request, _seen, response, us in waiting:
            kind = request.version, response.reason or response.status, request.method in READS
            times = alike.get(kind)
            if times is None:
                times = alike[kind] = []
            times.append(us)
        for (version, word, reads), times in alike.items():
            self._meter.requests(version, word, times, reads=reads)
        self._log.requests(waiting)
        journal, known = self._journal, self._app.stores.opened_already
        for request, seen, response, us in waiting:
            store = seen.store or (known(request.store) if request.store else None)
            if store is not None and store.keeps_journal and journal is not None:
                journal.note(request, seen, response, us, store)
