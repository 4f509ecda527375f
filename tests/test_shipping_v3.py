"""Customs information of products and the settings of shipping (V3), on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop
from test_checkouts import done

CUSTOMS = "/v3/shipping/products/customs-information"
SETTINGS = "/v3/shipping/settings"
CHANNEL = f"{SETTINGS}/channels/1"
CAPS: dict[str, Any] = {
    "product_id": 1, "country_of_origin": "US", "commodity_description": "Baseball caps",
    "international_shipping": True, "hs_codes": {"ALL": "501000", "CA": "508313"},
}  # fmt: skip


@pytest.fixture
def caps(shop: Shop) -> Shop:
    """Three products; nothing is said of them."""
    for name in ("Cap", "Hat", "Scarf"):
        shop.product(name)
    return shop


def test_a_put_makes_and_changes(caps: Shop) -> None:
    caps.freeze(1_900_000_000)
    (made,) = done(caps.put(CUSTOMS, [CAPS]))
    assert {name: made[name] for name in CAPS} == CAPS
    assert made["created_at"] == made["updated_at"] != ""
    caps.freeze(1_900_000_060)
    changed = done(caps.put(CUSTOMS, [{**CAPS, "country_of_origin": "dk"}, {**CAPS, "product_id": 2}]))
    assert [(one["product_id"], one["country_of_origin"]) for one in changed] == [(1, "DK"), (2, "US")]
    assert changed[0]["created_at"] == made["created_at"] != changed[0]["updated_at"]
    assert caps.rows("customs_information") == 2


def test_they_are_listed_by_product_and_deleted(caps: Shop) -> None:
    done(caps.put(CUSTOMS, [{**CAPS, "product_id": number} for number in (3, 1, 2)]))
    assert {one["product_id"] for one in done(caps.get(CUSTOMS))} == {1, 2, 3}
    assert {one["product_id"] for one in done(caps.get(f"{CUSTOMS}?product_id:in=1,3"))} == {1, 3}
    assert caps.get(f"{CUSTOMS}?limit=2").json["meta"]["pagination"]["total"] == 3
    assert caps.delete(CUSTOMS).status == 422
    assert caps.delete(f"{CUSTOMS}?product_id:in=1,2").status == 204
    assert [one["product_id"] for one in done(caps.get(CUSTOMS))] == [3]
    caps.delete("/v3/catalog/products/3")
    assert done(caps.get(CUSTOMS)) == []


REFUSED: list[tuple[Any, int]] = [
    ([{**CAPS, "product_id": 99}], 422),
    ([{**CAPS, "country_of_origin": "QQ"}], 422),
    ([{**CAPS, "commodity_description": "x" * 101}], 422),
    ([{**CAPS, "hs_codes": {"US": "12345"}}], 422),
    ([{**CAPS, "hs_codes": {"United States": "501000"}}], 422),
    ([{**CAPS, "hs_codes": {"US": 501000}}], 422),
    ([{name: value for name, value in CAPS.items() if name != "hs_codes"}], 422),
    ([CAPS, {**CAPS, "product_id": 2, "country_of_origin": ""}], 422),
    ([{**CAPS, "product_id": 2}] * 51, 413),
    (CAPS, 422),
]


@pytest.mark.parametrize(("body", "status"), REFUSED)
def test_one_bad_object_keeps_all_from_being_saved(caps: Shop, body: Any, status: int) -> None:
    assert caps.put(CUSTOMS, body).status == status
    assert caps.rows("customs_information") == 0


def test_scopes(caps: Shop) -> None:
    reader = caps.account("store_v2_products_read_only")
    assert caps.get(CUSTOMS, token=reader).status == 200
    assert caps.put(CUSTOMS, [CAPS], token=reader).status == 403
    assert caps.put(SETTINGS, {}, token=reader).status == 403


def test_a_channel_has_the_stores_message_until_it_has_its_own(shop: Shop) -> None:
    first = done(shop.get(SETTINGS))["checkout"]
    assert first["country_list_strategy"] == "DISPLAY_ALL_COUNTRIES"
    assert done(shop.get(CHANNEL)) == {
        "checkout": {"out_of_delivery_zone_message": first["out_of_delivery_zone_message"]}
    }
    done(shop.put(SETTINGS, {"checkout": {"out_of_delivery_zone_message": "Not there."}}))
    assert done(shop.get(CHANNEL))["checkout"]["out_of_delivery_zone_message"] == "Not there."
    done(shop.put(CHANNEL, {"checkout": {"out_of_delivery_zone_message": "Alas."}}))
    only = {"checkout": {"country_list_strategy": "DISPLAY_ONLY_SHIPPABLE_COUNTRIES"}}
    assert done(shop.put(SETTINGS, only))["checkout"] == {
        "country_list_strategy": "DISPLAY_ONLY_SHIPPABLE_COUNTRIES", "out_of_delivery_zone_message": "Not there.",
    }  # fmt: skip
    assert done(shop.get(CHANNEL))["checkout"] == {"out_of_delivery_zone_message": "Alas."}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SETTINGS, {"checkout": {"country_list_strategy": "SOME"}}, 422),
        (SETTINGS, {"checkout": None}, 422),
        (SETTINGS, {"checkouts": {}}, 200),
        (CHANNEL, {"checkout": {"out_of_delivery_zone_message": 7}}, 422),
        (f"{SETTINGS}/channels/99", {"checkout": {}}, 422),
    ],
)
def test_bad_settings_are_refused(shop: Shop, path: str, body: Any, status: int) -> None:
    before = shop.get(SETTINGS).body
    assert shop.put(path, body).status == status
    assert shop.get(SETTINGS).body == before
