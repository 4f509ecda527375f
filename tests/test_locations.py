"""Locations (rule 117): the default one is always there, and what one is given comes back."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

PATH = "/v3/inventory/locations"
ADDRESS = {
    "address1": "1 Main St",
    "city": "Austin",
    "state": "TX",
    "zip": "78701",
    "email": "austin@example.com",
    "geo_coordinates": {"latitude": 30.2672, "longitude": -97.7431},
    "country_code": "US",
}
AUSTIN: dict[str, Any] = {
    "code": "AUSTIN",
    "label": "Austin",
    "managed_by_external_source": False,
    "type_id": "PHYSICAL",
    "time_zone": "America/Chicago",
    "address": ADDRESS,
}


def locate(shop: Shop, code: str = "AUSTIN", **members: Any) -> int:
    """A new location: its id."""
    reply = shop.post(PATH, [{**AUSTIN, "code": code, "label": code.title(), **members}])
    assert reply.status == 200, reply.body
    assert set(reply.json) == {"transaction_id"}
    (made,) = shop.get(f"{PATH}?location_code:in={code}").data
    return int(made["id"])


def test_every_store_has_the_default_location(shop: Shop) -> None:
    """Rule 117."""
    (first,) = shop.get(PATH).data
    assert (first["id"], first["code"], first["enabled"]) == (1, "BC-LOCATION-1", True)
    reply = shop.delete(f"{PATH}?location_id:in=1")
    assert (reply.status, reply.reason) == (422, "FIELD_INVALID")
    assert shop.put(PATH, [{"id": 1, "enabled": False}]).status == 422
    assert shop.put(PATH, [{"id": 1, "label": "Warehouse"}]).status == 200
    assert [one["label"] for one in shop.get(PATH).data] == ["Warehouse"]


def test_a_location_comes_back_as_it_was_sent(shop: Shop) -> None:
    hours = {"monday": {"open": True, "opening": "08:00", "closing": "16:00"}}
    closed = [{"label": "Thanksgiving", "date": "2026-11-26", "open": False}]
    made = locate(shop, operating_hours=hours, special_hours=closed, description="Our first")
    shown = shop.get(f"{PATH}?location_id:in={made}").data[0]
    assert {name: shown["address"][name] for name in ADDRESS} == ADDRESS
    assert shown["operating_hours"]["monday"] == hours["monday"]
    assert shown["operating_hours"]["sunday"]["open"] is False
    assert shown["special_hours"][0] == {
        **closed[0], "opening": "00:00", "closing": "00:00", "all_day": False, "annual": False,
    }  # fmt: skip
    assert shown["created_at"] == shown["updated_at"] != ""


def test_an_update_keeps_what_it_leaves_out(shop: Shop) -> None:
    made = locate(shop)
    reply = shop.put(PATH, [{"id": made, "address": {"city": "Round Rock", "country_code": "US"}, "enabled": False}])
    assert reply.status == 200
    shown = shop.get(f"{PATH}?is_active=false").data[0]
    assert (shown["id"], shown["address"]["city"], shown["address"]["zip"]) == (made, "Round Rock", "78701")
    assert shown["label"] == "Austin"


REFUSED: list[tuple[str, Any, int, str]] = [
    ("POST", [{**AUSTIN, "address": {**ADDRESS, "zip": ""}}], 422, "FIELD_MISSING"),
    ("POST", [{**AUSTIN, "address": {"country_code": "US"}}], 422, "FIELD_MISSING"),
    ("POST", [{key: value for key, value in AUSTIN.items() if key != "label"}], 422, "FIELD_MISSING"),
    ("POST", [{**AUSTIN, "type_id": "SHOP"}], 422, "FIELD_INVALID"),
    ("POST", [{**AUSTIN, "time_zone": "half past"}], 422, "FIELD_INVALID"),
    ("POST", [{**AUSTIN, "address": {**ADDRESS, "geo_coordinates": {"latitude": 91, "longitude": 0}}}], 422, ""),
    ("POST", [{**AUSTIN, "operating_hours": {"monday": {"opening": "25:00"}}}], 422, "FIELD_INVALID"),
    ("POST", [AUSTIN, AUSTIN], 422, "LIST_REFUSED"),
    ("POST", [{**AUSTIN, "code": "bc-location-1"}], 422, "LIST_REFUSED"),
    ("POST", AUSTIN, 422, "FIELD_INVALID"),
    ("PUT", [{"id": 99, "label": "None"}], 422, "LIST_REFUSED"),
    ("PUT", [{"label": "None"}], 422, "FIELD_MISSING"),
]


@pytest.mark.parametrize(("method", "body", "status", "reason"), REFUSED)
def test_a_bad_list_is_refused_whole(shop: Shop, method: str, body: Any, status: int, reason: str) -> None:
    before = shop.get(PATH).body
    reply = shop.request(method, PATH, body)
    assert (reply.status, reply.reason) == (status, reason or "FIELD_INVALID"), reply.body
    assert shop.get(PATH).body == before


def test_a_location_without_an_address_is_virtual(shop: Shop) -> None:
    """Rule 117: only a physical one needs an address, then or later."""
    made = locate(shop, "CLOUD", type_id="VIRTUAL", address={"country_code": "US"})
    assert shop.put(PATH, [{"id": made, "type_id": "PHYSICAL"}]).status == 422
    assert shop.put(PATH, [{"id": made, "type_id": "PHYSICAL", "address": ADDRESS}]).status == 200


def test_a_location_without_a_code_gets_one(shop: Shop) -> None:
    body = {key: value for key, value in AUSTIN.items() if key != "code"}
    assert shop.post(PATH, [body]).status == 200
    assert [one["code"] for one in shop.get(PATH).data] == ["BC-LOCATION-1", "BC-LOCATION-2"]


def test_a_hundred_locations_are_active(shop: Shop) -> None:
    """Rule 117."""
    body = [{**AUSTIN, "code": f"L{number}"} for number in range(99)]
    assert shop.post(PATH, body).status == 200
    assert shop.post(PATH, [{**AUSTIN, "code": "ONE"}]).status == 422
    assert shop.post(PATH, [{**AUSTIN, "code": "ONE", "enabled": False}]).status == 200
    made = shop.get(f"{PATH}?location_code:in=one").data[0]["id"]
    assert shop.put(PATH, [{"id": made, "enabled": True}]).status == 422


FILTERS = [
    ("location_id:in=2,3", ["AUSTIN", "DALLAS"]),
    ("location_code:in=austin", ["AUSTIN"]),
    ("is_default=true", ["BC-LOCATION-1"]),
    ("is_default=false&storefront_visibility=true", ["AUSTIN"]),
    ("type_id:in=VIRTUAL", ["DALLAS"]),
    ("managed_by_external_source=true", ["DALLAS"]),
    ("is_active=true&limit=1&page=2", ["AUSTIN"]),
]


@pytest.mark.parametrize(("query", "codes"), FILTERS)
def test_locations_are_listed_by_filters(shop: Shop, query: str, codes: list[str]) -> None:
    locate(shop)
    locate(shop, "DALLAS", type_id="VIRTUAL", managed_by_external_source=True, storefront_visibility=False)
    assert [one["code"] for one in shop.get(f"{PATH}?{query}").data] == codes


def test_locations_are_deleted_by_their_ids(shop: Shop) -> None:
    """Rules 22 and 117: a filter is needed, and one of the ids has to be there."""
    made = locate(shop)
    assert shop.delete(PATH).reason == "FILTER_REQUIRED"
    assert shop.delete(f"{PATH}?location_id:in=1,{made}").status == 422, "all or none"
    assert len(shop.get(PATH).data) == 2
    assert set(shop.delete(f"{PATH}?location_id:in={made},99").json) == {"transaction_id"}
    assert shop.delete(f"{PATH}?location_id:in={made}").status == 404


def test_events_tell_of_locations(shop: Shop) -> None:
    """Contract: webhooks.tsv."""
    shop.watch()
    made = locate(shop)
    shop.put(PATH, [{"id": made, "label": "Austin South"}])
    shop.put(PATH, [{"id": made, "label": "Austin South"}])
    field = {"permission_set": "read", "namespace": "n", "key": "k", "value": "v"}
    shop.post(f"{PATH}/{made}/metafields", field)
    told = [scope for scope, _data in shop.events() if "location" in scope]
    assert told == [
        "store/inventory/location/created", "store/inventory/location/updated",
        "store/inventory/location/metafield/created",
    ]  # fmt: skip


def test_scopes_of_locations(shop: Shop) -> None:
    reader = shop.account("store_locations_read_only")
    assert shop.get(PATH, token=reader).status == 200
    assert shop.post(PATH, [AUSTIN], token=reader).reason == "SCOPE_MISSING"
