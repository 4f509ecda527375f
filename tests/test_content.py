"""The blog, web pages and redirects of V2 (rules 1 to 4, 7, 18, 22, 48, 108, 109)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from statistics_check import check_statistics

POSTS, PAGES, REDIRECTS = "/v2/blog/posts", "/v2/pages", "/v2/redirects"
NOW = 1_795_341_600  # 2026-11-22T10:00:00Z
POST: dict[str, Any] = {"title": "Hello Again", "body": "<p>Jelly &amp; <b>beans</b></p>"}
PAGE: dict[str, Any] = {"type": "page", "name": "About Us", "body": "<p>We</p>"}


def test_a_product_that_moves_leaves_a_redirect_if_it_is_asked_to(shop: Shop) -> None:
    """`create_redirect`: from each path that it leaves to where it is now; never from where it is."""
    shop.product("Hammer")
    one = "/v3/catalog/products/1"

    def move(url: str, **more: Any) -> list[tuple[str, Any, str]]:
        assert shop.put(one, {"custom_url": {"url": url, **more}}).status == 200
        assert set(shop.get(one).data["custom_url"]) == {"url", "is_customized"}
        shown = shop.get("/v2/redirects")
        rows = shown.json if shown.status == 200 else []
        return [(row["path"], row["forward"], row["url"]) for row in rows]

    to_it = {"type": "product", "ref": 1}
    assert move("/a/") == move("/a/", create_redirect=True) == []
    tag = shop.get(one).headers["etag"]
    assert shop.put(one, {"custom_url": {"url": "/a/", "create_redirect": True}}).headers["etag"] == tag
    assert move("/b/", create_redirect=False) == []
    assert move("/c/", create_redirect=True) == [("/b/", to_it, "/c/")]
    assert move("/d/", create_redirect=True) == [("/b/", to_it, "/d/"), ("/c/", to_it, "/d/")]
    assert move("/b/", create_redirect=True) == [("/c/", to_it, "/b/"), ("/d/", to_it, "/b/")]
    shop.post("/v2/redirects", {"path": "/b/", "forward": {"type": "manual", "ref": "/elsewhere/"}})
    assert move("/e/", create_redirect=True)[-1] == ("/b/", to_it, "/e/")
    many = [{"id": 1, "custom_url": {"url": "/f/", "create_redirect": True}}]
    assert shop.put("/v3/catalog/products", many).status == 200
    assert shop.get("/v2/redirects/count").json == {"count": 4}
    assert shop.put(one, {"custom_url": {"url": "/g/", "create_redirect": "yes"}}).status == 422
    check_statistics(shop)


def test_a_post_is_a_draft_of_now(shop: Shop) -> None:
    """Rule 109; a create answers 200."""
    shop.freeze(NOW)
    made = shop.post(POSTS, {**POST, "tags": ["Sugar", "spice", "SUGAR"], "author": None})
    assert (made.status, made.headers["location"]) == (200, f"https://localhost:8443/stores/{shop.name}{POSTS}/1")
    assert made.json == {
        "id": 1, "title": "Hello Again", "url": "/blog/hello-again/", "preview_url": "/blog/hello-again/",
        "body": "<p>Jelly &amp; <b>beans</b></p>", "tags": ["Sugar", "spice"], "summary": "Jelly & beans",
        "is_published": False,
        "published_date": {"date": "2026-11-22 10:00:00.000000", "timezone_type": 1, "timezone": "+00:00"},
        "published_date_iso8601": "2026-11-22T10:00:00+0000", "meta_description": "", "meta_keywords": "",
        "author": "", "thumbnail_path": "",
    }  # fmt: skip
    assert shop.get(POSTS + "/1").json == made.json
    assert b"<tags><value>Sugar</value><value>spice</value></tags>" in shop.get(POSTS + "/1.xml").body


def test_a_post_stays_published_only_on_demand(shop: Shop) -> None:
    """Rule 109. A whole object can be sent back, without what is read-only."""
    made = shop.post(POSTS, {**POST, "is_published": True, "published_date": "Wed, 10 Aug 2022 14:39:15 -0400"}).json
    assert made["published_date"]["date"] == "2022-08-10 18:39:15.000000"
    whole = {name: value for name, value in made.items() if name not in ("id", "preview_url")}
    again = shop.put(POSTS + "/1", whole)
    assert (again.status, again.json) == (200, made)
    assert shop.put(POSTS + "/1", {"author": "Jane"}).json == {**made, "is_published": False, "author": "Jane"}


def test_a_post_whose_url_is_taken_is_saved_without_it(shop: Shop) -> None:
    """Rule 48, as the documents of the blog have it: 207 with the post and a message."""
    shop.brand(custom_url={"url": "/acme/", "is_customized": True})
    reply = shop.post(POSTS, {**POST, "url": "/acme/"})
    assert reply.status == 207
    assert (reply.json["url"], reply.json["message"]) == (
        "/blog/hello-again/", "The blog post was saved, but its url was not: brand 1 has it.",
    )  # fmt: skip
    assert shop.post(POSTS, {**POST, "url": "news/hello"}).json["url"] == "/news/hello"
    assert shop.put(POSTS + "/2", {"url": "/blog/hello-again/"}).status == 207
    assert shop.get(POSTS + "/2").json["url"] == "/news/hello"
    assert shop.post(POSTS, POST).json["url"] == "/blog/hello-again-3/"


def fill(shop: Shop) -> None:
    """Four posts, the second the newest."""
    for day, more in (
        ("2026-11-02", {"tags": ["News"], "is_published": True}),
        ("2026-11-04", {"tags": ["news", "Sale"]}),
        ("2026-11-01", {"url": "/first/", "is_published": True}),
        ("2026-11-02", {}),
    ):
        assert shop.post(POSTS, {**POST, "title": f"Of {day}", "published_date": day, **more}).status == 200


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [2, 4, 1, 3]),
        ("?limit=2&page=2", [1, 3]),
        ("?is_published=true", [1, 3]),
        ("?url=/first/", [3]),
        ("?tag=NEWS", [2, 1]),
        ("?tag=none", []),
        ("?published_date=2026-11-04", [2]),
    ],
)
def test_posts_come_newest_first(shop: Shop, query: str, ids: list[int]) -> None:
    """Rule 18."""
    fill(shop)
    reply = shop.get(POSTS + query)
    assert [post["id"] for post in (reply.json if ids else [])] == ids
    assert shop.get(POSTS + "/count").json == {"count": 4}


def test_a_delete_of_posts_takes_a_page(shop: Shop) -> None:
    """As the documents have it, and no more than 50."""
    fill(shop)
    assert shop.delete(POSTS + "?tag=News").reason == "FILTER_REFUSED"
    assert shop.delete(POSTS + "?limit=51").reason == "LIMIT_OVER_MAXIMUM"
    assert shop.delete(POSTS + "?limit=2&page=2").status == 204
    assert [post["id"] for post in shop.get(POSTS).json] == [2, 4]
    assert shop.delete(POSTS + "/4").status == 204
    assert shop.delete(POSTS).status == 204
    assert (shop.get(POSTS).status, shop.get("/v2/blog/tags").status) == (204, 204)
    assert shop.rows("blog_post_tags") == shop.rows("urls") == 0
    check_statistics(shop)


def test_tags_name_their_posts(shop: Shop) -> None:
    """A tag is one whatever its case; the entity tag moves with the posts."""
    assert shop.get("/v2/blog/tags").status == 204
    fill(shop)
    first = shop.get("/v2/blog/tags")
    assert first.json == [{"tag": "News", "post_ids": [1, 2]}, {"tag": "Sale", "post_ids": [2]}]
    shop.put(POSTS + "/1", {"tags": "Sale, Other"})
    again = shop.get("/v2/blog/tags", headers={"if-none-match": first.headers["etag"]})
    assert again.json == [
        {"tag": "news", "post_ids": [2]}, {"tag": "Other", "post_ids": [1]}, {"tag": "Sale", "post_ids": [1, 2]},
    ]  # fmt: skip


def test_a_page_goes_in_and_comes_out(shop: Shop) -> None:
    """A create answers 200."""
    made = shop.post(PAGES, PAGE)
    assert made.status == 200
    assert made.json == {
        "id": 1, "channel_id": 1, "name": "About Us", "meta_title": "", "email": "", "body": "<p>We</p>",
        "is_visible": False, "parent_id": 0, "sort_order": 0, "meta_keywords": "", "type": "page",
        "contact_fields": "", "meta_description": "", "is_homepage": False, "layout_file": "page.html",
        "is_customers_only": False, "search_keywords": "", "has_mobile_version": False, "mobile_body": "",
        "content_type": "text/html", "url": "/about-us/", "link": "",
    }  # fmt: skip
    assert shop.get(PAGES + "/1").json == made.json
    link = shop.post(PAGES, {"type": "link", "name": "Shop", "link": "https://shop.test", "parent_id": 1}).json
    assert (link["link"], link["parent_id"]) == ("https://shop.test", 1)
    changed = shop.put(PAGES + "/1", {"is_visible": True, "channel_id": 1, "url": "/us/"}).json
    assert (changed["is_visible"], changed["url"]) == (True, "/us/")
    assert [page["id"] for page in shop.get(PAGES).json] == [1, 2]
    assert shop.post(PAGES, {**PAGE, "name": "Other", "url": "/us/"}).status == 207


def test_a_storefront_begins_at_one_page(shop: Shop) -> None:
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "next"})
    for name, channel in (("One", 1), ("Two", 1), ("Three", 2)):
        shop.post(PAGES, {**PAGE, "name": name, "is_homepage": True, "channel_id": channel})
    assert [page["is_homepage"] for page in shop.get(PAGES).json] == [False, True, True]
    assert shop.post(PAGES, {**PAGE, "name": "one", "channel_id": 2}).status == 200  # another channel's
    check_statistics(shop)


def test_pages_below_one_that_goes_away_are_lifted(shop: Shop) -> None:
    for name, parent in (("One", 0), ("Two", 1), ("Three", 2)):
        shop.post(PAGES, {**PAGE, "name": name, "parent_id": parent})
    assert shop.put(PAGES + "/1", {"parent_id": 3}).reason == "FIELD_INVALID"
    assert shop.put(PAGES + "/1", {"parent_id": 1}).reason == "FIELD_INVALID"
    assert shop.delete(PAGES + "/1").status == 204
    assert [(page["id"], page["parent_id"]) for page in shop.get(PAGES).json] == [(2, 0), (3, 2)]


def test_a_redirect_follows_its_target(shop: Shop) -> None:
    """Rule 108: `url` is where it leads; a create answers 200."""
    product = shop.product("Bath Towel")
    made = shop.post(REDIRECTS, {"path": "smith-journal-13/", "forward": {"type": "product", "ref": str(product)}})
    assert made.status == 200
    assert made.json == {
        "id": 1, "path": "/smith-journal-13/", "forward": {"type": "product", "ref": product}, "url": "/bath-towel/",
    }  # fmt: skip
    manual = shop.post(REDIRECTS, {"path": "/old/", "forward": {"type": "manual", "ref": "https://shop.test/new"}}).json
    assert manual["url"] == "https://shop.test/new"
    before = shop.get(REDIRECTS + "/1").headers["etag"]
    shop.put(f"/v3/catalog/products/{product}", {"custom_url": {"url": "/towel/", "is_customized": True}})
    after = shop.get(REDIRECTS + "/1", headers={"if-none-match": before})
    assert after.json["url"] == "/towel/"
    shop.delete(f"/v3/catalog/products/{product}")
    assert shop.get(REDIRECTS + "/1").json["url"] == ""
    renamed = shop.put(REDIRECTS + "/1", {"path": "/gone/", "forward": made.json["forward"]})
    assert (renamed.json["path"], renamed.json["url"]) == ("/gone/", "")
    shop.post(POSTS, POST)
    whole = {"id": 1, "path": "/gone/", "forward": {"type": "post", "ref": 1}}
    assert shop.put(REDIRECTS + "/1", whole).json["url"] == "/blog/hello-again/"
    assert shop.get(REDIRECTS + "/count").json == {"count": 2}
    assert (shop.delete(REDIRECTS).status, shop.rows("redirects")) == (204, 0)  # rule 22
    check_statistics(shop)


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", POSTS, {"title": "Only"}, 400, "FIELD_MISSING", "body"),
    ("POST", POSTS, {**POST, "published_date": "soon"}, 400, "FIELD_INVALID", "published_date"),
    ("POST", POSTS, {**POST, "id": 7}, 400, "FIELD_READ_ONLY", "id"),
    ("POST", POSTS, {**POST, "title": " "}, 400, "FIELD_INVALID", "title"),
    ("GET", POSTS + "?limit=251", None, 413, "LIMIT_OVER_MAXIMUM", "250"),
    ("POST", "/v2/blog/tags", {"tag": "x"}, 405, "METHOD_NOT_ALLOWED", ""),
    ("POST", PAGES, {"name": "Only"}, 400, "FIELD_MISSING", "type"),
    ("POST", PAGES, {"type": "link", "name": "Link"}, 400, "FIELD_MISSING", "link"),
    ("POST", PAGES, {"type": "raw", "name": "robots.txt"}, 400, "FIELD_MISSING", "body"),
    ("POST", PAGES, {**PAGE, "name": "B", "content_type": "application/json"}, 400, "FIELD_INVALID", "content_type"),
    ("POST", PAGES, {**PAGE, "name": "B", "parent_id": 9}, 400, "DANGLING_REFERENCE", "9"),
    ("POST", PAGES, {**PAGE, "name": "B", "channel_id": 9}, 400, "DANGLING_REFERENCE", "9"),
    ("POST", PAGES, {**PAGE, "name": "ABOUT us"}, 409, "DUPLICATE", "name"),
    ("POST", PAGES, {**PAGE, "name": "B", "body": "x" * 1_048_576}, 413, "BODY_TOO_LARGE", "1048576"),
    ("PUT", PAGES + "/1", {"channel_id": 2}, 400, "FIELD_READ_ONLY", "channel_id"),
    ("DELETE", PAGES, None, 405, "METHOD_NOT_ALLOWED", ""),
    ("GET", PAGES + "/count", None, 404, "NO_SUCH_RESOURCE", ""),
    ("POST", REDIRECTS, {"path": "/b/"}, 400, "FIELD_MISSING", "forward"),
    ("POST", REDIRECTS, {"path": " / ", "forward": {"type": "manual", "ref": "x"}}, 400, "FIELD_INVALID", "path"),
    ("POST", REDIRECTS, {"path": "/b/", "forward": {"type": "manual", "ref": ""}}, 400, "FIELD_INVALID", "forward"),
    ("POST", REDIRECTS, {"path": "/b/", "forward": {"type": "manual", "ref": "/b/"}}, 400, "FIELD_INVALID", "forward"),
    ("POST", REDIRECTS, {"path": "/b/", "forward": {"type": "brand", "ref": "x"}}, 400, "FIELD_INVALID", "forward"),
    ("POST", REDIRECTS, {"path": "/b/", "forward": {"type": "brand", "ref": 9}}, 400, "DANGLING_REFERENCE", "9"),
    ("POST", REDIRECTS, {"path": "/b/", "forward": {"type": "cart", "ref": 9}}, 400, "FIELD_INVALID", "forward"),
    ("POST", REDIRECTS, {"path": "/a/", "forward": {"type": "manual", "ref": "/c/"}}, 409, "DUPLICATE", "path"),
    ("PUT", REDIRECTS + "/1", {"path": "/c/"}, 400, "FIELD_MISSING", "forward"),  # a PUT needs both as well
    ("PUT", REDIRECTS + "/1", {"url": "/c/"}, 400, "FIELD_READ_ONLY", "url"),
    ("PUT", POSTS + "/1", {"preview_url": "/c/"}, 400, "FIELD_READ_ONLY", "preview_url"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "told"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, told: str
) -> None:
    """Rules 1 to 4, 108, 109."""
    shop.post(POSTS, POST)
    shop.post(PAGES, PAGE)
    shop.post(REDIRECTS, {"path": "/a/", "forward": {"type": "manual", "ref": "/b/"}})
    before = [shop.get(where).body for where in (POSTS, PAGES, REDIRECTS)]
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert told in reply.body.decode()
    assert [shop.get(where).body for where in (POSTS, PAGES, REDIRECTS)] == before


@pytest.mark.parametrize("path", [POSTS, "/v2/blog/tags", PAGES, REDIRECTS])
def test_content_has_a_scope(shop: Shop, path: str) -> None:
    assert shop.get(path, token=shop.account("store_v2_content_read_only")).status == 204
    assert shop.get(path, token=shop.account("store_v2_marketing")).reason == "SCOPE_MISSING"
