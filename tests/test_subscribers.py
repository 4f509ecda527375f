"""Subscribers (rules 22 and 104)."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

PATH = "/v3/customers/subscribers"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def test_a_subscriber_is_made_shown_changed_and_deleted(shop: Shop) -> None:
    shop.freeze(1_400_000_000)
    made = shop.post(PATH, {"email": "ann@example.com"})
    assert made.status == 200
    assert made.data == {
        "id": 1,
        "email": "ann@example.com",
        "first_name": "",
        "last_name": "",
        "source": "custom",
        "order_id": None,
        "channel_id": 1,
        "consents": ["marketing_newsletter"],
        "date_created": "2014-05-13T16:53:20+00:00",
        "date_modified": "2014-05-13T16:53:20+00:00",
    }
    assert shop.get(PATH + "/1").data == made.data
    changed = shop.put(PATH + "/1", {"consents": [], "first_name": "Ann"})
    assert (changed.status, changed.data["consents"], changed.data["email"]) == (200, [], "ann@example.com")
    assert shop.delete(PATH + "/1").status == 204
    assert shop.get(PATH + "/1").status == 404


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", PATH, {"email": "ANN@example.com"}, 409, "DUPLICATE"),  # rule 104
    ("PUT", PATH + "/2", {"email": "Ann@example.com"}, 409, "DUPLICATE"),
    ("POST", PATH, {}, 422, "FIELD_MISSING"),
    ("POST", PATH, {"email": "ann"}, 422, "FIELD_INVALID"),
    ("POST", PATH, {"email": "a@b.c", "consents": ["all"]}, 422, "FIELD_INVALID"),
    ("POST", PATH, {"email": "a@b.c", "order_id": 0}, 422, "FIELD_INVALID"),
    ("POST", PATH, {"email": "a@b.c", "channel_id": 9}, 409, "DANGLING_REFERENCE"),
    ("DELETE", PATH + "?id:in=1", None, 422, "FILTER_REFUSED"),  # a filter that is passed over would delete all
    ("GET", PATH + "/9", None, 404, "NO_SUCH_ENTITY"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    """Rule 104: an address subscribes once, whatever its case."""
    shop.post(PATH, {"email": "ann@example.com"})
    shop.post(PATH, {"email": "bob@example.com"})
    before = shop.get(PATH).body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert shop.get(PATH).body == before


LISTED = [
    ("?email=ANN@example.com", [1]),
    ("?source=order&order_id=7", [2]),
    ("?first_name=Cid", [3]),
    ("?last_name=Smith", [3]),
    ("?id:in=1,3", [1, 3]),
    ("?date_created:min=2014-05-14", [3]),
    ("?date_modified:max=2014-05-14", [1, 2, 3]),
]


@pytest.mark.parametrize(("query", "ids"), LISTED)
def test_a_list_shows_who_was_asked_for(shop: Shop, query: str, ids: list[int]) -> None:
    """Filters of the published table."""
    shop.freeze(1_400_000_000)
    shop.post(PATH, {"email": "ann@example.com"})
    shop.post(PATH, {"email": "bob@example.com", "source": "order", "order_id": 7})
    shop.freeze(1_400_086_400)
    shop.post(PATH, {"email": "cid@example.com", "first_name": "Cid", "last_name": "Smith"})
    assert [one["id"] for one in shop.get(PATH + query).data] == ids


def test_a_delete_takes_who_it_names_or_all(shop: Shop) -> None:
    """Rule 22: without a filter all subscribers go."""
    for name in ("ann", "bob", "cid"):
        shop.post(PATH, {"email": f"{name}@example.com", "source": "order" if name == "bob" else "custom"})
    assert (shop.delete(PATH + "?source=order").status, shop.rows("subscribers")) == (204, 2)
    assert (shop.delete(PATH).status, shop.rows("subscribers")) == (204, 0)
