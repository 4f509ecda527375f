"""Shipping zones, their methods, and carrier connections (rules 1 to 4, 7, 18, 19, 24, 113)."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.resources.shipping import zones
from shop import Shop
from statistics_check import check_statistics

PATH = "/v2/shipping/zones"
NORTH = {"name": "North", "type": "country", "locations": [{"country_iso2": "dk"}, {"country_iso2": "SE"}]}
SOUTH = {"name": "Carolina", "type": "state", "locations": [{"country_iso2": "US", "state_iso2": "SC"}]}
FLAT = {"name": "Flat Rate", "type": "perorder", "settings": {"rate": 7.5}}
BY_WEIGHT = {
    "name": "By weight",
    "type": "weight",
    "settings": {
        "default_cost": None,
        "default_cost_type": "fixed_amount",
        "range": [
            {"lower_limit": 20, "upper_limit": 40.5, "shipping_cost": "12.10"},
            {"lower_limit": 0, "upper_limit": 20, "shipping_cost": 8},
        ],
    },
}


def zone(shop: Shop, body: Any = NORTH) -> int:
    """A new zone's id."""
    reply = shop.post(PATH, body)
    assert reply.status == 201, reply.body
    return int(reply.json["id"])


def test_a_zone_goes_in_and_comes_out(shop: Shop) -> None:
    """Codes are shown as ISO writes them; amounts have four places (rule 17)."""
    made = shop.post(PATH, {**NORTH, "free_shipping": {"enabled": "true", "minimum_sub_total": "99.5"}})
    assert (made.status, made.headers["location"]) == (201, f"https://localhost:8443/stores/{shop.name}{PATH}/1")
    assert made.json == {
        "id": 1, "name": "North", "type": "country",
        "locations": [{"id": 1, "country_iso2": "DK"}, {"id": 2, "country_iso2": "SE"}],
        "free_shipping": {
            "enabled": True, "minimum_sub_total": "99.5000", "exclude_fixed_shipping_products": False
        },
        "handling_fees": {"fixed_surcharge": "0", "display_separately": False}, "enabled": True,
    }  # fmt: skip
    assert shop.get(PATH + "/1").json == made.json
    assert shop.get(PATH + "/").json == [made.json]
    assert b"<location><id>2</id><country_iso2>SE</country_iso2></location>" in shop.get(PATH + "/1.xml").body


