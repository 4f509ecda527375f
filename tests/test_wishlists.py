"""Wishlists (V3): a customer's lists of products, on both databases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shop import Shop

PATH = "/v3/wishlists"
PEOPLE = [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"} for name in ("Jane", "John")]


@pytest.fixture
def jane(shop: Shop) -> Shop:
    """Two customers, three products with a base variant each, and a wishlist of the first with two items."""
    assert shop.post("/v3/customers", PEOPLE).status == 200
    for name in ("Hammer", "Saw", "Drill"):
        shop.product(name)
    assert shop.post(PATH, {"customer_id": 1, "name": "Tools", "items": [{"product_id": 1}, {"product_id": 2}]}).data
    return shop


def products(wishlist: Any) -> list[int]:
    """What is on a wishlist, in order."""
    return [item["product_id"] for item in wishlist["items"]]


def test_a_wishlist_goes_in_with_its_items_and_comes_out(jane: Shop) -> None:
    items = [{"product_id": 3, "variant_id": 3}, {"product_id": 1}]
    made = jane.post(PATH, {"customer_id": 2, "name": "Birthday", "is_public": True, "items": items})
    assert (made.status, made.headers["location"].rpartition("/")[2]) == (201, "2")
    token = made.data["token"]
    assert str(UUID(token)) == token
    assert made.data == {
        "id": 2,
        "customer_id": 2,
        "name": "Birthday",
        "is_public": True,
        "token": token,
        "items": [{"id": 3, "product_id": 3, "variant_id": 3}, {"id": 4, "product_id": 1}],
    }
    assert jane.get(f"{PATH}/2").data == made.data
    assert jane.get(PATH).data[1] == made.data


def test_the_store_gives_each_wishlist_its_token_for_good(jane: Shop) -> None:
    token = jane.get(f"{PATH}/1").data["token"]
    assert jane.put(f"{PATH}/1", {"token": "mine", "name": "Other"}).data["token"] == token
    other = jane.post(PATH, {"customer_id": 1, "name": "More", "token": token})
    assert (other.status, other.data["items"]) == (201, [])
    assert other.data["token"] != token


def test_an_update_changes_the_items_it_names_and_leaves_the_rest(jane: Shop) -> None:
    """The customer of a wishlist stays, and no other can be sent."""
    refused = jane.put(f"{PATH}/1", {"customer_id": 2})
    assert (refused.status, refused.reason) == (422, "FIELD_READ_ONLY")
    body = {"customer_id": 1, "name": "Presents", "is_public": True, "items": [{"id": 2, "product_id": 3}]}
    reply = jane.put(f"{PATH}/1", body)
    assert (reply.status, products(reply.data)) == (200, [1, 3])
    assert (reply.data["customer_id"], reply.data["name"], reply.data["is_public"]) == (1, "Presents", True)
    assert products(jane.put(f"{PATH}/1", {"is_public": False}).data) == [1, 3]
    assert products(jane.put(f"{PATH}/1", {"items": [{"product_id": 2}]}).data) == [1, 3, 2]


def test_items_are_added_to_a_wishlist_and_taken_off_it(jane: Shop) -> None:
    """Both replies are the whole wishlist."""
    added = jane.post(f"{PATH}/1/items", {"items": [{"product_id": 3}, {"product_id": 1}], "name": "No"})
    assert (added.status, products(added.data), added.data["name"]) == (201, [1, 2, 3, 1], "Tools")
    assert added.headers["location"].endswith("/v3/wishlists/1")
    dropped = jane.delete(f"{PATH}/1/items/2")
    assert (dropped.status, products(dropped.data)) == (200, [1, 3, 1])
    assert jane.get(f"{PATH}/1").data == dropped.data


LISTED = [
    ("", [1, 2, 3], 3),
    ("?customer_id=2", [2, 3], 2),
    ("?customer_id=2&limit=1&page=2", [3], 2),
    ("?customer_id=9", [], 0),
    ("?limit=2", [1, 2], 3),
]


@pytest.mark.parametrize(("query", "ids", "total"), LISTED)
def test_a_list_shows_the_wishlists_of_a_customer_page_by_page(
    jane: Shop, query: str, ids: list[int], total: int
) -> None:
    for name in ("Second", "Third"):
        jane.post(PATH, {"customer_id": 2, "name": name})
    reply = jane.get(PATH + query)
    assert [wishlist["id"] for wishlist in reply.data] == ids
    assert reply.json["meta"]["pagination"]["total"] == total


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", PATH, {"name": "Tools"}, 422, "FIELD_MISSING"),
    ("POST", PATH, {"customer_id": 1}, 422, "FIELD_MISSING"),
    ("POST", PATH, {"customer_id": 9, "name": "Tools"}, 409, "DANGLING_REFERENCE"),
    ("POST", PATH, {"customer_id": 1, "name": "", "is_public": 7}, 422, "FIELD_INVALID"),
    ("POST", PATH, {"customer_id": 1, "name": "A", "items": [{}]}, 422, "FIELD_MISSING"),
    ("POST", PATH, {"customer_id": 1, "name": "A", "items": [{"product_id": 9}]}, 409, "DANGLING_REFERENCE"),
    ("POST", f"{PATH}/1/items", {"items": [{"product_id": 3}, {"product_id": 9}]}, 409, "DANGLING_REFERENCE"),
    ("POST", f"{PATH}/1/items", {"items": [{"product_id": 1, "variant_id": 9}]}, 409, "DANGLING_REFERENCE"),
    ("POST", f"{PATH}/1/items", {"items": [{"product_id": 1, "variant_id": 2}]}, 422, "FIELD_INVALID"),
    ("POST", f"{PATH}/9/items", {"items": [{"product_id": 1}]}, 404, "NO_SUCH_ENTITY"),
    ("PUT", f"{PATH}/1", {"items": [{"id": 9, "product_id": 1}]}, 404, "NO_SUCH_ENTITY"),
    ("PUT", f"{PATH}/1", {"items": [{"id": 1, "product_id": 9}]}, 409, "DANGLING_REFERENCE"),
    ("PUT", f"{PATH}/2", {"items": [{"id": 1, "product_id": 3}]}, 404, "NO_SUCH_ENTITY"),
    ("PUT", f"{PATH}/9", {"name": "A"}, 404, "NO_SUCH_ENTITY"),
    ("GET", f"{PATH}/9", None, 404, "NO_SUCH_ENTITY"),
    ("DELETE", f"{PATH}/1/items/9", None, 404, "NO_SUCH_ENTITY"),
    ("DELETE", f"{PATH}/2/items/1", None, 404, "NO_SUCH_ENTITY"),
    ("GET", f"{PATH}?customer_id:like=1", None, 422, "FILTER_REFUSED"),
    ("GET", f"{PATH}?customer_id=jane", None, 422, "QUERY_INVALID"),
    ("GET", f"{PATH}/1/items", None, 405, "METHOD_NOT_ALLOWED"),
    ("DELETE", PATH, None, 405, "METHOD_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    jane: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    jane.post(PATH, {"customer_id": 2, "name": "Empty"})
    before = jane.get(PATH).body
    reply = jane.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert jane.get(PATH).body == before


def test_a_wishlist_goes_with_its_items(jane: Shop) -> None:
    assert jane.delete(f"{PATH}/1").status == 204
    assert (jane.rows("wishlists"), jane.rows("wishlist_items")) == (0, 0)


def test_a_wishlist_goes_with_its_customer(jane: Shop) -> None:
    jane.post(PATH, {"customer_id": 2, "name": "John's", "items": [{"product_id": 1}]})
    assert jane.delete("/v3/customers?id:in=1").status == 204
    reply = jane.get(PATH)
    assert [wishlist["id"] for wishlist in reply.data] == [2]
    assert (reply.json["meta"]["pagination"]["total"], jane.rows("wishlist_items")) == (1, 1)


def test_an_item_goes_with_its_product_and_the_entity_tag_tells_it(jane: Shop) -> None:
    jane.post(f"{PATH}/1/items", {"items": [{"product_id": 1, "variant_id": 1}]})
    before = jane.get(f"{PATH}/1").headers["etag"]
    assert jane.delete("/v3/catalog/products/1").status == 204
    after = jane.get(f"{PATH}/1", headers={"If-None-Match": before})
    assert (after.status, products(after.data)) == (200, [2])


def test_a_lost_update_is_refused(jane: Shop) -> None:
    """RFC 9110 13.1.1: an item that was added meanwhile changes the wishlist."""
    etag = {"If-Match": jane.get(f"{PATH}/1").headers["etag"]}
    added = jane.post(f"{PATH}/1/items", {"items": [{"product_id": 3}]})
    assert jane.put(f"{PATH}/1", {"name": "Mine"}, headers=etag).status == 412
    assert jane.post(f"{PATH}/1/items", {"items": [{"product_id": 3}]}, headers=etag).status == 412
    now = {"If-Match": added.headers["etag"]}
    assert jane.put(f"{PATH}/1", {"name": "Mine"}, headers=now).status == 200


def test_wishlists_need_the_scope_of_customers(jane: Shop) -> None:
    reader = jane.account("store_v2_customers_read_only")
    assert jane.get(PATH, token=reader).status == 200
    assert jane.delete(f"{PATH}/1/items/1", token=reader).reason == "SCOPE_MISSING"
    stranger = jane.account("store_v2_products")
    assert jane.get(PATH, token=stranger).reason == "SCOPE_MISSING"


def test_no_event_is_published_of_wishlists(jane: Shop) -> None:
    jane.watch()
    jane.post(PATH, {"customer_id": 1, "name": "Quiet", "items": [{"product_id": 1}]})
    jane.delete(f"{PATH}/1")
    assert jane.events() == []


def test_a_wishlist_that_is_gone_is_deleted_again_without_a_complaint(jane: Shop) -> None:
    """Published with 204 alone; clients delete a customer, and then the wishlists that went with them."""
    before = jane.rows("wishlists")
    assert jane.delete(f"{PATH}/99").status == 204
    assert jane.rows("wishlists") == before
