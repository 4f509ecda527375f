"""Gateways: the example of Stripe's API shape against its double, as processes; no order twice, none paid twice."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bodega.storefront import gateways
from browsing_pages import Visitor
from shop import Shop
from storefront import NOW
from test_customer_login import SECRET, app
from test_hosted_checkout import DONE, arrived, orders, up_to_payment
from test_hosted_checkout import window as window

EXAMPLE = Path(__file__).parent.parent / "examples" / "payment_gateway"


@contextmanager
def running(name: str, *options: str, **environment: str) -> Iterator[str]:
    """A file of the example in a process of its own; its address."""
    command = [sys.executable, str(EXAMPLE / name), "--port", "0", *options]
    given = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=given) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(30)


class Stripe(NamedTuple):
    """The double, asked as its pages and tests do."""

    url: str

    def ask(self, path: str, fields: dict[str, str] | None = None) -> Any:
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", data), timeout=30) as reply:
            return json.loads(reply.read())

    def payments(self) -> list[tuple[str, int]]:
        return [(one["status"], one["amount"]) for one in self.ask("/double/payments")["payments"]]

    def lose(self, path: str) -> None:
        """Drops the next answer to such a path."""
        self.ask(f"/double/lose?path={path}", {})

    def pay(self, url: str, number: str) -> str:
        """Where the page leads back to; empty if the card is declined."""

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_facts: Any) -> None:
                return None

        opener = urllib.request.build_opener(Stay)
        try:
            opener.open(url, urllib.parse.urlencode({"number": number}).encode(), timeout=30).close()
        except urllib.error.HTTPError as error:
            back = str(error.headers["location"])
            error.close()
            return "/" + back.partition("//")[2].partition("/")[2]
        return ""


@pytest.fixture
def stripe(window: Shop) -> Iterator[Stripe]:
    with running("stripe_double.py") as double, running("gateway.py", "--api", double, STRIPE_KEY="sk_test") as own:
        window.change(settings={"providers": f"payment:stripe={own}", "providers.allow_private": True})
        yield Stripe(double)


def to_pay(window: Shop) -> tuple[Visitor, str]:
    """A browser that is led to the gateway, and where it is led."""
    visitor = arrived(window, (1, 2))
    up_to_payment(visitor)
    visitor.submit("/checkout/payment", method="stripe.card")
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', visitor.reply.body.decode())
    assert found is not None, visitor.page.text
    return visitor, found[1]


def settled(window: Shop, seconds: int = 0) -> None:
    """What the server does by itself, so much later."""
    window.freeze(NOW + seconds)

    async def work() -> None:
        store = await window.server.app.stores.get(window.name)
        assert store is not None
        await gateways.settle_due(window.server.app._api._app, store)

    window.server.run(work())


def test_a_shopper_pays_on_the_page_of_the_gateway(window: Shop, stripe: Stripe) -> None:
    visitor, url = to_pay(window)
    assert orders(window) == []
    back = stripe.pay(url, "4242 4242 4242 4242")
    assert stripe.payments() == [("requires_capture", 2600)]
    page = visitor.get(back)
    assert visitor.at == DONE, page.text
    (made,) = orders(window)
    assert (made["status"], made["total_inc_tax"], made["payment_method"]) == (
        "Awaiting Fulfillment", "26.0000", "stripe",
    )  # fmt: skip
    assert stripe.payments() == [("succeeded", 2600)]
    told = window.get(f"/v3/orders/{made['id']}/transactions").data
    assert [(one["event"], one["gateway"], one["amount"], one["test"]) for one in told] == [
        ("pending", "stripe", 26, False), ("purchase", "stripe", 26, False),
    ]  # fmt: skip
    visitor.get(back)
    assert len(orders(window)) == 1
    assert len(window.get(f"/v3/orders/{made['id']}/transactions").data) == 2


def test_a_declined_card_and_a_shopper_who_comes_back_keep_the_cart(window: Shop, stripe: Stripe) -> None:
    visitor, url = to_pay(window)
    assert stripe.pay(url, "4000000000000002") == ""
    attempt = window_attempt(window)
    page = visitor.get(f"/checkout/paid?attempt={attempt}")
    assert "The payment was not made. Nothing was ordered." in page.text
    assert "How do you pay?" in page.text
    assert orders(window) == []
    visitor.submit("/checkout/payment", method="stripe.card")
    assert url in visitor.reply.body.decode()  # the same payment goes on
    visitor.get(stripe.pay(url, "4242424242424242"))
    assert (visitor.at, len(orders(window)), stripe.payments()) == (DONE, 1, [("succeeded", 2600)])


def window_attempt(window: Shop) -> str:
    async def found() -> str:
        store = await window.server.app.stores.get(window.name)
        assert store is not None
        assert store.rows is not None
        row = await store.rows.reader.row("SELECT key FROM payment_attempts ORDER BY id DESC LIMIT 1")
        return str(row[0])

    key: str = window.server.run(found())
    return key


def test_an_order_is_made_also_when_the_shopper_never_comes_back(window: Shop, stripe: Stripe) -> None:
    _, url = to_pay(window)
    stripe.pay(url, "4242424242424242")
    settled(window)
    assert orders(window) == []
    settled(window, gateways.LOOK_AGAIN)
    assert [one["status"] for one in orders(window)] == ["Awaiting Fulfillment"]
    settled(window, 10 * gateways.LOOK_AGAIN)
    assert (len(orders(window)), stripe.payments()) == (1, [("succeeded", 2600)])


def test_a_cart_that_changed_meanwhile_gets_its_money_back(window: Shop, stripe: Stripe) -> None:
    visitor, url = to_pay(window)
    uuid = visitor.cookies["cartId"]
    more = {"line_items": [{"product_id": 2, "quantity": 1}]}
    assert window.post(f"/v3/carts/{uuid}/items", more).status in (200, 201)
    page = visitor.get(stripe.pay(url, "4242424242424242"))
    assert "the payment is given back" in page.text
    assert (orders(window), stripe.payments()) == ([], [("canceled", 2600)])


def test_what_is_sold_out_meanwhile_gets_its_money_back(window: Shop, stripe: Stripe) -> None:
    window.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 5})
    visitor, url = to_pay(window)
    window.put("/v3/catalog/products/1", {"inventory_level": 1})
    visitor.get(stripe.pay(url, "4242424242424242"))
    assert (orders(window), stripe.payments()) == ([], [("canceled", 2600)])


@pytest.mark.parametrize("path", ["capture", "checkout/sessions"])
def test_an_answer_that_is_lost_takes_nothing_twice(window: Shop, stripe: Stripe, path: str) -> None:
    visitor, url = to_pay(window)
    back = stripe.pay(url, "4242424242424242")
    stripe.lose(path)
    visitor.get(back)
    if path == "capture":  # the order is there, and awaits the payment whose answer was lost
        assert visitor.at == DONE
        assert [one["status"] for one in orders(window)] == ["Awaiting Payment"]
    else:
        assert "does not answer just now" in visitor.page.text
        assert orders(window) == []
    settled(window, 4 * gateways.LOOK_AGAIN)
    assert [one["status"] for one in orders(window)] == ["Awaiting Fulfillment"]
    assert stripe.payments() == [("succeeded", 2600)]


def test_several_who_settle_at_once_make_one_order_and_take_once(window: Shop, stripe: Stripe) -> None:
    _, url = to_pay(window)
    stripe.pay(url, "4242424242424242")
    key = window_attempt(window)
    from bodega.storefront.shoppers_api import ShoppersApi

    async def all_at_once() -> list[Any]:
        store = await window.server.app.stores.get(window.name)
        assert store is not None
        one = await gateways.attempt_of(store, key)
        assert one is not None
        api = ShoppersApi(window.server.app._api._app, store, "")
        return list(await asyncio.gather(*(gateways.settle(api, one) for _ in range(6))))

    done = window.server.run(all_at_once())
    assert {one.order_id for one in done} == {orders(window)[0]["id"]}
    assert (len(orders(window)), stripe.payments()) == (1, [("succeeded", 2600)])
    events = [one["event"] for one in window.get(f"/v3/orders/{orders(window)[0]['id']}/transactions").data]
    assert events == ["pending", "purchase"]


def test_a_cart_that_was_paid_elsewhere_gets_its_money_back(window: Shop, stripe: Stripe) -> None:
    visitor, url = to_pay(window)
    card = {"ccNumber": "4111111111111111", "ccExpiry": "12/34", "ccName": "J", "ccCvv": "123"}
    back = stripe.pay(url, "4242424242424242")
    visitor.post("/checkout/payment", {"method": "testgateway.card", **card})
    assert visitor.at == DONE
    visitor.get(back)
    assert (len(orders(window)), stripe.payments()) == (1, [("canceled", 2600)])


def test_a_gateway_that_is_bound_to_an_account_gets_signed_requests(window: Shop) -> None:
    """The example refuses what is not signed by the client secret; a guessed secret is no better."""
    client, secret = app(window), SECRET
    with running("stripe_double.py") as double:
        for own, led in ((secret, True), ("guessed", False)):
            with running("gateway.py", "--api", double, CLIENT_SECRET=own) as url:
                window.change(settings={"providers": f"payment:stripe@{client}={url}", "providers.allow_private": True})
                visitor = arrived(window, (1, 1))
                up_to_payment(visitor)
                visitor.submit("/checkout/payment", method="stripe.card")
                assert ("On to the payment" in visitor.page.text) == led, visitor.page.text
                assert led or "does not answer just now" in visitor.page.text


def test_a_shop_can_be_without_the_test_gateway(window: Shop) -> None:
    window.change(settings={"payments.test": False})
    visitor = arrived(window, (1, 1))
    up_to_payment(visitor)
    assert "takes no payments yet" in visitor.page.text
    card = {"ccNumber": "4111111111111111", "ccExpiry": "12/34", "ccName": "J", "ccCvv": "123"}
    visitor.post("/checkout/payment", {"method": "testgateway.card", **card})
    assert (visitor.reply.status, orders(window)) == (422, [])
