"""Product rules of V2 and complex rules of V3: one table (rule 65)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog.variants import SKU_OFFSET
from shop import Shop
from statistics_check import check_statistics

V2 = "/v2/products/1/rules"
V3 = "/v3/catalog/products/1/complex-rules"
PRICE = {"adjuster": "relative", "adjuster_value": 8}


def a_product(shop: Shop) -> None:
    """Product 1 with the modifiers Gift (1: values 1, 2) and Card (2: values 3, 4), and the option Size (3: value 5).
    Product 2 has the modifier Gift (4: value 6)."""
    for name in ("Hammer", "Saw"):
        shop.product(name)
    for product, kind, name, labels in (
        (1, "modifiers", "Gift", "Yes No"), (1, "modifiers", "Card", "Red Blue"), (1, "options", "Size", "S"),
        (2, "modifiers", "Gift", "Yes"),
    ):  # fmt: skip
        values = [{"label": label, "sort_order": place} for place, label in enumerate(labels.split())]
        body = {"display_name": name, "type": "dropdown", "required": False, "option_values": values}
        assert shop.post(f"/v3/catalog/products/{product}/{kind}", body).status == 200


def named(modifier: int | None = None, value: int | None = None, variant: int | None = None) -> dict[str, Any]:
    """A V3 condition."""
    return {"modifier_id": modifier, "modifier_value_id": value, "variant_id": variant}


def asked(option: int | None = None, value: int | None = None, sku: int | None = None) -> dict[str, Any]:
    """A V2 condition; `sku` is the variant."""
    return {"product_option_id": option, "option_value_id": value, "sku_id": sku and sku + SKU_OFFSET}


TWO = [named(1, 1), named(2, 3)]


def test_a_complex_rule_is_a_v2_rule_of_several_conditions(shop: Shop) -> None:
    """Rule 65: one row, two forms."""
    a_product(shop)
    made = shop.post(V3, {"price_adjuster": PRICE, "stop": True, "conditions": TWO})
    assert made.status == 200, made.body
    conditions = [
        {"id": 1, "rule_id": 1, "modifier_id": 1, "modifier_value_id": 1, "variant_id": None, "combination_id": 0},
        {"id": 2, "rule_id": 1, "modifier_id": 2, "modifier_value_id": 3, "variant_id": None, "combination_id": 0},
    ]
    assert made.data == {
        "id": 1, "product_id": 1, "sort_order": 0, "enabled": True, "stop": True, "purchasing_disabled": False,
        "purchasing_disabled_message": "", "purchasing_hidden": False, "image_url": "", "price_adjuster": PRICE,
        "weight_adjuster": {}, "conditions": conditions,
    }  # fmt: skip
    assert shop.get(V3).data == [shop.get(f"{V3}/1").data] == [made.data]
    assert shop.get(f"{V2}/1").json == {
        "id": 1, "product_id": 1, "sort_order": 0, "is_enabled": True, "is_stop": True, "price_adjuster": PRICE,
        "weight_adjuster": None, "is_purchasing_disabled": False, "purchasing_disabled_message": "",
        "is_purchasing_hidden": False, "image_file": "", "conditions": [asked(1, 1), asked(2, 3)],
    }  # fmt: skip
    changed = shop.put(
        f"{V2}/1", {"is_enabled": False, "weight_adjuster": {"adjuster": "percentage", "adjuster_value": -5}}
    )
    assert changed.status == 200
    shown = shop.get(f"{V3}/1").data
    assert (shown["enabled"], shown["weight_adjuster"]) == (False, {"adjuster": "percentage", "adjuster_value": -5})
    assert shown["conditions"] == conditions
    assert b"<product_option_id>1</product_option_id>" in shop.get(f"{V2}/1.xml").body
    check_statistics(shop)


SAID: list[tuple[list[dict[str, Any]], bool, tuple[int, int] | None]] = [
    ([asked(1, 1)], False, (1, 1)),  # a modifier's value: its adjusters
    ([asked(3, 5)], False, None),  # an option's value
    ([asked(sku=1)], False, None),
    ([asked(1, 1), asked(1, 2)], True, None),
    ([asked(1, 1), asked(2, 3)], True, None),
    ([asked(1, 1), asked(sku=1)], True, None),
    ([asked(1, 1), asked(3, 5)], False, None),  # V3's conditions know no options
    ([asked(3, 5), asked(sku=1)], False, None),
]


@pytest.mark.parametrize(("conditions", "is_complex", "adjusts"), SAID)
def test_v2_shows_every_rule_and_v3_what_it_can_say(
    shop: Shop, conditions: list[dict[str, Any]], is_complex: bool, adjusts: tuple[int, int] | None
) -> None:
    """Rule 65: by what the conditions name."""
    a_product(shop)
    made = shop.post(V2, {"price_adjuster": PRICE, "conditions": conditions})
    assert (made.status, made.json["conditions"]) == (201, conditions)
    assert shop.get(V2).json == [made.json]
    assert shop.get(f"{V2}/count").json == shop.get("/v2/products/rules/count").json == {"count": 1}
    assert len(shop.get(V3).data) == is_complex
    assert shop.get(f"{V3}/1").status == (200 if is_complex else 404)
    shown = {
        (value["option_id"], value["id"])
        for modifier in shop.get("/v3/catalog/products/1/modifiers").data
        for value in modifier["option_values"]
        if value["adjusters"]["price"] == PRICE
    }
    assert shown == ({adjusts} if adjusts else set())
    assert shop.delete(f"{V2}/1").status == 204
    assert shop.get(V2).status == 204
    check_statistics(shop)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", V3, {"price_adjuster": PRICE}, 422, "FIELD_MISSING"),
    ("POST", V3, {"conditions": []}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 1)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 1), named(1, 1)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(variant=1)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 2), named(3, 5)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 2), named(4, 6)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 2), named(2, 1)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 2), named(variant=2)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": [named(1, 2), named(2)]}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": list(reversed(TWO))}, 409, "DUPLICATE"),
    ("POST", V3, {"conditions": TWO, "weight_adjuster": {"adjuster": "x", "adjuster_value": 2}}, 422, "FIELD_INVALID"),
    ("POST", V3, {"conditions": TWO, "purchasing_disabled_message": "x" * 256}, 422, "FIELD_INVALID"),
    ("PUT", f"{V3}/1", {"conditions": [named(1, 1)]}, 422, "FIELD_INVALID"),
    ("PUT", f"{V3}/2", {"stop": True}, 404, "NO_SUCH_ENTITY"),  # V2's alone
    ("POST", "/v3/catalog/products/2/complex-rules", {"conditions": TWO}, 422, "FIELD_INVALID"),
    ("POST", "/v3/catalog/products/9/complex-rules", {"conditions": TWO}, 404, "NO_SUCH_ENTITY"),
    ("POST", V2, {"price_adjuster": PRICE}, 400, "FIELD_MISSING"),
    ("POST", V2, {"conditions": []}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": 1}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": [asked(1)]}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": [asked(1, 2, sku=1)]}, 400, "FIELD_INVALID"),  # a SKU excludes the pair
    ("POST", V2, {"conditions": [asked(1, 3)]}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": [asked(sku=2)]}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": [asked("x", 1)]}, 400, "FIELD_INVALID"),  # type: ignore[arg-type]
    ("POST", V2, {"conditions": [asked(2, 3), asked(1, 1), asked(1, 1)]}, 409, "DUPLICATE"),
    ("POST", V2, {"conditions": [asked(1, 2)], "price_adjuster": {"adjuster_value": 2}}, 400, "FIELD_INVALID"),
    ("POST", V2, {"conditions": [asked(1, 2)], "product_id": 2}, 400, "FIELD_READ_ONLY"),
    ("PUT", f"{V2}/9", {"is_stop": True}, 404, "NO_SUCH_ENTITY"),
    ("PUT", "/v2/products/2/rules/1", {"is_stop": True}, 404, "NO_SUCH_ENTITY"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Rule 65."""
    a_product(shop)
    shop.post(V3, {"conditions": TWO})
    shop.post(V2, {"conditions": [asked(3, 5)]})
    before = shop.get(V2).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert shop.get(V2).body == before
    check_statistics(shop)


