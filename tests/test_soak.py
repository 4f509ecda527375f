"""The soak: its judgement, and a short one (issue 12: memory, descriptors and latencies stay as they are)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from bench.flat import Bounds, Sample, faults, growth
from bench.soak import soak
from bench.traffic import VISITS

SAMPLE = Sample(
    requests=0, seconds=1, resident_mb=100, images_mb=0, descriptors=50, threads=5, read_p50_ms=1, read_p99_ms=30,
    write_p50_ms=2, write_p99_ms=60, cpu_us=500, wal_mb=20, journal_mb=10, store_mb=20,
)  # fmt: skip


def samples(change: Callable[[Sample, float], Sample] = lambda sample, _share: sample) -> list[Sample]:
    """Forty samples, changed by the share of the run that is over."""
    return [change(replace(SAMPLE, requests=number * 1_000), number / 40) for number in range(1, 41)]


def test_what_does_not_change_is_flat() -> None:
    assert faults(samples(), Bounds()) == []


def test_the_warm_up_and_one_bad_moment_decide_nothing() -> None:
    def warm(sample: Sample, share: float) -> Sample:
        return replace(sample, resident_mb=60 + min(share, 0.25) * 160, descriptors=20 if share < 0.2 else 50)

    def busy(sample: Sample, share: float) -> Sample:
        return replace(sample, write_p99_ms=900, cpu_us=5_000) if 0.79 < share < 0.83 else sample

    assert faults(samples(warm), Bounds()) == []
    assert faults(samples(busy), Bounds()) == []


@pytest.mark.parametrize(
    ("of", "grown", "told"),
    [
        ("resident_mb", lambda share: 100 + 40 * share, "Resident memory"),
        ("descriptors", lambda share: int(50 + 20 * share), "Descriptors"),
        ("threads", lambda share: int(5 + 10 * share), "Threads"),
        ("read_p99_ms", lambda share: 20 * 8**share, "p99 of reads"),
        ("write_p99_ms", lambda share: 40 * 8**share, "p99 of writes"),
        ("cpu_us", lambda share: 500 + 500 * share, "CPU time"),
        ("wal_mb", lambda share: 20 * 8**share, "write-ahead log"),
    ],
)
def test_what_grows_is_told(of: str, grown: Callable[[float], float], told: str) -> None:
    found = faults(samples(lambda sample, share: replace(sample, **{of: grown(share)})), Bounds())
    assert found
    assert all(told in one for one in found), found


def test_memory_that_creeps_is_seen_by_its_slope() -> None:
    """From the second quarter to the last it grows by less than is allowed, and by more since the warm-up."""
    assert growth(samples(), lambda sample: sample.resident_mb) == 0
    found = faults(samples(lambda sample, share: replace(sample, resident_mb=100 + 18 * share)), Bounds())
    assert [one for one in found if "rises" in one] == found != []


def test_too_few_samples_are_not_judged() -> None:
    with pytest.raises(ValueError, match="too short"):
        faults(samples()[:4], Bounds())


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_short_soak_is_answered_as_expected_and_grows_no_more_than_it_warms_up(database: str) -> None:
    """Every kind of visit, each reply with the status that belongs to it. What warms up within so few requests needs
    wider bounds than the full run has."""
    soaked = soak(database, requests=1_600, every=100, connections=8, products=200)
    assert soaked.tally.unexpected == []
    assert set(soaked.tally.visits) == set(VISITS)
    assert soaked.delivered > 50
    wide = Bounds(resident=0.5, cpu=3.0, p99=20.0, wal=20.0, descriptors=40, threads=20, slack_mb=60, slack_ms=2_000)
    assert faults(soaked.samples, wide) == []
