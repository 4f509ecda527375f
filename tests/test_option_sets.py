"""V2's option sets, the products that follow them, and the copy that an edit through V3 makes (rules 53, 61 to 63)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from statistics_check import check_statistics

V3 = "/v3/catalog/products"


def a_set(shop: Shop) -> None:
    """Option set 1: a required choice of two colours, and a text."""
    shop.post("/v2/options", {"name": "Colours", "display_name": "Colour", "type": "CS"})
    shop.post("/v2/options/1/values", {"label": "Red", "value": "#ff0000", "is_default": True})
    shop.post("/v2/options/1/values", {"label": "Blue", "value": "#0000ff"})
    shop.post("/v2/options", {"name": "Engraving", "type": "T"})
    shop.post("/v2/option_sets", {"name": "Shirts"})
    shop.post("/v2/option_sets/1/options", {"option_id": 1, "is_required": True, "sort_order": 1})
    made = shop.post("/v2/option_sets/1/options", {"option_id": 2, "display_name": "Your name", "sort_order": 2})
    assert made.status == 201


def a_shirt(shop: Shop, name: str = "Shirt") -> int:
    """A product that has the set."""
    product = shop.product(name)
    assert shop.put(f"/v2/products/{product}", {"option_set_id": 1}).status == 200
    return product


def shown_in_v2(shop: Shop, product: int) -> list[tuple[int, str, int, bool]]:
    """The product's options: which, called what, where, required or not."""
    reply = shop.get(f"/v2/products/{product}/options")
    options = reply.json if reply.status == 200 else []
    return [(one["option_id"], one["display_name"], one["sort_order"], one["is_required"]) for one in options]


def test_an_option_set_goes_in_and_comes_out(shop: Shop) -> None:
    """Rule 61, in the documented members."""
    a_set(shop)
    base = f"https://localhost:8443/stores/{shop.name}/v2"
    assert shop.get("/v2/option_sets/1").json == {
        "id": 1, "name": "Shirts",
        "options": {"url": f"{base}/optionsets/1/options", "resource": "/optionsets/1/options"},
    }  # fmt: skip
    shown = shop.get("/v2/option_sets/1/options").json
    assert shown[0] == {
        "id": 1, "option_id": 1, "option_set_id": 1, "display_name": "Colour", "sort_order": 1, "is_required": True,
        "option": {"url": f"{base}/options/1", "resource": "/options/1"},
        "values": [
            {"option_value_id": 1, "label": "Red", "sort_order": 0, "value": "#ff0000", "is_default": True},
            {"option_value_id": 2, "label": "Blue", "sort_order": 0, "value": "#0000ff", "is_default": False},
        ],
    }  # fmt: skip
    assert (shown[1]["display_name"], shown[1]["is_required"], shown[1]["values"]) == ("Your name", False, [])
    assert shop.get("/v2/option_sets/count").json == {"count": 1}
    assert shop.get("/v2/option_sets/1/options/count").json == {"count": 2}
    assert [one["id"] for one in shop.get("/v2/option_sets?name=SHIRTS").json] == [1]


