"""Rule 31: of some endpoints a store answers only so many requests at once."""

from __future__ import annotations

import asyncio
import itertools
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bodega.app import routes
from bodega.kit.actions import Action
from shop import Reply, Shop

FOUR = ["requests-left", "requests-quota", "time-reset-ms", "time-window-ms"]

PUBLISHED = {
    (2, "customer_groups", "GET"): 40,
    (2, "customer_groups", "POST"): 40,
    (2, "customer_groups/{id}", "DELETE"): 40,
    (3, "catalog/categories", "GET"): 40,
    (3, "catalog/categories/{id}", "DELETE"): 40,
    (3, "catalog/categories/{id}", "GET"): 40,
    (3, "catalog/categories/{id}", "PUT"): 40,
    (3, "catalog/trees/{tree_id}/categories", "GET"): 1,
    (3, "customers", "PUT"): 3,
    (3, "customers/addresses", "POST"): 10,
    (3, "customers/addresses", "PUT"): 3,
    (3, "customers/attribute-values", "PUT"): 3,
    (3, "customers/attributes", "POST"): 3,
    (3, "customers/attributes", "PUT"): 3,
    (3, "customers/form-field-values", "PUT"): 10,
    **{(3, "promotions", method): 40 for method in ("GET", "POST", "DELETE")},
    **{(3, "promotions/{id}", method): 40 for method in ("GET", "PUT", "DELETE")},
    **{(3, "promotions/codes", method): 40 for method in ("GET", "DELETE")},
    (3, "promotions/{promotion_id}/codes", "GET"): 10,
    (3, "promotions/{promotion_id}/codes", "POST"): 40,
    (3, "promotions/{promotion_id}/codes", "DELETE"): 40,
    (3, "promotions/{promotion_id}/codes/{code_id}", "DELETE"): 40,
    (3, "promotions/{promotion_id}/codegen", "POST"): 10,
    (3, "inventory/locations", "GET"): 50,
    (3, "inventory/locations", "POST"): 50,
    (3, "inventory/locations", "PUT"): 50,
}
PUBLISHED |= {
    (3, "pricelists/{price_list_id}", "DELETE"): 1,
    (3, "pricelists/records", "POST"): 10,
    (3, "pricelists/records", "PUT"): 1,
    (3, "pricelists/{price_list_id}/records", "GET"): 10,
    (3, "pricelists/{price_list_id}/records", "POST"): 10,
    (3, "pricelists/{price_list_id}/records", "PUT"): 2,
    (3, "pricelists/{price_list_id}/records/{variant_id}", "GET"): 40,
    (3, "pricelists/{price_list_id}/records/{variant_id}/{currency_code:text}", "GET"): 50,
    (3, "pricelists/{price_list_id}/records/{variant_id}/{currency_code:text}", "PUT"): 40,
    (3, "pricelists/{price_list_id}/records/{variant_id}/{currency_code:text}", "DELETE"): 25,
    (3, "pricelists/{price_list_id}/assignments", "PUT"): 25,
    (3, "pricing/products", "POST"): 50,
    (3, "segments", "POST"): 10,
    (3, "segments", "PUT"): 10,
}
LIMITED = [
    (route.version, route.template, method, action)
    for route in routes()
    for method, action in route.actions.items()
    if action.max_concurrent
]


def test_the_endpoints_with_a_published_number_have_it_and_no_others() -> None:
    """One table of all routes; V2's customer groups may be asked by their other names, too."""
    found = {(version, path, method): action.max_concurrent for version, path, method, action in LIMITED}
    assert {key: number for key, number in found.items() if key in PUBLISHED} == PUBLISHED
    assert set(found) == set(PUBLISHED)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Action]], asyncio.Event]:
    """Makes every `find` of an action wait."""

    def hold(kind: type[Action]) -> asyncio.Event:
        gate = asyncio.Event()
        find: Callable[..., Awaitable[Any]] = kind.find

        async def waiting(self: Action, context: Any) -> Any:
            await gate.wait()
            return await find(self, context)

        monkeypatch.setattr(kind, "find", waiting)
        return gate

    return hold


