"""What becomes of variants, SKUs and rules when the options that they are made of change (rules 57, 63 and 65)."""

from __future__ import annotations

from typing import Any

from bodega.resources.catalog.variants import SKU_OFFSET
from choices import check_variants
from shop import Shop

V3 = "/v3/catalog/products"
RED = {"conditions": [{"product_option_id": 1, "option_value_id": 1}]}


def a_shirt(shop: Shop, name: str = "Shirt") -> int:
    """A product with the option set of two colours (values 1 and 2), and a SKU for each."""
    if shop.get("/v2/options").status == 204:
        shop.post("/v2/options", {"name": "Colours", "display_name": "Colour", "type": "CS"})
        for label in ("Red", "Blue"):
            shop.post("/v2/options/1/values", {"label": label, "value": f"{label}.png"})
        shop.post("/v2/option_sets", {"name": "Shirts"})
        shop.post("/v2/option_sets/1/options", {"option_id": 1, "is_required": True})
    made = shop.product(name)
    shop.put(f"/v2/products/{made}", {"option_set_id": 1})
    option = shop.get(f"/v2/products/{made}/options").json[0]["id"]
    for value, label in ((1, "red"), (2, "blue")):
        asked = [{"product_option_id": option, "option_value_id": value}]
        sku = shop.post(f"/v2/products/{made}/skus", {"sku": f"{name}-{label}", "options": asked})
        assert sku.status == 201, sku.body
    return made


def chosen(shop: Shop, product: int) -> dict[str, tuple[int, str, str]]:
    """What each SKU of a product is: its value, and what shoppers read."""
    return {
        variant["sku"]: (value["id"], value["option_display_name"], value["label"])
        for variant in shop.get(f"{V3}/{product}/variants").data
        for value in variant["option_values"]
    }


def test_variants_show_words_as_they_are_now(shop: Shop) -> None:
    """Written by V2 for all products of the set, read through V3."""
    one, two = a_shirt(shop, "One"), a_shirt(shop, "Two")
    shop.put("/v2/options/1/values/1", {"label": "Crimson"})
    shop.put("/v2/option_sets/1/options/1", {"display_name": "Tone"})
    for product, name in ((one, "One"), (two, "Two")):
        assert chosen(shop, product) == {f"{name}-red": (1, "Tone", "Crimson"), f"{name}-blue": (2, "Tone", "Blue")}
    check_variants(shop)


def test_variants_follow_the_copy_that_an_edit_makes(shop: Shop) -> None:
    """Rule 63: their values have the new ids; those of the other product keep theirs."""
    mine, other = a_shirt(shop, "Mine"), a_shirt(shop, "Other")
    before = shop.get(f"{V3}/{mine}/variants").data
    shop.post(f"/v2/products/{mine}/rules", {**RED, "sort_order": 4})
    assert shop.put(f"{V3}/{mine}/options/1/values/1", {"label": "Crimson"}).status == 200
    values = {one["label"]: one["id"] for one in shop.get(f"{V3}/{mine}/options/1/values").data}
    assert not {1, 2} & set(values.values())
    assert chosen(shop, mine) == {
        "Mine-red": (values["Crimson"], "Colour", "Crimson"),
        "Mine-blue": (values["Blue"], "Colour", "Blue"),
    }
    assert chosen(shop, other) == {"Other-red": (1, "Colour", "Red"), "Other-blue": (2, "Colour", "Blue")}
    assert [variant["id"] for variant in shop.get(f"{V3}/{mine}/variants").data] == [one["id"] for one in before]
    rule: Any = shop.get(f"/v2/products/{mine}/rules").json[0]["conditions"]
    assert rule == [{"product_option_id": 1, "option_value_id": values["Crimson"], "sku_id": None}]
    again = [{"product_option_id": 1, "option_value_id": values["Blue"]}]
    refused = shop.post(f"/v2/products/{mine}/skus", {"sku": "again", "options": again})
    assert (refused.status, refused.reason) == (409, "DUPLICATE")
    check_variants(shop)


def test_a_value_takes_along_the_variants_that_are_it(shop: Shop) -> None:
    """Rule 57; through V3 only those of the product, whose option is a copy by then (rule 63)."""
    mine, other = a_shirt(shop, "Mine"), a_shirt(shop, "Other")
    assert shop.delete(f"{V3}/{mine}/options/1/values/1").status == 204
    assert list(chosen(shop, mine)) == ["Mine-blue"]
    assert list(chosen(shop, other)) == ["Other-red", "Other-blue"]
    assert shop.delete("/v2/options/1/values/2").status == 204
    assert list(chosen(shop, mine)) == ["Mine-blue"]
    assert list(chosen(shop, other)) == ["Other-red"]
    check_variants(shop)


def test_a_product_without_its_option_is_simple_again(shop: Shop) -> None:
    """Rule 57: it has its base variant back, whoever took the option away."""
    ways: list[tuple[str, str, Any]] = [
        ("DELETE", f"{V3}/1/options/1", None),
        ("PUT", "/v2/products/2", {"option_set_id": None}),
        ("DELETE", "/v2/option_sets/1/options/1", None),
    ]
    for product, (method, path, body) in enumerate(ways, start=1):
        assert a_shirt(shop, f"P{product}") == product
        assert shop.request(method, path, body).status in (200, 204)
        shown = shop.get(f"{V3}/{product}?include=variants,options").data
        assert shown["options"] == []
        assert [variant["id"] for variant in shown["variants"]] == [shown["base_variant_id"]]
        check_variants(shop)
    assert shop.rows("variants") == len(ways)


def test_a_rule_of_a_sku_goes_with_it(shop: Shop) -> None:
    """Rule 65: V3 calls a variant what V2 calls a SKU by another number; another alternative keeps the rule."""
    product = a_shirt(shop)
    red, blue = (sku["id"] - SKU_OFFSET for sku in shop.get(f"/v2/products/{product}/skus").json)
    body = {"display_name": "Gift", "type": "dropdown", "required": False,
            "option_values": [{"label": "Yes", "sort_order": 0}]}  # fmt: skip
    gift = shop.post(f"{V3}/{product}/modifiers", body).data
    condition = {"modifier_id": gift["id"], "modifier_value_id": gift["option_values"][0]["id"]}
    rules = f"{V3}/{product}/complex-rules"
    made = shop.post(rules, {"conditions": [condition, {"variant_id": red}, {"variant_id": blue}]})
    assert made.status == 200, made.body
    assert [one["combination_id"] for one in made.data["conditions"]] == [0, red, blue]
    shown = shop.get(f"/v2/products/{product}/rules/1").json["conditions"]
    assert [one["sku_id"] for one in shown] == [None, red + SKU_OFFSET, blue + SKU_OFFSET]
    assert shop.delete(f"/v2/products/{product}/skus/{red + SKU_OFFSET}").status == 204
    assert [one["variant_id"] for one in shop.get(f"{rules}/1").data["conditions"]] == [None, blue]
    assert shop.delete(f"{V3}/{product}/variants/{blue}").status == 204
    assert shop.get(rules).data == []
    check_variants(shop)
