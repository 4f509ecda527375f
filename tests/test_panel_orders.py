"""Orders in the panel: shown with all that hangs on them, moved on, sent, refunded, put away."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from panel import Browser, base, signed_in
from shop import Shop
from test_panel_catalogue import message

BUYER = {"first_name": "Jane", "last_name": "Doe", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
         "zip": "78701", "country_iso2": "US", "email": "jane@shop.test"}  # fmt: skip
LAMP = {"name": "Lamp", "type": "physical", "weight": 1, "price": 20}


NUMBERS = itertools.count(1)


def place(shop: Shop, **more: Any) -> dict[str, Any]:
    """An order of two lamps and a card, paid, with shipping."""
    product = shop.post("/v3/catalog/products", {**LAMP, "name": f"Lamp {next(NUMBERS)}"}).data["id"]
    lines = [{"product_id": product, "quantity": 2},
             {"name": "Card", "quantity": 1, "price_ex_tax": "2", "price_inc_tax": "2"}]  # fmt: skip
    body = {"status_id": 11, "billing_address": BUYER, "shipping_addresses": [BUYER], "products": lines,
            "shipping_cost_ex_tax": "5", "shipping_cost_inc_tax": "5", "payment_method": "Manual", **more}  # fmt: skip
    reply = shop.post("/v2/orders", body)
    assert reply.status == 200, reply.body
    order: dict[str, Any] = reply.json
    return order


def here(shop: Shop, order: dict[str, Any]) -> str:
    """The page of an order."""
    return f"{base(shop)}/orders/{order['id']}"


def lines(shop: Shop, order: dict[str, Any]) -> list[dict[str, Any]]:
    """Its lines."""
    found: list[dict[str, Any]] = shop.get(f"/v2/orders/{order['id']}/products").json
    return found


FOUND = [("", 3), ("?q=1", 1), ("?q=%231", 1), ("?q=JANE@shop.test", 3), ("?q=joe@shop.test", 0), ("?status=11", 2),
         ("?status=2", 0), ("?status=archived", 1), ("?customer=1", 0), ("?page=2", 0)]  # fmt: skip


@pytest.fixture(scope="module")
def busy(server: Any) -> tuple[Shop, Browser]:
    """A store with three orders and one that was put away."""
    shop = server.shop()
    for status in (11, 1, 11, 11):
        place(shop, status_id=status)
    shop.request("DELETE", "/v2/orders/4")
    return shop, signed_in(shop)


@pytest.mark.parametrize(("query", "count"), FOUND)
def test_orders_are_found(busy: tuple[Shop, Browser], query: str, count: int) -> None:
    shop, browser = busy
    page = browser.get(f"{base(shop)}/orders{query}")
    assert (page.status, len(re.findall(r'<a class="whole"', page.text))) == (200, count), message(page)


def test_the_statuses_are_counted_beside_the_list(busy: tuple[Shop, Browser]) -> None:
    shop, browser = busy
    tabs = re.sub(r"<[^>]+>", "", browser.get(f"{base(shop)}/orders").text.partition('aria-label="Status"')[2])
    assert "All 3" in tabs
    assert "Awaiting Fulfillment 2" in tabs
    assert "Pending 1" in tabs


def test_orders_a_day_are_drawn_on_the_overview(busy: tuple[Shop, Browser]) -> None:
    shop, browser = busy
    page = browser.get(base(shop)).text
    assert "Orders a day in the last 30 days: 4 altogether, 4 on the best day, 4 today" in page


def test_an_order_is_shown_with_its_lines_totals_and_history(shop: Shop) -> None:
    order = place(shop, customer_message="Please ring")
    page = signed_in(shop).get(here(shop, order)).text
    for text in ("Card", "47.00 USD", "1 Main Street", "Please ring", "Placed", "Purchase", "Awaiting Fulfillment"):
        assert text in page, text
    assert signed_in(shop).get(f"{base(shop)}/orders/99").status == 404


def test_the_status_is_changed_with_what_follows_from_it(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    moved = browser.post(browser.get(here(shop, order)), "/status", status_id="2")
    assert moved.status == 303
    now = shop.get(f"/v2/orders/{order['id']}").json
    assert (now["status"], now["date_shipped"] != "") == ("Shipped", True)
    wrong = browser.post(browser.get(here(shop, order)), "/status", status_id="99")
    assert (wrong.status, bool(message(wrong))) == (422, True)
    assert shop.get(f"/v2/orders/{order['id']}").json["status_id"] == 2


def test_notes_and_discount_are_saved_and_an_untouched_form_changes_nothing(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    page = browser.get(here(shop, order))
    action = f"/orders/{order['id']}"
    before = shop.get(f"/v2/orders/{order['id']}").json
    assert browser.post(page, action).header("location").endswith("done=unchanged")
    assert browser.post(page, "/billing").header("location").partition("#")[0].endswith("done=unchanged")
    assert browser.post(page, "/lines").header("location").partition("#")[0].endswith("done=unchanged")
    assert shop.get(f"/v2/orders/{order['id']}").json == before
    assert browser.post(page, action, staff_notes="Call\r\nfirst", discount_amount="7").status == 303
    now = shop.get(f"/v2/orders/{order['id']}").json
    assert (now["staff_notes"], now["discount_amount"], now["total_inc_tax"]) == ("Call\nfirst", "7.0000", "40.0000")
    wrong = browser.post(browser.get(here(shop, order)), action, discount_amount="-1")
    assert (wrong.status, bool(message(wrong))) == (422, True)


def test_quantities_are_changed_by_the_rules_of_the_api(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    lamp = lines(shop, order)[0]["id"]
    page = browser.post(browser.get(here(shop, order)), "/lines", **{f"line.{lamp}": "3"})
    assert page.status == 303, message(page)
    assert lines(shop, order)[0]["quantity"] == 3
    assert shop.get(f"/v2/orders/{order['id']}").json["total_inc_tax"] == "67.0000"
    wrong = browser.post(browser.get(here(shop, order)), "/lines", **{f"line.{lamp}": "many"})
    assert (wrong.status, bool(message(wrong))) == (422, True)
    assert f'name="line.{lamp}" value="many"' in wrong.text


def test_addresses_are_changed(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    browser.post(browser.get(here(shop, order)), "/billing", **{"billing.last_name": "Roe"})
    billing = shop.get(f"/v2/orders/{order['id']}").json["billing_address"]
    assert (billing["first_name"], billing["last_name"], billing["country"]) == ("Jane", "Roe", "United States")
    goes = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]["id"]
    browser.post(browser.get(here(shop, order)), f"/addresses/{goes}", **{f"a{goes}.city": "Dallas"})
    assert shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]["city"] == "Dallas"
    for action, field in (("/billing", "billing."), (f"/addresses/{goes}", f"a{goes}.")):
        wrong = browser.post(browser.get(here(shop, order)), action, **{f"{field}country_iso2": "XX"})
        assert (wrong.status, bool(message(wrong))) == (422, True), action


def test_a_part_is_sent_then_the_rest(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    lamp, card = (line["id"] for line in lines(shop, order))
    page = browser.get(here(shop, order))
    nothing = browser.post(page, "/shipments", **{f"ship.{lamp}": "", f"ship.{card}": "0"})
    assert (nothing.status, bool(message(nothing))) == (422, True)
    many = browser.post(page, "/shipments", **{f"ship.{lamp}": "9"}, tracking_number="KEPT-1")
    assert (many.status, "KEPT-1" in many.text) == (422, True)
    part = {f"ship.{lamp}": "1", f"ship.{card}": ""}
    sent = browser.post(page, "/shipments", **part, tracking_number="T-1", shipping_provider="ups")
    assert sent.status == 303
    now = browser.follow(sent)
    assert "Partially Shipped" in now.text
    assert "UPS" in now.text
    assert browser.post(now, "/shipments").status == 303, "what is left is filled in already"
    assert shop.get(f"/v2/orders/{order['id']}").json["status"] == "Shipped"
    first = shop.get(f"/v2/orders/{order['id']}/shipments").json[0]["id"]
    assert browser.post(browser.get(here(shop, order)), f"/shipments/{first}/delete").status == 303
    assert len(shop.get(f"/v2/orders/{order['id']}/shipments").json) == 1


def test_a_refund_says_what_it_comes_to_before_it_is_made(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    lamp = lines(shop, order)[0]["id"]
    goes = shop.get(f"/v2/orders/{order['id']}/shipping_addresses").json[0]["id"]
    page = browser.get(here(shop, order))
    nothing = browser.post(page, "/refund")
    assert (nothing.status, bool(message(nothing))) == (422, True)
    asked = {f"refund.{lamp}": "1", f"shipping.{goes}": "2.5", "amount": "1", "reason": "Broken"}
    quote = browser.post(page, "/refund", **asked)
    assert quote.status == 200
    assert "23.50 USD" in quote.text
    assert shop.get(f"/v3/orders/{order['id']}/payment_actions/refunds").data == [], "nothing is given back yet"
    made = browser.post(quote, "/refund")
    assert made.status == 303, message(made)
    (refund,) = shop.get(f"/v3/orders/{order['id']}/payment_actions/refunds").data
    assert (refund["total_amount"], refund["reason"]) == (23.5, "Broken")
    assert shop.get(f"/v2/orders/{order['id']}").json["status"] == "Partially Refunded"
    again = browser.post(quote, "/refund")
    now = browser.post(browser.get(here(shop, order)), "/refund", **{f"refund.{lamp}": "2"})
    assert (again.status in (303, 422), now.status) == (True, 422), "no more than was paid for"


def test_an_authorised_payment_is_captured_or_voided(shop: Shop) -> None:
    browser = signed_in(shop)
    for action, state in (("capture", "captured"), ("void", "void")):
        order = place(shop, status_id=7, payment_provider_id=f"p-{action}", payment_method=action)
        page = browser.get(here(shop, order))
        form = next(form for form in page.forms if form.fields.get("action") == action)
        assert browser.ask("POST", form.action, form.fields).status == 303
        assert shop.get(f"/v2/orders/{order['id']}").json["payment_status"] == state
        late = browser.ask("POST", form.action, form.fields)
        assert (late.status, bool(message(late))) == (422, True)


def test_an_order_is_put_away_and_taken_out_again(shop: Shop) -> None:
    order = place(shop)
    browser = signed_in(shop)
    assert browser.post(browser.get(here(shop, order)), "/archive").status == 303
    assert shop.get(f"/v2/orders/{order['id']}").json["is_deleted"] is True
    page = browser.get(here(shop, order))
    assert "archived" in page.text
    assert browser.post(page, "/archive").status == 303
    assert shop.get(f"/v2/orders/{order['id']}").json["is_deleted"] is False
