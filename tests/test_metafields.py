"""Metafields of brands, categories, products, variants and customers (rule 71)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog import metafields
from shop import Shop

FIELD = {"namespace": "erp", "key": "code", "value": "7", "permission_set": "write", "description": "Theirs"}
TABLES = [resource.aggregates[0].table for resource in metafields.RESOURCES]
KINDS = [
    # word, a collection of one resource, the batch
    ("brand", "/v3/catalog/brands/1/metafields", "/v3/catalog/brands/metafields"),
    ("category", "/v3/catalog/categories/1/metafields", "/v3/catalog/categories/metafields"),
    ("product", "/v3/catalog/products/1/metafields", "/v3/catalog/products/metafields"),
    ("variant", "/v3/catalog/products/1/variants/1/metafields", "/v3/catalog/variants/metafields"),
    ("customer", "/v3/customers/1/metafields", "/v3/customers/metafields"),
]


def stocked(shop: Shop) -> Shop:
    """One of each, twice."""
    for name in ("First", "Second"):
        shop.brand(name)
        shop.category(name)
        shop.product(name)
        shop.post("/v2/customers", {"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"})
    return shop


def other(shop: Shop) -> str:
    """Another account's token."""
    return shop.account()


@pytest.mark.parametrize(("word", "path", "batch"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_metafield_is_written_read_changed_and_deleted(shop: Shop, word: str, path: str, batch: str) -> None:
    """Its members are the documented ones, and it knows what it belongs to and who made it."""
    stocked(shop)
    made = shop.post(path, FIELD)
    assert made.status == 200, made.body
    assert made.data == {
        **FIELD, "id": 1, "resource_type": word, "resource_id": 1, "owner_client_id": made.data["owner_client_id"],
        "date_created": made.data["date_created"], "date_modified": made.data["date_modified"],
    }  # fmt: skip
    assert made.data["owner_client_id"]
    assert shop.get(f"{path}/1").data == made.data
    assert shop.get(path).data == shop.get(batch).data == [made.data]
    changed = shop.put(f"{path}/1", {"value": "8"})
    assert (changed.status, changed.data["value"], changed.data["key"]) == (200, "8", "code")
    assert shop.delete(f"{path}/1").status == 204
    assert shop.get(f"{path}/1").status == 404


@pytest.mark.parametrize(("word", "path", "batch"), KINDS, ids=[kind[0] for kind in KINDS])
def test_many_are_written_at_once(shop: Shop, word: str, path: str, batch: str) -> None:
    """Create, change and delete a list: what went well and what did not are counted."""
    stocked(shop)
    wanted = [{**FIELD, "key": f"k{number}", "resource_id": 1 + number % 2} for number in range(3)]
    made = shop.post(batch, wanted)
    assert (made.status, [field["resource_id"] for field in made.data]) == (200, [1, 2, 1])
    assert made.json["meta"] == {"total": 3, "success": 3, "failed": 0}
    assert made.json["errors"] == []
    changed = shop.put(batch, [{"id": 1, "value": "new"}, {"id": 9, "value": "none"}])
    assert (changed.status, changed.json["meta"]["failed"]) == (422, 1)
    assert [field["value"] for field in changed.data] == ["new"]
    gone = shop.request("DELETE", batch, [1, 2, 9])
    assert (gone.status, gone.data) == (422, [1, 2])
    assert [error["status"] for error in gone.json["errors"]] == [404]
    assert shop.request("DELETE", batch, [3]).status == 200
    assert shop.get(path).data == []


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", KINDS[0][1], {**FIELD, "key": "x" * 65}, 422, "FIELD_INVALID"),
    ("POST", KINDS[0][1], {**FIELD, "permission_set": "all"}, 422, "FIELD_INVALID"),
    ("POST", KINDS[0][1], {"namespace": "erp"}, 422, "FIELD_MISSING"),
    ("POST", KINDS[0][1], FIELD, 409, "DUPLICATE"),  # rule 71
    ("POST", "/v3/catalog/brands/9/metafields", FIELD, 404, "NO_SUCH_ENTITY"),
    ("POST", KINDS[0][2], {**FIELD}, 422, "FIELD_INVALID"),
    ("DELETE", KINDS[0][2], ["one"], 422, "FIELD_INVALID"),
    ("DELETE", KINDS[0][2], {"id": 1}, 422, "FIELD_INVALID"),
    ("POST", KINDS[0][2], [FIELD] * 251, 413, "TOO_MANY_ITEMS"),
    ("GET", KINDS[0][1] + "?key:min=c", None, 422, "FILTER_REFUSED"),
    ("GET", KINDS[0][2] + "?after=nonsense", None, 422, "QUERY_INVALID"),
    ("GET", "/v3/catalog/products/2/variants/1/metafields", None, 404, "NO_SUCH_ENTITY"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """The item that is wrong is named by its place."""
    stocked(shop)
    shop.post(KINDS[0][1], FIELD)
    before = shop.get(KINDS[0][2]).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert shop.get(KINDS[0][2]).body == before


PERMISSIONS = [
    # permission_set, status of a read, of a new value, of a new key, of a delete: all by another account
    ("app_only", 404, 404, 404, 404),
    ("read", 200, 403, 403, 403),
    ("read_and_sf_access", 200, 403, 403, 403),
    ("write", 200, 200, 403, 204),
    ("write_and_sf_access", 200, 200, 403, 204),
]


@pytest.mark.parametrize(("permission", "read", "value", "key", "delete"), PERMISSIONS)
def test_the_permission_set_says_what_other_accounts_may_do(
    shop: Shop, permission: str, read: int, value: int, key: int, delete: int
) -> None:
    """Rule 71: what it is called and who may see it is its owner's alone."""
    stocked(shop)
    _, path, batch = KINDS[2]
    shop.post(path, {**FIELD, "permission_set": permission})
    token = other(shop)
    assert shop.get(f"{path}/1", token=token).status == read
    assert len(shop.get(batch, token=token).data) == (read == 200)
    assert shop.put(f"{path}/1", {"key": "mine"}, token=token).status == key
    assert shop.put(f"{path}/1", {"value": "mine"}, token=token).status == value
    assert shop.request("DELETE", batch, [1], token=token).status == (200 if delete == 204 else 422)
    if delete != 204:
        assert shop.delete(f"{path}/1", token=token).status == delete
        assert shop.put(f"{path}/1", {"permission_set": "write"}).status == 200  # the owner's own


def test_two_accounts_may_keep_the_same_key(shop: Shop) -> None:
    """Rule 71: the client id is part of what is unique."""
    stocked(shop)
    path = KINDS[0][1]
    assert shop.post(path, FIELD).status == 200
    assert shop.post(path, FIELD, token=other(shop)).status == 200
    assert shop.post("/v3/catalog/brands/2/metafields", FIELD).status == 200


def test_another_account_is_told_so_before_a_conflict_with_its_key(shop: Shop) -> None:
    """Design section 1: of two faults the earlier reason of the step is told: a duplicate, then whose it is."""
    stocked(shop)
    path = KINDS[0][1]
    shop.post(path, {**FIELD, "permission_set": "read"})
    shop.post(path, {**FIELD, "key": "taken"})
    token = other(shop)
    assert shop.put(f"{path}/1", {"key": "free"}, token=token).reason == "NOT_THE_OWNER"
    assert shop.put(f"{path}/1", {"key": "taken"}, token=token).reason == "DUPLICATE"


def test_metafields_go_with_what_they_belong_to(shop: Shop) -> None:
    """Also those that another account made, and those of variants with their product."""
    stocked(shop)
    token = other(shop)
    for _, path, _ in KINDS:
        shop.post(path, {**FIELD, "permission_set": "app_only"}, token=token)
    for path in ("/v3/catalog/products/1", "/v3/catalog/brands/1", "/v3/catalog/categories/1"):
        assert shop.delete(path).status == 204
    assert [shop.rows(table.name) for table in TABLES] == [0, 0, 0, 0]
    assert shop.get(KINDS[3][2], token=token).json["meta"]["pagination"]["total"] == 0


def test_an_account_keeps_at_most_so_many_beside_a_resource(shop: Shop) -> None:
    """Rule 71: 250 a resource and account, over -> 403."""
    table = TABLES[0]
    assert table.cap_within == ("resource_id owner_client_id", 250)
    shop.redeclare(table, cap_within=("resource_id owner_client_id", 2))
    stocked(shop)
    path = KINDS[0][1]
    for key in ("a", "b"):
        assert shop.post(path, {**FIELD, "key": key}).status == 200
    refused = shop.post(path, {**FIELD, "key": "c"})
    assert (refused.status, refused.reason) == (403, "PLATFORM_CAP_REACHED")
    assert shop.post(path, {**FIELD, "key": "c"}, token=other(shop)).status == 200


def pages(shop: Shop, first: str) -> list[list[str]]:
    """The keys of each page, by following the links of the cursors."""
    path, found = KINDS[0][2], []
    link: str | None = first
    while link:
        reply = shop.get(path + link)
        found.append([field["key"] for field in reply.data])
        link = reply.json["meta"]["cursor_pagination"]["links"].get("next")
    return found


def test_pages_are_asked_for_by_cursor(shop: Shop) -> None:
    """contract/wire.md 3: the first page tells both kinds of paging, a later one the kind it was asked for by."""
    stocked(shop)
    batch = KINDS[0][2]
    shop.post(batch, [{**FIELD, "key": f"k{number}", "resource_id": 1} for number in range(5)])
    first = shop.get(f"{batch}?limit=2").json["meta"]
    assert set(first) == {"pagination", "cursor_pagination"}
    assert set(shop.get(f"{batch}?limit=2&page=2").json["meta"]) == {"pagination"}
    assert pages(shop, "?limit=2&namespace=erp") == [["k0", "k1"], ["k2", "k3"], ["k4"]]
    after = first["cursor_pagination"]["end_cursor"]
    second = shop.get(f"{batch}?limit=2&after={after}").json
    assert set(second["meta"]) == {"cursor_pagination"}
    told = second["meta"]["cursor_pagination"]
    assert (told["count"], told["per_page"]) == (2, 2)
    back = shop.get(batch + told["links"]["previous"]).json
    assert [field["key"] for field in back["data"]] == ["k0", "k1"]
    assert "previous" not in back["meta"]["cursor_pagination"]["links"]


LISTED = [
    ("?key=k1", ["k1"]),
    ("?key:in=k1,k3", ["k1", "k3"]),
    ("?namespace=none", []),
    ("?id:in=1,2&direction=desc", ["k1", "k0"]),
    ("?resource_id:in=1", ["k0", "k2"]),
    ("?date_created:min=2000-01-01&date_modified:max=2001-01-01", []),
]


@pytest.mark.parametrize(("query", "keys"), LISTED)
def test_a_list_shows_what_was_asked_for(shop: Shop, query: str, keys: list[str]) -> None:
    """contract/filters.tsv"""
    stocked(shop)
    batch = KINDS[0][2]
    shop.post(batch, [{**FIELD, "key": f"k{number}", "resource_id": 1 + number % 2} for number in range(4)])
    assert [field["key"] for field in shop.get(batch + query).data] == keys


@pytest.mark.parametrize("batch", [kind[2] for kind in KINDS])
def test_a_faulty_item_does_not_keep_the_others_from_being_saved(shop: Shop, batch: str) -> None:
    """Section 2 of the reports: 422 with what was saved and what was not."""
    stocked(shop)
    good = {**FIELD, "resource_id": 1}
    reply = shop.post(batch, [{**good, "key": 5}, {**good, "key": "k2"}, {**FIELD, "key": "k3"}])
    assert (reply.status, [field["key"] for field in reply.data]) == (422, ["k2"])
    assert [list(error["errors"]) for error in reply.json["errors"]] == [["0.key"], ["2.resource_id"]]
    assert reply.json["meta"] == {"total": 3, "success": 1, "failed": 2}
    changed = shop.put(batch, [{"id": {}, "value": "x"}, {"value": "x"}, {"id": 1, "value": "new"}])
    assert (changed.status, [field["value"] for field in changed.data]) == (422, ["new"])
