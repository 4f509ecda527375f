"""Whose stock counts: product or variants, the cap, what cannot be saved (rules 47 to 49)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from choices import Asked, answer, answer_v2, check_variants, shirt
from shop import Reply, Shop

V2 = "/v2/products"
V3 = "/v3/catalog/products"
MAXIMUM = 2_147_483_647


def sell(shop: Shop, tracking: str = "variant", **levels: int) -> tuple[int, dict[str, Asked]]:
    """A shirt tracked in this way, with a variant of each color, which is its SKU, and its level."""
    made, asked = shirt(shop, inventory_tracking=tracking)
    for color, level in levels.items():
        body = {"sku": color, "inventory_level": level, "option_values": answer(asked, Color=color, Size="S")}
        assert shop.post(f"{V3}/{made}/variants", body).status == 200
    return made, asked


def level(shop: Shop, made: int) -> tuple[int, list[int]]:
    """The product's level, and those of its variants."""
    row = shop.get(f"{V3}/{made}?include=variants").data
    return row["inventory_level"], [variant["inventory_level"] for variant in row["variants"]]


def test_tracked_by_variant_a_product_has_the_stock_of_its_variants(shop: Shop) -> None:
    """Rule 47: through creates, updates, batches and deletes, in both versions."""
    made, asked = sell(shop, Red=3, Blue=4)
    assert level(shop, made) == (7, [3, 4])
    shop.put(f"{V3}/{made}/variants/2", {"inventory_level": 1})
    shop.put(f"{V2}/{made}/skus/10003", {"inventory_level": "10"})
    assert level(shop, made) == (11, [1, 10])
    shop.put("/v3/catalog/variants", [{"id": 2, "inventory_level": 2}, {"id": 3, "inventory_level": 2}])
    assert level(shop, made) == (4, [2, 2])
    body = {"sku": "G", "inventory_level": 6, "options": answer_v2(asked, Color="Green", Size="M")}
    shop.post(f"{V2}/{made}/skus", body)
    assert shop.get(f"{V2}/{made}").json["inventory_level"] == 10
    shop.delete(f"{V3}/{made}/variants/3")
    assert level(shop, made) == (8, [2, 6])
    check_variants(shop)


@pytest.mark.parametrize("path", [V2, V3])
def test_a_level_acts_only_in_its_mode(shop: Shop, path: str) -> None:
    """Rule 47: what is written to the product is passed over while variants are tracked."""
    made, _ = sell(shop, "product", Red=3)
    words = {"product": "simple", "variant": "sku", "none": "none"} if path == V2 else {}

    def track(mode: str) -> None:
        assert shop.put(f"{path}/{made}", {"inventory_tracking": words.get(mode, mode)}).status == 200

    shop.put(f"{path}/{made}", {"inventory_level": 50})
    assert level(shop, made) == (50, [3])
    shop.put(f"{V3}/{made}/variants/2", {"inventory_level": 4})
    assert level(shop, made) == (50, [4])
    track("variant")
    assert level(shop, made) == (4, [4])
    assert shop.put(f"{path}/{made}", {"inventory_level": 50, "name": "Vest"}).status == 200
    assert level(shop, made) == (4, [4])
    track("none")
    shop.put(f"{V3}/{made}/variants/2", {"inventory_level": 9})
    assert level(shop, made) == (4, [9])
    track("variant")
    assert level(shop, made) == (9, [9])
    check_variants(shop)


def test_a_simple_product_tracked_by_variant_has_the_stock_of_its_base_variant(shop: Shop) -> None:
    """Rules 47 and 57: they are one."""
    made = shop.product(inventory_tracking="variant", inventory_level=3)
    assert level(shop, made) == (3, [3])
    shop.put(f"{V3}/{made}/variants/1", {"inventory_level": 5, "inventory_warning_level": 6})
    assert level(shop, made) == (5, [5])
    assert [row["id"] for row in shop.get(f"{V3}?inventory_low=1").data] == [made]
    check_variants(shop)


