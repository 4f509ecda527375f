"""Addresses of customers (rules 22, 25, 100, 101), one model seen through both versions."""

from __future__ import annotations

from typing import Any

import pytest

import people
from shop import Shop

V3 = "/v3/customers/addresses"
HOME = {"customer_id": 1, **people.HOME}
V2_HOME = {
    "first_name": "Jane",
    "last_name": "Doe",
    "street_1": "9 Side Street",
    "city": "Berlin",
    "state": " ",
    "zip": "10115",
    "country": "Germany",
    "phone": "1",
}


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


@pytest.fixture
def jane(shop: Shop) -> Shop:
    """A store with two customers; the first has an address."""
    people = [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"} for name in ("Jane", "John")]
    assert shop.post("/v3/customers", people).status == 200
    assert shop.post(V3, [{**HOME, "company": "Acme"}]).status == 200
    return shop


def test_an_address_goes_in_by_v3_and_comes_out_by_v2(jane: Shop) -> None:
    """Rule 17; the link of a customer leads there, and counts tell it."""
    assert jane.get("/v2/customers/1/addresses").json == [
        {
            "id": 1,
            "customer_id": 1,
            "first_name": "Jane",
            "last_name": "Doe",
            "company": "Acme",
            "street_1": "1 Main Street",
            "street_2": "",
            "city": "Austin",
            "state": "Texas",
            "zip": "78701",
            "country": "United States",
            "country_iso2": "US",
            "phone": "",
            "address_type": "residential",
        }
    ]
    assert jane.get("/v2/customers/1/addresses/count").json == {"count": 1}
    assert jane.get("/v2/customers/2/addresses/count").json == {"count": 0}
    assert jane.get("/v2/customers/addresses/count").json == {"count": 1}
    assert jane.get("/v2/customers/2/addresses").status == 204  # rule 7
    assert jane.get("/v2/customers/2/addresses/1").status == 404


def test_an_address_goes_in_by_v2_and_comes_out_by_v3(jane: Shop) -> None:
    """Rule 100: a full country name, a space for no state."""
    made = jane.post("/v2/customers/1/addresses", V2_HOME)
    assert (made.status, made.json["country_iso2"], made.json["state"]) == (200, "DE", " ")
    shown = jane.get(V3 + "?id:in=2").data[0]
    assert (shown["country"], shown["country_code"], shown["address1"]) == ("Germany", "DE", "9 Side Street")
    assert jane.get("/v3/customers?id:in=1").data[0]["address_count"] == 2
    changed = jane.put("/v2/customers/1/addresses/2", {"country": "France", "address_type": "commercial"})
    assert (changed.status, changed.json["country_iso2"]) == (200, "FR")
    assert jane.get(V3 + "?id:in=2").data[0]["country"] == "France"


def test_a_duplicate_is_no_error_and_no_second_address(jane: Shop) -> None:
    """Rule 101: 200 and left out of data; its answers are not taken either."""
    again = {**HOME, "company": "Acme", "form_fields": [{"name": "Door", "value": "left"}]}
    reply = jane.post(V3, [again])
    assert (reply.status, reply.json) == (200, {"data": [], "meta": {}})
    mixed = jane.post(V3, [again, {**HOME, "city": "Dallas"}, {**HOME, "city": "Dallas"}])
    assert (mixed.status, [one["city"] for one in mixed.data]) == (200, ["Dallas"])
    assert (jane.rows("customer_addresses"), jane.rows("form_field_values")) == (2, 0)
    assert [one["customer_id"] for one in jane.post(V3, [{**again, "customer_id": 2}]).data] == [2]


def test_a_change_into_a_duplicate_changes_nothing(jane: Shop) -> None:
    """Rule 101: 200, left out of data; the others of the list are changed."""
    jane.post(V3, [{**HOME, "city": "Dallas", "company": "Acme"}])
    reply = jane.put(V3, [{"id": 2, "city": "Austin"}, {"id": 1, "phone": "7"}])
    assert (reply.status, [one["id"] for one in reply.data]) == (200, [1])
    assert jane.get(V3 + "?id:in=2").data[0]["city"] == "Dallas"
    same = jane.put(V3, [{"id": 1, "phone": "7"}])
    assert [one["id"] for one in same.data] == [1]


def test_a_v2_duplicate_is_a_conflict_that_names_the_other(jane: Shop) -> None:
    """Rule 101 is V3's: V2 tells a conflict as it does elsewhere."""
    jane.post("/v2/customers/1/addresses", V2_HOME)
    reply = jane.post("/v2/customers/1/addresses", V2_HOME)
    assert (reply.status, reply.json[0]["details"]["conflicting_id"]) == (409, 2)


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", V3, [{"customer_id": 1}], 422, "FIELD_MISSING"),
    ("POST", V3, [{**HOME, "customer_id": 9}], 422, "LIST_REFUSED"),
    ("POST", V3, [{**HOME, "country_code": "XX"}], 422, "FIELD_INVALID"),
    ("POST", V3, [{**HOME, "country_code": "USA"}], 422, "FIELD_INVALID"),
    ("POST", V3, [{**HOME, "city": "x" * 101}], 422, "FIELD_INVALID"),
    ("POST", V3, [{**HOME, "address_type": "boat"}], 422, "FIELD_INVALID"),
    ("POST", V3, [HOME] * 51, 413, "TOO_MANY_ITEMS"),  # rule 25
    ("PUT", V3, [{"id": 9, "city": "Dallas"}], 422, "LIST_REFUSED"),
    ("GET", V3 + "?company:min=A", None, 422, "FILTER_REFUSED"),  # rule 20
    ("DELETE", V3 + "?customer_id:in=1", None, 422, "FILTER_REFUSED"),
    ("POST", "/v2/customers/1/addresses", {**V2_HOME, "state": None}, 400, "FIELD_INVALID"),  # rule 100
    ("POST", "/v2/customers/1/addresses", {**V2_HOME, "country": "Atlantis"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/customers/1/addresses", {"city": "Austin"}, 400, "FIELD_MISSING"),
    ("PUT", "/v2/customers/1/addresses/1", {"country_iso2": "DE"}, 400, "FIELD_READ_ONLY"),
    ("POST", "/v2/customers/9/addresses", V2_HOME, 404, "NO_SUCH_ENTITY"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    jane: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    before = jane.get(V3).body
    reply = jane.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert jane.get(V3).body == before


def test_a_list_shows_what_was_asked_for(jane: Shop) -> None:
    """Filters and includes of the published table."""
    jane.post(V3, [{**HOME, "customer_id": 2, "first_name": "John", "form_fields": [{"name": "Door", "value": 3}]}])
    for query, ids in (
        ("?customer_id:in=2", [2]),
        ("?company:in=Acme", [1]),
        ("?name:in=JOHN doe", [2]),
        ("?id:in=1,2", [1, 2]),
    ):
        assert [one["id"] for one in jane.get(V3 + query).data] == ids, query
    plain, full = jane.get(V3).data[1], jane.get(V3 + "?include=formfields").data
    assert "form_fields" not in plain
    assert [one["form_fields"] for one in full] == [[], [{"address_id": 2, "name": "Door", "value": 3}]]


def test_a_customer_shows_ten_addresses_and_counts_all(jane: Shop) -> None:
    """customers.v3: addresses within a customer are limited to ten."""
    assert jane.post(V3, [{**HOME, "address2": f"{n}"} for n in range(11)]).status == 200
    shown = jane.get("/v3/customers?id:in=1&include=addresses").data[0]
    assert (len(shown["addresses"]), shown["address_count"]) == (10, 12)


def test_deletes_keep_to_their_rules(jane: Shop) -> None:
    """Rule 22: V3 without id:in does nothing, V2 takes all of the customer's."""
    jane.post(V3, [{**HOME, "customer_id": 2}, {**HOME, "city": "Dallas"}, {**HOME, "city": "Waco"}])
    assert (jane.delete(V3).status, jane.rows("customer_addresses")) == (204, 4)
    assert (jane.delete(V3 + "?id:in=3,99").status, jane.rows("customer_addresses")) == (204, 3)
    assert jane.delete("/v2/customers/1/addresses/1").status == 204
    assert jane.delete("/v2/customers/1/addresses").status == 204
    assert [one["customer_id"] for one in jane.get(V3).data] == [2]
