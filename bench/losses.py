"""After the last kill: is all there that was acknowledged, is nothing half there, did every event arrive?"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from bench.writers import CANCELLED, Event, Ledger
from killed import Client, all_rows, settled
from receiver import Received

PATIENCE = 300.0  # seconds for the events that are still to come
SHOWN = 10


class Arrived:
    """The events that a receiver took, by what they are about: the ids of their messages, each counted once."""

    def __init__(self) -> None:
        self.messages: dict[Event, set[str]] = defaultdict(set)
        self.deliveries = 0

    def note(self, got: Received) -> None:
        """One delivery that is answered with 200."""
        told = got.json
        self.deliveries += 1
        self.messages[told["scope"].removeprefix("store/"), told["data"]["id"]].add(told["hash"])

    def missing(self, expected: Counter[Event]) -> list[str]:
        """Events of acknowledged writes that did not arrive, a sentence for each thing that they are about."""
        there = dict(self.messages)
        return [
            f"{scope} of {one} arrived {len(there.get((scope, one), ()))} times, and was acknowledged {wanted} times"
            for (scope, one), wanted in expected.items()
            if len(there.get((scope, one), ())) < wanted
        ]


def wait_for_events(ledger: Ledger, arrived: Arrived) -> None:
    """Until every event has arrived; what has not after a long time is lost."""
    give_up = time.monotonic() + PATIENCE
    while arrived.missing(ledger.events) and time.monotonic() < give_up:
        time.sleep(0.2)
    _lose(ledger, arrived.missing(ledger.events))


def look_for_losses(client: Client, ledger: Ledger, arrived: Arrived, sold: dict[int, int]) -> None:
    """Compares the whole store with the ledger; `sold` is the stock with which the ordered products began."""
    products = {row["id"]: row for row in all_products(client)}
    _products(ledger, products, sold)
    _orders(client, ledger, products, sold)
    for task, name in ledger.tasks.items():
        ended = settled(client, task)
        if (ended["state"], ended["response"]["status"]) != ("done", 200):
            ledger.lose(f"the task of {name} is {ended['state']}")
    made = Counter(row["name"] for row in all_rows(client, "/v3/catalog/categories"))
    _lose(ledger, (f"category {name} of a task is not there" for name in ledger.tasks.values() if name not in made))
    _lose(ledger, (f"category {name} is there {times} times" for name, times in made.items() if times > 1))
    _never_were(client, ledger, arrived, products)


def all_products(client: Client) -> list[Any]:
    """Every product with its variants."""
    rows: list[Any] = []
    while True:
        after = rows[-1]["id"] + 1 if rows else 1
        fields = "include_fields=name,price,inventory_level,base_variant_id&include=variants"
        status, told = client.patient("GET", f"/v3/catalog/products?id:min={after}&sort=id&limit=50&{fields}")
        assert status == 200, told
        rows += told["data"]
        if not told["data"]:
            return rows


def _products(ledger: Ledger, products: dict[int, Any], sold: dict[int, int]) -> None:
    for one, prices in ledger.products.items():
        row = products.get(one)
        if row is None:
            ledger.lose(f"product {one} was acknowledged and is not there")
        elif round(row["price"] * 100) not in prices:
            ledger.lose(f"product {one} costs {row['price']} and may cost {sorted(prices)} cents")
        elif len(row["variants"]) != ledger.variants[one]:
            ledger.lose(f"product {one} has {len(row['variants'])} variants instead of {ledger.variants[one]}")
    _lose(ledger, (f"product {one} was deleted and is there" for one in ledger.deleted & set(products)))
    names = Counter(row["name"] for row in products.values())
    _lose(ledger, (f"{name} is there {times} times" for name, times in names.items() if times > 1))
    _lose(ledger, (f"product {one} has no variant" for one, row in products.items() if not row["variants"]))
    wrong = (
        one
        for one, row in products.items()
        if row["base_variant_id"] is not None
        and row["base_variant_id"] not in {variant["id"] for variant in row["variants"]}
    )
    _lose(ledger, (f"product {one} lacks its base variant" for one in wrong))
    _lose(ledger, (f"product {one}, which is ordered, is not there" for one in set(sold) - set(products)))


def _orders(client: Client, ledger: Ledger, products: dict[int, Any], sold: dict[int, int]) -> None:
    """Every order has its lines, and the stock is what the orders left of it."""
    orders = all_orders(client)
    _lose(ledger, (f"order {one} was acknowledged and is not there" for one in set(ledger.orders) - set(orders)))
    taken: Counter[int] = Counter()
    for one, order in orders.items():
        status, lines = client.ask("GET", f"/v2/orders/{one}/products?limit=250")
        lines = {line["product_id"]: line["quantity"] for line in lines or ()} if status == 200 else {}
        if len(lines) != 2:
            ledger.lose(f"order {one} has {len(lines)} lines instead of 2")
        if one in ledger.orders and lines != ledger.orders[one]:
            ledger.lose(f"order {one} has the lines {lines} instead of {ledger.orders[one]}")
        if one in ledger.cancelled and order["status_id"] != CANCELLED:
            ledger.lose(f"order {one} was cancelled and has the status {order['status_id']}")
        if order["status_id"] != CANCELLED:
            taken.update(lines)
    for one, stock in sold.items():
        left = products[one]["inventory_level"]
        if stock - left != taken[one]:
            ledger.lose(f"{stock - left} pieces of product {one} were taken, and orders have {taken[one]}")


def all_orders(client: Client) -> dict[int, Any]:
    """Every order by its id."""
    orders: dict[int, Any] = {}
    while True:
        status, told = client.patient("GET", f"/v2/orders?min_id={max(orders, default=0) + 1}&sort=id:asc&limit=250")
        if status == 204 or not told:
            return orders
        assert status == 200, told
        orders |= {order["id"]: order for order in told}


def _never_were(client: Client, ledger: Ledger, arrived: Arrived, products: dict[int, Any]) -> None:
    """Nothing is told of what was rolled back: what was created is there, or was deleted, which is told too."""
    orders = all_orders(client)
    there: dict[str, Callable[[int], bool]] = {
        "product/created": lambda one: (
            one in products or one in ledger.deleted or ("product/deleted", one) in arrived.messages
        ),
        "order/created": lambda one: one in orders,
    }
    told = list(arrived.messages)
    _lose(ledger, (f"{scope} of {one} was told, which never was" for scope, one in told
                   if scope in there and not there[scope](one)))  # fmt: skip


def _lose(ledger: Ledger, found: Iterable[str]) -> None:
    for each in found:
        ledger.lose(each)
