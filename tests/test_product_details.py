"""Custom fields, bulk pricing rules, videos, reviews and search attributes of a product, in both versions."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.catalog import bulk_pricing, custom_fields
from shop import Shop

V3 = "/v3/catalog/products/1"
V2 = "/v2/products/1"
FIELD = {"name": "Made in", "value": "Portugal"}
RULE = {"quantity_min": 10, "quantity_max": 19, "type": "percent", "amount": 5}
FAR = {"quantity_min": 40, "quantity_max": 50}
VIDEO = {"title": "How it works", "video_id": "UmhvxsOwhqk"}
REVIEW = {"title": "Good", "text": "Does it.", "rating": 4, "name": "Ann", "date_reviewed": "2026-01-02T03:04:05Z"}

SAME = [
    # what V3 writes, where; what V2 reads, where
    (
        "custom-fields", FIELD,
        "custom_fields/1", {"id": 1, "product_id": 1, "name": "Made in", "text": "Portugal"},
    ),
    (
        "bulk-pricing-rules", RULE,
        "discount_rules/1",
        {"id": "1", "product_id": 1, "min": 10, "max": 19, "type": "percent", "type_value": "5.0000"},
    ),
    (
        "videos", {**VIDEO, "sort_order": 3},
        "videos/UmhvxsOwhqk",
        {
            "id": "UmhvxsOwhqk", "product_id": 1, "sort_order": 3, "name": "How it works",
            "url": "https://www.youtube.com/watch?v=UmhvxsOwhqk",
        },
    ),
    (
        "reviews", {**REVIEW, "status": "approved"},
        "reviews/1",
        {
            "id": 1, "product_id": 1, "author": "Ann", "date_created": "Fri, 02 Jan 2026 03:04:05 +0000", "rating": 4,
            "title": "Good", "review": "Does it.", "status": 1,
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "other", "shown"), SAME, ids=[row[0] for row in SAME])
def test_what_one_version_writes_the_other_reads(shop: Shop, path: str, body: Any, other: str, shown: Any) -> None:
    """Rules 67, 66, 69 and 70; the status of a create in V3 is the documented 200."""
    shop.product()
    made = shop.post(f"{V3}/{path}", body)
    assert made.status == 200, made.body
    assert shop.get(f"{V3}/{path}/1").data == made.data
    assert shop.get(f"{V3}/{path}").data == [made.data]
    assert shop.get(f"{V2}/{other}").json == shown
    collection = other.partition("/")[0]
    assert shop.get(f"{V2}/{collection}").json == [shown]
    assert shop.get(f"{V2}/{collection}/count").json == {"count": 1}
    assert shop.delete(f"{V2}/{other}").status == 204
    assert shop.get(f"{V3}/{path}/1").status == 404


WRITTEN_IN_V2 = [
    ("custom_fields", {"name": "Made in", "text": "Portugal"}, "custom-fields", {"id": 1, **FIELD}),
    (
        "discount_rules", {"min": 10, "max": 19, "type": "percent", "type_value": "5"},
        "bulk-pricing-rules", {"id": 1, **RULE},
    ),
    (
        "videos", {"url": "http://www.youtube.com/watch?v=UmhvxsOwhqk&t=3", "name": "How it works"},
        "videos",
        {**VIDEO, "id": 1, "product_id": 1, "sort_order": 0, "description": "", "type": "youtube", "length": ""},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "other", "shown"), WRITTEN_IN_V2, ids=[row[0] for row in WRITTEN_IN_V2])
def test_v2_writes_what_v3_reads(shop: Shop, path: str, body: Any, other: str, shown: Any) -> None:
    """Rules 66, 67 and 69."""
    shop.product()
    assert shop.post(f"{V2}/{path}", body).status == 201
    assert shop.get(f"{V3}/{other}/1").data == shown


def test_a_review_of_v2_is_dated_now_and_pending(shop: Shop) -> None:
    """Rule 70"""
    shop.freeze(1_767_225_600)
    shop.product()
    made = shop.post(f"{V2}/reviews", {"author": "Ann", "rating": 5, "title": "Good", "review": "Yes"})
    assert (made.status, made.json["status"]) == (201, 0)
    assert made.json["date_created"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert shop.get(f"{V3}/reviews/1").data["status"] == "pending"


def test_approved_reviews_count_for_their_product(shop: Shop) -> None:
    """Rule 70: its number of reviews and the sum of their ratings follow every change."""

    def counted() -> tuple[int, int]:
        product = shop.get(V3).data
        return product["reviews_count"], product["reviews_rating_sum"]

    shop.product()
    shop.post(f"{V3}/reviews", {**REVIEW, "status": "approved"})
    shop.post(f"{V3}/reviews", {**REVIEW, "rating": 1})
    assert counted() == (1, 4)
    shop.put(f"{V3}/reviews/2", {"status": "approved"})
    assert counted() == (2, 5)
    shop.put(f"{V3}/reviews/1", {"rating": 2})
    assert counted() == (2, 3)
    shop.delete(f"{V3}/reviews/2")
    assert counted() == (1, 2)
    shop.delete(f"{V2}/reviews")
    assert counted() == (0, 0)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", f"{V3}/custom-fields", {"name": "Made in"}, 422, "FIELD_MISSING"),
    ("POST", f"{V3}/custom-fields", {**FIELD, "name": "x" * 251}, 422, "FIELD_INVALID"),
    ("POST", f"{V3}/custom-fields", FIELD, 409, "DUPLICATE"),  # rule 67
    ("PUT", f"{V2}/custom_fields/1", {"name": "Made"}, 400, "FIELD_MISSING"),  # both, on every write
    ("POST", f"{V2}/custom_fields", {"name": "A", "text": "b", "product_id": 1}, 400, "FIELD_READ_ONLY"),
    ("POST", f"{V3}/bulk-pricing-rules", {**RULE, "quantity_min": 19, "quantity_max": 30}, 409, "DUPLICATE"),  # rule 66
    ("POST", f"{V3}/bulk-pricing-rules", {**RULE, "quantity_min": 5, "quantity_max": 0}, 409, "DUPLICATE"),
    ("POST", f"{V3}/bulk-pricing-rules", {**RULE, "quantity_min": 40, "quantity_max": 30}, 422, "FIELD_INVALID"),
    ("POST", f"{V3}/bulk-pricing-rules", {**RULE, **FAR, "amount": 101}, 422, "FIELD_INVALID"),
    ("PUT", f"{V2}/discount_rules/1", {"type": "price"}, 400, "FIELD_MISSING"),  # rule 66
    ("POST", f"{V3}/videos", {"title": "None"}, 422, "FIELD_MISSING"),
    ("POST", f"{V3}/videos", {"video_id": "https://vimeo.com/1"}, 422, "FIELD_INVALID"),  # rule 69
    ("POST", f"{V3}/videos", VIDEO, 409, "DUPLICATE"),
    ("POST", f"{V2}/videos", {"url": "https://example.com/watch?v=UmhvxsOwhqk"}, 400, "FIELD_INVALID"),
    ("POST", f"{V3}/reviews", {**REVIEW, "rating": 6}, 422, "FIELD_INVALID"),  # rule 70
    ("POST", f"{V2}/reviews", {"author": "A", "title": "T", "review": "R", "rating": 0}, 400, "FIELD_INVALID"),
    ("PUT", f"{V2}/reviews/1", {"status": 3}, 400, "FIELD_INVALID"),
    ("GET", "/v3/catalog/products/9/reviews", None, 404, "NO_SUCH_ENTITY"),
    ("POST", "/v3/catalog/products/9/custom-fields", FIELD, 404, "NO_SUCH_ENTITY"),
    ("GET", "/v3/catalog/products/2/custom-fields/1", None, 404, "NO_SUCH_ENTITY"),
    ("PUT", "/v3/catalog/products/2/reviews/1", {"rating": 1}, 404, "NO_SUCH_ENTITY"),
    ("DELETE", "/v2/products/2/videos/UmhvxsOwhqk", None, 404, "NO_SUCH_ENTITY"),
    ("PUT", V3, {"custom_fields": [{"name": "x"}]}, 422, "FIELD_MISSING"),
    ("PUT", V3, {"videos": "none"}, 422, "FIELD_INVALID"),
    ("PUT", "/v3/catalog/products/2", {"custom_fields": [{"id": 1, "value": "Spain"}]}, 404, "NO_SUCH_ENTITY"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Each fault in its version's status."""
    shop.product()
    shop.product("Saw")
    for name, draft in (("custom-fields", FIELD), ("bulk-pricing-rules", RULE), ("videos", VIDEO), ("reviews", REVIEW)):
        assert shop.post(f"{V3}/{name}", draft).status == 200
    every = "custom_fields,bulk_pricing_rules,videos,reviews"
    before = shop.get(f"/v3/catalog/products?include={every}").body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert shop.get(f"/v3/catalog/products?include={every}").body == before