def shown(reply: Reply) -> Any:
    """The body's row in either version."""
    return reply.json.get("data", reply.json)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("sent", [-1, -(10**30)])
def test_a_variant_is_saved_but_its_negative_stock_is_not(shop: Shop, version: int, sent: int) -> None:
    """Rule 48: 207 with the row and what went wrong, on create and on update."""
    made, asked = sell(shop, Red=3)
    if version == 2:
        new = {"sku": "B", "options": answer_v2(asked, Color="Blue", Size="S")}
        path, second = f"{V2}/{made}/skus", 10_002
    else:
        new = {"sku": "B", "option_values": answer(asked, Color="Blue", Size="S")}
        path, second = f"{V3}/{made}/variants", 2
    for reply in (
        shop.post(path, {**new, "inventory_level": sent}),
        shop.put(f"{path}/{second}", {"inventory_level": sent, "upc": "1"}),
    ):
        assert reply.status == 207
        if version == 2:
            assert "inventory_level" in reply.json["message"]
        else:
            assert list(reply.json["errors"]) == ["inventory_level"]
    assert (shown(reply)["inventory_level"], shown(reply)["upc"]) == (3, "1")
    assert level(shop, made) == (3, [3, 0])
    check_variants(shop)


def test_a_batch_tells_which_stock_it_could_not_save(shop: Shop) -> None:
    """Rules 48 and 58."""
    made, _ = sell(shop, Red=3, Blue=4)
    reply = shop.put("/v3/catalog/variants", [{"id": 2, "inventory_level": -1, "mpn": "m"}, {"id": 3, "mpn": "m"}])
    assert (reply.status, list(reply.json["errors"])) == (207, ["2.inventory_level"])
    assert [(row["inventory_level"], row["mpn"]) for row in reply.data] == [(3, "m"), (4, "m")]
    assert level(shop, made) == (7, [3, 4])


@pytest.mark.parametrize("sent", [MAXIMUM + 1, 10**30])
def test_stock_over_the_cap_is_clamped_where_no_sibling_holds_any(shop: Shop, sent: int) -> None:
    """Rule 49."""
    made, _ = sell(shop, Red=3, Blue=0)
    assert shop.put(f"{V3}/{made}/variants/2", {"inventory_level": sent}).data["inventory_level"] == MAXIMUM
    assert level(shop, made) == (MAXIMUM, [MAXIMUM, 0])
    base = shop.product("Simple", inventory_tracking="variant")
    path = f"{V3}/{base}/variants"
    assert shop.put(f"{path}/{shop.get(path).data[0]['id']}", {"inventory_level": sent}).status == 200
    assert level(shop, base) == (MAXIMUM, [MAXIMUM])
    check_variants(shop)


