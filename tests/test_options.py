"""V2's options and their values, and V3's options of a product (rules 59, 60, 62 and 64)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from statistics_check import check_statistics

SIZES = {"display_name": "Size", "type": "dropdown", "option_values": []}
S_AND_M = [{"label": "S", "sort_order": 1}, {"label": "M", "sort_order": 0, "is_default": True}]


def give_size(shop: Shop, product: int, **more: Any) -> str:
    """A V3 option with two values; its path."""
    path = f"/v3/catalog/products/{product}/options"
    made = shop.post(path, {**SIZES, "option_values": S_AND_M, **more})
    assert made.status == 200, made.body
    return f"{path}/{made.data['id']}"


# V2.


def test_a_v2_option_goes_in_and_comes_out(shop: Shop) -> None:
    """Rule 59: the display name is the name unless another is given; links lead to the values."""
    made = shop.post("/v2/options", {"name": "Colours", "type": "CS"})
    assert made.status == 201, made.body
    assert made.json == {
        "id": 1, "name": "Colours", "display_name": "Colours", "type": "CS",
        "values": {"url": f"https://localhost:8443/stores/{shop.name}/v2/options/1/values",
                   "resource": "/options/1/values"},
    }  # fmt: skip
    value = shop.post("/v2/options/1/values", {"label": "Fire", "value": "#ff0000|#ffaa00", "sort_order": 2})
    assert (value.status, value.json) == (
        201,
        {"id": 1, "option_id": 1, "label": "Fire", "sort_order": 2, "value": "#ff0000|#ffaa00", "is_default": False},
    )
    assert shop.put("/v2/options/1", {"display_name": "Colour"}).json["display_name"] == "Colour"
    assert shop.get("/v2/options/values").json == shop.get("/v2/options/1/values").json == [value.json]
    assert shop.get("/v2/options/values/1").json == value.json
    assert shop.get("/v2/options/count").json == {"count": 1}
    assert b"<type>CS</type>" in shop.get("/v2/options/1.xml").body


@pytest.mark.parametrize(
    ("query", "ids"),
    [("?type=CS", [1]), ("?type=rb", [2]), ("?name=SIZES", [2]), ("?display_name=Colour", [1]), ("?min_id=2", [2])],
)
def test_v2_options_are_found_by_what_they_are(shop: Shop, query: str, ids: list[int]) -> None:
    """The filters of the published table."""
    shop.post("/v2/options", {"name": "Colours", "display_name": "Colour", "type": "CS"})
    shop.post("/v2/options", {"name": "Sizes", "type": "RB"})
    assert [option["id"] for option in shop.get(f"/v2/options{query}").json] == ids


V2_REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/v2/options", {"name": "COLOURS", "type": "S"}, 409, "DUPLICATE"),
    ("POST", "/v2/options", {"name": "Sizes"}, 400, "FIELD_MISSING"),
    ("POST", "/v2/options", {"name": "Sizes", "type": "dropdown"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options", {"name": "Sizes", "type": "S", "values": []}, 400, "FIELD_READ_ONLY"),
    ("PUT", "/v2/options/2", {"name": "colours"}, 409, "DUPLICATE"),
    ("PUT", "/v2/options/1", {"type": "S"}, 400, "FIELD_INVALID"),  # its values are colours
    ("GET", "/v2/options?type=X", None, 400, "QUERY_INVALID"),
    ("POST", "/v2/options/1/values", {"label": "red", "value": "#ff0000"}, 409, "DUPLICATE"),
    ("POST", "/v2/options/1/values", {"label": "Blue"}, 400, "FIELD_MISSING"),
    ("POST", "/v2/options/1/values", {"label": "Blue", "value": "#12"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options/1/values", {"label": "Blue", "value": "#111|#222|#333|#444"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options/1/values", {"label": "Blue", "value": ""}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options/1/values", {"label": "Blue", "value": "b.png", "option_id": 2}, 400, "FIELD_READ_ONLY"),
    ("POST", "/v2/options/2/values", {"label": "Saw", "value": "saw"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options/2/values", {"label": "Saw", "value": "77"}, 400, "DANGLING_REFERENCE"),
    ("POST", "/v2/options/3/values", {"label": "Text", "value": "any"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/options/4/values", {"label": "Maybe", "value": "1"}, 400, "FIELD_INVALID"),  # a box has two states
    ("POST", "/v2/options/9/values", {"label": "Blue", "value": "x"}, 404, "NO_SUCH_ENTITY"),
    ("GET", "/v2/options/2/values/1", None, 404, "NO_SUCH_ENTITY"),
    ("POST", "/v2/options/values", {"label": "Blue", "value": "x"}, 405, "METHOD_NOT_ALLOWED"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), V2_REFUSED)
def test_a_bad_v2_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Rules 59 and 60: names and labels are unique whatever their case, and a value says what its type can say."""
    for name, kind in (("Colours", "CS"), ("Goods", "P"), ("Text", "T"), ("Box", "C")):
        shop.post("/v2/options", {"name": name, "type": kind})
    shop.post("/v2/options/1/values", {"label": "Red", "value": "#f00"})
    before = shop.get("/v2/options").body + shop.get("/v2/options/values").body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert shop.get("/v2/options").body + shop.get("/v2/options/values").body == before


