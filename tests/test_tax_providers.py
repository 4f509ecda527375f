"""Tax providers: an app is asked what tax a checkout owes, and told of orders; both databases, real calls."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from receiver import Answer, Received, Receiver
from shop import Reply, Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of
from test_shipping_options import FLAT, zone

CONNECTION = "/v3/tax/providers/acme/connection"
ACCOUNT = {"username": "shop-7", "password": "open sesame"}


def taxed(one: Any, rate: float) -> Any:
    """An item of an answer at a rate, half of it for the state and half for the city."""
    amount = one["price"]["amount"]
    tax = round(amount * rate, 2)
    made = {
        "id": one["id"],
        "type": one["type"],
        "price": {
            "amount_exclusive": amount, "amount_inclusive": round(amount + tax, 2), "total_tax": tax, "tax_rate": rate,
            "sales_tax_summary": [
                {"name": "State", "rate": rate / 2, "amount": round(tax / 2, 2), "id": "1701",
                 "tax_class": {"class_id": "0", "name": "Goods", "code": "US"}},
                {"name": "City", "rate": rate / 2, "amount": round(tax - round(tax / 2, 2), 2)},
            ],
        },
    }  # fmt: skip
    if one.get("wrapping"):
        made["wrapping"] = taxed(one["wrapping"], rate)
    return made


def quoted(got: Received, rate: float = 0.25) -> Answer:
    """A right answer; nothing is said of what is voided."""
    if not got.body:
        return (200, b"", {})
    asked = got.json
    documents = [
        {
            "id": one["id"],
            "external_id": "x-1",
            "items": [taxed(each, rate) for each in one["items"]],
            "shipping": taxed(one["shipping"], rate),
            "handling": taxed(one["handling"], rate),
        }
        for one in asked["documents"]
    ]
    return (200, json.dumps({"id": asked["id"], "documents": documents}).encode(), {})


def register(shop: Shop, receiver: Receiver, **settings: Any) -> None:
    """A tax provider, and the setting that lets it be on this machine."""
    url = f"{receiver.url}/tax"
    shop.change(settings={"providers": f"tax:acme={url}", "providers.allow_private": True, **settings})


@pytest.fixture
def acme(shop: Shop, receiver: Receiver) -> Receiver:
    """A provider that is connected: a quarter of everything. The store's own rate is a tenth."""
    register(shop, receiver, **{"tax.rates": "0=10,2=10"})
    receiver.answer = quoted
    assert shop.put(CONNECTION, ACCOUNT).status == 200
    shop.product(price=10, weight=1, sku="HAM", upc="12345", product_tax_code="PC040100")
    zone(shop, FLAT)
    return receiver


def asked(receiver: Receiver, operation: str = "estimate") -> list[Received]:
    """The requests for an operation."""
    return [got for got in receiver.got if got.path.partition("?")[0] == f"/tax/{operation}"]


def sent(shop: Shop, *lines: tuple[int, int], choose: bool = True, **more: Any) -> Any:
    """A checkout with both addresses, and with the flat rate."""
    made = cart(shop, *(lines or ((1, 2),)), **more)
    at = f"{PATH}/{made['id']}"
    done(shop.post(f"{at}/billing-address", ADDRESS))
    data = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": ADDRESS, "line_items": items_of(made)}]))
    if not choose:
        return data
    (one,) = data["consignments"]
    option = one["available_shipping_options"][0]["id"]
    return done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))


def test_a_connection_never_shows_its_password(shop: Shop, receiver: Receiver) -> None:
    register(shop, receiver)
    empty = {
        "username": "",
        "configured": False,
        "profile": "",
        "target": {"country_codes": [], "subdivision_codes": []},
    }
    assert done(shop.get(CONNECTION)) == empty
    reply = shop.put(CONNECTION, {**ACCOUNT, "profile": "north"})
    assert reply.data == {**empty, "username": "shop-7", "configured": True, "profile": "north"}
    assert b"sesame" not in reply.body + shop.get(CONNECTION).body
    assert shop.put(CONNECTION, {"profile": ""}).data["configured"]
    assert shop.delete(CONNECTION).data["configured"] is False
    assert (shop.delete(CONNECTION).status, done(shop.get(CONNECTION))) == (404, empty)


