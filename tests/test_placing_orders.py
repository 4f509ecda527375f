"""Placing an order from a checkout: once, whole, with the same totals, under any concurrency, on both databases."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, goods, items_of, sent
from test_concurrency import at_once, statuses, workers

__all__ = ["goods", "workers"]
METHODS = (
    {"name": "Flat", "type": "perorder", "settings": {"rate": 8}},
    {"name": "Weight", "type": "weight", "settings": {"default_cost": 9, "default_cost_type": "fixed_amount",
     "range": [{"lower_limit": 0, "upper_limit": 5, "shipping_cost": 4}]}},
)  # fmt: skip


def with_shipping(shop: Shop) -> None:
    """Two ways of shipping all over the world."""
    assert shop.post("/v2/shipping/zones", {"name": "All", "type": "global"}).status == 201
    for method in METHODS:
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200


def test_fifty_checkouts_of_ten_pieces_make_ten_orders(workers: list[Shop]) -> None:
    """Rule 79: each checkout is ready, and all of them are placed in one moment."""
    first = workers[0]
    with_shipping(first)
    product = first.product(inventory_tracking="product", inventory_level=10)
    made = [cart(first, (product, 1)) for _ in range(50)]
    for one in made:
        sent(first, one)
    replies = at_once(workers, [("POST", f"{PATH}/{one['id']}/orders", {}) for one in made])
    assert statuses(replies) == {200: 10, 409: 40}
    assert {reply.reason for reply in replies if reply.status == 409} == {"OUT_OF_STOCK"}
    assert first.get(f"/v3/catalog/products/{product}").data["inventory_level"] == 0
    assert first.get("/v2/orders/count").json["count"] == 10
    assert sorted(reply.data["id"] for reply in replies if reply.status == 200) == list(range(1, 11))
    converted = first.select("SELECT count(*) FROM carts WHERE order_id > 0")
    assert converted[0][0] == 10


def test_one_checkout_placed_many_times_at_once_is_one_order(workers: list[Shop]) -> None:
    first = workers[0]
    with_shipping(first)
    product = first.product(inventory_tracking="product", inventory_level=10)
    coupon = {"name": "Once", "code": "ONCE", "type": "per_total_discount", "amount": "1", "enabled": True,
              "max_uses": 5, "applies_to": {"entity": "categories", "ids": [0]}}  # fmt: skip
    assert first.post("/v2/coupons", coupon).status in (200, 201)
    made = cart(first, (product, 2))
    done(first.post(f"{PATH}/{made['id']}/coupons", {"coupon_code": "ONCE"}))
    sent(first, made)
    replies = at_once(workers, [("POST", f"{PATH}/{made['id']}/orders", {}) for _ in range(20)])
    assert statuses(replies) == {200: 20}
    assert {reply.data["id"] for reply in replies} == {1}
    assert first.get(f"/v3/catalog/products/{product}").data["inventory_level"] == 8
    assert first.get("/v2/coupons/1").json["num_uses"] == 1


def test_a_coupon_of_three_uses_makes_three_orders(workers: list[Shop]) -> None:
    """The uses are counted where the order is made: whoever comes too late is refused, and nothing is kept of it."""
    first = workers[0]
    with_shipping(first)
    product = first.product(inventory_tracking="product", inventory_level=100)
    coupon = {"name": "Three", "code": "THREE", "type": "per_total_discount", "amount": "1", "enabled": True,
              "max_uses": 3, "applies_to": {"entity": "categories", "ids": [0]}}  # fmt: skip
    assert first.post("/v2/coupons", coupon).status in (200, 201)
    made = [cart(first, (product, 1)) for _ in range(8)]
    for one in made:
        done(first.post(f"{PATH}/{one['id']}/coupons", {"coupon_code": "THREE"}))
        sent(first, one)
    replies = at_once(workers, [("POST", f"{PATH}/{one['id']}/orders", {}) for one in made])
    assert statuses(replies) == {200: 3, 422: 5}
    assert {next(iter(reply.json["errors"])) for reply in replies if reply.status == 422} == {"coupon_code"}
    assert [order["coupon_discount"] for order in first.get("/v2/orders").json] == ["1.0000"] * 3
    assert first.get("/v2/coupons/1").json["num_uses"] == 3
    assert first.get(f"/v3/catalog/products/{product}").data["inventory_level"] == 97


def test_the_stock_of_an_unpaid_order_comes_back_when_it_is_cancelled(goods: Shop) -> None:
    goods.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 5})
    made = cart(goods, (1, 2))
    sent(goods, made)
    order = done(goods.post(f"{PATH}/{made['id']}/orders", {}))["id"]
    assert goods.get("/v3/catalog/products/1").data["inventory_level"] == 3
    assert goods.put(f"/v2/orders/{order}", {"staff_notes": "Waits"}).status == 200
    assert goods.get("/v3/catalog/products/1").data["inventory_level"] == 3
    assert goods.put(f"/v2/orders/{order}", {"status_id": 5}).status == 200
    assert goods.get("/v3/catalog/products/1").data["inventory_level"] == 5


def test_gift_certificates_that_were_bought_can_be_spent_once_paid(goods: Shop) -> None:
    person = {"name": "Jane", "email": "jane@example.com"}
    gift = {"name": "Gift", "theme": "General", "amount": 25, "quantity": 2, "sender": person, "recipient": person}
    made = cart(goods, gift_certificates=[gift])
    at = f"{PATH}/{made['id']}"
    done(goods.post(f"{at}/billing-address", ADDRESS))
    order = done(goods.post(f"{at}/orders", {}))["id"]
    bought = goods.get(f"/v2/gift_certificates?order_id={order}").json
    assert [(one["status"], one["balance"]) for one in bought] == [("pending", "25.0000")] * 2
    pat = goods.post("/v3/payments/access_tokens", {"order": {"id": order}}).data["id"]
    card = {"type": "card", "cardholder_name": "J", "number": "4111111111111111", "expiry_month": 1,
            "expiry_year": 2050}  # fmt: skip
    body = {"payment": {"instrument": card, "payment_method_id": "testgateway.card"}}
    paid = goods.request("POST", "/payments", body, headers={"Authorization": f"PAT {pat}"}, token="")
    assert paid.status == 201, paid.body
    bought = goods.get(f"/v2/gift_certificates?order_id={order}").json
    assert {one["status"] for one in bought} == {"active"}


AMOUNTS = {
    "grand_total": "total_inc_tax",
    "subtotal_ex_tax": "subtotal_ex_tax",
    "subtotal_inc_tax": "subtotal_inc_tax",
    "handling_cost_total_ex_tax": "handling_cost_ex_tax",
    "handling_cost_total_inc_tax": "handling_cost_inc_tax",
    "tax_total": "total_tax",
}
"""Members of a checkout, and those of its order that are the same to the cent."""

STORES: list[dict[str, Any]] = [
    {"tax.rates": "0=8.25,2=5"},
    {"tax.rates": "0=19,2=19", "prices_include_tax": True},
]


@pytest.mark.parametrize("settings", STORES)
def test_the_order_of_a_random_checkout_costs_what_that_showed(shop: Shop, settings: dict[str, Any]) -> None:
    """Prices of odd cents, quantities, coupons, the merchant's discounts, fees, two consignments, taxes."""
    shop.change(settings=settings)
    dice = random.Random(49)
    for number in range(8):
        shop.product(f"P{number}", price=round(dice.uniform(0.05, 300), 2), weight=dice.randint(0, 4))
    zone = {"name": "All", "type": "global", "handling_fees": {"fixed_surcharge": "1.37", "display_separately": True}}
    assert shop.post("/v2/shipping/zones", zone).status == 201
    for method in METHODS:
        assert shop.post("/v2/shipping/zones/1/methods", method).status == 200
    for code, kind, amount in (("P7", "percentage_discount", "7.5"), ("T3", "per_total_discount", "3.33")):
        coupon = {"name": code, "code": code, "type": kind, "amount": amount, "enabled": True,
                  "applies_to": {"entity": "categories", "ids": [0]}}  # fmt: skip
        assert shop.post("/v2/coupons", coupon).status in (200, 201)
    for _ in range(12):
        lines = [(product, dice.randint(1, 7)) for product in dice.sample(range(1, 9), dice.randint(1, 5))]
        made = cart(shop, *lines)
        at = f"{PATH}/{made['id']}"
        if dice.random() < 0.6:
            shop.post(f"{at}/coupons", {"coupon_code": dice.choice(["P7", "T3"])})
        if dice.random() < 0.5:
            shop.post(f"{at}/discounts", {"cart": {"discounts": [{"discounted_amount": 1.11}]}})
        if dice.random() < 0.5:
            fee = {"type": "custom_fee", "name": "Fee", "display_name": "Fee", "cost": 2.22, "source": "app"}
            done(shop.post(f"{at}/fees", {"fees": [fee]}))
        done(shop.post(f"{at}/billing-address", ADDRESS))
        items = items_of(made)
        half = dice.randint(1, len(items))
        parts = [part for part in (items[:half], items[half:]) if part]
        shown = done(shop.post(f"{at}/consignments{INCLUDE}", [{"address": ADDRESS, "line_items": p} for p in parts]))
        for one in shown["consignments"]:
            option = dice.choice(one["available_shipping_options"])["id"]
            shown = done(shop.put(f"{at}/consignments/{one['id']}", {"shipping_option_id": option}))
        order_id = done(shop.post(f"{at}/orders", {}))["id"]
        order = shop.get(f"/v2/orders/{order_id}").json
        for mine, theirs in AMOUNTS.items():
            assert Decimal(str(shown[mine])) == Decimal(order[theirs]), (mine, shown, order)
        sold = [line for name in ("physical_items",) for line in shown["cart"]["line_items"][name]]
        bought = shop.get(f"/v2/orders/{order_id}/products").json
        assert sorted(line["quantity"] for line in sold) == sorted(line["quantity"] for line in bought)
        parts_of_order = sum(
            Decimal(line["total_inc_tax"]) - sum(Decimal(one["amount"]) for one in line["applied_discounts"])
            for line in bought
        )
        told = shop.get(f"/v2/orders/{order_id}/fees")
        fees = sum(Decimal(fee["cost_inc_tax"]) for fee in (told.json if told.body else []))
        costs = Decimal(order["shipping_cost_inc_tax"]) + Decimal(order["handling_cost_inc_tax"])
        assert parts_of_order + fees + costs == Decimal(order["total_inc_tax"])
        recounted = shop.put(f"/v2/orders/{order_id}", {"base_handling_cost": order["base_handling_cost"]}).json
        assert recounted["total_inc_tax"] == order["total_inc_tax"]
