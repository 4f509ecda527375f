"""`bodega live`: a store changes at a rate, by the rules, the same for the same seed, and tells what it did."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.app import routes
from bodega.cli import main
from bodega.http.app_context import AppContext
from bodega.http.router import by_version
from bodega.lab.live import KINDS, Change, NothingToChange, live
from bodega.lab.seed import Amounts, seed
from receiver import Receiver
from served import PATIENCE, serving, started
from shop import Shop


def changes(shop: Shop, count: int, **more: Any) -> list[Change]:
    """So many changes, as fast as they can be made."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    app = AppContext(shop.server.app.stores, by_version(routes()), insecure_http=True)

    async def all_of(going: AsyncIterator[Change]) -> list[Change]:
        return [change async for change in going]

    found: list[Change] = shop.server.run(all_of(live(app, store, rate=1e6, most=count, **more)))
    return found


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A store with something to change."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(seed(store, Amounts(products=8, customers=4, orders=4)))
    return shop


def test_every_kind_of_change_is_made_and_nothing_is_refused(filled: Shop) -> None:
    """What it tells is what happened: counts of rows before and after differ by what was made and deleted."""
    before = {table: filled.rows(table) for table in ("products", "orders", "customers")}
    made = changes(filled, 150)
    counts = Counter(change.kind for change in made)
    assert set(counts) == set(KINDS)
    assert [change for change in made if change.status >= 400 and change.kind != "order"] == []
    assert sum(change.status < 300 for change in made if change.kind == "order") > 5
    assert filled.rows("products") == before["products"] + counts["product"] - counts["product-deleted"]
    assert filled.rows("orders") == before["orders"] + len(
        [change for change in made if change.kind == "order" and change.id]
    )
    new = {change.id for change in made if change.kind == "customer"}
    assert filled.rows("customers") >= before["customers"]
    assert new


def test_the_same_seed_makes_the_same_changes(filled: Shop) -> None:
    """After a snapshot was restored, kind by kind and id by id."""
    first = changes(filled, 40, seed=7, kinds=("price", "stock"))
    assert changes(filled, 40, seed=7, kinds=("price", "stock")) == first
    assert changes(filled, 40, seed=8, kinds=("price", "stock")) != first


def test_an_empty_store_has_nothing_to_change_unless_products_may_be_made(shop: Shop) -> None:
    with pytest.raises(NothingToChange):
        changes(shop, 1, kinds=("price",))
    assert {change.kind for change in changes(shop, 5, kinds=("product",))} == {"product"}


def test_changes_fire_events(filled: Shop) -> None:
    filled.watch()
    made = changes(filled, 30, kinds=("price",))
    told = Counter(scope for scope, _ in filled.events())
    assert told["store/product/updated"] == len(made)


def test_beside_a_running_server_its_hooks_hear_and_a_reader_sees(tmp_path: Path, receiver: Receiver) -> None:
    """As a user starts it: the server delivers, and what is told as JSON is what a client reads afterwards."""
    with serving(tmp_path, "--insecure-http") as served:
        store = served.store()
        store.run("store set HASH webhooks.allow_private=true")
        store.run("seed HASH --products 5")
        listen = ("webhooks", "listen", store.hash, "--json", "--forward", receiver.url)
        store.account()
        with started(*listen, *served.place) as listener:
            assert listener.stdout is not None
            while not store.run("webhooks trigger HASH store/product/created")["hooks"]:
                time.sleep(0.05)
            listener.stdout.readline()
            line = ["live", store.hash, "--rate", "50", "--changes", "12", "--only", "price", "--json"]
            done = CliRunner().invoke(main, [*line, *served.place])
            assert done.exit_code == 0, done.output
            told = [json.loads(text) for text in done.stdout.splitlines()]
            assert len(told) == 12
            give_up = time.monotonic() + PATIENCE
            while sum(one.json["scope"] == "store/product/updated" for one in receiver.got) < 12:
                assert time.monotonic() < give_up, [one.json["scope"] for one in receiver.got]
                time.sleep(0.02)
        heard = Counter(one.json["data"]["id"] for one in receiver.got if one.json["scope"] == "store/product/updated")
        assert heard == Counter(one["id"] for one in told)


def test_it_goes_on_until_it_is_stopped(tmp_path: Path) -> None:
    place = ("--data", str(tmp_path))
    for line in (["store", "create", "shop"], ["seed", "shop", "--products", "2"]):
        assert CliRunner().invoke(main, [*line, *place]).exit_code == 0
    with started("live", "shop", "--rate", "100", "--json", *place) as running:
        for _ in range(20):
            assert first_line(running)["status"] < 300
    assert running.returncode == 0


def first_line(process: Any) -> Any:
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("live nowhere", 1, "There is no store nowhere"),
        ("live shop --rate 0", 2, "Invalid value for '--rate'"),
        ("live shop --only prices", 2, "'prices' is not one of"),
        ("live shop --only price", 1, "Store shop has no products: bodega seed shop."),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, line: str, code: int, message: str) -> None:
    CliRunner().invoke(main, ["store", "create", "shop", "--data", str(tmp_path)])
    done = CliRunner().invoke(main, [*line.split(), "--data", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.output
