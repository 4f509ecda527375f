"""`bodega store move`: to another server, another place or another node, under load and at rest, with nothing lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bodega.access import apps, owners
from bodega.lab import moving
from bodega.storage.backend import Backend, NoCopy
from bodega.storage.opening import open_backend
from bodega.storage.registry import StoreRecord
from killed import PATIENCE, Client, Place, all_rows, seen_by, serving
from pictures import FORM, form
from postgres import citus_nodes, database
from shop import Shop
from statistics_check import check_statistics

WRITERS = 4
GONE = (401, 404)  # what is answered for a store that is unknown
BEFORE, AFTER = 15, 15  # acknowledged writes before the move begins, and after it, where the same server goes on


@pytest.fixture
def urls(postgres_url: str) -> Iterator[tuple[str, str]]:
    """Two databases, each as good as a server of its own."""
    with database(postgres_url) as one, database(postgres_url) as two:
        yield one, two


def move(place: Place, shop: Shop, server: str, *options: str) -> Any:
    """The command, as it is typed, in a process of its own; what it prints with --json, or else what it said."""
    where = ["--data", str(place.data), *(["--database", place.database] if place.database else [])]
    command = [sys.executable, "-m", "bodega.cli", "store", "move", shop.name, server, "--json", *options, *where]
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False
    )
    return json.loads(ended.stdout) if ended.returncode == 0 else ended.stderr


class Load:
    """Writers that never rest: what was acknowledged, and how often something else was answered."""

    def __init__(self, address: str, shop: Shop) -> None:
        self._address, self._shop = address, shop
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)]
        self.kept: dict[str, int] = {}
        self.others: Counter[int] = Counter()
        self.longest = 0.0

    @contextmanager
    def going(self) -> Iterator[Load]:
        """While a block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._ends.set()
            for thread in self._threads:
                thread.join(PATIENCE)

    def _write(self, number: int) -> None:
        client = Client(self._address, self._shop)
        turn = 0
        while not self._ends.is_set():
            turn += 1
            name = f"Brand {number}-{turn}"
            began = time.monotonic()
            try:
                status, told = client.ask("POST", "/v3/catalog/brands", {"name": name})
            except OSError:
                client.close()
                self.others[0] += 1
                continue
            if status in (200, 201):
                self.kept[name] = told["data"]["id"]
                self.longest = max(self.longest, time.monotonic() - began)
            else:
                self.others[status] += 1
                time.sleep(0.02)
        client.close()

    def until(self, more: int) -> None:
        """Waits for so many more acknowledged writes."""
        wanted, give_up = len(self.kept) + more, time.monotonic() + PATIENCE
        while len(self.kept) < wanted:
            assert time.monotonic() < give_up, (len(self.kept), self.others)
            time.sleep(0.01)


def check_kept(load: Load, rows: list[Any]) -> None:
    """Every acknowledged write is there, under the id that was told, and no id twice."""
    there = {row["name"]: row["id"] for row in rows}
    lost = {name: number for name, number in load.kept.items() if there.get(name) != number}
    assert lost == {}
    assert len({row["id"] for row in rows}) == len(rows)


def brands(address: str, shop: Shop) -> list[Any]:
    """All that a server shows."""
    client = Client(address, shop)
    try:
        return all_rows(client, "/v3/catalog/brands")
    finally:
        client.close()


# Under load


