"""A closed-loop load generator in one process: every connection sends its next request when it has the last reply.

It shares the machine with the server it measures, so it does as little as it can: requests are encoded beforehand, of a
reply only the status line and the framing are read. Its own cost is reported with every result.
"""

import asyncio
import re
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import uvloop

from bench.request import HOST, Shot

CONNECTIONS = 32
PATIENCE = 15.0  # seconds beyond the planned end until replies that never come are given up

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
LAST_CHUNK = b"0\r\n\r\n"
READ_UNTIL_LAST_CHUNK = -1


@dataclass(frozen=True, slots=True)
class Load:
    """What one round came to. Times are in the unit their names end with; `size` counts bytes of replies."""

    requests: int
    failures: int
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]
    size: int
    generator_us: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0


class _Tally:
    """What all the connections of a round share: the requests to come and the results so far."""

    def __init__(self, shots: Iterator[Shot], limit: int | None, finished: asyncio.Event) -> None:
        self.shots = shots
        self.left = limit if limit is not None else -1
        self.finished = finished
        self.stopped = False
        self.open = 0
        self.latencies = array("d")
        self.statuses: Counter[bytes] = Counter()
        self.failures = 0
        self.size = 0

    def next(self) -> Shot | None:
        """The next request to send, or None when the round is over."""
        if self.stopped or self.left == 0:
            return None
        self.left -= 1
        return next(self.shots, None)

    def stop(self) -> None:
        self.stopped = True

    def closed(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.finished.set()


class _Connection(asyncio.Protocol):
    """One connection: a request on its way, and how much of its reply is still to come."""

    __slots__ = ("began", "buffer", "missing", "shot", "tally", "transport")

    def __init__(self, tally: _Tally) -> None:
        self.tally = tally
        self.shot: Shot | None = None
        self.buffer = b""  # a head that came in pieces, or the end of a chunked body
        self.missing = 0  # bytes of the body still to come, once its head is read
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own does not inherit from it
        self.tally.open += 1
        self.send()

    def send(self) -> None:
        shot = self.tally.next()
        self.shot = shot
        if shot is None:
            self.transport.close()
            return
        self.began = time.perf_counter()
        self.transport.write(shot.sent)

    def data_received(self, data: bytes) -> None:
        self.tally.size += len(data)
        if self.missing > 0:
            self.missing -= len(data)
        elif self.missing == READ_UNTIL_LAST_CHUNK:
            self.buffer = (self.buffer + data)[-len(LAST_CHUNK) :]
            self.missing = 0 if self.buffer == LAST_CHUNK else READ_UNTIL_LAST_CHUNK
        elif not self.head_received(data):
            return
        if self.missing == 0:
            self.reply_received()

    def head_received(self, data: bytes) -> bool:
        """Read the status and the framing of a reply; False while its head is not complete."""
        if self.buffer:
            data = self.buffer + data
            self.buffer = b""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.buffer = data
            return False
        tally, shot, status = self.tally, self.shot, data[9:12]
        assert shot is not None
        tally.statuses[status] += 1
        if status != shot.status:
            tally.failures += 1
        if shot.bodiless:
            return True
        length = LENGTH.search(data, 0, end)
        if length is not None:
            self.missing = int(length[1]) - (len(data) - end - 4)
        elif not data.endswith(LAST_CHUNK):
            self.missing = READ_UNTIL_LAST_CHUNK
        return True

    def reply_received(self) -> None:
        self.tally.latencies.append(time.perf_counter() - self.began)
        self.buffer = b""
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A connection the server closed early failed its request, and another one takes its place in no round."""
        if self.shot is not None:
            self.tally.failures += 1
        self.tally.closed()


def run(
    port: int, shots: Iterator[Shot], seconds: float, limit: int | None = None, connections: int = CONNECTIONS
) -> Load:
    """Send from `shots` to 127.0.0.1:`port` until `seconds` are over, `limit` requests are sent, or `shots` ends."""
    return uvloop.run(_run(port, shots, seconds, limit, connections))


async def _run(port: int, shots: Iterator[Shot], seconds: float, limit: int | None, connections: int) -> Load:
    loop = asyncio.get_running_loop()
    finished = asyncio.Event()
    tally = _Tally(shots, limit, finished)
    tally.open = 1  # held here until every connection is made: an early end of the shots must not finish the round
    began, cpu_began = time.perf_counter(), time.process_time()
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(tally), HOST, port)
    tally.closed()
    loop.call_later(seconds, tally.stop)
    try:
        await asyncio.wait_for(finished.wait(), seconds + PATIENCE)
    except TimeoutError:
        tally.failures += tally.open
    elapsed, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    return _summary(tally, elapsed, cpu)


def _summary(tally: _Tally, elapsed: float, cpu: float) -> Load:
    latencies = sorted(tally.latencies)
    requests = len(latencies)
    return Load(
        requests=requests,
        failures=tally.failures,
        seconds=elapsed,
        p50_ms=percentile(latencies, 0.50) * 1e3,
        p99_ms=percentile(latencies, 0.99) * 1e3,
        statuses={status.decode("latin-1"): count for status, count in sorted(tally.statuses.items())},
        size=tally.size,
        generator_us=cpu / requests * 1e6 if requests else 0.0,
    )


def percentile(ordered: list[float], share: float) -> float:
    """The value below which that share lies; 0 of nothing."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