@pytest.mark.parametrize(
    ("kind", "value", "data"),
    [
        ("CS", "#123456", {"colors": ["#123456"]}),
        ("CS", "#123456|#abc", {"colors": ["#123456", "#abc"]}),
        ("CS", "patterns/dots.png", {"image_url": "patterns/dots.png"}),
        ("P", "1", {"product_id": 1}),
        ("PI", "1", {"product_id": 1}),
        ("S", "small", None),
        ("RB", "small", None),
        ("RT", "small", None),
    ],
)
def test_a_value_says_the_same_as_text_and_as_data(shop: Shop, kind: str, value: str, data: Any) -> None:
    """Rule 60: V2's text is V3's value_data."""
    shop.product()
    shop.post("/v2/options", {"name": "Choice", "type": kind})
    shop.post("/v2/options/1/values", {"label": "First", "value": value})
    shop.post("/v2/option_sets", {"name": "Set"})
    shop.post("/v2/option_sets/1/options", {"option_id": 1})
    shop.put("/v2/products/1", {"option_set_id": 1})
    shown = shop.get("/v3/catalog/products/1/options/1").data["option_values"]
    assert shown == [{"id": 1, "label": "First", "sort_order": 0, "value_data": data, "is_default": False}]
    if data is not None:
        shop.put("/v3/catalog/products/1/options/1/values/1", {"value_data": data})
        assert shop.get("/v2/options/2/values/2").json["value"] == value


def test_a_new_default_takes_it_from_the_old_one(shop: Shop) -> None:
    """Rule 60."""
    shop.post("/v2/options", {"name": "Sizes", "type": "S"})
    for label in ("S", "M", "L"):
        shop.post("/v2/options/1/values", {"label": label, "value": label, "is_default": label != "L"})
    assert [value["is_default"] for value in shop.get("/v2/options/1/values").json] == [False, True, False]
    shop.put("/v2/options/1/values/3", {"is_default": True})
    assert [value["is_default"] for value in shop.get("/v2/options/1/values").json] == [False, False, True]
    check_statistics(shop)


def test_an_option_has_at_most_250_values(shop: Shop) -> None:
    """Rules 60 and 64: the platform's limit, in both versions."""
    path = give_size(shop, shop.product(), option_values=[{"label": f"{n}", "sort_order": n} for n in range(250)])
    assert shop.rows("option_values") == 250
    for reply in (
        shop.post(f"{path}/values", {"label": "More", "sort_order": 0}),
        shop.post("/v2/options/1/values", {"label": "More", "value": "x"}),
        shop.put(path, {"option_values": [{"label": "More", "sort_order": 0}]}),
    ):
        assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
    assert shop.rows("option_values") == 250


