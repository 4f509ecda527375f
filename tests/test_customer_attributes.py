"""Attributes, their values, and form field values (rules 22, 25, 102)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

ATTRIBUTES = "/v3/customers/attributes"
VALUES = "/v3/customers/attribute-values"
ANSWERS = "/v3/customers/form-field-values"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


@pytest.fixture
def jane(shop: Shop) -> Shop:
    """Two customers, three attributes."""
    people = [{"email": f"{name}@example.com", "first_name": name, "last_name": "Doe"} for name in ("Jane", "John")]
    assert shop.post("/v3/customers", people).status == 200
    made = shop.post(
        ATTRIBUTES,
        [{"name": "Age", "type": "number"}, {"name": "Born", "type": "date"}, {"name": "Mood", "type": "string"}],
    )
    assert (made.status, [one["id"] for one in made.data]) == (200, [1, 2, 3])
    return shop


def test_attributes_are_listed_renamed_and_deleted(jane: Shop) -> None:
    """Filters of the published table; rule 22: without id:in nothing happens."""
    assert [one["name"] for one in jane.get(ATTRIBUTES + "?name=MOOD").data] == ["Mood"]
    assert [one["name"] for one in jane.get(ATTRIBUTES + "?name:like=o&type=date").data] == ["Born"]
    renamed = jane.put(ATTRIBUTES, [{"id": 3, "name": "Temper", "type": "string"}])
    assert (renamed.status, renamed.data[0]["name"]) == (200, "Temper")
    assert (jane.delete(ATTRIBUTES).status, jane.rows("customer_attributes")) == (204, 3)
    assert (jane.delete(ATTRIBUTES + "?id:in=1,2").status, jane.rows("customer_attributes")) == (204, 1)


def test_a_value_is_made_or_changed_by_whose_it_is(jane: Shop) -> None:
    """An upsert: a second PUT changes the first one's row, with or without its id."""
    value = {"attribute_id": 1, "customer_id": 1, "value": "41"}
    first = jane.put(VALUES, [value])
    assert (first.status, first.data[0]["attribute_value"]) == (200, "41")
    again = jane.put(VALUES, [{**value, "value": "42"}, {**value, "customer_id": 2}])
    assert [(one["id"], one["attribute_value"]) for one in again.data] == [(1, "42"), (2, "41")]
    by_id = jane.put(VALUES, [{**value, "id": 1, "value": "43"}])
    assert [(one["id"], one["attribute_value"]) for one in by_id.data] == [(1, "43")]
    assert [one["attribute_count"] for one in jane.get("/v3/customers").data] == [1, 1]
    jane.put(VALUES, [{**value, "attribute_id": 3, "value": "fine"}])
    for query, ids in (("?customer_id:in=1", [1, 3]), ("?attribute_id:in=1", [1, 2]), ("?name=mood", [3])):
        assert [one["id"] for one in jane.get(VALUES + query).data] == ids, query
    assert (jane.delete(VALUES).status, jane.rows("customer_attribute_values")) == (204, 3)
    assert (jane.delete(VALUES + "?id:in=2").status, jane.rows("customer_attribute_values")) == (204, 2)
    jane.delete(ATTRIBUTES + "?id:in=1")  # takes its values along
    assert [one["id"] for one in jane.get(VALUES).data] == [3]


LOOKS = [
    (1, "-1.5", 200),
    (1, "", 200),
    (1, "many", 422),
    (2, "1965-04-01", 200),
    (2, "2024-05-14T09:34:00Z", 200),
    (2, "tomorrow", 422),
    (3, "many", 200),
    (3, "x" * 256, 422),
]


@pytest.mark.parametrize(("attribute", "value", "status"), LOOKS)
def test_a_value_looks_like_the_type_of_its_attribute(jane: Shop, attribute: int, value: str, status: int) -> None:
    """Rule 21; it is text all the same."""
    assert jane.put(VALUES, [{"attribute_id": attribute, "customer_id": 1, "value": value}]).status == status


