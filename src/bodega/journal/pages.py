"""What a store's journal says at a glance: its newest exchanges, and the counts of a day, of all workers."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from bodega.journal.exchange import Exchange
from bodega.journal.tally import Tally, tally


class JournalPages(msgspec.Struct):
    """Newest request last; `minutes` by the number of the minute since 1970, as (requests by first digit of the status,
    durations by class). `skipped` requests were counted, but came faster than they are kept."""

    entries: list[Exchange] = []
    counts: dict[str, int] = {}
    statuses: dict[int, int] = {}
    minutes: dict[int, tuple[list[int], list[int]]] = {}
    since: int = 0
    workers: int = 1
    skipped: int = 0


def pages_of(entries: list[Exchange], tallies: Iterable[tuple[int, str, Tally]]) -> JournalPages:
    """The exchanges, and the sums of the counts of each minute by each worker."""
    whole = JournalPages(entries, since=int(time.time()))
    workers = set()
    for minute, worker, told in tallies:
        workers.add(worker)
        whole.since = min(whole.since, minute * 60)
        whole.skipped += told.skipped
        for reason, count in told.reasons.items():
            whole.counts[reason] = whole.counts.get(reason, 0) + count
        for status, count in told.statuses.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + count
        empty = tally()
        classes, durations = whole.minutes.setdefault(minute, (empty.classes, empty.durations))
        for place, count in enumerate(told.classes):
            classes[place] += count
        for place, count in enumerate(told.durations):
            durations[place] += count
    whole.workers = max(1, len(workers))
    return whole
