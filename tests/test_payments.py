"""Payments of orders: access tokens, accepted methods, test instruments, on both databases."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bodega import masking
from shop import Reply, Shop

BUYER = {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com", "zip": "78701", "country_iso2": "US"}
GOOD = "4111111111111111"
ACCEPT = "application/vnd.bc.v1+json"


@pytest.fixture
def goods(shop: Shop) -> Shop:
    """A product at 10, and a customer with 4 of store credit."""
    shop.product()
    made = shop.post("/v2/customers", {"first_name": "J", "last_name": "D", "email": "j@example.com",
                                       "store_credit": "4"})  # fmt: skip
    assert made.status in (200, 201), made.body
    return shop


def ordered(shop: Shop, quantity: int = 1, **more: Any) -> int:
    """An order that awaits its payment."""
    body = {"billing_address": BUYER, "products": [{"product_id": 1, "quantity": quantity}], "status_id": 0, **more}
    return int(shop.post("/v2/orders", body).json["id"])


def token(shop: Shop, order: int) -> str:
    """An access token for the order."""
    made = shop.post("/v3/payments/access_tokens", {"order": {"id": order}})
    assert made.status == 201, made.body
    return str(made.data["id"])


def card(number: str = GOOD, **more: Any) -> dict[str, Any]:
    """A payment by card."""
    instrument = {
        "type": "card", "cardholder_name": "Jane Doe", "number": number, "expiry_month": 12, "expiry_year": 2040,
        "verification_value": "123",
    }  # fmt: skip
    return {"payment": {"instrument": instrument, "payment_method_id": "testgateway.card", **more}}


def pay(shop: Shop, pat: str, body: Any) -> Reply:
    """POST of a payment."""
    headers = {"Authorization": f"PAT {pat}", "Accept": ACCEPT}
    return shop.request("POST", "/payments", body, headers=headers, token="")


def transactions(shop: Shop, order: int) -> Any:
    """Those of an order."""
    return shop.get(f"/v3/orders/{order}/transactions").data


def test_a_card_pays_an_order(goods: Shop) -> None:
    order = ordered(goods, 3)
    goods.watch()
    reply = pay(goods, token(goods, order), card())
    assert (reply.status, reply.data["transaction_type"], reply.data["status"]) == (201, "purchase", "success")
    (made,) = transactions(goods, order)
    assert (made["event"], made["method"], made["gateway"], made["amount"]) == (
        "purchase", "credit_card", "testgateway", 30,
    )  # fmt: skip
    assert made["credit_card"] == {
        "card_type": "visa", "card_iin": "411111", "card_last4": "1111", "card_expiry_month": 12,
        "card_expiry_year": 2040,
    }  # fmt: skip
    assert str(made["id"]) == reply.data["id"]
    shown = goods.get(f"/v2/orders/{order}").json
    assert (shown["status_id"], shown["payment_method"], shown["payment_status"]) == (
        11, "Test Payment Gateway", "captured",
    )  # fmt: skip
    assert goods.get("/v3/catalog/products/1").data["total_sold"] == 3
    scopes = [scope for scope, _ in goods.events()]
    assert "store/order/transaction/created" in scopes
    assert "store/order/statusUpdated" in scopes


def test_a_token_pays_once(goods: Shop) -> None:
    """Sent again, it answers with the same transaction; another token of a paid order pays nothing."""
    order = ordered(goods)
    first, second = token(goods, order), token(goods, order)
    one = pay(goods, first, card())
    assert pay(goods, first, card()).data == one.data
    late = pay(goods, second, card())
    assert (late.status, late.reason) == (422, "PAYMENT_STATE")
    assert len(transactions(goods, order)) == 1
    again = goods.post("/v3/payments/access_tokens", {"order": {"id": order}})
    assert (again.status, again.reason) == (422, "PAYMENT_STATE")
    assert goods.post("/v3/payments/access_tokens", {"order": {"id": 99}}).status == 404


DECLINED = [
    ("4000000000000002", "declined"),
    ("4000 0000 0000 9995", "insufficient_funds"),
    ("4000000000000069", "expired_card"),
    ("4000000000000127", "incorrect_cvc"),
]


@pytest.mark.parametrize(("number", "code"), DECLINED)
def test_a_declined_card_pays_nothing(goods: Shop, number: str, code: str) -> None:
    order = ordered(goods)
    pat = token(goods, order)
    reply = pay(goods, pat, card(number))
    assert (reply.status, reply.reason, reply.json["details"]["decline_code"]) == (422, "PAYMENT_DECLINED", code)
    assert transactions(goods, order) == []
    assert pay(goods, pat, card()).status == 201


def test_a_card_may_need_confirmation(goods: Shop) -> None:
    order = ordered(goods)
    reply = pay(goods, token(goods, order), card("4000002500003155"))
    assert (reply.status, reply.data["status"]) == (201, "pending")
    assert [one["event"] for one in transactions(goods, order)] == ["pending"]
    assert goods.get(f"/v2/orders/{order}").json["status_id"] == 7


REFUSED: list[tuple[dict[str, Any], str]] = [
    (card("4111111111111112"), "payment.instrument.number"),
    (card("") , "payment.instrument.number"),
    (card(payment_method_id="cod"), "payment.payment_method_id"),
    ({"payment": {"instrument": {"type": "stored_card", "token": "x" * 64}, "payment_method_id": "testgateway.card"}},
     "payment.instrument.token"),
    ({"payment": {"instrument": {"type": "gift_certificate"}, "payment_method_id": "bigcommerce.gift_certificate"}},
     "payment.instrument.gift_certificate_code"),
    ({}, "payment"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_a_bad_payment_is_refused(goods: Shop, body: Any, field: str) -> None:
    order = ordered(goods)
    reply = pay(goods, token(goods, order), body)
    assert (reply.status, list(reply.json["errors"])) == (422, [field])


def test_gift_certificate_store_credit_and_card_share_an_order(goods: Shop) -> None:
    gift = {"to_name": "A", "to_email": "a@example.com", "from_name": "B", "from_email": "b@example.com", "amount": "5",
            "code": "GIFT"}  # fmt: skip
    assert goods.post("/v2/gift_certificates", gift).status in (200, 201)
    order = ordered(goods, customer_id=1)
    certificate = {"instrument": {"type": "gift_certificate", "gift_certificate_code": "gift"},
                   "payment_method_id": "bigcommerce.gift_certificate"}  # fmt: skip
    credit = {"instrument": {"type": "store_credit"}, "payment_method_id": "bigcommerce.store_credit"}
    for body in (certificate, credit):
        assert pay(goods, token(goods, order), {"payment": body}).status == 201
        assert goods.get(f"/v2/orders/{order}").json["status_id"] == 0
    assert pay(goods, token(goods, order), {"payment": credit}).reason == "PAYMENT_DECLINED"
    assert pay(goods, token(goods, order), card()).status == 201
    assert [one["amount"] for one in transactions(goods, order)] == [5, 4, 1]
    assert transactions(goods, order)[0]["gift_certificate"]["remaining_balance"] == 0
    assert goods.get("/v2/gift_certificates/1").json["balance"] == "0.0000"
    assert goods.get("/v2/customers/1").json["store_credit"] == "0.0000"
    assert goods.get(f"/v2/orders/{order}").json["status_id"] == 11


def test_a_card_can_be_stored(goods: Shop) -> None:
    order = ordered(goods, customer_id=1)
    assert pay(goods, token(goods, order), card("5555555555554444", save_instrument=True)).status == 201
    (kept,) = goods.get("/v3/customers/1/stored-instruments").json
    assert (kept["brand"], kept["last_4"], kept["is_default"], len(kept["token"])) == ("MASTERCARD", "4444", True, 64)
    other = ordered(goods, customer_id=1)
    (method, *_) = goods.get(f"/v3/payments/methods?order_id={other}").data
    assert [one["token"] for one in method["stored_instruments"]] == [kept["token"]]
    body = {"payment": {"instrument": {"type": "stored_card", "token": kept["token"]},
                        "payment_method_id": method["id"]}}  # fmt: skip
    assert pay(goods, token(goods, other), body).status == 201
    stranger = ordered(goods)
    assert pay(goods, token(goods, stranger), body).status == 422


def test_only_an_access_token_pays(goods: Shop) -> None:
    order = ordered(goods)
    pat = token(goods, order)
    assert goods.request("POST", "/payments", card()).status == 401
    head, payload, signature = pat.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    said["order_id"] = 99
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    for wrong in ("", "x.y.z", f"{head}.{forged}.{signature}", f"{pat}x"):
        assert pay(goods, wrong, card()).status == 401
    elsewhere = goods.request("GET", "/v2/orders", headers={"Authorization": f"PAT {pat}"}, token="")
    assert elsewhere.status == 401


def test_accepted_methods(goods: Shop) -> None:
    order = ordered(goods)
    assert [one["id"] for one in goods.get(f"/v3/payments/methods?order_id={order}").data] == [
        "testgateway.card", "bigcommerce.gift_certificate", "bigcommerce.store_credit",
    ]  # fmt: skip
    made = goods.post("/v3/carts", {"line_items": [{"product_id": 1, "quantity": 1}]}).data["id"]
    assert goods.get(f"/v3/payments/methods?checkout_id={made}").status == 200
    assert goods.get("/v3/payments/methods").status == 422
    assert goods.get("/v3/payments/methods?order_id=99").status == 404


def test_card_numbers_are_masked() -> None:
    body = json.dumps(card("4111 1111 1111 1111"))
    for sent in (body, body[:-5]):
        shown = masking.body(sent, "application/json")
        assert "4111" not in shown
        assert "123" not in shown
    assert '"number": 7' in masking.body('{"number": 7}', "application/json")


def test_nothing_of_a_card_is_kept(goods: Shop) -> None:
    """Neither in the store's database nor in its journal."""
    order = ordered(goods, customer_id=1)
    assert pay(goods, token(goods, order), card(save_instrument=True)).status == 201
    for table in ("orders", "order_transactions", "stored_instruments", "payment_access_tokens"):
        for (doc,) in goods.select(f"SELECT doc FROM {table}"):
            assert GOOD.encode() not in bytes(doc)


