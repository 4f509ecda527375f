"""Products: names, stock, prices, categories, batches, deletes (rules 22 to 26, 41 to 54, 57)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Reply, Shop

V2 = "/v2/products"
V3 = "/v3/catalog/products"


def body(path: str, **more: Any) -> dict[str, Any]:
    """What a new product needs, in the version of the path."""
    needed = {"name": "Hammer", "type": "physical", "price": 10, "weight": 1}
    if path == V2:
        needed |= {"availability": "available", "categories": []}
    return {**needed, **more}


def shown(reply: Reply) -> Any:
    """The product in a reply of either version."""
    found = reply.json
    return found.get("data", found)


def details(reply: Reply) -> Any:
    """The details of a refusal in either version."""
    return reply.json[0]["details"] if isinstance(reply.json, list) else reply.json["details"]


def test_a_product_written_in_one_version_is_read_in_the_other(shop: Shop) -> None:
    """One store, two forms."""
    category, brand = shop.category(), shop.brand()
    made = shop.post(V2, body(V2, categories=[category], brand_id=brand, price="19.9", sku="H-1", is_visible=True))
    assert (made.status, made.headers["location"]) == (201, f"https://localhost:8443/stores/{shop.name}{V2}/1")
    row = shop.get(f"{V3}/1").data
    assert (row["price"], row["categories"], row["brand_id"], row["sku"]) == (19.9, [category], brand, "H-1")
    made = shop.post(V3, body(V3, name="Saw", categories=[category], inventory_tracking="variant"))
    assert (made.status, made.headers["location"]) == (200, f"https://localhost:8443/stores/{shop.name}{V3}/2")
    row = shop.get(f"{V2}/2").json
    assert (row["price"], row["inventory_tracking"], row["categories"]) == ("10.0000", "sku", [category])
    shop.put(f"{V2}/2", {"name": "Fine saw", "weight": "0.5"})
    assert [shop.get(f"{V3}/2").data[name] for name in ("name", "weight")] == ["Fine saw", 0.5]
    assert shop.get(f"{V2}/count").json == {"count": 2}


@pytest.mark.parametrize(("path", "visible"), [(V2, False), (V3, True)])
def test_a_new_product_is_hidden_in_v2_and_visible_in_v3(shop: Shop, path: str, visible: bool) -> None:
    """Rule 42."""
    assert shown(shop.post(path, body(path)))["is_visible"] is visible


# Rule 43: names and SKUs.


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "SAW"}, "name"),
        ({"name": "STRASSE"}, "name"),
        ({"sku": "s-1"}, "sku"),
        ({"name": "saw", "sku": "S-1"}, "both"),
    ],
)
@pytest.mark.parametrize("path", [V2, V3])
def test_names_and_skus_are_unique_whatever_their_case(shop: Shop, path: str, more: dict[str, Any], field: str) -> None:
    """Rule 43: every conflict is told, on create and on update."""
    shop.product("Saw", sku="S-1")
    shop.product("Straße")
    third = shop.product("Third")
    for reply in (shop.post(path, body(path, **more)), shop.put(f"{path}/{third}", more)):
        assert (reply.status, reply.reason) == (409, "DUPLICATE")
        assert details(reply)["conflicting_id"] in (1, 2)
        if path == V3:
            assert set(reply.json["errors"]) == ({"name", "sku"} if field == "both" else {field})
        else:
            assert len(reply.json) == (2 if field == "both" else 1)
    assert shop.rows("products") == shop.rows("variants") == 3


def test_empty_skus_do_not_clash_and_a_freed_one_can_be_taken(shop: Shop) -> None:
    """Rule 43."""
    first, second = shop.product("A", sku=""), shop.product("B", sku="X")
    assert shop.put(f"{V3}/{second}", {"sku": ""}).status == 200
    assert shop.put(f"{V3}/{first}", {"sku": "x"}).status == 200
    assert shop.put(f"{V3}/{first}", {"sku": "X"}).status == 200
    shop.delete(f"{V3}/{first}")
    assert shop.put(f"{V3}/{second}", {"sku": "X", "name": "a"}).status == 200


def test_two_products_can_swap_names_and_skus_one_at_a_time(shop: Shop) -> None:
    """Rule 43 looks at what is stored, not at what was."""
    a, b = shop.product("A", sku="1"), shop.product("B", sku="2")
    for product, name, sku in ((a, "C", "3"), (b, "A", "1"), (a, "B", "2")):
        assert shop.put(f"{V3}/{product}", {"name": name, "sku": sku}).status == 200
    assert [row["sku"] for row in shop.get(V3).data] == ["2", "1"]


# Rule 44: what does not exist.


@pytest.mark.parametrize(
    ("more", "field", "missing"),
    [
        ({"categories": [1, 7, 8]}, "categories", [7, 8]),
        ({"brand_id": 7}, "brand_id", [7]),
        ({"tax_class_id": 7}, "tax_class_id", [7]),
        ({"categories": [7], "brand_id": 8}, "both", [8]),
    ],
)
@pytest.mark.parametrize(("path", "status"), [(V2, 400), (V3, 409)])
def test_what_a_product_refers_to_must_exist(
    shop: Shop, path: str, status: int, more: dict[str, Any], field: str, missing: list[int]
) -> None:
    """Rule 44."""
    shop.category()
    made = shop.product("Made")
    for reply in (shop.post(path, body(path, **more)), shop.put(f"{path}/{made}", more)):
        assert (reply.status, reply.reason) == (status, "DANGLING_REFERENCE")
        assert details(reply)["missing_ids"] == missing
        if path == V3:
            assert set(reply.json["errors"]) == ({"categories", "brand_id"} if field == "both" else {field})
    assert shop.rows("products") == 1


# Rule 45: categories.


@pytest.mark.parametrize("path", [V2, V3])
def test_categories_are_replaced_as_a_whole(shop: Shop, path: str) -> None:
    """Rule 45."""
    a, b, c = (shop.category(name) for name in "ABC")
    product = shop.product(categories=[a, b])
    assert shown(shop.put(f"{path}/{product}", {"categories": [c, b, c]}))["categories"] == [c, b]
    assert [[row["id"] for row in shop.get(f"{V3}?categories:in={one}").data] for one in (a, b, c)] == [[], [1], [1]]
    assert shown(shop.put(f"{path}/{product}", {"categories": []}))["categories"] == []
    assert shop.rows("product_categories") == 0
    assert shop.delete(f"/v3/catalog/categories/{a}").status == 204


def test_a_product_is_in_at_most_a_thousand_categories(shop: Shop) -> None:
    """Rule 45: 403; what does not exist is told before."""
    reply = shop.post(V3, body(V3, categories=list(range(1, 1002))))
    assert reply.reason == "DANGLING_REFERENCE"
    for number in range(1, 1002):
        shop.category(f"C {number}")
    for product, path in enumerate((V2, V3), start=1):
        reply = shop.post(path, body(path, categories=list(range(1, 1002))))
        assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
        assert details(reply)["limit"] == 1000
        made = shop.post(path, body(path, name=path, categories=[*range(1, 1001), 5]))
        assert len(shown(made)["categories"]) == 1000
        assert shop.put(f"{path}/{product}", {"categories": list(range(1, 1002))}).status == 403


# Rules 47 to 49: stock.


@pytest.mark.parametrize("level", [-1, -(10**30)])
def test_v2_saves_the_product_but_not_a_negative_stock(shop: Shop, level: int) -> None:
    """Rule 48: 207, the product plus a message."""
    made = shop.post(V2, body(V2, inventory_level=level, inventory_tracking="simple"))
    assert made.status == 207
    assert (made.json["inventory_level"], made.json["name"]) == (0, "Hammer")
    assert "inventory_level" in made.json["message"]
    shop.put(f"{V2}/1", {"inventory_level": 5})
    changed = shop.put(f"{V2}/1", {"inventory_level": level, "name": "Axe"})
    assert (changed.status, changed.json["inventory_level"], changed.json["name"]) == (207, 5, "Axe")
    assert shop.get(f"{V3}/1").data["inventory_level"] == 5
    assert "message" not in shop.get(f"{V2}/1").json


@pytest.mark.parametrize("level", [-1, -(10**30)])
def test_v3_saves_the_product_but_not_a_negative_stock(shop: Shop, level: int) -> None:
    """Rule 48: 207 with data and errors."""
    made = shop.post(V3, body(V3, inventory_level=level, inventory_tracking="product"))
    assert made.status == 207
    assert (made.data["inventory_level"], list(made.json["errors"]), made.json["meta"]) == (0, ["inventory_level"], {})
    assert made.headers["location"].endswith(f"{V3}/1")
    changed = shop.put(f"{V3}/1", {"inventory_level": level, "name": "Axe"})
    assert (changed.status, changed.data["name"], changed.data["inventory_level"]) == (207, "Axe", 0)


@pytest.mark.parametrize("level", [2_147_483_648, 2**63, 10**30])
@pytest.mark.parametrize("path", [V2, V3])
def test_stock_over_the_cap_is_clamped(shop: Shop, path: str, level: int) -> None:
    """Rule 49."""
    made = shop.post(path, body(path, inventory_level=level))
    assert made.status == (201 if path == V2 else 200)
    assert shown(made)["inventory_level"] == 2_147_483_647
    assert shop.get(f"{V3}/1?include=variants").data["variants"][0]["inventory_level"] == 2_147_483_647


# Rules 46 and 50: prices.


@pytest.mark.parametrize(
    ("sent", "price"), [({}, 10), ({"sale_price": 8}, 8), ({"sale_price": 0}, 10), ({"sale_price": 8, "price": 7}, 8)]
)
@pytest.mark.parametrize("path", [V2, V3])
def test_the_sale_price_is_the_price_if_it_is_set(shop: Shop, path: str, sent: dict[str, Any], price: int) -> None:
    """Rule 50; filters and the base variant follow."""
    shop.post(path, body(path))
    assert float(shown(shop.put(f"{path}/1", sent))["calculated_price"]) == price
    row = shop.get(f"{V3}/1?include=variants").data
    assert (row["calculated_price"], row["variants"][0]["calculated_price"]) == (price, price)


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ({"is_price_hidden": True}, ["is_price_hidden"]),
        ({"price_hidden_label": "Call us"}, ["price_hidden_label"]),
        ({"is_price_hidden": True, "price_hidden_label": "Call us"}, ["is_price_hidden", "price_hidden_label"]),
        ({"is_price_hidden": True, "availability": "preorder"}, ["is_price_hidden"]),
        ({"is_price_hidden": True, "price_hidden_label": "Call us", "availability": "disabled"}, []),
    ],
)
@pytest.mark.parametrize(("path", "status"), [(V2, 400), (V3, 422)])
def test_a_hidden_price_needs_a_disabled_product(
    shop: Shop, path: str, status: int, sent: dict[str, Any], refused: list[str]
) -> None:
    """Rule 46, on create and on update."""
    made = shop.product("Made")
    for reply in (shop.post(path, body(path, **sent)), shop.put(f"{path}/{made}", sent)):
        if not refused:
            assert reply.status in (200, 201)
            continue
        assert (reply.status, reply.reason) == (status, "FIELD_INVALID")
        message = [f"{name} needs availability to be disabled." for name in refused]
        if path == V2:
            assert [error["details"]["invalid_reason"] for error in reply.json] == message
        else:
            assert list(reply.json["errors"].values()) == message


def test_a_product_cannot_be_enabled_while_its_price_is_hidden(shop: Shop) -> None:
    """Rule 46 judges the product as it would be."""
    made = shop.product(is_price_hidden=True, availability="disabled")
    assert shop.put(f"{V3}/{made}", {"availability": "available"}).status == 422
    assert shop.put(f"{V3}/{made}", {"availability": "available", "is_price_hidden": False}).status == 200


# Rule 57: the base variant.


def test_the_base_variant_follows_its_product(shop: Shop) -> None:
    """Rule 57: it has the product's SKU, stock and price."""
    made = shop.product(sku="A", inventory_level=3, upc="1")
    before = shop.get(f"{V3}/{made}?include=variants").data
    (variant,) = before["variants"]
    assert (variant["id"], variant["sku"], variant["product_id"]) == (before["base_variant_id"], "A", made)
    shop.put(f"{V3}/{made}", {"sku": "B", "inventory_level": 4, "sale_price": 2})
    (variant,) = shop.get(f"{V3}/{made}?include=variants").data["variants"]
    assert [variant[name] for name in ("sku", "inventory_level", "calculated_price", "upc")] == ["B", 4, 2, "1"]
    shop.delete(f"{V3}/{made}")
    assert (shop.rows("variants"), shop.rows("urls"), shop.rows("product_texts")) == (0, 0, 0)


