"""Values that were taken and must not be: links that run scripts, headers too long, numbers out of their bounds."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.rendering import helpers
from bodega.resources.settings.storefront import LONGEST_HEADER
from shop import Shop
from storefront import NOW, Window

RUNS = [
    "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "data:text/html,<script>", "vbscript:x",
    "java\tscript:alert(1)", "file:///etc/passwd", "/a\r\nSet-Cookie: a=b", "https://shop.test/\n", "/a\x7f", "x-own:a",
]  # fmt: skip
LEADS = [
    "/a",
    "a/b",
    "//shop.test/a",
    "https://shop.test/a:b",
    "HTTP://shop.test",
    "mailto:a@b.test",
    "tel:+1",
    "?a=b:c",
]
PAGES = "/v3/content/pages"


@pytest.mark.parametrize("link", RUNS)
def test_no_link_runs_a_script(shop: Shop, link: str) -> None:
    page = {"type": "link", "name": "Out", "link": link}
    assert shop.post(PAGES, page).status == shop.post(PAGES, [page]).status == 422
    assert (refused := shop.post("/v2/pages", page)).status == 400
    assert "link" in str(refused.json)
    manual = {"path": "/old/", "forward": {"type": "manual", "ref": link}}
    refused = shop.post("/v2/redirects", manual)
    if not link.endswith("\n"):  # white space around it is taken off
        assert (refused.status, refused.reason) == (400, "FIELD_INVALID")
        item = {"site_id": 1, "from_path": "/old/", "to": {"type": "url", "url": link}}
        refused = shop.put("/v3/storefront/redirects", [item])
        assert refused.status == 422
        assert list(refused.json["errors"]) == ["0.to"]
    script = {"name": "A", "kind": "src", "src": link}
    assert shop.post("/v3/content/scripts", script).status == 422


@pytest.mark.parametrize("link", LEADS)
def test_other_links_lead_where_they_say(shop: Shop, link: str) -> None:
    made = shop.post(PAGES, {"type": "link", "name": "Out", "link": link})
    assert (made.status, made.data["link"]) == (201, link)
    item = {"site_id": 1, "from_path": "/old/", "to": {"type": "url", "url": link}}
    assert shop.put("/v3/storefront/redirects", [item]).data[0]["to"]["url"] == link


def test_a_redirect_to_itself_is_told_in_the_words_of_v3(shop: Shop) -> None:
    item = {"site_id": 1, "from_path": "/old/", "to": {"type": "url", "url": "/old/"}}
    refused = shop.put("/v3/storefront/redirects", [{**item, "from_path": "/a/"}, item])
    assert refused.status == 422
    assert refused.json["errors"] == {"1.to": "to must lead elsewhere than from_path."}
    assert "forward" not in str(refused.json)
    dangling = shop.put("/v3/storefront/redirects", [{**item, "to": {"type": "brand", "entity_id": 99}}])
    assert dangling.status in (409, 422)
    assert "forward" not in str(dangling.json)


ORIGINS = {
    "https://shop.test": 200, "http://localhost:3000": 200, "https://a.b-c.test:8443": 200, "https://[::1]:80": 200,
    "https://u:p@a": 422, "https://*.a.example": 422, "https://a:99999": 422, "https://a:x": 422, "https://a:": 422,
    "https://a b": 422, "ftp://a": 422, "https://": 422, "https://a/": 422, "https://a,b": 422, "https://a\\b": 422,
}  # fmt: skip


@pytest.mark.parametrize(("origin", "status"), ORIGINS.items())
def test_an_origin_is_one(shop: Shop, origin: str, status: int) -> None:
    shop.freeze(NOW)
    body = {"channel_id": 1, "expires_at": NOW + 60, "allowed_cors_origins": [origin]}
    assert shop.post("/v3/storefront/api-token", body).status == status


def test_a_header_has_a_length(shop: Shop) -> None:
    path = "/v3/settings/storefront/security"

    def put(length: int) -> int:
        header = {"enabled": True, "header_value": "a" * length}
        return shop.put(path, {"csp_header": header}).status

    assert (put(LONGEST_HEADER), put(LONGEST_HEADER + 1), put(60_000)) == (200, 422, 422)


CLIENTS_FAULTS = [
    "{ site { products(first: -1) { edges { cursor } } } }", "{ site { products(last: -1) { edges { cursor } } } }",
    "{ site { products(first: 251) { edges { cursor } } } }",
    "{ site { products(first: 1, last: 1) { edges { cursor } } } }",
    '{ site { products(after: "x") { edges { cursor } } } }', "{ site { product { name } } }",
]  # fmt: skip


def test_a_clients_fault_is_told_as_one(shop: Shop) -> None:
    window = Window(shop)
    for query in CLIENTS_FAULTS:
        told = window.message(query)
        assert told.startswith("BAD_USER_INPUT: "), (query, told)
    assert window.message(CLIENTS_FAULTS[0]) == "BAD_USER_INPUT: A page has at least 0 items."
    assert window.message(CLIENTS_FAULTS[2]) == "BAD_USER_INPUT: A page has at most 250 items."


class Options:
    """What a helper is told of its call."""

    hash: dict[str, Any] = {}


TEXTS = [
    ([None, "a", 1], "a1"), ([True, False], "truefalse"), ([["a", [1, None], True]], "a,1,,true"),
    ([{"a": 1}], "[object Object]"), ([1.0, 1.5], "11.5"), ([[{"a": 1}]], "[object Object]"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "text"), TEXTS)
def test_helpers_make_texts_as_javascript_does(values: list[Any], text: str) -> None:
    assert helpers._concat(values, Options()) == text  # type: ignore[arg-type]


def setting(kind: str, **meta: Any) -> dict[str, Any]:
    settings = [{"type": kind, "id": "a", "typeMeta": meta}]
    return {"name": "A", "template": "{{a}}", "schema": [{"type": "tab", "sections": [{"settings": settings}]}]}


RANGE = {"rangeValues": {"min": 0, "max": 10}}


@pytest.mark.parametrize(
    ("value", "status"),
    [(0, 200), (10, 200), ("5", 200), ({"value": "7"}, 200), (11, 422), (-1, 422), ("11", 422), ({"value": 12}, 422),
     ("--5", 422), ("-", 422), ("x", 422), ("1" * 400, 422)],
)  # fmt: skip
def test_a_number_keeps_to_its_range(shop: Shop, value: Any, status: int) -> None:
    made = shop.post("/v3/content/widget-templates", setting("range", **RANGE)).data["uuid"]
    widget = {"name": "A", "widget_template_uuid": made, "widget_configuration": {"a": value}}
    assert shop.post("/v3/content/widgets", widget).status == status


@pytest.mark.parametrize(("count", "status"), [(0, 200), (3, 200), (-1, 422), (1.5, 422), ("3", 422), (True, 422)])
def test_a_count_of_items_is_a_whole_number(shop: Shop, count: Any, status: int) -> None:
    schema = [{"type": "array", "id": "a", "schema": [], "defaultCount": count}]
    made = shop.post("/v3/content/widget-templates", {"name": "A", "template": "a", "schema": schema})
    assert made.status == status


NO_ADDRESSES = [
    "https://", "https:///a", "https://a b", 'https://a"onload=1', "https://a'b/", "https://?a",
    'https://a.test/"onload=1', "https://a.test/<b>", "https://a.test:x/", "https://a..test", "https://[a", "http:",
]  # fmt: skip


BEHIND_THE_HOST = ('https://a.test/"onload=1', "https://a.test/<b>")


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_an_address_on_the_web_is_one(shop: Shop, url: str) -> None:
    """Wherever a body names one: of scripts, links, targets, destinations, sites, images."""
    made = shop.post("/v3/content/scripts", {"name": "A", "src": "https://a.test/a.js?b=c&d=%20#e"})
    assert made.status == 200
    channel = shop.post("/v3/channels", {"name": "A", "type": "storefront", "platform": "custom"}).data["id"]
    brand, moved = shop.brand("Acme"), {"site_id": 1, "from_path": "/a"}
    shop.product("Hammer", sku="H-1")
    for method, path, body, status in (
        ("POST", "/v3/content/scripts", {"name": "B", "src": url}, 422),
        ("PUT", f"/v3/content/scripts/{made.data['uuid']}", {"src": url}, 422),
        ("POST", PAGES, {"type": "link", "name": "Out", "link": url}, 422),
        ("PUT", "/v3/storefront/redirects", [{**moved, "to": {"type": "url", "url": url}}], 422),
        ("POST", "/v2/redirects", {"path": "/a", "forward": {"type": "manual", "ref": url}}, 400),
        ("POST", "/v3/hooks", {"scope": "store/order/*", "destination": url}, 422),
        ("POST", "/v3/sites", {"channel_id": channel, "url": url}, 422),
        ("PUT", f"/v3/catalog/brands/{brand}", {"image_url": f"{url}.png"}, 422),
        ("PUT", f"/v2/brands/{brand}", {"image_file": f"{url}.png"}, 400),
        ("POST", "/v3/catalog/products/1/images", {"image_url": url}, 422),
    ):
        if url in BEHIND_THE_HOST and "scripts" not in path and path != "/v3/sites":
            continue  # browsers take whatever is there
        reply = shop.request(method, path, body)
        if url in ("https://", "https:///a") and path.endswith(f"brands/{brand}"):
            continue  # with an extension it is another
        assert reply.status == status, (method, path, reply.status, reply.body)
    for odd in ("/a.js", "https://a.test/a b.js", " https://a.test/a.js"):
        assert shop.post("/v3/content/scripts", {"name": "B", "src": odd}).status == 422
