"""What goes wrong on a server that runs for years: a full disk, a database that restarts or hangs, clocks that jump.

After each of them every acknowledged write is present once, no task is lost, and the server goes on by itself.
"""

from __future__ import annotations

import asyncio
import io
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bodega.clock import Clock
from bodega.law.reasons import Reason
from bodega.log import Log
from bodega.storage.opening import open_backend
from bodega.storage.postgres import connection as on_postgres
from bodega.storage.postgres import readers
from bodega.storage.sqlite.engine import Error, in_memory
from bodega.storage.sqlite.rows import SqliteRows
from forms import FORMS, Desk, Form, look_like_a_refusal
from killed import Client, Place, kill, settled
from killed import serving as serving_at
from postgres import OVERRIDE, Cluster, postgres
from shop import Server, Shop
from statistics_check import check_statistics
from test_concurrency import ask
from test_durability import Load

PATIENCE = 180.0


# A full disk


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_write_that_finds_the_disk_full_is_503_and_reads_go_on(embedded: Server, form: Form) -> None:
    """RFC 9110 15.6.4: nothing is wrong with the request, and it may be repeated."""
    shop = embedded.shop()
    desk = Desk(shop, form)
    brand = shop.brand()
    store = embedded.run(embedded.app.stores.get(shop.name))
    assert isinstance(store.rows, SqliteRows)
    connection = store.rows._connection
    used = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={used}")
    full = None
    for number in range(50):
        reply = desk.ask("POST", desk.path("brands"), {"name": f"B{number}", "page_title": "x" * 250})
        if reply.status >= 400:
            full = reply
            break
    assert full is not None
    look_like_a_refusal(full, form, Reason.UNREACHABLE)
    assert full.headers["retry-after"] == "5"
    assert desk.ask("GET", desk.path(f"brands/{brand}")).status == 200
    there = shop.rows("brands")
    check_statistics(shop)
    connection.execute("PRAGMA max_page_count=1073741823")
    assert desk.ask("POST", desk.path("brands"), {"name": "There is room"}).status < 300
    assert shop.rows("brands") == there + 1
    check_statistics(shop)


def test_a_group_of_writes_that_finds_the_disk_full_is_refused_as_one(embedded: Server) -> None:
    """None of it is on disk, so none of it is acknowledged; those before it stay."""
    shop = embedded.shop()
    shop.brand()
    store = embedded.run(embedded.app.stores.get(shop.name))
    connection = store.rows._connection
    used = connection.execute("PRAGMA page_count").fetchone()[0]

    async def many() -> list[Any]:
        bodies = ({"name": f"B{number}", "page_title": "x" * 250} for number in range(60))
        return await asyncio.gather(*(ask(shop, "POST", "/v3/catalog/brands", body) for body in bodies))

    connection.execute(f"PRAGMA max_page_count={used + 1}")
    replies = embedded.run(many())
    assert {reply.status for reply in replies} <= {200, 503}
    assert {reply.status for reply in replies} >= {503}
    assert shop.rows("brands") == 1 + sum(reply.status == 200 for reply in replies)
    connection.execute("PRAGMA max_page_count=1073741823")
    check_statistics(shop)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sets the limits of another process")
def test_nothing_is_lost_on_a_disk_that_is_full_for_a_while(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Issue 5: no file of the server may grow, under load; then there is room again."""
    place = Place(tmp_path / "data", None)
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving_at(place) as (process, address), closing(Client(address, shop)) as client:
        load = Load(address, shop, "load", connections=2)
        load.wait_for(20)
        limit(process, max(path.stat().st_size for path in (tmp_path / "data" / "stores").iterdir()))
        wait_until(lambda: bool(load.strange))
        status, told = client.ask("POST", "/v3/catalog/brands", {"name": "too much"})
        assert (status, told["title"]) == (503, Reason.UNREACHABLE.message)
        assert client.ask("GET", "/v3/catalog/brands?limit=1")[0] == 200
        limit(process, resource.RLIM_INFINITY)
        seen = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > seen + 20)
        for task in list(load.tasks):
            assert settled(client, task)["state"] == "done"
        kill(process)
    everything_is_there(runner, place, shop, load)


def wait_until(so: Callable[[], bool]) -> None:
    """Gives up after a while."""
    give_up = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def everything_is_there(runner: asyncio.Runner, place: Place, shop: Shop, load: Load) -> None:
    """Every acknowledged write once, and table statistics that tells the truth; nobody was told anything but 200 or
    503."""
    assert {status for status, _ in load.strange} <= {503}
    load.strange = []
    load.end()
    house = place.house(runner)
    twin = Shop(house, shop.name)
    twin.token = shop.token
    there = Counter(brand["name"] for page in pages(twin) for brand in page)
    assert set(load.acknowledged) <= set(there)
    assert set(there.values()) == {1}
    check_statistics(twin)
    runner.run(house.app.stop())


def pages(shop: Shop) -> Iterator[list[Any]]:
    """Every page of the brands."""
    page = 1
    while rows := shop.get(f"/v3/catalog/brands?limit=250&page={page}").data:
        yield rows
        page += 1


def limit(process: subprocess.Popen[str], size: int) -> None:
    """No file of the process may grow beyond so many bytes: the system's answer is that of a full disk."""
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))


def test_a_log_that_cannot_be_written_keeps_nobody_from_being_answered(shop: Shop) -> None:
    """The disk of the log may be full as well."""

    class Full(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, _data: Any) -> int:
            raise OSError(28, "No space left on device")

    log = Log(Full())  # type: ignore[arg-type]
    log.event("something")
    assert log.lost == 1
    api = shop.server.app._api
    kept, api._notes._log = api._notes._log, log
    try:
        assert shop.get("/v2/time").status == 200
        log.flush()
        assert log.lost == 2
    finally:
        api._notes._log = kept


