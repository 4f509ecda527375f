"""Many requests at once, in one process and in two workers on one database: limits, names, ids and counts hold exactly.

The scars of others (contract/http.md): stock below zero and limits passed under parallel requests.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.catalog import brands
from bodega.storage.opening import open_backend
from bodega.storage.unit import Unit
from choices import answer, check_variants, shirt
from shop import Reply, Server, Shop
from statistics_check import check_statistics

Request = tuple[str, str, Any]
PRODUCT = {"type": "physical", "price": 1, "weight": 1}


@pytest.fixture(params=["one worker on sqlite", "one worker on postgres", "two workers on postgres"])
def workers(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Any) -> Iterator[list[Shop]]:
    """The same fresh store as each worker serves it."""
    if "sqlite" in request.param:
        servers = [Server(runner, runner.run(open_backend(tmp_path, None)))]
    else:
        url = request.getfixturevalue("own_database")
        servers = [
            Server(runner, runner.run(open_backend(None, url))) for _ in range(2 if "two" in request.param else 1)
        ]
    for server in servers:  # else it would find the new store before that is ready
        assert server.app._waking is not None
        runner.run(asyncio.wait([server.app._waking]))
    first = servers[0].shop()
    shops = [first]
    for server in servers[1:]:
        twin = Shop(server, first.name)
        twin.token = first.token
        shops.append(twin)
    yield shops
    for server in servers:
        runner.run(server.app.stop())


async def ask(shop: Shop, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
    """One request, awaited: many can be under way in one event loop."""
    sent: list[Any] = []
    data = b"" if body is None else json.dumps(body).encode()
    fields = {
        "host": "localhost",
        "x-auth-token": shop.token,
        "content-type": "application/json",
        "content-length": str(len(data)),
        **(headers or {}),
    }
    path, _, query = f"/stores/{shop.name}{path}".partition("?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await shop.server.app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], headers, sent[1]["body"])


def at_once(workers: list[Shop], requests: list[Request]) -> list[Reply]:
    """All requests under way together, dealt out to the workers."""

    async def work() -> list[Reply]:
        return await asyncio.gather(*(ask(workers[n % len(workers)], *request) for n, request in enumerate(requests)))

    return list(workers[0].server.run(work()))


def statuses(replies: list[Reply]) -> Counter[int]:
    """How many replies had each status."""
    strange = [reply.body for reply in replies if reply.status >= 500 and reply.status != 507]
    assert not strange, strange[0]
    return Counter(reply.status for reply in replies)


def limit(shop: Shop, **limits: int) -> None:
    """Limits of the store's plan; the other workers are notified."""
    shop.change(limits=limits)


def test_a_fresh_store_gives_every_id_once(workers: list[Shop]) -> None:
    """The first writes of a store, when nothing is there yet that could be locked."""
    requests: list[Request] = []
    for number in range(8):
        requests += [
            ("POST", "/v3/catalog/brands", {"name": f"b{number}"}),
            ("POST", "/v3/catalog/categories", {"name": f"c{number}", "parent_id": 0}),
            ("POST", "/v3/catalog/products", {"name": f"p{number}", **PRODUCT}),
        ]
    replies = at_once(workers, requests)
    assert statuses(replies) == {200: 24}
    for kind in range(3):
        assert sorted(reply.data["id"] for reply in replies[kind::3]) == list(range(1, 9))
    check_statistics(workers[0])


def test_a_plan_limit_lets_exactly_so_many_through(workers: list[Shop]) -> None:
    """RFC 4918 11.5: the check and the write are one transaction, so the limit holds under any concurrency."""
    limit(workers[0], products=7, brands=3)
    products = at_once(workers, [("POST", "/v3/catalog/products", {"name": f"p{n}", **PRODUCT}) for n in range(40)])
    assert statuses(products) == {200: 7, 507: 33}
    made = at_once(workers, [("POST", "/v2/brands", {"name": f"b{n}"}) for n in range(20)])
    assert statuses(made) == {201: 3, 507: 17}
    check_statistics(workers[0])
    assert workers[0].delete("/v3/catalog/products/1").status in (204, 404)
    freed = 7 - workers[0].rows("products")
    again = at_once(workers, [("POST", "/v3/catalog/products", {"name": f"q{n}", **PRODUCT}) for n in range(10)])
    assert statuses(again) == {200: freed, 507: 10 - freed}


