"""Rule 65: the calculated price of a variant is its sale price or price, adjusted by the rules that it meets itself."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog.variants import SKU_OFFSET
from shop import Shop
from statistics_check import check_statistics


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def shirt(shop: Shop) -> list[Any]:
    """A shirt of 20 in two sizes: its variants."""
    variants = [{"sku": size, "option_values": [{"option_display_name": "Size", "label": size}]} for size in ("S", "L")]
    made = shop.product("Shirt", price=20, variants=variants)
    assert made == 1
    found: list[Any] = shop.get("/v3/catalog/products/1/variants").data
    return found


def prices(shop: Shop) -> list[float]:
    """The calculated prices of the variants, in V3; V2 shows the same."""
    shown = [one["calculated_price"] for one in shop.get("/v3/catalog/products/1/variants").data]
    assert [float(one["adjusted_price"]) for one in shop.get("/v2/products/1/skus").json] == shown
    return shown


def rule(shop: Shop, condition: dict[str, int], value: float, kind: str = "relative", **more: Any) -> int:
    """A V2 rule of one condition."""
    adjuster = {"adjuster": kind, "adjuster_value": value}
    made = shop.post("/v2/products/1/rules", {"conditions": [condition], "price_adjuster": adjuster, **more})
    assert made.status == 201, made.body
    return int(made.json["id"])


def by_value(variant: Any) -> dict[str, int]:
    """A condition: the variant's value of its option."""
    value = variant["option_values"][0]
    return {"product_option_id": value["option_id"], "option_value_id": value["id"]}


def test_a_rule_for_a_value_changes_the_variants_that_have_it(shop: Shop) -> None:
    _, large = shirt(shop)
    made = rule(shop, by_value(large), 3)
    assert prices(shop) == [20, 23]
    assert (
        shop.put(
            f"/v2/products/1/rules/{made}", {"price_adjuster": {"adjuster": "percentage", "adjuster_value": -10}}
        ).status
        == 200
    )
    assert prices(shop) == [20, 18]
    assert shop.put(f"/v2/products/1/rules/{made}", {"is_enabled": False}).status == 200
    assert prices(shop) == [20, 20]
    assert shop.put(f"/v2/products/1/rules/{made}", {"is_enabled": True}).status == 200
    assert shop.delete(f"/v2/products/1/rules/{made}").status == 204
    assert prices(shop) == [20, 20]
    check_statistics(shop)


def test_rules_are_processed_in_order_until_one_stops(shop: Shop) -> None:
    small, large = shirt(shop)
    rule(shop, {"sku_id": large["id"] + SKU_OFFSET}, 5, is_stop=True, sort_order=0)
    rule(shop, by_value(large), 3, sort_order=1)
    rule(shop, by_value(small), -30, sort_order=2)
    assert prices(shop) == [0, 25], "a price does not fall below 0"


def test_a_change_of_the_price_is_adjusted_anew(shop: Shop) -> None:
    """Rule 56: of the product's, or of the variant's own."""
    _, large = shirt(shop)
    rule(shop, by_value(large), 10, "percentage")
    assert shop.put("/v3/catalog/products/1", {"price": 30}).status == 200
    assert prices(shop) == [30, 33]
    assert shop.put("/v3/catalog/products/1", {"sale_price": 10}).status == 200
    assert prices(shop) == [10, 11]
    assert shop.put(f"/v3/catalog/products/1/variants/{large['id']}", {"sale_price": 5}).status == 200
    assert prices(shop) == [10, 5.5]


def test_the_choice_of_a_modifier_does_not_change_a_variant(shop: Shop) -> None:
    shirt(shop)
    value = {"label": "Yes", "sort_order": 0, "adjusters": {"price": {"adjuster": "relative", "adjuster_value": 3}}}
    modifier = {"type": "dropdown", "required": False, "display_name": "Gift", "option_values": [value]}
    assert shop.post("/v3/catalog/products/1/modifiers", modifier).status == 200
    assert prices(shop) == [20, 20]


def test_an_order_pays_the_calculated_price_once(shop: Shop) -> None:
    """Rule 78."""
    _, large = shirt(shop)
    rule(shop, by_value(large), 3)
    address = {"first_name": "A", "last_name": "B", "street_1": "1 Road", "city": "Austin", "state": "Texas",
               "zip": "78701", "country": "United States", "email": "a@example.com"}  # fmt: skip
    line = {"product_id": 1, "variant_id": large["id"], "quantity": 2}
    placed = shop.post("/v2/orders", {"billing_address": address, "products": [line]})
    assert placed.json["subtotal_ex_tax"] == "46.0000", placed.body
