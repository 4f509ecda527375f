"""Delivery: what arrives, signed and in order; what is tried again, and until when; what is never sent."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from bodega.events import deliveries
from bodega.events.deliveries import DueDelivery
from bodega.storage.tx import Tx
from receiver import OK, Answer, Received, Receiver, receiving
from shop import Shop

START = int(time.time()) + 1000  # not so far away that hooks made today were idle for 90 days


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
    record = shop.server.run(shop.server.backend.registry.store(shop.name))
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
    assert got.headers["webhook-id"] == got.json["hash"]
    assert re.fullmatch("[0-9a-f]{40}", got.json["hash"])
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


def test_what_is_read_while_a_result_is_written_is_not_sent_again(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read began before the result of the first delivery was on disk, and ends after it."""
    read = deliveries.due
    arrived, armed, goes_on = threading.Event(), threading.Event(), threading.Event()

    async def slow(reader: Tx, hook_id: int, now: int, maximum: int) -> list[DueDelivery]:
        found = await read(reader, hook_id, now, maximum)
        if armed.is_set() and not goes_on.is_set():
            goes_on.set()
            for _ in range(1000):
                if len(await read(reader, hook_id, now, maximum)) < len(found):
                    break
                await asyncio.sleep(0.01)
        return found

    def answer(_got: Received) -> Answer:
        arrived.set()
        goes_on.wait(10)
        return OK

    monkeypatch.setattr(deliveries, "due", slow)
    receiver.answer = answer
    shop.hook("store/category/created", receiver.url)
    first = shop.category("First")
    shop.wait_for(arrived.is_set)
    armed.set()
    second = shop.category("Second")
    shop.wait_for(lambda: ended(shop))
    told = sorted(got.json["data"]["id"] for got in receiver.got)
    assert goes_on.is_set()
    assert told == [first, second]


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
    # Of two categories either may be told first: the order holds within one resource.
    on_channel = [got.json for got in receiver.got if got.path == "/channel"]
    told = sorted([(one["scope"], one["data"]) for one in on_channel], key=lambda event: event[1]["category_id"])
    assert told == [
        ("store/channel/1/category/created", {"category_id": number, "tree_id": 1}) for number in (first, second)
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


RETRY_SCHEDULE = [60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400]


def test_a_failure_climbs_the_published_ladder_and_then_the_hook_is_deactivated(shop: Shop, receiver: Receiver) -> None:
    """Rules 126 and 128, by the store's clock: a day's wait is a moment's."""
    receiver.answer = failing(503)
    hook = shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    now = START
    for attempt, pause in enumerate(RETRY_SCHEDULE, start=1):
        shop.wait_for(lambda attempt=attempt: states(shop) == [("waiting", attempt)])  # type: ignore[misc]
        assert shop.select("SELECT next_at, status, message FROM deliveries") == [(now + pause, 503, "no")]
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
    """Rule 128, and the setting `webhooks.retry_seconds`."""
    receiver.answer = failing()
    shop.change(settings={"webhooks.retry_seconds": [30, 40]})
    shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    shop.freeze(START + 29)
    shop.pause(0.6)
    assert len(receiver.got) == 1
    shop.freeze(START + 30)
    shop.wait_for(lambda: len(receiver.got) == 2)


def test_a_clock_that_jumps_back_loses_nothing(shop: Shop, receiver: Receiver) -> None:
    """Issue 5, clock jumps: what was due in a future that is no longer so is due when it comes again."""
    receiver.answer = failing()
    shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    shop.freeze(START - 1_000_000)
    second = shop.category("Second")
    shop.wait_for(lambda: receiver.scopes()[-1][1] == second)
    receiver.answer = lambda _got: OK
    shop.freeze(START + 60)
    shop.wait_for(lambda: ended(shop))
    assert states(shop) == [("delivered", 2), ("delivered", 2)]


STRANGE: list[tuple[Answer, str]] = [
    ((301, b"", {"location": "/elsewhere"}), "301"),
    ((302, b"", {"location": "http://127.0.0.1:1/"}), "302"),
    ((307, b"", {"location": "/elsewhere"}), "307"),
    ((404, b"gone", {}), "404"),
    ((500, b"x" * 100_000, {}), "500"),
    ((500, b"\x00\xff", {}), "500"),
]


@pytest.mark.parametrize(("answer", "status"), STRANGE, ids=lambda value: value if isinstance(value, str) else "")
def test_whatever_is_no_2xx_is_a_failure_and_no_redirect_is_followed(
    shop: Shop, receiver: Receiver, answer: Answer, status: str
) -> None:
    """Rule 127; issue 5: never to an address that somebody else chose in between."""
    receiver.answer = lambda _got: answer
    shop.hook("store/category/created", receiver.url + "/here")
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    assert [got.path for got in receiver.got] == ["/here"]
    ((kept, message),) = shop.select("SELECT status, message FROM deliveries")
    assert (str(kept), len(message) <= 500) == (status, True)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_a_success(shop: Shop, receiver: Receiver, status: int) -> None:
    """Rule 127."""
    receiver.answer = lambda _got: (status, b"", {})
    shop.hook("store/category/created", receiver.url)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("delivered", 1)])


