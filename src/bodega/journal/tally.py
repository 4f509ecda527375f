"""Counts of a store's requests, minute by minute."""

from __future__ import annotations

import msgspec

MINUTES = 60
"""The minutes that charts show."""

KEPT_MINUTES = 24 * 60
"""The minutes of which counts are kept."""

BUCKETS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper bounds of the classes in which durations are counted; the last class has none."""


class Tally(msgspec.Struct, gc=False):
    """The counts of one minute: requests by first digit of the status, durations by class, requests by status and by
    reason, and how many were counted and not kept."""

    classes: list[int]
    durations: list[int]
    statuses: dict[int, int] = {}
    reasons: dict[str, int] = {}
    skipped: int = 0

    def count(self, status: int, reason: str, us: int) -> None:
        """Counts a request that was answered within so many microseconds."""
        self.classes[status // 100] += 1
        self.durations[duration_class(us)] += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if reason:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def tally() -> Tally:
    """The counts of a minute that begins."""
    return Tally([0] * 6, [0] * (len(BUCKETS_MS) + 1))


def duration_class(us: int) -> int:
    """The place of a duration in `Tally.durations`."""
    ms = us // 1000
    if ms < 1:
        return 0
    for place, end in enumerate(BUCKETS_MS):
        if ms < end:
            return place
    return len(BUCKETS_MS)
