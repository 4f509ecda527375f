"""Shipping in the panel: zones, methods, settings, providers; the API's rules and words, through forms."""

from __future__ import annotations

from panel import base, signed_in
from shop import Shop

HERE = "/shipping"


def test_zones_and_methods(shop: Shop) -> None:
    browser = signed_in(shop)
    at = base(shop) + HERE
    page = browser.post(browser.get(at), f"{HERE}/zones", name="Home", countries="us, ca")
    assert page.header("location").endswith("done=zone"), page.text
    (zone,) = shop.get("/v2/shipping/zones").json
    assert [one["country_iso2"] for one in zone["locations"]] == ["US", "CA"]
    page = browser.post(browser.get(at), f"{HERE}/zones/1/methods", name="Flat", type="perorder", rate="7.5")
    assert page.header("location").endswith("done=method"), page.text
    (method,) = shop.get("/v2/shipping/zones/1/methods").json
    assert (method["name"], method["settings"]["rate"]) == ("Flat", 7.5)
    assert "Flat" in browser.get(at).text
    wrong = browser.post(browser.get(at), f"{HERE}/zones", name="Nowhere", countries="QQ")
    assert wrong.status == 422
    assert "two-letter" in wrong.text
    browser.post(browser.get(at), f"{HERE}/zones/1/methods/1/delete")
    assert shop.get("/v2/shipping/zones/1/methods").status == 204
    browser.post(browser.get(at), f"{HERE}/zones/1/delete")
    assert shop.get("/v2/shipping/zones").status == 204


def test_what_a_checkout_says(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.post(
        browser.get(base(shop) + HERE), f"{HERE}/settings", out_of_delivery_zone_message="Sorry, not there."
    )
    assert page.header("location").endswith("done=saved"), page.text
    told = shop.get("/v3/shipping/settings").data["checkout"]
    assert told["out_of_delivery_zone_message"] == "Sorry, not there."


def test_providers(shop: Shop) -> None:
    browser = signed_in(shop)
    at = base(shop) + HERE
    wrong = browser.post(browser.get(at), f"{HERE}/providers", kind="tax", id="acme", url="ftp://acme.example")
    assert wrong.status == 422
    assert "https://" in wrong.text
    for kind, name in (("tax", "acme"), ("shipping", "swift")):
        page = browser.post(browser.get(at), f"{HERE}/providers", kind=kind, id=name, url=f"https://{name}.example/")
        assert page.header("location").endswith("done=provider"), page.text
    shown = browser.get(at).text
    assert "not connected" in shown
    browser.post(browser.get(at), f"{HERE}/connections/acme", username="shop", password="open sesame")
    assert shop.get("/v3/tax/providers/acme/connection").data["configured"]
    assert "sesame" not in browser.get(at).text
    browser.post(browser.get(at), f"{HERE}/zones", name="World")
    browser.post(browser.get(at), f"{HERE}/zones/1/methods", name="Swift", type="swift")
    assert shop.get("/v2/shipping/zones/1/methods").json[0]["type"] == "swift"
    browser.post(browser.get(at), f"{HERE}/providers/tax/acme/delete")
    assert shop.get("/v3/tax/providers/acme/connection").status == 404
