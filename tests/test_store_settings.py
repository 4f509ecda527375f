"""Settings of a store and of its channels: one mechanism for all groups (resources/settings)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.settings import selling, storefront
from bodega.resources.settings import shop as shops
from bodega.resources.settings.group import Group
from shop import Shop

GROUPS: dict[str, Group[Any]] = {
    group.path: group
    for module in (shops, selling, storefront)
    for group in vars(module).values()
    if isinstance(group, Group)
}


@pytest.fixture
def north(shop: Shop) -> int:
    """A second channel."""
    made = shop.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"})
    return int(made.data["id"])


@pytest.mark.parametrize("path", GROUPS)
def test_what_holds_for_the_store_is_shown_in_full_and_a_channel_begins_with_nothing(
    shop: Shop, north: int, path: str
) -> None:
    of_store = shop.get(f"/v3/{path}").data
    assert list(of_store) == list(GROUPS[path].members)
    assert None not in of_store.values()
    if GROUPS[path].by_channel:
        assert set(shop.get(f"/v3/{path}?channel_id={north}").data.values()) == {None}


@pytest.mark.parametrize("path", GROUPS)
def test_what_was_read_can_be_written_back_and_changes_nothing(shop: Shop, path: str) -> None:
    """Many clients write whole objects."""
    before = shop.get(f"/v3/{path}")
    reply = shop.put(f"/v3/{path}", before.data)
    assert reply.status == 200, reply.body
    assert shop.get(f"/v3/{path}").data == before.data


def test_filters_of_search(shop: Shop, north: int) -> None:
    """The store's filters, those of contexts, and those that the products allow."""
    tools = shop.category("Tools")
    saws = shop.category("Saws", parent_id=tools)
    acme = shop.brand("Acme")
    saw = shop.product(
        "Saw", categories=[saws], brand_id=acme, price=25, custom_fields=[{"name": "Teeth", "value": "9"}]
    )
    at = "/v3/settings/search/filters"
    kinds = {one["type"]: one for one in shop.get(f"{at}/available").data}
    assert list(kinds) == ["category", "brand", "price", "product", "other"]
    assert (kinds["product"]["name"], kinds["product"]["product_count"]) == ("Teeth", 1)
    assert (kinds["price"]["price_range_min"], kinds["price"]["price_range_max"]) == (25, 25)
    assert [one["type"] for one in shop.get(f"{at}/available?channel_id={north}").data] == ["other"]
    assert [one["type"] for one in shop.get(f"{at}/available?category_id={tools}").data] == ["other"]
    shop.put("/v3/settings/storefront/category", {"listing_mode": "child_categories"})
    assert len(shop.get(f"{at}/available?category_id={tools}").data) == 5
    shop.put("/v3/settings/storefront/category?channel_id=1", {"listing_mode": "current_category_only"})
    assert len(shop.get(f"{at}/available?category_id={tools}&channel_id=1").data) == 1
    begin = shop.get(at).data
    assert [one["type"] for one in begin] == ["category", "brand", "rating", "price", "other"]
    chosen = [{"id": kinds["product"]["id"], "type": "product", "sort_by": "option_values"}, begin[3]]
    assert [one["display_name"] for one in shop.put(at, chosen).data] == ["Teeth", "Price"]
    assert shop.get(at).data[0]["items_to_show"] == 10
    mine = [{"context": {"category_id": saws, "channel_id": north}, "data": [begin[1]]}]
    assert shop.put(f"{at}/contexts", mine).data == mine
    assert shop.get(f"{at}/contexts?channel_id={north}").data == mine
    assert shop.get(f"{at}/contexts?category_id={tools}").data == []
    assert shop.put(f"{at}/contexts", [{**mine[0], "data": []}]).status == 200
    assert shop.get(f"{at}/contexts").data == []
    assert saw


BAD_FILTERS: list[tuple[str, Any, str]] = [
    ("", {"id": "x"}, ""),
    ("", [{"id": "x"}], "0.id"),
    ("", [{"id": "cHJpY2U6", "type": "brand"}], "0.type"),
    ("", [{"id": "YnJhbmQ6", "sort_by": "option_values"}], "0.sort_by"),
    ("", [{"id": "YnJhbmQ6"}, {"id": "YnJhbmQ6"}], "1.id"),
    ("", [{"id": "YnJhbmQ6", "items_to_show": 7}], "0.items_to_show"),
    ("/contexts", [{"context": {}, "data": []}], "0.context"),
    ("/contexts", [{"context": {"channel_id": 99}, "data": []}], "0.context.channel_id"),
    ("/contexts", [{"context": {"category_id": 99}, "data": []}], "0.context.category_id"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD_FILTERS)
def test_filters_that_cannot_be(shop: Shop, path: str, body: Any, field: str) -> None:
    reply = shop.put(f"/v3/settings/search/filters{path}", body)
    assert reply.status == 422, reply.body
    assert not field or field in reply.json["errors"], reply.body


def test_analytics_providers_belong_to_channels(shop: Shop, north: int) -> None:
    at = "/v3/settings/analytics"
    names = [(one["id"], one["name"], one["channel_id"]) for one in shop.get(at).data]
    assert names == [(1, "Google Analytics", 1), (2, "Visual Website Optimizer", 1), (3, "Meta Pixel", 1)]
    body = {"code": "G-1", "enabled": True, "is_oauth_connected": None}
    mine = shop.put(f"{at}/1?channel_id={north}", body).json
    assert (mine["code"], mine["enabled"], mine["channel_id"]) == ("G-1", True, north)
    assert shop.get(f"{at}/1?channel_id={north}").json == mine
    assert shop.get(f"{at}/1").json["code"] == ""
    clash = shop.put(f"{at}/2", {"name": "Meta Pixel"})
    assert (clash.status, clash.reason) == (409, "DUPLICATE")
    assert shop.get(f"{at}/9").status == 404
    assert shop.put(f"{at}/1", {"name": ""}).status == 422
    assert shop.get(f"{at}?channel_id=99").status == 422
