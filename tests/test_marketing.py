"""Coupons, gift certificates and banners (rules 1 to 4, 7, 17 to 19, 22, 105 to 107)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shop import Shop
from statistics_check import check_statistics

COUPONS, GIFTS, BANNERS = "/v2/coupons", "/v2/gift_certificates", "/v2/banners"
NOW = 1_795_341_600  # 2026-11-22T10:00:00Z
FIVE_OFF: dict[str, Any] = {
    "name": "$5 off", "code": "S2549JM0Y", "type": "per_total_discount", "amount": "5",
    "applies_to": {"entity": "categories", "ids": [0]},
}  # fmt: skip
GIFT: dict[str, Any] = {
    "to_name": "John", "to_email": "john@shop.test", "from_name": "Jane", "from_email": "jane@shop.test", "amount": 10,
}  # fmt: skip
BANNER: dict[str, Any] = {
    "name": "Sale", "content": "<p>Sale</p>", "page": "home_page", "location": "top", "date_type": "always",
}  # fmt: skip


def test_a_coupon_goes_in_and_comes_out(shop: Shop) -> None:
    """Rules 16 and 17."""
    shop.freeze(NOW)
    made = shop.post(COUPONS, {**FIVE_OFF, "expires": "Tue, 01 Dec 2026 00:00:00 +0000", "max_uses": "3"})
    assert (made.status, made.headers["location"]) == (201, f"https://localhost:8443/stores/{shop.name}{COUPONS}/1")
    assert made.json == {
        "id": 1, "name": "$5 off", "type": "per_total_discount", "amount": "5.0000", "min_purchase": "0.0000",
        "expires": "Tue, 01 Dec 2026 00:00:00 +0000", "enabled": True, "code": "S2549JM0Y",
        "applies_to": {"entity": "categories", "ids": [0]}, "num_uses": 0, "max_uses": 3, "max_uses_per_customer": 0,
        "restricted_to": [], "shipping_methods": [], "date_created": "Sun, 22 Nov 2026 10:00:00 +0000",
    }  # fmt: skip
    assert shop.get(COUPONS + "/1").json == made.json
    assert shop.get(COUPONS).json == [made.json]
    assert b"<applies_to><entity>categories</entity><ids><value>0</value></ids>" in shop.get(COUPONS + "/1.xml").body


def test_a_put_that_does_not_say_what_a_coupon_applies_to_clears_it(shop: Shop) -> None:
    """Rule 105."""
    hammer, saw, tools = shop.product(name="Hammer"), shop.product(name="Saw"), shop.category()
    shop.post(COUPONS, {**FIVE_OFF, "applies_to": {"entity": "products", "ids": [hammer, str(saw)]}})
    assert shop.get(COUPONS + "/1").json["applies_to"] == {"entity": "products", "ids": [hammer, saw]}
    changed = shop.put(COUPONS + "/1", {"amount": 6}).json
    assert (changed["amount"], changed["applies_to"]) == ("6.0000", {"entity": "products", "ids": []})
    kept = shop.put(COUPONS + "/1", {"applies_to": {"entity": "categories", "ids": [tools]}, "enabled": False}).json
    assert (kept["applies_to"]["ids"], kept["enabled"], kept["name"]) == ([tools], False, "$5 off")


def test_a_coupon_names_only_shipping_methods_that_are_enabled(shop: Shop) -> None:
    """Rule 105; one that is disabled later stays named."""
    body = {**FIVE_OFF, "shipping_methods": ["shipping_perorder"]}
    refused = shop.post(COUPONS, body)
    assert (refused.status, refused.reason) == (400, "FIELD_INVALID")
    shop.post("/v2/shipping/zones", {"name": "World", "type": "global"})
    shop.post("/v2/shipping/zones/1/methods", {"name": "Flat", "type": "perorder", "settings": {"rate": 1}})
    assert shop.post(COUPONS, body).json["shipping_methods"] == ["shipping_perorder"]
    shop.put("/v2/shipping/zones/1/methods/1", {"enabled": False})
    assert shop.put(COUPONS + "/1", body | {"amount": 7}).status == 200


LISTED = [
    ("id=2", ["TWO"]),
    ("code=two", ["TWO"]),
    ("name=Coupon%20three", ["THREE"]),
    ("type=free_shipping", ["THREE"]),
    ("exclude_type=free_shipping", ["ONE", "TWO"]),
    ("exclude_type=promotion&min_id=2&max_id=3", ["TWO", "THREE"]),
    ("limit=1&page=2", ["TWO"]),
    ("type=promotion", []),
    ("colour=red", ["ONE", "TWO", "THREE"]),
]


@pytest.mark.parametrize(("query", "codes"), LISTED)
def test_a_list_shows_what_was_asked_for(shop: Shop, query: str, codes: list[str]) -> None:
    for code, kind in (("ONE", "per_item_discount"), ("TWO", "percentage_discount"), ("THREE", "free_shipping")):
        reply = shop.post(COUPONS, {**FIVE_OFF, "code": code, "name": f"Coupon {code.lower()}", "type": kind})
        assert reply.status == 201
    reply = shop.get(f"{COUPONS}?{query}")
    assert [coupon["code"] for coupon in (reply.json if codes else [])] == codes
    assert shop.get(COUPONS + "/count").json == {"count": 3}


def test_coupons_are_deleted_by_id_or_all(shop: Shop) -> None:
    """Rules 22 and 24; a filter that is not known would delete too much."""
    for number in range(4):
        shop.post(COUPONS, {**FIVE_OFF, "code": f"C{number}", "name": f"Coupon {number}"})
    assert shop.delete(COUPONS + "?code=C1").reason == "FILTER_REFUSED"
    assert shop.delete(COUPONS + "?id:in=1,2,99").status == 204
    assert shop.get(COUPONS + "/count").json == {"count": 2}
    assert shop.delete(COUPONS + "/3").status == 204
    assert shop.delete(COUPONS).status == 204
    assert (shop.get(COUPONS).status, shop.rows("coupons")) == (204, 0)
    check_statistics(shop)


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", COUPONS, {"name": "None"}, 400, "FIELD_MISSING", "applies_to"),
    ("POST", COUPONS, {**FIVE_OFF, "name": "B", "code": "A+B"}, 400, "FIELD_INVALID", "code"),
    ("POST", COUPONS, {**FIVE_OFF, "name": "B", "code": " "}, 400, "FIELD_INVALID", "code"),
    ("POST", COUPONS, {**FIVE_OFF, "name": "B", "code": "A" * 51}, 400, "FIELD_INVALID", "code"),
    ("POST", COUPONS, {**FIVE_OFF, "amount": "-1"}, 400, "FIELD_INVALID", "amount"),
    ("POST", COUPONS, {**FIVE_OFF, "type": "percentage_discount", "amount": 101}, 400, "FIELD_INVALID", "amount"),
    ("POST", COUPONS, {**FIVE_OFF, "applies_to": {"ids": [1]}}, 400, "FIELD_INVALID", "applies_to"),
    ("POST", COUPONS, {**FIVE_OFF, "applies_to": {"entity": "brands"}}, 400, "FIELD_INVALID", "applies_to"),
    ("POST", COUPONS, {**FIVE_OFF, "restricted_to": {"countries": "XX"}}, 400, "FIELD_INVALID", "restricted_to"),
    ("POST", COUPONS, {**FIVE_OFF, "num_uses": 1}, 400, "FIELD_READ_ONLY", "num_uses"),
    ("POST", COUPONS, {**FIVE_OFF, "name": "B", "code": "s2549jm0y"}, 409, "DUPLICATE", "code"),
    ("POST", COUPONS, {**FIVE_OFF, "name": "$5 OFF", "code": "B"}, 409, "DUPLICATE", "name"),
    ("PUT", COUPONS + "/1", {"date_created": ""}, 400, "FIELD_READ_ONLY", "date_created"),
    ("POST", GIFTS, {"amount": 1}, 400, "FIELD_MISSING", "from_email"),
    ("POST", GIFTS, {**GIFT, "to_email": "john"}, 400, "FIELD_INVALID", "to_email"),
    ("POST", GIFTS, {**GIFT, "amount": 0}, 400, "FIELD_INVALID", "amount"),
    ("POST", GIFTS, {**GIFT, "status": "spent"}, 400, "FIELD_INVALID", "status"),
    ("POST", GIFTS, {**GIFT, "currency_code": "EUR"}, 400, "FIELD_INVALID", "currency_code"),
    ("POST", GIFTS, {**GIFT, "order_id": 1}, 400, "FIELD_READ_ONLY", "order_id"),
    ("POST", GIFTS, {**GIFT, "message": "x" * 251}, 400, "FIELD_INVALID", "message"),
    ("POST", GIFTS, {**GIFT, "code": "mine"}, 409, "DUPLICATE", "code"),
    ("GET", GIFTS + "?sort=amount", None, 400, "QUERY_INVALID", "sort"),
    ("GET", GIFTS + "/count", None, 404, "NO_SUCH_RESOURCE", ""),
    ("POST", BANNERS, {"name": "Sale"}, 400, "FIELD_MISSING", "date_type"),
    ("POST", BANNERS, {**BANNER, "page": "cart_page"}, 400, "FIELD_INVALID", "page"),
    ("POST", BANNERS, {**BANNER, "date_type": "custom"}, 400, "FIELD_INVALID", "date_from"),
    (
        "POST", BANNERS, {**BANNER, "date_type": "custom", "date_from": "2026-12-02", "date_to": "2026-12-01"},
        400, "FIELD_INVALID", "date_to",
    ),
    ("POST", BANNERS, {**BANNER, "page": "category_page"}, 400, "FIELD_INVALID", "item_id"),
    ("POST", BANNERS, {**BANNER, "page": "brand_page", "item_id": "9"}, 400, "DANGLING_REFERENCE", "9"),
    ("POST", BANNERS, {**BANNER, "visible": "maybe"}, 400, "FIELD_INVALID", "visible"),
    ("PUT", BANNERS + "/1", {"date_created": "0"}, 400, "FIELD_READ_ONLY", "date_created"),
    ("DELETE", BANNERS + "?name=Sale", None, 400, "FILTER_REFUSED", "name"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "told"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, told: str
) -> None:
    """Rules 1 to 4, 105 to 107."""
    for where, what in ((COUPONS, FIVE_OFF), (GIFTS, {**GIFT, "code": "MINE"}), (BANNERS, BANNER)):
        assert shop.post(where, what).status in (200, 201)
    before = [shop.get(where).body for where in (COUPONS, GIFTS, BANNERS)]
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert told in reply.body.decode()
    assert [shop.get(where).body for where in (COUPONS, GIFTS, BANNERS)] == before


def test_a_gift_certificate_completes_itself(shop: Shop) -> None:
    """Rule 106: code, balance, date and currency follow; dates are seconds since 1970."""
    shop.freeze(NOW)
    made = shop.post(GIFTS, GIFT)
    assert made.status == 201
    assert re.fullmatch(r"([A-Z2-9]{3}-){3}[A-Z2-9]{3}", made.json["code"])
    assert {**made.json, "code": ""} == {
        "id": 1, "customer_id": 0, "order_id": 0, "code": "", "to_name": "John", "to_email": "john@shop.test",
        "from_name": "Jane", "from_email": "jane@shop.test", "amount": "10.0000", "balance": "10.0000",
        "status": "active", "template": "", "message": "", "purchase_date": str(NOW), "expiry_date": "0",
        "currency_code": "USD",
    }  # fmt: skip
    other = shop.post(GIFTS, {**GIFT, "code": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "balance": 4, "template": "boy.html"}).json
    assert (other["code"], other["balance"], other["template"]) == ("ABCDEFGHIJKLMNOPQRST", "4.0000", "boy.html")
    changed = shop.put(GIFTS + "/2", {"expiry_date": "Mon, 02 Jan 2023 08:45:38 CST", "status": "expired", "code": ""})
    assert (changed.json["expiry_date"], changed.json["status"]) == ("1672670738", "expired")
    assert (changed.json["code"], changed.json["balance"]) == (other["code"], "4.0000")
    again = shop.put(GIFTS + "/2", {"expiry_date": changed.json["expiry_date"], "purchase_date": "1603306"}).json
    assert (again["expiry_date"], again["purchase_date"]) == ("1672670738", "1603306")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("code=two", [2]),
        ("to_name=John&min_id=2", [2, 3]),
        ("to_email=x@y.test", [3]),
        ("from_email=jane@shop.test&limit=1", [1]),
        ("sort=id&direction=desc", [3, 2, 1]),
        ("order_id=0", [1, 2, 3]),
    ],
)
def test_gift_certificates_are_found(shop: Shop, query: str, ids: list[int]) -> None:
    for more in ({"code": "ONE"}, {"code": "TWO"}, {"to_email": "x@y.test"}):
        shop.post(GIFTS, {**GIFT, **more})
    assert [gift["id"] for gift in shop.get(f"{GIFTS}?{query}").json] == ids
    assert (shop.delete(GIFTS).status, shop.rows("gift_certificates")) == (204, 0)  # rule 22


def test_a_banner_is_shown_in_the_old_form(shop: Shop) -> None:
    """Numbers, flags and dates as text; a create answers 200."""
    shop.freeze(NOW)
    brand = shop.brand()
    made = shop.post(BANNERS, {**BANNER, "page": "brand_page", "item_id": brand, "visible": 0})
    assert made.status == 200
    assert made.json == {
        "id": 1, "name": "Sale", "content": "<p>Sale</p>", "page": "brand_page", "item_id": str(brand),
        "location": "top", "date_created": str(NOW), "date_type": "always", "date_from": "0", "date_to": "0",
        "visible": "0",
    }  # fmt: skip
    week = {"date_type": "custom", "date_from": "Tue, 01 Dec 2026 00:00:00 +0000", "date_to": "1796688000"}
    changed = shop.put(BANNERS + "/1", week | {"visible": "1"}).json
    assert (changed["date_from"], changed["date_to"], changed["visible"]) == ("1796083200", "1796688000", "1")
    shop.delete("/v3/catalog/brands?name=Acme")
    assert shop.put(BANNERS + "/1", {"name": "Big sale"}).json["name"] == "Big sale"
    shop.post(BANNERS, BANNER)
    assert [banner["id"] for banner in shop.get(BANNERS + "?min_id=2").json] == [2]
    assert shop.get(BANNERS + "/count").json == {"count": 2}
    assert (shop.delete(BANNERS).status, shop.rows("banners")) == (204, 0)


@pytest.mark.parametrize("path", [COUPONS, GIFTS, BANNERS])
def test_marketing_has_a_scope(shop: Shop, path: str) -> None:
    assert shop.get(path, token=shop.account("store_v2_marketing_read_only")).status == 204
    assert shop.get(path, token=shop.account("store_v2_content")).reason == "SCOPE_MISSING"
