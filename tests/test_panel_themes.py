"""Themes and widgets in the panel: the API's rules and words, through forms."""

from __future__ import annotations

import zips
from panel import base, signed_in
from shop import Shop
from test_panel_catalogue import message
from test_themes import THEMES
from test_widgets import placed, template, widget


def test_a_theme_is_uploaded_shown_and_deleted(shop: Shop) -> None:
    browser, here = signed_in(shop), base(shop)
    page = browser.upload(browser.get(f"{here}/themes"), "/themes", "file", zips.theme())
    job = (page.header("location") or "").partition("job=")[2]
    shop.wait_for(lambda: shop.get(f"{THEMES}/jobs/{job}").data["status"] == "COMPLETED")
    listed = browser.get(f"{here}/themes?job={job}")
    assert "Harbour" in listed.text
    assert "in the list below" in listed.text
    theme = next(one for one in shop.get(THEMES).data if one["is_private"])
    night = theme["variations"][1]["uuid"]
    page = browser.post(listed, "/themes/activate", variation_id=night, channel_id="1")
    assert (page.header("location") or "").endswith("done=activated"), message(page)
    assert shop.get("/v3/channels/1/active-theme").data["active_theme_uuid"] == theme["uuid"]
    again = browser.get(f"{here}/themes")
    assert f"/themes/{theme['uuid']}/delete" not in again.text
    sample = next(one for one in shop.get(THEMES).data if not one["is_private"])
    form = again.form(f"/themes/{sample['uuid']}/download")
    assert browser.ask("POST", form.action, form.fields).status == 303
    assert browser.ask("POST", form.action.replace("download", "delete"), form.fields).status == 303
    assert [one["name"] for one in shop.get(THEMES).data] == ["Harbour"]


def test_what_is_wrong_with_a_theme_is_told(shop: Shop) -> None:
    browser, here = signed_in(shop), base(shop)
    page = browser.upload(browser.get(f"{here}/themes"), "/themes", "file", b"no zip")
    job = (page.header("location") or "").partition("job=")[2]
    shop.wait_for(lambda: shop.get(f"{THEMES}/jobs/{job}").data["status"] == "FAILED")
    assert "There was a problem with the zip file" in browser.get(f"{here}/themes?job={job}").text


def test_widgets_and_their_templates_are_shown(shop: Shop) -> None:
    browser, here = signed_in(shop), base(shop)
    assert "No widgets yet" in browser.get(f"{here}/widgets").text
    owner = template(shop, name="<b>Banner</b>")
    one = widget(shop, owner["uuid"], name="Summer & sale")
    placed(shop, one["uuid"], status="active")
    listed = browser.get(f"{here}/widgets")
    for text in ("Summer &amp; sale", "&lt;b&gt;Banner&lt;/b&gt;", "category_below_header", "active"):
        assert text in listed.text
    shown = browser.get(f"{here}/widgets/templates/{owner['uuid']}?look=yes").text
    for text in ("&lt;h1 class=big&gt;Sale&lt;/h1&gt;", "images[].link", "1 widget made of it"):
        assert text in shown
    assert browser.post(listed, f"/widgets/{one['uuid']}/delete").status == 303
    assert shop.rows("widgets") == 0
    assert browser.get(f"{here}/widgets/templates/none").status == 404