def at_once(
    shop: Shop, gate: asyncio.Event, method: str, path: str, count: int, headers: dict[str, str]
) -> list[Reply]:
    """So many requests under way together; those that wait go on when no other can begin any more."""

    async def one() -> Reply:
        sent: list[Any] = []
        place, _, query = path.partition("?")
        raw = [(name.encode(), value.encode()) for name, value in {"host": host(shop), **headers}.items()]
        scope = {"type": "http", "method": method, "scheme": "https", "path": place, "raw_path": place.encode(),
                 "query_string": query.encode(), "headers": raw}  # fmt: skip

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await shop.server.app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], told, sent[1]["body"])

    async def work() -> list[Reply]:
        asked = [asyncio.create_task(one()) for _ in range(count)]
        if not gate.is_set():
            for refused in itertools.islice(asyncio.as_completed(asked), count - 1):
                await refused
        gate.set()
        return list(await asyncio.gather(*asked))

    return list(shop.server.run(asyncio.wait_for(work(), 60)))


def host(shop: Shop) -> str:
    """The store's own host."""
    return f"store-{shop.name}.localhost:8443"


def tree_of(shop: Shop) -> str:
    return f"/stores/{shop.name}/v3/catalog/trees/1/categories"


def test_what_is_beyond_the_limit_gets_429_and_the_next_a_place(shop: Shop, held: Any) -> None:
    """Rule 31: four headers, X-Retry-After in seconds, and the number; a place is free when its request has ended."""
    kind = next(type(action) for _v, path, _m, action in LIMITED if path.endswith("{tree_id}/categories"))
    assert shop.get("/v3/catalog/trees/1/categories").status == 200
    replies = at_once(shop, held(kind), "GET", tree_of(shop), 3, {"x-auth-token": shop.token})
    assert sorted(reply.status for reply in replies) == [200, 429, 429]
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.reason == "TOO_MANY_AT_ONCE"
    assert refused.headers["retry-after"] == refused.headers["x-retry-after"] == "1"
    assert [f"x-rate-limit-{name}" in refused.headers for name in FOUR] == [True] * 4
    assert refused.json["details"]["max_concurrent"] == 1
    assert [shop.get("/v3/catalog/trees/1/categories").status for _ in range(3)] == [200] * 3
    assert shop.get("/v3/catalog/trees/4711/categories").status == 404
    assert shop.get("/v3/catalog/trees/1/categories").status == 200, "a refusal gives its place back, too"


def test_a_basic_account_is_told_the_four_headers_too(shop: Shop, held: Any) -> None:
    """Clients read all four on every 429."""
    kind = next(type(action) for _v, path, _m, action in LIMITED if path.endswith("{tree_id}/categories"))
    login = b64encode(f"user:{shop.account(kind='basic')}".encode()).decode()
    replies = at_once(shop, held(kind), "GET", tree_of(shop), 2, {"authorization": f"Basic {login}"})
    assert sorted(reply.status for reply in replies) == [200, 429]
    refused = next(reply for reply in replies if reply.status == 429)
    assert [int(refused.headers[f"x-rate-limit-{name}"]) for name in FOUR] == [0, 1, 1000, 30_000]


def test_the_setting_switches_the_limits_off(shop: Shop, held: Any) -> None:
    """`bodega store set HASH limits.concurrent=false`."""
    shop.change(settings={"limits.concurrent": False})
    kind = next(type(action) for _v, path, _m, action in LIMITED if path.endswith("{tree_id}/categories"))
    gate = held(kind)
    gate.set()
    replies = at_once(shop, gate, "GET", tree_of(shop), 5, {"x-auth-token": shop.token})
    assert {reply.status for reply in replies} == {200}


def test_stores_do_not_take_each_others_places(shop: Shop) -> None:
    """The limit is a store's."""
    other = shop.server.shop()
    store = shop.server.run(shop.server.app.stores.get(other.name))
    action = next(action for _v, path, _m, action in LIMITED if path.endswith("{tree_id}/categories"))
    store.under_way[action] = {"somebody"}
    assert other.get("/v3/catalog/trees/1/categories").status == 429
    assert shop.get("/v3/catalog/trees/1/categories").status == 200
