"""What a server counts: a few numbers in memory that its workers share, rendered for Prometheus on request.

The board is one piece of memory that is mapped before the workers are forked. Each writes its own row, so that counting
costs no lock and no call, and any of them can add up the rows of all (measured: 0.4 us a request).
"""

from __future__ import annotations

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason

VERSIONS = (0, 2, 3)
"""0 stands for requests that name no version that is served."""

BOUNDS_US = (1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000)
"""The upper bounds of the latency buckets, in microseconds."""

GONE = "CALLER_GONE"
FAULT = "FAULT"
"""The reason of a request that an injected fault kept from every answer of the law."""

COUNTED = {
    "tasks_done": "Tasks that this server carried out.",
    "tasks_failed": "Tasks that were refused or failed.",
    "deliveries_done": "Webhook deliveries that a receiver accepted.",
    "deliveries_failed": "Webhook deliveries that failed.",
    "faults_injected": "Requests and deliveries that a fault rule struck.",
    "backups_done": "Scheduled backups that were taken and checked.",
    "backups_failed": "Scheduled backups that could not be taken, or that a check found unusable.",
}
"""Counters beside those of requests."""

GAUGES = {
    "open_stores": "Stores that workers have open.",
    "waiting_writes": "Writes waiting for their store's next transaction.",
    "running_tasks": "Tasks that are being carried out.",
    "connections": "Connections to databases.",
    "damaged_stores": "Stores that workers found damaged: they answer 503.",
}
"""Current values; each worker writes its own once a second."""

_WORDS: list[int | str] = [*(outcome.status for outcome in OUTCOMES), *(reason.name for reason in Reason), GONE, FAULT]
_ENDS: dict[tuple[int, int | str], int] = {
    (version, word): place for place, (version, word) in enumerate((v, w) for v in VERSIONS for w in _WORDS)
}
_KINDS = ("read", "write")
_CLASSES = len(BOUNDS_US) + 2  # the last but one counts slower requests, the last sums up microseconds
_TIMES = len(_ENDS)
_NAMED = {name: _TIMES + 2 * _CLASSES + place for place, name in enumerate((*COUNTED, *GAUGES))}
_WIDTH = _TIMES + 2 * _CLASSES + len(_NAMED)


class Board:
    """The numbers of so many workers, in memory that they share once they are forked."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        self._memory = mmap.mmap(-1, 8 * _WIDTH * workers)
        self._numbers = memoryview(self._memory).cast("Q")

    def meter(self, index: int = 0) -> Meter:
        """The row of one worker."""
        return Meter(self, self._numbers[index * _WIDTH : (index + 1) * _WIDTH])

    def sums(self) -> list[int]:
        """Every number, added up over the workers."""
        rows = [self._numbers[index * _WIDTH : (index + 1) * _WIDTH] for index in range(self.workers)]
        return [sum(column) for column in zip(*rows, strict=True)]


class Meter:
    """Counts for one worker."""

    __slots__ = ("_row", "board")

    def __init__(self, board: Board, row: memoryview[int]) -> None:
        self.board = board
        self._row = row

    def requests(self, version: int, word: int | str, times: list[int], *, reads: bool) -> None:
        """Answered requests of one kind: `word` is the reason of the refusal, or else the status, `times` is how many
        microseconds each took; it is sorted here."""
        row = self._row
        row[_ENDS[version if version in VERSIONS else 0, word]] += len(times)
        start = _TIMES if reads else _TIMES + _CLASSES
        row[start + _CLASSES - 1] += sum(times)
        times.sort()
        before = 0
        while before < len(times):
            bucket = bisect_left(BOUNDS_US, times[before])
            end = bisect_right(times, BOUNDS_US[bucket]) if bucket < len(BOUNDS_US) else len(times)
            row[start + bucket] += end - before
            before = end

    def add(self, name: str, count: int = 1) -> None:
        """So many more of a name in COUNTED."""
        self._row[_NAMED[name]] += count

    def stands(self, name: str, number: int) -> None:
        """Sets the current value of a name in GAUGES."""
        self._row[_NAMED[name]] = number


def exposition(board: Board) -> bytes:
    """All numbers as Prometheus reads them (text format 0.0.4)."""
    from prometheus_client import CollectorRegistry, generate_latest

    class Collector:
        """Yields what the board says now."""

        def collect(self) -> Iterator[Any]:
            return _families(board.sums(), board.workers)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry)


def _families(numbers: list[int], workers: int) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    requests = CounterMetricFamily(
        "bodega_requests", "Answered requests of the store API.", labels=("version", "status", "reason")
    )
    for (version, word), place in _ENDS.items():
        if numbers[place]:
            status, reason = (word, "") if isinstance(word, int) else (_status(word, version), word)
            requests.add_metric((f"v{version}" if version else "", str(status), reason), numbers[place])
    yield requests
    times = HistogramMetricFamily(
        "bodega_request_seconds", "Time from the head of a request to its response.", labels=("kind",)
    )
    for order, kind in enumerate(_KINDS):
        start = _TIMES + order * _CLASSES
        below, buckets = 0, []
        for place, bound in enumerate((*BOUNDS_US, None)):
            below += numbers[start + place]
            buckets.append(("+Inf" if bound is None else str(bound / 1_000_000), below))
        times.add_metric((kind,), buckets, numbers[start + _CLASSES - 1] / 1_000_000)
    yield times
    for name, meaning in COUNTED.items():
        yield CounterMetricFamily(f"bodega_{name}", meaning, numbers[_NAMED[name]])
    for name, meaning in GAUGES.items():
        yield GaugeMetricFamily(f"bodega_{name}", meaning, numbers[_NAMED[name]])
    yield GaugeMetricFamily("bodega_workers", "Processes that answer requests.", workers)


def _status(reason: str, version: int) -> int:
    if reason == FAULT:
        return 444
    return 499 if reason == GONE else Reason[reason].status(version)
