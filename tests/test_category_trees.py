"""Category trees and the categories in them (rules 22, 25, 29, 33 and 40)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

TREES = "/v3/catalog/trees"
IN_TREES = "/v3/catalog/trees/categories"


def channel(shop: Shop, name: str = "Second") -> int:
    """Another storefront."""
    made = shop.post("/v3/channels", {"name": name, "type": "storefront", "platform": "custom"})
    assert made.status == 200, made.body
    return int(made.data["id"])


def tree(shop: Shop, name: str = "Second") -> int:
    """Another tree, of a channel of its own."""
    made = shop.put(TREES, [{"name": name, "channels": [channel(shop, name)]}])
    assert made.status == 200, made.body
    return int(made.data[0]["id"])


def test_a_store_begins_with_the_tree_of_its_storefront(shop: Shop) -> None:
    """Rule 40: one tree a channel."""
    assert [(one["id"], one["channels"]) for one in shop.get(TREES).data] == [(1, [1])]


def test_trees_are_made_and_renamed_in_one_request(shop: Shop) -> None:
    """Rules 25 and 40: an item with an id is an update."""
    second = channel(shop)
    reply = shop.put(TREES, [{"id": 1, "name": "Main"}, {"name": "Other", "channels": [second]}])
    assert reply.status == 200
    assert reply.data == [
        {"id": 1, "name": "Main", "channels": [1]}, {"id": 2, "name": "Other", "channels": [second]},
    ]  # fmt: skip
    assert reply.json["meta"] == {"total": 2, "success": 2, "failed": 0}
    assert [one["id"] for one in shop.get(f"{TREES}?channel_id:in={second}").data] == [2]
    assert [one["id"] for one in shop.get(f"{TREES}?id:in=1").data] == [1]


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("PUT", TREES, [{"name": "No channel"}], 422, "FIELD_MISSING"),  # rule 40
    ("PUT", TREES, [{"name": "Two", "channels": [1, 2]}], 422, "FIELD_INVALID"),
    ("PUT", TREES, [{"name": "Taken", "channels": [1]}], 409, "DUPLICATE"),
    ("PUT", TREES, [{"name": "Unknown", "channels": [99]}], 409, "DANGLING_REFERENCE"),
    ("PUT", TREES, [{"id": 1, "channels": [1]}], 422, "FIELD_INVALID"),
    ("PUT", TREES, [{"id": 1, "name": "New"}, {"id": 99, "name": "None"}], 404, "NO_SUCH_ENTITY"),
    ("PUT", TREES, [{"id": 1, "name": "x"}] * 51, 413, "TOO_MANY_ITEMS"),  # rule 25
    ("DELETE", TREES, None, 422, "FILTER_REQUIRED"),  # rule 22
    ("DELETE", f"{TREES}?id:in=1", None, 422, "FIELD_INVALID"),
    ("POST", TREES, [], 405, "METHOD_NOT_ALLOWED"),
    ("POST", IN_TREES, [{"name": "Nowhere"}], 422, "FIELD_MISSING"),
    ("POST", IN_TREES, [{"name": "Saws", "tree_id": 1}], 409, "DUPLICATE"),  # rule 33
    ("POST", IN_TREES, {"name": "Saws"}, 422, "FIELD_INVALID"),
    ("PUT", IN_TREES, [{"name": "No id"}], 422, "FIELD_INVALID"),
    ("DELETE", IN_TREES, None, 422, "FILTER_REQUIRED"),
    ("GET", f"{TREES}/99/categories", None, 404, "NO_SUCH_ENTITY"),
    ("GET", f"{TREES}/1/categories?depth=0", None, 422, "QUERY_INVALID"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """A list of trees is saved whole or not at all."""
    shop.category("Saws")
    before = shop.get(TREES).body, shop.get(IN_TREES).body
    reply = shop.request(method, path, body)
    if (method, path) == ("POST", IN_TREES) and reply.status == 207:
        assert [error["status"] for error in reply.json["errors"]] == [status]
    else:
        assert (reply.status, reply.reason) == (status, reason), reply.body
    assert (shop.get(TREES).body, shop.get(IN_TREES).body) == before


def test_a_category_in_a_tree_has_members_of_its_own(shop: Shop) -> None:
    """As published for trees: other names for the id and the URL, and the tree."""
    made = shop.post(IN_TREES, [{"name": "Saws", "tree_id": 1, "url": {"path": "/cut/", "is_customized": True}}])
    assert made.status == 201, made.body
    shown = made.data[0]
    assert (shown["category_id"], shown["tree_id"], shown["parent_id"]) == (1, 1, 0)
    assert shown["url"] == {"path": "/cut/", "is_customized": True}
    assert {"id", "custom_url", "ancestors"}.isdisjoint(shown)
    assert shop.get(IN_TREES).data == [shown]
    assert shop.get(f"{IN_TREES}?category_uuid:in={shown['category_uuid']}").data == [shown]
    assert shop.get("/v3/catalog/categories/1").data["custom_url"] == {"url": "/cut/", "is_customized": True}
    assert shop.get("/v2/categories/1").json["url"] == "/cut/"
    few = shop.get(f"{IN_TREES}?include_fields=name").data[0]
    assert few == {"category_id": 1, "name": "Saws"}


def test_trees_keep_their_categories_apart(shop: Shop) -> None:
    """Rule 33: siblings differ within a tree; V2 and catalog/categories show the first tree."""
    second = tree(shop)
    made = shop.post(IN_TREES, [{"name": "Saws", "tree_id": 1}, {"name": "Saws", "tree_id": second}])
    assert (made.status, [one["tree_id"] for one in made.data]) == (201, [1, second])
    child = shop.post(IN_TREES, [{"name": "Hand saws", "parent_id": made.data[1]["category_id"]}]).data[0]
    assert child["tree_id"] == second
    assert [one["id"] for one in shop.get("/v3/catalog/categories").data] == [1]
    assert shop.get("/v2/categories/count").json == {"count": 1}
    assert shop.get("/v3/catalog/categories/2").status == 404
    assert shop.put("/v2/categories/2", {"name": "Mine"}).status == 404
    assert [one["name"] for one in shop.get(f"{IN_TREES}?tree_id:in={second}").data] == ["Saws", "Hand saws"]
    assert [one["category_id"] for one in shop.get(f"{IN_TREES}?category_id:not_in=2,3").data] == [1]


def test_a_category_that_moves_to_another_tree_takes_its_subtree_along(shop: Shop) -> None:
    """Its children are in the tree of their parent."""
    second = tree(shop)
    top = shop.category("Saws")
    shop.category("Hand saws", parent_id=top)
    reply = shop.put(IN_TREES, [{"category_id": top, "tree_id": second}])
    assert (reply.status, reply.json["meta"]) == (200, {"total": 1, "success": 1, "failed": 0})
    assert "data" not in reply.json
    assert [one["tree_id"] for one in shop.get(IN_TREES).data] == [second, second]


def test_a_tree_is_shown_whole(shop: Shop) -> None:
    """Children inside their parents, in their order, down to the depth asked for."""
    tools = shop.category("Tools", sort_order=2)
    saws = shop.category("Saws", parent_id=tools)
    garden = shop.category("Garden", sort_order=1)
    shown = shop.get(f"{TREES}/1/categories").data
    assert [node["id"] for node in shown] == [garden, tools]
    inside = shown[1]["children"][0]
    assert inside == {
        "id": saws, "parent_id": tools, "depth": 1, "path": [tools, saws], "name": "Saws", "is_visible": True,
        "url": inside["url"], "children": [],
    }  # fmt: skip
    assert shop.get(f"{TREES}/1/categories?depth=1").data[1]["children"] == []


def test_some_items_of_a_list_are_saved_beside_those_that_are_not(shop: Shop) -> None:
    """207, with what was done and what was not counted."""
    reply = shop.post(IN_TREES, [{"name": "Saws", "tree_id": 1}, {"name": "SAWS", "tree_id": 1}])
    assert (reply.status, reply.json["meta"]) == (207, {"total": 2, "success": 1, "failed": 1})
    changed = shop.put(IN_TREES, [{"category_id": 1, "name": "Axes"}, {"category_id": 9, "name": "None"}])
    assert (changed.status, changed.json["meta"]["failed"]) == (207, 1)
    assert shop.get("/v3/catalog/categories/1").data["name"] == "Axes"


def test_categories_of_trees_are_deleted_at_once(shop: Shop) -> None:
    """Reports, section 3: 204; what is below goes too, products stay and leave the category."""
    top = shop.category("Saws")
    below = shop.category("Hand saws", parent_id=top)
    keep = shop.category("Keep")
    only, both = shop.product("Only", categories=[below]), shop.product("Both", categories=[top, keep])
    assert shop.delete(f"{IN_TREES}?category_id:in={top}").status == 204
    assert [one["id"] for one in shop.get("/v3/catalog/categories").data] == [keep]
    kept = {one["id"]: one["categories"] for one in shop.get("/v3/catalog/products").data}
    assert (kept, shop.rows("product_categories"), shop.rows("tasks")) == ({only: [], both: [keep]}, 1, 0)


def test_many_categories_of_trees_are_deleted_by_a_task(shop: Shop) -> None:
    """Rule 29: 202; the reply counts what will be deleted, and the task is where Location says."""
    for number in range(251):
        last = shop.category(f"C{number}")
    shop.product(categories=[last])
    reply = shop.delete(f"{IN_TREES}?tree_id:in=1")
    assert (reply.status, reply.json["meta"]) == (202, {"total": 251, "success": 0, "failed": 0})
    assert reply.headers["location"].endswith("/v3/tasks/1")
    assert shop.settle(1)["response"]["status"] == 204
    assert (shop.rows("categories"), shop.rows("products")) == (0, 1)


def test_a_tree_that_is_not_there_cannot_be_deleted(shop: Shop) -> None:
    """Reports, section 3: 404, unlike elsewhere (rule 24)."""
    second = tree(shop)
    assert shop.delete(f"{TREES}?id:in=4242").status == 404
    assert shop.delete(f"{TREES}?id:in=4242,{second}").status == 204


def test_a_tree_goes_with_its_categories(shop: Shop) -> None:
    """Rule 22: by its id."""
    second = tree(shop)
    shop.post(IN_TREES, [{"name": "Saws", "tree_id": second}, {"name": "Axes", "tree_id": 1}])
    assert shop.delete(f"{TREES}?id:in={second}").status == 204
    assert [one["name"] for one in shop.get(IN_TREES).data] == ["Axes"]
    assert shop.rows("categories") == 1
    assert shop.get("/v2/categories/count").json == {"count": 1}
