"""Locations and stock by place in the panel: the API's rules and words, through forms."""

from __future__ import annotations

from choices import shirt_of_sizes
from panel import base, signed_in
from shop import Shop
from test_inventory import TRACKED, held, product_level, put
from test_locations import PATH, locate
from test_panel_catalogue import message, new_id
from test_pickup import METHODS

FILLED = {
    "label": "Austin store", "code": "AUSTIN", "type_id": "PHYSICAL", "time_zone": "America/Chicago",
    "enabled": "true", "address1": "1 Main St", "city": "Austin", "state": "TX", "zip": "78701",
    "country_code": "US", "email": "austin@example.com", "latitude": "30.2672", "longitude": "-97.7431",
}  # fmt: skip


def test_a_location_is_made_changed_and_deleted(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "Default location" in browser.get(f"{base(shop)}/locations").text
    form = browser.get(f"{base(shop)}/locations/new")
    wrong = browser.post(form, "/locations", **{**FILLED, "zip": ""})
    assert wrong.status == 422
    assert any("Postal code : Fill this in." in text for text in message(wrong)), message(wrong)
    key = new_id(browser.post(form, "/locations", **FILLED))
    (made,) = shop.get(f"{PATH}?location_id:in={key}").data
    assert (made["label"], made["enabled"], made["address"]["geo_coordinates"]) == (
        "Austin store", True, {"latitude": 30.2672, "longitude": -97.7431},
    )  # fmt: skip
    here = f"/locations/{key}"
    untouched = browser.post(browser.get(base(shop) + here), here)
    assert untouched.header("location").endswith("done=unchanged"), message(untouched)
    page = browser.post(browser.get(base(shop) + here), here, city="Round Rock", latitude="30.5")
    assert page.header("location").endswith("done=saved"), message(page)
    (changed,) = shop.get(f"{PATH}?location_id:in={key}").data
    assert (changed["address"]["city"], changed["address"]["zip"]) == ("Round Rock", "78701")
    assert changed["address"]["geo_coordinates"] == {"latitude": 30.5, "longitude": -97.7431}
    page = browser.post(browser.get(base(shop) + here), f"{here}/delete")
    assert page.header("location").endswith("/locations?done=deleted"), message(page)
    assert len(shop.get(PATH).data) == 1
    assert f"{here}/delete" not in browser.get(f"{base(shop)}/locations/1").text, "the default one stays"


def test_pickup_methods_of_a_location(shop: Shop) -> None:
    browser, key = signed_in(shop), locate(shop)
    here = f"/locations/{key}"
    page = browser.post(browser.get(base(shop) + here), f"{here}/methods", **{"new.display_name": "Counter"})
    assert page.header("location").endswith("done=added"), message(page)
    long = {"m1.display_name": "x" * 251}
    assert browser.post(browser.get(base(shop) + here), f"{here}/methods/1", **long).status == 422
    page = browser.post(browser.get(base(shop) + here), f"{here}/methods/1", **{"m1.display_name": "Gate"})
    assert page.header("location").endswith("done=saved"), message(page)
    assert [one["display_name"] for one in shop.get(METHODS).data] == ["Gate"]
    one = browser.get(base(shop) + here).form(f"{here}/methods/1")
    assert browser.ask("POST", one.action + "/delete", one.fields).status == 303
    assert shop.get(METHODS).data == []


def test_the_stock_of_a_product_is_shown_and_changed_by_place(shop: Shop) -> None:
    browser, austin = signed_in(shop), locate(shop)
    hammer, (made, sizes) = shop.product(sku="H-1", **TRACKED), shirt_of_sizes(shop, S=2, L=5)
    variant = shop.get(f"/v3/catalog/products/{hammer}").data["base_variant_id"]
    here = f"/products/{hammer}/stock"
    page = browser.get(base(shop) + here)
    assert (page.form(here).fields[f"v{variant}.at1"], page.form(here).fields[f"v{variant}.at{austin}"]) == ("10", "")
    assert browser.post(page, here).header("location").endswith("done=unchanged")
    page = browser.post(page, here, **{f"v{variant}.at{austin}": "5"})
    assert page.header("location").endswith("done=saved"), message(page)
    assert (held(shop, hammer), product_level(shop, hammer)) == ({1: 10, austin: 5}, 15)
    wrong = browser.post(browser.get(base(shop) + here), here, **{f"v{variant}.at{austin}": "-1"})
    assert (wrong.status, product_level(shop, hammer)) == (422, 15)
    opened = browser.get(base(shop) + here)
    put(shop, {"location_id": austin, "sku": "H-1", "quantity": 4})
    page = browser.post(opened, here, **{f"v{variant}.at{austin}": "6"})
    assert page.status == 422, "sold meanwhile: it is told, and nothing is overwritten"
    assert held(shop, hammer) == {1: 10, austin: 4}
    here = f"/products/{made}/stock"
    page = browser.post(browser.get(base(shop) + here), here, **{f"v{sizes['L']}.at{austin}": "7"})
    assert page.header("location").endswith("done=saved"), message(page)
    assert held(shop, made) == {1: 7, austin: 7}
