"""Channels in the panel: the API's rules and words, through forms."""

from __future__ import annotations

from panel import base, signed_in
from shop import Shop
from test_channel_currencies import EURO
from test_panel_catalogue import message, new_id

CHANNELS = "/v3/channels"


def test_a_channel_is_made_and_changed(shop: Shop) -> None:
    browser = signed_in(shop)
    form = browser.get(f"{base(shop)}/channels/new")
    wrong = browser.post(form, "/channels", name="Bay", type="pos", platform="ebay")
    assert wrong.status == 422
    assert any("This must be, for a pos, one of" in text for text in message(wrong)), message(wrong)
    key = new_id(browser.post(form, "/channels", name="Bay", type="marketplace", platform="ebay"))
    here = f"/channels/{key}"
    untouched = browser.post(browser.get(base(shop) + here), here)
    assert untouched.header("location").endswith("done=unchanged"), message(untouched)
    page = browser.post(browser.get(base(shop) + here), here, name="Bay UK", status="disconnected")
    assert page.header("location").endswith("done=saved"), message(page)
    now = shop.get(f"{CHANNELS}/{key}").data
    assert (now["name"], now["status"]) == ("Bay UK", "disconnected")
    shop.post("/v3/catalog/products", {"name": "Hat", "type": "physical", "weight": 1, "price": 1})
    shop.post(f"{CHANNELS}/{key}/listings", [{"product_id": 1, "state": "active", "variants": []}])
    listed = browser.get(f"{base(shop)}/channels").text
    assert "Bay UK" in listed
    assert "with 1 listing." in browser.get(base(shop) + here).text
    assert "prelaunch" not in browser.get(f"{base(shop)}/channels/1").text
    assert browser.get(f"{base(shop)}/channels/9").status == 404


def test_currencies_of_a_channel_are_ticked(shop: Shop) -> None:
    browser, here = signed_in(shop), "/channels/1"
    shop.post("/v2/currencies", EURO)
    page = browser.post(
        browser.get(base(shop) + here), f"{here}/currencies",
        **{"money.enabled_currencies": ["EUR"], "money.default_currency": "USD"},
    )  # fmt: skip
    assert page.status == 422
    assert any("must be one of “In which it sells”" in text for text in message(page)), message(page)
    page = browser.post(
        browser.get(base(shop) + here), f"{here}/currencies",
        **{"money.enabled_currencies": ["EUR"], "money.default_currency": "EUR"},
    )  # fmt: skip
    assert page.header("location").endswith("done=saved"), message(page)
    assigned = f"{CHANNELS}/1/currency-assignments"
    assert shop.get(assigned).data["enabled_currencies"] == ["EUR"]
    form = browser.get(base(shop) + here).form(f"{here}/currencies")
    assert browser.ask("POST", form.action + "/delete", form.fields).status == 303
    assert shop.get(assigned).data["enabled_currencies"] == ["USD", "EUR"]


def test_the_site_of_a_channel_is_made_and_changed(shop: Shop) -> None:
    browser = signed_in(shop)
    shop.post(CHANNELS, {"name": "North", "type": "storefront", "platform": "next"})
    here, path = "/channels/2", f"{CHANNELS}/2/site"

    def send(**fields: str) -> str:
        page = browser.post(
            browser.get(base(shop) + here), f"{here}/site", **{f"site.{name}": text for name, text in fields.items()}
        )
        return page.header("location").rpartition("=")[2] if page.status == 303 else " ".join(message(page))

    assert "must be the address of a site" in send(url="north")
    assert send(url="https://north.example.com") == "saved"
    assert "main domain" in send(checkout_url="https://pay.example.net")
    assert send(checkout_url="https://pay.example.com", url="https://www.example.com") == "saved"
    site = shop.get(path).data
    assert (site["url"], site["is_checkout_url_customized"]) == ("https://www.example.com", True)
    assert send() == "unchanged"
    assert send(checkout_url="", url="https://north.example.org") == "saved"
    site = shop.get(path).data
    assert (site["url"], site["is_checkout_url_customized"]) == ("https://north.example.org", False)
