"""Shipping options of a checkout: zones, methods, handling fees, products with prices of their own; both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from test_checkouts import ADDRESS, INCLUDE, PATH, cart, done, items_of

ZONES = "/v2/shipping/zones"
FLAT = {"name": "Flat", "type": "perorder", "settings": {"rate": 7.5}}
EACH = {"name": "Each", "type": "peritem", "settings": {"rate": 2}}
WEIGHT = {
    "name": "Weight", "type": "weight",
    "settings": {"range": [{"lower_limit": 0, "upper_limit": 5, "shipping_cost": 3},
                           {"lower_limit": 5, "upper_limit": 9, "shipping_cost": 6}]},
}  # fmt: skip
TOTAL = {
    "name": "Total", "type": "total",
    "settings": {"default_cost": 10, "default_cost_type": "percentage_of_total",
                 "range": [{"lower_limit": 0, "upper_limit": 30, "shipping_cost": 4}]},
}  # fmt: skip
FREE = {"name": "Free", "type": "freeshipping"}


def zone(shop: Shop, *methods: Any, **body: Any) -> int:
    """A new zone with these methods."""
    made = shop.post(ZONES, {"name": "Z", "type": "global", **body})
    assert made.status == 201, made.body
    for method in methods:
        reply = shop.post(f"{ZONES}/{made.json['id']}/methods", method)
        assert reply.status == 200, reply.body
    return int(made.json["id"])


def offered(shop: Shop, *lines: tuple[int, int], **address: Any) -> dict[str, Any]:
    """What is offered for a cart that goes to an address: costs by name."""
    made = cart(shop, *lines)
    to = [{"address": {**ADDRESS, **address}, "line_items": items_of(made)}]
    (one,) = done(shop.post(f"{PATH}/{made['id']}/consignments{INCLUDE}", to))["consignments"]
    return {each["description"]: each["cost"] for each in one["available_shipping_options"]}


@pytest.fixture
def goods(shop: Shop) -> Shop:
    """One product at 10, 2 heavy."""
    shop.product(price=10, weight=2)
    return shop


METHODS = [
    (FLAT, 1, 7.5), (FLAT, 3, 7.5),
    (EACH, 3, 6),
    (WEIGHT, 2, 3), (WEIGHT, 3, 6), (WEIGHT, 5, None),
    (TOTAL, 2, 4), (TOTAL, 3, 3), (TOTAL, 5, 5),
    (FREE, 1, 0),
    ({"name": "UPS", "type": "upsready"}, 1, None),
    ({**FLAT, "enabled": False}, 1, None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "quantity", "cost"), METHODS)
def test_a_method_prices_the_pieces(goods: Shop, method: Any, quantity: int, cost: float | None) -> None:
    """A range is from its lower limit up to, but not including, its upper one."""
    zone(goods, method)
    assert offered(goods, (1, quantity)) == ({} if cost is None else {method["name"]: cost})


def test_the_closest_zone_counts(goods: Shop) -> None:
    zone(goods, {**FLAT, "name": "World"})
    zone(goods, {**FLAT, "name": "Country"}, type="country", locations=[{"country_iso2": "US"}])
    zone(goods, {**FLAT, "name": "State"}, type="state", locations=[{"country_iso2": "US", "state_iso2": "TX"}])
    zone(goods, {**FLAT, "name": "Zip"}, type="zip", locations=[{"country_iso2": "US", "zip": "787*"}])
    texan, new_yorker = {"postal_code": "73301"}, {"state_or_province_code": "NY", "postal_code": "10001"}
    danish = {"country_code": "DK", "state_or_province_code": "", "postal_code": "2100"}
    assert [list(offered(goods, (1, 1), **to)) for to in ({}, texan, new_yorker, danish)] == [
        ["Zip"], ["State"], ["Country"], ["World"],
    ]  # fmt: skip
    goods.put(f"{ZONES}/4", {"enabled": False})
    assert list(offered(goods, (1, 1))) == ["State"]


def test_a_place_without_a_zone_is_not_shipped_to(goods: Shop) -> None:
    zone(goods, FLAT, type="country", locations=[{"country_iso2": "DK"}])
    assert offered(goods, (1, 1)) == {}


def test_a_fallback_method_is_offered_alone(goods: Shop) -> None:
    zone(goods, {**FLAT, "is_fallback": True}, WEIGHT)
    assert offered(goods, (1, 1)) == {"Weight": 3}
    assert offered(goods, (1, 9)) == {"Flat": 7.5}


def test_free_shipping_has_its_terms(goods: Shop) -> None:
    terms = {"enabled": True, "minimum_sub_total": 25}
    zone(goods, FLAT, FREE, free_shipping=terms)
    assert offered(goods, (1, 2)) == {"Flat": 7.5}
    assert offered(goods, (1, 3)) == {"Free": 0, "Flat": 7.5}


def test_products_may_have_a_price_of_shipping(goods: Shop) -> None:
    goods.product("Anvil", fixed_cost_shipping_price=5)
    goods.product("Feather", is_free_shipping=True)
    zone(goods, EACH)
    assert offered(goods, (1, 1), (2, 2), (3, 4)) == {"Each": 12}
    assert offered(goods, (3, 4)) == {"Each": 0}


def test_handling_is_in_the_cost_or_apart(goods: Shop) -> None:
    zone(goods, FLAT, handling_fees={"percentage_surcharge": "10", "display_separately": False})
    assert offered(goods, (1, 1)) == {"Flat": 8.25}
    goods.put(f"{ZONES}/1", {"handling_fees": {"fixed_surcharge": "2", "display_separately": True}})
    made = cart(goods, (1, 1))
    to = [{"address": ADDRESS, "line_items": items_of(made)}]
    (one,) = done(goods.post(f"{PATH}/{made['id']}/consignments{INCLUDE}", to))["consignments"]
    option = one["available_shipping_options"][0]["id"]
    data = done(goods.put(f"{PATH}/{made['id']}/consignments/{one['id']}", {"shipping_option_id": option}))
    assert (data["shipping_cost_total_ex_tax"], data["handling_cost_total_ex_tax"]) == (7.5, 2)
    assert data["grand_total"] == 19.5


def test_the_merchant_may_name_a_price(goods: Shop) -> None:
    made = cart(goods, (1, 1))
    to = [{"address": ADDRESS, "line_items": items_of(made)}]
    (one,) = done(goods.post(f"{PATH}/{made['id']}/consignments", to))["consignments"]
    own = {"custom_shipping": {"price": 3.25, "description": "By bicycle"}}
    data = done(goods.put(f"{PATH}/{made['id']}/consignments/{one['id']}", own))
    assert data["consignments"][0]["selected_shipping_option"]["description"] == "By bicycle"
    assert data["grand_total"] == 13.25
