"""Does a server stay as it is? Mixed requests for a long time; memory, descriptors and latencies must be flat.

One `bodega serve`, its webhooks received by somebody who fails at times. Every few thousand requests a sample is taken;
the first quarter is the warm-up, and the last is compared with the second. Exit code 1 if something grew, or if a
request was answered otherwise than expected. `make soak`.
"""

import argparse
import asyncio
import http.client
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from random import Random

import asyncpg
import uvloop

from bench.flat import Bounds, Sample, faults, head, line
from bench.load import percentile
from bench.request import HOST, Request
from bench.sales import Sales
from bench.server import Usage, free_port, running, runs, usage
from bench.store import Store, serving
from bench.traffic import Tally, Visitor

REQUESTS = 200_000
EVERY = 4_000
CONNECTIONS = 24
PRODUCTS = 2_000
FAIL_EVERY = 40  # one event in so many is answered with 500; more, and the domain would be blocked
SETTINGS = (
    "webhooks.allow_private=true",
    "webhooks.retry_seconds=5,5,5,5,5,5",
    "journal.keep_megabytes=10",
    "tasks.keep_seconds=60",
)
"""What is kept for days or for 50 MB would still grow at the end of a run of minutes: here it is at its bound early."""
IMAGES = "bodega.imaging.child"
SCOPES = ("product", "category", "order", "customer", "sku")


@dataclass(frozen=True, slots=True)
class Soaked:
    """A run that has ended."""

    samples: Sequence[Sample]
    tally: Tally
    delivered: int


class Sizes:
    """Sizes of what a server keeps, in MB: write-ahead log, journal, all of it."""

    def __init__(self, place: str) -> None:
        self.place = place

    async def now(self) -> tuple[float, float, float]:
        """On SQLite of files, on PostgreSQL of schemas, and of the log of the whole database server."""
        found = await self._of_schemas() if self.place.startswith("postgresql:") else self._of_files()
        wal, journal, store = (size / 1e6 for size in found)
        return wal, journal, store

    def _of_files(self) -> tuple[int, int, int]:
        sizes = {path: path.stat().st_size for path in Path(self.place).rglob("*.db*")}
        logs = sum(size for path, size in sizes.items() if path.name.endswith("-wal"))
        journal = sum(size for path, size in sizes.items() if path.name == "journal.db")
        stores = sum(size for path, size in sizes.items() if path.suffix == ".db" and path.parent.name == "stores")
        return logs, journal, stores

    async def _of_schemas(self) -> tuple[int, int, int]:
        connection = await asyncpg.connect(self.place)
        try:
            log = await connection.fetchval("SELECT sum(size) FROM pg_ls_waldir()")
            rows = await connection.fetch(
                "SELECT nspname, sum(pg_total_relation_size(c.oid)) FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE relkind = 'r' AND nspname !~ '^pg_|^information_' GROUP BY 1"
            )
        finally:
            await connection.close()
        sizes = {row[0]: int(row[1]) for row in rows}
        journal = sizes.pop("bodega_journal", 0)
        return int(log), journal, sum(sizes.values())


class Sampler:
    """Takes a sample of a server each time that so many requests are done."""

    def __init__(self, store: Store, tally: Tally, every: int) -> None:
        self.store, self.tally, self.every = store, tally, every
        self.sizes = Sizes(store.place)
        self.samples: list[Sample] = []
        self._began = time.monotonic()
        self._done = 0
        self._cpu = self.now()[0].cpu_seconds

    def now(self) -> tuple[Usage, Usage]:
        """What the processes hold that last as long as the server, and what the one holds that decodes images."""
        images, lasting = [], []
        for pid in self.store.server.processes():
            (images if runs(pid, IMAGES) else lasting).append(pid)
        return usage(lasting), usage(images)

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(0.01)
            if self.tally.done - self._done >= self.every:
                await self.take()

    async def take(self) -> None:
        """One sample, of all that was done since the last."""
        tally = self.tally
        reads, tally.reads = sorted(tally.reads), []
        writes, tally.writes = sorted(tally.writes), []
        (lasting, images), done = self.now(), tally.done
        wal, journal, store = await self.sizes.now()
        sample = Sample(
            requests=done,
            seconds=time.monotonic() - self._began,
            resident_mb=lasting.resident_mb,
            images_mb=images.resident_mb,
            descriptors=lasting.descriptors,
            threads=lasting.threads,
            read_p50_ms=percentile(reads, 0.50) * 1e3,
            read_p99_ms=percentile(reads, 0.99) * 1e3,
            write_p50_ms=percentile(writes, 0.50) * 1e3,
            write_p99_ms=percentile(writes, 0.99) * 1e3,
            cpu_us=(lasting.cpu_seconds - self._cpu) / (done - self._done) * 1e6,
            wal_mb=wal,
            journal_mb=journal,
            store_mb=store,
        )
        self._done, self._cpu = done, lasting.cpu_seconds
        self.samples.append(sample)
        print(line(sample), flush=True)


