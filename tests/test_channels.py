"""Channels (rules 20, 21, 116), and what every store has from its first day on."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.lab.reset import empty
from shop import Shop
from statistics_check import check_statistics

PATH = "/v3/channels"
EBAY = {"name": "eBay", "type": "marketplace", "platform": "ebay"}
HEADLESS = {"name": "Next_Shop-2", "type": "storefront", "platform": "next"}
FUTURE = 2_000_000_000  # 2033-05-18T03:33:20Z


def test_a_store_has_its_own_storefront_from_the_beginning(server: Any) -> None:
    shop = server.shop(name="Bob's Corner")
    shown = shop.get(PATH).json
    born = shown["data"][0]["date_created"]
    assert born.endswith("+00:00")
    assert shown["data"] == [
        {
            "id": 1, "external_id": "", "is_listable_from_ui": True, "is_enabled": True, "is_visible": True,
            "status": "active", "name": "Bob's Corner", "type": "storefront", "platform": "bigcommerce",
            "date_created": born, "date_modified": born, "icon_url": "",
        }
    ]  # fmt: skip
    assert shown["meta"]["pagination"]["total"] == 1
    assert shop.get(PATH + "/1").data == shown["data"][0]
    check_statistics(shop)
    shop.close()
    assert shop.get(PATH).json["meta"]["pagination"]["total"] == 1  # opened a second time, it gets no second one


def test_a_channel_that_says_little_gets_the_usual(shop: Shop) -> None:
    """The defaults follow from the type."""
    made = shop.post(PATH, EBAY)
    assert (made.status, made.headers["location"]) == (200, f"https://localhost:8443/stores/{shop.name}/v3/channels/2")
    usual = {"status": "connected", "is_listable_from_ui": False, "is_visible": True}
    assert usual.items() <= made.data.items()
    made = shop.post(PATH, {**HEADLESS, "external_id": "x-1", "status": "prelaunch"})
    assert (made.data["status"], made.data["is_enabled"], made.data["external_id"]) == ("prelaunch", True, "x-1")
    assert shop.get(PATH + "/3").data == made.data


def test_what_cannot_be_changed_is_passed_over_or_refused(shop: Shop) -> None:
    """Rule 116: clients send whole objects back, so only a type or platform that differs is an error."""
    made = shop.post(PATH, EBAY).data
    changed = {**made, "id": 7, "icon_url": "x", "is_enabled": False, "date_created": "2000-01-01T00:00:00Z"}
    again = shop.put(PATH + "/2", {**changed, "name": "eBay UK", "status": "disconnected", "is_visible": False})
    assert again.status == 200
    assert again.data == {
        **made, "name": "eBay UK", "status": "disconnected", "is_visible": False, "is_enabled": False,
        "date_modified": again.data["date_modified"],
    }  # fmt: skip


REFUSED: list[tuple[str, str, Any, int, str, list[str]]] = [
    ("POST", PATH, {"name": "Shop"}, 422, "FIELD_MISSING", ["type", "platform"]),
    ("POST", PATH, {**EBAY, "name": "Ümlaut"}, 422, "FIELD_INVALID", ["name"]),
    ("POST", PATH, {**EBAY, "name": " "}, 422, "FIELD_INVALID", ["name"]),
    ("POST", PATH, {**EBAY, "name": "Other", "platform": "square"}, 422, "FIELD_INVALID", ["platform"]),
    ("POST", PATH, {**EBAY, "name": "Other", "type": "shop"}, 422, "FIELD_INVALID", ["type"]),
    ("POST", PATH, {**EBAY, "name": "Other", "status": "active"}, 422, "FIELD_INVALID", ["status"]),
    ("POST", PATH, {**EBAY, "name": "Other", "status": "deleted"}, 422, "FIELD_INVALID", ["status"]),
    ("POST", PATH, {**EBAY, "name": "EBAY"}, 409, "DUPLICATE", ["name"]),
    ("PUT", PATH + "/2", {"type": "pos", "platform": "custom"}, 422, "FIELD_READ_ONLY", ["type", "platform"]),
    ("PUT", PATH + "/2", {"status": "terminated"}, 422, "FIELD_INVALID", ["status"]),
    ("PUT", PATH + "/3", {"name": "Back"}, 422, "FIELD_INVALID", ["status"]),
    ("PUT", PATH + "/1", {"status": "deleted"}, 422, "FIELD_INVALID", ["status"]),
    ("PUT", PATH + "/1", {"status": "prelaunch"}, 422, "FIELD_INVALID", ["status"]),
    ("PUT", PATH + "/9", {"name": "None"}, 404, "NO_SUCH_ENTITY", []),
    ("GET", PATH + "/0", None, 404, "NO_SUCH_ENTITY", []),
    ("GET", PATH + "/99999999999999", None, 404, "NO_SUCH_ENTITY", []),
    ("GET", PATH + "?status:like=act", None, 422, "FILTER_REFUSED", []),
    ("GET", PATH + "?available=perhaps", None, 422, "QUERY_INVALID", ["available"]),
    ("DELETE", PATH + "/2", None, 405, "METHOD_NOT_ALLOWED", []),
    ("DELETE", PATH, None, 405, "METHOD_NOT_ALLOWED", []),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "fields"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, fields: list[str]
) -> None:
    """Rules 20, 21, 116."""
    shop.post(PATH, EBAY)
    shop.post(PATH, {**EBAY, "name": "Gone"})
    assert shop.put(PATH + "/3", {"status": "deleted"}).data["is_enabled"] is False
    before = shop.get(PATH).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    if fields:
        assert set(fields) <= set(reply.json["errors"] or reply.json["details"]["refused_filters"])
    assert shop.get(PATH).body == before


LISTED = [
    ("available=true", ["Storefront", "eBay", "Next_Shop-2"]),
    ("available=false", ["Till"]),
    ("status:in=connected,disconnected", ["eBay", "Till"]),
    ("type:in=storefront", ["Storefront", "Next_Shop-2"]),
    ("platform:in=ebay,square&type:in=pos", ["Till"]),
    ("date_created:min=2033", ["eBay", "Next_Shop-2", "Till"]),
    ("date_modified:max=2033-05-18T03:33:19Z", ["Storefront"]),
    ("limit=1&page=2", ["eBay"]),
    ("sort=name", ["Storefront", "eBay", "Next_Shop-2", "Till"]),  # no sort is documented: connectors send one
]


@pytest.mark.parametrize(("query", "names"), LISTED)
def test_a_list_shows_what_was_asked_for(server: Any, query: str, names: list[str]) -> None:
    shop = server.shop(name="Storefront")
    shop.get(PATH)
    shop.freeze(FUTURE)
    till = {"name": "Till", "type": "pos", "platform": "square", "status": "disconnected"}
    for body in (EBAY, HEADLESS, till):
        assert shop.post(PATH, body).status == 200
    assert [channel["name"] for channel in shop.get(f"{PATH}?{query}").data] == names
    shop.close()


def test_channels_have_a_scope_of_their_own(shop: Shop) -> None:
    reader, stranger = shop.account("store_channel_settings_read_only"), shop.account("store_v2_products")
    assert shop.get(PATH, token=reader).status == 200
    assert shop.post(PATH, EBAY, token=reader).reason == "SCOPE_MISSING"
    assert shop.get(PATH, token=stranger).reason == "SCOPE_MISSING"


def test_a_lost_update_is_refused(shop: Shop) -> None:
    """RFC 9110 13.1.1."""
    etag = shop.get(PATH + "/1").headers["etag"]
    assert shop.put(PATH + "/1", {"external_id": "a"}, headers={"if-match": etag}).status == 200
    assert shop.put(PATH + "/1", {"external_id": "b"}, headers={"if-match": etag}).status == 412


def test_a_store_that_is_emptied_has_what_a_new_one_has(shop: Shop) -> None:
    """No entity tag comes back with the row."""
    shop.post(PATH, EBAY)
    first = shop.get(PATH + "/1")
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.write(empty))
    again = shop.get(PATH + "/1")
    assert (again.status, again.data["platform"]) == (200, "bigcommerce")
    assert again.headers["etag"] != first.headers["etag"]
    assert shop.get(PATH).json["meta"]["pagination"]["total"] == 1
    assert shop.post(PATH, EBAY).data["id"] == 2
    check_statistics(shop)
