"""What the checkout kit asks besides the published operations, right and wrong, on both databases."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from bodega.storefront.rest.serving import handler_of
from bodega.storefront.rest.table import MOUNTS
from browsing import Page
from test_panel_journal import told
from test_storefront_rest import ADDRESS, at, filled, line, page, sent

__all__ = ["page"]

INSIDE, GATEWAY = "/internalapi/v1", "/api/public/v1"
CARD = {"account_name": "Jane", "number": "4111111111111111", "month": 12, "year": 2039, "verification_value": "123"}


def with_password(page: Page) -> None:
    changed = [{"id": 1, "authentication": {"new_password": "secret-77", "force_password_reset": False}}]
    assert page.shop.put("/v3/customers", changed).status == 200


def place(page: Page, **body: Any) -> Any:
    return page.send("POST", "/checkout/order", body, base=INSIDE)


def pay(page: Page, token: str, card: Any = None) -> Any:
    body = {"payment": {"credit_card": card or CARD, "gateway": "x"}, "customer": {}, "order": {}}
    return page.send("POST", "/orders/payments", body, base=GATEWAY, authorization=token)


def test_every_operation_has_its_handler() -> None:
    operations = [one for _, some in MOUNTS.values() for one in some]
    assert len(operations) == 43
    assert all(callable(handler_of(one)) for one in operations)
    importlib.import_module("bodega.storefront.rest.kit")


def test_an_order_is_made_once_and_paid_once(page: Page) -> None:
    cart = filled(page)
    sent(page, cart)
    made = place(page, cartId=cart["id"])
    assert made.status == 200, made.body
    order, token = made.json["data"]["order"]["orderId"], made.headers["token"]
    again = place(page, cartId=cart["id"])
    assert again.json["data"]["order"]["orderId"] == order
    stranger = Page(page.shop)
    assert place(stranger, cartId="00000000-0000-4000-8000-000000000000").status == 404
    paid = pay(page, token)
    assert (paid.status, paid.json["status"]) == (200, "ok"), paid.body
    assert pay(page, token).json["transaction_id"] == paid.json["transaction_id"]
    assert pay(page, again.headers["token"]).status == 422
    shown = page.ask("GET", f"/orders/{order}?include=payments")
    assert (shown["status"], shown["isComplete"]) == ("AWAITING_FULFILLMENT", True)
    assert page.ask("POST", f"/checkout/order/{order}", base=INSIDE)["data"]["order"]["isComplete"] is True
    assert stranger.send("POST", f"/checkout/order/{order}", base=INSIDE).status == 404


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "Bearer x", "e30.e30.e30", "é"])
def test_a_forged_token_pays_nothing(page: Page, token: str) -> None:
    assert pay(page, token).status == 401


def test_a_declined_card_says_why(page: Page) -> None:
    cart = filled(page)
    sent(page, cart)
    token = place(page, cartId=cart["id"]).headers["token"]
    declined = pay(page, token, {**CARD, "number": "4000000000000002"})
    assert (declined.status, declined.json["type"]) == (422, "payment_declined")
    assert pay(page, token, {**CARD, "number": "4111"}).status == 422
    assert pay(page, token, {**CARD, "month": 13}).status == 422
    assert page.send("POST", "/orders/payments", {"payment": {}}, base=GATEWAY, authorization=token).status == 422
    assert pay(page, token).status == 200


def test_where_the_test_gateway_is_off_no_card_pays(page: Page) -> None:
    cart = filled(page)
    sent(page, cart)
    token = place(page, cartId=cart["id"]).headers["token"]
    page.shop.change(settings={"payments.test": False})
    assert page.ask("GET", "/payments") == []
    off = pay(page, token)
    assert (off.status, off.json["type"]) == (422, "payment_state")
    body = {"payment": {"instrument": {"type": "card", "cardholder_name": "J", "number": "4111111111111111",
                                       "expiry_month": 12, "expiry_year": 2039},
                        "payment_method_id": "bigcommerce.card"}}  # fmt: skip
    directly = page.shop.post("/payments", body, token="", headers={"authorization": f"PAT {token}"})
    assert 400 <= directly.status < 500
    page.shop.change(settings={"payments.test": True})
    assert pay(page, token).status == 200


def test_an_order_is_shown_after_the_browser_begins_another_cart(page: Page) -> None:
    cart = filled(page)
    sent(page, cart)
    order = place(page, cartId=cart["id"]).json["data"]["order"]["orderId"]
    assert filled(page)["id"] != cart["id"]
    assert page.send("GET", f"/orders/{order}").status == 200


def test_a_checkout_that_is_not_whole_makes_no_order(page: Page) -> None:
    cart = filled(page)
    refused = place(page, cartId=cart["id"])
    assert refused.status == 422
    assert "billingAddress" in refused.json["fields"]
    page.ask("POST", at(cart, "/billing-address"), {"email": "jane@example.com"})
    assert page.ask("GET", at(cart))["billingAddress"]["email"] == "jane@example.com"
    assert "billingAddress" in place(page, cartId=cart["id"]).json["fields"], "an e-mail address alone is no address"


def test_a_customer_signs_in_and_out(page: Page) -> None:
    with_password(page)
    cart = filled(page)
    said = {"email": "jane@example.com", "password": "secret-77"}
    assert page.send("POST", "/checkout/customer", {**said, "password": "no"}, base=INSIDE).status == 401
    assert page.send("POST", "/checkout/customer", {"email": "x"}, base=INSIDE).status == 422
    made = page.ask("POST", "/checkout/customer", said, base=INSIDE)
    assert made["data"]["customer"]["customerId"] == 1
    shown = page.ask("GET", at(cart, "?include=customer"))
    assert (shown["customer"]["isGuest"], shown["cart"]["customerId"]) == (False, 1)
    session = page.cookies["SHOP_SESSION_TOKEN"]
    book = page.ask("POST", "/customer-address", ADDRESS)
    assert book["addresses"][0]["city"] == "Austin"
    page.ask("DELETE", "/checkout/customer", base=INSIDE)
    assert "SHOP_SESSION_TOKEN" not in page.cookies
    page.cookies["SHOP_SESSION_TOKEN"] = session
    assert page.send("GET", at(cart)).status == 404, "a session that has ended is worth nothing"
    assert page.send("POST", "/customer-address", ADDRESS).status == 401


def test_passwords_are_not_guessed(page: Page) -> None:
    with_password(page)
    said = {"email": "jane@example.com", "password": "wrong-11"}
    tries = [page.send("POST", "/checkout/customer", said, base=INSIDE) for _ in range(12)]
    assert [one.status for one in tries[:10]] == [401] * 10
    assert tries[-1].status == 429
    assert tries[-1].headers["retry-after"]


def test_codes_of_gift_certificates_are_not_guessed(page: Page) -> None:
    cart = filled(page)
    tries = [page.send("POST", at(cart, "/gift-certificates"), {"giftCertificateCode": f"G-{n}"}) for n in range(22)]
    assert [one.status for one in tries[:20]] == [404] * 20
    assert (tries[-1].status, tries[-1].json["type"]) == (429, "password_guessed")
    page.shop.freeze(1_900_000_000 + 3_601)
    assert page.send("POST", at(cart, "/gift-certificates"), {"giftCertificateCode": "G"}).status == 404


def test_a_guest_with_an_account_is_asked_to_sign_in_where_the_shop_wants_it(page: Page) -> None:
    cart = filled(page)
    assert page.send("POST", at(cart, "/billing-address"), ADDRESS).status == 200
    wanted = {"guest_checkout_for_existing_accounts": "require_login"}
    assert page.shop.put("/v3/checkouts/settings/channels/1", wanted).status == 200
    known = page.send("POST", at(cart, "/billing-address"), ADDRESS)
    assert known.status == 403
    assert page.send("POST", at(cart, "/billing-address"), {**ADDRESS, "email": "new@example.com"}).status == 200
    page.sign_in(1)
    own = filled(page)
    assert page.send("POST", at(own, "/billing-address"), ADDRESS).status == 200


def test_settings_countries_and_ways_to_pay(page: Page) -> None:
    cart = filled(page)
    told = page.ask("GET", "/checkout-settings")
    assert told["context"]["checkoutId"] == cart["id"]
    assert told["storeConfig"]["currency"]["code"] == "USD"
    assert told["storeConfig"]["paymentSettings"]["bigpayBaseUrl"] == f"https://{page.host}"
    (method,) = page.ask("GET", "/payments")
    assert page.ask("GET", f"/payments/{method['id']}") == method
    assert page.send("GET", "/payments/nothing").status == 404
    assert len(page.ask("GET", "/store/countries", base=INSIDE)["data"]) > 200
    assert [one["code"] for one in page.ask("GET", "/shipping/countries", base=INSIDE)["data"]] == ["US"]


def test_requests_are_in_the_journal_without_what_is_secret(page: Page) -> None:
    with_password(page)
    page.send("POST", "/checkout/customer", {"email": "jane@example.com", "password": "secret-77"}, base=INSIDE)
    cart = filled(page)
    sent(page, cart)
    token = place(page, cartId=cart["id"]).headers["token"]
    pay(page, token)
    page.send("POST", "/carts", {"lineItems": [line(99)]})
    kept = told(page.shop).entries
    noted = {(one.method, one.path, one.status) for one in kept}
    assert {("POST", "/api/storefront/carts", 200), ("POST", "/api/storefront/carts", 422)} <= noted
    assert ("POST", f"{GATEWAY}/orders/payments", 200) in noted
    for secret in ("secret-77", token, CARD["number"], page.cookies["SHOP_SESSION_TOKEN"], page.cookies["XSRF-TOKEN"]):
        assert str(secret) not in str(kept), secret
