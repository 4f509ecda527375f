"""What was acknowledged is there, whatever happens to the process: kill -9 of the whole group, under load."""

from __future__ import annotations

import asyncio
import http.client
import os
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bodega.storage.postgres.rows import PostgresRows
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.rows import SqliteRows
from killed import PATIENCE, Client, Place, all_rows, check_file, kill, seen_by, serving, settled
from postgres import OVERRIDE, postgres
from shop import Server, Shop
from statistics_check import check_statistics

PRODUCT = {"type": "physical", "price": 1, "weight": 1}


@pytest.fixture(scope="module")
def durable_url() -> Iterator[str]:
    """A PostgreSQL that waits for the disk."""
    with postgres(durable=True) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A directory, or a PostgreSQL with two workers."""
    return Place(tmp_path, None if request.param == "sqlite" else request.getfixturevalue("durable_url"))


class Load:
    """Connections that create without pause, and remember what was acknowledged."""

    def __init__(self, address: str, shop: Shop, prefix: str, connections: int = 4) -> None:
        self.acknowledged: dict[str, int] = {}
        self.tasks: dict[int, str] = {}
        self.strange: list[Any] = []
        self.threads = [
            threading.Thread(target=self._create, args=(Client(address, shop), f"{prefix}{number}"))
            for number in range(connections)
        ]
        for thread in self.threads:
            thread.start()

    def _create(self, client: Client, prefix: str) -> None:
        with closing(client):
            self._create_without_pause(client, prefix)

    def _create_without_pause(self, client: Client, prefix: str) -> None:
        for turn in range(1_000_000):
            name = f"{prefix}-{turn}"
            try:
                if turn % 10 == 9:
                    body = {"name": name, "parent_id": 0}
                    status, told = client.ask("POST", "/v3/catalog/categories", body, Prefer="respond-async")
                else:
                    status, told = client.ask("POST", "/v3/catalog/brands", {"name": name})
            except (OSError, http.client.HTTPException, ValueError):
                return
            if status == 200:
                self.acknowledged[name] = told["data"]["id"]
            elif status == 202:
                self.tasks[told["data"]["id"]] = name
            else:
                self.strange.append((status, told))

    def wait_for(self, creates: int) -> None:
        """Until so many are acknowledged."""
        give_up = time.monotonic() + PATIENCE
        while len(self.acknowledged) < creates or not self.tasks:
            assert time.monotonic() < give_up, (len(self.acknowledged), self.strange[:1])
            time.sleep(0.005)

    def end(self) -> None:
        """After the server is gone."""
        for thread in self.threads:
            thread.join(PATIENCE)
        assert not self.strange


def test_every_acknowledged_write_survives_kill_9_under_load(place: Place, runner: asyncio.Runner) -> None:
    """Issue 2: an acknowledged write survives kill -9 of the whole group; what a 202 promised is done after it."""
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving(place) as (process, address):
        load = Load(address, shop, "first")
        load.wait_for(200)
        kill(process)
        load.end()
    with serving(place) as (process, address), closing(Client(address, shop)) as client:
        brands = Counter(brand["name"] for brand in all_rows(client, "/v3/catalog/brands"))
        assert set(load.acknowledged) <= set(brands), "an acknowledged write is lost"
        assert set(brands.values()) == {1}
        for task, name in load.tasks.items():
            ended = settled(client, task)
            assert (ended["state"], ended["response"]["status"]) == ("done", 200), (name, ended)
        made = Counter(category["name"] for category in all_rows(client, "/v3/catalog/categories"))
        assert set(load.tasks.values()) <= set(made)
        assert set(made.values()) == {1}, "a task was carried out twice"
        # The second life ends as the first one did.
        again = Load(address, shop, "second", connections=1)
        again.wait_for(20)
        kill(process)
        again.end()
    house = place.house(runner)
    check_statistics(seen_by(house, shop))
    if isinstance(house.backend, SqliteBackend):
        check_file(house.backend, shop, runner)
    runner.run(house.app.stop())


class Stubborn(threading.Thread):
    """Creates one after the other, each under a key, and repeats what was cut off until it is answered."""

    def __init__(self, where: list[str], shop: Shop, prefix: str, count: int) -> None:
        super().__init__()
        self.where, self.shop, self.prefix, self.count = where, shop, prefix, count
        self.made: dict[str, int] = {}
        self.cut = 0
        self.strange: list[Any] = []
        self.start()

    def run(self) -> None:
        """Until all are made."""
        client = Client(self.where[-1], self.shop)
        give_up = time.monotonic() + 4 * PATIENCE
        while len(self.made) < self.count and time.monotonic() < give_up:
            name = f"{self.prefix}{len(self.made)}"
            try:
                key = {"Idempotency-Key": name}
                status, told = client.ask("POST", "/v3/catalog/brands", {"name": name}, **key)
            except (OSError, http.client.HTTPException, ValueError):
                self.cut += 1
                client.close()
                time.sleep(0.02)
                client = Client(self.where[-1], self.shop)
                continue
            if status == 200:
                self.made[name] = told["data"]["id"]
            elif status not in (409, 503) or told["title"].startswith("The brand name"):
                self.strange.append((status, told))
        client.close()


def test_a_client_that_retries_under_its_key_creates_once_over_kill_9(place: Place, runner: asyncio.Runner) -> None:
    """Issue 5: whether the answer was lost or the write, the retry gets the answer, and there is one brand."""
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    where: list[str] = []
    clients: list[Stubborn] = []
    for life in range(3):
        with serving(place) as (process, address):
            where.append(address)
            clients = clients or [Stubborn(where, shop, f"c{number}-", 120) for number in range(4)]
            give_up = time.monotonic() + PATIENCE
            while min(len(client.made) for client in clients) < 30 * (life + 1):
                assert time.monotonic() < give_up, [client.strange for client in clients]
                time.sleep(0.005)
            if life == 2:
                for client in clients:
                    client.join(4 * PATIENCE)
            kill(process)
    assert [client.strange for client in clients] == [[]] * 4
    assert sum(client.cut for client in clients) >= 4, "nothing was cut off, so nothing was proved"
    house = place.house(runner)
    twin = seen_by(house, shop)
    assert twin.rows("brands") == 4 * 120 == sum(len(client.made) for client in clients)
    ids = [number for client in clients for number in client.made.values()]
    assert len(set(ids)) == len(ids)
    check_statistics(twin)
    runner.run(house.app.stop())


def test_a_long_task_goes_on_after_kill_9_where_it_was(place: Place, runner: asyncio.Runner) -> None:
    """RFC 9110 15.3.3: a V2 delete of many rows, killed in the middle, ends with nothing left."""
    house = place.house(runner)
    shop = house.shop()
    for start in range(0, 1200, 100):
        requests = [{"name": f"p{n}", **PRODUCT} for n in range(start, start + 100)]
        _fill(house, shop, requests)
    runner.run(house.app.stop())
    with serving(place) as (process, address), closing(Client(address, shop)) as client:
        assert client.patient("GET", "/v2/time")[0] == 200
        status, told = client.ask("DELETE", "/v2/products")
        assert status == 202
        kill(process)
    with serving(place) as (_, address), closing(Client(address, shop)) as client:
        ended = settled(client, told["id"])
        assert (ended["state"], ended["response"]["status"], ended["progress"]) == ("done", 204, 1200)
        assert client.ask("GET", "/v2/products/count") == (200, {"count": 0})
    house = place.house(runner)
    check_statistics(seen_by(house, shop))
    runner.run(house.app.stop())


def _fill(house: Server, shop: Shop, products: list[Any]) -> None:
    from test_concurrency import at_once

    replies = at_once([shop], [("POST", "/v3/catalog/products", product) for product in products])
    assert {reply.status for reply in replies} == {200}


def test_a_task_of_a_store_that_nobody_asks_for_is_done_after_a_restart(place: Place, runner: asyncio.Runner) -> None:
    """What a 202 promised does not wait for the next caller."""
    house = place.house(runner)
    shop = house.shop()
    house.app._worker.wake_worker = lambda _store: None  # type: ignore[method-assign]
    body = {"name": "Later", "parent_id": 0}
    reply = shop.post("/v3/catalog/categories", body, headers={"prefer": "respond-async"})
    assert (reply.status, shop.rows("categories")) == (202, 0)
    runner.run(house.app.stop())
    house = place.house(runner)
    give_up = time.monotonic() + PATIENCE
    while seen_by(house, shop).rows("categories") == 0:
        assert time.monotonic() < give_up
        runner.run(asyncio.sleep(0.02))
    runner.run(house.app.stop())


def test_every_commit_waits_for_the_disk(place: Place, runner: asyncio.Runner) -> None:
    """contract/http.md: WAL with synchronous=NORMAL loses acknowledged commits at a power cut, FULL loses none."""
    house = place.house(runner)
    shop = house.shop()
    shop.brand()
    store = runner.run(house.app.stores.get(shop.name))
    assert store is not None
    if isinstance(store.rows, SqliteRows):
        pragma = {
            name: store.rows._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    else:
        assert isinstance(store.rows, PostgresRows)
        if OVERRIDE in os.environ and runner.run(store.rows._connection.fetchval("SHOW fsync")) == "off":
            pytest.skip(f"the server that {OVERRIDE} names does not write to its disk")
        for setting in ("synchronous_commit", "fsync", "full_page_writes"):
            assert runner.run(store.rows._connection.fetchval(f"SHOW {setting}")) == "on", setting
    runner.run(house.app.stop())


def test_the_journal_survives_kill_9(place: Place, runner: asyncio.Runner) -> None:
    """Issue 12: all but what the last second brought."""
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving(place) as (process, netloc):
        for number in range(20):
            ask = urllib.request.Request(f"http://{netloc}/stores/{shop.name}/v2/time?n={number}")
            ask.add_header("X-Auth-Token", shop.token)
            with urllib.request.urlopen(ask, timeout=PATIENCE) as reply:
                assert reply.status == 200
        reader = place.house(runner)
        give_up = time.monotonic() + PATIENCE
        while len(runner.run(reader.app.journal_sync.search(shop.name))) < 20:
            assert time.monotonic() < give_up
            runner.run(asyncio.sleep(0.2))
        kill(process)
    kept = runner.run(reader.app.journal_sync.search(shop.name))
    assert sorted(int(entry.query[2:]) for entry in kept) == list(range(20))
    runner.run(reader.app.stop())
