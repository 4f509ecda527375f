"""Web pages, redirects and scripts of V3, on the same rows as V2 (rules 108, 109, 121)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.lab.seed import Amounts, seed
from bodega.resources.content import pages
from bodega.storage.unit import Unit
from shop import Shop
from statistics_check import check_statistics

PAGES, REDIRECTS, SCRIPTS = "/v3/content/pages", "/v3/storefront/redirects", "/v3/content/scripts"
PAGE: dict[str, Any] = {"type": "page", "name": "About Us", "body": "<p>We</p>"}
TAG = "<script>let a = 1</script>"


def test_a_page_is_one_with_that_of_v2(shop: Shop) -> None:
    """A page has the members of its type; the body is shown on request."""
    made = shop.post(PAGES, {**PAGE, "url": "/us/", "meta_keywords": None})
    assert made.status == 201
    assert made.data == {
        "id": 1, "channel_id": 1, "name": "About Us", "is_visible": False, "parent_id": 0, "sort_order": 0,
        "type": "page", "is_homepage": False, "is_customers_only": False, "meta_title": "", "meta_keywords": "",
        "meta_description": "", "search_keywords": "", "url": "/us/",
    }  # fmt: skip
    assert shop.get(PAGES + "/1?include=body").data == {**made.data, "body": "<p>We</p>"}
    assert shop.get("/v2/pages/1").json["body"] == "<p>We</p>"
    assert shop.put("/v2/pages/1", {"name": "Us"}).status == 200
    changed = shop.put(PAGES + "/1?include=body", {"body": "<p>They</p>", "is_visible": True})
    assert (changed.status, changed.data["name"], changed.data["body"]) == (200, "Us", "<p>They</p>")
    raw = shop.post(PAGES, {"type": "raw", "name": "robots", "body": "x", "content_type": "application/json"}).data
    assert "meta_title" not in raw
    assert raw["content_type"] == "application/json"
    link = shop.post(PAGES, {"type": "link", "name": "Out", "link": "https://other.test/"}).data
    assert link["link"] == "https://other.test/"
    form = {"type": "contact_form", "name": "Contact", "email": "a@b.test", "contact_fields": "fullname,rma"}
    shown = shop.post(PAGES, form).data
    assert (shown["email"], shown["contact_fields"]) == ("a@b.test", "fullname,rma")
    assert [page["id"] for page in shop.get("/v2/pages").json] == [1, 2, 3, 4]
    assert shop.delete(PAGES + "/3").status == 204
    assert shop.get("/v2/pages/3").status == 404
    check_statistics(shop)


LISTED = [
    ("", [1, 2, 3]),
    ("?channel_id=1", [1, 2]),
    ("?id:in=1,3,9", [1, 3]),
    ("?name=ABOUT us", [1]),
    ("?name:like=returns", [1, 2]),
    ("?limit=2&page=2", [3]),
]


def three_pages(shop: Shop) -> None:
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"})
    pages = [
        {**PAGE, "body": "Of Returns"},
        {**PAGE, "name": "Returns"},
        {**PAGE, "name": "Other", "channel_id": 2, "parent_id": 0},
    ]
    assert shop.post(PAGES, pages).status == 201


@pytest.mark.parametrize(("query", "ids"), LISTED)
def test_pages_are_found_by_what_they_say(shop: Shop, query: str, ids: list[int]) -> None:
    three_pages(shop)
    assert [page["id"] for page in shop.get(PAGES + query).data] == ids


def test_one_page_that_does_not_meet_the_filters_is_not_there(shop: Shop) -> None:
    three_pages(shop)
    assert shop.get(PAGES + "/1?channel_id=1&name:like=about").status == 200
    assert shop.get(PAGES + "/1?channel_id=2").reason == "NO_SUCH_ENTITY"


def test_a_bad_page_of_a_list_fails_the_batch_and_the_good_ones_are_made(shop: Shop) -> None:
    """Rule 109: 422 for the whole request, and what is valid is created."""
    reply = shop.post(PAGES, [PAGE, {"type": "raw", "name": "No body"}, {**PAGE, "name": "Third"}])
    assert reply.status == 422
    assert [page["name"] for page in shop.get(PAGES).data] == ["About Us", "Third"]
    assert list(reply.json["errors"]) == ["1"]
    reply = shop.put(PAGES, [{"id": 1, "name": "Us"}, {"id": 2, "name": "us"}, {"id": 9, "name": "No"}])
    assert (reply.status, set(reply.json["errors"])) == (422, {"2", "9"})
    assert shop.get(PAGES + "/1").data["name"] == "Us"
    assert shop.put(PAGES, {"id": 1, "name": "We"}).data[0]["name"] == "We"
    assert shop.put(PAGES, [{"id": 9, "name": "No"}]).status == 404
    assert shop.put(PAGES, [{"name": "No"}]).reason == "FIELD_MISSING"
    many = [{**PAGE, "name": str(number)} for number in range(251)]
    assert shop.post(PAGES, many).reason == "TOO_MANY_ITEMS"


def test_a_page_whose_url_is_taken_is_saved_without_it(shop: Shop) -> None:
    shop.brand(custom_url={"url": "/acme/", "is_customized": True})
    reply = shop.post(PAGES, {**PAGE, "url": "/acme/"})
    assert (reply.status, reply.data["url"]) == (207, "/about-us/")
    assert shop.post(PAGES, [{**PAGE, "name": "B", "url": "/acme/"}]).status == 207
    assert [page["url"] for page in shop.get(PAGES).data] == ["/about-us/", "/b/"]


def test_pages_below_one_that_goes_are_hidden_or_go_too(shop: Shop) -> None:
    for name, parent in (("One", 0), ("Two", 1), ("Three", 2), ("Four", 0)):
        shop.post(PAGES, {**PAGE, "name": name, "parent_id": parent, "is_visible": True})
    assert shop.delete(PAGES).reason == "FILTER_REQUIRED"
    assert shop.delete(PAGES + "?delete_children=true").reason == "FILTER_REQUIRED"
    missing = shop.delete(PAGES + "?id:in=4,9")
    assert (missing.status, missing.json["details"]) == (404, {"missing_ids": [9]})
    assert missing.json["title"] == "A Page was not found with an ID of 9"
    assert shop.delete(PAGES + "?id:in=1").status == 204
    shown = [(page["id"], page["parent_id"], page["is_visible"]) for page in shop.get(PAGES).data]
    assert shown == [(2, 0, False), (3, 2, True)]
    assert shop.delete(PAGES + "?id:in=2&delete_children=true").status == 204
    assert shop.get(PAGES).data == []
    check_statistics(shop)


def test_a_blog_page_is_the_owners_to_make(shop: Shop) -> None:
    assert shop.post(PAGES, {"type": "blog", "name": "Blog"}).reason == "FIELD_INVALID"
    assert shop.post("/v2/pages", {"type": "blog", "name": "Blog", "body": ""}).reason == "FIELD_INVALID"


def test_pages_of_a_channel_are_told_of(shop: Shop) -> None:
    shop.watch()
    shop.post(PAGES, PAGE)
    shop.put(PAGES + "/1", {"name": "Us"})
    told = [one for one in shop.events() if one[0].startswith("store/channel/")]
    assert told == [
        ("store/channel/1/page/created", {"page_id": 1}), ("store/channel/1/page/updated", {"page_id": 1}),
    ]  # fmt: skip


def redirect(path: str, site: int = 1, **to: Any) -> dict[str, Any]:
    return {"from_path": path, "site_id": site, "to": to or {"type": "url", "url": "/new/"}}


def second_site(shop: Shop) -> int:
    channel = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"}).data["id"]
    site: int = shop.post("/v3/sites", {"url": "https://second.test", "channel_id": channel}).data["id"]
    return site


def test_a_redirect_is_one_with_that_of_v2(shop: Shop) -> None:
    """Rule 108: PUT makes redirects or overwrites those of the same path and site."""
    product, site = shop.product("Bath Towel"), second_site(shop)
    rows = [redirect("old/"), redirect("/old/", site), redirect("/towel/", type="product", entity_id=product)]
    made = shop.put(REDIRECTS, rows)
    assert made.status == 201
    assert made.data == [
        {"id": 1, "site_id": 1, "from_path": "/old/", "to": {"type": "url", "url": "/new/"}},
        {"id": 2, "site_id": site, "from_path": "/old/", "to": {"type": "url", "url": "/new/"}},
        {"id": 3, "site_id": 1, "from_path": "/towel/", "to": {"type": "product", "entity_id": product}},
    ]
    assert [row["id"] for row in shop.get("/v2/redirects").json] == [1, 3]  # those of the store's own site
    assert shop.get("/v2/redirects/count").json == {"count": 2}
    assert shop.get("/v2/redirects/2").status == 404
    again = shop.put(REDIRECTS, [redirect("/old/", type="product", entity_id=product)])
    assert (again.data[0]["id"], shop.get("/v2/redirects/1").json["url"]) == (1, "/bath-towel/")
    shown = shop.get(REDIRECTS + "?include=to_url").data
    assert shown[1]["to_url"] == "https://second.test/new/"
    assert shown[2]["to_url"].endswith("/bath-towel/")
    assert shown[2]["to_url"].startswith("https://")
    v2 = shop.post("/v2/redirects", {"path": "/v2/", "forward": {"type": "manual", "ref": "https://a.test/"}}).json
    assert shop.get(REDIRECTS + f"?id:in={v2['id']}&include=to_url").data[0]["to_url"] == "https://a.test/"
    assert shop.delete("/v2/redirects").status == 204
    assert [row["id"] for row in shop.get(REDIRECTS).data] == [2]
    shop.delete(f"/v3/sites/{site}")
    assert shop.get(REDIRECTS).data == []
    check_statistics(shop)


REDIRECTS_LISTED = [
    ("", [1, 2, 3, 4]),
    ("?site_id=1", [1, 2, 3]),
    ("?id:in=1,4", [1, 4]),
    ("?id:min=3", [3, 4]),
    ("?id:max=1", [1]),
    ("?keyword=blue", [1, 3]),
    ("?keyword=/BLUE-s", [3]),
    ("?sort=from_path&direction=desc", [4, 2, 3, 1]),
    ("?sort=type", [4, 1, 2, 3]),
    ("?sort=site_id&direction=desc&limit=1", [4]),
]


@pytest.mark.parametrize(("query", "ids"), REDIRECTS_LISTED)
def test_redirects_are_found(shop: Shop, query: str, ids: list[int]) -> None:
    """A keyword is how a path begins."""
    product, site = shop.product("Bath Towel"), second_site(shop)
    shop.put(
        REDIRECTS,
        [
            redirect("/blue"), redirect("/royal-blue-shirt"), redirect("/Blue-shirt"),
            redirect("/z", site, type="product", entity_id=product),
        ],
    )  # fmt: skip
    assert [row["id"] for row in shop.get(REDIRECTS + query).data] == ids


def test_redirects_are_deleted_by_what_is_named(shop: Shop) -> None:
    site = second_site(shop)
    shop.put(REDIRECTS, [redirect("/a"), redirect("/b"), redirect("/c", site), redirect("/d", site)])
    assert shop.delete(REDIRECTS).reason == "FILTER_REQUIRED"
    assert shop.delete(REDIRECTS + "?keyword=a").reason == "FILTER_REFUSED"
    assert shop.delete(REDIRECTS + "?id:in=1,9").status == 204  # rule 24
    assert shop.delete(REDIRECTS + f"?site_id={site}").status == 204
    assert [row["id"] for row in shop.get(REDIRECTS).data] == [2]


BAD_REDIRECTS: list[tuple[Any, str]] = [
    ({"site_id": 1}, "FIELD_MISSING"),
    ({"from_path": "/x"}, "FIELD_MISSING"),
    ({"from_path": "/x", "site_id": 1}, "FIELD_MISSING"),
    (redirect("/x", 99), "DANGLING_REFERENCE"),
    (redirect("/x", type="brand", entity_id=9), "DANGLING_REFERENCE"),
    (redirect("/x", type="brand"), "FIELD_INVALID"),
    (redirect("/x", type="cart", entity_id=1), "FIELD_INVALID"),
    (redirect("/x", type="url", url=""), "FIELD_INVALID"),
    (redirect("/new/"), "FIELD_INVALID"),
    (redirect("  "), "FIELD_INVALID"),
]


@pytest.mark.parametrize(("body", "reason"), BAD_REDIRECTS)
def test_a_bad_redirect_keeps_all_from_being_saved(shop: Shop, body: Any, reason: str) -> None:
    assert shop.put(REDIRECTS, [redirect("/good"), body]).reason == reason
    assert shop.get(REDIRECTS).data == []


def test_a_script_belongs_to_the_account_that_makes_it(shop: Shop) -> None:
    mine, other = (shop.account("store_v2_content") for _ in range(2))
    body = {"name": "Chat", "src": "https://chat.test/a.js", "kind": "src", "load_method": "async"}
    made = shop.post(SCRIPTS, body, token=mine)
    assert made.status == 200
    uuid = made.data["uuid"]
    assert (made.data["visibility"], made.data["consent_category"], made.data["enabled"]) == (
        "storefront", "unknown", True,
    )  # fmt: skip
    assert "html" not in made.data
    assert "id" not in made.data
    assert shop.get(SCRIPTS, token=other).data == []
    assert shop.get(f"{SCRIPTS}/{uuid}", token=other).status == 404
    changed = shop.put(f"{SCRIPTS}/{uuid}", {"location": "footer", "enabled": False}, token=mine).data
    assert (changed["location"], changed["enabled"]) == ("footer", False)
    assert shop.get(f"{SCRIPTS}/{uuid}", token=mine).data == changed
    as_tag = {"kind": "script_tag", "html": TAG, "src": "", "load_method": "default"}
    assert shop.put(f"{SCRIPTS}/{uuid}", as_tag, token=mine).data["html"] == TAG
    assert shop.delete(f"{SCRIPTS}/{uuid}", token=mine).status == 204
    assert shop.get(f"{SCRIPTS}/{uuid}", token=mine).status == 404


BAD_SCRIPTS: list[tuple[Any, str]] = [
    ({"src": "https://a.test/a.js"}, "FIELD_MISSING"),
    ({"name": "A", "kind": "src"}, "FIELD_MISSING"),
    ({"name": "A", "kind": "src", "src": "https://a.test/a.js", "html": TAG}, "FIELD_INVALID"),
    ({"name": "A", "kind": "script_tag", "html": TAG, "src": "https://a.test/a.js"}, "FIELD_INVALID"),
    ({"name": "A", "kind": "script_tag", "html": TAG + TAG}, "FIELD_INVALID"),
    ({"name": "A", "kind": "script_tag", "html": TAG, "load_method": "defer"}, "FIELD_INVALID"),
    ({"name": "A", "src": "https://a.test/a.js", "location": "body"}, "FIELD_INVALID"),
    ({"name": "A", "src": "https://a.test/a.js", "integrity_hashes": ["md5-x"]}, "FIELD_INVALID"),
    ({"name": "A", "src": "https://a.test/a.js", "channel_id": 99}, "DANGLING_REFERENCE"),
]


@pytest.mark.parametrize(("body", "reason"), BAD_SCRIPTS)
def test_a_script_is_of_one_kind(shop: Shop, body: Any, reason: str) -> None:
    assert shop.post(SCRIPTS, body).reason == reason
    assert shop.get(SCRIPTS).data == []


def test_a_script_has_five_hashes(shop: Shop) -> None:
    """Rule 121."""
    body = {"name": "A", "src": "https://a.test/a.js", "integrity_hashes": ["sha384-Dgtw"] * 5}
    assert len(shop.post(SCRIPTS, body).data["integrity_hashes"]) == 5
    assert shop.post(SCRIPTS, {**body, "integrity_hashes": ["sha384-Dgtw"] * 6}).reason == "FIELD_INVALID"


def test_scripts_on_the_checkout_take_its_scope(shop: Shop) -> None:
    body = {"name": "A", "src": "https://a.test/a.js", "visibility": "checkout"}
    refused = shop.post(SCRIPTS, body, token=shop.account("store_v2_content"))
    assert (refused.status, refused.reason) == (403, "SCOPE_MISSING")
    assert shop.post(SCRIPTS, body, token=shop.account("store_v2_content", "store_content_checkout")).status == 200


def test_an_app_has_ten_scripts(shop: Shop) -> None:
    token = shop.account("store_v2_content")
    body = {"name": "A", "src": "https://a.test/a.js"}
    for _ in range(10):
        assert shop.post(SCRIPTS, body, token=token).status == 200
    assert shop.post(SCRIPTS, body, token=token).reason == "PLATFORM_CAP_REACHED"
    assert shop.post(SCRIPTS, body).status == 200


def test_scripts_are_sorted_and_of_channels(shop: Shop) -> None:
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"})
    for name, channel in (("b", 1), ("C", 2), ("a", 1)):
        shop.post(SCRIPTS, {"name": name, "src": "https://a.test/a.js", "channel_id": channel, "description": name})
    names = lambda query: [one["name"] for one in shop.get(SCRIPTS + query).data]  # noqa: E731
    assert names("?sort=name") == names("?sort=description") == ["a", "b", "C"]
    assert names("?sort=date_created&direction=asc") == ["b", "C", "a"]
    assert names("?channel_id:in=2") == ["C"]
    assert shop.get(SCRIPTS + "?sort=src").status == 422


def test_a_redirect_acts_on_the_host_of_its_site(shop: Shop) -> None:
    """301 at the host of the storefront, with or without a slash; elsewhere, and for what was deleted, nothing."""
    product, site = shop.product("Bath Towel"), second_site(shop)
    shop.put(
        REDIRECTS,
        [
            redirect("/old-towel", type="product", entity_id=product),
            redirect("/äther/", type="url", url="https://other.test/ä b"),
            redirect("/only-there", site),
        ],
    )

    def asked(path: str, host: str, method: str = "GET") -> tuple[int, str | None]:
        reply = shop.request(method, path, base="", headers={"host": host}, token="")
        return reply.status, reply.headers.get("location")

    own = f"store-{shop.name}.localhost"
    assert asked("/old-towel", own) == asked("/old-towel/?page=2", own) == (301, "/bath-towel/")
    assert asked("/old-towel", own, "HEAD") == (301, "/bath-towel/")
    assert asked("/old-towel", own, "POST")[1] is None
    assert asked("/äther", own) == (301, "https://other.test/%C3%A4%20b")
    assert asked("/only-there", own)[1] is None
    channel = shop.get(f"/v3/sites/{site}").data["channel_id"]
    assert asked("/only-there", f"store-{shop.name}-{channel}.localhost") == (301, "/new/")
    shop.delete(f"/v3/catalog/products/{product}")
    assert asked("/old-towel", own)[1] is None


def test_scripts_go_with_the_app_if_they_say_so(shop: Shop) -> None:
    """`auto_uninstall`: when the account is revoked, as by uninstalling its app."""
    token = shop.account("store_v2_content")
    body = {"src": "https://a.test/a.js"}
    made = shop.post(SCRIPTS, {**body, "name": "Goes", "auto_uninstall": True}, token=token).data
    shop.post(SCRIPTS, {**body, "name": "Stays"}, token=token)
    shop.post(SCRIPTS, {**body, "name": "Other's", "auto_uninstall": True})
    shop.server.run(shop.server.backend.registry.drop_account(shop.name, made["api_client_id"]))
    shop.wait_for(lambda: shop.get(SCRIPTS).status == 200 and shop.rows("scripts") == 2)
    assert [one["name"] for one in shop.get(SCRIPTS).data] == ["Other's"]
    check_statistics(shop)


def test_a_sample_store_has_content(shop: Shop) -> None:
    """Pages of every type, redirects, a script and e-mails; a second time adds nothing."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    for _ in range(2):
        shop.server.run(seed(store, Amounts(products=6)))
        pages = shop.get(PAGES).data
        assert {page["type"] for page in pages} == {"page", "contact_form", "raw", "link", "blog"}
        assert [shop.rows(name) for name in ("web_pages", "redirects", "scripts", "abandoned_cart_emails")] == [
            7,
            6,
            1,
            2,
        ]
    assert all(row["to_url"] for row in shop.get(REDIRECTS + "?include=to_url").data)
    check_statistics(shop)


