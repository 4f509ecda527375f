"""The settings of a shop in the panel: every member is on a page, in words, and is saved through the API."""

from __future__ import annotations

import pytest

from bodega.panel.shop_words import PAGES
from bodega.resources.settings.page import groups
from panel import base, signed_in
from pictures import picture
from shop import Shop
from test_panel_catalogue import message

NOT_SHOWN = {("settings/logo", "favicon_url"), ("settings/logo", "logo_image_url")}
"""Uploaded."""
MADE = {("settings/storefront/status", "prelaunch_password")}
"""Told beside the form."""


def test_every_setting_has_a_place_and_words() -> None:
    placed = {(part.path, name) for page in PAGES.values() for part in page.parts for name in part.words}
    wanted = set()
    for group in groups():
        for name, member in group.members.items():
            inner = member.inside.__struct_fields__ if member.inside is not None else ()
            wanted |= {(group.path, f"{name}.{part}") for part in inner} or {(group.path, name)}
    assert placed == wanted - NOT_SHOWN - MADE
    words = [word for page in PAGES.values() for part in page.parts for word in part.words.values()]
    assert all(word.partition("|")[0] for word in words)
    assert not [word for word in words if "_" in word]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_sent_back_changes_nothing(shop: Shop, name: str) -> None:
    """Of the store and of a channel."""
    browser = signed_in(shop)
    here = f"/shop/{name}"
    for channel in ("", "1"):
        page = browser.get(f"{base(shop)}{here}?channel={channel}")
        assert page.status == 200
        for form in page.forms:
            if form.method == "post" and form.action.endswith(here):
                answer = browser.ask("POST", form.action, form.fields)
                assert answer.header("location").endswith("done=unchanged"), message(answer)


def sent(shop: Shop, page: str, group: str, channel: str = "", **fields: str) -> str:
    browser = signed_in(shop)
    shown = browser.get(f"{base(shop)}/shop/{page}?channel={channel}")
    form = next(one for one in shown.forms if one.fields.get("group") == group)
    before = group.replace("/", "-") + "."
    body = {**form.fields, **{before + name: value for name, value in fields.items()}}
    answer = browser.ask("POST", form.action, body)
    return answer.header("location").rpartition("=")[2] or " ".join(message(answer))


def test_settings_are_saved_for_the_store_and_for_a_channel(shop: Shop) -> None:
    assert sent(shop, "profile", "settings/store/profile", store_name="Blue Door") == "saved"
    assert shop.get("/v2/store").json["name"] == "Blue Door"
    security = "settings/storefront/security"
    assert sent(shop, "security", security, **{"hsts-enabled": "true", "hsts-max_age": "one_year"}) == "saved"
    kept = shop.get(f"/v3/{security}").data["hsts"]
    assert (kept["enabled"], kept["max_age"]) == (True, "one_year")
    assert sent(shop, "security", security, "1", **{"hsts-enabled": "false"}) == "saved"
    assert shop.get(f"/v3/{security}?channel_id=1").data["hsts"]["enabled"] is False
    assert sent(shop, "security", security, "1", **{"hsts-enabled": ""}) == "saved"
    assert shop.get(f"/v3/{security}?channel_id=1").data["hsts"] is None
    search = "settings/storefront/search"
    assert sent(shop, "display", search, default_product_sort="newest") == "saved"
    assert shop.get(f"/v3/{search}").data["default_product_sort"] == "newest"
    stock = "settings/inventory/notifications"
    assert sent(shop, "stock", stock, "1", low_stock_notification_address="a@example.com") == "saved"
    assert shop.get(f"/v3/{stock}?channel_id=1").data["low_stock_notification_address"] == ["a@example.com"]
    assert sent(shop, "stock", stock, "1", low_stock_notification_address="") == "saved"
    assert shop.get(f"/v3/{stock}?channel_id=1").data["low_stock_notification_address"] is None


def test_what_is_refused_is_told_at_its_field(shop: Shop) -> None:
    assert "country" in sent(shop, "profile", "settings/store/locale", store_country="Atlantis")
    assert sent(shop, "security", "settings/storefront/security", **{"csp_header-enabled": "true"}).count("empty")


def test_images_are_uploaded(shop: Shop) -> None:
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/shop/profile")
    answer = browser.upload(page, "/shop/image/logo", "image_file", picture())
    assert answer.header("location").endswith("done=saved"), message(answer)
    assert shop.get("/v3/settings/logo").data["logo_image_url"]


@pytest.mark.parametrize("path", ["/shop/nothing", "/shop/profile?channel=99"])
def test_what_there_is_not(shop: Shop, path: str) -> None:
    assert signed_in(shop).get(base(shop) + path).status in (404, 422)


def test_the_contents(shop: Shop) -> None:
    page = signed_in(shop).get(f"{base(shop)}/shop")
    assert all(f"/shop/{name}" in page.text for name in PAGES)