@pytest.mark.parametrize("path", ["", "/1", "/1/options", "/1/options/2", "/options", "/options/2", "/count"])
def test_both_names_of_option_sets_are_served(shop: Shop, path: str) -> None:
    """Clients call the old name directly (contract: a redirected write would lose its body)."""
    a_set(shop)
    new, old = shop.get(f"/v2/option_sets{path}"), shop.get(f"/v2/optionsets{path}")
    assert (new.status, new.body) == (200, old.body)
    assert shop.post("/v2/optionsets", {"name": "Trousers"}).status == 201


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/v2/option_sets", {"name": "SHIRTS"}, 409, "DUPLICATE"),
    ("POST", "/v2/option_sets", {}, 400, "FIELD_MISSING"),
    ("PUT", "/v2/option_sets/1", {}, 400, "FIELD_MISSING"),
    ("POST", "/v2/option_sets", {"name": "x" * 256}, 400, "FIELD_INVALID"),
    ("POST", "/v2/option_sets", {"name": "Hats", "options": []}, 400, "FIELD_READ_ONLY"),
    ("POST", "/v2/option_sets/1/options", {"option_id": 1}, 409, "DUPLICATE"),
    ("POST", "/v2/option_sets/1/options", {"option_id": 3, "display_name": "COLOUR"}, 409, "DUPLICATE"),
    ("POST", "/v2/option_sets/1/options", {"option_id": 99}, 400, "DANGLING_REFERENCE"),
    ("POST", "/v2/option_sets/1/options", {"display_name": "?"}, 400, "FIELD_MISSING"),
    ("POST", "/v2/option_sets/9/options", {"option_id": 1}, 404, "NO_SUCH_ENTITY"),
    ("PUT", "/v2/option_sets/1/options/1", {"option_id": 2}, 400, "FIELD_READ_ONLY"),
    ("PUT", "/v2/option_sets/1/options/1", {"option_set_id": 1}, 400, "FIELD_READ_ONLY"),
    ("PUT", "/v2/option_sets/1/options/2", {"display_name": "Colour"}, 409, "DUPLICATE"),
    ("PUT", "/v2/option_sets/options/9", {"sort_order": 1}, 404, "NO_SUCH_ENTITY"),
    ("POST", "/v2/optionsets/options", {"option_id": 1}, 400, "FIELD_MISSING"),
    ("DELETE", "/v2/optionsets/options/9", None, 404, "NO_SUCH_ENTITY"),
    ("PUT", "/v2/products/1", {"option_set_id": 9}, 400, "DANGLING_REFERENCE"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Rules 53 and 61: names are unique, and which option it is, is set for good."""
    a_set(shop)
    a_shirt(shop)
    shop.post("/v2/options", {"name": "Third", "type": "S"})
    seen = ("/v2/option_sets", "/v2/option_sets/1/options", "/v2/products/1/options")
    before = [shop.get(one).body for one in seen]
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert [shop.get(one).body for one in seen] == before


def test_an_option_that_is_sent_back_as_it_is_does_no_harm(shop: Shop) -> None:
    """Rule 61: clients write whole objects back."""
    a_set(shop)
    assert shop.put("/v2/option_sets/1/options/1", {"option_id": 1, "sort_order": 7}).json["sort_order"] == 7


def test_a_product_has_the_options_of_its_set(shop: Shop) -> None:
    """Rules 53 and 62: in V3, choices are options and the others are modifiers."""
    a_set(shop)
    product = a_shirt(shop)
    assert shown_in_v2(shop, product) == [(1, "Colour", 1, True), (2, "Your name", 2, False)]
    shown = shop.get(f"{V3}/{product}?include=options,modifiers").data
    assert shown["option_set_id"] == 1
    assert [(one["id"], one["name"], one["display_name"]) for one in shown["options"]] == [(1, "Colours", "Colour")]
    assert [value["id"] for value in shown["options"][0]["option_values"]] == [1, 2]
    assert [(one["id"], one["type"], one["required"]) for one in shown["modifiers"]] == [(2, "text", False)]
    assert shop.get(f"/v2/products/{product}/options/2").json["option_id"] == 2
    link = shop.get(f"/v2/products/{product}").json["option_set"]
    assert shop.get("/v2" + link["resource"]).json["name"] == "Shirts"
    assert shop.put(f"{V3}/{product}", {"option_set_id": None}).data["option_set_id"] == 1  # V2's to change
    check_statistics(shop)


@pytest.mark.parametrize("nothing", [None, 0, ""])
def test_null_detaches_the_set(shop: Shop, nothing: Any) -> None:
    """Rule 53: what came with the set goes, what the product has of its own stays."""
    a_set(shop)
    product = a_shirt(shop)
    shop.post(f"{V3}/{product}/options", {"display_name": "Size", "type": "dropdown", "option_values": []})
    reply = shop.put(f"/v2/products/{product}", {"option_set_id": nothing})
    assert (reply.status, reply.json["option_set_id"], reply.json["option_set"]) == (200, None, None)
    assert [one[1] for one in shown_in_v2(shop, product)] == ["Size"]
    assert shop.rows("options") == 3
    check_statistics(shop)


def test_another_set_brings_other_options(shop: Shop) -> None:
    """Rule 53: also when a product is made with a set; writing the same set back changes nothing."""
    a_set(shop)
    product = a_shirt(shop)
    ids = [one["id"] for one in shop.get(f"/v2/products/{product}/options").json]
    shop.put(f"/v2/products/{product}", {"option_set_id": 1})
    assert [one["id"] for one in shop.get(f"/v2/products/{product}/options").json] == ids
    shop.post("/v2/option_sets", {"name": "Mugs"})
    shop.post("/v2/option_sets/2/options", {"option_id": 2, "is_required": True})
    shop.put(f"/v2/products/{product}", {"option_set_id": 2})
    assert shown_in_v2(shop, product) == [(2, "Engraving", 0, True)]
    mug = {"name": "Mug", "type": "physical", "price": "3", "weight": "1", "availability": "available"}
    made = shop.post("/v2/products", {**mug, "categories": [shop.category()], "option_set_id": 2})
    assert shown_in_v2(shop, made.json["id"]) == [(2, "Engraving", 0, True)]


def test_products_follow_their_set(shop: Shop) -> None:
    """Rule 62: options that come, change and go."""
    a_set(shop)
    products = [a_shirt(shop, "One"), a_shirt(shop, "Two")]
    shop.post("/v2/options", {"name": "Sizes", "type": "RT"})
    shop.post("/v2/option_sets/1/options", {"option_id": 3, "sort_order": 5})
    shop.put("/v2/option_sets/1/options/1", {"display_name": "Shade", "sort_order": 9, "is_required": False})
    shop.delete("/v2/option_sets/1/options/2")
    shop.put("/v2/options/1", {"name": "Shades"})
    for product in products:
        assert shown_in_v2(shop, product) == [(1, "Shade", 9, False), (3, "Sizes", 5, False)]
        options = shop.get(f"{V3}/{product}/options").data
        assert [(one["name"], one["sort_order"]) for one in options] == [("Sizes", 5), ("Shades", 9)]
        assert shop.get(f"{V3}/{product}/modifiers").data == []
    shop.delete("/v2/option_sets/1/options")
    assert [shown_in_v2(shop, product) for product in products] == [[], []]
    check_statistics(shop)


def test_the_products_of_a_set_that_goes_have_none(shop: Shop) -> None:
    """As with a brand: they stay, and change."""
    a_set(shop)
    product = a_shirt(shop)
    tag = shop.get(f"{V3}/{product}").headers["etag"]
    assert shop.delete("/v2/option_sets").status == 204
    shown = shop.get(f"{V3}/{product}")
    assert (shown.data["option_set_id"], shown.headers["etag"] == tag) == (None, False)
    assert shown_in_v2(shop, product) == []
    assert (shop.rows("option_sets"), shop.rows("option_set_options"), shop.rows("options")) == (0, 0, 2)
    check_statistics(shop)


# Rule 63: the copy.

EDITS: list[tuple[str, str, Any]] = [
    ("PUT", "/options/1", {"display_name": "Tone"}),
    ("PUT", "/options/1", {"option_values": [{"id": 1, "label": "Crimson"}]}),
    ("POST", "/options/1/values", {"label": "Green", "sort_order": 3, "value_data": {"colors": ["#00ff00"]}}),
    ("PUT", "/options/1/values/1", {"label": "Crimson"}),
    ("DELETE", "/options/1/values/1", None),
]


@pytest.mark.parametrize(("method", "path", "body"), EDITS)
def test_an_edit_through_v3_makes_a_copy_of_the_products_own(shop: Shop, method: str, path: str, body: Any) -> None:
    """Rule 63: all value ids change, the name tells when and whose; the id of the option, and the other product, do
    not."""
    shop.freeze(1_700_000_000)
    a_set(shop)
    mine, other = a_shirt(shop, "Mine"), a_shirt(shop, "Other")
    theirs = shop.get(f"{V3}/{other}/options").body
    shared = shop.get("/v2/options/1").body + shop.get("/v2/options/1/values").body
    assert shop.request(method, f"{V3}/{mine}{path}", body).status in (200, 204)
    shown = shop.get(f"{V3}/{mine}/options/1").data
    assert shown["name"] == f"Colours1700000000-{mine}"
    ids = [value["id"] for value in shown["option_values"]]
    assert ids
    assert not {1, 2} & set(ids)
    labels = {value["label"] for value in shown["option_values"]}
    if method == "DELETE":
        assert labels == {"Blue"}
    elif method == "POST":
        assert labels == {"Red", "Blue", "Green"}
    elif path == "/options/1" and "display_name" in body:
        assert (shown["display_name"], labels) == ("Tone", {"Red", "Blue"})
    else:
        assert labels == {"Crimson", "Blue"}
    assert shop.get(f"{V3}/{other}/options").body == theirs
    assert shop.get("/v2/options/1").body + shop.get("/v2/options/1/values").body == shared
    assert shop.get(f"/v2/products/{mine}/options/1").json["option_id"] == 3
    assert shop.get(f"{V3}/{mine}").data["option_set_id"] == 1
    check_statistics(shop)


def test_a_copy_is_made_once(shop: Shop) -> None:
    """Rule 63: from then on the option is the product's own, and the ids stay."""
    a_set(shop)
    product = a_shirt(shop)
    shop.put(f"{V3}/{product}/options/1", {"sort_order": 3})
    first = shop.get(f"{V3}/{product}/options/1").data
    shop.put(f"{V3}/{product}/options/1", {"sort_order": 1})
    assert shop.get(f"{V3}/{product}/options/1").data == {**first, "sort_order": 1}
    assert shop.put(f"{V3}/{product}/options/1/values/1", {"label": "Gone"}).status == 404
    assert shop.rows("options") == 3


def test_a_copy_follows_the_set_no_more_but_leaves_with_it(shop: Shop) -> None:
    """Rules 53 and 63."""
    a_set(shop)
    product = a_shirt(shop)
    shop.put(f"{V3}/{product}/options/1", {"display_name": "Tone"})
    shop.put("/v2/option_sets/1/options/1", {"display_name": "Shade"})
    shop.post("/v2/options/1/values", {"label": "Green", "value": "#00ff00"})
    shown = shop.get(f"{V3}/{product}/options/1").data
    assert (shown["display_name"], len(shown["option_values"])) == ("Tone", 2)
    shop.put(f"/v2/products/{product}", {"option_set_id": None})
    assert shown_in_v2(shop, product) == []
    assert shop.rows("options") == 2  # the copy went with it
    shop.put(f"/v2/products/{product}", {"option_set_id": 1})
    assert [one[1] for one in shown_in_v2(shop, product)] == ["Shade", "Your name"]
    check_statistics(shop)


def test_rules_follow_the_copy(shop: Shop) -> None:
    """Rule 63: a rule of the product names the new values."""
    a_set(shop)
    product = a_shirt(shop)
    rules = f"/v2/products/{product}/rules"
    body = {
        "conditions": [{"product_option_id": 1, "option_value_id": 2}],
        "price_adjuster": {"adjuster": "relative", "adjuster_value": 3},
    }
    shop.post(rules, body)
    shop.put(f"{V3}/{product}/options/1", {"sort_order": 3})
    blue = next(v["id"] for v in shop.get(f"{V3}/{product}/options/1/values").data if v["label"] == "Blue")
    assert blue not in (1, 2)
    condition = {"product_option_id": 1, "option_value_id": blue, "sku_id": None}
    assert shop.get(f"{rules}/1").json["conditions"] == [condition]
    assert shop.post(rules, {"conditions": [condition]}).reason == "DUPLICATE"


def test_deleting_a_shared_option_of_a_product_leaves_the_shared_one(shop: Shop) -> None:
    """The option goes from this product only."""
    a_set(shop)
    mine, other = a_shirt(shop, "Mine"), a_shirt(shop, "Other")
    assert shop.delete(f"{V3}/{mine}/options/1").status == 204
    assert [one[1] for one in shown_in_v2(shop, mine)] == ["Your name"]
    assert [one[1] for one in shown_in_v2(shop, other)] == ["Colour", "Your name"]
    assert (shop.rows("options"), shop.rows("option_values")) == (2, 2)


def test_the_conditions_of_an_edit_are_about_what_the_caller_saw(shop: Shop) -> None:
    """RFC 9110 13.1.1, beside rule 63: the tag of the shared value is the one that counts."""
    a_set(shop)
    product = a_shirt(shop)
    path = f"{V3}/{product}/options/1"
    for target, body in ((f"{path}/values/1", {"label": "Crimson"}), (path, {"sort_order": 2})):
        tag = shop.get(target).headers["etag"]
        assert shop.put(target, body, headers={"If-Match": '"1"'}).status == 412
        assert shop.get(f"/v2/products/{product}/options/1").json["option_id"] == 1 or target == path
        assert shop.put(target, body, headers={"If-Match": tag}).status == 200