@pytest.mark.parametrize("path", [PAGES, "/v2/pages"])
def test_a_parent_is_a_page_of_the_same_channel(shop: Shop, path: str) -> None:
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"})
    parent = shop.post(PAGES, PAGE).data["id"]
    own = shop.post(PAGES, {**PAGE, "name": "Own", "parent_id": parent}).data["id"]
    other = shop.post(PAGES, {**PAGE, "name": "Other", "channel_id": 2}).data["id"]
    refused = shop.post(path, {**PAGE, "name": "Below", "channel_id": 2, "parent_id": parent, "body": "x"})
    assert (refused.status, refused.reason) == (400 if "v2" in path else 422, "FIELD_INVALID")
    assert "same channel" in str(refused.json)
    moved = shop.put(f"{path}/{other}", {"parent_id": parent})
    assert moved.reason == "FIELD_INVALID"

    async def place(unit: Unit) -> None:  # as it could be before
        row = await unit.get(pages.TABLE, other)
        assert row is not None
        row.entity.parent_id = parent
        await unit.rewrite(pages.TABLE, row)

    shop.write(place)
    assert shop.delete(f"{PAGES}?id:in={parent}&delete_children=true").status == 204
    assert [(page["id"], page["parent_id"]) for page in shop.get(PAGES).data] == [(other, 0)]
    assert own != other