def test_of_fifty_creates_of_one_name_one_succeeds(workers: list[Shop]) -> None:
    """RFC 9110 15.5.10: the others are told who was first, and it is true."""
    replies = at_once(workers, [("POST", "/v3/catalog/products", {"name": "Hammer", **PRODUCT}) for _ in range(50)])
    assert statuses(replies) == {200: 1, 409: 49}
    first = next(reply.data["id"] for reply in replies if reply.status == 200)
    for reply in replies:
        if reply.status == 409:
            assert reply.json["details"]["conflicting_id"] == first
    assert workers[0].rows("products") == workers[0].rows("variants") == workers[0].rows("urls") == 1
    check_statistics(workers[0])


def test_ids_are_dense_whatever_failed_between(workers: list[Shop]) -> None:
    """Ids are given in the order of commits, and a write that failed takes none."""
    requests: list[Request] = [("POST", "/v3/catalog/brands", {"name": f"b{n % 30}"}) for n in range(60)]
    random.Random(1).shuffle(requests)
    replies = at_once(workers, requests)
    assert statuses(replies) == {200: 30, 409: 30}
    assert sorted(reply.data["id"] for reply in replies if reply.status == 200) == list(range(1, 31))
    check_statistics(workers[0])


def test_partial_updates_of_different_fields_all_survive(workers: list[Shop]) -> None:
    """Rule 19: members that are left out stay as they are, also when another request writes them meanwhile."""
    product = workers[0].product()
    fields: dict[str, Any] = {
        "sku": "H-1", "description": "good", "price": 12.5, "weight": 3, "width": 4, "is_visible": False,
        "search_keywords": "tool", "warranty": "none", "mpn": "m", "sort_order": 5, "page_title": "t",
    }  # fmt: skip
    replies = at_once(
        workers, [("PUT", f"/v3/catalog/products/{product}", {name: value}) for name, value in fields.items()]
    )
    assert statuses(replies) == {200: len(fields)}
    shown = workers[-1].get(f"/v3/catalog/products/{product}").data
    assert {name: shown[name] for name in fields} == fields
    check_statistics(workers[0])


def test_of_many_updates_that_saw_the_same_state_one_succeeds(workers: list[Shop]) -> None:
    """RFC 9110 13.1.1: If-Match prevents lost updates, so it is judged again inside the write."""
    brand = workers[0].brand()
    tag = workers[0].get(f"/v3/catalog/brands/{brand}").headers["etag"]
    path = f"/v3/catalog/brands/{brand}"

    async def work() -> list[Reply]:
        asked = (
            ask(workers[n % len(workers)], "PUT", path, {"page_title": f"t{n}"}, {"if-match": tag}) for n in range(20)
        )
        return await asyncio.gather(*asked)

    assert statuses(workers[0].server.run(work())) == {200: 1, 412: 19}


def test_creates_updates_and_deletes_together_leave_a_true_ledger(workers: list[Shop]) -> None:
    """Group commit on one side, other workers on the other: every count is what can be counted."""
    picks = random.Random(7)
    for number in range(12):
        workers[0].product(f"first{number}", categories=[])
    replies: list[Reply] = []
    for turn in range(4):
        requests: list[Request] = []
        for number in range(40):
            target = picks.randrange(1, 40)
            requests.append(
                picks.choice(
                    [
                        ("POST", "/v3/catalog/products", {"name": f"p{turn}-{picks.randrange(30)}", **PRODUCT}),
                        ("POST", "/v2/brands", {"name": f"b{picks.randrange(40)}"}),
                        ("DELETE", f"/v3/catalog/products/{target}", None),
                        ("DELETE", f"/v3/catalog/products?id:in={target},{target + 1}", None),
                        ("DELETE", f"/v2/brands/{picks.randrange(1, 20)}", None),
                        ("PUT", f"/v3/catalog/products/{target}", {"sku": f"s{number}", "brand_name": f"b{number}"}),
                        ("PUT", "/v3/catalog/products", [{"id": target, "price": 2}, {"id": 999, "price": 3}]),
                    ]
                )
            )
        replies += at_once(workers, requests)
    seen = statuses(replies)
    assert set(seen) <= {200, 201, 204, 207, 404, 409}, seen
    assert seen[200] > 20
    check_statistics(workers[0])
    total = workers[-1].get("/v3/catalog/products").json["meta"]["pagination"]["total"]
    assert total == workers[0].rows("products") == workers[0].rows("urls") - workers[0].rows("brands")