VALUE = {"attribute_id": 1, "customer_id": 1, "value": "41"}
REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", ATTRIBUTES, [{"name": "A"}], 422, "FIELD_MISSING"),
    ("POST", ATTRIBUTES, [{"name": "A", "type": "colour"}], 422, "FIELD_INVALID"),
    ("PUT", ATTRIBUTES, [{"id": 1, "type": "string"}], 422, "FIELD_READ_ONLY"),  # rule 102
    ("PUT", ATTRIBUTES, [{"id": 9, "name": "A"}], 422, "LIST_REFUSED"),
    ("POST", ATTRIBUTES, [{"name": f"{n}", "type": "string"} for n in range(48)], 403, "PLATFORM_CAP_REACHED"),
    ("PUT", VALUES, [{"attribute_id": 1}], 422, "FIELD_MISSING"),
    ("PUT", VALUES, [{**VALUE, "customer_id": 9}], 422, "LIST_REFUSED"),
    ("PUT", VALUES, [{**VALUE, "attribute_id": 9}], 422, "LIST_REFUSED"),
    ("PUT", VALUES, [{**VALUE, "id": 9}], 422, "LIST_REFUSED"),
    ("PUT", VALUES, [{**VALUE, "customer_id": n} for n in range(1, 12)], 413, "TOO_MANY_ITEMS"),  # rule 25
    ("PUT", ANSWERS, [{"name": "Size", "value": "L"}], 422, "FIELD_INVALID"),
    ("PUT", ANSWERS, [{"name": "Size", "value": "L", "customer_id": 1, "address_id": 1}], 422, "FIELD_INVALID"),
    ("PUT", ANSWERS, [{"name": "Size", "value": "L", "customer_id": 9}], 422, "LIST_REFUSED"),
    ("PUT", ANSWERS, [{"name": "Size", "value": None, "customer_id": 1}], 422, "FIELD_INVALID"),
    ("PUT", ANSWERS, [{"name": "Size", "value": ["L", 1], "customer_id": 1}], 422, "FIELD_INVALID"),
    ("PUT", ANSWERS, [{"name": "Size", "value": 1e300, "customer_id": 1}], 422, "FIELD_INVALID"),
    ("GET", ANSWERS + "?field_type=colour", None, 422, "QUERY_INVALID"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    jane: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Rules 21, 25, 102."""
    kept = [jane.get(path).body for path in (ATTRIBUTES, VALUES, ANSWERS)]
    reply = jane.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert [jane.get(path).body for path in (ATTRIBUTES, VALUES, ANSWERS)] == kept


def test_fifty_attributes_are_the_most(jane: Shop) -> None:
    """Rule 102: the platform's limit, 403."""
    assert jane.post(ATTRIBUTES, [{"name": f"{n}", "type": "string"} for n in range(47)]).status == 200
    assert jane.post(ATTRIBUTES, [{"name": "One more", "type": "string"}]).status == 403


def test_answers_are_upserted_filtered_and_walked(jane: Shop) -> None:
    """Each by whose it is and the name of its field; they have no id on the wire."""
    home = {"customer_id": 1, "first_name": "J", "last_name": "D", "address1": "1", "city": "A", "country_code": "US"}
    jane.post("/v3/customers/addresses", [{**home, "state_or_province": "Texas", "postal_code": "1"}])
    sent = [
        {"customer_id": 1, "name": "Size", "value": "L"},
        {"customer_id": 1, "name": "Shoe", "value": 42.5},
        {"address_id": 1, "name": "Door", "value": ["left", "blue"]},
        {"customer_id": 2, "name": "Size", "value": "a\nb"},
    ]
    reply = jane.put(ANSWERS, sent)
    assert (reply.status, reply.data) == (200, sent)
    assert jane.put(ANSWERS, [{**sent[0], "value": "M"}]).data == [{**sent[0], "value": "M"}]
    sent[0]["value"] = "M"
    assert jane.get(ANSWERS).data == sent
    for query, places in (
        ("?customer_id=1", [0, 1]),
        ("?address_id=1", [2]),
        ("?field_name=Size", [0, 3]),
        ("?field_type=numbers", [1]),
        ("?field_type=checkboxes", [2]),
        ("?field_type=multiline", [3]),
    ):
        assert jane.get(ANSWERS + query).data == [sent[place] for place in places], query
    first = jane.get(ANSWERS + "?limit=3").json
    assert set(first["meta"]) == {"pagination", "cursor_pagination"}
    assert jane.get(ANSWERS + first["meta"]["cursor_pagination"]["links"]["next"]).data == sent[3:]
