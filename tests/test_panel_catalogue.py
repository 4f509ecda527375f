"""The catalogue in the panel: the API's rules and the API's words, whatever is typed into which form."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bodega.panel.sentences import beside_field
from panel import Browser, Page, base, signed_in
from pictures import picture
from shop import Shop

PRODUCTS = "/v3/catalog/products"
LAMP = {"name": "Lamp", "type": "physical", "weight": 1, "price": 20}


def message(page: Page) -> list[str]:
    """What is complained of, beside fields and above the form."""
    found = re.findall(r'class="(?:wrong|note bad)[^"]*"[^>]*>(.*?)</(?:p|div)>', page.text, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", text).strip() for text in found]


def new_id(page: Page) -> int:
    """The id in the address that a form that made something leads to."""
    found = re.search(r"/(\d+)\?done=made$", page.header("location"))
    assert found is not None, (page.status, message(page))
    return int(found[1])


def test_a_product_is_made_and_changed_as_a_client_would(shop: Shop) -> None:
    browser = signed_in(shop)
    shelf = shop.post("/v3/catalog/categories", {"name": "Light", "parent_id": 0}).data["id"]
    form = browser.get(f"{base(shop)}/products/new")
    filled = {"name": "Lamp", "price": "20.5", "weight": "1", "description": "<p>Warm</p>\r\n<p>light</p>",
              "brand_name": "Lumen", "categories": [str(shelf)], "meta_keywords": "lamp, light"}  # fmt: skip
    key = new_id(browser.post(form, "/products", **filled))
    made = shop.get(f"{PRODUCTS}/{key}").data
    assert (made["name"], made["price"], made["is_visible"], made["categories"]) == ("Lamp", 20.5, True, [shelf])
    assert made["description"] == "<p>Warm</p>\n<p>light</p>"
    assert made["meta_keywords"] == ["lamp", "light"]
    assert shop.get(f"/v3/catalog/brands/{made['brand_id']}").data["name"] == "Lumen"
    here = f"{base(shop)}/products/{key}"
    page = browser.post(browser.get(here), f"/products/{key}", price="19.99", is_visible="", brand_name="", sku="L-1")
    assert page.header("location").endswith("done=saved"), message(page)
    changed = shop.get(f"{PRODUCTS}/{key}").data
    assert (changed["price"], changed["sku"], changed["brand_id"]) == (19.99, "L-1", 0)
    assert {name for name in made if made[name] != changed[name]} <= {
        "price", "sku", "brand_id", "date_modified", "calculated_price",
    } | {"is_visible"}  # fmt: skip


def test_a_form_that_was_not_touched_changes_nothing(shop: Shop) -> None:
    """Every field of the form comes back as it went out: none is rounded, cut, or put in other words."""
    browser = signed_in(shop)
    full = {**LAMP, "description": "a\n\nb \"quoted\" & <b>", "sale_price": 1.2345, "related_products": [-1],
            "preorder_release_date": "2030-01-31T12:00:00+00:00", "meta_keywords": ["x", "y z"], "upc": "0012",
            "order_quantity_minimum": 2, "warranty": " spaced ",
            "custom_url": {"url": "/a-lamp", "is_customized": True}}  # fmt: skip
    key = shop.post(PRODUCTS, full).data["id"]
    before = shop.get(f"{PRODUCTS}/{key}").body
    page = browser.post(browser.get(f"{base(shop)}/products/{key}"), f"/products/{key}")
    assert page.header("location").endswith("done=unchanged"), message(page)
    assert shop.get(f"{PRODUCTS}/{key}").body == before


WRONG: list[tuple[dict[str, Any], str, Any]] = [
    ({"price": "much"}, "price", "much"),
    ({"price": "-1"}, "price", -1),
    ({"price": "1,5"}, "price", "1,5"),
    ({"name": ""}, "name", ""),
    ({"name": "a" * 251}, "name", "a" * 251),
    ({"weight": ""}, "weight", ""),
    ({"inventory_warning_level": "-3"}, "inventory_warning_level", -3),
    ({"tax_class_id": "200"}, "tax_class_id", 200),
    ({"name": "Taken"}, "name", "Taken"),
    ({"is_price_hidden": "true"}, "is_price_hidden", True),
    ({"preorder_release_date": "soon"}, "preorder_release_date", "soon"),
]


@pytest.mark.parametrize(("typed", "field", "value"), WRONG)
def test_what_the_api_refuses_is_refused_in_words_of_the_form_and_nothing_is_lost(
    shop: Shop, typed: dict[str, str], field: str, value: Any
) -> None:
    browser = signed_in(shop)
    shop.post(PRODUCTS, {**LAMP, "name": "Taken"})
    key = shop.post(PRODUCTS, LAMP).data["id"]
    before = shop.get(f"{PRODUCTS}/{key}").body
    refusal = shop.put(f"{PRODUCTS}/{key}", {field: value})
    assert refusal.status >= 400
    page = browser.post(browser.get(f"{base(shop)}/products/{key}"), f"/products/{key}", sku="KEPT", **typed)
    assert page.status == 422
    told = next(iter(refusal.json["errors"].values())) if refusal.status == 422 else refusal.json["title"]
    words = beside_field(told)
    assert any(words in text for text in message(page)), (words, message(page))
    assert page.form(f"/products/{key}").fields["sku"] == "KEPT"
    assert shop.get(f"{PRODUCTS}/{key}").body == before


def test_two_people_may_change_different_fields_at_once(shop: Shop) -> None:
    """Stock that is sold while a form is open stays sold."""
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, {**LAMP, "inventory_tracking": "product", "inventory_level": 10}).data["id"]
    page = browser.get(f"{base(shop)}/products/{key}")
    shop.put(f"{PRODUCTS}/{key}", {"inventory_level": 4})
    assert browser.post(page, f"/products/{key}", name="Lantern").header("location").endswith("done=saved")
    now = shop.get(f"{PRODUCTS}/{key}").data
    assert (now["name"], now["inventory_level"]) == ("Lantern", 4)


def test_a_field_that_somebody_else_changed_is_told_before_it_is_written_over(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    page = browser.get(f"{base(shop)}/products/{key}")
    shop.put(f"{PRODUCTS}/{key}", {"price": 30, "weight": 9})
    told = browser.post(page, f"/products/{key}", price="25")
    assert (told.status, shop.get(f"{PRODUCTS}/{key}").data["price"]) == (422, 30)
    assert any("changed this to \N{LEFT DOUBLE QUOTATION MARK}30" in text for text in message(told)), message(told)
    assert browser.post(told, f"/products/{key}").header("location").endswith("done=saved")
    now = shop.get(f"{PRODUCTS}/{key}").data
    assert (now["price"], now["weight"]) == (25, 9), "what was not touched stays the other's"


def test_limits_of_the_plan_hold_for_owners_too(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.change(limits={"brands": 1})
    shop.post("/v3/catalog/brands", {"name": "One"})
    page = browser.post(browser.get(f"{base(shop)}/brands/new"), "/brands", name="Two")
    assert (page.status, len(shop.get("/v3/catalog/brands").data)) == (422, 1)
    assert message(page), "and why"


LISTED = [
    ("?q=lan", ["Lantern"]), ("?show=hidden", ["Lantern"]), ("?show=low", ["Lamp"]), ("?show=out", []),
    ("?sort=price", ["Lamp", "Lantern", "Torch"]), ("?sort=name", ["Lamp", "Lantern", "Torch"]),
    ("?sort=dear", ["Torch", "Lantern", "Lamp"]), ("?sort=nonsense&show=nonsense", ["Torch", "Lantern", "Lamp"]),
    ("?page=2", []), ("?page=-1", ["Torch", "Lantern", "Lamp"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def stocked(server: Any) -> tuple[Shop, Browser]:
    """A store with three products, and its owner's browser."""
    shop = server.shop()
    counted = {"inventory_tracking": "product", "inventory_level": 2, "inventory_warning_level": 5}
    shop.post(PRODUCTS, {**LAMP, **counted, "is_visible": True})
    shop.post(PRODUCTS, {**LAMP, "name": "Lantern", "price": 30, "is_visible": False})
    shop.post(PRODUCTS, {**LAMP, "name": "Torch", "price": 40, "is_visible": True})
    return shop, signed_in(shop)