def test_a_v3_condition_may_name_a_value_and_a_variant_at_once(shop: Shop) -> None:
    """Rule 65: it is two conditions, as the published example writes them."""
    a_product(shop)
    made = shop.post(V3, {"conditions": [named(1, 1, variant=1)]})
    assert made.status == 200, made.body
    assert [(one["modifier_id"], one["variant_id"]) for one in made.data["conditions"]] == [(1, None), (None, 1)]
    assert shop.get(f"{V2}/1").json["conditions"] == [asked(1, 1), asked(sku=1)]


def test_v2_adds_conditions_and_v3_replaces_them(shop: Shop) -> None:
    """Rule 65: whole objects are written back, so a condition that is there already is not added again."""
    a_product(shop)
    shop.post(V2, {"conditions": [asked(1, 1)], "price_adjuster": PRICE})
    reply = shop.put(f"{V2}/1", {"conditions": [asked(1, 1), asked(2, 3)]})
    assert (reply.status, reply.json["conditions"]) == (200, [asked(1, 1), asked(2, 3)])
    shown = shop.get(f"{V3}/1").data
    assert shop.put(f"{V3}/1", shown).data == shown
    kept = shown["conditions"][1]
    changed = shop.put(f"{V3}/1", {"conditions": [named(2, 3), named(2, 4)]}).data["conditions"]
    assert changed[0] == kept  # its number stays
    assert changed[1]["id"] > kept["id"]
    assert shop.get(f"{V2}/1").json["conditions"] == [asked(2, 3), asked(2, 4)]
    shop.put(f"{V2}/1", {"conditions": [asked(3, 5)]})
    assert shop.get(f"{V3}/1").status == 404  # V3 cannot say it any more
    assert shop.put(f"{V2}/1", {"is_stop": True}).json["is_stop"] is True
    check_statistics(shop)