# Rules 22 to 24: deletes.


@pytest.mark.parametrize("path", [V2, V3])
def test_a_product_is_deleted_with_all_that_is_its_own(shop: Shop, path: str) -> None:
    """Its name, SKU and URL are free again, its id is not."""
    category = shop.category()
    made = shop.product(sku="A", categories=[category])
    reply = shop.delete(f"{path}/{made}")
    assert (reply.status, reply.body) == (204, b"")
    assert (shop.get(f"{path}/{made}").status, shop.delete(f"{path}/{made}").status) == (404, 404)
    assert shop.put(f"{path}/{made}", {"name": "A"}).status == 404
    assert shop.rows("product_categories") == 0
    again = shop.product(sku="a", categories=[category])
    assert again == made + 1
    assert shop.get(f"{V3}/{again}").data["custom_url"]["url"] == "/hammer/"


@pytest.mark.parametrize(
    ("query", "status", "left"),
    [
        ("", 422, [1, 2, 3]),
        ("?page=1", 422, [1, 2, 3]),
        ("?include=images", 422, [1, 2, 3]),
        ("?id:min=1", 422, [1, 2, 3]),
        ("?keyword_context=shopper", 422, [1, 2, 3]),
        ("?channel_id:in=1", 422, [1, 2, 3]),
        ("?id:in=", 422, [1, 2, 3]),
        ("?name=", 422, [1, 2, 3]),
        ("?id:in=9,10", 204, [1, 2, 3]),
        ("?id:in=1,9,3", 204, [2]),
        ("?name=saw", 204, [1, 3]),
        ("?sku=S", 204, [1, 3]),
        ("?price=5", 204, [1, 2]),
        ("?weight=1", 204, []),
        ("?condition=Used", 204, [1, 2]),
        ("?brand_id=1", 204, [2, 3]),
        ("?is_visible=false", 204, [1, 3]),
        ("?is_featured=true", 204, [2, 3]),
        ("?inventory_level=4", 204, [1, 2]),
        ("?total_sold=2", 204, [2, 3]),
        ("?type=digital", 204, [1, 2]),
        ("?categories=1", 204, [2, 3]),
        ("?keyword=cuts", 204, [1, 3]),
        ("?date_last_imported=2020-01-01", 204, [2, 3]),
        ("?date_modified=1990-01-01", 204, [1, 2, 3]),
        ("?type=physical&is_visible=true", 204, [2, 3]),
    ],
)
def test_v3_deletes_the_products_that_the_filters_name(shop: Shop, query: str, status: int, left: list[int]) -> None:
    """Rules 22 and 24 and contract/filters.tsv: without a filter that names products, none."""
    shop.category()
    shop.brand()
    shop.product("Hammer", brand_id=1, categories=[1], is_featured=True, total_sold=2, date_last_imported="2020-01-01")
    shop.product("Saw", sku="S", is_visible=False, description="cuts")
    shop.product("Tune", type="digital", price=5, condition="Used", inventory_level=4)
    reply = shop.delete(f"{V3}{query}")
    assert reply.status == status, reply.body
    assert [row["id"] for row in shop.get(V3).data] == left


