"""V3 `GET /store/systemlogs`: what happened in the store, from the journal."""

from __future__ import annotations

import pytest

from shop import Shop

PATH = "/v3/store/systemlogs"
NAMES = ["id", "type", "module", "severity", "summary", "message", "date_created"]


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A store in which five things happened, and a read."""
    shop.freeze(1_795_341_600)
    shop.post("/v3/catalog/brands", {"name": "Acme"})
    shop.post("/v3/catalog/brands", {"name": "Acme"})
    shop.get("/v3/catalog/brands")
    shop.put("/v3/orders/settings", {})
    shop.put("/v2/orders/7", {})
    shop.get("/v3/hooks/7")
    return shop


def test_writes_and_refusals_are_told_in_order(busy: Shop) -> None:
    logs = busy.get(PATH).json
    told = [(one["type"], one["module"], one["severity"]) for one in logs["data"]]
    assert told == [
        ("general", "", "1"),
        ("general", "", "3"),
        ("ordersettings", "", "1"),
        ("general", "order status", "3"),
        ("notification", "", "3"),
    ]
    first = logs["data"][0]
    assert list(first) == NAMES
    assert first["summary"] == f"POST /stores/{busy.name}/v3/catalog/brands was answered 200"
    assert "DUPLICATE" in logs["data"][1]["message"]
    assert busy.token not in str(logs)
    assert logs["meta"]["pagination"]["total"] == 5
    assert [one["id"] for one in logs["data"]] == sorted(one["id"] for one in logs["data"])


def test_a_list_is_known_again_until_something_happens(busy: Shop) -> None:
    """Reads that succeed are no event."""
    first = busy.get(PATH)
    known = {"if-none-match": first.headers["etag"]}
    assert [busy.get(PATH, headers=known).status for _ in range(2)] == [304, 304]
    busy.post("/v3/catalog/brands", {"name": "Bolt"})
    later = busy.get(PATH, headers=known)
    assert later.status == 200
    assert later.headers["etag"] != first.headers["etag"]


FILTERED = [
    ("type=general", [0, 1, 3]),
    ("type:not=general", [2, 4]),
    ("module=order+status", [3]),
    ("module=order%2Bstatus", [3]),
    ("module:not=order+status", [0, 1, 2, 4]),
    ("severity=3", [1, 3, 4]),
    ("severity:min=2", [1, 3, 4]),
    ("severity:max=2", [0, 2]),
    ("sort=type&direction=desc", [2, 4, 3, 1, 0]),
    ("sort=date_created&direction=desc", [4, 3, 2, 1, 0]),
    ("limit=2&page=2", [2, 3]),
]


@pytest.mark.parametrize(("query", "places"), FILTERED)
def test_filters(busy: Shop, query: str, places: list[int]) -> None:
    ids = [one["id"] for one in busy.get(PATH).data]
    found = [ids.index(one["id"]) for one in busy.get(f"{PATH}?{query}").data]
    if query.startswith("sort=type"):
        assert found[:2] == [2, 4]
        assert sorted(found[2:]) == [0, 1, 3]
    else:
        assert found == places


def test_logs_by_their_ids(busy: Shop) -> None:
    ids = [one["id"] for one in busy.get(PATH).data]
    assert [one["id"] for one in busy.get(f"{PATH}?id:in={ids[3]},{ids[0]}").data] == [ids[0], ids[3]]


@pytest.mark.parametrize(
    "query", ["type=gossip", "module=engine", "severity=5", "id:in=x", "sort=summary", "colour=red"]
)
def test_bad_queries(busy: Shop, query: str) -> None:
    assert busy.get(f"{PATH}?{query}").status == 422


def test_the_scope(busy: Shop) -> None:
    assert busy.get(PATH, token=busy.account("store_logs_read_only")).status == 200
    assert busy.get(PATH, token=busy.account("store_v2_information")).reason == "SCOPE_MISSING"
    assert busy.post(PATH, {}).status == 405
