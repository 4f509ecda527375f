"""Two sides, measured in turns within one run: what slows the machine for a while slows both.

A single number says little on a shared machine. The ratio of two neighbouring rounds does, so a comparison is the
median of those ratios, with the smallest and the largest beside it.
"""

import http.client
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random
from statistics import median

from bench.load import CONNECTIONS, Load, run
from bench.request import HOST, Request, Shot, ready
from bench.scenarios import Scenario
from bench.server import Server

POOL = 5_000  # requests encoded beforehand, sent in turn
SUPPLY = 10_000  # requests a second made ready for a round whose requests may not be repeated
WARM_UP = 0.5  # seconds before the first round of each side


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to measure: `rounds` for each side, of `seconds` each."""

    rounds: int = 7
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its server, and `supply(seconds)`, the requests of a round of that length."""

    server: Server
    supply: Callable[[float], Iterator[Shot]]
    connections: int = CONNECTIONS


@dataclass(frozen=True, slots=True)
class Round:
    """One round of one side; `cpu_us` is the server's processor time a request."""

    load: Load
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One side over all its rounds: medians, and the sum of the failures."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    generator_us: float
    peak_mb: float
    requests: int
    failures: int
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Left over right: the ratio of requests a second, round by round."""

    name: str
    reply_size: int
    left: Summary
    right: Summary
    ratio: float
    ratio_min: float
    ratio_max: float


def supply(
    scenario: Scenario, address: Callable[[Request], Request], seed: int = 1
) -> Callable[[float], Iterator[Shot]]:
    """The requests of `scenario`, each passed through `address`, the same for the same `seed`."""
    random = Random(seed)

    def shot() -> Shot:
        return ready(address(scenario.requests(random)), scenario.expected_status)

    if scenario.repeatable:
        pool = cycle([shot() for _ in range(POOL)])
        return lambda seconds: pool
    return lambda seconds: iter([shot() for _ in range(int(SUPPLY * seconds))])


def reply_size(scenario: Scenario, server: Server, address: Callable[[Request], Request]) -> int:
    """Bytes in the body of one real reply; a reply with another status than the scenario's ends the run."""
    request = address(scenario.requests(Random(0)))
    connection = http.client.HTTPConnection(HOST, server.port, timeout=300)  # it may run under callgrind
    try:
        connection.request(request.method, request.target, request.body or None, request.all_headers())
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != scenario.expected_status:
        message = body[:500].decode(errors="replace")
        raise SystemExit(f"{scenario.name}: {request.method} {request.target} was answered {reply.status}: {message}")
    return len(body)


def compare(name: str, size: int, left: Side, right: Side, pace: Pace) -> Comparison:
    """Measure both sides in turns, a warm-up of each first."""
    print(f"{name}: {pace.rounds} rounds of {pace.seconds:g} s for each side ...", file=sys.stderr)
    for side in (left, right):
        run(side.server.port, side.supply(WARM_UP), WARM_UP, connections=side.connections)
    pairs = [(_round(left, pace.seconds), _round(right, pace.seconds)) for _ in range(pace.rounds)]
    ratios = [ours.load.per_second / theirs.load.per_second for ours, theirs in pairs if theirs.load.requests]
    return Comparison(
        name=name,
        reply_size=size,
        left=_summary(left, [ours for ours, _ in pairs]),
        right=_summary(right, [theirs for _, theirs in pairs]),
        ratio=median(ratios or [0.0]),
        ratio_min=min(ratios, default=0.0),
        ratio_max=max(ratios, default=0.0),
    )


def _round(side: Side, seconds: float) -> Round:
    shots = side.supply(seconds)
    before = side.server.cpu_seconds()
    load = run(side.server.port, shots, seconds, connections=side.connections)
    spent = side.server.cpu_seconds() - before
    return Round(load, spent / load.requests * 1e6 if load.requests else 0.0)


def _summary(side: Side, rounds: list[Round]) -> Summary:
    loads = [each.load for each in rounds]
    statuses: dict[str, int] = {}
    for load in loads:
        for status, count in load.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return Summary(
        per_second=median(load.per_second for load in loads),
        p50_ms=median(load.p50_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
        cpu_us=median(each.cpu_us for each in rounds),
        generator_us=median(load.generator_us for load in loads),
        peak_mb=side.server.peak_megabytes(),
        requests=sum(load.requests for load in loads),
        failures=sum(load.failures for load in loads),
        statuses=statuses,
    )
