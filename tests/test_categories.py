"""Categories: the tree and what hangs on it (rules 33 to 39)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog import categories
from shop import Shop

V2 = "/v2/categories"
V3 = "/v3/catalog/categories"


def line(shop: Shop, length: int, under: int = 0, name: str = "Level") -> list[int]:
    """A chain of categories, each below the one before: their ids from the top."""
    ids: list[int] = []
    for level in range(length):
        ids.append(shop.category(f"{name} {level}", parent_id=ids[-1] if ids else under))
    return ids


def ancestors(shop: Shop, category: int) -> list[int]:
    """The ancestors and the category itself, as V2 tells them."""
    return list(shop.get(f"{V2}/{category}").json["parent_category_list"])


def test_a_category_written_in_one_version_is_read_in_the_other(shop: Shop) -> None:
    """One store, two forms."""
    made = shop.post(V2, {"name": "Shop Mac", "description": "<p>x</p>", "meta_keywords": "a, b", "url": "/mac/"})
    assert (made.status, made.headers["location"]) == (201, f"https://localhost:8443/stores/{shop.name}{V2}/1")
    shown = shop.get(f"{V3}/1").data
    assert shown == {
        "id": 1, "parent_id": 0, "name": "Shop Mac", "description": "<p>x</p>", "views": 0, "sort_order": 0,
        "page_title": "", "search_keywords": "", "meta_keywords": ["a", "b"], "meta_description": "",
        "layout_file": "category.html", "is_visible": True, "default_product_sort": "use_store_settings",
        "image_url": "", "custom_url": {"url": "/mac/", "is_customized": True},
    }  # fmt: skip
    shop.put(f"{V3}/1", {"name": "Macs", "image_url": "https://img.test/mac.png", "is_visible": False})
    assert shop.get(f"{V2}/1").json == {
        "id": 1, "parent_id": 0, "name": "Macs", "description": "<p>x</p>", "sort_order": 0, "page_title": "",
        "meta_keywords": "a, b", "meta_description": "", "layout_file": "category.html", "parent_category_list": [1],
        "image_file": "https://img.test/mac.png", "is_visible": False, "search_keywords": "", "url": "/mac/",
    }  # fmt: skip


def test_the_url_is_made_from_the_name_and_stays(shop: Shop) -> None:
    """A renamed page keeps its address."""
    shop.category("Shop Mac & more")
    assert shop.get(f"{V3}/1").data["custom_url"] == {"url": "/shop-mac-more/", "is_customized": False}
    shop.put(f"{V3}/1", {"name": "Macs"})
    assert shop.get(f"{V2}/1").json["url"] == "/shop-mac-more/"


@pytest.mark.parametrize(("version", "url"), [("v2", "/a/"), ("v3", {"url": "/a/", "is_customized": False})])
def test_writing_the_same_url_does_not_make_it_chosen(shop: Shop, version: str, url: Any) -> None:
    """A whole object written back says nothing new."""
    shop.category("A")
    path, member = (V2, "url") if version == "v2" else (V3, "custom_url")
    assert shop.put(f"{path}/1", {member: url}).status == 200
    assert shop.get(f"{V3}/1").data["custom_url"] == {"url": "/a/", "is_customized": False}
    assert shop.put(f"{path}/1", {member: "b" if version == "v2" else {"url": "b"}}).status == 200
    assert shop.get(f"{V3}/1").data["custom_url"] == {"url": "/b", "is_customized": True}


# Rule 33: names.


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "garden", "parent_id": 0}, 409),
        ({"name": "GARDEN", "parent_id": 0}, 409),
        ({"name": "Garden", "parent_id": 1}, 200),
        ({"name": "Spades", "parent_id": 1}, 409),
        ({"name": "STRASSE", "parent_id": 0}, 409),
    ],
)
@pytest.mark.parametrize("path", [V2, V3])
def test_siblings_differ_in_name_whatever_the_case(shop: Shop, path: str, body: dict[str, Any], status: int) -> None:
    """Rule 33."""
    shop.category("Garden")
    shop.category("Spades", parent_id=1)
    shop.category("Straße")
    reply = shop.post(path, body)
    assert reply.status == (201 if status == 200 and path == V2 else status)
    if status == 409:
        details = reply.json[0]["details"] if path == V2 else reply.json["details"]
        assert reply.reason == "DUPLICATE"
        assert details["conflicting_field"] == "name"
        assert details["conflicting_id"] in (1, 2, 3)
        assert details["conflict_reason"]
        assert shop.rows("categories") == 3


@pytest.mark.parametrize("path", [V2, V3])
def test_moving_beside_a_namesake_is_a_conflict(shop: Shop, path: str) -> None:
    """Rule 33."""
    shop.category("Garden")
    shop.category("Garden", parent_id=1)
    reply = shop.put(f"{path}/2", {"parent_id": 0})
    assert (reply.status, reply.reason) == (409, "DUPLICATE")
    assert ancestors(shop, 2) == [1, 2]


@pytest.mark.parametrize(("path", "status"), [(V2, 400), (V3, 409)])
def test_a_missing_parent_is_refused(shop: Shop, path: str, status: int) -> None:
    """Rule 44."""
    for reply in (shop.post(path, {"name": "A", "parent_id": 9}), _moved(shop, path, shop.category("B"), 9)):
        assert (reply.status, reply.reason) == (status, "DANGLING_REFERENCE")
        details = reply.json[0]["details"] if path == V2 else reply.json["details"]
        assert details["missing_ids"] == [9]


def _moved(shop: Shop, path: str, category: int, to: int) -> Any:
    return shop.put(f"{path}/{category}", {"parent_id": to})


# Rules 35 and 37: the tree.


def test_ancestors_are_told_from_the_root_down(shop: Shop) -> None:
    """Rule 37."""
    a, b, c = line(shop, 3)
    assert [ancestors(shop, one) for one in (a, b, c)] == [[a], [a, b], [a, b, c]]


@pytest.mark.parametrize("path", [V2, V3])
def test_a_moved_category_takes_its_subtree_along(shop: Shop, path: str) -> None:
    """Rule 37: everything below it has new ancestors and a new entity tag."""
    a, b, c, d = line(shop, 4)
    other = shop.category("Other")
    tags = {one: shop.get(f"{V2}/{one}").headers["etag"] for one in (a, b, c, d)}
    assert _moved(shop, path, b, other).status == 200
    assert [ancestors(shop, one) for one in (a, b, c, d)] == [[a], [other, b], [other, b, c], [other, b, c, d]]
    assert {one for one in tags if shop.get(f"{V2}/{one}").headers["etag"] != tags[one]} == {b, c, d}
    assert _moved(shop, path, b, 0).status == 200
    assert ancestors(shop, d) == [b, c, d]


@pytest.mark.parametrize("path", [V2, V3])
def test_a_category_has_at_most_seven_ancestors(shop: Shop, path: str) -> None:
    """Rule 35: seven in V2's words, eight levels in V3's."""
    deepest = line(shop, 8)[-1]
    assert len(ancestors(shop, deepest)) == 8
    reply = shop.post(path, {"name": "Too deep", "parent_id": deepest})
    assert (reply.status, reply.reason) == (403, "TREE_TOO_DEEP")


@pytest.mark.parametrize(("height", "fits"), [(2, True), (3, False)])
@pytest.mark.parametrize("path", [V2, V3])
def test_the_depth_of_a_moved_subtree_counts(shop: Shop, path: str, height: int, fits: bool) -> None:
    """Rule 35."""
    deep = line(shop, 6)[-1]
    top, *_, leaf = line(shop, height, name="Moved")
    reply = _moved(shop, path, top, deep)
    assert reply.status == (200 if fits else 403)
    assert len(ancestors(shop, leaf)) == (6 + height if fits else height)


@pytest.mark.parametrize("below", [0, 1, 2])
@pytest.mark.parametrize(("path", "status"), [(V2, 409), (V3, 422)])
def test_a_category_cannot_lie_below_itself(shop: Shop, path: str, status: int, below: int) -> None:
    """Rule 37."""
    chain = line(shop, 3)
    reply = _moved(shop, path, chain[0], chain[below])
    assert (reply.status, reply.reason) == (status, "CIRCULAR_TREE")
    assert ancestors(shop, chain[2]) == chain


# Rules 24, 36 and 38: deleting.


@pytest.mark.parametrize("path", [V2, V3])
def test_a_category_goes_with_everything_below_it(shop: Shop, path: str) -> None:
    """Rule 36."""
    chain = line(shop, 3)
    kept = shop.category("Kept")
    reply = shop.delete(f"{path}/{chain[1]}")
    assert (reply.status, reply.body) == (204, b"")
    assert [row["id"] for row in shop.get(V2).json] == [chain[0], kept]
    assert shop.get(f"{path}/{chain[2]}").status == 404
    assert shop.delete(f"{path}/{chain[1]}").status == 404


@pytest.mark.parametrize(("path", "status"), [(V2, 409), (V3, 422)])
def test_a_delete_that_would_orphan_a_product_is_refused(shop: Shop, path: str, status: int) -> None:
    """Rules 5 and 36: the products are named, as strings."""
    top, below = line(shop, 2)
    orphan = shop.product("Orphan", categories=[below])
    shop.product("Twice", categories=[top, below])
    shop.product("Elsewhere", categories=[shop.category("Other")])
    for category, orphans in ((below, [orphan]), (top, [orphan, orphan + 1])):
        reply = shop.delete(f"{path}/{category}")
        assert (reply.status, reply.reason) == (status, "ORPHANED_PRODUCTS")
        if path == V2:
            details = reply.json[0]["details"]
            assert details["orphaned_products"] == [str(one) for one in orphans]
            assert isinstance(details["conflict_reason"], str)
        else:
            assert (reply.json["errors"], reply.json["details"]["orphaned_products"]) == (
                {},
                [str(one) for one in orphans],
            )
    assert shop.rows("categories") == 3


@pytest.mark.parametrize("path", [V2, V3])
def test_products_that_have_another_category_just_leave(shop: Shop, path: str) -> None:
    """Rule 36: what they show changes, and so their entity tag."""
    a, b = shop.category("A"), shop.category("B")
    both, one = shop.product("Both", categories=[a, b]), shop.product("One", categories=[b])
    tags = [shop.get(f"/v3/catalog/products/{product}").headers["etag"] for product in (both, one)]
    assert shop.delete(f"{path}/{a}").status == 204
    shown = [shop.get(f"/v3/catalog/products/{product}") for product in (both, one)]
    assert [reply.data["categories"] for reply in shown] == [[b], [b]]
    assert shown[0].headers["etag"] != tags[0]
    assert shown[1].headers["etag"] == tags[1]
    assert shop.get(f"/v3/catalog/products?categories:in={a}").data == []
    assert shop.rows("product_categories") == 2


def test_v2_deletes_all_categories_only_when_no_product_is_in_any(shop: Shop) -> None:
    """Rule 36."""
    a = shop.category("A")
    shop.category("B", parent_id=a)
    product = shop.product(categories=[a])
    reply = shop.delete(V2)
    assert (reply.status, reply.json[0]["details"]["orphaned_products"]) == (409, [str(product)])
    assert shop.delete(f"/v2/products/{product}").status == 204
    assert shop.delete(V2).status == 204
    assert (shop.rows("categories"), shop.rows("urls")) == (0, 0)
    assert shop.get(V2).status == 204


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("", 422, "FILTER_REQUIRED"),
        ("?page=1&limit=2", 422, "FILTER_REFUSED"),
        ("?colour=red", 422, "FILTER_REFUSED"),
        ("?id:in=1&nam=A", 422, "FILTER_REFUSED"),
        ("?id:in=", 422, "QUERY_INVALID"),
        ("?id:not_in=", 422, "QUERY_INVALID"),
        ("?name:like=", 422, "QUERY_INVALID"),
        ("?keyword=", 422, "QUERY_INVALID"),
        ("?id:in=1,x", 422, "QUERY_INVALID"),
        ("?id:in=77,78", 204, ""),
    ],
)
def test_a_v3_delete_that_names_no_category_deletes_none(shop: Shop, query: str, status: int, reason: str) -> None:
    """Rules 20, 22, 24 and 38."""
    shop.category("A")
    reply = shop.delete(f"{V3}{query}")
    assert (reply.status, reply.reason) == (status, reason)
    assert shop.rows("categories") == 1


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("id=2", [1, 3, 4]),
        ("id:in=2,4,99", [1, 3]),
        ("id:not_in=1", [1]),
        ("id:min=3", [1, 2]),
        ("id:less=3", [3, 4]),
        ("name=b", [1, 3, 4]),
        ("name:like=B", [1, 3]),
        ("parent_id=0", []),
        ("parent_id:in=3", [1, 2, 3]),
        ("parent_id:greater=0", [1, 2, 3]),
        ("page_title=T", [1, 2, 4]),
        ("page_title:like=t", [1, 2, 4]),
        ("is_visible=false", [2, 3, 4]),
        ("keyword=bb", [1, 2, 3]),
        ("id:in=1,2&name=B", [1, 3, 4]),
    ],
)
def test_v3_deletes_the_categories_that_the_filters_name(shop: Shop, query: str, left: list[int]) -> None:
    """Rule 38 and contract/filters.tsv."""
    shop.category("A", is_visible=False)
    shop.category("B")
    shop.category("C", page_title="T")
    shop.category("BB", parent_id=3)
    if query == "page_title=T" or query == "page_title:like=t":
        shop.put(f"{V3}/4", {"parent_id": 0})
    assert shop.delete(f"{V3}?{query}").status == 204
    assert [row["id"] for row in shop.get(V3).data] == left


# Limits.


@pytest.mark.parametrize("path", [V2, V3])
def test_a_store_holds_so_many_categories(shop: Shop, path: str) -> None:
    """Rule 34: 403; a duplicate is told before."""
    shop.redeclare(categories.TABLE, cap=2)
    shop.category("A")
    shop.category("B")
    reply = shop.post(path, {"name": "C", "parent_id": 0})
    assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
    assert shop.post(path, {"name": "a", "parent_id": 0}).status == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n" * 51), ("name", " "), ("description", "d" * 65_536), ("page_title", "p" * 256),
        ("layout_file", "l" * 51), ("default_product_sort", "cheapest"), ("image_url", "i" * 256),
        ("sort_order", 2**31), ("views", -1), ("meta_description", "m" * 65_536), ("parent_id", -1),
    ],
)  # fmt: skip
def test_v3_refuses_values_out_of_bounds(shop: Shop, field: str, value: Any) -> None:
    """Rules 21 and 39."""
    reply = shop.post(V3, {"name": "A", "parent_id": 0, field: value})
    assert (reply.status, list(reply.json["errors"])) == (422, [field])
    assert shop.rows("categories") == 0


def test_v3_needs_a_name_and_a_parent(shop: Shop) -> None:
    """Rule 21."""
    reply = shop.post(V3, {})
    assert (reply.status, reply.reason) == (422, "FIELD_MISSING")
    assert reply.json["errors"] == {"name": "Please provide a name.", "parent_id": "Please provide a parent_id."}