def test_a_sku_is_never_given_twice(workers: list[Shop]) -> None:
    """Rule 43, over products and their variants, whatever the case."""
    bodies = [{"name": f"p{n}", "sku": ("same", "SAME")[n % 2], **PRODUCT} for n in range(20)]
    replies = at_once(workers, [("POST", "/v3/catalog/products", body) for body in bodies])
    assert statuses(replies) == {200: 1, 409: 19}
    check_statistics(workers[0])


def test_a_combination_and_a_sku_are_given_once(workers: list[Shop]) -> None:
    """Rules 43 and 57: whoever comes second is refused, also where the first one ends the base variant."""
    made, asked = shirt(workers[0], sku="SH", inventory_tracking="variant")
    red, blue = (answer(asked, Color=color, Size="S") for color in ("Red", "Blue"))
    path = f"/v3/catalog/products/{made}/variants"
    replies = at_once(workers, [("POST", path, {"sku": f"K{n}", "option_values": red}) for n in range(10)])
    assert statuses(replies) == {200: 1, 409: 9}
    same: list[Request] = [
        ("POST", path, {"sku": "Same", "option_values": blue}),
        ("POST", "/v3/catalog/products", {"name": "New", "sku": "SAME", **PRODUCT}),
        ("PUT", f"/v3/catalog/products/{made}", {"sku": "same"}),
    ]
    assert statuses(at_once(workers, same * 3)) in ({200: 1, 409: 8}, {200: 3, 409: 6})  # a PUT may say it again
    check_variants(workers[0])


def test_the_stock_of_variants_adds_up_whoever_writes_it(workers: list[Shop]) -> None:
    """Rule 47: no write of one variant undoes another's part of the sum."""
    made, asked = shirt(workers[0], inventory_tracking="variant")
    path = f"/v3/catalog/products/{made}"
    picks = random.Random(5)
    requests: list[Request] = []
    for place, color in enumerate(["Red", "Blue", "Green"]):
        body = {"sku": color, "inventory_level": 1, "option_values": answer(asked, Color=color, Size="S")}
        identity = workers[0].post(f"{path}/variants", body).data["id"]
        requests += [("PUT", f"{path}/variants/{identity}", {"inventory_level": n}) for n in range(8)]
        requests.append(("PUT", path, {"price": place + 2}))
        requests.append(("PUT", path, {"inventory_tracking": ("none", "variant", "variant")[place]}))
    requests.append(("DELETE", f"{path}/variants/2", None))
    picks.shuffle(requests)
    assert set(statuses(at_once(workers, requests))) <= {200, 204, 404}
    check_variants(workers[0])


def test_a_category_and_the_products_put_into_it_agree(workers: list[Shop]) -> None:
    """A product is never in a category that is gone: whoever comes second is refused."""
    category = workers[0].category()
    requests: list[Request] = [
        ("POST", "/v3/catalog/products", {"name": f"p{n}", "categories": [category], **PRODUCT}) for n in range(10)
    ]
    requests.insert(5, ("DELETE", f"/v3/catalog/categories/{category}", None))
    replies = at_once(workers, requests)
    gone = workers[0].get(f"/v3/catalog/categories/{category}").status == 404
    made = [reply for reply in replies if reply.status == 200]
    assert bool(made) is not gone
    assert {reply.status for reply in replies} <= {200, 204, 409, 422}
    check_statistics(workers[0])