def test_a_delete_of_few_rows_among_many_is_no_task(shop: Shop) -> None:
    """Only what is meant counts: the values of one option, not all that the store has."""
    product = shop.product()
    many = [{"label": f"{n}", "sort_order": n} for n in range(249)]
    give_size(shop, product, option_values=many)
    give_size(shop, product, display_name="Length")
    assert shop.rows("option_values") == 251
    assert shop.delete("/v2/options/2/values").status == 204
    assert shop.rows("option_values") == 249
    assert shop.get("/v2/options/2/values").status == 204


def test_an_option_takes_with_it_what_is_made_of_it(shop: Shop) -> None:
    """Its values, its places in sets, and the options of products."""
    shop.post("/v2/options", {"name": "Sizes", "type": "S"})
    shop.post("/v2/options/1/values", {"label": "S", "value": "S"})
    shop.post("/v2/option_sets", {"name": "Set"})
    shop.post("/v2/option_sets/1/options", {"option_id": 1})
    shop.product(name="Shirt")
    shop.put("/v2/products/1", {"option_set_id": 1})
    shop.post("/v2/products/1/rules", {"conditions": [{"product_option_id": 1, "option_value_id": 1}]})
    assert shop.delete("/v2/options").status == 204
    for table in ("options", "option_values", "option_set_options", "product_options", "product_rules"):
        assert shop.rows(table) == 0, table
    assert shop.get("/v2/products/1").json["option_set_id"] == 1
    check_statistics(shop)


# V3.


def test_a_v3_option_is_made_with_its_values(shop: Shop) -> None:
    """Rule 64: its name says what it is called, when it was made and for which product."""
    shop.freeze(1_700_000_000)
    path = give_size(shop, shop.product())
    shown = shop.get(path)
    assert shown.data == {
        "id": 1, "product_id": 1, "name": "Size1700000000-1", "display_name": "Size", "type": "dropdown",
        "sort_order": 0, "config": {}, "image_url": "",
        "option_values": [
            {"id": 2, "label": "M", "sort_order": 0, "value_data": None, "is_default": True},
            {"id": 1, "label": "S", "sort_order": 1, "value_data": None, "is_default": False},
        ],
    }  # fmt: skip
    assert shop.get("/v3/catalog/products/1/options").data == [shown.data]
    assert shop.get(f"{path}/values").data == shown.data["option_values"]
    assert shop.get(f"{path}/values/1").data == shown.data["option_values"][1]
    assert shop.get(f"{path}?include_fields=display_name").data == {"id": 1, "display_name": "Size"}
    assert "option_values" not in shop.get(f"{path}?exclude_fields=option_values").data
    assert shop.get("/v2/options/1").json["name"] == "Size1700000000-1"
    assert shop.get("/v2/options/1/values/1").json["value"] == "S"
    check_statistics(shop)


def test_options_made_in_one_second_have_names_of_their_own(shop: Shop) -> None:
    """Rule 64: also when one is made again after it went."""
    shop.freeze(1_700_000_000)
    product = shop.product()
    path = give_size(shop, product)
    shop.put(path, {"display_name": "Taille"})
    assert shop.get(path).data["name"] == "Size1700000000-1"
    again = shop.get(give_size(shop, product)).data
    assert again["name"] == "Size1700000001-1"
    long = "x" * 255
    made = shop.get(give_size(shop, product, display_name=long)).data
    assert (made["display_name"], len(made["name"])) == (long, 255)


def test_an_edit_through_v3_is_seen_in_both_versions(shop: Shop) -> None:
    """One option, two forms; a list of values adds and changes, and takes nothing away."""
    path = give_size(shop, shop.product())
    changed = shop.put(
        path,
        {
            "display_name": "Taille",
            "type": "rectangles",
            "sort_order": 4,
            "option_values": [{"id": 1, "label": "Small"}, {"label": "L", "sort_order": 9}],
        },
    )
    assert changed.status == 200
    assert [value["label"] for value in changed.data["option_values"]] == ["M", "Small", "L"]
    assert changed.data == shop.get(path).data
    option = shop.get("/v2/options/1").json
    assert (option["display_name"], option["type"]) == ("Taille", "RT")
    assert shop.get("/v2/products/1/options").json == [
        {"id": 1, "option_id": 1, "display_name": "Taille", "sort_order": 4, "is_required": True}
    ]
    assert shop.get("/v2/options/1/values/1").json["value"] == "Small"
    assert shop.put("/v2/options/1", {"display_name": "Size", "type": "S"}).status == 200
    shown = shop.get(path).data
    assert (shown["display_name"], shown["type"]) == ("Size", "dropdown")


