"""Events outlive the process: kill -9 under load, several workers, a store that nobody asks for."""

from __future__ import annotations

import asyncio
import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from killed import PATIENCE, Client, Place, all_rows, kill, serving
from receiver import OK, Answer, Received, Receiver
from shop import Shop

RETRY_SCHEDULE = [1] * 20


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A directory, or a PostgreSQL with two workers."""
    return Place(tmp_path, None if request.param == "sqlite" else request.getfixturevalue("own_database"))


@pytest.fixture
def telling(place: Place, runner: asyncio.Runner, receiver: Receiver) -> Iterator[Shop]:
    """A store whose events about categories go to the receiver; the server that created it is closed."""
    house = place.house(runner)
    shop = house.shop(**{"webhooks.retry_seconds": RETRY_SCHEDULE})
    shop.hook("store/category/*", receiver.url)
    runner.run(house.app.stop())
    return shop


class Makers:
    """Connections that create categories without pause, and remember which were acknowledged."""

    def __init__(self, address: str, shop: Shop, prefix: str, connections: int = 3) -> None:
        self.acknowledged: list[int] = []
        self.threads = [
            threading.Thread(target=self._make, args=(Client(address, shop), f"{prefix}{number}"))
            for number in range(connections)
        ]
        for thread in self.threads:
            thread.start()

    def _make(self, client: Client, prefix: str) -> None:
        with closing(client), suppress(OSError, http.client.HTTPException, ValueError):
            for turn in range(1_000_000):
                name = {"name": f"{prefix}-{turn}", "parent_id": 0}
                status, told = client.ask("POST", "/v3/catalog/categories", name)
                assert status == 200, told
                self.acknowledged.append(told["data"]["id"])

    def wait_for(self, count: int) -> None:
        """Until so many are acknowledged."""
        give_up = time.monotonic() + PATIENCE
        while len(self.acknowledged) < count:
            assert time.monotonic() < give_up
            time.sleep(0.005)

    def end(self) -> None:
        """After the server is gone."""
        for thread in self.threads:
            thread.join(PATIENCE)


def wait_until(condition: Any) -> None:
    """Until it holds, or the test fails."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "this did not happen in time"
        time.sleep(0.02)


def told(receiver: Receiver, change: str = "created") -> Counter[int]:
    """How often each category was told of with success."""
    return Counter(number for scope, number in receiver.scopes() if scope == f"store/category/{change}")


def test_every_event_of_an_acknowledged_write_arrives_whatever_is_killed(
    place: Place, telling: Shop, receiver: Receiver
) -> None:
    """Issue 5: kill -9 at any moment; at least once, and nothing of a write that was rolled back."""
    luck = random.Random(5)
    arrived: set[int] = set()

    def answer(got: Received) -> Answer:
        time.sleep(0.005)
        if luck.random() < 0.03:  # more of it and the domain would be blocked
            return 500, b"", {}
        arrived.add(got.json["data"]["id"])
        return OK

    receiver.answer = answer
    acknowledged: list[int] = []
    for life in range(3):
        with serving(place) as (process, address):
            makers = Makers(address, telling, f"life{life}-")
            makers.wait_for(60)
            kill(process)
            makers.end()
            acknowledged += makers.acknowledged
    with serving(place) as (_, address), closing(Client(address, telling)) as client:
        wait_until(lambda: set(acknowledged) <= arrived)
        rows = {category["id"] for category in all_rows(client, "/v3/catalog/categories")}
        assert set(acknowledged) <= rows
        assert set(told(receiver)) <= rows, "an event of a write that never was"


def test_several_workers_deliver_each_event_once_and_in_order(
    place: Place, telling: Shop, receiver: Receiver, runner: asyncio.Runner
) -> None:
    """Issue 5: nothing exceeded; while nothing crashes, at least once is once, and a resource's events keep order."""
    with serving(place) as (_, address):
        makers = Makers(address, telling, "m", connections=4)
        makers.wait_for(40)
        clients = [Client(address, telling) for _ in range(4)]
        for turn in range(40):  # one category, changed over connections that different workers serve
            status, _ = clients[turn % 4].ask("PUT", "/v3/catalog/categories/1", {"sort_order": turn + 1})
            assert status == 200
        wait_until(lambda: sum(told(receiver, "updated").values()) >= 40)
        # Before the end, which is a kill: what was not yet written down is sent once more in the next life.
        hashes = [got.json["hash"] for got in receiver.got if got.json["scope"] == "store/category/updated"]
        for client in clients:
            client.close()
    makers.end()
    with serving(place):
        wait_until(lambda: set(makers.acknowledged) <= set(told(receiver)))
    house = place.house(runner)
    shop = Shop(house, telling.name)
    sql = "SELECT hash FROM deliveries WHERE scope = 'store/category/updated' ORDER BY id"
    assert hashes == [row[0] for row in shop.select(sql)]
    runner.run(house.app.stop())


def test_the_events_of_a_store_that_nobody_asks_for_arrive_after_a_restart(
    place: Place, telling: Shop, receiver: Receiver
) -> None:
    """What waits does not wait for the next caller."""
    receiver.answer = lambda _got: (503, b"", {})
    with serving(place) as (process, address), closing(Client(address, telling)) as client:
        assert client.patient("GET", "/v2/time")[0] == 200
        status, _ = client.ask("POST", "/v3/catalog/categories", {"name": "Late", "parent_id": 0})
        assert status == 200
        wait_until(lambda: receiver.got)
        kill(process)
    receiver.answer = lambda _got: OK
    before = len(receiver.got)
    with serving(place):
        wait_until(lambda: len(receiver.got) > before)
