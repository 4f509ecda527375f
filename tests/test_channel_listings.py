"""Listings of channels: lists of products with their variants, pages by `after`."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from statistics_check import check_statistics

CHANNELS = "/v3/channels"
PATH = CHANNELS + "/2/listings"
MARKET = {"name": "Market", "type": "marketplace", "platform": "custom"}
MEMBERS = [
    "channel_id", "listing_id", "external_id", "product_id", "state", "name", "description", "date_created",
    "date_modified", "variants",
]  # fmt: skip
LATER = 2_000_000_000  # 2033-05-18T03:33:20Z


def product(shop: Shop, name: str, *sizes: str) -> tuple[int, list[int]]:
    """A product, and its variants by size, or its base variant."""
    made = shop.post("/v3/catalog/products", {"name": name, "type": "physical", "weight": 1, "price": 1}).data
    one = f"/v3/catalog/products/{made['id']}"
    if sizes:
        values = [{"label": size, "sort_order": place} for place, size in enumerate(sizes)]
        option = {"display_name": "Size", "type": "rectangles", "option_values": values}
        shop.post(one + "/options", option)
        for size in sizes:
            words = [{"option_display_name": "Size", "label": size}]
            assert shop.post(one + "/variants", {"sku": f"{name}-{size}", "option_values": words}).status == 200
    return made["id"], [variant["id"] for variant in shop.get(one + "/variants").data]


def listing(product_id: int, variants: list[int], state: str = "active", **more: Any) -> dict[str, Any]:
    """The body of a listing."""
    listed = [{"product_id": product_id, "variant_id": variant, "state": state} for variant in variants]
    return {"product_id": product_id, "state": state, "variants": listed, **more}


@pytest.fixture
def market(shop: Shop) -> Shop:
    """A store with a marketplace, channel 2, and two products: 1 with one variant, 2 with three."""
    shop.post(CHANNELS, MARKET)
    product(shop, "Hat")
    product(shop, "Shirt", "S", "M", "L")
    return shop


def shirts(shop: Shop) -> list[int]:
    """The variants of product 2."""
    return [variant["id"] for variant in shop.get("/v3/catalog/products/2/variants").data]


def hat(shop: Shop) -> dict[str, Any]:
    """The body of a listing of product 1."""
    (variant,) = (variant["id"] for variant in shop.get("/v3/catalog/products/1/variants").data)
    return listing(1, [variant])


def test_listings_are_made_shown_and_counted(market: Shop) -> None:
    first, second, _third = shirts(market)
    made = market.post(PATH, [hat(market), listing(2, [first, second], "pending", name="Tee", external_id="x")])
    assert made.status == 200
    assert [list(one) for one in made.data] == [MEMBERS] * 2
    assert [(one["listing_id"], one["channel_id"], one["name"], one["state"]) for one in made.data] == [
        (1, 2, "", "active"), (2, 2, "Tee", "pending"),
    ]  # fmt: skip
    assert [variant["variant_id"] for variant in made.data[1]["variants"]] == [first, second]
    assert {"channel_id": 2, "product_id": 2, "state": "pending"}.items() <= made.data[1]["variants"][0].items()
    page = {"count": 2, "total": 2, "links": {"current": "?limit=1000"}, "total_pages": 1}
    assert made.json["meta"]["pagination"] == page
    shown = market.get(PATH)
    assert (shown.data, shown.json["meta"]["pagination"]) == (made.data, page)
    assert market.get(PATH + "/2").json == {"data": made.data[1], "meta": {}}
    assert market.get(CHANNELS + "/1/listings").data == []
    assert market.get(CHANNELS + "/1/listings/2").status == 404
    check_statistics(market)


def test_an_update_merges_variants_and_passes_over_what_it_does_not_find(market: Shop) -> None:
    first, second, third = shirts(market)
    market.freeze(LATER)
    market.post(PATH, [listing(2, [first, second], name="Tee")])
    market.freeze(LATER + 60)
    changed = {**listing(2, [second, third], "disabled"), "listing_id": 1, "product_id": 1}
    done = market.put(PATH, [{**changed, "listing_id": 9}, changed])
    assert done.status == 200
    (one,) = done.data  # listing 9 is not there, and its product stays
    assert (one["listing_id"], one["product_id"], one["state"], one["name"]) == (1, 2, "disabled", "Tee")
    assert [(v["variant_id"], v["state"], v["date_modified"] == v["date_created"]) for v in one["variants"]] == [
        (first, "active", True), (second, "disabled", False), (third, "disabled", True),
    ]  # fmt: skip
    assert market.get(PATH).data == [one]
    assert market.put(CHANNELS + "/1/listings", [changed]).data == []  # nor is it in another channel
    check_statistics(market)


REFUSED: list[tuple[str, str, Any, list[str]]] = [
    ("POST", PATH, [{}], ["0.product_id", "0.state", "0.variants"]),
    ("POST", PATH, [{"product_id": 1, "state": "active", "variants": [{}]}],
     ["0.variants.0.product_id", "0.variants.0.variant_id", "0.variants.0.state"]),
    ("POST", PATH, [{"product_id": 1, "state": "gone", "variants": []}], ["0.state"]),
    ("POST", PATH, [listing(1, []), listing(2, [1])], ["1.variants.0.variant_id"]),
    ("POST", PATH, [{**listing(2, [2, 2]), "state": "queued"}], ["0.variants.1.variant_id"]),
    ("POST", PATH, [{**listing(2, []), "variants": [{"product_id": 1, "variant_id": 1, "state": "active"}]}],
     ["0.variants.0.product_id"]),
    ("POST", CHANNELS + "/9/listings", [listing(1, [])], ["channel_id"]),
    ("PUT", CHANNELS + "/9/listings", [{**listing(1, []), "listing_id": 1}], ["channel_id"]),
    ("PUT", PATH, [listing(1, [])], ["listing_id"]),
    ("PUT", PATH, [{"listing_id": 0, "state": "active", "variants": []}], ["0.listing_id"]),
    ("PUT", PATH, [{"listing_id": 1, "product_id": 1}], ["0.state", "0.variants"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "fields"), REFUSED)
def test_a_list_with_a_fault_is_refused_whole(
    market: Shop, method: str, path: str, body: Any, fields: list[str]
) -> None:
    variants = shirts(market)
    for one in body:
        for variant in one["variants"] if one.get("product_id") == 2 else ():
            if variant.get("variant_id") == 2:
                variant["variant_id"] = variants[0]
    reply = market.request(method, path, body)
    assert reply.status == 422
    assert list(reply.json["errors"]) == fields
    assert market.rows("channel_listings") == market.rows("channel_listing_variants") == 0


def test_a_channel_lists_a_product_once(market: Shop) -> None:
    """The published codes know no conflict: the list is refused whole."""
    market.post(PATH, [hat(market)])
    again = market.post(PATH, [listing(2, []), hat(market)])
    assert (again.status, again.reason) == (422, "LIST_REFUSED")
    assert again.json["details"]["conflicting_id"] == 1
    assert market.post(PATH, [listing(9, [])]).status == 422
    assert market.rows("channel_listings") == 1
    assert market.post(CHANNELS + "/1/listings", [hat(market)]).status == 200


def test_pages_begin_after_a_listing(market: Shop) -> None:
    for number in range(3):
        product(market, f"Cap {number}")
    market.post(PATH, [listing(item, []) for item in (1, 2, 3, 4, 5)])
    first = market.get(PATH + "?limit=2")
    assert [one["listing_id"] for one in first.data] == [1, 2]
    page = first.json["meta"]["pagination"]
    assert page == {
        "count": 2, "total": 5, "links": {"current": "?limit=2", "next": "?limit=2&after=2"}, "total_pages": 3,
    }  # fmt: skip
    found = [one["listing_id"] for one in first.data]
    while "next" in page["links"]:
        following = market.get(PATH + page["links"]["next"])
        found += [one["listing_id"] for one in following.data]
        page = following.json["meta"]["pagination"]
    assert (found, page["total"]) == ([1, 2, 3, 4, 5], 5)


LISTED = [
    ("product_id:in=2,3", [2]),
    ("date_created:min=2033", []),
    ("date_created:max=2033", [1, 2]),
    ("date_modified=2033-05-18", []),
    ("after=1", [2]),
    ("after=2", []),
]


@pytest.mark.parametrize(("asked", "ids"), LISTED)
def test_a_list_shows_what_was_asked_for(market: Shop, asked: str, ids: list[int]) -> None:
    market.post(PATH, [hat(market), listing(2, [])])
    assert [one["listing_id"] for one in market.get(f"{PATH}?{asked}").data] == ids


def test_what_cannot_be_asked_is_refused(market: Shop) -> None:
    """Rule 20."""
    unknown = market.get(PATH + "?a=1&b=2")
    assert (unknown.status, unknown.json["title"]) == (422, "The filter(s): a, b are not valid filter parameter(s).")
    assert market.get(PATH + "?limit=a").status == market.get(PATH + "?after=a").status == 422
    assert market.get(CHANNELS + "/9/listings").json["data"] == []  # as published


def test_listings_go_with_their_product_and_variants(market: Shop) -> None:
    first, second, _third = shirts(market)
    market.post(PATH, [hat(market), listing(2, [first, second])])
    etag = market.get(PATH).headers["etag"]
    market.delete(f"/v3/catalog/products/2/variants/{first}")
    shown = market.get(PATH, headers={"If-None-Match": etag})
    assert [v["variant_id"] for v in shown.data[1]["variants"]] == [second]
    market.delete("/v3/catalog/products/2")
    assert [one["product_id"] for one in market.get(PATH).data] == [1]
    assert market.rows("channel_listing_variants") == 1
    check_statistics(market)


SCOPED = [
    ("GET", "store_channel_listings_read_only", 200),
    ("GET", "store_channel_settings", 403),
    ("POST", "store_channel_listings_read_only", 403),
    ("POST", "store_channel_listings", 200),
]


@pytest.mark.parametrize(("method", "scope", "status"), SCOPED)
def test_listings_have_a_scope_of_their_own(market: Shop, method: str, scope: str, status: int) -> None:
    body = None if method == "GET" else [hat(market)]
    assert market.request(method, PATH, body, token=market.account(scope)).status == status
