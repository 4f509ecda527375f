"""The pages of a store's journal: of one process, or merged from several."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from bodega.journal.exchange import Exchange
from bodega.journal.store import BUCKETS_MS, KEPT, MINUTES, StoreJournal


class JournalPages(msgspec.Struct):
    """The pages of one or several workers: newest request last; `minutes` by the number of the minute since 1970, as
    (requests by first digit of the status, durations by class)."""

    entries: list[Exchange] = []
    counts: dict[str, int] = {}
    statuses: dict[int, int] = {}
    minutes: dict[int, tuple[list[int], list[int]]] = {}
    since: int = 0
    workers: int = 1


def pages_of(store_journal: StoreJournal, entries: list[Exchange]) -> JournalPages:
    """The pages of one process."""
    minutes = {number: (list(item.classes), list(item.durations)) for number, item in store_journal.minutes.items()}
    return JournalPages(entries, dict(store_journal.counts), dict(store_journal.statuses), minutes, store_journal.since)


def joined(pages: Iterable[JournalPages]) -> JournalPages:
    """The merged pages of several workers."""
    whole = JournalPages(since=int(time.time()), workers=0)
    for page in pages:
        whole.workers += 1
        whole.since = min(whole.since, page.since)
        whole.entries += page.entries
        for reason, count in page.counts.items():
            whole.counts[reason] = whole.counts.get(reason, 0) + count
        for status, count in page.statuses.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + count
        for minute, (classes, durations) in page.minutes.items():
            old = whole.minutes.get(minute, ([0] * 6, [0] * (len(BUCKETS_MS) + 1)))
            added = [a + b for a, b in zip(old[0], classes, strict=True)]
            whole.minutes[minute] = (added, [a + b for a, b in zip(old[1], durations, strict=True)])
    whole.entries.sort(key=lambda entry: entry.at)
    del whole.entries[: -2 * KEPT]
    oldest = int(time.time()) // 60 - MINUTES
    whole.minutes = {minute: item for minute, item in sorted(whole.minutes.items()) if minute > oldest}
    return whole
