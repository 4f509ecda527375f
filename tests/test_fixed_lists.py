"""Lists that are the same in every store: geography, order statuses, payment methods (rules 7, 12, 15, 18, 75)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bodega.resources.geography import places
from shop import Shop

AUSTRALIA = places.country("au")
assert AUSTRALIA is not None
INSIDE = f"/v2/countries/{AUSTRALIA.id}/states"


def test_a_country_links_to_its_states(shop: Shop) -> None:
    """The link is built on the caller's own host."""
    shown = shop.get(f"/v2/countries/{AUSTRALIA.id}").json
    resource = f"/countries/{AUSTRALIA.id}/states"
    assert shown == {
        "id": 13, "country": "Australia", "country_iso2": "AU", "country_iso3": "AUS",
        "states": {"url": f"https://localhost:8443/stores/{shop.name}/v2{resource}", "resource": resource},
    }  # fmt: skip
    assert {state["country_id"] for state in shop.get(resource.join(["/v2", ""])).json} == {13}
    assert b"<country><id>13</id><country>Australia</country>" in shop.get("/v2/countries/13.xml").body


LISTED = [
    ("/v2/countries?country_iso2=dk", ["Denmark"], "country"),
    ("/v2/countries?country_iso3=USA", ["United States"], "country"),
    ("/v2/countries?country=united%20kingdom", ["United Kingdom"], "country"),
    ("/v2/countries?limit=2&page=2", ["Algeria", "American Samoa"], "country"),
    ("/v2/countries?page=99", [], "country"),
    ("/v2/countries?country_iso2=XX", [], "country"),
    (INSIDE + "?state_abbreviation=act", ["Australian Capital Territory"], "state"),
    (INSIDE + "?state=Queensland", ["Queensland"], "state"),
    (INSIDE + "?state=Texas", [], "state"),
    ("/v2/countries/states?state=texas", ["Texas"], "state"),
    ("/v2/countries/states?limit=2", ["Alabama", "Alaska"], "state"),
    ("/v2/order_statuses?limit=3", ["Incomplete", "Pending", "Shipped"], "name"),
    ("/v2/orderstatuses?limit=1&page=15", ["Partially Refunded"], "name"),
    (
        "/v2/payments/methods",
        ["Bank Deposit", "Cash on Delivery", "Check", "Money Order", "Pay in Store", "Test Payment Gateway"],
        "name",
    ),
]


@pytest.mark.parametrize(("path", "names", "field"), LISTED)
def test_a_list_shows_what_was_asked_for(shop: Shop, path: str, names: list[str], field: str) -> None:
    """Rule 7: nothing is 204. Rule 18: payment methods from A to Z."""
    reply = shop.get(path)
    assert reply.status == (200 if names else 204)
    assert [item[field] for item in (reply.json if names else [])] == names


def test_counts_agree_with_lists(shop: Shop) -> None:
    total = shop.get("/v2/countries/count").json["count"]
    seen: list[Any] = []
    for page in range(1, 4):
        reply = shop.get(f"/v2/countries?limit=100&page={page}")
        seen += reply.json
    assert (len(seen), len({country["id"] for country in seen})) == (total, total)
    assert [country["id"] for country in seen] == sorted(country["id"] for country in seen)  # rule 18
    inside = sum(shop.get(f"/v2/countries/{country['id']}/states/count").json["count"] for country in seen)
    assert shop.get("/v2/countries/states/count").json == {"count": inside}
    assert shop.get(INSIDE + "/count?state_abbreviation=NSW").json == {"count": 1}


REFUSED = [
    ("GET", "/v2/countries/999", 404, "NO_SUCH_ENTITY"),
    ("GET", "/v2/countries/999/states", 404, "NO_SUCH_ENTITY"),
    ("GET", "/v2/countries/999/states/count", 404, "NO_SUCH_ENTITY"),
    ("GET", INSIDE + "/1", 404, "NO_SUCH_ENTITY"),  # Alabama
    ("GET", "/v2/countries?limit=251", 413, "LIMIT_OVER_MAXIMUM"),
    ("GET", "/v2/countries?page=0", 400, "QUERY_INVALID"),
    ("GET", "/v2/order_statuses/15", 404, "NO_SUCH_ENTITY"),
    ("GET", "/v2/order_statuses/99999999999", 404, "NO_SUCH_ENTITY"),
    ("GET", "/v2/payments/methods/1", 404, "NO_SUCH_RESOURCE"),
    ("POST", "/v2/countries", 405, "METHOD_NOT_ALLOWED"),
    ("PUT", "/v2/order_statuses/1", 405, "METHOD_NOT_ALLOWED"),
    ("DELETE", INSIDE, 405, "METHOD_NOT_ALLOWED"),
]


@pytest.mark.parametrize(("method", "path", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused(shop: Shop, method: str, path: str, status: int, reason: str) -> None:
    reply = shop.request(method, path, {} if method != "GET" else None)
    assert (reply.status, reply.reason) == (status, reason)


def test_an_order_status_is_known_by_its_number(shop: Shop) -> None:
    """Rule 75: 0 to 14."""
    assert [status["id"] for status in shop.get("/v2/order_statuses").json] == list(range(15))
    shown = shop.get("/v2/order_statuses/0").json
    assert list(shown) == ["id", "name", "system_label", "custom_label", "system_description", "order"]
    assert (shown["name"], shown["system_label"], shown["order"]) == ("Incomplete", "Incomplete", 0)


@pytest.mark.parametrize("path", ["/v2/countries", "/v2/countries/13", "/v2/order_statuses", INSIDE])
def test_a_fixed_list_has_a_lasting_entity_tag(shop: Shop, path: str) -> None:
    """RFC 9110 13.1.2; rule 12: nothing in it was ever modified."""
    etag = shop.get(path).headers["etag"]
    assert shop.get(path, headers={"if-none-match": etag}).status == 304
    assert shop.get(path, headers={"if-none-match": '"1"'}).status == 200
    assert shop.get(path, headers={"if-match": '"1"'}).status == 412
    assert shop.get(path, headers={"if-modified-since": "Sun, 06 Nov 1994 08:49:37 GMT"}).status == 304


def test_geography_is_open_to_every_account(shop: Shop) -> None:
    """As the older documents have it; the other lists have scopes."""
    stranger = shop.account("store_cart")
    assert shop.get("/v2/countries", token=stranger).status == 200
    assert shop.get("/v2/order_statuses", token=stranger).reason == "SCOPE_MISSING"
    assert shop.get("/v2/payments/methods", token=stranger).reason == "SCOPE_MISSING"
    assert shop.get("/v2/order_statuses", token=shop.account("store_v2_orders_read_only")).status == 200


def test_places_are_found_by_name_or_code() -> None:
    """What orders and addresses ask for."""
    states = places.country("United States")
    assert states is not None
    for word in ("new york", " NY "):
        found = places.state(states, word)
        assert found is not None
        assert (found.state, found.state_abbreviation) == ("New York", "NY")
    assert places.state(states, "Queensland") is None
    assert places.country("Atlantis") is None


def test_the_reference_data_is_what_its_script_writes() -> None:
    """Running it again changes nothing, so ids last."""
    import runpy

    script = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "reference_data.py"), run_name="written")
    assert script["PLACES"].read_text("utf-8") == script["places"]()
    assert script["CURRENCIES"].read_text("utf-8") == script["currencies"]()