def test_one_call_deletes_at_most_250_products(shop: Shop) -> None:
    """Rule 23."""
    for number in range(252):
        shop.product(f"P {number}")
    assert shop.delete(f"{V3}?type=physical").status == 204
    assert [row["id"] for row in shop.get(V3).data] == [251, 252]
    assert shop.delete(f"{V3}?type=physical").status == 204
    assert shop.get(V3).data == []


def test_v2_deletes_all_products(shop: Shop) -> None:
    """Rule 22."""
    shop.product("A")
    shop.product("B")
    assert shop.delete(V2).status == 204
    assert shop.get(V2).status == 204
    assert (shop.rows("products"), shop.rows("variants")) == (0, 0)


# Rules 25 and 58: the batch.


def test_a_batch_of_ten_is_updated(shop: Shop) -> None:
    """Rule 58."""
    made = [shop.product(f"P {number}") for number in range(10)]
    reply = shop.put(V3, [{"id": one, "price": one} for one in made])
    assert reply.status == 200
    assert [row["price"] for row in reply.data] == made
    assert (reply.json["meta"], "errors" in reply.json) == ({}, False)
    assert [row["price"] for row in shop.get(V3).data] == made


def test_a_batch_of_eleven_is_too_large(shop: Shop) -> None:
    """Rule 25: nothing is done."""
    made = shop.product()
    reply = shop.put(V3, [{"id": made, "price": 1}] * 11)
    assert (reply.status, reply.reason, reply.json["details"]) == (413, "TOO_MANY_ITEMS", {"max_items": 10})
    assert shop.get(f"{V3}/{made}").data["price"] == 10


