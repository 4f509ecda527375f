"""Kills under load: a few of them, and that every kind of loss is seen (issue 12: 0 lost, every event delivered)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from typing import Any

import pytest
from bench.kills import DATABASE, SERVER, STOCK, WORKER, kills, prepared
from bench.losses import Arrived, look_for_losses
from bench.writers import Ledger

from killed import Client, Place, serving
from receiver import Received
from test_orders import BUYER


@pytest.mark.parametrize(
    ("database", "number", "victims"), [("sqlite", 3, {SERVER}), ("postgres", 4, {SERVER, WORKER, DATABASE})]
)
def test_a_few_kills_lose_nothing(database: str, number: int, victims: set[str]) -> None:
    """`python -m bench.kills` does the same a hundred times."""
    killed = kills(database, number, longest=0.4)
    assert killed.ledger.losses == []
    assert killed.victims.total() == number
    assert set(killed.victims) <= victims
    assert killed.ledger.cut > 0, "nothing was cut off, so nothing was proved"
    assert killed.ledger.replays > 0
    assert {"created", "updated", "ordered", "batches"} <= set(killed.ledger.acknowledged)


Told = tuple[Client, Ledger, Arrived, dict[int, int]]


@pytest.fixture(scope="module")
def store(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A store that is served, and what is true of it: a product of two variants, one that was deleted, an order, a
    task."""
    place = Place(tmp_path_factory.mktemp("kills"), None)
    shop, sold = prepared(place, runner, "http://127.0.0.1:9")
    with serving(place) as (_, address), closing(Client(address, shop)) as client:
        ledger, arrived = Ledger(), Arrived()
        made, gone = (_product(client, name) for name in ("made", "gone"))
        ledger.products, ledger.variants, ledger.deleted = {made: {500}}, {made: 1}, {gone}
        assert client.ask("DELETE", f"/v3/catalog/products/{gone}")[0] == 204
        lines = dict.fromkeys(list(sold)[:2], 3)
        body = {"billing_address": BUYER, "products": [{"product_id": one, "quantity": 3} for one in lines]}
        order = client.ask("POST", "/v2/orders", body)[1]["id"]
        ledger.orders = {order: lines}
        body = {"name": "Later", "parent_id": 0}
        ledger.tasks = {
            client.ask("POST", "/v3/catalog/categories", body, Prefer="respond-async")[1]["data"]["id"]: "Later"
        }
        for scope, one in (("product/created", made), ("product/created", gone), ("order/created", order)):
            arrived.note(_delivery(scope, one))
        yield client, ledger, arrived, sold


def _product(client: Client, name: str) -> int:
    body = {"name": name, "type": "physical", "price": 5, "weight": 1}
    return int(client.ask("POST", "/v3/catalog/products", body)[1]["data"]["id"])


def _delivery(scope: str, one: int) -> Received:
    told = {"scope": f"store/{scope}", "data": {"id": one}, "hash": f"{scope}{one}"}
    return Received("/", {}, json.dumps(told).encode())


def losses(store: Told, change: Callable[[Ledger, Arrived, dict[int, int]], Any]) -> list[str]:
    """What is found when something else was acknowledged than what is there."""
    client, ledger, arrived, sold = store
    ledger, arrived, sold = deepcopy(ledger), deepcopy(arrived), dict(sold)
    change(ledger, arrived, sold)
    look_for_losses(client, ledger, arrived, sold)
    return ledger.losses


def test_where_nothing_is_lost_nothing_is_told(store: Told) -> None:
    assert losses(store, lambda *_: None) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda ledger, *_: ledger.products.update({9_999: {500}}), "product 9999 was acknowledged and is not there"),
        (
            lambda ledger, *_: ledger.products.update({one: {501, 502} for one in ledger.products}),
            "may cost [501, 502]",
        ),
        (lambda ledger, *_: ledger.variants.update(dict.fromkeys(ledger.variants, 2)), "1 variants instead of 2"),
        (lambda ledger, *_: ledger.deleted.update(ledger.products), "was deleted and is there"),
        (lambda ledger, *_: ledger.orders.update({9_999: {}}), "order 9999 was acknowledged and is not there"),
        (lambda ledger, *_: ledger.orders.update({one: {1: 1} for one in ledger.orders}), "instead of {1: 1}"),
        (lambda ledger, *_: ledger.cancelled.update(ledger.orders), "was cancelled and has the status"),
        (lambda ledger, *_: ledger.tasks.update(dict.fromkeys(ledger.tasks, "Never")), "category Never of a task"),
        (lambda _ledger, _arrived, sold: sold.update(dict.fromkeys(sold, STOCK + 1)), "pieces of product"),
        (lambda _ledger, arrived, _sold: arrived.note(_delivery("order/created", 77)), "77 was told, which never was"),
        (lambda _ledger, arrived, _sold: arrived.note(_delivery("product/created", 77)), "77 was told, which never"),
    ],
)
def test_each_kind_of_loss_is_told(store: Told, change: Any, told: str) -> None:
    found = losses(store, change)
    assert found
    assert told in " ".join(found)


def test_events_that_did_not_arrive_are_told() -> None:
    """Each acknowledged write has an event of its own; a repeated delivery is the same event."""
    ledger, arrived = Ledger(), Arrived()
    ledger.events.update({("product/created", 1): 1, ("product/updated", 1): 2})
    arrived.note(_delivery("product/created", 1))
    arrived.note(_delivery("product/updated", 1))
    arrived.note(_delivery("product/updated", 1))
    assert arrived.missing(ledger.events) == ["product/updated of 1 arrived 1 times, and was acknowledged 2 times"]
