"""Is a long run flat? Samples of a server taken again and again, a table of them, and the judgement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A server after so many requests: its processes together, and the times of the requests since the last sample.

    `images_mb` is the memory of the process that decodes images. It comes and goes, and is not among the others. Sizes
    in MB of 10^6 bytes, times in the unit that their name ends with.
    """

    requests: int
    seconds: float
    resident_mb: float
    images_mb: float
    descriptors: int
    threads: int
    read_p50_ms: float
    read_p99_ms: float
    write_p50_ms: float
    write_p99_ms: float
    cpu_us: float
    wal_mb: float
    journal_mb: float
    store_mb: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the last quarter may exceed the second: a share for memory and for the processor time of a request, a
    factor for the 99th percentiles and for the write-ahead log, a number of descriptors and threads.

    The first quarter is the warm-up. Medians of the quarters are compared, so that one bad moment of a shared machine
    decides nothing. `slack_mb` and `slack_ms` are what is never too much.
    """

    resident: float = 0.10
    cpu: float = 0.25
    p99: float = 2.0
    wal: float = 2.0
    descriptors: int = 4
    threads: int = 2
    slack_mb: float = 8.0
    slack_ms: float = 20.0


def quarter(samples: Sequence[Sample], number: int) -> Sequence[Sample]:
    """The samples of one quarter of the run, counted from 1, by requests."""
    end = samples[-1].requests
    first, last = end * (number - 1) / QUARTERS, end * number / QUARTERS
    return [sample for sample in samples if first < sample.requests <= last]


def growth(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """What the least-squares line through all after the first quarter rises by, from its beginning to its end."""
    points = [(sample.requests, of(sample)) for sample in samples if sample.requests > samples[-1].requests / QUARTERS]
    x, y = (sum(one) / len(points) for one in zip(*points, strict=True))
    spread = sum((at - x) ** 2 for at, _ in points)
    slope = sum((at - x) * (value - y) for at, value in points) / spread if spread else 0.0
    return slope * (points[-1][0] - points[0][0])


def faults(samples: Sequence[Sample], bounds: Bounds) -> list[str]:
    """What is not flat, a sentence each. Raises ValueError for a run too short to have two samples a quarter."""
    second, last = quarter(samples, 2), quarter(samples, QUARTERS)
    if min(len(second), len(last)) < 2:
        raise ValueError("The run is too short to be judged: take samples more often.")

    def before(of: Callable[[Sample], float]) -> float:
        return median(of(sample) for sample in second)

    def after(of: Callable[[Sample], float]) -> float:
        return median(of(sample) for sample in last)

    found = []

    def grew(name: str, of: Callable[[Sample], float], most: float) -> None:
        if after(of) > most:
            found.append(f"{name} grew from {before(of):,.1f} to {after(of):,.1f}; the most is {most:,.1f}.")

    memory = before(lambda s: s.resident_mb)
    grew("Resident memory (MB)", lambda s: s.resident_mb, memory + max(memory * bounds.resident, bounds.slack_mb))
    rise = growth(samples, lambda s: s.resident_mb)
    most = max(memory * bounds.resident, bounds.slack_mb)
    if rise > most:
        found.append(f"Resident memory rises by {rise:,.1f} MB over the last three quarters; the most is {most:,.1f}.")
    open_before, threads_before = before(lambda s: s.descriptors), before(lambda s: s.threads)
    grew("Descriptors", lambda s: s.descriptors, open_before + bounds.descriptors)
    grew("Threads", lambda s: s.threads, threads_before + bounds.threads)
    grew("CPU time a request (us)", lambda s: s.cpu_us, before(lambda s: s.cpu_us) * (1 + bounds.cpu))
    for name, of in (
        ("p99 of reads (ms)", lambda s: s.read_p99_ms),
        ("p99 of writes (ms)", lambda s: s.write_p99_ms),
    ):
        grew(name, of, max(before(of) * bounds.p99, before(of) + bounds.slack_ms))
    wal = before(lambda s: s.wal_mb)
    grew("The write-ahead log (MB)", lambda s: s.wal_mb, max(wal * bounds.wal, wal + bounds.slack_mb))
    return found


COLUMNS: tuple[tuple[str, Callable[[Sample], str]], ...] = (
    ("requests", lambda s: f"{s.requests:,}"),
    ("seconds", lambda s: f"{s.seconds:,.0f}"),
    ("RSS MB", lambda s: f"{s.resident_mb:.1f}"),
    ("images MB", lambda s: f"{s.images_mb:.1f}"),
    ("fds", lambda s: f"{s.descriptors}"),
    ("threads", lambda s: f"{s.threads}"),
    ("read p50", lambda s: f"{s.read_p50_ms:.1f}"),
    ("p99", lambda s: f"{s.read_p99_ms:.0f}"),
    ("write p50", lambda s: f"{s.write_p50_ms:.1f}"),
    ("p99", lambda s: f"{s.write_p99_ms:.0f}"),
    ("CPU us", lambda s: f"{s.cpu_us:.0f}"),
    ("WAL MB", lambda s: f"{s.wal_mb:.1f}"),
    ("journal", lambda s: f"{s.journal_mb:.1f}"),
    ("store", lambda s: f"{s.store_mb:.1f}"),
)


def head() -> str:
    """The names of the columns."""
    return "  ".join(name.rjust(WIDTH) for name, _ in COLUMNS)


WIDTH = 9


def line(sample: Sample) -> str:
    """One row of the table."""
    return "  ".join(shown(sample).rjust(WIDTH) for _, shown in COLUMNS)