def test_a_location_that_stays_keeps_its_id(shop: Shop) -> None:
    """Rule 19: a list that is sent replaces the one that was."""
    zone(shop)
    zone(shop, {"name": "Zips", "type": "zip", "locations": [{"country_iso2": "US", "zip": "11103"}] * 2})
    changed = shop.put(PATH + "/1", {"locations": [{"country_iso2": "NO"}, {"country_iso2": "SE"}]}).json
    assert changed["locations"] == [{"id": 4, "country_iso2": "NO"}, {"id": 2, "country_iso2": "SE"}]
    assert shop.get(PATH + "/2").json["locations"] == [{"id": 3, "zip": "11103", "country_iso2": "US"}]
    fees = shop.put(PATH + "/1", {"handling_fees": {"percentage_surcharge": 5, "display_separately": True}}).json
    assert fees["handling_fees"] == {"percentage_surcharge": "5", "display_separately": True}
    assert fees["locations"] == changed["locations"]


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", PATH, {"locations": []}, 400, "FIELD_MISSING", "type"),
    ("POST", PATH, {"name": "Moon", "type": "planet"}, 400, "FIELD_INVALID", "type"),
    ("POST", PATH, {**NORTH, "locations": [{"country_iso2": "XX"}]}, 400, "FIELD_INVALID", "locations.0.country_iso2"),
    ("POST", PATH, {**NORTH, "locations": [{"country_iso2": "Norway"}]}, 400, "FIELD_INVALID", "country_iso2"),
    ("POST", PATH, {**NORTH, "locations": "DK"}, 400, "FIELD_INVALID", "locations"),
    ("POST", PATH, {**SOUTH, "locations": [{"country_iso2": "US", "state_iso2": "ON"}]}, 400, "FIELD_INVALID", "state"),
    ("POST", PATH, {"name": "Zips", "type": "zip", "locations": [{"country_iso2": "US"}]}, 400, "FIELD_INVALID", "zip"),
    ("POST", PATH, {**NORTH, "type": "global"}, 400, "FIELD_INVALID", "locations"),
    ("POST", PATH, {**NORTH, "free_shipping": {"minimum_sub_total": "-1"}}, 400, "FIELD_INVALID", "free_shipping"),
    ("POST", PATH, {**NORTH, "free_shipping": {"minimum_sub_total": "NaN"}}, 400, "FIELD_INVALID", "free_shipping"),
    (
        "POST", PATH, {**NORTH, "handling_fees": {"fixed_surcharge": 1, "percentage_surcharge": 1}},
        400, "FIELD_INVALID", "handling_fees",
    ),
    ("PUT", PATH + "/1", {"id": 1}, 400, "FIELD_READ_ONLY", "id"),
    ("PUT", PATH + "/9", {"name": "Nowhere"}, 404, "NO_SUCH_ENTITY", ""),
    ("DELETE", PATH, None, 405, "METHOD_NOT_ALLOWED", ""),
    ("GET", PATH + "/9/methods", None, 404, "NO_SUCH_ENTITY", ""),
    ("POST", PATH + "/9/methods", FLAT, 404, "NO_SUCH_ENTITY", ""),
    ("GET", PATH + "/2/methods/1", None, 404, "NO_SUCH_ENTITY", ""),
    ("PUT", PATH + "/2/methods/1", {"name": "Mine"}, 404, "NO_SUCH_ENTITY", ""),
    ("DELETE", PATH + "/2/methods/1", None, 404, "NO_SUCH_ENTITY", ""),
    ("POST", PATH + "/1/methods", {"name": "Flat"}, 400, "FIELD_MISSING", "type"),
    ("POST", PATH + "/1/methods", {**FLAT, "type": "pigeon"}, 400, "FIELD_INVALID", "type"),
    ("POST", PATH + "/1/methods", {**FLAT, "settings": {}}, 400, "FIELD_INVALID", "settings.rate"),
    ("POST", PATH + "/1/methods", {**FLAT, "settings": {"rate": "-1"}}, 400, "FIELD_INVALID", "settings"),
    ("POST", PATH + "/1/methods", {**FLAT, "type": "total"}, 400, "FIELD_INVALID", "settings.range"),
    (
        "POST", PATH + "/1/methods",
        {**BY_WEIGHT, "settings": {"range": [{"lower_limit": 2, "upper_limit": 2, "shipping_cost": 1}]}},
        400, "FIELD_INVALID", "settings",
    ),
    (
        "POST", PATH + "/1/methods",
        {**BY_WEIGHT, "settings": {"range": [
            {"lower_limit": 0, "upper_limit": 2, "shipping_cost": 1},
            {"lower_limit": 1, "upper_limit": 3, "shipping_cost": 2},
        ]}},
        400, "FIELD_INVALID", "settings",
    ),
    ("POST", PATH + "/1/methods", {**FLAT, "channel_ids": [1, 7]}, 400, "DANGLING_REFERENCE", "7"),
    ("PUT", PATH + "/1/methods/1", {"channel_ids": []}, 400, "FIELD_INVALID", "channel_ids"),
    ("POST", "/v2/shipping/methods", FLAT, 405, "METHOD_NOT_ALLOWED", ""),
    ("GET", "/v2/shipping/carrier/connection", None, 405, "METHOD_NOT_ALLOWED", ""),
    (
        "POST", "/v2/shipping/carrier/connection", {"carrier_id": "fedex", "connection": {"key": "k"}},
        400, "FIELD_MISSING", "Required fields missing [password]",
    ),
    ("PUT", "/v2/shipping/carrier/connection", {}, 400, "FIELD_MISSING", "Required fields missing [carrier_id]"),
    ("DELETE", "/v2/shipping/carrier/connection", {}, 400, "FIELD_MISSING", "Required fields missing [carrier_id]"),
    ("POST", "/v2/shipping/carrier/connection", {"carrier_id": "royalmail", "id": 1}, 400, "FIELD_READ_ONLY", "id"),
    ("POST", "/v2/shipping/carrier/connection", {"carrier_id": "royalmail", "key": 1}, 400, "FIELD_UNKNOWN", "key"),
    ("POST", "/v2/shipping/carrier/connection", ["fedex"], 400, "MALFORMED_BODY", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "told"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str, told: str
) -> None:
    """Rules 1 to 4, 113."""
    zone(shop)
    zone(shop, SOUTH)
    assert shop.post(PATH + "/1/methods", FLAT).status == 200
    before = [shop.get(path).body for path in (PATH, PATH + "/1/methods", "/v2/shipping/methods")]
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert told in reply.body.decode()
    assert [shop.get(path).body for path in (PATH, PATH + "/1/methods", "/v2/shipping/methods")] == before
    assert shop.rows("carrier_connections") == 0


def test_a_method_goes_in_and_comes_out(shop: Shop) -> None:
    """A create answers 200; the ranges of a table are in order, and its numbers exact."""
    zone(shop)
    made = shop.post(PATH + "/1/methods", BY_WEIGHT)
    assert made.status == 200
    assert made.headers["location"] == f"https://localhost:8443/stores/{shop.name}{PATH}/1/methods/1"
    assert made.json == {
        "id": 1, "name": "By weight", "type": "weight",
        "settings": {
            "default_cost": None, "default_cost_type": "fixed_amount",
            "range": [
                {"lower_limit": 0, "upper_limit": 20, "shipping_cost": 8},
                {"lower_limit": 20, "upper_limit": 40.5, "shipping_cost": 12.1},
            ],
        },
        "enabled": True, "handling_fees": {"fixed_surcharge": "0"}, "is_fallback": False, "channel_ids": [1],
    }  # fmt: skip
    assert shop.get(PATH + "/1/methods/1").json == made.json
    options = {"carrier_options": {"delivery_services": ["Ground"], "show_transit_time": True}}
    carrier = shop.post(PATH + "/1/methods", {"name": "UPS", "type": "upsready", "settings": options}).json
    assert carrier["settings"] == options
    changed = shop.put(PATH + "/1/methods/2", {"enabled": False, "settings": {}})
    assert (changed.status, changed.json["enabled"], changed.json["settings"]) == (200, False, {})


