"""The overview: what was sold in the last weeks, by the days of the store, on axes of whole numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bodega.panel import charts
from bodega.panel.sales import Sales, days, sales
from bodega.panel.zones import named
from panel import base, signed_in
from shop import Shop
from test_panel_orders import LAMP, lines, place


def sold(shop: Shop, now: int, zone: str = "UTC", currency: str = "USD") -> Sales:
    """The sales of a store."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    found: Sales = shop.server.run(sales(store.rows.reader, now, named(zone), currency))
    return found


@pytest.mark.parametrize("most", [*range(1, 130), 999, 1_000, 1_001, 123_456])
def test_axes_have_whole_numbers_in_the_middle_and_at_the_end(most: int) -> None:
    top = charts.top_of(most)
    assert top >= most
    assert top % 2 == 0
    assert top <= max(2, 2.5 * most)


def test_revenue_is_by_day_without_what_was_refunded_or_never_sold(shop: Shop) -> None:
    for status in (11, 10, 0, 5, 6):
        order = place(shop, status_id=status)
    order = place(shop)
    line = lines(shop, order)[0]["id"]
    shop.post(f"/v3/orders/{order['id']}/payment_actions/refunds", {
        "items": [{"item_type": "PRODUCT", "item_id": line, "quantity": 1}],
        "payments": [{"provider_id": "custom", "amount": 20}],
    })  # fmt: skip
    now = int(datetime.now(UTC).timestamp())
    found = sold(shop, now)
    assert (found.revenue, found.others, found.capped) == (Decimal(3 * 47 - 20), {}, False)
    assert sum(count for count, _ in found.by_day.values()) == 3
    page = signed_in(shop).get(base(shop)).text
    assert "Revenue a day in the last 30 days: 121" in page
    assert '<dt>Revenue, 30 days</dt><dd>121.00 <span class="small soft">USD</span></dd>' in page
    assert "<dt>Average order</dt><dd>40.33</dd>" in page


def test_a_day_is_that_of_the_stores_zone(shop: Shop) -> None:
    place(shop, date_created="Sat, 31 Jan 2026 11:30:00 +0000")
    now = int(datetime(2026, 2, 10, tzinfo=UTC).timestamp())
    assert [f"{day}" for day in sold(shop, now).by_day] == ["2026-01-31"]
    assert [f"{day}" for day in sold(shop, now, "Pacific/Auckland").by_day] == ["2026-02-01"]
    assert len(days(now, named("Pacific/Auckland"))) == 30
    assert sold(shop, now + 40 * 86_400).by_day == {}, "it is too long ago"


def test_orders_in_another_currency_are_told_beside(shop: Shop) -> None:
    place(shop)
    now = int(datetime.now(UTC).timestamp())
    found = sold(shop, now, currency="EUR")
    assert (found.revenue, found.others) == (Decimal(0), {"USD": Decimal(47)})


def test_what_sold_most_stands_first(shop: Shop) -> None:
    def product(name: str) -> int:
        key: int = shop.post("/v3/catalog/products", {**LAMP, "name": name}).data["id"]
        return key

    few, many = product("Few"), product("Many")
    bought: list[dict[str, Any]] = [{"product_id": few, "quantity": 1}, {"product_id": many, "quantity": 5}]
    for _ in range(2):
        place(shop, products=bought)
    place(shop, status_id=5, products=[{"product_id": few, "quantity": 90}])
    now = int(datetime.now(UTC).timestamp())
    assert [(one.name, one.pieces) for one in sold(shop, now).top] == [("Many", 10), ("Few", 2)]
    assert re.search(r"What sold most.*?Many.*?10 sold.*?Few.*?2 sold", signed_in(shop).get(base(shop)).text, re.DOTALL)


def test_carts_that_became_orders_are_a_part_of_all(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "<dt>Carts that became orders</dt><dd>\N{EN DASH}</dd>" in browser.get(base(shop)).text
    key = shop.post("/v3/catalog/products", {**LAMP, "type": "digital"}).data["id"]
    item = {"line_items": [{"product_id": key, "quantity": 1}]}
    carts = [shop.post("/v3/carts", item).data["id"] for _ in range(4)]
    where = {"first_name": "Ada", "last_name": "Example", "address1": "1 Main St", "city": "Austin",
             "state_or_province_code": "TX", "postal_code": "78701", "country_code": "US",
             "email": "ada@example.com"}  # fmt: skip
    shop.post(f"/v3/checkouts/{carts[0]}/billing-address", where)
    placed = shop.post(f"/v3/checkouts/{carts[0]}/orders", {})
    assert placed.status == 200, placed.body
    assert "<dt>Carts that became orders</dt><dd>25%</dd>" in browser.get(base(shop)).text


def test_an_empty_store_says_what_to_do(shop: Shop) -> None:
    page = signed_in(shop).get(base(shop)).text
    assert "Nothing was sold in the last 30 days." in page
    assert f"{base(shop)}/orders/new" in page