def guess(code: str) -> dict[str, Any]:
    """A payment by a gift certificate."""
    instrument = {"type": "gift_certificate", "gift_certificate_code": code}
    return {"payment": {"instrument": instrument, "payment_method_id": "bigcommerce.gift_certificate"}}


def test_codes_of_gift_certificates_are_not_guessed_by_paying(goods: Shop) -> None:
    goods.freeze(1_900_000_000)
    gift = {"code": "GIFT", "amount": 5, "balance": 5, "to_name": "A", "to_email": "a@example.com", "from_name": "B",
            "from_email": "b@example.com", "status": "active"}  # fmt: skip
    assert goods.post("/v2/gift_certificates", gift).status in (200, 201)
    order, other = ordered(goods, 3), ordered(goods)
    pat = token(goods, order)
    tries = [pay(goods, pat if n % 2 else token(goods, order), guess(f"G-{n}")) for n in range(21)]
    assert [one.status for one in tries] == [422] * 20 + [429]
    assert (tries[-1].reason, tries[-1].headers["retry-after"]) == ("PASSWORD_GUESSED", "3600")
    assert pay(goods, pat, guess("GIFT")).status == 429, "a right code tells nothing any more, either"
    assert pay(goods, token(goods, other), guess("GIFT")).status == 201
    assert pay(goods, pat, card()).status == 201, "a card still pays"
    third = ordered(goods)
    goods.freeze(1_900_000_000 + 3_601)
    assert pay(goods, token(goods, third), guess("G")).status == 422


def test_wrong_codes_of_many_orders_are_counted_by_the_network_address(goods: Shop) -> None:
    from bodega.resources.marketing import gift_certificate_codes as codes

    counted = codes.of_payment(1, "192.0.2.7")
    assert [one.most for one in counted] == [codes.MOST_CODES, codes.MOST_OF_SERVERS]
    assert codes.of_payment(2, "192.0.2.7")[1] == counted[1] != codes.of_payment(1, "192.0.2.8")[1]
    assert codes.Guesser.of_address("192.0.2.7").name == counted[1].name, "as at every other place"