def test_a_store_moves_to_another_server_under_load(
    runner: asyncio.Runner, tmp_path: Path, urls: tuple[str, str]
) -> None:
    """Two workers, one registry: writes wait, then go on at the new server, and no acknowledged one is lost."""
    place = Place(tmp_path, urls[0])
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving(place) as (_, address):
        with Load(address, shop).going() as load:
            load.until(BEFORE)
            told = move(place, shop, urls[1])
            assert (told["hash"], told["to"]) == (shop.name, "server"), told
            load.until(AFTER)
        check_kept(load, brands(address, shop))
        assert set(load.others) <= {429, 503}
        back = move(place, shop, urls[0])  # and back, at rest
        assert back["to"] == "server", back
        check_kept(load, brands(address, shop))


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
def test_a_store_moves_to_another_place_under_load(
    runner: asyncio.Runner, tmp_path: Path, urls: tuple[str, str], source: str
) -> None:
    """The old server knows it no more; what it acknowledged is at the new place, and its token opens it there."""
    place = Place(tmp_path, urls[0] if source == "postgres" else None)
    house = place.house(runner)
    shop = house.shop()
    runner.run(house.app.stop())
    with serving(place) as (_, address), Load(address, shop).going() as load:
        load.until(BEFORE)
        told = move(place, shop, urls[1], "--registry")
        assert (told["hash"], told["to"]) == (shop.name, "place"), told
        client = Client(address, shop)
        give_up = time.monotonic() + PATIENCE
        while client.ask("GET", "/v3/catalog/brands")[0] not in GONE:
            assert time.monotonic() < give_up
            time.sleep(0.02)
        client.close()
    assert set(load.others) <= {*GONE, 429, 503}
    there = Place(tmp_path, urls[1]).house(runner)
    twin = seen_by(there, shop)
    rows = [
        row
        for page in range(1, 2 + len(load.kept) // 250)
        for row in twin.get(f"/v3/catalog/brands?limit=250&page={page}").data
    ]
    check_kept(load, rows)
    check_statistics(twin)
    runner.run(there.app.stop())


def test_a_store_moves_to_another_node_under_load(
    runner: asyncio.Runner, tmp_path: Path, urls: tuple[str, str]
) -> None:
    """`citus_schema_move`, while two workers write."""
    nodes = [node for node in runner.run(citus_nodes(urls[0])) if node.has_shards]
    if len(nodes) < 2:
        pytest.skip("needs a Citus cluster with two nodes that take stores: make test-cluster URL=...")
    place = Place(tmp_path, urls[0])
    house = place.house(runner)
    shop = house.shop()
    if runner.run(house.backend.registry.tx.row("SHOW synchronous_commit"))[0] == "off":
        told = [move(place, shop, f"{node.host}:{node.port}") for node in nodes]
        assert sum("could lose what was written last" in str(one) for one in told) == len(nodes) - 1
        runner.run(house.app.stop())
        pytest.skip("the nodes have synchronous_commit = off, and a store does not move between them")
    runner.run(house.app.stop())
    with serving(place) as (_, address):
        with Load(address, shop).going() as load:
            load.until(BEFORE)
            moves = [move(place, shop, f"{node.host}:{node.port}") for node in [*nodes, *nodes]]
            assert [told["to"] for told in moves if isinstance(told, dict)] in (["node"] * 3, ["node"] * 4), moves
            load.until(AFTER)
        check_kept(load, brands(address, shop))
        assert set(load.others) <= {429, 503}
        assert "no node" in move(place, shop, "127.0.0.1:1")


# What goes with it


@contextmanager
def at(runner: asyncio.Runner, data: Path, url: str | None) -> Iterator[Backend]:
    """The backend of a place, without a server."""
    backend = runner.run(open_backend(data, url))
    try:
        yield backend
    finally:
        runner.run(backend.close())


def the_record(runner: asyncio.Runner, backend: Backend, shop: Shop) -> StoreRecord:
    record = runner.run(backend.registry.store(shop.name))
    assert record is not None
    return record  # type: ignore[no-any-return]


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
def test_everything_goes_with_a_store_to_another_place(
    runner: asyncio.Runner, tmp_path: Path, urls: tuple[str, str], source: str
) -> None:
    """Rows, pictures, webhooks, settings, limits, clock, accounts, quotas, owners and apps; another store stays."""
    url = urls[0] if source == "postgres" else None
    place = Place(tmp_path, url)
    house = place.house(runner)
    shop, other = house.shop(), house.shop()
    brand = shop.brand("Acme")
    shop.product("Hammer", categories=[shop.category()], brand_id=brand)
    assert shop.post(f"/v3/catalog/brands/{brand}/image", body=form(), headers=FORM).status == 200
    hook = {"scope": "store/product/*", "destination": "https://app.example/hook", "is_active": True}
    assert shop.post("/v3/hooks", hook).status == 200
    registry = house.backend.registry
    record = the_record(runner, house.backend, shop)
    changed = StoreRecord(
        **{name: getattr(record, name) for name in record.__struct_fields__}
        | {"limits": {"products": 7}, "settings": record.settings | {"store.name": "Moved"}}
    )
    runner.run(registry.save_store(changed))

    async def people() -> None:
        tx = registry.tx
        owner = await owners.add(tx, "jo@example.com", shop.name, "hashed", 5)
        await owners.add(tx, "jo@example.com", other.name, "", 5)
        maker = await owners.add(tx, "maker@example.com", other.name, "their own", 6)
        urls = dict.fromkeys(("auth_url", "load_url", "uninstall_url", "remove_user_url"), "https://app.example/x")
        app = await apps.register(registry, maker.id, "App", frozenset(("store_v2_products",)), urls, 7)
        code = await apps.grant(tx, app, shop.name, owner.id, 7)
        given = await apps.redeem(tx, app, code, 8)
        await apps.install(registry, app, changed, given, 9)

    runner.run(people())
    rule = '{"match": {"path": "/v2/nowhere"}, "effect": {"status": 500}}'
    fault = f"INSERT INTO faults (id, store, number, rule, seen, created) VALUES ('f1', $1, 1, '{rule}', 3, 9)"
    runner.run(registry.tx.run(fault, other.name))
    runner.run(registry.tx.run(fault.replace("f1", "f2"), shop.name))
    paths = ["/v3/catalog/products", "/v3/catalog/brands", "/v3/hooks", "/v2/products/1", "/v3/catalog/categories"]
    before = {path: shop.get(path).json for path in paths}
    files, accounts = shop.rows("files"), runner.run(registry.accounts(shop.name))
    installed = runner.run(apps.installations(registry.tx, shop.name))
    secrets = {name: runner.run(apps.find(registry, name)).secret for name in installed}
    runner.run(house.app.stop())  # keeps what was used of the quotas
    with at(runner, tmp_path, url) as here:
        used = runner.run(here.registry.tx.rows("SELECT client_id, counts FROM quotas ORDER BY 1"))

    told = move(place, shop, urls[1], "--registry")
    assert told["to"] == "place", told

    with at(runner, tmp_path, url) as here:
        assert runner.run(here.registry.store(shop.name)) is None
        assert runner.run(here.registry.accounts(shop.name)) == []
        assert runner.run(here.registry.store(other.name)) is not None
    there = Place(tmp_path, urls[1]).house(runner)
    twin = seen_by(there, shop)
    registry = there.backend.registry
    record = the_record(runner, there.backend, shop)
    assert (record.limits, record.settings["store.name"], record.created) == (
        {"products": 7},
        "Moved",
        changed.created,
    )
    assert runner.run(registry.accounts(shop.name)) == accounts
    tx = registry.tx
    mine = {account.client_id for account in accounts}
    kept = [tuple(row) for row in runner.run(tx.rows("SELECT client_id, counts FROM quotas ORDER BY 1"))]
    assert kept == [tuple(row) for row in used if row[0] in mine]
    assert kept
    assert [tuple(row) for row in runner.run(tx.rows("SELECT id, seen FROM faults"))] == [("f2", 3)]
    [owner] = runner.run(owners.of_store(tx, shop.name))
    assert (owner.email, owner.password) == ("jo@example.com", "hashed")
    moved = runner.run(apps.installations(tx, shop.name))
    assert {name: found.account for name, found in moved.items()} == {
        name: found.account for name, found in installed.items()
    }
    assert {name: runner.run(apps.find(registry, name)).secret for name in moved} == secrets
    assert {path: twin.get(path).json for path in paths} == before
    assert twin.rows("files") == files > 0
    check_statistics(twin)
    assert twin.brand("Best") == brand + 1
    runner.run(there.app.stop())


# What is refused, and what fails


def test_what_is_refused_changes_nothing(runner: asyncio.Runner, tmp_path: Path, urls: tuple[str, str]) -> None:
    """A sentence each, and the store is where it was."""
    data = tmp_path / "data"
    place, elsewhere, directory = Place(tmp_path, urls[0]), Place(tmp_path, urls[1]), Place(data, None)
    with ExitStack() as until_the_end:
        house, second, third = (each.house(runner) for each in (place, elsewhere, directory))
        for each in (house, second, third):
            until_the_end.callback(lambda each=each: runner.run(each.app.stop()))
        shop, local = house.shop(), third.shop()
        shop.brand("Acme")
        assert "kept by that server already" in move(place, shop, urls[0])
        assert "in no cluster" in move(place, shop, "127.0.0.1:1") or runner.run(citus_nodes(urls[0]))
        assert "stores in a directory are not in" in move(directory, local, "127.0.0.1:1")
        assert "no registry of its own" in move(place, shop, "127.0.0.1:1", "--registry")
        assert "postgresql://" in move(place, shop, "nowhere")
        runner.run(house.backend.snapshot(the_record(runner, house.backend, shop), "base"))
        assert "has snapshots, which do not move: base" in move(place, shop, urls[1])
        runner.run(second.backend.create(the_record(runner, house.backend, shop)))
        assert "has a store" in move(place, shop, urls[1], "--drop-snapshots")
        house.hear()
        assert [brand["name"] for brand in shop.get("/v3/catalog/brands").data] == ["Acme"]


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
@pytest.mark.parametrize("way", ["server", "place"])
def test_a_move_that_fails_leaves_the_store_where_it_was(
    runner: asyncio.Runner,
    tmp_path: Path,
    urls: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    way: str,
) -> None:
    """Nothing is left at the target, and writes go on."""
    if (source, way) == ("sqlite", "server"):
        pytest.skip("a store in a directory has no other server of the same registry")
    house = Place(tmp_path, urls[0] if source == "postgres" else None).house(runner)
    shop = house.shop()
    shop.brand("Acme")
    record = the_record(runner, house.backend, shop)

    async def fails(*_: Any) -> None:
        raise NoCopy("the disk is full")

    monkeypatch.setattr(moving, "complete", fails)
    with at(runner, tmp_path, urls[1]) as other:
        to_server = moving.to_server(house.backend, record, urls[1])
        to_place = moving.to_place(house.backend, record, other)
        tried, left_out = (to_server, to_place) if way == "server" else (to_place, to_server)
        left_out.close()
        with pytest.raises(NoCopy, match="the disk is full"):
            runner.run(tried)
        assert runner.run(other.registry.stores()) == []
        left = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'store%'"
        assert runner.run(other.registry.tx.rows(left)) == []
    assert shop.brand("Best") == 2
    runner.run(house.app.stop())