def test_brands_named_by_products_are_made_once(workers: list[Shop]) -> None:
    """Rule 54: the brand of that name, which is made when there is none."""
    bodies = [{"name": f"p{n}", "brand_name": ("Acme", "acme", "Other")[n % 3], **PRODUCT} for n in range(30)]
    replies = at_once(workers, [("POST", "/v3/catalog/products", body) for body in bodies])
    assert statuses(replies) == {200: 30}
    assert workers[0].rows("brands") == 2
    check_statistics(workers[0])


# The group itself


async def _brand(unit: Unit, name: str) -> int:
    return int((await unit.insert(brands.TABLE, brands.Brand(name=name))).entity.id)


async def _fail_after_writing(unit: Unit) -> None:
    await _brand(unit, "ghost")
    raise RuntimeError("a fault of the program")


async def _refuse_before_writing(_unit: Unit) -> None:
    raise Refusal(Reason.FIELD_INVALID)


async def _fail_in_the_database(unit: Unit) -> None:
    await unit.tx.rows("SELECT nothing FROM nowhere")


@pytest.mark.parametrize("fault", [_fail_after_writing, _refuse_before_writing, _fail_in_the_database])
def test_a_job_that_fails_in_a_group_does_not_disturb_the_others(shop: Shop, fault: Any) -> None:
    """Each write of a group stands alone: on PostgreSQL the group is done over, one by one."""

    async def work() -> list[Any]:
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        jobs = [lambda unit, n=n: fault(unit) if n % 4 == 1 else _brand(unit, f"b{n}") for n in range(12)]
        return await asyncio.gather(*(store.write(job) for job in jobs), return_exceptions=True)

    done = shop.server.run(work())
    failed = [one for one in done if isinstance(one, Exception)]
    assert len(failed) == 3
    assert not any(type(error).__name__ == "Redo" for error in failed)
    assert sorted(one for one in done if not isinstance(one, Exception)) == list(range(1, 10))
    check_statistics(shop)


def test_a_conflict_in_the_middle_of_a_group_is_told_with_the_one_who_was_first(shop: Shop) -> None:
    """409 names the row in the way, also one that was written a moment before in the same group."""
    requests: list[Request] = [
        ("POST", "/v3/catalog/brands", {"name": name}) for name in ["a", "b", "a", "c", "b", "d"]
    ]
    replies = at_once([shop], requests)
    assert [reply.status for reply in replies] == [200, 200, 409, 200, 409, 200]
    assert [replies[n].json["details"]["conflicting_id"] for n in (2, 4)] == [1, 2]
    assert [replies[n].data["id"] for n in (0, 1, 3, 5)] == [1, 2, 3, 4]
    check_statistics(shop)


def test_a_queue_longer_than_one_commit_is_carried_out_whole(shop: Shop) -> None:
    """What does not fit into one group goes into the next: each write is answered, each id given once."""
    replies = at_once([shop], [("POST", "/v3/catalog/brands", {"name": f"b{n}"}) for n in range(200)])
    assert sorted(reply.data["id"] for reply in replies) == list(range(1, 201))
    check_statistics(shop)


def test_readers_see_whole_writes_only(workers: list[Shop]) -> None:
    """A list and its total come from committed states; a product is never seen without its URL."""

    async def work() -> tuple[list[Reply], list[Reply]]:
        writes = [
            ask(workers[n % len(workers)], "POST", "/v3/catalog/products", {"name": f"p{n}", **PRODUCT})
            for n in range(60)
        ]
        reads = [
            ask(workers[n % len(workers)], "GET", "/v3/catalog/products?limit=250&include=variants", None)
            for n in range(60)
        ]
        mixed = [one for pair in zip(writes, reads, strict=True) for one in pair]
        replies = await asyncio.gather(*mixed)
        return list(replies[::2]), list(replies[1::2])

    writes, reads = workers[0].server.run(work())
    assert statuses(writes) == {200: 60}
    for reply in reads:
        assert reply.status == 200
        for product in reply.data:
            assert product["custom_url"]["url"]
            assert [variant["id"] for variant in product["variants"]] == [product["base_variant_id"]]
    check_statistics(workers[0])