V3_REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", "", {**SIZES, "display_name": "size"}, 409, "DUPLICATE", "display_name"),
    ("POST", "", {"display_name": "Length", "option_values": []}, 422, "FIELD_MISSING", "type"),
    ("POST", "", {"display_name": "Length", "type": "dropdown"}, 422, "FIELD_MISSING", "option_values"),
    ("POST", "", {"display_name": "Length", "type": "dropdown", "option_values": 1}, 422, "FIELD_INVALID",
     "option_values"),
    ("POST", "", {"display_name": "Length", "type": "text", "option_values": []}, 422, "FIELD_INVALID", "type"),
    ("POST", "", {**SIZES, "display_name": " "}, 422, "FIELD_INVALID", "display_name"),
    ("POST", "", {**SIZES, "display_name": "x" * 256}, 422, "FIELD_INVALID", "display_name"),
    ("POST", "", {"display_name": "Length", "type": "dropdown", "option_values": [{"label": "1"}]}, 422,
     "FIELD_MISSING", "option_values.0.sort_order"),
    ("POST", "", {"display_name": "Length", "type": "dropdown", "option_values": [
        {"label": "1", "sort_order": 0}, {"label": "1", "sort_order": 1}]}, 409, "DUPLICATE", "option_values.1.label"),
    ("POST", "", {"display_name": "Length", "type": "swatch", "option_values": [{"label": "1", "sort_order": 0}]}, 422,
     "FIELD_INVALID", "option_values.0.value_data"),
    ("POST", "", {"display_name": "Length", "type": "swatch", "option_values": [
        {"label": "1", "sort_order": 0, "value_data": {"colors": ["red"]}}]}, 422, "FIELD_INVALID",
     "option_values.0.value_data"),
    ("POST", "", {"display_name": "With", "type": "product_list", "option_values": [
        {"label": "1", "sort_order": 0, "value_data": {"product_id": 99}}]}, 409, "DANGLING_REFERENCE",
     "option_values.0.value_data"),
    ("PUT", "/1", {"type": "checkbox"}, 422, "FIELD_INVALID", "type"),
    ("PUT", "/1", {"type": "swatch"}, 422, "FIELD_INVALID", "type"),
    ("PUT", "/1", {"option_values": [{"id": 99, "label": "?"}]}, 404, "NO_SUCH_ENTITY", ""),
    ("PUT", "/2", {"display_name": "Size"}, 404, "NO_SUCH_ENTITY", ""),
    ("POST", "/1/values", {"label": "s", "sort_order": 0}, 409, "DUPLICATE", "label"),
    ("POST", "/1/values", {"sort_order": 0}, 422, "FIELD_MISSING", "label"),
    ("PUT", "/1/values/1", {"label": "M"}, 409, "DUPLICATE", "label"),
    ("PUT", "/1/values/99", {"label": "L"}, 404, "NO_SUCH_ENTITY", ""),
    ("GET", "/1/values/99", None, 404, "NO_SUCH_ENTITY", ""),
    ("GET", "/9/values", None, 404, "NO_SUCH_ENTITY", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "field"), V3_REFUSED)
def test_a_bad_v3_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, field: str
) -> None:
    """Rules 60, 64 and 44; faults name the member, also inside a list."""
    give_size(shop, shop.product())
    home = "/v3/catalog/products/1/options"
    before = shop.get(home).body + shop.get("/v2/options").body
    reply = shop.request(method, home + path, body)
    assert (reply.status, reply.reason) == (status, reason)
    if field:
        assert list(reply.json["errors"]) == [field]
    assert shop.get(home).body + shop.get("/v2/options").body == before