def test_children_come_with_a_product_and_go_with_it(shop: Shop) -> None:
    """One request makes all; the reply shows what it brought; counts and totals know what went."""
    body = {"name": "Saw", "type": "physical", "price": 1, "weight": 1}
    made = shop.post(
        "/v3/catalog/products", {**body, "custom_fields": [FIELD], "bulk_pricing_rules": [RULE], "videos": [VIDEO]}
    )
    assert made.status == 200, made.body
    assert made.data["custom_fields"] == [{"id": 1, **FIELD}]
    assert made.data["bulk_pricing_rules"] == [{"id": 1, **RULE}]
    assert [video["video_id"] for video in made.data["videos"]] == [VIDEO["video_id"]]
    shop.post(f"{V3}/reviews", REVIEW)
    shown = shop.get("/v3/catalog/products?include=custom_fields,videos,reviews").data[0]
    assert [len(shown[name]) for name in ("custom_fields", "videos", "reviews")] == [1, 1, 1]
    assert shop.delete(V3).status == 204
    assert shop.get("/v2/products/custom_fields/count").json == {"count": 0}
    assert [shop.rows(name) for name in ("custom_fields", "bulk_pricing_rules", "videos", "reviews")] == [0, 0, 0, 0]


def test_an_update_changes_the_children_it_names_and_adds_the_others(shop: Shop) -> None:
    """Children that the list does not name stay."""
    shop.product()
    shop.post(f"{V3}/custom-fields", FIELD)
    shop.post(f"{V3}/custom-fields", {"name": "Colour", "value": "red"})
    reply = shop.put(V3, {"custom_fields": [{"id": 1, "value": "Spain"}, {"name": "Size", "value": "L"}]})
    assert reply.status == 200
    assert [field["value"] for field in reply.data["custom_fields"]] == ["Spain", "red", "L"]


