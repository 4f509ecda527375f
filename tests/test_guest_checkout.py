"""Who may order without signing in, as the settings of the checkout say: by GraphQL, REST and pages alike."""

from __future__ import annotations

from typing import Any

import pytest

from browsing import Page
from shop import Shop
from storefront import Window
from test_hosted_checkout import CARD, arrived, orders, up_to_payment
from test_storefront_carts import create, line
from test_storefront_checkouts import ADDRESS, complete, mutation, refused, sent

SETTINGS = "/v3/checkouts/settings/channels/1"
JANE = "jane@example.com"
EXISTING = {"guest_checkout_for_existing_accounts": "require_login"}
NOBODY = {"guest_checkout_type": "disabled"}


@pytest.fixture
def window(shop: Shop) -> Window:
    """A product, a way of shipping, and a customer who can sign in."""
    window = Window(shop)
    shop.product("Hammer", price=10, weight=1)
    zone = {"name": "US", "type": "country", "locations": [{"country_iso2": "US"}]}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    method = {"name": "Flat", "type": "perorder", "settings": {"rate": 8}}
    assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    person = {"email": JANE, "first_name": "Jane", "last_name": "Doe", "authentication": {"new_password": "secret-123"}}
    assert shop.post("/v3/customers", [person]).status == 200
    return window


def put(shop: Shop, said: dict[str, Any]) -> None:
    assert shop.put(SETTINGS, said).status == 200


def completed(window: Window, checkout: str, **headers: str) -> str:
    """The refusal of an order, empty if it is made."""
    query = mutation("completeCheckout", "{ orderEntityId }")
    return window.message(query, {"input": {"checkoutEntityId": checkout}}, **headers)


def test_queries_ask_the_owner_of_an_account_to_sign_in(window: Window) -> None:
    before = sent(window, create(window, line(1)))["entityId"]
    put(window.shop, EXISTING)
    assert "its owner must sign in" in completed(window, before)  # named before the shop wanted it
    made = create(window, line(1))["entityId"]
    billing = {"address": ADDRESS}
    assert refused(window, "addCheckoutBillingAddress", made, billing).startswith("SCOPE_MISSING: An account has")
    with_billing = {"lineItems": [line(1)], "billingAddress": {**ADDRESS, "email": JANE.upper()}}
    assert "its owner must sign in" in window.message(mutation("createCheckout"), {"input": with_billing})
    other = {"address": {**ADDRESS, "email": "new@example.com"}}
    assert refused(window, "addCheckoutBillingAddress", made, other) == ""
    assert refused(window, "addCheckoutBillingAddress", made, billing).startswith("SCOPE_MISSING")
    assert orders(window.shop) == []
    jane = window.signed_in(1)
    own = create(window, line(1), headers=jane)
    assert complete(window, sent(window, own, headers=jane)["entityId"], **jane)["orderEntityId"]


def test_queries_take_no_orders_of_guests_where_there_are_none(window: Window) -> None:
    put(window.shop, NOBODY)
    guest = sent(window, create(window, line(1)))["entityId"]
    assert completed(window, guest).startswith("SCOPE_MISSING: This shop takes orders of customers alone")
    assert orders(window.shop) == []
    put(window.shop, {"guest_checkout_type": "enabled"})
    assert complete(window, guest)["orderEntityId"]
    put(window.shop, NOBODY)
    assert completed(window, guest) == ""  # what is ordered stays ordered
    jane = window.signed_in(1)
    own = create(window, line(1), headers=jane)
    assert complete(window, sent(window, own, headers=jane)["entityId"], **jane)["orderEntityId"]


def test_rest_takes_no_orders_of_guests_either(window: Window) -> None:
    page = Page(window.shop)
    cart = page.ask("POST", "/carts", {"lineItems": [{"productId": 1, "quantity": 1}]})
    put(window.shop, NOBODY)
    body = {"cartId": cart["id"]}
    guest = page.send("POST", "/checkout/order", body, base="/internalapi/v1")
    assert (guest.status, guest.json["type"]) == (403, "scope_missing")
    assert orders(window.shop) == []


def test_the_checkout_page_asks_the_owner_of_an_account_to_sign_in(window: Window) -> None:
    shop = window.shop
    put(shop, EXISTING)
    visitor = arrived(shop, (1, 1))
    page = visitor.submit("/checkout/customer", email=JANE)
    assert (visitor.reply.status, "its owner must sign in" in page.text) == (422, True)
    assert b'aria-describedby="email-fault"' in visitor.reply.body or b"aria-invalid" in visitor.reply.body
    up_to_payment_as(visitor, "new@example.com")
    assert visitor.submit("/checkout/payment", **CARD).text
    assert [one["billing_address"]["email"] for one in orders(shop)] == ["new@example.com"]


def up_to_payment_as(visitor: Any, email: str) -> None:
    visitor.submit("/checkout/customer", email=email)
    from test_hosted_checkout import ADDRESS as TYPED

    visitor.submit("/checkout/shipping", **TYPED)
    visitor.submit("/checkout/shipping")


def test_a_checkout_that_was_begun_with_the_address_of_an_account_ends_at_the_payment(window: Window) -> None:
    visitor = arrived(window.shop, (1, 1))
    up_to_payment(visitor)
    put(window.shop, EXISTING)
    page = visitor.submit("/checkout/payment", **CARD)
    assert (visitor.reply.status, "its owner must sign in" in page.text) == (422, True)
    assert orders(window.shop) == []


def test_the_checkout_page_has_guests_sign_in_where_there_are_none(window: Window) -> None:
    shop = window.shop
    visitor = arrived(shop, (1, 1))
    up_to_payment(visitor)
    put(shop, NOBODY)
    page = visitor.get("/checkout?step=payment")
    assert "Sign in to check out" in page.text
    assert "/login.php?from=/checkout" in page.links
    assert all(form["action"] != "/checkout/payment" for form in page.forms)
    for action in ("customer", "shipping", "billing", "options", "codes", "payment"):
        page = visitor.post(f"/checkout/{action}", {**CARD, "email": "new@example.com"})
        assert (visitor.reply.status, "customers alone" in page.text) == (422, True)
    assert orders(shop) == []
    visitor.get("/login.php?from=/checkout")
    visitor.submit("/login.php", login_email=JANE, login_pass="secret-123")
    assert visitor.at == "/checkout"
    visitor.submit("/checkout/payment", **CARD)
    assert [one["customer_id"] for one in orders(shop)] == [1]