@pytest.mark.parametrize("sent", [MAXIMUM, MAXIMUM - 3, 10**30])
def test_stock_that_would_be_too_much_beside_a_siblings_is_not_saved(shop: Shop, sent: int) -> None:
    """Rule 49: the variant stays as it was, and nobody is told."""
    made, asked = sell(shop, Red=3, Blue=4)
    reply = shop.put(f"{V3}/{made}/variants/2", {"inventory_level": sent, "mpn": "m"})
    assert (reply.status, reply.data["inventory_level"], reply.data["mpn"]) == (200, 3, "m")
    body = {"sku": "G", "inventory_level": sent, "option_values": answer(asked, Color="Green", Size="S")}
    assert shop.post(f"{V3}/{made}/variants", body).data["inventory_level"] == 0
    assert level(shop, made) == (7, [3, 4, 0])
    assert shop.put(f"{V3}/{made}/variants/2", {"inventory_level": MAXIMUM - 4}).data["inventory_level"] == MAXIMUM - 4
    assert level(shop, made)[0] == MAXIMUM
    check_variants(shop)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inventory_warning_level": -1}, 422),
        ({"inventory_warning_level": MAXIMUM + 1}, 422),
        ({"inventory_level": 1.5}, 422),
        ({"inventory_level": "many"}, 422),
        ({"inventory_level": None, "inventory_warning_level": None, "upc": None, "cost_price": None}, 200),
    ],
)
def test_levels_are_whole_numbers(shop: Shop, body: dict[str, Any], status: int) -> None:
    """Null is none."""
    made, _ = sell(shop, Red=3)
    assert shop.put(f"{V3}/{made}/variants/2", body).status == status
    assert level(shop, made) == ((0, [0]) if status == 200 else (3, [3]))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("inventory_low=1", ["low", "low variant"]),
        ("inventory_low=0", ["untracked", "plenty", "out", "plenty of variants", "variants out"]),
        ("out_of_stock=1", ["out", "variants out"]),
        ("out_of_stock=0", ["untracked", "plenty", "low", "plenty of variants", "low variant"]),
        ("inventory_low=1&name=low", ["low"]),
        ("inventory_low=1&sort=name&direction=desc", ["low variant", "low"]),
    ],
)
def test_products_are_found_by_the_stock_that_counts(room: Shop, query: str, found: list[str]) -> None:
    """Rule 47: the level of a product, or of any of its variants, and none where nothing is tracked."""
    room.product("untracked", inventory_level=0, inventory_warning_level=5)
    room.product("plenty", inventory_tracking="product", inventory_level=9, inventory_warning_level=5)
    room.product("low", inventory_tracking="product", inventory_level=5, inventory_warning_level=5)
    room.product("out", inventory_tracking="product")
    for name, levels in (("plenty of variants", [6, 6]), ("low variant", [100, 2]), ("variants out", [0, 0])):
        words = [{"option_display_name": "Size", "label": label} for label in "SM"]
        variants = [
            {"sku": f"{name}{place}", "inventory_level": stock, "option_values": [word]}
            for place, (stock, word) in enumerate(zip(levels, words, strict=True))
        ]
        body = {"name": name, "type": "physical", "price": 1, "weight": 1, "inventory_tracking": "variant"}
        made = room.post(V3, {**body, "variants": variants}).data
        if sum(levels):
            ids = [row["id"] for row in made["variants"]]
            room.put("/v3/catalog/variants", [{"id": one, "inventory_warning_level": 5} for one in ids])
    assert [row["name"] for row in room.get(f"{V3}?{query}").data] == found


@pytest.mark.parametrize("seed", range(3))
def test_after_any_sequence_of_writes_product_and_variants_agree(shop: Shop, seed: int) -> None:
    """Rules 47 to 49, 56 and 57, with refused writes among them."""
    made, asked = shirt(shop, sku="SH")
    picks = random.Random(seed)
    for turn in range(60):
        ids = [row["id"] for row in shop.get(f"{V3}/{made}/variants").data]
        one = f"{V3}/{made}/variants/{picks.choice(ids)}"
        chosen = {"Color": picks.choice(["Red", "Blue", "Green"]), "Size": picks.choice("SM")}
        stock = picks.choice([0, 1, 5, MAXIMUM, -1])
        method, path, body = picks.choice(
            [
                ("POST", f"{V3}/{made}/variants", {"sku": f"k{turn % 9}", "option_values": answer(asked, **chosen)}),
                ("POST", f"{V2}/{made}/skus", {"sku": f"K{turn % 7}", "options": answer_v2(asked, **chosen)}),
                ("PUT", one, {"inventory_level": stock, "sku": f"k{picks.randrange(9)}"}),
                ("PUT", one, {"price": picks.choice([None, 3]), "inventory_level": stock}),
                ("PUT", "/v3/catalog/variants", [{"id": i, "inventory_level": stock} for i in ids]),
                ("PUT", f"{V3}/{made}", {"inventory_tracking": picks.choice(["none", "product", "variant"])}),
                ("PUT", f"{V3}/{made}", {"price": turn, "sku": f"k{picks.randrange(9)}", "inventory_level": stock}),
                ("DELETE", one, None),
                ("DELETE", f"{V2}/{made}/skus", None),
            ]
        )
        assert shop.request(method, path, body).status in (200, 201, 204, 207, 409, 422)
        if turn % 10 == 9:
            check_variants(shop)
