"""Orders for a store under measurement: products to order, and as many orders as are wanted, one a minute."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from bench.client import Client
from bench.request import Request
from bench.stock import Lacking, send
from bench.store import Store

PRODUCTS = 50
PLENTY = 2_000_000_000
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
STATUSES = (11, 2, 10, 10, 7)
PAGE = 50

_BUYER = {
    "first_name": "Measured",
    "last_name": "Buyer",
    "street_1": "1 Main Street",
    "city": "Austin",
    "state": "Texas",
    "zip": "78701",
    "country_iso2": "US",
}


def minute(number: int) -> str:
    """When order `number` was placed."""
    return (FIRST + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def placed(lines: Sequence[Any], **more: Any) -> Request:
    """A new order of these lines."""
    email = f"buyer{more.pop('buyer', 1)}@shop.test"
    order = {"billing_address": {**_BUYER, "email": email}, "products": lines, "status_id": 11, **more}
    return Request("POST", "/v2/orders", json.dumps(order).encode())


class Sales:
    """Puts orders into a store through its API. Raises Lacking where the server takes none."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.client = Client(store)

    @cached_property
    def products(self) -> Sequence[int]:
        """Products whose stock is counted, and of which there is plenty."""
        return [self._product(number) for number in range(PRODUCTS)]

    def _product(self, number: int) -> int:
        name = f"Ordered product {number:02d}"
        status, reply = self.client.ask(Request("GET", f"/catalog/products?name={name.replace(' ', '%20')}"))
        if status == 200 and reply["data"]:
            return int(reply["data"][0]["id"])
        body = {
            "name": name,
            "type": "physical",
            "price": 10 + number,
            "weight": 1,
            "inventory_tracking": "product",
            "inventory_level": PLENTY,
        }
        status, reply = self.client.ask(Request("POST", "/catalog/products", json.dumps(body).encode()))
        if status != 200:
            raise Lacking(f"A product is answered {status}.")
        return int(reply["data"]["id"])

    def fill(self, orders: int) -> None:
        """As many orders as wanted, if there are none yet."""
        status, reply = self.client.ask(Request("GET", "/v2/orders/count"))
        if status != 200:
            raise Lacking(f"The count of orders is answered {status}.")
        if reply["count"] < orders:
            print(f"Placing {orders:,} orders in the store {self.store.name} ...", file=sys.stderr)
            send(self.store, self._orders(orders))

    def _orders(self, orders: int) -> Iterator[Request]:
        for number in range(orders):
            line = {"product_id": self.products[number % PRODUCTS], "quantity": 1 + number % 3}
            status = STATUSES[number % len(STATUSES)]
            yield placed([line], date_created=minute(number), status_id=status, buyer=number % 1000)

    def of_a_time(self, number: int) -> Request:
        """The fifty orders from number `number` on."""
        between = f"min_date_created={minute(number)}&max_date_created={minute(number + PAGE - 1)}"
        return Request("GET", f"/v2/orders?{between}&limit={PAGE}")