def test_a_duplicate_child_refuses_the_whole_product(shop: Shop) -> None:
    """Nothing of a refused write stays."""
    body = {"name": "Saw", "type": "physical", "price": 1, "weight": 1}
    reply = shop.post("/v3/catalog/products", {**body, "custom_fields": [FIELD, FIELD]})
    assert (reply.status, reply.reason) == (409, "DUPLICATE")
    assert (shop.rows("products"), shop.rows("custom_fields")) == (0, 0)


def test_the_rules_of_one_body_are_compared_once_and_as_they_will_be(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule 66, for a list: no query for each of its items, and two rules may change places."""
    product = "/v3/catalog/products/1"
    shop.product()
    low, high = {**RULE, "quantity_min": 1, "quantity_max": 9}, RULE

    def send(*rules: dict[str, Any]) -> tuple[int, str, Any]:
        reply = shop.put(product, {"bulk_pricing_rules": list(rules)})
        kept = shop.get(f"{product}?include=bulk_pricing_rules").data["bulk_pricing_rules"]
        return reply.status, reply.reason, [(rule["id"], rule["quantity_min"]) for rule in kept]

    async def asked(*_: Any) -> Any:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(bulk_pricing, "_overlapping", asked)
        assert send(high, low) == (200, "", [(2, 1), (1, 10)])
        both = [(2, 1), (1, 10)]
        assert send({**RULE, **FAR}, {**RULE, **FAR}) == (409, "DUPLICATE", both)
        assert send({**RULE, "quantity_min": 5, "quantity_max": 7}) == (409, "DUPLICATE", both)
        assert send({**RULE, **FAR, "amount": 101}, {**RULE, **FAR}) == (422, "FIELD_INVALID", both)
        assert send({"id": 1, "quantity_min": 1, "quantity_max": 9}) == (409, "DUPLICATE", both)
        assert send({**low, "id": 1}, {**high, "id": 2}) == (200, "", [(1, 1), (2, 10)])
    reply = shop.post(f"{product}/bulk-pricing-rules", {**RULE, "quantity_min": 15, "quantity_max": 40})
    assert (reply.status, reply.reason) == (409, "DUPLICATE")


def test_the_platform_caps_the_custom_fields_of_a_product(shop: Shop) -> None:
    """Rule 67: 200 a product, over -> 403."""
    assert custom_fields.TABLE.cap_within == ("product_id", 200)
    shop.redeclare(custom_fields.TABLE, cap_within=("product_id", 2))
    shop.product()
    shop.product("Saw")
    for number in range(2):
        assert shop.post(f"{V3}/custom-fields", {"name": f"{number}", "value": "x"}).status == 200
    reply = shop.post(f"{V3}/custom-fields", FIELD)
    assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
    assert shop.post("/v3/catalog/products/2/custom-fields", FIELD).status == 200


def test_v2_changes_a_videos_address_and_so_its_id(shop: Shop) -> None:
    """Rule 69"""
    shop.product()
    shop.post(f"{V2}/videos", {"url": "https://youtu.be/UmhvxsOwhqk"})
    changed = shop.put(f"{V2}/videos/UmhvxsOwhqk", {"url": "https://youtu.be/dQw4w9WgXcQ"})
    assert (changed.status, changed.json["id"]) == (200, "dQw4w9WgXcQ")
    assert shop.get(f"{V2}/videos/UmhvxsOwhqk").status == 404
    assert shop.get(f"{V3}/videos/1").data["video_id"] == "dQw4w9WgXcQ"


def test_names_that_clients_call_directly_are_served(shop: Shop) -> None:
    """contract/wire.md 1: aliases are answered, not redirected."""
    shop.product()
    assert shop.post(f"{V2}/customfields", {"name": "A", "text": "b"}).status == 201
    assert shop.post(f"{V2}/discountrules", {"type": "price", "type_value": 1}).status == 201
    assert shop.get("/v2/products/customfields/count").json == {"count": 1}


def test_search_attributes_tell_what_the_product_knows(shop: Shop) -> None:
    """Read-only in V2."""
    shop.product(gtin="123", mpn="M-1")
    shown = shop.get(f"{V2}/googleproductsearch").json
    assert (shown["product_id"], shown["global_trade_item_number"]) == (1, "123")
    assert (shown["manufacturer_part_number"], shown["custom_item"], shown["enabled"]) == ("M-1", False, False)
    assert shop.put(f"{V2}/googleproductsearch", {}).status == 405
