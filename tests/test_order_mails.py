"""The e-mail that confirms an order: once, to its shopper, by the store's template."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.domain import mail_text
from shop import Shop
from test_hosted_checkout import ADDRESS, CARD, DECLINED, arrived, orders, up_to_payment
from test_hosted_checkout import window as stocked

__all__ = ["stocked"]
TYPE = "invoice_email"


def mails(shop: Shop) -> list[Any]:
    return [one for one in shop.get("/v3/outbox").data or [] if one["type_id"] == TYPE]


def bought(shop: Shop, *items: tuple[int, int]) -> int:
    """The number of an order that was paid in the shop."""
    visitor = arrived(shop, *items)
    up_to_payment(visitor)
    assert mails(shop) == []
    visitor.submit("/checkout/payment", **DECLINED)
    assert mails(shop) == [], "what was declined is no order"
    visitor.submit("/checkout/payment", **CARD)
    return int(orders(shop)[0]["id"])


def test_an_order_is_confirmed_to_its_shopper_once(stocked: Shop) -> None:
    order = bought(stocked, (1, 2), (2, 1))
    (mail,) = mails(stocked)
    assert (mail["recipient"], mail["channel_id"]) == ("jane@example.com", 1)
    assert str(order) in mail["subject"]
    for part in ("Hello Jane Doe,", f"your order {order} at", "2 x Hammer: 20.00", "1 x Saw: 20.00", "48.00 USD"):
        assert part in mail["body"], part
    for status in (2, 0, 11, 10):
        assert stocked.put(f"/v2/orders/{order}", {"status_id": status}).status == 200
    assert len(mails(stocked)) == 1, "set back by hand and placed again, it is not told again"


def test_the_template_of_the_store_says_it_and_that_of_the_channel_before(stocked: Shop) -> None:
    at = f"/v3/marketing/email-templates/{TYPE}"
    body = {"subject": "Nr. {{order.id}}", "body": "{{#each order.items}}{{sku}}|{{/each}}{{order.total}}",
            "translations": []}  # fmt: skip
    assert stocked.put(f"{at}?channel_id=1", body).status == 200
    order = bought(stocked, (1, 1))
    (mail,) = mails(stocked)
    assert (mail["subject"], mail["body"]) == (f"Nr. {order}", "|13.00")


def test_what_shoppers_write_is_no_markup_in_the_mail(stocked: Shop) -> None:
    visitor = arrived(stocked, (1, 1))
    visitor.submit("/checkout/customer", email="jane@example.com")
    evil = {**ADDRESS, "firstName": "<script>x", "lastName": "{{store.url}}"}
    visitor.submit("/checkout/shipping", **evil)
    visitor.submit("/checkout/shipping")
    visitor.submit("/checkout/payment", **CARD)
    (mail,) = mails(stocked)
    assert "&lt;script&gt;x {{store.url}}" in mail["body"]
    assert len(mail["body"]) < mail_text.MOST_BYTES


def test_orders_of_apps_and_of_no_checkout_are_not_confirmed(stocked: Shop) -> None:
    billing = {"first_name": "J", "last_name": "D", "email": "j@example.com", "zip": "78701", "country_iso2": "US"}
    body = {"billing_address": billing, "products": [{"product_id": 1, "quantity": 1}], "status_id": 0}
    order = stocked.post("/v2/orders", body).json["id"]
    assert stocked.put(f"/v2/orders/{order}", {"status_id": 11}).status == 200
    assert mails(stocked) == []


@pytest.mark.parametrize("status", [4, 5, 6])
def test_what_was_never_an_order_is_not_confirmed(stocked: Shop, status: int) -> None:
    visitor = arrived(stocked, (1, 1))
    up_to_payment(visitor)
    cart = visitor.cookies["cartId"]
    order = stocked.post(f"/v3/checkouts/{cart}/orders").data["id"]
    assert stocked.put(f"/v2/orders/{order}", {"status_id": status}).status == 200
    assert mails(stocked) == []
