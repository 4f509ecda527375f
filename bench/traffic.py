"""Traffic of many kinds that leaves a store as it found it: whatever a visit creates it deletes, but for orders.

A visit is a short conversation on one connection: somebody looks around, a product lives and dies, an order is placed,
cancelled and archived, requests are refused. Orders are never deleted, as in the API, so they are few.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from random import Random
from typing import Any

from bench.request import Request
from bench.sales import placed
from bench.scenarios import BRANDS, create
from bench.stock import upload
from bench.store import Store
from bench.wire import Answer, Wire

READS = ("GET", "HEAD")
MANY_AT_ONCE = 429
PAUSE = 0.02
"""Seconds before a request is repeated that found its endpoint at its limit, and between two looks at a task."""
PATIENCE = 120.0
SHOWN = 200  # characters of a reply that is told of
STRANGE = 20  # replies that are told of, at most


class Unexpected(Exception):
    """A reply with another status than the visit expects: it goes no further."""


class Tally:
    """What all visitors share: how many requests are still to come, and what came of those that were sent."""

    def __init__(self, requests: int) -> None:
        self.left = requests
        self.done = 0
        self.statuses: Counter[int] = Counter()
        self.visits: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.failures = 0
        self.reads: list[float] = []
        self.writes: list[float] = []

    def note(self, method: str, answer: Answer) -> None:
        """One reply."""
        self.left -= 1
        self.done += 1
        self.statuses[answer.status] += 1
        (self.reads if method in READS else self.writes).append(answer.seconds)

    def fail(self, what: str) -> None:
        """A reply that should not have come, or that did not come."""
        self.failures += 1
        if len(self.unexpected) < STRANGE:
            self.unexpected.append(what)


class Visitor:
    """One connection and who sits there; `products` are ids that are there from the beginning, `sold` those of which
    there is plenty."""

    numbers = count(1)

    def __init__(self, store: Store, tally: Tally, random: Random, products: int, sold: list[int]) -> None:
        self.store, self.tally, self.random, self.products, self.sold = store, tally, random, products, sold
        self.wire = Wire(store.server.port)

    async def stay(self) -> None:
        """One visit after the other, until enough was asked."""
        names = list(VISITS)
        weights = [VISITS[name][0] for name in names]
        while self.tally.left > 0:
            name = self.random.choices(names, weights)[0]
            self.tally.visits[name] += 1
            try:
                await VISITS[name][1](self)
            except Unexpected as unexpected:
                self.tally.fail(f"{name}: {unexpected}")
            except (OSError, EOFError) as error:  # TimeoutError is one
                self.tally.fail(f"{name}: {error!r}")
                await asyncio.sleep(PAUSE)
        self.wire.close()

    async def ask(self, method: str, target: str, expected: tuple[int, ...], body: Any = None, **named: str) -> Answer:
        """One request, repeated while its endpoint is at its limit of requests at once; `body` is data or bytes.
        Raises Unexpected unless the status is one of `expected`."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in named.items()}
        return await self.send(Request(method, target, content, headers), expected)

    async def send(self, request: Request, expected: tuple[int, ...]) -> Answer:
        """The same, of a request that was made elsewhere."""
        for _ in range(int(PATIENCE / PAUSE)):
            answer = await self.wire.ask(self.store.address(request))
            self.tally.note(request.method, answer)
            if answer.status != MANY_AT_ONCE:
                break
            await asyncio.sleep(PAUSE)
        if answer.status not in expected:
            said = answer.body[:SHOWN].decode(errors="replace")
            raise Unexpected(f"{request.method} {request.target} was answered {answer.status}: {said}")
        return answer

    def one(self) -> int:
        """A product that is there."""
        return self.random.randint(1, self.products)

    def untouched(self) -> int:
        """One of those that nobody changes."""
        return self.random.randint(self.products // 2 + 1, self.products)

    def name(self, what: str) -> str:
        """A name that nobody else has."""
        return f"{what} {next(self.numbers)} {self.random.getrandbits(32):08x}"


OK = (200,)
MADE = (200, 201)
GONE = (204,)


async def look_around(who: Visitor) -> None:
    """Reads of both versions, one of them in XML, one of what did not change since."""
    ask, one = who.ask, who.one
    await ask("GET", f"/catalog/products/{one()}?include=variants,images,custom_fields", OK)
    same = f"/catalog/products/{who.untouched()}"
    tag = (await ask("GET", same, OK)).headers["etag"]
    await ask("GET", same, (304,), If_None_Match=tag)
    await ask("GET", f"/catalog/products?brand_id={who.random.randint(1, BRANDS)}&include=variants&limit=10", OK)
    await ask("GET", f"/catalog/products?price:min={who.random.randint(1, 400)}&sort=price&limit=10", OK)
    await ask("GET", f"/v2/products/{one()}", OK)
    await ask("GET", f"/v2/products/{one()}", OK, Accept="application/xml")
    await ask("GET", f"/v2/products?limit=10&page={who.random.randint(1, 10)}", OK)
    await ask("HEAD", f"/catalog/products/{one()}", OK)
    await ask("GET", f"/catalog/products/{one()}/variants", OK)
    await ask("GET", "/v2/orders?limit=5&sort=id:desc", (200, 204))
    await ask("GET", "/catalog/trees/1/categories", OK)
    await ask("GET", "/catalog/summary", OK)


async def product_lives(who: Visitor) -> None:
    """A product is created, changed, written without a change, shown, sometimes given a picture, and deleted."""
    ask, random = who.ask, who.random
    made = (await who.send(create(random), OK)).json["data"]
    path = f"/catalog/products/{made['id']}"
    change = {"price": random.randint(100, 99_999) / 100, "name": who.name("Changed product")}
    await ask("PUT", path, OK, change)
    unchanged = await ask("PUT", path, OK, change)
    assert unchanged.json["data"]["price"] == change["price"]
    if random.random() < 0.2:
        await who.send(upload(made["id"], random.randint(0, 9)), OK)
        await ask("GET", f"{path}/images", OK)
    field = (await ask("POST", f"{path}/custom-fields", OK, {"name": "Origin", "value": who.name("Place")})).json[
        "data"
    ]
    await ask("PUT", f"{path}/custom-fields/{field['id']}", OK, {"value": who.name("Other place")})
    await ask("GET", f"{path}?include=images,custom_fields", OK)
    await ask("DELETE", path, GONE)
    await ask("GET", path, (404,))


async def product_of_v2_lives(who: Visitor) -> None:
    """The same by V2; one in two is written and read as XML."""
    ask = who.ask
    body = {"name": who.name("Second product"), "type": "physical", "price": "12.5", "weight": "1",
            "categories": [1], "availability": "available"}  # fmt: skip
    if who.random.random() < 0.5:
        fields = "".join(f"<{name}>{value}</{name}>" for name, value in body.items() if name != "categories")
        xml = f"<product>{fields}<categories><value>1</value></categories></product>".encode()
        answer = await ask("POST", "/v2/products", MADE, xml, Content_Type="application/xml")
    else:
        answer = await ask("POST", "/v2/products", MADE, body)
    path = f"/v2/products/{answer.json['id']}"
    await ask("PUT", path, MADE, {"price": f"{who.random.randint(100, 9_999) / 100:.2f}"})
    await ask("PUT", path, OK, {"name": body["name"]})
    await ask("GET", path, OK, Accept="application/xml")
    await ask("DELETE", path, GONE)


async def brands_and_categories(who: Visitor) -> None:
    """A brand under a key, asked for twice; a category that is made as a task, given metafields, and moved."""
    ask = who.ask
    body, key = {"name": who.name("Brand")}, who.name("key").replace(" ", "-")
    brand = (await ask("POST", "/catalog/brands", OK, body, Idempotency_Key=key)).json["data"]
    again = await ask("POST", "/catalog/brands", OK, body, Idempotency_Key=key)
    assert again.json["data"]["id"] == brand["id"]
    await ask("POST", "/catalog/brands", (409,), body)
    await ask("DELETE", f"/catalog/brands/{brand['id']}", GONE)
    body = {"name": who.name("Category"), "parent_id": 0}
    task = (await ask("POST", "/catalog/categories", (202,), body, Prefer="respond-async")).json["data"]
    for _ in range(int(PATIENCE / PAUSE)):
        task = (await ask("GET", f"/tasks/{task['id']}", OK)).json["data"]
        if task["state"] in ("done", "failed"):
            break
        await asyncio.sleep(PAUSE)
    if task["state"] != "done":
        raise Unexpected(f"a task is {task['state']}")
    found = (await ask("GET", f"/catalog/categories?name={body['name'].replace(' ', '%20')}", OK)).json["data"]
    path = f"/catalog/categories/{found[0]['id']}"
    field = {"key": "kind", "namespace": "soak", "value": who.name("kind"), "permission_set": "read"}
    await ask("POST", f"{path}/metafields", OK, field)
    await ask("PUT", path, OK, {"description": who.name("Moved")})
    await ask("DELETE", path, GONE)


async def customer_lives(who: Visitor) -> None:
    """A customer by V3, with an address by V2, changed and deleted."""
    ask = who.ask
    person = {"first_name": "Soaked", "last_name": "Buyer", "email": f"{who.name('buyer').replace(' ', '.')}@shop.test"}
    made = (await ask("POST", "/customers", OK, [person])).json["data"][0]
    address = {"first_name": "Soaked", "last_name": "Buyer", "street_1": "1 Main Street", "city": "Austin",
               "state": "Texas", "zip": "78701", "country": "United States", "phone": "5"}  # fmt: skip
    await ask("POST", f"/v2/customers/{made['id']}/addresses", MADE, address)
    await ask("PUT", "/customers", OK, [{"id": made["id"], "notes": who.name("noted")}])
    await ask("GET", f"/customers?id:in={made['id']}&include=addresses", OK)
    await ask("DELETE", f"/customers?id:in={made['id']}", GONE)


async def order_is_placed(who: Visitor) -> None:
    """An order takes stock, is shown, is cancelled, which gives the stock back, and is archived."""
    ask, random = who.ask, who.random
    lines = [{"product_id": one, "quantity": random.randint(1, 3)} for one in random.sample(who.sold, 2)]
    made = (await who.send(placed(lines), MADE)).json
    path = f"/v2/orders/{made['id']}"
    await ask("GET", f"{path}/products", OK)
    await ask("GET", path, OK, Accept="application/xml")
    await ask("PUT", path, MADE, {"status_id": 5})
    await ask("DELETE", path, GONE)


async def batch(who: Visitor) -> None:
    """Five products in one request."""
    some = who.random.sample(range(1, who.products // 2 + 1), 5)
    await who.ask("PUT", "/catalog/products", OK, [{"id": one, "price": who.random.randint(1, 400)} for one in some])


async def refused(who: Visitor) -> None:
    """Requests that the law refuses, each for another reason."""
    ask, one = who.ask, who.one
    await ask("POST", "/catalog/products", (400, 422), b"{", Content_Type="application/json")
    await ask("POST", "/v2/products", (400,), {"name": "", "type": "physical"})
    await ask("GET", f"/catalog/products/{one()}", (401,), X_Auth_Token="nobody")
    await ask("GET", "/catalog/products/2000000000", (404,))
    await ask("GET", "/catalog/nothing", (404,))
    await ask("PATCH", f"/catalog/products/{one()}", (501,))
    await ask("GET", f"/v2/products/{one()}", (406,), Accept="image/png")
    await ask("PUT", f"/catalog/products/{one()}", (412,), {"price": 1}, If_Match='"never"')
    await ask("POST", "/catalog/brands", (415,), b"name=x", Content_Type="text/plain")
    await ask("PUT", f"/catalog/products/{one()}", (422,), {"price": -1})
    await ask("GET", "/catalog/products?limit=x", (422,))


VISITS: dict[str, tuple[int, Callable[[Visitor], Awaitable[None]]]] = {
    "look around": (40, look_around),
    "a product": (20, product_lives),
    "a product of V2": (12, product_of_v2_lives),
    "brands, categories": (8, brands_and_categories),
    "a customer": (8, customer_lives),
    "an order": (6, order_is_placed),
    "a batch": (6, batch),
    "refused": (10, refused),
}
"""How often each kind comes, of 110, and what it does."""
