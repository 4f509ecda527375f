"""Orders in the panel: found by day, made by hand, printed, and what is left of a total after refunds."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from bodega.panel.zones import day_bounds, named
from panel import Browser, base, signed_in
from shop import Shop
from test_panel_catalogue import message
from test_panel_orders import BUYER, LAMP, here, lines, place

BILLING = {f"billing.{name}": value for name, value in BUYER.items()}


def listed(browser: Browser, shop: Shop, query: str) -> int:
    """How many orders a page lists."""
    return browser.get(f"{base(shop)}/orders?{query}").text.count('<a class="whole"')


def test_orders_are_found_by_the_days_of_the_stores_zone(shop: Shop) -> None:
    shop.change(settings={"timezone": "Pacific/Auckland"})
    browser = signed_in(shop)
    place(shop, date_created="Sat, 31 Jan 2026 10:30:00 +0000")
    place(shop, date_created="Sat, 31 Jan 2026 11:30:00 +0000")
    assert listed(browser, shop, "from=2026-01-31&to=2026-01-31") == 1, "half past eleven is the next day there"
    assert listed(browser, shop, "from=2026-02-01") == 1
    assert listed(browser, shop, "to=2026-02-01") == 2
    assert listed(browser, shop, "from=2026-02-02") == 0
    assert listed(browser, shop, "from=yesterday&to=2026-13-01") == 2, "what is no day filters nothing"
    page = browser.get(f"{base(shop)}/orders?from=2026-01-31&to=2026-01-31")
    assert "1 February 2026" not in page.text
    assert "31 January 2026, 23:30:00 NZDT" in page.text, "times are those of the store"
    sent = page.form("/orders").fields
    assert {name: sent[name] for name in ("q", "from", "to")} == {"q": "", "from": "2026-01-31", "to": "2026-01-31"}


@pytest.mark.parametrize("zone", ["UTC", "", "Mars/Olympus", "America/New_York", "../etc/passwd"])
def test_a_day_is_a_day_of_its_zone(zone: str) -> None:
    first, last = day_bounds("2026-03-08", "2026-03-08", named(zone))
    begins, ends = (datetime.datetime.fromisoformat(text).timestamp() for text in (first, last))
    assert ends - begins == (23 if zone == "America/New_York" else 24) * 3600 - 1, "clocks go forward on this day there"
    assert day_bounds("2026-02-30", "0001-01-01", named(zone)) == ("", "")


def test_the_net_total_is_what_refunds_leave(shop: Shop) -> None:
    browser = signed_in(shop)
    order = place(shop)
    assert "Net total" not in browser.get(here(shop, order)).text
    page = browser.get(here(shop, order))
    line = lines(shop, order)[0]["id"]
    quoted = browser.post(page, "/refund", **{f"refund.{line}": "1"})
    assert browser.post(quoted, "/refund").status == 303
    for path in ("", "/invoice"):
        text = browser.get(here(shop, order) + path).text.partition("Net total")[2]
        assert text.partition('class="number">')[2].startswith("27.00"), "47 without 20"


def test_a_packing_slip_has_no_prices_and_an_invoice_has_all(shop: Shop) -> None:
    browser = signed_in(shop)
    order = place(shop)
    slip, invoice = (browser.get(f"{here(shop, order)}/{name}") for name in ("packing-slip", "invoice"))
    assert (slip.status, invoice.status) == (200, 200)
    for page in (slip, invoice):
        assert "Jane Doe" in page.text
        assert "1 Main Street" in page.text
    article = slip.text.partition("<article")[2]
    assert "20.00" not in article
    assert "47.00" not in article
    assert "Card" in article
    for amount in ("20.00", "5.00", "47.00"):
        assert amount in invoice.text
    assert browser.get(f"{base(shop)}/orders/999/invoice").status == 404


def made(shop: Shop, **fields: Any) -> Any:
    """The answer to the form of a new order."""
    browser = signed_in(shop)
    return browser.post(browser.get(f"{base(shop)}/orders/new"), "/orders/new", **fields)


def test_an_order_is_made_of_products_by_sku_and_number_for_a_customer(shop: Shop) -> None:
    lamp = shop.post("/v3/catalog/products", {**LAMP, "sku": "LAMP"}).data["id"]
    card = shop.post("/v3/catalog/products", {**LAMP, "name": "Card", "price": 2}).data["id"]
    jane = {"first_name": "Jane", "last_name": "Doe", "email": "jane@shop.test"}
    customer = shop.post("/v2/customers", jane).json["id"]
    home = {**BUYER, "country": "United States", "phone": "1"}
    shop.post(
        f"/v2/customers/{customer}/addresses", {k: v for k, v in home.items() if k not in ("email", "country_iso2")}
    )
    rows = {"what.0": "LAMP", "many.0": "3", "what.4": f"#{card}"}
    page = made(shop, customer_id="jane@shop.test", status_id="0", **rows)
    assert page.status == 303, message(page)
    order = shop.get("/v2/orders/" + page.header("location").partition("/orders/")[2].partition("?")[0]).json
    assert (order["status"], order["customer_id"], order["total_inc_tax"]) == ("Incomplete", customer, "62.0000")
    assert order["billing_address"]["email"] == "jane@shop.test"
    assert order["billing_address"]["city"] == "Austin", "their first address"
    assert {line["product_id"]: line["quantity"] for line in lines(shop, order)} == {lamp: 3, card: 1}


WRONG = [
    ({}, "An order has at least one product."),
    ({"what.0": "NOWHERE"}, "There is no product with this SKU or number."),
    ({"what.0": "LAMP", "many.0": "none"}, 'id="what-0-wrong"'),
    ({"what.0": "LAMP", "customer_id": "77"}, "There is no such customer."),
    ({"what.0": "LAMP", "billing.country_iso2": "Nowhere"}, 'id="f-billing.country_iso2-wrong"'),
]


@pytest.mark.parametrize(("fields", "says"), WRONG)
def test_what_is_wrong_is_told_in_its_row_and_nothing_is_made(shop: Shop, fields: dict[str, str], says: str) -> None:
    shop.post("/v3/catalog/products", {**LAMP, "sku": "LAMP"})
    page = made(shop, status_id="1", staff_notes="Kept", **{**BILLING, **fields})
    assert (page.status, says in page.text) == (422, True), message(page)
    assert page.form("/orders/new").fields["staff_notes"] == "Kept"
    assert page.form("/orders/new").fields["what.0"] == fields.get("what.0", "")
    assert shop.rows("orders") == 0