def soak(
    database: str,
    requests: int = REQUESTS,
    every: int = EVERY,
    connections: int = CONNECTIONS,
    products: int = PRODUCTS,
    workers: int = 1,
) -> Soaked:
    """Serve a store of so many products and ask it so often; prints a line for each sample."""
    with ExitStack() as stack:
        listening = free_port()
        receiver = [sys.executable, "-m", "bench.receiver", "--port", str(listening), "--fail-every", str(FAIL_EVERY)]
        stack.enter_context(running(receiver, listening))
        stores = stack.enter_context(
            serving(database, {"soak": products}, workers, scopes=(), settings=SETTINGS),
        )
        store = stores["soak"]
        sold = prepared(store, listening)
        tally = Tally(requests)
        print(head(), flush=True)
        samples = uvloop.run(_soak(store, tally, every, connections, products, sold))
        return Soaked(samples, tally, received(listening))


def prepared(store: Store, listening: int) -> list[int]:
    """Puts hooks that tell the port `listening`, and products to order, of which there is plenty: their ids."""
    sales = Sales(store)
    with closing(sales.client) as client:
        for scope in SCOPES:
            hook = {"scope": f"store/{scope}/*", "destination": f"http://{HOST}:{listening}/{scope}", "is_active": True}
            status, told = client.ask(Request("POST", "/hooks", json.dumps(hook).encode()))
            if status != 200:
                raise SystemExit(f"The hook was refused: {told}")
        return list(sales.products)


async def _soak(
    store: Store, tally: Tally, every: int, connections: int, products: int, sold: list[int]
) -> list[Sample]:
    sampler = Sampler(store, tally, every)
    watching = asyncio.create_task(sampler.watch())
    visitors = [Visitor(store, tally, Random(number), products, sold) for number in range(connections)]
    await asyncio.gather(*(visitor.stay() for visitor in visitors))
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return sampler.samples


def received(port: int) -> int:
    """How many events the receiver took."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/")
        return int(connection.getresponse().read())
    finally:
        connection.close()


def told(soaked: Soaked, found: Sequence[str]) -> str:
    """The end of the report."""
    tally = soaked.tally
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items()))
    lines = [
        "",
        f"{tally.done:,} requests, {tally.failures:,} answered otherwise than expected; {statuses}",
        f"{soaked.delivered:,} events delivered",
        *(f"unexpected  {each}" for each in tally.unexpected),
        *(f"NOT FLAT  {each}" for each in found),
        *(() if found else ("flat",)),
    ]
    return "\n".join(lines)


def main() -> None:
    """Parse the options, run, print; exit code 1 if it is not flat."""
    bounds = Bounds()
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="processes; PostgreSQL only")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--every", type=int, default=EVERY, help="requests between two samples")
    parser.add_argument("--memory", type=float, default=bounds.resident, help="share that memory may grow by")
    parser.add_argument("--p99", type=float, default=bounds.p99, help="factor that 99th percentiles may grow by")
    chosen = parser.parse_args()
    every = min(chosen.every, max(1, chosen.requests // 16))
    soaked = soak(chosen.database, chosen.requests, every, chosen.connections, workers=chosen.workers)
    # PostgreSQL's log is its own: it grows to max_wal_size between two checkpoints.
    log = bounds.wal if chosen.database == "sqlite" else inf
    found = faults(soaked.samples, Bounds(resident=chosen.memory, p99=chosen.p99, wal=log))
    print(told(soaked, found))
    sys.exit(bool(found or soaked.tally.failures))


if __name__ == "__main__":
    main()
