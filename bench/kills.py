"""Is anything lost? A server is killed under load again and again, at any moment, and started on the same stores.

Writers record every write that was acknowledged; after each kill they look at what they wrote since the last one and
repeat requests under their keys, after the last one everything is compared: rows, stock, events. On PostgreSQL two
workers serve the store, and what is killed is the whole server, one worker, or every process of PostgreSQL. Exit code 1
if anything was lost. `make kills`.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import Popen
from typing import Any

import uvloop

from bench.losses import Arrived, look_for_losses, wait_for_events
from bench.server import Server
from bench.writers import Ledger, Where, Writer
from bodega.storage.sqlite.backend import SqliteBackend
from killed import Client, Place, check_file, kill, seen_by, serving
from postgres import OVERRIDE, Cluster, postgres
from receiver import OK, Answer, Received, receiving
from shop import Shop
from statistics_check import check_statistics

KILLS = 100
WRITERS = 6
LONGEST = 1.5  # seconds under load before a kill, at most
BARELY = 0.15  # the share of lives that end before anything is asked of them
FAILURES = 0.03  # the share of events that are answered with 500; more, and the domain would be blocked
PATIENCE = 120.0
STOCK = 10_000_000
SOLD = 4
SCOPES = ("product", "order", "category")
SERVER, WORKER, DATABASE = "server", "worker", "database"
VICTIMS = {"sqlite": (SERVER,), "postgres": (SERVER, WORKER, SERVER, DATABASE, SERVER)}
"""What is killed, in turns."""


@dataclass
class Killed:
    """A run that has ended."""

    ledger: Ledger = field(default_factory=Ledger)
    arrived: Arrived = field(default_factory=Arrived)
    victims: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Lives:
    """The lives of one server: starts it, and kills what has its turn."""

    def __init__(self, place: Place, cluster: Cluster | None, where: Where) -> None:
        self.place, self.cluster, self.where = place, cluster, where
        self._serving: AbstractContextManager[tuple[Popen[str], str]] | None = None
        self._process: Popen[str] | None = None

    def start(self) -> None:
        """Serves again, where it does not."""
        if self._serving is None:
            self._serving = serving(self.place)
            self._process, address = self._serving.__enter__()
            self.where.port = int(address.rpartition(":")[2])
        self.where.life += 1

    def kill(self, victim: str, random: Random) -> None:
        """kill -9. A worker is replaced by its parent; a PostgreSQL is started again."""
        assert self._process is not None
        if victim == SERVER:
            self.where.port = 0
            kill(self._process)
            self.end()
        elif victim == WORKER:
            workers: list[int] = []
            while not workers:  # the one before is only just being replaced
                time.sleep(0.01)
                workers = Server(0, self._process.pid).processes()[1:]
            os.kill(random.choice(workers), signal.SIGKILL)
        else:
            assert self.cluster is not None
            self.cluster.kill()

    def end(self) -> None:
        """Serves no more."""
        self.where.port = 0
        if self._serving is not None:
            self._serving.__exit__(None, None, None)
        self._serving = None


def kills(database: str, number: int = KILLS, seed: int = 1, longest: float = LONGEST) -> Killed:
    """So many kills; prints a line for every tenth."""
    killed, began = Killed(), time.monotonic()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bodega-kills-")))
        url = stack.enter_context(postgres(durable=True)) if database == "postgres" else None
        cluster = Cluster(url) if url and OVERRIDE not in os.environ else None
        if cluster is not None:
            stack.callback(cluster.stop)
        runner = stack.enter_context(asyncio.Runner())
        place, luck = Place(directory, url), Random(seed)

        def answer(got: Received) -> Answer:
            if luck.random() < FAILURES:
                return 500, b"", {}
            killed.arrived.note(got)
            return OK

        receiver = stack.enter_context(receiving())
        receiver.answer = answer
        shop, sold = prepared(place, runner, receiver.url)
        victims = [each for each in VICTIMS[database] if each != DATABASE or cluster is not None]
        order = [victims[turn % len(victims)] for turn in range(number)]
        uvloop.run(_kills(place, cluster, shop, list(sold), killed, order, Random(seed), longest))
        with serving(place) as (_, address), closing(Client(address, shop)) as client:
            wait_for_events(killed.ledger, killed.arrived)
            look_for_losses(client, killed.ledger, killed.arrived, sold)
        whole(place, runner, shop, killed.ledger)
    killed.seconds = time.monotonic() - began
    return killed


def prepared(place: Place, runner: asyncio.Runner, receiver: str) -> tuple[Shop, dict[int, int]]:
    """A store with hooks and with products whose stock is counted; the server that made it is closed."""
    house = place.house(runner)
    shop = house.shop(**{"webhooks.retry_seconds": [1] * 100})
    for scope in SCOPES:
        shop.hook(f"store/{scope}/*", f"{receiver}/{scope}")
    sold = {}
    for number in range(SOLD):
        body = {"name": f"Sold {number}", "type": "physical", "price": 5, "weight": 1,
                "inventory_tracking": "product", "inventory_level": STOCK}  # fmt: skip
        sold[int(shop.post("/v3/catalog/products", body).data["id"])] = STOCK
    runner.run(house.app.stop())
    return shop, sold


async def _kills(
    place: Place,
    cluster: Cluster | None,
    shop: Shop,
    sold: Sequence[int],
    killed: Killed,
    victims: Sequence[str],
    random: Random,
    longest: float,
) -> None:
    where, ledger = Where(), killed.ledger
    lives = Lives(place, cluster, where)
    writers = [Writer(number, where, ledger, f"/stores/{shop.name}", shop.token, sold) for number in range(WRITERS)]
    writing = [asyncio.create_task(writer.write()) for writer in writers]
    try:
        for number, victim in enumerate(victims, 1):
            await asyncio.to_thread(lives.start)
            if random.random() >= BARELY:
                await _more_writes(ledger, random.randint(1, 40))
                await asyncio.sleep(random.uniform(0, longest))
            await asyncio.to_thread(lives.kill, victim, random)
            killed.victims[victim] += 1
            if number % 10 == 0 or number == len(victims):
                print(told(killed), flush=True)
        await asyncio.to_thread(lives.start)  # so that what was cut off is known
        await _more_writes(ledger, WRITERS)
        where.stopped = True
        await asyncio.wait_for(asyncio.gather(*writing), PATIENCE)
    finally:
        for task in writing:
            task.cancel()
        await asyncio.to_thread(lives.end)


async def _more_writes(ledger: Ledger, more: int) -> None:
    """Until so many more are acknowledged."""
    wanted, give_up = ledger.acknowledged.total() + more, time.monotonic() + PATIENCE
    while ledger.acknowledged.total() < wanted:
        if time.monotonic() > give_up:
            raise SystemExit(f"No write is acknowledged any more. {ledger.losses[:3]}")
        await asyncio.sleep(0.005)


def whole(place: Place, runner: asyncio.Runner, shop: Shop, ledger: Ledger) -> None:
    """The statistics of every table tell what is there, and SQLite finds nothing wrong with its file."""
    house = place.house(runner)
    try:
        check_statistics(seen_by(house, shop))
        if isinstance(house.backend, SqliteBackend):
            check_file(house.backend, shop, runner)
    except AssertionError as error:
        ledger.lose(f"the store is damaged: {error}")
    finally:
        runner.run(house.app.stop())


def told(killed: Killed) -> str:
    """Counts so far, in a line."""
    ledger = killed.ledger
    victims = ", ".join(f"{count} of the {victim}" for victim, count in sorted(killed.victims.items()))
    writes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(ledger.acknowledged.items()))
    return (
        f"{killed.victims.total()} kills ({victims}): {ledger.acknowledged.total():,} writes acknowledged ({writes}), "
        f"{ledger.cut:,} requests cut off, {ledger.looked_at:,} rows looked at, {ledger.replays:,} keys repeated, "
        f"{killed.arrived.deliveries:,} deliveries; {len(ledger.losses)} losses"
    )


def main() -> None:
    """Parse the options, run, print; exit code 1 on any loss."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1, help="another one kills at other moments")
    chosen = parser.parse_args()
    killed = kills(chosen.database, chosen.kills, chosen.seed)
    summary: Any = [
        told(killed),
        f"{killed.ledger.events.total():,} events of acknowledged writes, all compared; {killed.seconds:,.0f} s",
        *(f"LOST  {each}" for each in killed.ledger.losses[:50]),
        *(() if killed.ledger.losses else ("nothing lost",)),
    ]
    print("\n".join(summary))
    sys.exit(bool(killed.ledger.losses))


if __name__ == "__main__":
    main()
