"""What all groups of settings have in common, for each of them: they are made by one mechanism."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.carts.abandoned_settings import SETTINGS as ABANDONED
from bodega.resources.carts.settings import SETTINGS as CARTS
from bodega.resources.settings.group import Group
from bodega.resources.settings.page import groups
from pictures import picture
from replies.settings import BODIES, LOCALE
from shop import Shop

BY_PATH: dict[str, Group[Any]] = {group.path.removeprefix("settings/"): group for group in groups()}
ALL = {**BODIES, "store/locale": LOCALE}


@pytest.fixture
def north(shop: Shop) -> int:
    """A second channel."""
    made = shop.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"})
    return int(made.data["id"])


def other(path: str) -> dict[str, Any]:
    """A body that says something else than what holds at first."""
    body = dict(ALL[path])
    if path == "store/locale":
        body["default_shopper_language"] = "fr"
    if path == "catalog":
        body["auto_approve_reviews"] = True
    return body


def test_there_is_a_body_for_each() -> None:
    assert ALL.keys() == BY_PATH.keys()


@pytest.mark.parametrize("path", ALL)
def test_a_put_changes_what_it_names_and_nothing_else(shop: Shop, path: str) -> None:
    at, group = f"/v3/settings/{path}", BY_PATH[path]
    before = shop.get(at)
    for name, value in other(path).items():
        known = shop.get(at).data
        body = {**{one: known[one] for one in group.v3.required}, name: value}
        changed = shop.put(at, body)
        wanted = {**known, name: value, **_made(path, changed.data)}
        assert (changed.status, changed.data) == (200, wanted), changed.body
    after = shop.get(at)
    assert after.data == {**before.data, **other(path), **_made(path, after.data)}
    assert after.headers["etag"] != before.headers["etag"]
    assert shop.get(at, headers={"if-none-match": after.headers["etag"]}).status == 304
    stale = {"if-match": before.headers["etag"]}
    assert shop.put(at, ALL[path], headers=stale).status == 412
    assert shop.put(at, {}).status == (422 if group.v3.required else 200)
    assert shop.get(at).headers["etag"] == after.headers["etag"], "nothing was said"


def _made(path: str, shown: dict[str, Any]) -> dict[str, Any]:
    return {"prelaunch_password": shown["prelaunch_password"]} if path.endswith("status") else {}


@pytest.mark.parametrize("path", [path for path in ALL if BY_PATH[path].by_channel])
def test_a_channel_has_its_own_until_it_says_null(shop: Shop, north: int, path: str) -> None:
    at, own = f"/v3/settings/{path}", f"/v3/settings/{path}?channel_id={north}"
    of_store, body = shop.get(at).data, other(path)
    nothing = dict.fromkeys(of_store)
    assert shop.get(own).data == nothing
    mine = shop.put(own, body)
    assert (mine.status, {name: mine.data[name] for name in body}) == (200, _without_store_only(path, body)), mine.body
    assert shop.get(at).data == of_store
    assert shop.get(own.replace(f"={north}", "=1")).data == nothing
    back = shop.put(own, dict.fromkeys(body))
    assert {name: back.data[name] for name in body} == dict.fromkeys(body)
    assert shop.put(at, dict.fromkeys(body)).status == 422
    for query in ("channel_id=99", "channel_id=x", "channel_id=-1", "channel_id=99999999999"):
        assert shop.get(f"{at}?{query}").status == 422
        assert shop.put(f"{at}?{query}", body).status == 422


def _without_store_only(path: str, body: dict[str, Any]) -> dict[str, Any]:
    return {name: None if name in BY_PATH[path].store_only else value for name, value in body.items()}


@pytest.mark.parametrize("path", ALL)
def test_the_scope_of_information_and_the_methods(shop: Shop, path: str) -> None:
    at = f"/v3/settings/{path}"
    reader, stranger = shop.account("store_v2_information_read_only"), shop.account("store_v2_content")
    assert shop.get(at, token=reader).status == 200
    assert shop.put(at, ALL[path], token=reader).reason == "SCOPE_MISSING"
    assert shop.get(at, token=stranger).reason == "SCOPE_MISSING"
    assert shop.delete(at).reason == "METHOD_NOT_ALLOWED"


HEARD = {path: [f"store/channel/#/{word}" for word in _signals] for path, _signals in {
    "store/profile": ["settings/profile/updated"],
    "logo": ["settings/logo/updated"],
    "catalog": ["settings/catalog/updated"],
    "email-statuses": ["settings/emailStatus/updated"],
    "inventory/notifications": ["notifications/inventory/updated"],
    "storefront/category": ["settings/category/updated"],
    "storefront/product": ["settings/product/updated"],
    "storefront/robotstxt": ["settings/robots/updated"],
    "storefront/security": ["settings/security/updated"],
    "storefront/seo": ["settings/SEO/updated"],
}.items()}  # fmt: skip
"""The published events of a channel."""


@pytest.mark.parametrize("path", HEARD)
def test_a_change_of_a_channel_is_told(shop: Shop, north: int, path: str) -> None:
    """Once for each change, and not for what was said already."""
    shop.watch()
    own, body = f"/v3/settings/{path}?channel_id={north}", other(path)
    for _ in range(2):
        shop.put(own, body)
    told = [(scope.replace("#", str(north)), {"channel_id": north}) for scope in HEARD[path]]
    assert shop.events() == told
    shop.put(own, dict.fromkeys(body))
    if path == "email-statuses":
        told = [(f"store/channel/{north}/settings/emailStatus/deleted", {"channel_id": north})]
    assert shop.events() == told


def test_a_change_of_what_the_store_tells_is_one_of_its_information(shop: Shop, north: int) -> None:
    shop.watch()
    shop.put("/v3/settings/store/profile", {"store_name": "Blue Door"})
    assert shop.events() == [("store/information/updated", {"type": "store"})]
    shop.put("/v3/settings/store/locale", {"default_shopper_language": "fr"})
    assert sorted(scope for scope, _ in shop.events()) == [
        "store/channel/1/settings/locale/updated",
        f"store/channel/{north}/settings/locale/updated",
        "store/information/updated",
    ]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("store/profile", {"store_email": "nobody"}, "store_email"),
    ("store/profile", {"store_name": ""}, "store_name"),
    ("store/locale", {"default_shopper_language": "français"}, "default_shopper_language"),
    ("store/locale", {"default_shopper_language": "en", "store_country": "US"}, "store_country"),
    ("store/units-of-measurement", {"decimal_token": ","}, "thousands_token"),
    ("store/units-of-measurement", {"decimal_token": "7"}, "decimal_token"),
    ("inventory/notifications", {"low_stock_notification_address": ["x"]}, "low_stock_notification_address"),
    ("storefront/category", {"category_tree_depth": 9}, "category_tree_depth"),
    ("storefront/security", {"csp_header": {"enabled": True}}, "csp_header.header_value"),
    ("storefront/security", {"csp_header": {"header_value": "a\r\nb"}}, "csp_header.header_value"),
    ("storefront/security", {"hsts": {"enabled": None}}, "hsts.enabled"),
    (
        "storefront/security",
        {"x_frame_options_header": {"enabled": True, "setting": "allow_from_url"}},
        "x_frame_options_header.allowed_url",
    ),
    ("storefront/seo", {"www_redirect": "both"}, "www_redirect"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_what_cannot_be_is_refused_at_its_member(shop: Shop, path: str, body: dict[str, Any], field: str) -> None:
    at = f"/v3/settings/{path}"
    before = shop.get(at).body
    reply = shop.put(at, body)
    assert (reply.status, list(reply.json["errors"])) == (422, [field])
    assert shop.get(at).body == before


def test_objects_merge_and_return_by_member(shop: Shop, north: int) -> None:
    """What a channel does not say inside an object is the store's, too."""
    at, own = "/v3/settings/storefront/security", f"/v3/settings/storefront/security?channel_id={north}"
    shop.put(at, {"hsts": {"max_age": "one_year"}})
    shop.put(at, {"hsts": {"include_preload": True}})
    whole = {"enabled": False, "include_preload": True, "include_subdomains": False, "max_age": "one_year"}
    assert shop.get(at).data["hsts"] == whole
    shop.put(own, {"hsts": {"enabled": True, "include_preload": False}})
    nothing = dict.fromkeys(whole)
    assert shop.get(own).data["hsts"] == {**nothing, "enabled": True, "include_preload": False}
    assert shop.put(own, {"hsts": {"include_preload": None}}).data["hsts"] == {**nothing, "enabled": True}
    assert shop.put(own, {"hsts": {"enabled": None}}).data["hsts"] is None