REFUSED = [
    ("PUT", CONNECTION, {"username": 7}, 422),
    ("PUT", CONNECTION, {"username": "x" * 300}, 422),
    ("PUT", CONNECTION, [], 400),
    ("PUT", CONNECTION, {}, 200),
    ("PUT", "/v3/tax/providers/other/connection", ACCOUNT, 404),
    ("GET", "/v3/tax/providers/other/connection", None, 404),
    ("DELETE", "/v3/tax/providers/other/connection", None, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_a_bad_request_connects_nothing(
    shop: Shop, receiver: Receiver, method: str, path: str, body: Any, status: int
) -> None:
    register(shop, receiver)
    reply: Reply = shop.request(method, path, body)
    assert reply.status == status
    assert shop.rows("tax_provider_connections") == 0


def test_a_password_is_nowhere_in_the_store(acme: Receiver, shop: Shop) -> None:
    rows = shop.select("SELECT doc, rest FROM tax_provider_connections")
    assert b"sesame" not in b"".join(bytes(part) for row in rows for part in row if part is not None)


def test_nothing_is_asked_before_it_is_known_where_the_goods_go(shop: Shop, acme: Receiver) -> None:
    made = cart(shop, (1, 2))
    shop.get(f"{PATH}/{made['id']}")
    done(shop.post(f"{PATH}/{made['id']}/billing-address", ADDRESS))
    assert not acme.got


def test_a_checkout_owes_what_the_provider_says(shop: Shop, acme: Receiver) -> None:
    data = sent(shop)
    assert (data["subtotal_ex_tax"], data["subtotal_inc_tax"]) == (20, 25)
    assert (data["shipping_cost_total_ex_tax"], data["shipping_cost_total_inc_tax"]) == (7.5, 9.38)
    assert (data["tax_total"], data["grand_total"]) == (6.88, 34.38)
    assert {one["name"]: one["amount"] for one in data["taxes"]} == {"State": 3.44, "City": 3.44}


def test_a_request_has_what_the_contract_says(shop: Shop, acme: Receiver) -> None:
    data = sent(shop)
    first, last = asked(acme)[0], asked(acme)[-1]
    basic = base64.b64encode(b"shop-7:open sesame").decode()
    assert first.headers["authorization"] == f"Basic {basic}"
    assert first.headers["x-bc-store-hash"] == shop.name
    body = last.json
    (document,) = body["documents"]
    (item,) = document["items"]
    assert (body["id"], body["currency_code"]) == (data["id"], "USD")
    assert body["customer"] == {
        "customer_id": "0", "customer_group_id": "0", "taxability_code": "", "tax_properties": [],
    }  # fmt: skip
    assert item["price"] == {"amount": 20, "tax_inclusive": False}
    assert (item["quantity"], item["item_code"], item["item_reference"], item["type"]) == (2, "12345", "HAM", "item")
    assert item["tax_class"] == {"code": "PC040100", "class_id": "0", "name": "Default Tax Class"}
    assert (document["shipping"]["price"]["amount"], document["handling"]["price"]["amount"]) == (7.5, 0)
    assert document["destination_address"]["region_code"] == "TX"
    assert document["destination_address"]["postal_code"] == "78701"
    assert document["billing_address"]["line1"] == "1 Main St"
    assert document["origin_address"]["country_code"] == "US"


def test_the_same_request_is_asked_once(shop: Shop, acme: Receiver) -> None:
    data = sent(shop)
    before = len(acme.got)
    done(shop.put(f"{PATH}/{data['id']}", {"customer_message": "Quick"}))
    shop.get(f"{PATH}/{data['id']}")
    assert len(acme.got) == before


def test_a_discount_is_off_before_the_tax(shop: Shop, acme: Receiver) -> None:
    data = sent(shop)
    discounts = {"cart": {"discounts": [{"discounted_amount": 4, "name": "Kind"}]}}
    data = done(shop.post(f"{PATH}/{data['id']}/discounts", discounts))
    assert asked(acme)[-1].json["documents"][0]["items"][0]["price"]["amount"] == 16
    assert data["tax_total"] == 4 + 1.88


def test_prices_with_tax_say_so(shop: Shop, acme: Receiver) -> None:
    register(shop, acme, prices_include_tax=True)

    def contained(got: Received) -> Answer:
        status, body, headers = quoted(got, 0)
        answer = json.loads(body)
        price = answer["documents"][0]["items"][0]["price"]
        price.update(amount_inclusive=20, amount_exclusive=16, total_tax=4, tax_rate=0.25, sales_tax_summary=[
            {"name": "VAT", "rate": 0.25, "amount": 4}])  # fmt: skip
        return status, json.dumps(answer).encode(), headers

    acme.answer = contained
    data = sent(shop)
    assert asked(acme)[-1].json["documents"][0]["items"][0]["price"] == {"amount": 20, "tax_inclusive": True}
    assert (data["subtotal_inc_tax"], data["subtotal_ex_tax"]) == (20, 16)


def broken(change: Any) -> Any:
    """An answer with something wrong in its first item."""

    def answer(got: Received) -> Answer:
        status, body, headers = quoted(got)
        data = json.loads(body)
        change(data["documents"][0])
        return status, json.dumps(data).encode(), headers

    return answer


FAILING = [
    lambda _got: (500, b"", {}),
    lambda _got: (401, b"", {}),
    lambda _got: (200, b"{", {}),
    lambda _got: (307, b"", {"location": "/elsewhere"}),
    broken(lambda document: document["items"].clear()),
    broken(lambda document: document.update(id="another")),
    broken(lambda document: document["items"][0]["price"].update(total_tax=99)),
    broken(lambda document: document["items"][0]["price"].update(total_tax=-5, amount_inclusive=15)),
    broken(lambda document: document["items"][0]["price"].pop("tax_rate")),
]


@pytest.mark.parametrize("answer", FAILING)
def test_where_it_fails_the_stores_own_rates_hold(shop: Shop, acme: Receiver, answer: Any) -> None:
    acme.answer = answer
    assert (data := sent(shop))["tax_total"] == 2.75
    acme.answer = quoted
    assert done(shop.put(f"{PATH}/{data['id']}", {"customer_message": "Now?"}))["tax_total"] == 6.88


def test_its_deadline_ends_a_call(shop: Shop, acme: Receiver) -> None:
    register(shop, acme, **{"providers.seconds": 1})
    acme.answer = lambda got: __import__("time").sleep(6) or quoted(got)
    assert sent(shop, choose=False)["tax_total"] == 2


def test_without_a_connection_nothing_is_asked(shop: Shop, acme: Receiver) -> None:
    assert shop.delete(CONNECTION).status == 200
    assert sent(shop)["tax_total"] == 2.75
    assert not acme.got


def test_the_writer_is_free_while_a_provider_is_asked(shop: Shop, acme: Receiver) -> None:
    """No transaction is open: the store takes another write before the answer comes."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    loop = shop.server.runner.get_loop()
    wrote = []

    async def job(unit: Any) -> None:
        wrote.append(unit.now)

    def answer(got: Received) -> Answer:
        import asyncio

        asyncio.run_coroutine_threadsafe(store.write(job), loop).result(30)
        return quoted(got)

    acme.answer = answer
    assert sent(shop)["tax_total"] == 6.88
    assert len(wrote) == len(asked(acme))


def test_a_profile_is_part_of_the_address(shop: Shop, acme: Receiver) -> None:
    register(shop, acme, providers=f"tax:acme={acme.url}/{{profile}}/tax")
    assert sent(shop)["tax_total"] == 2.75
    assert not acme.got
    shop.put(CONNECTION, {"profile": "north"})
    assert sent(shop)["tax_total"] == 6.88
    assert acme.got[-1].path == "/north/tax/estimate"


@pytest.mark.parametrize(("strategy", "tax"), [("FIXED", 2.75), ("BASIC", 5.5)])
def test_a_fallback_is_what_the_tax_settings_say(shop: Shop, acme: Receiver, strategy: str, tax: float) -> None:
    register(shop, acme, **{"tax.rates": "0=20,2=20"})
    done(shop.put("/v3/tax/settings", {"fallback_strategy": strategy}))
    acme.answer = lambda _got: (500, b"", {})
    assert sent(shop)["tax_total"] == tax


def test_a_store_may_rather_not_sell_than_guess(shop: Shop, acme: Receiver) -> None:
    done(shop.put("/v3/tax/settings", {"fallback_strategy": "DISABLE"}))
    acme.answer = lambda _got: (500, b"", {})
    data = sent(shop)
    reply = shop.post(f"{PATH}/{data['id']}/orders")
    assert (reply.status, reply.reason) == (422, "FIELD_INVALID")
    acme.answer = quoted
    assert shop.post(f"{PATH}/{data['id']}/orders").status == 200


def test_tax_properties_go_with_goods_and_customers(shop: Shop, acme: Receiver) -> None:
    for code, kind in (("alcohol", "PRODUCT"), ("resale", "CUSTOMER")):
        made = shop.post("/v3/tax/properties", [{"code": code, "display_name": code, "type": kind}])
        assert made.status in (200, 201), made.body
    shop.put("/v3/tax/products/properties", [{"product_id": 1, "tax_properties": {"alcohol": "4.9"}}])
    ann = {"first_name": "Ann", "last_name": "Lee", "email": "ann@shop.test"}
    ann_id = shop.post("/v3/customers", [ann]).data[0]["id"]
    assert shop.put("/v3/tax/customers", [{"customer_id": ann_id, "tax_properties": {"resale": "R-1"}}]).status == 200
    sent(shop, customer_id=ann_id)
    body = asked(acme)[-1].json
    assert body["documents"][0]["items"][0]["tax_properties"] == [{"code": "alcohol", "value": "4.9"}]
    assert body["customer"]["tax_properties"] == [{"code": "resale", "value": "R-1"}]
    assert body["customer"]["customer_id"] == str(ann_id)