NOWHERE = [
    ("http://127.0.0.1:1/", "The host cannot be connected to."),
    ("http://nowhere.invalid/", "The host name is not known."),
]


@pytest.mark.parametrize(("destination", "message"), NOWHERE)
def test_a_destination_that_is_not_there_is_tried_again(shop: Shop, destination: str, message: str) -> None:
    """Rule 128."""
    shop.hook("store/category/created", destination)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    assert shop.select("SELECT status, message FROM deliveries") == [(None, message)]


PRIVATE = [
    "https://localhost/",
    "https://127.0.0.1/",
    "https://10.1.2.3/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://0.0.0.0/",
    "https://0x7f.1/",
]


@pytest.mark.parametrize("destination", PRIVATE)
def test_nothing_is_sent_to_a_private_address(shop: Shop, destination: str) -> None:
    """Issue 5: judged where the connection is made, so whatever a name leads to at that moment."""
    assert shop.post("/v3/hooks", {"scope": "store/category/created", "destination": destination}).status == 200
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    ((status, message),) = shop.select("SELECT status, message FROM deliveries")
    assert status is None
    assert "private address" in message or "not known" in message


def test_an_address_that_may_no_longer_be_told_is_not(shop: Shop, receiver: Receiver) -> None:
    """Rule 125: plain http and other ports are for development."""
    shop.hook("store/category/created", receiver.url)
    shop.change(settings={"webhooks.allow_private": False})
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    assert receiver.got == []


def test_a_receiver_that_hangs_slows_nobody_else(shop: Shop, receiver: Receiver) -> None:
    """Issue 5: forty deliveries to a receiver that does not answer, and one to somebody who does."""
    with receiving() as hanging:
        hanging.answer = lambda _got: time.sleep(30) or OK  # type: ignore[func-returns-value]
        shop.hook("store/category/created", hanging.url)
        for turn in range(40):
            shop.category(f"C{turn}")
        shop.wait_for(lambda: hanging.got)
        shop.hook("store/category/updated", receiver.url)
        began = time.monotonic()
        shop.put("/v3/catalog/categories/1", {"sort_order": 1})
        shop.wait_for(lambda: receiver.got)
        assert time.monotonic() - began < 25, "it did not wait for the one that hangs"
        assert hanging.most_under_way <= 16


def test_a_domain_that_fails_is_blocked_for_three_minutes(shop: Shop, receiver: Receiver) -> None:
    """Rule 127: under 90 % of a hundred, for one client; what happens meanwhile goes to the retries."""
    receiver.answer = failing()
    shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    numbers = [shop.category(f"C{turn}") for turn in range(120)]
    shop.wait_for(lambda: not shop.select("SELECT 1 FROM deliveries WHERE attempts = 0 AND message IS NULL"))
    assert 100 <= len(receiver.got) <= 116  # the hundredth blocks; the others under way are not called back
    (blocked,) = shop.get("/v3/hooks/admin").data["blocked_domains"]
    assert (blocked["destination"], blocked["time_left"]) == ("127.0.0.1", 180)
    assert blocked["reasons"][0]["failure_description"] == "Answered with the status 500."
    other = shop.account()
    assert shop.get("/v3/hooks/admin", token=other).data["blocked_domains"] == []
    shop.post("/v3/hooks", {"scope": "store/category/updated", "destination": receiver.url + "/other"}, token=other)
    before = len(receiver.got)
    receiver.answer = lambda _got: OK
    shop.put(f"/v3/catalog/categories/{numbers[0]}", {"sort_order": 1})
    shop.wait_for(lambda: receiver.scopes("/other"))
    assert len(receiver.got) == before + 1
    shop.freeze(START + 60)  # the first step of the ladder, in which the block still holds
    shop.pause(0.6)
    assert len(receiver.got) == before + 1
    shop.freeze(START + 400)
    shop.wait_for(lambda: ended(shop))
    assert {number for _, number in receiver.scopes()} == set(numbers)
    assert shop.get("/v3/hooks/admin").data["blocked_domains"] == []


def test_the_client_hears_of_troubles_at_another_destination(shop: Shop, receiver: Receiver) -> None:
    """Rule 130: 90001 once in ten minutes, 90002 at the end."""
    receiver.answer = lambda got: OK if got.path == "/troubles" else (500, b"", {})
    shop.change(settings={"webhooks.retry_seconds": [30]})
    hook = shop.hook("store/category/created", receiver.url + "/in")
    shop.hook("store/hook/deliveryException", receiver.url + "/troubles")
    shop.freeze(START)
    shop.category("One")
    shop.category("Two")
    shop.wait_for(lambda: receiver.scopes("/troubles"))
    shop.wait_for(lambda: [attempts for _, attempts in states(shop)].count(0) == 0)
    told = [got.json["data"] for got in receiver.got if got.path == "/troubles"]
    assert [(one["type"], one["id"], one["error_code"]) for one in told] == [("webhook", hook, 90001)]
    assert told[0]["message"].startswith("Answered with the status 500.")
    shop.freeze(START + 30)
    shop.wait_for(lambda: len(receiver.scopes("/troubles")) == 2)
    assert [got.json["data"]["error_code"] for got in receiver.got if got.path == "/troubles"] == [90001, 90002]