def test_a_method_that_names_no_channel_is_offered_on_all(shop: Shop) -> None:
    shop.post("/v3/channels", {"name": "eBay", "type": "marketplace", "platform": "ebay"})
    zone(shop)
    assert shop.post(PATH + "/1/methods", FLAT).json["channel_ids"] == [1, 2]
    assert shop.post(PATH + "/1/methods", {**FLAT, "channel_ids": [2, 2]}).json["channel_ids"] == [2]


def test_a_zone_takes_its_methods_along(shop: Shop) -> None:
    """Rule 7: what is empty then is 204. The older view shows what is enabled in any zone."""
    for body in (NORTH, SOUTH):
        shop.post(f"{PATH}/{zone(shop, body)}/methods", FLAT)
    shop.post(PATH + "/2/methods", {**BY_WEIGHT, "enabled": False})
    assert shop.get("/v2/shipping/methods").json == [
        {"id": 1, "name": "Flat Rate", "method_name": "shipping_perorder"},
        {"id": 2, "name": "Flat Rate", "method_name": "shipping_perorder"},
    ]
    assert [method["id"] for method in shop.get("/v2/shipping/methods?min_id=2").json] == [2]
    assert shop.get("/v2/shipping/methods/2").json["name"] == "Flat Rate"
    assert [method["id"] for method in shop.get(PATH + "/2/methods").json] == [2, 3]
    assert shop.delete(PATH + "/2/methods/3").status == 204
    assert shop.delete(PATH + "/2").status == 204
    assert shop.get("/v2/shipping/methods/2").status == 404
    assert shop.rows("shipping_methods") == 1
    assert shop.delete(PATH + "/1").status == 204
    assert shop.get(PATH).status == 204
    check_statistics(shop)


def test_a_store_has_a_limit_of_postal_codes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 113: in all zones together."""
    monkeypatch.setattr(zones, "MAX_ZIPS", 3)
    codes = [{"country_iso2": "US", "zip": f"1110{number}"} for number in range(4)]
    body = {"name": "Zips", "type": "zip", "locations": codes[:2]}
    zone(shop, body)
    assert shop.put(PATH + "/1", {"locations": codes[:3]}).status == 200
    assert shop.post(PATH, {**body, "locations": codes[3:]}).reason == "PLATFORM_CAP_REACHED"
    assert shop.put(PATH + "/1", {"locations": codes}).status == 403
    assert len(shop.get(PATH + "/1").json["locations"]) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"carrier_id": "fedex", "connection": {"key": "k", "password": "p", "account_number": "1", "meter_number": 2}},
        {"carrier_id": "royalmail"},
        {"carrier_id": "zoom2u", "connection": {"auth_key": "k", "test_mode": False}},
        {"carrier_id": "carrier_77", "connection": {}},
        {"carrier_id": "nobody"},
    ],
)
def test_a_carrier_connection_is_acknowledged(shop: Shop, body: Any) -> None:
    """Rule 113: with 204 in any case; connecting twice is connecting once, and no password is kept."""
    path = "/v2/shipping/carrier/connection"
    for method in ("POST", "POST", "PUT"):
        assert shop.request(method, path, body).status == 204
    assert shop.rows("carrier_connections") == 1
    assert shop.request("DELETE", path, {"carrier_id": body["carrier_id"]}).status == 204
    assert shop.request("DELETE", path, {"carrier_id": body["carrier_id"]}).status == 204  # rule 24
    assert shop.rows("carrier_connections") == 0


def test_shipping_is_a_setting_of_the_store(shop: Shop) -> None:
    zone(shop)
    assert shop.get(PATH, token=shop.account("store_v2_information_read_only")).status == 200
    for path in (PATH, PATH + "/1/methods", "/v2/shipping/methods"):
        assert shop.get(path, token=shop.account("store_v2_orders")).reason == "SCOPE_MISSING"


def test_a_zone_can_be_sent_as_xml(shop: Shop) -> None:
    """Rule 15."""
    body = b"""<shipping_zone><name>North</name><type>country</type>
    <locations><location><country_iso2>DK</country_iso2></location></locations>
    <free_shipping><enabled>true</enabled><minimum_sub_total>10</minimum_sub_total></free_shipping></shipping_zone>"""
    reply = shop.post(PATH, body=body, headers={"content-type": "application/xml", "accept": "application/json"})
    assert reply.status == 201, reply.body
    assert reply.json["locations"] == [{"id": 1, "country_iso2": "DK"}]
    assert reply.json["free_shipping"]["minimum_sub_total"] == "10.0000"
