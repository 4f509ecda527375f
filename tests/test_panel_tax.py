"""Taxes in the panel: the API's rules and words, through forms."""

from __future__ import annotations

from bodega.panel.tax import lines_of, places_of
from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message

TEXT = "DE\nCA: QC, ON\nAU: NSW | 2000, 21*"


def test_places_are_lines_and_back() -> None:
    assert lines_of(places_of(TEXT)) == TEXT
    assert places_of(" us :tx|78701 \n\n") == [
        {"country_code": "us", "subdivision_codes": ["tx"], "postal_codes": ["78701"]}
    ]


def test_a_zone_is_made_with_its_rates(shop: Shop) -> None:
    browser = signed_in(shop)
    assert "Everywhere else" in browser.get(f"{base(shop)}/tax").text
    form = browser.get(f"{base(shop)}/tax/new")
    wrong = browser.post(form, "/tax/zones", name="Nowhere", places="XX")
    assert wrong.status == 422
    assert "two-letter" in " ".join(message(wrong))
    made = browser.post(form, "/tax/zones", name="Abroad", places=TEXT, enabled="true")
    zone = int(made.header("location").rpartition("/")[2].partition("?")[0])
    here = f"/tax/{zone}"
    page = browser.get(base(shop) + here)
    assert "CA: QC, ON" in page.text
    again = next(one for one in page.forms if one.action.endswith(here))
    unchanged = browser.ask("POST", again.action, again.fields)
    assert unchanged.header("location").endswith("done=unchanged"), message(unchanged)
    rated = browser.post(page, f"{here}/rates", **{"rate.name": "VAT", "rate.class_0": "19", "rate.class_2": "7.5"})
    assert rated.header("location").endswith("done=rated"), message(rated)
    (rate,) = shop.get(f"/v3/tax/rates?tax_zone_id:in={zone}").data
    assert rate["class_rates"] == [{"rate": 19, "tax_class_id": 0}, {"rate": 7.5, "tax_class_id": 2}]
    assert browser.post(page, f"{here}/rates", **{"rate.name": "Empty"}).status == 422
    page = browser.get(base(shop) + here)
    saved = browser.post(page, here, places="DE", show_inclusive="true")
    assert saved.header("location").endswith("done=saved"), message(saved)
    (now,) = shop.get(f"/v3/tax/zones?id:in={zone}").data
    assert now["price_display_settings"]["show_inclusive"] is True
    assert [place["country_code"] for place in now["shopper_target_settings"]["locations"]] == ["DE"]
    page = browser.get(base(shop) + here)
    assert browser.post(page, f"{here}/rates/{rate['id']}/delete").header("location").endswith("done=unrated")
    assert browser.post(page, f"{here}/delete").header("location").endswith("/tax?done=deleted")


def test_settings_and_classes(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/tax")
    again = next(one for one in page.forms if one.method == "post" and one.action.endswith("/tax"))
    unchanged = browser.ask("POST", again.action, again.fields)
    assert unchanged.header("location").endswith("done=unchanged"), message(unchanged)
    saved = browser.ask("POST", again.action, {**again.fields, "rounding_strategy": "NO_ROUNDING"})
    assert saved.header("location").endswith("done=saved"), message(saved)
    assert shop.get("/v3/tax/settings").data["rounding_strategy"] == "NO_ROUNDING"
    added = browser.post(page, "/tax/classes", **{"class.name": "Books"})
    assert added.header("location").endswith("done=classed"), message(added)
    assert browser.post(page, "/tax/classes", **{"class.name": "books"}).status == 422
    page = browser.get(f"{base(shop)}/tax")
    gone = browser.post(page, "/tax/classes/4/delete")
    assert gone.header("location").endswith("done=unclassed"), message(gone)
    assert browser.get(f"{base(shop)}/tax/99").status == 404