@pytest.mark.parametrize(("query", "names"), LISTED)
def test_the_list_shows_what_was_asked_for(stocked: tuple[Shop, Browser], query: str, names: list[str]) -> None:
    shop, browser = stocked
    page = browser.get(f"{base(shop)}/products{query}")
    assert (page.status, re.findall(r'<a class="whole break" [^>]+>([^<]+)<', page.text)) == (200, names)


def test_a_search_that_the_api_refuses_is_told(stocked: tuple[Shop, Browser]) -> None:
    shop, browser = stocked
    page = browser.get(f"{base(shop)}/products?category=none")
    assert (page.status, len(message(page))) == (200, 1)


def test_what_runs_low_is_drawn_on_the_overview(stocked: tuple[Shop, Browser]) -> None:
    shop, browser = stocked
    page = browser.get(base(shop))
    assert "Lamp" in page.text
    assert "2 left, warning at 5" in page.text
    assert "Torch" not in page.text


def test_a_product_is_deleted_with_what_hangs_on_it(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    page = browser.post(browser.get(f"{base(shop)}/products/{key}"), f"/products/{key}/delete")
    assert "deleted" in browser.follow(page).text
    assert shop.get(f"{PRODUCTS}/{key}").status == 404
    assert browser.get(f"{base(shop)}/products/{key}").status == 404
    assert browser.get(f"{base(shop)}/products/x").status == 404


# What hangs on a product


def test_images_are_uploaded_described_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    here = f"{base(shop)}/products/{key}/images"
    page = browser.upload(browser.get(here), "/images", "image_file", picture((40, 30)), description="From the side")
    shown = browser.follow(page)
    assert "Added." in shown.text, message(page)
    (image,) = shop.get(f"{PRODUCTS}/{key}/images").data
    assert image["description"] == "From the side"
    assert image["url_standard"].partition("/files/")[2] in shown.text
    changed = browser.post(shown, f"/images/{image['id']}", **{f"i{image['id']}.description": "From above"})
    assert changed.status == 303, message(changed)
    assert shop.get(f"{PRODUCTS}/{key}/images/{image['id']}").data["description"] == "From above"
    form = browser.get(here).form(f"/images/{image['id']}")
    assert browser.ask("POST", form.action + "/delete", form.fields).status == 303
    assert shop.get(f"{PRODUCTS}/{key}/images").data == []


def test_what_is_no_image_is_refused_in_the_words_of_the_api(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    here = f"{base(shop)}/products/{key}/images"
    for page in (
        browser.upload(browser.get(here), "/images", "image_file", b"no picture"),
        browser.ask("POST", here, {**browser.get(here).form("/images").fields, "image_url": "http://127.0.0.1/x.png"}),
        browser.ask("POST", here, browser.get(here).form("/images").fields),
    ):
        assert page.status == 422
        assert message(page)
    assert shop.get(f"{PRODUCTS}/{key}/images").data == []


def test_an_upload_has_its_cap_and_only_where_files_are_taken(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    page = browser.get(f"{base(shop)}/products/{key}/images")
    assert browser.upload(page, "/images", "image_file", b"x" * (11 << 20)).status == 413
    elsewhere = browser.get(f"{base(shop)}/brands/new")
    assert browser.upload(elsewhere, "/brands", "name", b"x").status == 415


@pytest.mark.parametrize("what", ["brands", "categories"])
def test_brands_and_categories_have_one_image(shop: Shop, what: str) -> None:
    browser = signed_in(shop)
    body = {"name": "A"} | ({"parent_id": 0} if what == "categories" else {})
    key = shop.post(f"/v3/catalog/{what}", body).data["id"]
    here = f"{base(shop)}/{what}/{key}"
    assert browser.upload(browser.get(here), "/image", "image_file", picture()).status == 303
    url = shop.get(f"/v3/catalog/{what}/{key}").data["image_url"]
    page = browser.get(here)
    assert url.partition("/files/")[2] in page.text
    assert browser.post(page, "/image/delete").status == 303
    assert shop.get(f"/v3/catalog/{what}/{key}").data["image_url"] == ""
    assert browser.upload(browser.get(here), "/image", "image_file", b"text").status == 422


PARTS: list[tuple[str, dict[str, str], dict[str, Any], dict[str, str], str]] = [
    ("custom-fields", {"name": "Made of", "value": "Brass"}, {"name": "Made of", "value": "Brass"},
     {"value": "Tin"}, "value"),
    ("bulk-pricing-rules", {"quantity_min": "5", "quantity_max": "9", "type": "percent", "amount": "2.5"},
     {"quantity_min": 5, "quantity_max": 9, "type": "percent", "amount": 2.5}, {"amount": "3"}, "amount"),
    ("videos", {"video_id": "dQw4w9WgXcQ", "title": "Film"}, {"video_id": "dQw4w9WgXcQ", "title": "Film"},
     {"title": "Clip"}, "title"),
]  # fmt: skip


@pytest.mark.parametrize(("word", "typed", "stored", "change", "field"), PARTS)
def test_rows_of_a_product_are_added_changed_and_deleted(
    shop: Shop, word: str, typed: dict[str, str], stored: dict[str, Any], change: dict[str, str], field: str
) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    here = f"{base(shop)}/products/{key}/parts"
    path = f"{PRODUCTS}/{key}/{word}"
    empty = browser.post(browser.get(here), f"/parts/{word}")
    assert (empty.status, bool(message(empty))) == (422, True)
    page = browser.post(browser.get(here), f"/parts/{word}", **{f"new.{name}": text for name, text in typed.items()})
    assert page.status == 303, message(page)
    (row,) = shop.get(path).data
    assert stored.items() <= row.items()
    one = browser.get(here).form(f"/parts/{word}/{row['id']}")
    moved = {f"r{row['id']}.{name}": text for name, text in change.items()}
    assert browser.ask("POST", one.action, {**one.fields, **moved}).status == 303
    assert str(shop.get(path).data[0][field]) == change[field]
    assert browser.ask("POST", one.action + "/delete", one.fields).status == 303
    assert shop.get(path).data == []


def test_options_make_variants_and_variants_are_changed_all_at_once(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, {**LAMP, "sku": "LAMP"}).data["id"]
    here = f"{base(shop)}/products/{key}/variants"
    for name, kind, values in (("Size", "rectangles", "S, M"), ("Shade", "swatch", "Red #d02020, Sand")):
        page = browser.post(browser.get(here), "/options", display_name=name, type=kind, values=values)
        assert page.status == 303, message(page)
    options = shop.get(f"{PRODUCTS}/{key}/options").data
    assert [[value["label"] for value in option["option_values"]] for option in options] == [
        ["S", "M"],
        ["Red", "Sand"],
    ]
    assert options[1]["option_values"][0]["value_data"] == {"colors": ["#d02020"]}
    assert "4 combinations have" in browser.get(here).text
    browser.post(browser.get(here), "/variants/fill")
    variants = shop.get(f"{PRODUCTS}/{key}/variants").data
    assert [one["sku"] for one in variants] == ["LAMP-S-RED", "LAMP-S-SAND", "LAMP-M-RED", "LAMP-M-SAND"]
    assert "combinations have" not in browser.get(here).text
    first, second = variants[0]["id"], variants[1]["id"]
    filled = {f"v{first}.price": "12.5", f"v{second}.inventory_level": "7"}
    assert browser.post(browser.get(here), "/variants", **filled).status == 303
    now = shop.get(f"{PRODUCTS}/{key}/variants").data
    assert (now[0]["price"], now[1]["inventory_level"], now[2]["price"]) == (12.5, 7, None)
    before = shop.get(f"{PRODUCTS}/{key}/variants").body
    clash = {f"v{first}.price": "13", f"v{second}.sku": "LAMP-M-RED"}
    page = browser.post(browser.get(here), "/variants", **clash)
    assert (page.status, bool(message(page))) == (422, True)
    assert page.form("/variants").fields[f"v{first}.price"] == "13", "nothing that was typed is lost"
    assert shop.get(f"{PRODUCTS}/{key}/variants").body == before, "all or nothing"
    form = browser.get(here).form("/variants")
    assert browser.ask("POST", f"{here}/{first}/delete", form.fields).status == 303
    assert "1 combination has" in browser.get(here).text


def test_an_option_is_renamed_grows_and_goes(shop: Shop) -> None:
    browser = signed_in(shop)
    key = shop.post(PRODUCTS, LAMP).data["id"]
    here = f"{base(shop)}/products/{key}/variants"
    browser.post(browser.get(here), "/options", display_name="Size", type="dropdown", values="S")
    option = shop.get(f"{PRODUCTS}/{key}/options").data[0]
    browser.post(browser.get(here), f"/options/{option['id']}", display_name="Width", values="M, L")
    option = shop.get(f"{PRODUCTS}/{key}/options").data[0]
    assert (option["display_name"], [one["label"] for one in option["option_values"]]) == ("Width", ["S", "M", "L"])
    last = option["option_values"][-1]["id"]
    browser.post(browser.get(here), f"/values/{last}/delete")
    assert len(shop.get(f"{PRODUCTS}/{key}/options").data[0]["option_values"]) == 2
    form = browser.get(here).form(f"/options/{option['id']}")
    assert browser.ask("POST", form.action + "/delete", form.fields).status == 303
    assert shop.get(f"{PRODUCTS}/{key}/options").data == []
    bad = browser.post(browser.get(here), "/options", display_name="", type="dropdown", values="S")
    assert (bad.status, bool(message(bad))) == (422, True)


# Categories and brands


def test_categories_are_a_tree_that_can_be_rearranged(shop: Shop) -> None:
    browser = signed_in(shop)
    made = {}
    for name, parent in (("Home", ""), ("Light", "Home"), ("Lamps", "Light"), ("Garden", "")):
        below = f"?below={made[parent]}" if parent else ""
        page = browser.post(browser.get(f"{base(shop)}/categories/new{below}"), "/categories", name=name)
        made[name] = new_id(page)
    own = browser.get(f"{base(shop)}/categories/{made['Light']}")
    offered = re.findall(r'<option value="(\d+)"', own.text.partition('name="parent_id"')[2].partition("</select>")[0])
    assert offered == ["0", str(made["Home"]), str(made["Garden"])], "not itself, nor what is below it"
    moved = browser.post(own, f"/categories/{made['Light']}", parent_id=str(made["Garden"]))
    assert moved.status == 303
    assert shop.get(f"/v3/catalog/categories/{made['Light']}").data["parent_id"] == made["Garden"]
    page = browser.post(browser.get(f"{base(shop)}/categories/new"), "/categories", name="HOME")
    assert any("The category name is a duplicate" in text for text in message(page)), message(page)
    shop.post(PRODUCTS, {**LAMP, "categories": [made["Lamps"]]})
    kept = browser.post(browser.get(f"{base(shop)}/categories/{made['Garden']}"), "/delete")
    assert (kept.status, bool(message(kept))) == (422, True)
    gone = browser.post(browser.get(f"{base(shop)}/categories/{made['Home']}"), "/delete")
    assert gone.status == 303
    assert shop.get(f"/v3/catalog/categories/{made['Home']}").status == 404


def test_brands_are_found_made_changed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    key = new_id(browser.post(browser.get(f"{base(shop)}/brands/new"), "/brands", name="Lumen"))
    new_id(browser.post(browser.get(f"{base(shop)}/brands/new"), "/brands", name="Other"))
    page = browser.get(f"{base(shop)}/brands?q=UME")
    assert ("Lumen" in page.text, "Other" in page.text) == (True, False)
    twice = browser.post(browser.get(f"{base(shop)}/brands/new"), "/brands", name="lumen")
    assert any("duplicate" in text for text in message(twice)), message(twice)
    browser.post(browser.get(f"{base(shop)}/brands/{key}"), f"/brands/{key}", name="Lumina")
    assert shop.get(f"/v3/catalog/brands/{key}").data["name"] == "Lumina"
    assert browser.post(browser.get(f"{base(shop)}/brands/{key}"), "/delete").status == 303
    assert shop.get(f"/v3/catalog/brands/{key}").status == 404


def test_the_catalogue_is_kept_while_the_store_is_closed(shop: Shop) -> None:
    """Its API answers 503, its owner goes on."""
    browser = signed_in(shop)
    shop.change(maintenance=True)
    assert shop.get(PRODUCTS).status == 503
    new_id(browser.post(browser.get(f"{base(shop)}/brands/new"), "/brands", name="Lumen"))
