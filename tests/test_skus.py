"""SKUs in V2: the variants with options, seen as V2 has them (rules 43, 55 to 57)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog.variants import SKU_OFFSET as SKU
from choices import Asked, answer, answer_v2, check_variants, give_options, shirt
from shop import Shop

PRODUCTS = "/v2/products"
V3 = "/v3/catalog/products"
ALL = "/v2/products/skus"


def test_a_sku_written_in_v2_is_a_variant_in_v3_and_the_other_way_round(shop: Shop) -> None:
    """Rules 55 and 56: one truth, two views, each with a number of its own."""
    made, asked = shirt(shop, sku="SH")
    path = f"{PRODUCTS}/{made}/skus"
    assert (shop.get(path).status, shop.get(ALL).status) == (204, 204)
    assert shop.get(f"{ALL}/1").status == 404
    body = {"sku": "SH-1", "options": answer_v2(asked, Color="Red", Size="S"), "cost_price": "2", "upc": "1"}
    reply = shop.post(path, body)
    assert (reply.status, reply.headers["location"].endswith(f"{path}/{SKU + 2}")) == (201, True)
    assert reply.json == {
        "id": SKU + 2,
        "product_id": made,
        "sku": "SH-1",
        "price": None,
        "adjusted_price": "10.0000",
        "cost_price": "2.0000",
        "upc": "1",
        "inventory_level": 0,
        "inventory_warning_level": 0,
        "bin_picking_number": "",
        "weight": None,
        "adjusted_weight": "1.0000",
        "is_purchasing_disabled": False,
        "purchasing_disabled_message": "",
        "image_file": "",
        "options": answer_v2(asked, Color="Red", Size="S"),
    }
    variant = shop.get(f"{V3}/{made}/variants/2").data
    assert (variant["sku"], variant["sku_id"], variant["price"]) == ("SH-1", SKU + 2, None)
    assert [value["label"] for value in variant["option_values"]] == ["Red", "S"]
    changed = {"price": "12.5", "weight": "3", "is_purchasing_disabled": True, "inventory_level": 4}
    assert shop.put(f"{path}/{SKU + 2}", changed).json["adjusted_price"] == "12.5000"
    variant = shop.get(f"{V3}/{made}/variants/2").data
    assert (variant["price"], variant["calculated_weight"], variant["purchasing_disabled"]) == (12.5, 3, True)
    three = shop.post(
        f"{V3}/{made}/variants", {"sku": "SH-2", "option_values": answer(asked, Color="Blue", Size="S")}
    ).data["id"]
    assert shop.get(f"{path}/{SKU + three}").json["options"] == answer_v2(asked, Color="Blue", Size="S")
    assert [row["id"] for row in shop.get(path).json] == [SKU + 2, SKU + three]
    assert shop.put(f"{path}/{SKU + 2}", {"price": ""}).json["price"] is None
    assert shop.get(f"{V3}/{made}").data["base_variant_id"] is None
    check_variants(shop)


def test_a_sku_is_spoken_in_xml(shop: Shop) -> None:
    """Rule 15."""
    made = shop.product("Ring")
    asked = give_options(shop, made, Metal=["Gold", "Silver"])
    option = f"<product_option_id>{asked['Metal'].id}</product_option_id>"
    value = f"<option_value_id>{asked['Metal'].values['Gold']}</option_value_id>"
    body = f"<sku><sku>R</sku><options><option>{option}{value}</option></options></sku>".encode()
    path = f"{PRODUCTS}/{made}/skus"
    reply = shop.post(path + ".xml", body=body, headers={"content-type": "application/xml"})
    assert reply.status == 201, reply.body
    assert f"<options><option>{option}{value}</option></options>".encode() in reply.body
    assert shop.get(f"{path}/{SKU + 2}").json["options"] == answer_v2(asked, Metal="Gold")


REFUSED: list[tuple[Any, int, str]] = [
    ({"sku": "B"}, 400, "FIELD_MISSING"),
    ({"options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_MISSING"),
    ({"sku": "B", "options": "Blue"}, 400, "FIELD_INVALID"),
    ({"sku": "B", "options": [{"product_option_id": 1}]}, 400, "FIELD_MISSING"),
    ({"sku": "B", "options": [{"product_option_id": "x", "option_value_id": 1}]}, 400, "FIELD_INVALID"),
    ({"sku": "B", "options": []}, 400, "FIELD_INVALID"),
    ({"sku": "B", "options": {"Color": "Blue"}}, 400, "FIELD_INVALID"),
    ({"sku": "", "options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_INVALID"),
    ({"sku": "B", "options": {"Color": "Red", "Size": "S"}}, 409, "DUPLICATE"),
    ({"sku": "sh-1", "options": {"Color": "Blue", "Size": "S"}}, 409, "DUPLICATE"),
    ({"sku": "SH", "options": {"Color": "Blue", "Size": "S"}}, 409, "DUPLICATE"),
    ({"sku": "B", "adjusted_price": "1", "options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_READ_ONLY"),
    ({"sku": "B", "adjusted_weight": "1", "options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_READ_ONLY"),
    ({"sku": "B", "product_id": 1, "options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_READ_ONLY"),
    ({"sku": "B", "colour": "Blue", "options": {"Color": "Blue", "Size": "S"}}, 400, "FIELD_UNKNOWN"),
]


@pytest.mark.parametrize(("body", "status", "reason"), REFUSED)
def test_a_sku_that_does_not_fit_is_refused(room: Shop, body: dict[str, Any], status: int, reason: str) -> None:
    """Rules 1 to 4, 43, 55 and 57; nothing changes."""
    made, asked = shirt(room, sku="SH")
    path = f"{PRODUCTS}/{made}/skus"
    room.post(path, {"sku": "SH-1", "options": answer_v2(asked, Color="Red", Size="S")})
    before = room.get(path).body
    if isinstance(body.get("options"), dict):
        body = {**body, "options": answer_v2(asked, **body["options"])}
    reply = room.post(path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert room.get(path).body == before
    if (
        reason != "FIELD_MISSING"
        and body["sku"] != "sh-1"
        and body["options"] != answer_v2(asked, Color="Red", Size="S")
    ):
        assert room.put(f"{path}/{SKU + 2}", body).status == status
        assert room.get(path).body == before
    check_variants(room)


def test_a_sku_that_does_not_fit_is_told_in_the_words_of_v2(room: Shop) -> None:
    """Rule 4: clients match the member that they sent."""
    made, asked = shirt(room)
    options = answer_v2(asked, Color="Red")
    (error,) = room.post(f"{PRODUCTS}/{made}/skus", {"sku": "B", "options": options}).json
    assert error["message"] == "The field 'options' is invalid."
    assert error["details"] == {"invalid_reason": "options: the option Size is not answered."}
    options = answer_v2(asked, Color="Red", Size="S")
    room.post(f"{PRODUCTS}/{made}/skus", {"sku": "A", "options": options})
    (error,) = room.post(f"{PRODUCTS}/{made}/skus", {"sku": "B", "options": options}).json
    assert error["details"]["conflicting_field"] == "options"


def stocked(shop: Shop) -> tuple[int, dict[str, Asked]]:
    """A shirt with the variants 2 (low in stock) and 3, a ring with 5, and a simple product."""
    made, asked = shirt(shop)
    path = f"{PRODUCTS}/{made}/skus"
    for number, (color, level, warning) in enumerate([("Red", 2, 5), ("Blue", 9, 5)], start=1):
        body = {"sku": f"SH-{number}", "inventory_level": level, "inventory_warning_level": warning, "upc": str(number)}
        body |= {"bin_picking_number": f"B{number}", "options": answer_v2(asked, Color=color, Size="S")}
        assert shop.post(path, body).status == 201
    notify_change = shop.product("Ring")
    metal = give_options(shop, notify_change, Metal=["Gold"])
    shop.post(f"{PRODUCTS}/{notify_change}/skus", {"sku": "R", "options": answer_v2(metal, Metal="Gold")})
    shop.product("Simple", sku="S", upc="1", inventory_level=2)
    return made, asked


LISTED = [
    ("/v2/products/skus", [2, 3, 5]),
    ("/v2/products/skus?sku=sh-2", [3]),
    ("/v2/products/skus?sku=S", []),
    ("/v2/products/skus?upc=1", [2]),
    ("/v2/products/skus?min_id=10003&max_id=10004", [3]),
    ("/v2/products/skus?inventory_level=2", [2]),
    ("/v2/products/skus?min_inventory_level=1&max_inventory_level=3", [2]),
    ("/v2/products/skus?inventory_warning_level=0", [5]),
    ("/v2/products/skus?bin_picking_number=B2", [3]),
    ("/v2/products/skus?is_low_inventory=true", [2]),
    ("/v2/products/skus?is_low_inventory=0", [3, 5]),
    ("/v2/products/skus?limit=1&page=2", [3]),
    ("/v2/products/1/skus", [2, 3]),
    ("/v2/products/1/skus?sku=R", []),
    ("/v2/products/2/skus", [5]),
    ("/v2/products/3/skus", []),
]


@pytest.mark.parametrize(("path", "ids"), LISTED)
def test_a_list_of_skus_shows_what_was_asked_for(room: Shop, path: str, ids: list[int]) -> None:
    """contract/filters.tsv; the base variant of a simple product is no SKU (rule 7: 204 when there is none)."""
    stocked(room)
    reply = room.get(path)
    assert reply.status == (200 if ids else 204)
    assert ([row["id"] - SKU for row in reply.json] if ids else []) == ids


def test_skus_are_counted_at_both_depths(room: Shop) -> None:
    """contract/clients.md."""
    stocked(room)
    paths = (f"{ALL}/count", f"{ALL}/count?sku=R", f"{PRODUCTS}/1/skus/count", f"{PRODUCTS}/3/skus/count")
    assert [room.get(path).json["count"] for path in paths] == [3, 1, 2, 0]
    assert room.get(f"{PRODUCTS}/9/skus/count").status == 404


def test_a_sku_is_changed_without_naming_its_product(room: Shop) -> None:
    """contract/clients.md: PUT /products/skus/{id}."""
    stocked(room)
    reply = room.put(f"{ALL}/{SKU + 3}", {"sku": "SH-9"})
    assert (reply.status, reply.json["sku"]) == (200, "SH-9")
    assert room.get(f"{PRODUCTS}/1/skus/{SKU + 3}").json["sku"] == "SH-9"
    assert room.get(f"{ALL}/{SKU + 3}").json["sku"] == "SH-9"
    assert [room.put(f"{ALL}/{one}", {"sku": "X"}).status for one in (3, SKU + 4, SKU + 6, 99)] == [404] * 4
    assert room.get(f"{PRODUCTS}/2/skus/{SKU + 3}").status == 404
    assert room.delete(f"{PRODUCTS}/2/skus/{SKU + 3}").status == 404


def test_the_skus_of_a_product_are_deleted_one_by_one_or_all(room: Shop) -> None:
    """Rule 22: without a filter all; the product is simple again (rule 57)."""
    made, _ = stocked(room)
    assert room.delete(f"{PRODUCTS}/{made}/skus/{SKU + 2}").status == 204
    assert [row["id"] for row in room.get(f"{PRODUCTS}/{made}/skus").json] == [SKU + 3]
    assert room.delete(f"{PRODUCTS}/{made}/skus").status == 204
    assert room.get(f"{PRODUCTS}/{made}/skus").status == 204
    assert room.delete(f"{PRODUCTS}/{made}/skus").status == 204
    assert len(room.get(f"{V3}/{made}/variants").data) == 1
    assert [row["id"] for row in room.get(ALL).json] == [SKU + 5]
    check_variants(room)


def test_a_product_in_v2_is_found_by_its_own_sku_and_by_those_of_its_variants(room: Shop) -> None:
    """`sku` is the product's, `include_sku` any that it has."""
    room.put(f"{PRODUCTS}/{stocked(room)[0]}", {"sku": "SH"})
    found = [room.get(f"{PRODUCTS}?{query}") for query in ("sku=sh", "sku=SH-1", "include_sku=SH-1", "include_sku=s")]
    assert [[row["id"] for row in reply.json] if reply.status == 200 else [] for reply in found] == [[1], [], [1], [3]]
