"""The reply of a write equals a read of the same row, with the sub-lists that its published description shows."""

from typing import Any

import pytest

from shop import Shop

PRODUCTS = "/v3/catalog/products"
SUB_LISTS = "images,custom_fields,bulk_pricing_rules,modifiers,options,parent_relations,videos"
HAMMER = {"name": "Hammer", "type": "physical", "price": 12.5, "weight": 1, "sku": "H-1"}

RED = {"option_display_name": "Colour", "label": "Red"}
BODIES: list[dict[str, Any]] = [
    HAMMER,
    {**HAMMER, "custom_fields": [{"name": "Steel", "value": "yes"}]},
    {**HAMMER, "sku": "", "variants": [{"sku": "H-R", "option_values": [RED]}]},
]


@pytest.mark.parametrize("body", BODIES)
def test_a_product_is_told_with_its_sub_lists(shop: Shop, body: dict[str, Any]) -> None:
    made = shop.post(PRODUCTS, body).data
    assert made["variants"]
    assert shop.get(f"{PRODUCTS}/{made['id']}?include=variants,{SUB_LISTS}").data == made
    changed = shop.put(f"{PRODUCTS}/{made['id']}", {"price": 13}).data
    assert shop.get(f"{PRODUCTS}/{made['id']}?include={SUB_LISTS}").data == changed
    many = shop.put(PRODUCTS, [{"id": made["id"], "price": 14}]).data
    assert shop.get(f"{PRODUCTS}?include={SUB_LISTS}").data == many


def test_a_base_variant_in_the_reply_has_the_numbers_of_its_product(shop: Shop) -> None:
    made = shop.post(PRODUCTS, HAMMER).data
    (base,) = made["variants"]
    assert (base["sku"], base["calculated_price"], base["product_id"]) == ("H-1", 12.5, made["id"])


def test_store_credit_is_told_and_kept(shop: Shop) -> None:
    jane = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
    assert shop.post("/v3/customers", [jane]).data[0]["store_credit_amounts"] == [{"amount": 0}]
    changed = shop.put("/v3/customers", [{"id": 1, "store_credit_amounts": [{"amount": 4.5}]}]).data[0]
    assert changed["store_credit_amounts"] == [{"amount": 4.5}]
    assert shop.put("/v3/customers", [{"id": 1, "notes": "x"}]).data[0]["store_credit_amounts"] == [{"amount": 4.5}]


def test_a_coupon_that_is_not_restricted_says_so_by_a_list(shop: Shop) -> None:
    coupon = {
        "name": "Five", "code": "FIVE", "type": "per_total_discount", "amount": 5,
        "applies_to": {"entity": "categories", "ids": [0]}, "restricted_to": [],
    }  # fmt: skip
    made = shop.post("/v2/coupons", coupon)
    assert (made.status, made.json["restricted_to"]) == (201, [])
    told = shop.put("/v2/coupons/1", {**coupon, "restricted_to": {"countries": "US"}}).json
    assert told["restricted_to"] == {"countries": "US"}
    assert shop.put("/v2/coupons/1", {**coupon, "restricted_to": []}).json["restricted_to"] == []


def test_skus_that_differ_in_blanks_are_one(shop: Shop) -> None:
    assert shop.post(PRODUCTS, {**HAMMER, "sku": "N1"}).status == 200
    assert shop.post(PRODUCTS, {**HAMMER, "name": "Saw", "sku": " N1 "}).status == 409
    assert (
        shop.post(
            "/v2/products", {**HAMMER, "name": "Axe", "sku": "N2 ", "categories": [], "availability": "available"}
        ).json["sku"]
        == "N2"
    )
    again = {"sku": "N1 ", "option_values": [RED]}
    assert shop.post(PRODUCTS, {**HAMMER, "name": "Pin", "sku": "", "variants": [again]}).status == 409