def test_what_belongs_to_the_store_alone(shop: Shop, north: int) -> None:
    own = f"/v3/settings/storefront/search?channel_id={north}"
    body = {**ALL["storefront/search"], "product_filtering_enabled": False}
    assert list(shop.put(own, body).json["errors"]) == ["product_filtering_enabled"]
    assert shop.put(own, ALL["storefront/search"]).data["product_filtering_enabled"] is None


@pytest.mark.parametrize(("what", "part"), [("logo", "LogoFile"), ("favicon", "FaviconFile")])
def test_images_belong_to_the_store_or_a_channel(shop: Shop, north: int, what: str, part: str) -> None:
    member = f"{what}_url" if what == "favicon" else "logo_image_url"

    def send(content: bytes, query: str = "", name: str = part) -> Any:
        return shop.upload(f"/v3/settings/{what}/image{query}", (name, "a.png", "image/png", content))

    def url(query: str = "") -> Any:
        return shop.get(f"/v3/settings/logo{query}").data[member]

    assert (send(picture()).status, send(picture(kind="GIF"), f"?channel_id={north}").status) == (204, 204)
    first, mine = url(), url(f"?channel_id={north}")
    assert first.startswith(f"https://localhost:8443/files/{shop.name}/")
    assert mine != first
    assert shop.get(mine.partition("8443")[2], base="", token="").headers["content-type"] == "image/gif"
    assert url("?channel_id=1") is None
    for content in (b"<svg/>", picture(kind="BMP"), b""):
        assert send(content).status == 422
    assert send(picture(), name="Other").status == 422
    assert send(picture(), "?channel_id=99").status == 422
    assert shop.post(f"/v3/settings/{what}/image", {}).status == 415
    assert url() == first
    assert shop.put("/v3/settings/logo", {member: "https://example.com/x.png"}).data[member] == first
    send(picture(colour="blue"))
    assert shop.get(first.partition("8443")[2], base="", token="").status == 404, "nothing shows it any more"


def test_settings_of_carts_are_made_the_same_way(shop: Shop) -> None:
    """They have a channel in the path; decision 53."""
    for group in (CARTS, ABANDONED):
        at, own = f"/v3/{group.path}", f"/v3/{group.path}/channels/1"
        assert list(shop.get(at).data) == list(group.members)
        assert set(shop.get(own).data.values()) == {None}


def test_a_store_with_catalyst_is_warned_of_what_it_has_no_use_for(shop: Shop) -> None:
    at = "/v3/settings/store/locale"
    before = shop.get(at)
    assert before.json["meta"] == {}
    shop.post("/v3/channels", {"name": "New", "type": "storefront", "platform": "catalyst"})
    after = shop.get(at, headers={"if-none-match": before.headers["etag"]})
    assert (after.status, list(after.json["meta"])) == (200, ["deprecated_fields"])
    put = shop.put(at, LOCALE, headers={"if-match": after.headers["etag"]})
    assert (put.status, list(put.json["meta"])) == (200, ["deprecated_fields"])
