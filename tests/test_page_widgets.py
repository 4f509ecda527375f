"""Page widgets: a page read and published as one (V3), on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from test_widgets import PLACEMENTS, WIDGETS, placed, template, widget

PATH = "/v3/content/page-widgets"
PAGE = {"template_file": "pages/page", "entity_id": "5", "channel_id": 1}
LAYOUT = "7d42d0b1-1152-4ce3-a6c1-3709f786f295"


def banner(owner: str, title: str) -> dict[str, Any]:
    return {
        "widget_template_uuid": owner,
        "configuration": {"title": title},
        "storefront_api_query_params": {"productId": 7},
        "name": title,
        "description": "d",
        "type": "widget",
    }


def regions(owner: str) -> list[dict[str, Any]]:
    columns = [
        {"configuration": {"width": "50%"}, "widgets": [banner(owner, "Left"), banner(owner, "Lower left")]},
        {"configuration": {}, "widgets": [banner(owner, "Right")]},
    ]
    layout = {
        "layout_template_uuid": LAYOUT,
        "configuration": {"numberOfDropzones": 2},
        "name": "Two columns",
        "dropzones": columns,
        "type": "layout",
    }
    return [
        {"name": "page_builder_content", "children": [banner(owner, "First"), layout, banner(owner, "Last")]},
        {"name": "footer_below", "children": [banner(owner, "Foot")]},
    ]


def shown(shop: Shop, query: str = "template_file=pages/page&entity_id=5&channel_id=1") -> list[Any]:
    found: list[Any] = shop.get(f"{PATH}?{query}").data["regions"]
    return sorted(found, key=lambda region: region["name"], reverse=True)


def test_what_is_published_is_what_the_page_shows(shop: Shop) -> None:
    owner = template(shop)["uuid"]
    assert shop.post(PATH, {**PAGE, "regions": regions(owner)}).status == 204
    assert shown(shop) == regions(owner)
    assert shown(shop, "template_file=pages/page&entity_id=6") == []
    assert shown(shop, "") == []
    assert len(shop.get(f"{PLACEMENTS}?template_file=pages/page").data) == 6


def test_publishing_again_replaces_everything_and_leaves_nothing_behind(shop: Shop) -> None:
    owner = template(shop)["uuid"]
    kept = widget(shop, owner, name="Kept")
    placed(shop, kept["uuid"], template_file="pages/page", entity_id="5", region="footer_below", status="active")
    shop.post(PATH, {**PAGE, "regions": regions(owner)})
    fresh = [{"name": "footer_below", "children": [banner(owner, "Fresh")]}]
    assert shop.post(PATH, {**PAGE, "regions": fresh}).status == 204
    assert shown(shop) == fresh
    assert [one["name"] for one in shop.get(WIDGETS).data] == ["Kept", "Fresh"]
    assert (shop.rows("placements"), shop.rows("widget_layouts")) == (1, 0)
    assert shop.post(PATH, {**PAGE, "regions": []}).status == 204
    assert (shown(shop), shop.rows("widgets")) == ([], 1)


def test_both_sets_of_endpoints_show_the_same_widgets(shop: Shop) -> None:
    owner = template(shop)["uuid"]
    one = widget(shop, owner, name="Own", widget_configuration={"title": "Own"})
    placed(shop, one["uuid"], template_file="pages/home", region="home_below_menu", status="active")
    placed(shop, one["uuid"], template_file="pages/home", region="home_below_menu", status="inactive")
    (region,) = shown(shop, "template_file=pages/home")
    assert [(child["name"], child["configuration"]) for child in region["children"]] == [("Own", {"title": "Own"})]


def test_regions_of_every_page(shop: Shop) -> None:
    owner = template(shop)["uuid"]
    everywhere = [{"name": "header_bottom", "children": [banner(owner, "Everywhere")]}]
    assert shop.post(PATH, {"regions": everywhere}).status == 204
    assert shown(shop, "") == shown(shop, "channel_id=1") == everywhere


W, L = {"type": "widget"}, {"type": "layout"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "regions"),
    ({"regions": [{"children": []}]}, "regions.0"),
    ({"regions": [{"name": "a"}, {"name": "a"}]}, "regions"),
    ({"regions": [{"name": "a", "children": [W]}]}, "regions.0.children.0.widget_template_uuid"),
    ({"regions": [{"name": "a", "children": [L]}]}, "regions.0.children.0.layout_template_uuid"),
    ({"regions": [{"name": "a", "children": [{"widget_template_uuid": "0" * 36}]}]},
     "regions.0.children.0.widget_template_uuid"),
    ({"regions": [{"name": "a", "children": [{**W, "dropzones": [{}]}]}]}, "regions.0.children.0.dropzones"),
    ({"regions": [{"name": "a", "children": [{**L, "description": "d"}]}]}, "regions.0.children.0.description"),
    ({"regions": [], "channel_id": 9}, "channel_id"),
    ({"regions": [], "template_file": "/etc/passwd"}, "template_file"),
    ({"regions": [], "template_file": "pages/home", "entity_id": "1"}, "entity_id"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_a_bad_page_is_refused_and_changes_nothing(shop: Shop, body: dict[str, Any], field: str) -> None:
    owner = template(shop)["uuid"]
    shop.post(PATH, {"regions": [{"name": "a", "children": [banner(owner, "Old")]}]})
    refused = shop.post(PATH, body)
    assert refused.status == 422
    assert [name.startswith(field) for name in refused.json["errors"]] == [True], refused.body
    assert shown(shop, "")[0]["children"][0]["name"] == "Old"


def test_a_configuration_of_a_page_fits_the_schema_too(shop: Shop) -> None:
    owner = template(shop)["uuid"]
    child = {**banner(owner, "x"), "configuration": {"shown": "yes"}}
    refused = shop.post(PATH, {"regions": [{"name": "a", "children": [child]}]})
    assert refused.status == 422
    assert shop.rows("widgets") == 0


def test_scopes_of_page_widgets(shop: Shop) -> None:
    """Published for marketing; widgets themselves are content."""
    for scope, read, write in (
        ("store_v2_marketing_read_only", 200, 403),
        ("store_v2_marketing", 200, 204),
        ("store_v2_content", 200, 204),
        ("store_v2_products", 403, 403),
    ):
        token = shop.account(scope)
        assert shop.get(PATH, token=token).status == read
        assert shop.post(PATH, {"regions": []}, token=token).status == write
