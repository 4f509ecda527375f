"""Writers that remember what was acknowledged, and what may have happened because its answer was lost.

Each writes rows of its own, so that it knows what they hold; all order the same few products. When a connection is cut
they go on with the server that comes next: a request with a key is repeated until it is answered, any other is looked
at. What they find wrong is a *loss*, a sentence in the ledger.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from bench.request import Request
from bench.wire import Answer, Wire

CUT = (OSError, EOFError)
PAUSE = 0.02  # seconds before a server that is not there is asked again
FEW = 8  # products of one writer, below which it deletes none
CANCELLED = 5
BUYER = {"first_name": "Jane", "last_name": "Doe", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
         "zip": "78701", "country_iso2": "US", "email": "jane@shop.test"}  # fmt: skip

Event = tuple[str, int]
"""The scope of an event, without `store/`, and the id of what it is about."""


@dataclass
class Ledger:
    """What all writers know together. Prices are in cents; a product has several where its last answer was lost."""

    products: dict[int, set[int]] = field(default_factory=dict)
    variants: dict[int, int] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    orders: dict[int, dict[int, int]] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    tasks: dict[int, str] = field(default_factory=dict)
    events: Counter[Event] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    replays: int = 0
    looked_at: int = 0
    losses: list[str] = field(default_factory=list)

    def lose(self, what: str) -> None:
        """Something that must not be."""
        self.losses.append(what)


@dataclass
class Where:
    """The server that is to be asked; `port` 0 while there is none. `life` counts servers and what was done to them."""

    port: int = 0
    life: int = 0
    stopped: bool = False


class Writer:
    """One connection. `sold` are the products that are ordered, `base` is the store's path."""

    prices = count(1_000)

    def __init__(self, number: int, where: Where, ledger: Ledger, base: str, token: str, sold: Sequence[int]) -> None:
        self.number, self.where, self.ledger, self.base, self.sold = number, where, ledger, base, sold
        self.headers = {"X-Auth-Token": token, "Accept": "application/json"}
        self.random = Random(number)
        self.turn = 0
        self.mine: list[int] = []
        self.changed: set[int] = set()
        self.keyed: list[tuple[Request, int]] = []
        self.life = 0
        self.wire: Wire | None = None

    async def write(self) -> None:
        """Until it is told to stop."""
        kinds = list(WRITES)
        weights = [WRITES[kind][0] for kind in kinds]
        while not self.where.stopped:
            if self.where.life != self.life:
                self.life = self.where.life
                await self.look_back()
                continue
            self.turn += 1
            kind = self.random.choices(kinds, weights)[0]
            if await WRITES[kind][1](self):
                self.ledger.acknowledged[kind] += 1
        if self.wire is not None:
            self.wire.close()

    def request(self, method: str, path: str, body: Any = None, **named: str) -> Request:
        """A request of this store."""
        content = b"" if body is None else json.dumps(body).encode()
        more = {name.replace("_", "-"): value for name, value in named.items()}
        return Request(method, self.base + path, content, {**self.headers, **more})

    async def once(self, request: Request) -> Answer | None:
        """The answer; None when it was lost, or when the database was not there: it may or may not have happened."""
        if self.wire is None or self.wire.port != self.where.port:
            if not self.where.port:
                await asyncio.sleep(PAUSE)
                return None
            if self.wire is not None:
                self.wire.close()  # to a server that is gone
            self.wire = Wire(self.where.port)
        try:
            answer = await self.wire.ask(request)
        except CUT:
            self.ledger.cut += 1
            await asyncio.sleep(PAUSE)
            return None
        return None if answer.status == 503 else answer

    async def stubborn(self, request: Request) -> Answer | None:
        """The answer, however often it takes: for reads, and for writes under a key. None if all is to stop."""
        while not self.where.stopped:
            answer = await self.once(request)
            if answer is not None and not _in_use(answer):
                return answer
            await asyncio.sleep(PAUSE)
        return None

    def refused(self, request: Request, answer: Answer) -> None:
        """An answer that is none of those that are right."""
        self.ledger.lose(f"{request.method} {request.target}: {answer.status} {answer.body[:200]!r}")

    async def create(self) -> bool:
        """A product under a key; one in three has variants."""
        name, cents = f"w{self.number}-{self.turn}", next(self.prices)
        body = {"name": name, "type": "physical", "price": cents / 100, "weight": 1}
        sizes = ("S", "M", "L") if self.random.random() < 0.3 else ()
        if sizes:
            body["variants"] = [
                {"sku": f"{name}-{size}", "option_values": [{"option_display_name": "Size", "label": size}]}
                for size in sizes
            ]
        request = self.request("POST", "/v3/catalog/products", body, Idempotency_Key=name)
        answer = await self.stubborn(request)
        if answer is None:
            return False
        if answer.status != 200:
            self.refused(request, answer)
            return False
        made = int(answer.json["data"]["id"])
        self.mine.append(made)
        self.ledger.products[made] = {cents}
        self.ledger.variants[made] = max(1, len(sizes))
        self.ledger.events["product/created", made] += 1
        self.keyed.append((request, made))
        return True

    async def update(self) -> bool:
        """Another price of a product of its own, in V3 or V2."""
        if not self.mine:
            return False
        one, cents = self.random.choice(self.mine), next(self.prices)
        if self.random.random() < 0.3:
            request = self.request("PUT", f"/v2/products/{one}", {"price": f"{cents / 100:.2f}"})
        else:
            request = self.request("PUT", f"/v3/catalog/products/{one}", {"price": cents / 100})
        return await self.change({one: cents}, request)

    async def batch(self) -> bool:
        """Other prices of some products of its own in one request: all of them or none."""
        some = self.random.sample(self.mine, min(5, len(self.mine)))
        prices = {one: next(self.prices) for one in some}
        if not prices:
            return False
        body = [{"id": one, "price": cents / 100} for one, cents in prices.items()]
        return await self.change(prices, self.request("PUT", "/v3/catalog/products", body))

    async def change(self, prices: dict[int, int], request: Request) -> bool:
        """What `request` does to prices; without an answer it is looked at."""
        known = self.ledger.products
        before = {one: known[one] for one in prices}
        for one, cents in prices.items():
            known[one] = before[one] | {cents}
        answer = await self.once(request)
        if answer is not None and answer.status == 200:
            for one, cents in prices.items():
                known[one] = {cents}
                self.changed.add(one)
                self.ledger.events["product/updated", one] += 1
            return True
        if answer is not None:
            self.refused(request, answer)
        found = await self.prices_of(prices)
        if found is not None:
            new = {one for one, cents in prices.items() if found.get(one) == cents}
            if new and new != set(prices):
                self.ledger.lose(f"of one batch {sorted(new)} were written and {sorted(set(prices) - new)} were not")
        return False

    async def prices_of(self, some: Any) -> dict[int, int] | None:
        """What the server shows of some products, which is compared with what it may be, and is from now on known."""
        wanted = sorted(some)
        target = f"/v3/catalog/products?id:in={','.join(map(str, wanted))}&include_fields=price&limit=250"
        answer = await self.stubborn(self.request("GET", target))
        if answer is None:
            return None
        found = {row["id"]: round(row["price"] * 100) for row in answer.json["data"]}
        for one in wanted:
            self.ledger.looked_at += 1
            if found.get(one) not in self.ledger.products[one]:
                right = self.ledger.products[one]
                self.ledger.lose(f"product {one} has the price {found.get(one)}, and may have {sorted(right)}")
            elif one in found:
                self.ledger.products[one] = {found[one]}
        return found

    async def delete(self) -> bool:
        """A product of its own. Without an answer it is asked for until it is known whether it is there."""
        if len(self.mine) < FEW:
            return False
        one = self.mine.pop(self.random.randrange(len(self.mine)))
        prices = self.ledger.products.pop(one)
        self.changed.discard(one)
        answer = await self.once(self.request("DELETE", f"/v3/catalog/products/{one}"))
        if answer is not None and answer.status == 204:
            self.ledger.deleted.add(one)
            self.ledger.events["product/deleted", one] += 1
            return True
        shown = await self.stubborn(self.request("GET", f"/v3/catalog/products/{one}?include_fields=id"))
        if shown is None or shown.status == 200:
            self.ledger.products[one] = prices
            if shown is None:
                self.ledger.products.pop(one)  # it may be there or not, and nobody will tell
            else:
                self.mine.append(one)
        elif shown.status == 404:
            self.ledger.deleted.add(one)
        else:
            self.refused(self.request("GET", str(one)), shown)
        return False

    async def order(self) -> bool:
        """An order of two products under a key."""
        lines = {one: self.random.randint(1, 3) for one in self.random.sample(self.sold, 2)}
        products = [{"product_id": one, "quantity": quantity} for one, quantity in lines.items()]
        body = {"billing_address": BUYER, "products": products, "status_id": 11}
        request = self.request("POST", "/v2/orders", body, Idempotency_Key=f"o{self.number}-{self.turn}")
        answer = await self.stubborn(request)
        if answer is None:
            return False
        if answer.status not in (200, 201):
            self.refused(request, answer)
            return False
        made = int(answer.json["id"])
        self.ledger.orders[made] = lines
        self.ledger.events["order/created", made] += 1
        for one in lines:
            self.ledger.events["product/inventory/order/updated", one] += 1
        self.keyed.append((request, made))
        if self.random.random() < 0.2:
            await self.cancel(made)
        return True

    async def cancel(self, order: int) -> None:
        """The stock goes back with the same write."""
        answer = await self.once(self.request("PUT", f"/v2/orders/{order}", {"status_id": CANCELLED}))
        if answer is not None and answer.status in (200, 201):
            self.ledger.cancelled.add(order)
            self.ledger.events["order/statusUpdated", order] += 1
            self.ledger.acknowledged["cancelled"] += 1

    async def task(self) -> bool:
        """A category, promised for later."""
        name = f"c{self.number}-{self.turn}"
        body = {"name": name, "parent_id": 0}
        answer = await self.once(self.request("POST", "/v3/catalog/categories", body, Prefer="respond-async"))
        if answer is None or answer.status != 202:
            return False
        self.ledger.tasks[answer.json["data"]["id"]] = name
        return True

    async def look_back(self) -> None:
        """After each kill: what was written since the last one is there, and keys give the first answers."""
        if self.changed:
            await self.prices_of(self.changed)
            self.changed.clear()
        for request, made in self.keyed[-3:]:
            answer = await self.stubborn(request)
            if answer is None:
                return
            self.ledger.replays += 1
            told = answer.json
            if answer.status not in (200, 201) or int(told.get("data", told)["id"]) != made:
                self.ledger.lose(f"{request.target} made {made}, and its key is answered {answer.status} {told}")
            elif answer.headers.get("idempotency-replayed") != "true":
                self.ledger.lose(f"{request.target} was carried out again under its key")
        del self.keyed[:-3]


def _in_use(answer: Answer) -> bool:
    """The first request with this key is still under way."""
    return answer.status == 409 and b"Idempotency-Key" in answer.body


WRITES: dict[str, tuple[int, Callable[[Writer], Awaitable[bool]]]] = {
    "created": (8, Writer.create),
    "updated": (12, Writer.update),
    "batches": (4, Writer.batch),
    "deleted": (7, Writer.delete),
    "ordered": (6, Writer.order),
    "tasks": (2, Writer.task),
}
"""How often each kind of write comes, of 39."""