def test_the_items_of_a_batch_that_fail_are_told_beside_those_that_succeed(shop: Shop) -> None:
    """207: the ones that failed changed nothing."""
    a, b, c = (shop.product(name) for name in "ABC")
    batch = [
        {"id": a, "name": "New A"},
        {"id": b, "name": "c", "brand_name": "Never"},
        {"id": c, "inventory_level": -1, "price": 3},
        {"id": 99, "name": "D"},
        {"id": a, "price": 2},
        {"id": b, "categories": [5]},
    ]
    reply = shop.put(V3, batch)
    assert reply.status == 207
    assert [(row["id"], row["price"]) for row in reply.data] == [(a, 10), (c, 3), (a, 2)]
    assert set(reply.json["errors"]) == {str(b), f"{c}.inventory_level", "99"}
    assert [row["name"] for row in shop.get(V3).data] == ["New A", "B", "C"]
    assert shop.rows("brands") == 0
    assert shop.get(f"{V3}?name=b").data[0]["price"] == 10


@pytest.mark.parametrize(
    ("batch", "status", "reason"),
    [
        ([{"id": 99, "price": 1}], 404, "NO_SUCH_ENTITY"),
        ([{"id": 99, "price": 1}, {"id": 1, "name": "B"}], 404, "NO_SUCH_ENTITY"),
        ([{"id": 1, "name": "B"}, {"id": 99, "price": 1}], 404, "NO_SUCH_ENTITY"),
        ([{"id": 1, "name": "B"}, {"id": 2, "categories": [5]}], 409, "DUPLICATE"),
        ([{"id": 1, "price": "x"}, {"id": 2, "price": 1}], 422, "FIELD_INVALID"),
        ([{"price": 1}], 422, "FIELD_MISSING"),
        ([{"id": "1", "price": 1}], 422, "FIELD_INVALID"),
        ([{"id": True, "price": 1}], 422, "FIELD_INVALID"),
        ([{"id": 10**30, "price": 1}], 422, "FIELD_INVALID"),
        ([{"id": 0, "price": 1}], 422, "FIELD_INVALID"),
        ([5], 422, "FIELD_INVALID"),
        ({"id": 1, "price": 1}, 422, "FIELD_INVALID"),
    ],
)
def test_a_batch_of_which_nothing_succeeds_is_refused(shop: Shop, batch: Any, status: int, reason: str) -> None:
    """By the fault that the law judges first; a draft that is invalid is refused as a whole."""
    shop.product("A")
    shop.product("B")
    reply = shop.put(V3, batch)
    assert (reply.status, reply.reason) == (status, reason)
    assert [row["price"] for row in shop.get(V3).data] == [10, 10]


