"""A store that lives: products, stock, customers and orders change at a rate, for a sync to be tried on what moves.

What happens follows from the seed alone, as long as nobody else writes. Every change goes through the law, as a
client's request does, so that rules run and events fire.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.internal import carry_out
from bodega.lab.deterministic import DeterministicRandom
from bodega.law.refusal import Refusal

KINDS = ("price", "stock", "product", "product-deleted", "customer", "order", "order-status")
WEIGHTS = {"price": 8, "stock": 8, "product": 2, "product-deleted": 1, "customer": 3, "order": 4, "order-status": 4}
STATUSES = (2, 3, 7, 9, 10, 11)
PAGE = 250
TRIES = 8
"""Products that are tried for an order, before it is told as refused."""

Ask = Callable[[str, str, Any], Any]


class Change(msgspec.Struct, frozen=True):
    """What was done: its kind, the resource's id (0 if it was refused), the status of the reply."""

    number: int
    kind: str
    id: int
    status: int


class NothingToChange(ValueError):
    """The store has none of what is to change; the message is a sentence."""


class _Known:
    """The ids that changes are drawn from: those that were there, and those that came since."""

    def __init__(self, products: list[int], customers: list[int], orders: list[int]) -> None:
        self.products, self.customers, self.orders = products, customers, orders
        self.own: list[int] = []
        """Products that were made here: only these are deleted."""


async def live(
    app: AppContext,
    store: OpenStore,
    *,
    seed: int = 1,
    rate: float = 5.0,
    seconds: float = 0.0,
    kinds: Sequence[str] = KINDS,
    most: int = 0,
) -> AsyncIterator[Change]:
    """Changes the store `rate` times a second, for so many seconds or so many changes; for ever if both are 0. Raises
    NothingToChange."""  # fmt: skip

    async def ask(method: str, target: str, body: Any = None) -> tuple[int, Any]:
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json", "accept": "application/json"}
        try:
            answer = await carry_out(app, store, "live", method, target, content, headers, origin="http://localhost")
        except Refusal as refusal:
            return refusal.reason.v2 if target.startswith("/v2/") else refusal.reason.v3, None
        return answer.status, msgspec.json.decode(answer.body) if answer.body else None

    known = await _look(ask)
    if not known.products and not {"product", "customer"} & set(kinds):
        raise NothingToChange(f"Store {store.record.hash} has no products: bodega seed {store.record.hash}.")
    began, number = time.monotonic(), 0
    while (not seconds or time.monotonic() - began < seconds) and (not most or number < most):
        yield await _one(ask, known, seed, number, kinds)
        number += 1
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))


async def _look(ask: Ask) -> _Known:
    async def ids(target: str) -> list[int]:
        found: list[int] = []
        for page in range(1, 41):
            status, told = await ask("GET", f"{target}limit={PAGE}&page={page}", None)
            rows = (told["data"] if isinstance(told, dict) else told) if status == 200 and told else []
            found += [row["id"] for row in rows]
            if len(rows) < PAGE:
                break
        return sorted(found)

    return _Known(
        await ids("/v3/catalog/products?include_fields=id&"), await ids("/v3/customers?"), await ids("/v2/orders?")
    )


async def _one(ask: Ask, known: _Known, seed: int, number: int, kinds: Sequence[str]) -> Change:
    draw = DeterministicRandom(seed, number)
    kind = draw.pick([kind for kind in kinds for _ in range(WEIGHTS[kind])])
    lacking = {
        "price": known.products, "stock": known.products, "order": known.products, "order-status": known.orders,
        "product-deleted": known.own,
    }.get(kind, [0])  # fmt: skip
    if not lacking:
        kind = "product"
    done: tuple[int, int] = await _ACTS[kind](ask, known, draw, number, seed)
    return Change(number, kind, done[0], done[1])


async def _price(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    row = draw.pick(known.products)
    status, _ = await ask("PUT", f"/v3/catalog/products/{row}", {"price": (draw.roll(9_900) + 100) / 100})
    return row, status


async def _stock(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    row = draw.pick(known.products)
    body = {"inventory_tracking": "product", "inventory_level": draw.roll(200)}
    status, _ = await ask("PUT", f"/v3/catalog/products/{row}", body)
    return row, status


async def _product(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    body = {
        "name": f"Novelty {seed}-{number}", "sku": f"LIVE-{seed}-{number}", "type": "physical", "weight": 1,
        "price": (draw.roll(9_900) + 100) / 100,
    }  # fmt: skip
    status, told = await ask("POST", "/v3/catalog/products", body)
    return _made(status, told, known.products, known.own), status


async def _deleted(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    row = draw.pick(known.own)
    status, _ = await ask("DELETE", f"/v3/catalog/products/{row}", None)
    known.own.remove(row)
    known.products.remove(row)
    return row, status


async def _customer(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    if known.customers and not draw.one_in(4):
        row = draw.pick(known.customers)
        status, _ = await ask("PUT", "/v3/customers", [{"id": row, "company": f"Company {draw.roll(1_000)}"}])
        return row, status
    body = {"email": f"live-{seed}-{number}@shop.example", "first_name": "Live", "last_name": f"Buyer {number}"}
    status, told = await ask("POST", "/v3/customers", [body])
    return _made(status, told, known.customers), status


async def _order(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    address = {
        "first_name": "Live", "last_name": "Buyer", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
        "zip": "78701", "country_iso2": "US", "email": f"live-{seed}-{number}@shop.example",
    }  # fmt: skip
    status, told = 0, None
    for _ in range(TRIES):  # one may be sold out, or have options that have to be chosen
        lines = [{"product_id": draw.pick(known.products), "quantity": 1}]
        status, told = await ask("POST", "/v2/orders", {"billing_address": address, "products": lines, "status_id": 11})
        if status < 300:
            break
    return _made(status, told, known.orders), status


async def _status(ask: Ask, known: _Known, draw: DeterministicRandom, number: int, seed: int) -> tuple[int, int]:
    row = draw.pick(known.orders)
    status, _ = await ask("PUT", f"/v2/orders/{row}", {"status_id": draw.pick(STATUSES)})
    return row, status


def _made(status: int, told: Any, *lists: list[int]) -> int:
    """The id of a new row, noted in these lists; 0 if there is none."""
    if status >= 300 or told is None:
        return 0
    data = told["data"] if isinstance(told, dict) and "data" in told else told
    row = int((data[0] if isinstance(data, list) else data)["id"])
    for one in lists:
        one.append(row)
    return row


_ACTS: dict[str, Any] = {
    "price": _price, "stock": _stock, "product": _product, "product-deleted": _deleted, "customer": _customer,
    "order": _order, "order-status": _status,
}  # fmt: skip