def test_an_option_is_found_only_where_it_is(shop: Shop) -> None:
    """A path names a product, an option of it and a value of that; modifiers are not options."""
    path = give_size(shop, shop.product())
    other = shop.product("Saw")
    more = give_size(shop, other, display_name="Teeth")
    assert shop.get(path.replace("products/1", f"products/{other}")).status == 404
    assert shop.get(f"{more}/values/1").status == 404
    assert shop.delete(f"{more}/values/1").status == 404
    assert shop.get("/v3/catalog/products/1/modifiers/1").status == 404
    assert shop.get("/v3/catalog/products/1/modifiers/1/values").status == 404
    assert shop.get("/v3/catalog/products/9/options").status == 404
    assert [option["id"] for option in shop.get("/v2/products/2/options").json] == [2]
    assert shop.get("/v2/products/2/options/1").status == 404
    assert shop.get("/v2/products/2/options/count").json == {"count": 1}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_v2_only_shows_the_options_of_a_product(shop: Shop, method: str) -> None:
    """Rule 62: they follow the option set."""
    give_size(shop, shop.product())
    for path in ("/v2/products/1/options", "/v2/products/1/options/1"):
        assert shop.request(method, path, {}).reason == "METHOD_NOT_ALLOWED"


def test_what_goes_takes_along_what_is_its_own(shop: Shop) -> None:
    """A V3 option and the one behind it are one; so are a product and its options."""
    product = shop.product()
    path = give_size(shop, product)
    assert shop.delete(f"{path}/values/2").status == 204
    assert [value["id"] for value in shop.get(path).data["option_values"]] == [1]
    assert shop.delete(path).status == 204
    assert (shop.rows("options"), shop.rows("option_values"), shop.rows("product_options")) == (0, 0, 0)
    give_size(shop, product)
    assert shop.delete(f"/v3/catalog/products/{product}").status == 204
    assert (shop.rows("options"), shop.rows("option_values"), shop.rows("product_options")) == (0, 0, 0)
    check_statistics(shop)


def test_the_tag_of_an_option_moves_with_its_values(shop: Shop) -> None:
    """RFC 9110 13.1.1: what is shown inside is a part of what is compared."""
    path = give_size(shop, shop.product())
    tag = shop.get(path).headers["etag"]
    made = shop.post(f"{path}/values", {"label": "L", "sort_order": 3})
    assert shop.get(path).headers["etag"] != tag
    for method, body in (("PUT", {"sort_order": 1}), ("DELETE", None)):
        assert shop.request(method, path, body, headers={"If-Match": tag}).status == 412
    assert shop.put(f"{path}/values/3", {"label": "XL"}, headers={"If-Match": made.headers["etag"]}).status == 200
    tag = shop.get(path).headers["etag"]
    changed = shop.put(path, {"sort_order": 1}, headers={"If-Match": tag})
    assert changed.status == 200
    assert shop.delete(path, headers={"If-Match": changed.headers["etag"]}).status == 204


def test_products_show_their_options_when_asked_to(shop: Shop) -> None:
    """Rule 26: at most ten on a page; the tag moves with what is inside."""
    path = give_size(shop, shop.product("P0"), sort_order=2)
    give_size(shop, 1, display_name="Colour", sort_order=1)
    for n in range(1, 11):
        shop.product(f"P{n}")
    shown = shop.get("/v3/catalog/products?include=options&limit=50").json
    assert (len(shown["data"]), shown["meta"]["pagination"]["per_page"]) == (10, 10)
    assert [option["display_name"] for option in shown["data"][0]["options"]] == ["Colour", "Size"]
    assert shown["data"][0]["options"][1] == shop.get(path).data
    assert shown["data"][1]["options"] == []
    one = shop.get("/v3/catalog/products/1?include=options,modifiers")
    assert (one.data["options"], one.data["modifiers"]) == (shown["data"][0]["options"], [])
    shop.put(f"{path}/values/1", {"label": "Small"})
    assert shop.get("/v3/catalog/products/1?include=options,modifiers").headers["etag"] != one.headers["etag"]