def test_the_faults_of_a_batch_are_told_by_place(shop: Shop) -> None:
    """Rule 21."""
    reply = shop.put(V3, [{"id": 1, "price": "x"}, {"id": 2}, {"name": ""}])
    assert set(reply.json["errors"]) == {"0.price", "id", "2.name"}


def test_an_empty_batch_does_nothing(shop: Shop) -> None:
    """Nothing was asked for."""
    reply = shop.put(V3, [])
    assert (reply.status, reply.data) == (200, [])


# Rules 51 to 53.


def test_preorder_stays_preorder_where_the_store_says_so(shop: Shop) -> None:
    """Rule 52: without is_preorder_only, the release date alone changes nothing."""
    made = shop.product(availability="preorder", preorder_release_date="2020-01-01", preorder_message="Out on %%DATE%%")
    row = shop.get(f"{V3}/{made}").data
    assert (row["availability"], row["preorder_message"], row["is_preorder_only"]) == (
        "preorder", "Out on %%DATE%%", False,
    )  # fmt: skip


def test_the_tax_class_and_option_set_are_written_and_linked(shop: Shop) -> None:
    """Rule 53."""
    made = shop.product(tax_class_id=2)
    shop.post("/v2/option_sets", {"name": "Tools"})
    row = shop.put(f"{V2}/{made}", {"option_set_id": 1, "option_set_display": "below"}).json
    assert (row["tax_class"]["resource"], row["option_set"]["resource"]) == ("/taxclasses/2", "/optionsets/1")
    row = shop.put(f"{V2}/{made}", {"option_set_id": None}).json
    assert (row["option_set"], row["option_set_id"], row["option_set_display"]) == (None, None, "below")