def test_a_hook_that_nobody_needs_is_deactivated_after_ninety_days(shop: Shop, receiver: Receiver) -> None:
    """Rule 126: a hook with events stays."""
    shop.freeze(START)
    used = shop.hook("store/category/created", receiver.url)
    idle = shop.hook("store/category/deleted", receiver.url)
    shop.freeze(START + 60 * 86_400)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("delivered", 1)])
    shop.freeze(START + 91 * 86_400)
    shop.wait_for(lambda: not shop.get(f"/v3/hooks/{idle}").data["is_active"])
    assert shop.get(f"/v3/hooks/{used}").data["is_active"]
    assert shop.put(f"/v3/hooks/{idle}", {"is_active": True}).data["is_active"]
    shop.pause(0.6)
    assert shop.get(f"/v3/hooks/{idle}").data["is_active"]


def test_hooks_go_with_the_account_that_made_them(shop: Shop, receiver: Receiver) -> None:
    """Rule 124."""
    token = shop.account()
    shop.hook("store/category/created", receiver.url + "/kept")
    body = {"scope": "store/category/created", "destination": receiver.url + "/gone"}
    client = shop.post("/v3/hooks", body, token=token).data["client_id"]
    shop.server.run(shop.server.backend.registry.drop_account(shop.name, client))
    shop.server.hear()
    shop.category()
    shop.wait_for(lambda: shop.rows("hooks") == 1)
    shop.wait_for(lambda: ended(shop))
    assert [got.path for got in receiver.got] == ["/kept"]


def test_what_was_undelivered_can_be_sent_again(shop: Shop, receiver: Receiver) -> None:
    """contract/http.md, others' scars: deactivate, never delete, keep the log, allow replay."""
    receiver.answer = failing(503)
    shop.change(settings={"webhooks.retry_seconds": [30]})
    hook = shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    number = shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    shop.freeze(START + 30)
    shop.wait_for(lambda: states(shop) == [("failed", 2)])
    ((delivery, *_),) = shop.select("SELECT id FROM deliveries")
    assert shop.write(lambda unit: deliveries.send_again(unit, delivery)) is False
    receiver.answer = lambda _got: OK
    assert shop.write(lambda unit: deliveries.reactivate(unit, hook, replay=True))
    shop.wait_for(lambda: states(shop) == [("delivered", 1)])
    assert shop.write(lambda unit: deliveries.send_again(unit, delivery))
    shop.wait_for(lambda: len(receiver.got) == 4)
    shop.wait_for(lambda: ended(shop))
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    shown = shop.read(lambda tx: deliveries.show(tx, delivery))
    assert (shown.state, shown.scope, shown.data) == (
        "delivered",
        "store/category/created",
        {"type": "category", "id": number},
    )
    assert shop.read(lambda tx: deliveries.log(tx, hook_id=hook, state="delivered")) == [shown]
    assert shop.read(lambda tx: deliveries.log(tx, before=delivery)) == []


def test_what_waits_for_a_hook_that_is_switched_off_is_given_up(shop: Shop, receiver: Receiver) -> None:
    """Clients switch a hook off before they delete it (contract/clients.md)."""
    receiver.answer = failing()
    hook = shop.hook("store/category/created", receiver.url)
    shop.freeze(START)
    shop.category()
    shop.wait_for(lambda: states(shop) == [("waiting", 1)])
    assert shop.put(f"/v3/hooks/{hook}", {"is_active": False}).status == 200
    assert states(shop) == [("failed", 1)]
    assert shop.delete(f"/v3/hooks/{hook}").data["is_active"] is False
    shop.freeze(START + 60)
    shop.pause(0.6)
    assert len(receiver.got) == 1


def test_the_log_is_kept_for_the_stated_time(shop: Shop, receiver: Receiver) -> None:
    """The setting `webhooks.keep_days`, by the store's clock."""
    shop.hook("store/category/created", receiver.url)
    for day, name in ((0, "A"), (6, "B"), (8, "C")):
        shop.freeze(START + day * 86_400)
        shop.category(name)
        shop.wait_for(lambda: ended(shop))
    assert [row[0] for row in shop.select("SELECT created FROM deliveries ORDER BY id")] == [
        START + 6 * 86_400,
        START + 8 * 86_400,
    ]


def test_a_backlog_is_delivered_whole(shop: Shop, receiver: Receiver) -> None:
    """More than is held in memory at once."""
    shop.hook("store/category/*", receiver.url)
    numbers = [shop.category(f"C{turn}") for turn in range(20)]
    shop.delete("/v3/catalog/categories?name:like=C")
    for number in numbers:
        assert shop.get(f"/v3/catalog/categories/{number}").status == 404
    shop.wait_for(lambda: ended(shop))
    assert sorted(receiver.scopes()) == sorted(
        (f"store/category/{change}", number) for number in numbers for change in ("created", "deleted")
    )
