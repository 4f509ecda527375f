"""Injected faults of deliveries: lost, twice, late, out of order, badly signed; history and journal tell of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from bodega.events import deliveries
from bodega.lab.faults import kept
from receiver import Received, Receiver
from shop import Shop

SCOPE = "store/category/created"


def add(shop: Shop, effect: dict[str, Any], *, schedule: dict[str, Any] | None = None, **match: Any) -> str:
    """A new rule's id, once the server has heard of it."""
    given = {"match": match, "schedule": schedule or {}, "effect": effect}
    made = shop.server.run(kept.add(shop.server.backend.registry, shop.name, given, 0))
    shop.server.hear()
    return made.rule.id


def history(shop: Shop) -> list[deliveries.Delivery]:
    """What became of every delivery, the oldest first."""
    return list(reversed(shop.read(deliveries.log)))


def ended(shop: Shop, count: int) -> bool:
    """Whether so many deliveries ended."""
    return len([one for one in history(shop) if one.state != "waiting"]) >= count


def signed(shop: Shop, received: Received) -> bool:
    """Whether a message is signed as its headers say."""
    sent = received.headers
    content = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + received.body
    right = base64.b64encode(hmac.new(b"secret", content, hashlib.sha256).digest()).decode()
    return sent.get("webhook-signature") == f"v1,{right}"


def test_a_dropped_event_never_arrives_and_is_not_tried_again(shop: Shop, receiver: Receiver) -> None:
    shop.hook(SCOPE, receiver.url)
    rule = add(shop, {"webhook": "dropped"}, schedule={"nth": 1}, scope="store/category/*")
    shop.category("Lost")
    kept_id = shop.category("Kept")
    shop.wait_for(lambda: ended(shop, 2))
    assert receiver.scopes() == [(SCOPE, kept_id)]
    lost, sent = history(shop)
    assert (lost.state, lost.attempts, lost.next_at, lost.message) == ("failed", 1, 0, f"Fault {rule}: dropped.")
    assert (sent.state, sent.message) == ("delivered", "")
    assert shop.get("/v3/hooks").data[0]["is_active"]


def test_a_doubled_event_arrives_twice_under_one_id(shop: Shop, receiver: Receiver) -> None:
    shop.hook(SCOPE, receiver.url)
    rule = add(shop, {"webhook": "doubled"})
    shop.category()
    shop.wait_for(lambda: ended(shop, 1))
    assert len(receiver.got) == 2
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert {one.headers["bodega-fault"] for one in receiver.got} == {f"Fault {rule}: doubled."}
    assert all(signed(shop, one) for one in receiver.got)
    assert history(shop)[0].state == "delivered"


@pytest.mark.parametrize("kind", ["unsigned", "badly_signed"])
def test_a_signature_is_missing_or_wrong(shop: Shop, receiver: Receiver, kind: str) -> None:
    shop.hook(SCOPE, receiver.url)
    add(shop, {"webhook": kind}, schedule={"count": 1}, destination=f"{receiver.url}*")
    shop.category("Bad")
    shop.wait_for(lambda: ended(shop, 1))
    shop.category("Good")
    shop.wait_for(lambda: ended(shop, 2))
    assert [signed(shop, one) for one in receiver.got] == [False, True]
    assert ("webhook-signature" in receiver.got[0].headers) is (kind == "badly_signed")


def test_a_delayed_event_waits_by_the_stores_clock(shop: Shop, receiver: Receiver) -> None:
    shop.freeze(1_900_000_000)
    shop.hook(SCOPE, receiver.url)
    add(shop, {"webhook": "delayed", "delay": 300})
    shop.category()
    shop.wait_for(lambda: history(shop) and "delayed" in (history(shop)[0].message or ""))
    assert receiver.got == []
    assert history(shop)[0].next_at == 1_900_000_300
    shop.freeze(1_900_000_300)
    shop.wait_for(lambda: ended(shop, 1))
    assert len(receiver.got) == 1
    assert history(shop)[0].attempts == 1


def test_a_reordered_event_is_overtaken_by_the_next(shop: Shop, receiver: Receiver) -> None:
    shop.hook(SCOPE, receiver.url)
    add(shop, {"webhook": "reordered", "delay": 3600}, schedule={"nth": 1})
    first = shop.category("First")
    shop.wait_for(lambda: history(shop) and "reordered" in (history(shop)[0].message or ""))
    second = shop.category("Second")
    shop.wait_for(lambda: ended(shop, 2))
    assert receiver.scopes() == [(SCOPE, second), (SCOPE, first)]


def test_a_retry_is_honest_and_so_is_a_redelivery_of_another_schedule(shop: Shop, receiver: Receiver) -> None:
    """A fault strikes the first attempt of a delivery, once."""
    shop.change(settings={"webhooks.retry_seconds": [1]})
    shop.freeze(1_900_000_000)
    receiver.answer = lambda _received: (500, b"", {})
    shop.hook(SCOPE, receiver.url)
    add(shop, {"webhook": "badly_signed"})
    shop.category()
    shop.wait_for(lambda: history(shop) and history(shop)[0].attempts == 1)
    shop.freeze(1_900_000_001)
    shop.wait_for(lambda: ended(shop, 1))
    assert [signed(shop, one) for one in receiver.got] == [False, True]


def test_a_rule_may_name_a_hook(shop: Shop, receiver: Receiver) -> None:
    one, other = shop.hook(SCOPE, f"{receiver.url}/one"), shop.hook(SCOPE, f"{receiver.url}/other")
    add(shop, {"webhook": "dropped"}, hook_id=one)
    shop.category()
    shop.wait_for(lambda: ended(shop, 2))
    assert [received.path for received in receiver.got] == ["/other"]
    assert {delivery.hook_id: delivery.state for delivery in history(shop)} == {one: "failed", other: "delivered"}


def test_the_journal_keeps_the_attempt_with_its_fault(shop: Shop, receiver: Receiver) -> None:
    shop.hook(SCOPE, receiver.url)
    rule = add(shop, {"webhook": "dropped"})
    shop.category()
    shop.wait_for(lambda: ended(shop, 1))
    sync = shop.server.app.journal_sync
    found = shop.server.run(sync.attempts(shop.name, limit=5))
    assert dict(found[0].headers)["bodega-fault"] == f"Fault {rule}: dropped."
