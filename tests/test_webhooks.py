"""Delivery: what arrives, signed and in order; what is tried again, and until when; what is never sent."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from receiver import OK, Answer, Received, Receiver
from shop import Shop

START = 1_900_000_000


def states(shop: Shop) -> list[tuple[str, int]]:
    """State and attempts of every delivery, in order."""
    return [tuple(row) for row in shop.select("SELECT state, attempts FROM deliveries ORDER BY id")]  # type: ignore[misc]


def ended(shop: Shop) -> bool:
    """Whether nothing waits any more."""
    return all(state != "waiting" for state, _ in states(shop))


def failing(status: int = 500) -> Any:
    """An answer that is no success."""
    return lambda _received: (status, b"no", {})


def test_an_event_arrives_with_the_published_payload(shop: Shop, receiver: Receiver) -> None:
    """Contract wire.md section 6."""
    shop.hook("store/category/created", receiver.url + "/in", headers={"X-Own": "mine"})
    shop.freeze(START)
    number = shop.category()
    shop.wait_for(lambda: receiver.got)
    (got,) = receiver.got
    payload = got.json
    assert len(payload.pop("hash")) == 40
    record = shop.server.run(shop.server.depot.registry.store(shop.name))
    assert payload == {
        "scope": "store/category/created",
        "store_id": str(record.number),
        "data": {"type": "category", "id": number},
        "created_at": START,
        "producer": f"stores/{shop.name}",
    }
    assert (got.path, got.headers["x-own"], got.headers["content-type"]) == ("/in", "mine", "application/json")
    shop.wait_for(lambda: states(shop) == [("delivered", 1)])


def test_it_is_signed_by_the_standard(shop: Shop, receiver: Receiver) -> None:
    """Standard Webhooks 1.0; the key is base64 of the client secret, `secret` in these tests."""
    shop.hook("store/category/*", receiver.url)
    shop.freeze(START)  # the signature goes by the machine's time, or no receiver would take it
    shop.category()
    shop.wait_for(lambda: receiver.got)
    (got,) = receiver.got
    verified = Webhook(base64.b64encode(b"secret").decode()).verify(got.body, got.headers)
    assert verified == got.json
    with pytest.raises(Exception, match="signature"):
        Webhook(base64.b64encode(b"other").decode()).verify(got.body, got.headers)


def test_one_event_has_one_hash_and_each_retry_its_id(shop: Shop, receiver: Receiver) -> None:
    """Rule 129; issue 5: the same event keeps its webhook-id over retries."""
    receiver.answer = failing()
    shop.hook("store/category/created", receiver.url + "/a")
    shop.hook("store/category/*", receiver.url + "/b")
    shop.freeze(START)
    shop.category()
    shop.wait_for(lambda: [attempts for _, attempts in states(shop)] == [1, 1])
    shop.freeze(START + 60)
    shop.wait_for(lambda: [attempts for _, attempts in states(shop)] == [2, 2])
    assert len(receiver.got) == 4
    assert len({got.json["hash"] for got in receiver.got}) == 1
    for path in ("/a", "/b"):
        first, second = (got for got in receiver.got if got.path == path)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
    receiver.answer = lambda _got: OK
    other = shop.category("Other")
    shop.wait_for(lambda: ("store/category/created", other) in receiver.scopes("/a"))
    assert receiver.got[-1].json["hash"] != receiver.got[0].json["hash"]


def test_a_hook_hears_of_its_scope_only(shop: Shop, receiver: Receiver) -> None:
    """Rule 131: `store/product/*` asks for everything below it."""
    shop.hook("store/product/*", receiver.url + "/products")
    shop.hook("store/category/deleted", receiver.url + "/deleted")
    shop.hook("store/channel/1/category/created", receiver.url + "/channel")
    shop.hook("store/channel/2/category/created", receiver.url + "/elsewhere")
    quiet = shop.hook("store/category/created", receiver.url + "/quiet")
    shop.put(f"/v3/hooks/{quiet}", {"is_active": False})
    first, second = shop.category("One"), shop.category("Two")
    product = shop.product(categories=[first])
    shop.put(f"/v3/catalog/products/{product}", {"inventory_level": 3})
    shop.delete(f"/v3/catalog/categories/{second}")
    shop.wait_for(lambda: ended(shop))
    assert receiver.scopes("/products") == [
        ("store/product/created", product),
        ("store/product/updated", product),
        ("store/product/inventory/updated", product),
    ]
    assert receiver.scopes("/deleted") == [("store/category/deleted", second)]
    assert receiver.scopes("/channel") == [
        ("store/channel/1/category/created", first),
        ("store/channel/1/category/created", second),
    ]
    assert receiver.scopes("/elsewhere") == receiver.scopes("/quiet") == []


def test_a_resource_is_told_of_in_order(shop: Shop, receiver: Receiver) -> None:
    """Issue 5: in order per resource. A slow first event of one resource holds up the next of this one only."""
    first, second = shop.category("One"), shop.category("Two")

    def answer(got: Received) -> Answer:
        if got.json["data"]["id"] == first:
            time.sleep(0.05)
        return OK

    receiver.answer = answer
    shop.hook("store/category/updated", receiver.url)
    for turn in range(6):
        for number in (first, second):
            assert shop.put(f"/v3/catalog/categories/{number}", {"sort_order": turn}).status == 200
    shop.wait_for(lambda: ended(shop))
    hashes = [row[0] for row in shop.select("SELECT hash FROM deliveries ORDER BY id")]
    for number, mine in ((first, hashes[::2]), (second, hashes[1::2])):
        assert [got.json["hash"] for got in receiver.got if got.json["data"]["id"] == number] == mine
    assert receiver.most_under_way > 1


LADDER = [60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400]


def test_a_failure_climbs_the_published_ladder_and_then_the_hook_is_deactivated(shop: Shop, receiver: Receiver) -> None:
    """Rules 126 and 128, by the store's clock: a day's wait is a moment's."""
    receiver.answer = failing(503)
    hook = shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    now = START
    for attempt, pause in enumerate(LADDER, start=1):
        shop.wait_for(lambda attempt=attempt: states(shop) == [("waiting", attempt)])  # type: ignore[misc]
        assert shop.select("SELECT next_at, status, said FROM deliveries") == [(now + pause, 503, "no")]
        now += pause
        shop.freeze(now)
    shop.wait_for(lambda: states(shop) == [("failed", 12)])
    assert len(receiver.got) == 12
    shown = shop.get(f"/v3/hooks/{hook}").data
    assert shown["is_active"] is False
    listed = shop.get("/v3/hooks/admin").data["hooks_list"]
    assert [(one["id"], one["status"]) for one in listed] == [(hook, "deactivated")]
    shop.category("Other")
    assert len(states(shop)) == 1


def test_nothing_is_tried_before_its_time(shop: Shop, receiver: Receiver) -> None:
    """Rule 128."""
    receiver.answer = failing()
    shop.change(settings={"webhooks.retry_seconds": [30, 40]})
    shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    shop.freeze(START + 29)
    shop.server.run(_pause(0.6))
    assert len(receiver.got) == 1
    shop.freeze(START + 30)
    shop.wait_for(lambda: len(receiver.got) == 2)


async def _pause(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)
