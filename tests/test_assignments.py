"""Products in categories and on channels, and their places in a category (rules 22, 45 and 72)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

CATEGORIES = "/v3/catalog/products/category-assignments"
CHANNELS = "/v3/catalog/products/channel-assignments"
ORDER = "/v3/catalog/categories/1/products/sort-order"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Two categories, a second channel, and three products of which two are in the first category."""
    shop.category("Tools")
    shop.category("Saws")
    shop.product("Hammer", categories=[1])
    shop.product("Hand saw", categories=[1, 2])
    shop.product("Axe")
    made = shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "custom"})
    assert made.data["id"] == 2
    return shop


def pairs(shop: Shop, path: str) -> list[tuple[int, int]]:
    """Product and category, or channel, of each row."""
    return [(row["product_id"], row.get("category_id") or row["channel_id"]) for row in shop.get(path).data]


def test_categories_are_assigned_and_taken_back(stocked: Shop) -> None:
    """The product itself knows: it is one truth."""
    assert pairs(stocked, CATEGORIES) == [(1, 1), (2, 1), (2, 2)]
    wanted = [{"product_id": 3, "category_id": 2}, {"product_id": 1, "category_id": 1}]
    assert stocked.put(CATEGORIES, wanted).status == 204
    assert pairs(stocked, f"{CATEGORIES}?category_id:in=2") == [(2, 2), (3, 2)]
    assert stocked.get("/v3/catalog/products/3").data["categories"] == [2]
    assert stocked.delete(f"{CATEGORIES}?product_id:in=2&category_id:in=1").status == 204
    assert stocked.get("/v3/catalog/products/2").data["categories"] == [2]
    assert [one["id"] for one in stocked.get("/v3/catalog/products?categories:in=1").data] == [1]
    assert stocked.delete(f"{CATEGORIES}?category_id:in=1,2").status == 204
    assert pairs(stocked, CATEGORIES) == []


def test_a_product_is_on_the_first_channel_until_it_is_taken_off(stocked: Shop) -> None:
    """Rule 72"""
    assert pairs(stocked, CHANNELS) == [(1, 1), (2, 1), (3, 1)]
    assert stocked.put(CHANNELS, [{"product_id": 1, "channel_id": 2}, {"product_id": 3, "channel_id": 2}]).status == 204
    assert stocked.delete(f"{CHANNELS}?product_id:in=3&channel_id:in=1").status == 204
    assert pairs(stocked, CHANNELS) == [(1, 1), (1, 2), (2, 1), (3, 2)]
    assert pairs(stocked, f"{CHANNELS}?channel_id:in=2") == [(1, 2), (3, 2)]
    shown = stocked.get("/v3/catalog/products?include=channels").data
    assert [one["channels"] for one in shown] == [[1, 2], [1], [2]]
    for asked, found in (("1", [1, 2]), ("2", [1, 3]), ("1,2", [1, 2, 3]), ("9", [])):
        assert [one["id"] for one in stocked.get(f"/v3/catalog/products?channel_id:in={asked}").data] == found
    assert stocked.put(CHANNELS, [{"product_id": 3, "channel_id": 1}]).status == 204
    assert (3, 1) in pairs(stocked, CHANNELS)


def test_pages_of_pairs(stocked: Shop) -> None:
    """contract/wire.md 3"""
    reply = stocked.get(f"{CATEGORIES}?limit=2&page=2").json
    assert [row["category_id"] for row in reply["data"]] == [2]
    assert (reply["meta"]["pagination"]["total"], reply["meta"]["pagination"]["total_pages"]) == (3, 2)


def test_what_is_included_moves_the_entity_tag(stocked: Shop) -> None:
    """RFC 9110 8.8.3"""
    path = "/v3/catalog/products/1?include=channels"
    etag = stocked.get(path).headers["etag"]
    assert stocked.get(path, headers={"if-none-match": etag}).status == 304
    listed = stocked.get(CHANNELS).headers["etag"]
    stocked.put(CHANNELS, [{"product_id": 1, "channel_id": 2}])
    assert stocked.get(path, headers={"if-none-match": etag}).status == 200
    assert stocked.get(CHANNELS, headers={"if-none-match": listed}).status == 200


def test_products_have_places_in_a_category(stocked: Shop) -> None:
    """Those without a place come last; null takes it away; a product that leaves loses it."""

    def order() -> list[tuple[int, Any]]:
        return [(row["product_id"], row["sort_order"]) for row in stocked.get(ORDER).data]

    assert order() == [(1, None), (2, None)]
    assert stocked.put(ORDER, [{"product_id": 2, "sort_order": 0}]).status == 200
    assert order() == [(2, 0), (1, None)]
    stocked.put(ORDER, [{"product_id": 1, "sort_order": 5}, {"product_id": 2, "sort_order": 7}])
    assert order() == [(1, 5), (2, 7)]
    stocked.put(ORDER, [{"product_id": 1, "sort_order": None}])
    assert order() == [(2, 7), (1, None)]
    stocked.delete(f"{CATEGORIES}?product_id:in=2&category_id:in=1")
    stocked.put(CATEGORIES, [{"product_id": 2, "category_id": 1}])
    assert order() == [(1, None), (2, None)]


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("PUT", CATEGORIES, [{"product_id": 1}], 422, "FIELD_MISSING"),
    ("PUT", CATEGORIES, [{"product_id": 1, "category_id": "x"}], 422, "FIELD_INVALID"),
    ("PUT", CATEGORIES, [{"product_id": product, "category_id": 2} for product in (1, 9)], 422, "FIELD_INVALID"),
    ("PUT", CHANNELS, [{"product_id": 1, "channel_id": 9}], 422, "FIELD_INVALID"),
    ("PUT", CHANNELS, {"product_id": 1, "channel_id": 1}, 422, "FIELD_INVALID"),
    ("PUT", CHANNELS, [{"product_id": 1, "channel_id": 1}] * 1001, 413, "TOO_MANY_ITEMS"),
    ("DELETE", CATEGORIES, None, 422, "FILTER_REQUIRED"),  # rule 22
    ("DELETE", f"{CHANNELS}?product_id:in=", None, 422, "QUERY_INVALID"),
    ("DELETE", f"{CHANNELS}?name=Hammer", None, 422, "FILTER_REFUSED"),
    ("PUT", ORDER, [{"product_id": 3, "sort_order": 1}], 422, "FIELD_INVALID"),
    ("PUT", ORDER, [{"product_id": 1, "sort_order": -1}], 422, "FIELD_INVALID"),
    ("PUT", ORDER, [{"product_id": 1}], 422, "FIELD_INVALID"),
    ("GET", ORDER.replace("1", "9"), None, 404, "NO_SUCH_ENTITY"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    stocked: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Both ids of every pair must name something."""
    before = [stocked.get(one).body for one in (CATEGORIES, CHANNELS, ORDER)]
    reply = stocked.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert [stocked.get(one).body for one in (CATEGORIES, CHANNELS, ORDER)] == before


def test_assignments_go_with_their_product(stocked: Shop) -> None:
    """Nothing is left that names a product which is gone."""
    stocked.put(CHANNELS, [{"product_id": 1, "channel_id": 2}])
    stocked.put(ORDER, [{"product_id": 1, "sort_order": 1}])
    assert stocked.delete("/v3/catalog/products/1").status == 204
    assert [stocked.rows(name) for name in ("product_channels", "category_sort_orders")] == [0, 0]