# PostgreSQL

needs_a_cluster = pytest.mark.skipif(
    sys.platform != "linux" or OVERRIDE in os.environ, reason="harms a server of its own"
)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A server that may be harmed."""
    with postgres(durable=True) as url:
        made = Cluster(url)
        yield made
        made.stop()


@needs_a_cluster
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_nothing_is_lost_when_postgres_restarts_under_load(
    runner: asyncio.Runner, tmp_path: Path, cluster: Cluster, mode: str
) -> None:
    """Issue 5: two workers; callers are told 503 meanwhile, and nothing has to be restarted after it."""
    place = Place(tmp_path, cluster.url)
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving_at(place) as (_, address), closing(Client(address, shop)) as client:
        load = Load(address, shop, "load")
        load.wait_for(50)
        cluster.restart(mode)
        seen = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > seen + 50)
        for task, name in list(load.tasks.items()):
            assert settled(client, task)["state"] == "done", name
    everything_is_there(runner, place, shop, load)


@needs_a_cluster
def test_a_postgres_that_hangs_holds_nobody_for_ever(
    runner: asyncio.Runner, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 5: 503 after a while for reads, writes and readiness; when it goes on, everything does."""
    monkeypatch.setattr(on_postgres, "PATIENCE_SECONDS", 0.6)
    monkeypatch.setattr(readers, "WAIT_SECONDS", 0.6)
    server = Server(runner, runner.run(open_backend(None, cluster.url))).awake()
    shop = server.shop()
    shop.brand("Acme")
    assert shop.get("/v3/catalog/brands").status == 200
    requests = [("GET", "/v3/catalog/brands", None)] * 12
    requests += [("POST", "/v3/catalog/brands", {"name": f"B{number}"}) for number in range(12)]

    async def many() -> list[Any]:
        return await asyncio.gather(*(ask(shop, *request) for request in requests))

    cluster.hang()
    try:
        began = time.monotonic()
        replies = server.run(many())
        assert time.monotonic() - began < PATIENCE
        assert {(reply.status, reply.reason) for reply in replies} == {(503, "UNREACHABLE")}
        ready = server.send("GET", "/_bodega/health/ready", [("host", "localhost")], b"", "https")
        assert ready.status == 503
    finally:
        cluster.go_on()
    give_up = time.monotonic() + PATIENCE
    while shop.post("/v3/catalog/brands", {"name": f"Again {time.monotonic()}"}).status != 200:
        assert time.monotonic() < give_up
        server.run(asyncio.sleep(0.05))
    assert shop.get("/v3/catalog/brands").status == 200
    # What was told 503 may have happened or not, but whole, and once.
    there = Counter(brand["name"] for page in pages(shop) for brand in page)
    assert set(there.values()) == {1}
    check_statistics(shop)
    runner.run(server.app.stop())


# Clocks


def test_a_clock_that_jumps_loses_nothing_and_repeats_no_tag(server: Server) -> None:
    """Issue 5: dates follow the clock, and nothing else does: ids, versions, quotas and tags go on."""
    shop = server.shop()
    token = shop.account(per_window=1_000)
    now = time.time()
    tags, lists, ids = [], [], []
    for turn, jump in enumerate([0, 86_400, -86_400, 31_536_000, -31_536_000, 0, 0.5]):
        shop.change(clock=Clock(offset=jump))
        Desk(shop, FORMS[0]).known(lambda store, jump=jump: store.clock.offset == jump)
        made = shop.post(
            "/v3/catalog/brands", {"name": f"B{turn}"}, token=token, headers={"idempotency-key": f"k{turn}"}
        )
        assert made.status == 200, made.body
        ids.append(made.data["id"])
        tags.append(made.headers["etag"])
        lists.append(shop.get("/v3/catalog/brands").headers["etag"])
        left = int(made.headers["x-rate-limit-requests-left"])
        assert 0 <= left < 1_000
        assert 0 < int(made.headers["x-rate-limit-time-reset-ms"]) <= 30_000
        told = int(shop.get("/v2/time").json["time"])
        assert abs(told - (now + jump)) < 60
        again = shop.post(
            "/v3/catalog/brands", {"name": f"B{turn}"}, token=token, headers={"idempotency-key": f"k{turn}"}
        )
        assert again.headers["idempotency-replayed"] == "true"
    assert ids == list(range(1, 8))
    assert len(set(tags)) == len(set(lists)) == 7
    check_statistics(shop)


def test_a_task_is_carried_out_while_its_store_stands_still(server: Server) -> None:
    """Leases go by the machine's clock: a frozen store must not keep a task for ever."""
    shop = server.shop()
    shop.freeze(1_000_000_000.0)
    Desk(shop, FORMS[0]).known(lambda store: store.clock.frozen is not None)
    task = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers={"prefer": "respond-async"}).data["id"]
    shown = shop.settle(task)
    assert shown["state"] == "done"
    assert shown["date_finished"].startswith("2001-09-09")


def test_sqlite_tells_a_full_disk_by_its_code() -> None:
    """The words of an error are not to be relied on."""
    from bodega.storage.sqlite.connection import plain
    from bodega.storage.tx import Busy

    with closing(in_memory()) as connection:
        connection.execute("PRAGMA max_page_count=1")
        with pytest.raises(Error) as full:
            connection.execute("CREATE TABLE t (x)")
        with pytest.raises(Error) as wrong:
            connection.execute("SELECT nothing")
    assert isinstance(plain(full.value), Busy)
    assert plain(wrong.value) is wrong.value
