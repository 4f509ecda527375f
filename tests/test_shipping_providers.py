"""Shipping providers: an app is asked for what shipping costs; both databases, real calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

from receiver import Answer, Received, Receiver
from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of
from test_shipping_options import FLAT, offered, zone

CONNECTION = {"carrier_id": "swift", "connection": {"account": "A-1", "passphrase": "open sesame"}}
SWIFT = {"name": "Swift", "type": "swift", "settings": {"carrier_options": {"packaging": "box"}}}
GROUND = {"code": "GND", "display_name": "Ground", "cost": {"currency": "USD", "amount": 4.5}}
EXPRESS = {
    "code": "EXP", "display_name": "Express", "cost": {"currency": "USD", "amount": 20},
    "discounted_cost": {"currency": "USD", "amount": 18}, "description": "By noon",
    "transit_time": {"units": "BUSINESS_DAYS", "duration": 1},
}  # fmt: skip


def rates(*quotes: Any, **more: Any) -> Answer:
    """An answer with these quotes."""
    body = {"quote_id": "q1", "messages": [], "carrier_quotes": [{"quotes": list(quotes)}], **more}
    return (200, json.dumps(body).encode(), {"content-type": "application/json"})


VALID = (200, b'{"valid": true, "messages": []}', {})


def register(shop: Shop, receiver: Receiver, **settings: Any) -> None:
    """A shipping provider, and the setting that lets it be on this machine."""
    url = f"{receiver.url}/ship"
    shop.change(settings={"providers": f"shipping:swift={url}", "providers.allow_private": True, **settings})


@pytest.fixture
def swift(shop: Shop, receiver: Receiver) -> Receiver:
    """A provider that is connected, with a zone where it is offered beside a flat rate."""
    register(shop, receiver)
    receiver.answer = lambda got: VALID if got.path.endswith("options") else rates(GROUND, EXPRESS)
    assert shop.post("/v2/shipping/carrier/connection", CONNECTION).status == 204
    shop.product(price=10, weight=2, width=3, height=4, depth=5, sku="HAM")
    zone(shop, SWIFT, FLAT)
    receiver.got.clear()
    return receiver


def asked(receiver: Receiver) -> list[Received]:
    """The requests for rates."""
    return [got for got in receiver.got if got.path == "/ship/rate"]


def test_a_connection_is_checked_with_its_values(shop: Shop, receiver: Receiver) -> None:
    register(shop, receiver)
    receiver.answer = lambda _got: VALID
    assert shop.post("/v2/shipping/carrier/connection", CONNECTION).status == 204
    (got,) = receiver.got
    assert got.path == "/ship/check_connection_options"
    assert got.json == {"connection_options": CONNECTION["connection"]}
    assert got.headers["x-bc-store-hash"] == shop.name


def test_values_that_the_provider_refuses_are_not_kept(shop: Shop, receiver: Receiver) -> None:
    register(shop, receiver)
    said = {"valid": False, "messages": [{"text": "No such account", "type": "ERROR"}]}
    receiver.answer = lambda _got: (200, json.dumps(said).encode(), {})
    reply = shop.post("/v2/shipping/carrier/connection", CONNECTION)
    assert (reply.status, reply.reason) == (400, "FIELD_INVALID")
    assert b"No such account" in reply.body
    assert shop.rows("carrier_connections") == 0


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"", {}),
        (200, b"no JSON", {}),
        (302, b"", {"location": "http://127.0.0.1:1/"}),
        (200, b'{"valid": 7}', {}),
    ],
)
def test_a_check_that_fails_connects_nothing(shop: Shop, receiver: Receiver, answer: Answer) -> None:
    register(shop, receiver)
    receiver.answer = lambda _got: answer
    assert shop.post("/v2/shipping/carrier/connection", CONNECTION).status == 400
    assert shop.rows("carrier_connections") == 0


def test_its_services_are_options(shop: Shop, swift: Receiver) -> None:
    assert offered(shop, (1, 1)) == {"Swift (Ground)": 4.5, "Swift (Express)": 18, "Flat": 7.5}


def test_a_request_has_what_the_contract_says(shop: Shop, swift: Receiver) -> None:
    shop.post("/v3/catalog/products/1/metafields", {
        "namespace": "shipping_carrier_swift", "key": "fragile", "value": "yes", "permission_set": "read",
    })  # fmt: skip
    shop.put("/v3/inventory/locations", [{"id": 1, "address": {
        "address1": "9 Dock Rd", "city": "Dallas", "state": "TX", "zip": "75201", "country_code": "US",
    }}])  # fmt: skip
    offered(shop, (1, 3))
    body = asked(swift)[-1].json
    base = body["base_options"]
    (item,) = base["items"]
    assert base["destination"]["zip"] == "78701"
    assert base["store_id"] == shop.name
    assert (item["sku"], item["quantity"], item["product_id"]) == ("HAM", 3, "1")
    assert item["weight"] == {"units": "oz", "value": 32}
    assert (item["length"], item["width"], item["height"]) == (
        {"units": "in", "value": 5}, {"units": "in", "value": 3}, {"units": "in", "value": 4},
    )  # fmt: skip
    assert item["discounted_price"] == {"currency": "USD", "amount": 10}
    assert [one["key"] for one in item["attributes"]] == ["fragile"]
    assert body["zone_options"] == {"packaging": "box"}
    assert body["connection_options"] == CONNECTION["connection"]
    assert (base["origin"]["zip"], base["origin"]["city"]) == ("75201", "Dallas")


def test_from_its_quote_to_the_order(shop: Shop, swift: Receiver) -> None:
    made = cart(shop, (1, 2))
    at = f"{PATH}/{made['id']}"
    done(shop.post(f"{at}/billing-address", ADDRESS))
    data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": ADDRESS, "line_items": items_of(made)}]))
    (one,) = data["consignments"]
    express = next(each for each in one["available_shipping_options"] if each["cost"] == 18)
    assert (express["transit_time"], express["additional_description"]) == ("1 business day", "By noon")
    data = done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": express["id"]}))
    assert (data["shipping_cost_total_ex_tax"], data["grand_total"]) == (18, 38)
    order = done(shop.post(f"{at}/orders"))["id"]
    placed = shop.get(f"/v2/orders/{order}").json
    assert (placed["shipping_cost_ex_tax"], placed["total_ex_tax"]) == ("18.0000", "38.0000")
    assert len(asked(swift)) == 1, "the same request is asked once, and its answer remembered"


FAILING: list[Answer] = [
    (500, b"", {}),
    (200, b"<html>", {}),
    (200, b'{"quote_id": "q", "messages": [], "carrier_quotes": [{"quotes": [{"code": "A"}]}]}', {}),
    (200, b"[" + b"1," * 600_000 + b"1]", {}),
    rates({**GROUND, "cost": {"currency": "USD", "amount": -1}}),
    rates({**GROUND, "cost": {"currency": "SEK", "amount": 40}}),
]


@pytest.mark.parametrize("answer", FAILING)
def test_where_it_fails_the_other_methods_remain(shop: Shop, swift: Receiver, answer: Answer) -> None:
    swift.answer = lambda _got: answer
    assert offered(shop, (1, 1)) == {"Flat": 7.5}


def test_a_fallback_takes_the_place_of_a_provider_that_fails(shop: Shop, swift: Receiver) -> None:
    shop.put("/v2/shipping/zones/1/methods/2", {"is_fallback": True})
    assert "Flat" not in offered(shop, (1, 1))
    swift.answer = lambda _got: (503, b"", {})
    assert offered(shop, (1, 2)) == {"Flat": 7.5}


def test_a_provider_that_hangs_is_waited_for_no_longer_than_is_set(shop: Shop, swift: Receiver) -> None:
    register(shop, swift, **{"providers.seconds": 1})
    swift.answer = lambda _got: __import__("time").sleep(8) or rates(GROUND)
    assert offered(shop, (1, 1)) == {"Flat": 7.5}


def test_an_answer_holds_as_long_as_it_says(shop: Shop, swift: Receiver) -> None:
    swift.answer = lambda _got: rates(GROUND, ttl=0)
    made = cart(shop, (1, 1))
    to = [{"address": ADDRESS, "line_items": items_of(made)}]
    done(shop.post(f"{PATH}/{made['id']}/consignments", to))
    for _ in range(2):
        done(shop.get(f"{PATH}/{made['id']}{INCLUDE}"))
    assert len(asked(swift)) == 2


def test_private_addresses_are_called_only_where_that_is_allowed(shop: Shop, swift: Receiver) -> None:
    register(shop, swift, **{"providers.allow_private": False})
    assert offered(shop, (1, 1)) == {"Flat": 7.5}
    assert not asked(swift)


def test_a_type_that_nobody_registered_is_refused(shop: Shop, swift: Receiver) -> None:
    reply = shop.post("/v2/shipping/zones/1/methods", {**SWIFT, "type": "slow"})
    assert (reply.status, reply.reason) == (400, "FIELD_INVALID")
    register(shop, swift, providers="")
    assert shop.put("/v2/shipping/zones/1/methods/1", {"name": "Swiftest"}).status == 200
    assert offered(shop, (1, 1)) == {"Flat": 7.5}


def test_its_account_must_be_there(shop: Shop, swift: Receiver) -> None:
    url = f"{swift.url}/ship"
    register(shop, swift, providers=f"shipping:swift@gone={url}")
    assert offered(shop, (1, 1)) == {"Flat": 7.5}
    client = next(iter(shop.server.run(shop.server.app.stores.get(shop.name)).by_client))
    register(shop, swift, providers=f"shipping:swift@{client}={url}")
    assert "Swift (Ground)" in offered(shop, (1, 1))


def test_other_writes_go_on_while_a_provider_is_asked(shop: Shop, swift: Receiver) -> None:
    """The writer is not held: the provider itself writes to the store before it answers."""

    def answer(_got: Received) -> Answer:
        return rates(GROUND)

    swift.answer = answer
    assert "Swift (Ground)" in offered(shop, (1, 1))


def test_the_journal_shows_the_exchange_without_secrets(shop: Shop, swift: Receiver) -> None:
    register(shop, swift, journal="full")
    offered(shop, (1, 1))
    swift.answer = lambda _got: (500, b"broken", {})
    offered(shop, (1, 2))
    found = shop.server.run(_journal(shop))
    good, bad = (next(one for one in found if bool(one.reason) is failed) for failed in (False, True))
    assert (good.method, good.path, good.status) == ("POST", "/ship/rate", 200)
    assert "sesame" not in repr(good)
    assert "A-1" not in repr(good)
    assert '"Ground"' in (good.answer_body or "")
    assert (bad.status, bad.reason, bad.answer_body) == (500, "PROVIDER_FAILED", "broken")


async def _journal(shop: Shop) -> list[Any]:
    sync = shop.server.app.journal_sync
    found = await sync.search(shop.name, limit=50, bodies=True)
    return [one for one in found if one.path == "/ship/rate"]