def orders(shop: Shop) -> list[int]:
    """The places of the rules, in the order of their ids."""
    return [rule["sort_order"] for rule in shop.get(V2).json]


@pytest.mark.parametrize(
    ("rule", "to", "places"),
    [
        (1, 2, [2, 0, 1, 3]),
        (4, 0, [1, 2, 3, 0]),
        (3, 1, [0, 2, 1, 3]),
        (2, 9, [0, 9, 2, 3]),
        (2, 1, [0, 1, 2, 3]),
    ],
)
def test_a_rule_that_moves_makes_the_others_move(shop: Shop, rule: int, to: int, places: list[int]) -> None:
    """Rule 65: each keeps a place of its own; a new one is the last unless it says where."""
    a_product(shop)
    for condition in (asked(1, 1), asked(1, 2), asked(2, 3), asked(2, 4)):
        shop.post(V2, {"conditions": [condition]})
    assert orders(shop) == [0, 1, 2, 3]
    tags = {n: shop.get(f"{V2}/{n}").headers["etag"] for n in (1, 2, 3, 4)}
    assert shop.put(f"{V2}/{rule}", {"sort_order": to}).status == 200
    assert orders(shop) == places
    for n, place in enumerate(places, start=1):
        assert (shop.get(f"{V2}/{n}").headers["etag"] == tags[n]) == (place == n - 1)
    check_statistics(shop)


def test_a_new_rule_pushes_in_where_it_says(shop: Shop) -> None:
    """Rule 65."""
    a_product(shop)
    for condition in (asked(1, 1), asked(1, 2), asked(2, 3)):
        shop.post(V2, {"conditions": [condition]})
    shop.post(V3, {"conditions": TWO, "sort_order": 1})
    assert orders(shop) == [0, 2, 3, 1]


def test_a_rule_goes_with_what_it_asks_for(shop: Shop) -> None:
    """A rule that has another alternative stays, and asks for that alone; conditions that must all be met stay
    together."""
    a_product(shop)
    rules: list[list[dict[str, Any]]] = [
        [asked(1, 1), asked(1, 2), asked(2, 3)],
        [asked(1, 1), asked(2, 4)],
        [asked(2, 3), asked(sku=1)],
        [asked(3, 5)],
    ]
    for conditions in rules:
        assert shop.post(V2, {"conditions": conditions}).status == 201
    shop.delete("/v3/catalog/products/1/modifiers/1/values/1")
    assert [(rule["id"], rule["conditions"]) for rule in shop.get(V2).json] == [
        (1, [asked(1, 2), asked(2, 3)]), (3, rules[2]), (4, rules[3]),
    ]  # fmt: skip
    shop.delete("/v3/catalog/products/1/modifiers/2")
    assert [rule["id"] for rule in shop.get(V2).json] == [4]
    shop.delete("/v2/options")
    assert shop.get(V2).status == 204
    assert (shop.rows("product_rule_values"), shop.rows("product_rule_variants")) == (0, 0)
    check_statistics(shop)


def test_rules_that_would_become_the_same_are_one(shop: Shop) -> None:
    """What is left of a rule may be what another says already."""
    a_product(shop)
    shop.post(V2, {"conditions": [asked(1, 1), asked(1, 2)]})
    shop.post(V2, {"conditions": [asked(1, 2)], "is_stop": True})
    assert shop.delete("/v3/catalog/products/1/modifiers/1/values/1").status == 204
    assert [rule["id"] for rule in shop.get(V2).json] == [2]
    check_statistics(shop)


def test_the_rules_of_a_product_go_with_it(shop: Shop) -> None:
    """And all at once by V2's delete of the collection."""
    a_product(shop)
    shop.post(V3, {"conditions": TWO})
    shop.post("/v2/products/2/rules", {"conditions": [asked(4, 6)]})
    assert shop.get("/v2/products/rules/count").json == {"count": 2}
    assert shop.delete("/v2/products/2/rules").status == 204
    assert [rule["id"] for rule in shop.get(V2).json] == [1]
    assert shop.delete("/v3/catalog/products/1").status == 204
    assert (shop.rows("product_rules"), shop.rows("product_rule_options")) == (0, 0)
    check_statistics(shop)