def test_related_products_are_automatic_unless_named(shop: Shop) -> None:
    """Rule 51."""
    made = shop.product()
    assert shop.get(f"{V2}/{made}").json["related_products"] == "-1"
    assert shop.put(f"{V3}/{made}", {"related_products": [3, 4]}).data["related_products"] == [3, 4]
    assert shop.get(f"{V2}/{made}").json["related_products"] == "3,4"


def test_the_store_keeps_the_dates_of_a_product(shop: Shop) -> None:
    """By the store's clock; a write changes only date_modified."""
    shop.freeze(1_795_341_600)
    made = shop.product(date_created="1990-01-01T00:00:00Z", date_modified="1990-01-01T00:00:00Z")
    shop.freeze(1_795_345_200)
    shop.put(f"{V3}/{made}", {"price": 4})
    row = shop.get(f"{V3}/{made}").data
    assert (row["date_created"], row["date_modified"]) == ("2026-11-22T10:00:00+00:00", "2026-11-22T11:00:00+00:00")


@pytest.mark.parametrize("path", [V2, V3])
def test_a_product_that_is_not_there_is_not_found(shop: Shop, path: str) -> None:
    """Rule 6."""
    for identity in ("0", "99", "2147483648", "99999999999999999999", "abc", "-1", "1.5"):
        for method in ("GET", "PUT", "DELETE"):
            reply = shop.request(method, f"{path}/{identity}", {"price": 1} if method == "PUT" else None)
            assert reply.status == 404
            if path == V2:
                (told,) = reply.json
                nearest = told.pop("details", {"nearest_path": "/v2/products/{id}"})
                assert told == {"status": 404, "message": "The requested resource was not found."}
                assert nearest == {"nearest_path": "/v2/products/{id}"}, "told where the path is no product's"
            else:
                assert (reply.json["status"], reply.json["title"]) == (404, "The requested resource was not found.")
