"""Widget templates, widgets, placements and regions (V3), on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

TEMPLATES, WIDGETS, PLACEMENTS = "/v3/content/widget-templates", "/v3/content/widgets", "/v3/content/placements"
SCHEMA = [
    {
        "type": "tab",
        "label": "Content",
        "sections": [
            {
                "label": "Heading",
                "settings": [
                    {"type": "input", "label": "Title", "id": "title", "default": "Sale"},
                    {"type": "boolean", "label": "Show", "id": "shown", "default": True},
                    {
                        "type": "select",
                        "label": "Size",
                        "id": "size",
                        "default": "big",
                        "typeMeta": {
                            "selectOptions": [{"label": "Big", "value": "big"}, {"label": "Small", "value": "small"}]
                        },
                    },
                ],
            }
        ],
    },
    {
        "type": "array",
        "label": "Images",
        "id": "images",
        "defaultCount": 2,
        "entryLabel": "Image",
        "schema": [
            {
                "type": "tab",
                "label": "Image",
                "sections": [{"settings": [{"type": "input", "label": "Link", "id": "link", "default": "#"}]}],
            }
        ],
    },
    {"type": "hidden", "settings": [{"type": "number", "id": "width", "default": 300}]},
]
TEMPLATE = (
    "{{#if shown}}<h1 class={{size}}>{{title}}</h1>{{/if}}{{#each images}}<a href='{{link}}'></a>{{/each}}{{width}}"
)


def template(shop: Shop, **more: Any) -> Any:
    made = shop.post(TEMPLATES, {"name": "Banner", "template": TEMPLATE, "schema": SCHEMA, **more})
    assert made.status == 200, made.body
    return made.data


def widget(shop: Shop, owner: str, **more: Any) -> Any:
    made = shop.post(WIDGETS, {"name": "Summer", "widget_template_uuid": owner, **more})
    assert made.status == 200, made.body
    return made.data


def placed(shop: Shop, one: str, **more: Any) -> Any:
    body = {"widget_uuid": one, "template_file": "pages/category", "region": "category_below_header", **more}
    made = shop.post(PLACEMENTS, body)
    assert made.status == 200, made.body
    return made.data


def test_a_template_is_what_its_current_version_says(shop: Shop) -> None:
    first = template(shop)
    path = f"{TEMPLATES}/{first['uuid']}"
    assert shop.get(path).data == first
    assert (first["kind"], first["icon_name"]) == ("custom", "default")
    same = shop.put(path, {"template": "<p>{{title}}</p>"}).data
    assert same["current_version_uuid"] == first["current_version_uuid"]
    fresh = shop.put(path, {"template": "<b>{{title}}</b>", "create_new_version": True}).data
    assert fresh["current_version_uuid"] != first["current_version_uuid"]
    assert shop.get(path).data["template"] == "<b>{{title}}</b>"
    before = shop.get(f"{path}?version_uuid={first['current_version_uuid']}").data
    assert before["template"] == "<p>{{title}}</p>"
    assert before["current_version_uuid"] == fresh["current_version_uuid"]
    assert shop.get(f"{path}?version_uuid={first['uuid']}").status == 404


def test_a_widget_keeps_the_version_that_it_was_made_of_until_it_is_upgraded(shop: Shop) -> None:
    owner = template(shop)
    one = widget(shop, owner["uuid"])
    assert one["version_uuid"] == owner["current_version_uuid"]
    shop.put(f"{TEMPLATES}/{owner['uuid']}", {"template": "<b></b>", "create_new_version": True})
    shown = shop.get(f"{WIDGETS}/{one['uuid']}").data
    assert (shown["version_uuid"], shown["widget_template"]["template"]) == (one["version_uuid"], TEMPLATE)
    changed = shop.put(f"{WIDGETS}/{one['uuid']}", {"name": "Winter", "upgrade": True}).data
    assert changed["widget_template"]["template"] == "<b></b>"
    assert changed["version_uuid"] == changed["widget_template"]["current_version_uuid"]


def test_what_is_unsaid_is_as_the_schema_has_it(shop: Shop) -> None:
    owner = template(shop)
    reply = shop.post(f"{TEMPLATES}/{owner['uuid']}/preview", {"widget_configuration": {}})
    assert (reply.status, reply.data) == (
        200,
        {"html": "<h1 class=big>Sale</h1><a href='#'></a><a href='#'></a>300"},
    )
    said = {"title": "<Fish>", "shown": True, "images": [{"link": "/a"}, {}], "width": 1.5}
    reply = shop.post(f"{TEMPLATES}/{owner['uuid']}/preview", {"widget_configuration": said})
    assert reply.data["html"] == "<h1 class=big>&lt;Fish&gt;</h1><a href='/a'></a><a href='#'></a>1.5"


def test_a_preview_is_refused_where_the_template_is_at_fault(shop: Shop) -> None:
    owner = template(shop, template="{{#if title}}")
    reply = shop.post(f"{TEMPLATES}/{owner['uuid']}/preview", {})
    assert (reply.status, list(reply.json["errors"])) == (422, ["template"])
    assert shop.post(f"{TEMPLATES}/{'0' * 36}/preview", {}).status == 404


WRONG_CONFIGURATIONS = [
    ({"shown": "yes"}, "widget_configuration.shown"),
    ({"size": "huge"}, "widget_configuration.size"),
    ({"title": {}}, "widget_configuration.title"),
    ({"width": "wide"}, "widget_configuration.width"),
    ({"images": {}}, "widget_configuration.images"),
    ({"images": ["a"]}, "widget_configuration.images.0"),
    ({"images": [{}, {"link": []}]}, "widget_configuration.images.1.link"),
]


@pytest.mark.parametrize(("configuration", "field"), WRONG_CONFIGURATIONS)
def test_a_configuration_fits_the_schema(shop: Shop, configuration: Any, field: str) -> None:
    owner = template(shop)["uuid"]
    body = {"name": "W", "widget_template_uuid": owner, "widget_configuration": configuration}
    refused = shop.post(WIDGETS, body)
    assert (refused.status, list(refused.json["errors"])) == (422, [field])
    one = widget(shop, owner, widget_configuration={"title": "Kept", "own": [1]})
    refused = shop.put(f"{WIDGETS}/{one['uuid']}", {"widget_configuration": configuration})
    assert (refused.status, list(refused.json["errors"])) == (422, [field])
    assert shop.get(f"{WIDGETS}/{one['uuid']}").data["widget_configuration"] == {"title": "Kept", "own": [1]}


WRONG_SCHEMAS = [
    {"type": "tab"},
    [{"type": "panel"}],
    ["tab"],
    [{"type": "tab", "sections": {}}],
    [{"type": "tab", "sections": [{"settings": [{"type": "input"}]}]}],
    [{"type": "tab", "sections": [{"settings": [{"type": "knob", "id": "a"}]}]}],
    [{"type": "hidden", "settings": [{"type": "text", "id": "a"}, {"type": "text", "id": "a"}]}],
    [{"type": "array", "schema": []}],
    [{"type": "hidden", "settings": [{"type": "select", "id": "a", "typeMeta": {"selectOptions": [1]}}]}],
]


@pytest.mark.parametrize("schema", WRONG_SCHEMAS)
def test_a_schema_is_judged_when_it_is_kept(shop: Shop, schema: Any) -> None:
    refused = shop.post(TEMPLATES, {"name": "T", "template": "x", "schema": schema})
    assert (refused.status, list(refused.json["errors"])) == (422, ["schema"])
    assert shop.rows("widget_templates") == 0


REFUSED: list[tuple[str, str, Any, str]] = [
    ("POST", TEMPLATES, {"name": "T"}, "template"),
    ("POST", TEMPLATES, {"template": "x"}, "name"),
    ("POST", TEMPLATES, {"name": "T", "template": "x", "channel_id": 99}, "channel_id"),
    ("POST", WIDGETS, {"name": "W"}, "widget_template_uuid"),
    ("POST", WIDGETS, {"name": "W", "widget_template_uuid": "0" * 36}, "widget_template_uuid"),
    ("POST", WIDGETS, {"name": "W", "widget_template_uuid": "{template}", "channel_id": 99}, "channel_id"),
    ("POST", PLACEMENTS, {"widget_uuid": "{widget}"}, "template_file"),
    ("POST", PLACEMENTS, {"template_file": "pages/home"}, "widget_uuid"),
    ("POST", PLACEMENTS, {"widget_uuid": "0" * 36, "template_file": "pages/home"}, "widget_uuid"),
    ("POST", PLACEMENTS, {"widget_uuid": "{widget}", "template_file": "../home"}, "template_file"),
    ("POST", PLACEMENTS, {"widget_uuid": "{widget}", "template_file": "pages/home", "entity_id": "1"}, "entity_id"),
    ("POST", PLACEMENTS, {"widget_uuid": "{widget}", "template_file": "pages/home", "status": "on"}, "status"),
    ("DELETE", TEMPLATES + "/{template}", None, "uuid"),
    ("GET", "/v3/content/regions", None, "template_file"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), REFUSED)
def test_what_is_refused(shop: Shop, method: str, path: str, body: Any, field: str) -> None:
    owner = template(shop)["uuid"]
    names = {"{template}": owner, "{widget}": widget(shop, owner)["uuid"]}
    body = {key: names.get(value, value) for key, value in body.items()} if body else body
    reply = shop.request(method, path.replace("{template}", owner), body)
    assert (reply.status, list(reply.json["errors"])) == (422, [field]), reply.body


def test_a_placement_shows_its_widget_and_goes_with_it(shop: Shop) -> None:
    owner = template(shop)
    one = widget(shop, owner["uuid"], widget_configuration={"title": "Hello"})
    made = placed(shop, one["uuid"], entity_id="21", sort_order=3, status="active")
    assert made["widget"] == one
    path = f"{PLACEMENTS}/{made['uuid']}"
    assert shop.get(path).data == made
    assert shop.put(path, {"template_file": "pages/home.html", "entity_id": ""}).data["template_file"] == "pages/home"
    assert shop.delete(f"{WIDGETS}/{one['uuid']}").status == 204
    assert shop.get(path).status == 404
    assert shop.delete(f"{TEMPLATES}/{owner['uuid']}").status == 204
    assert shop.select("SELECT count(*) FROM widget_template_versions") == [(0,)]


def test_lists_narrow_by_what_the_rows_belong_to(shop: Shop) -> None:
    channel = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "bigcommerce"}).data["id"]
    site = shop.post("/v3/sites", {"channel_id": channel, "url": "https://second.test"})
    first, second = template(shop)["uuid"], template(shop, name="Other", channel_id=channel)["uuid"]
    one, two = widget(shop, first, name="One"), widget(shop, second, name="Two", channel_id=channel)
    here = placed(shop, one["uuid"])
    there = placed(shop, two["uuid"], channel_id=channel, template_file="pages/brand")

    def found(path: str) -> list[str]:
        return [row["uuid"] for row in shop.get(path).data]

    assert found(f"{TEMPLATES}?channel_id:in={channel}") == [second]
    assert found(f"{TEMPLATES}?widget_template_kind=custom") == [first, second]
    assert found(f"{TEMPLATES}?widget_template_kind=product") == []
    for path, mine, yours in ((WIDGETS, one, two), (PLACEMENTS, here, there)):
        assert found(f"{path}?channel_id:in={channel}") == [yours["uuid"]]
        assert found(f"{path}?site_id:in={site.data['id']}") == [yours["uuid"]]
        assert found(f"{path}?site_id:in=1,{site.data['id']}") == [mine["uuid"], yours["uuid"]]
        assert found(f"{path}?widget_template_uuid={first}") == [mine["uuid"]]
        assert found(f"{path}?widget_template_kind=custom&limit=1&page=2") == [yours["uuid"]]
        assert found(f"{path}?widget_template_kind=other") == []
    assert found(f"{WIDGETS}?name=one") == [one["uuid"]]
    assert found(f"{WIDGETS}?name:in=One,Two") == [one["uuid"], two["uuid"]]
    assert found(f"{PLACEMENTS}?widget_uuid={two['uuid']}") == [there["uuid"]]
    assert found(f"{PLACEMENTS}?template_file=pages/brand") == [there["uuid"]]


def test_regions_are_those_of_the_theme_that_the_channel_shows(shop: Shop) -> None:
    listed = shop.get("/v3/content/regions?template_file=pages/category").data
    assert {"name": "category_below_header"} in listed
    assert {"name": "header_bottom"} in listed
    assert shop.get("/v3/content/regions?template_file=pages/category.html&channel_id=1").data == listed
    assert shop.get("/v3/content/regions?template_file=pages/none").status == 404
    assert shop.get("/v3/content/regions?template_file=pages/home&channel_id=99").status == 404


def test_rule_121_caps_of_widgets(shop: Shop) -> None:
    """1,000 templates of a channel and 5,000 of a store, 100,000 widgets, 150 of a page."""
    from bodega.resources.widgets import placements, templates, widgets

    assert (templates.CAP_OF_CHANNEL, templates.CAP, widgets.CAP, placements.CAP_OF_PAGE) == (1000, 5000, 100_000, 150)
    one = widget(shop, template(shop)["uuid"])["uuid"]
    restore = shop.redeclare(placements.TABLE, cap_within=(placements.PAGE, 2))
    try:
        placed(shop, one)
        placed(shop, one)
        placed(shop, one, entity_id="2")
        refused = shop.post(PLACEMENTS, {"widget_uuid": one, "template_file": "pages/category"})
        assert (refused.status, refused.reason) == (403, "PLATFORM_CAP_REACHED")
    finally:
        restore()


def test_scopes_of_widgets(shop: Shop) -> None:
    reads, writes = shop.account("store_v2_content_read_only"), shop.account("store_v2_content")
    owner = template(shop)["uuid"]
    assert shop.get(TEMPLATES, token=reads).status == 200
    assert shop.post(TEMPLATES, {"name": "T", "template": "x"}, token=reads).status == 403
    assert shop.post(f"{TEMPLATES}/{owner}/preview", {}, token=reads).status == 200
    assert shop.post(TEMPLATES, {"name": "T", "template": "x"}, token=writes).status == 200
    assert shop.get(TEMPLATES, token=shop.account("store_v2_products")).status == 403


def test_the_sample_has_a_widget_on_its_home_page(shop: Shop) -> None:
    """Made once, with ids that are always the same."""
    from bodega.lab.seed_widgets import generate_widgets

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    for _ in range(2):
        shop.server.run(generate_widgets(store))
    (placement,) = shop.get(PLACEMENTS).data
    assert placement["region"] in [one["name"] for one in shop.get("/v3/content/regions?template_file=pages/home").data]
    made = placement["widget"]
    path = f"{TEMPLATES}/{made['widget_template']['uuid']}/preview"
    html = shop.post(path, {"widget_configuration": made["widget_configuration"]}).data["html"]
    assert "<h2>New this week</h2>" in html
    (region,) = shop.get("/v3/content/page-widgets?template_file=pages/home").data["regions"]
    assert [child["name"] for child in region["children"]] == ["Welcome"]
