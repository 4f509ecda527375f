"""/hooks in both versions: what a client may ask to be told, and who sees it."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Shop

GOOD = {"scope": "store/order/*", "destination": "https://example.com/in", "is_active": True}
MEMBERS = [
    "id",
    "client_id",
    "store_hash",
    "scope",
    "destination",
    "headers",
    "is_active",
    "created_at",
    "updated_at",
    "events_history_enabled",
]
START = 1_900_000_000


@pytest.mark.parametrize(("version", "status"), [(2, 201), (3, 200)])
def test_a_hook_goes_in_and_comes_out(shop: Shop, version: int, status: int) -> None:
    """webhooks.v3.yml; V2 shows the same members, without an envelope."""
    shop.freeze(START)
    made = shop.post(f"/v{version}/hooks", {**GOOD, "headers": {"X-Key": "k"}})
    hook = made.json if version == 2 else made.data
    assert (made.status, list(hook)) == (status, MEMBERS)
    assert hook["store_hash"] == shop.name
    assert {name: hook[name] for name in GOOD} == GOOD
    assert (hook["headers"], hook["created_at"], hook["updated_at"]) == ({"X-Key": "k"}, START, START)
    shown = shop.get(f"/v{version}/hooks/{hook['id']}").json
    assert (shown if version == 2 else shown["data"]) == hook
    listed = shop.get(f"/v{version}/hooks").json
    assert (listed if version == 2 else listed["data"]) == [hook]
    shop.freeze(START + 5)
    changed = shop.put(f"/v{version}/hooks/{hook['id']}", {"is_active": False}).json
    changed = changed if version == 2 else changed["data"]
    assert changed == {**hook, "is_active": False, "updated_at": START + 5}
    gone = shop.delete(f"/v{version}/hooks/{hook['id']}")
    assert (gone.status, gone.json if version == 2 else gone.data) == (200, changed)  # rule 131
    assert shop.get(f"/v{version}/hooks/{hook['id']}").status == 404
    assert shop.rows("hooks") == 0


@pytest.mark.parametrize(("version", "active"), [(2, False), (3, True)])
def test_a_hook_that_does_not_say_so_is_active_in_v3_only(shop: Shop, version: int, active: bool) -> None:
    """Rule 125, and webhooks.v3.yml."""
    body = {name: value for name, value in GOOD.items() if name != "is_active"}
    assert shop.post(f"/v{version}/hooks", body).status in (200, 201)
    assert shop.get("/v3/hooks").data[0]["is_active"] is active


SCOPES = [
    ("store/order/statusUpdated", True),
    ("store/product/*", True),
    ("store/channel/7/order/created", True),
    ("store/channel/*/inventory/product/stock_changed", True),
    ("store/channel/*", True),
    ("store/sku/inventory/*", True),
    ("store/order/refund/*", True),
    ("store/information/*", True),
    ("store/channel/7/product/*", True),
    ("store/hook/*", False),
    ("store/hook/deliveryException", True),
    ("store/*", False),
    ("*", False),
    ("store/order", False),
    ("store/order/nothing", False),
    ("store/channel/#/order/created", False),
    ("store/channel/0/order/created", False),
    ("store/channel/x/order/created", False),
    ("STORE/ORDER/CREATED", False),
    ("", False),
]


@pytest.mark.parametrize(("scope", "known"), SCOPES)
def test_only_scopes_that_exist_can_be_asked_for(shop: Shop, scope: str, known: bool) -> None:
    """Rule 125; contract webhooks.tsv."""
    reply = shop.post("/v3/hooks", {**GOOD, "scope": scope})
    assert (reply.status, reply.reason) == ((200, "") if known else (422, "FIELD_INVALID"))


DESTINATIONS = [
    ("https://example.com", True),
    ("https://example.com:443/a?b=c", True),
    ("https://example.com:8443/", False),
    ("http://example.com/", False),
    ("ftp://example.com/", False),
    ("https:///path", False),
    ("https://user:word@example.com/", False),
    ("https://example.com:port/", False),
    ("https://example.com/a b", False),
    ("https://example.com/\r\nx: y", False),
    ("https://exämple.com/", False),
    ("https://example.com/" + "a" * 2048, False),
    ("example.com", False),
    ("", False),
]


@pytest.mark.parametrize(("destination", "good"), DESTINATIONS)
def test_events_go_to_https_on_its_own_port_only(shop: Shop, destination: str, good: bool) -> None:
    """Rule 125."""
    reply = shop.post("/v3/hooks", {**GOOD, "destination": destination})
    assert (reply.status, reply.reason) == ((200, "") if good else (422, "FIELD_INVALID"))


def test_development_lets_plain_http_and_other_ports_pass(shop: Shop) -> None:
    """The setting `webhooks.allow_private`."""
    shop.change(settings={"webhooks.allow_private": True})
    assert shop.post("/v3/hooks", {**GOOD, "destination": "http://localhost:3000/in"}).status == 200
    assert shop.post("/v3/hooks", {**GOOD, "destination": "ftp://localhost/"}).status == 422


HEADERS: list[tuple[Any, bool]] = [
    (None, True),
    ({}, True),
    ({"X-A": "b", "Authorization": "Basic eA=="}, True),
    ({"X-A": "b\r\nX-B: c"}, False),
    ({"X A": "b"}, False),
    ({"": "b"}, False),
    ({"Host": "elsewhere"}, False),
    ({"Content-Length": "1"}, False),
    ({"webhook-signature": "v1,forged"}, False),
    ({"X-A": 1}, False),
    (["X-A"], False),
    ({f"X-{number}": "v" for number in range(65)}, False),
]


@pytest.mark.parametrize(("headers", "good"), HEADERS)
def test_headers_that_cannot_be_sent_along_are_refused(shop: Shop, headers: Any, good: bool) -> None:
    """contract/wire.md section 6: custom headers are replayed, so they have to be headers."""
    reply = shop.post("/v3/hooks", {**GOOD, "headers": headers})
    assert (reply.status, reply.reason) == ((200, "") if good else (422, "FIELD_INVALID"))


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "/v3/hooks", {}, 422, "FIELD_MISSING"),
    ("POST", "/v2/hooks", {"scope": "store/order/*"}, 400, "FIELD_MISSING"),
    ("POST", "/v2/hooks", {**GOOD, "scope": "store/nothing"}, 400, "FIELD_INVALID"),
    ("POST", "/v2/hooks", {**GOOD, "colour": "red"}, 400, "FIELD_UNKNOWN"),
    ("POST", "/v2/hooks", {**GOOD, "id": 7}, 400, "FIELD_READ_ONLY"),
    ("POST", "/v3/hooks", GOOD, 409, "DUPLICATE"),  # rule 123
    ("POST", "/v2/hooks", GOOD, 409, "DUPLICATE"),
    ("PUT", "/v3/hooks/1", {"scope": "store/nothing"}, 422, "FIELD_INVALID"),
    ("PUT", "/v3/hooks/9", {"is_active": False}, 404, "NO_SUCH_ENTITY"),
    ("DELETE", "/v3/hooks/9", None, 404, "NO_SUCH_ENTITY"),
    ("DELETE", "/v3/hooks", None, 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/v2/hooks.xml", None, 406, "NOT_ACCEPTABLE"),  # rule 15
    ("PUT", "/v3/hooks/admin", {}, 422, "FIELD_MISSING"),
    ("PUT", "/v3/hooks/admin", {"emails": ["nobody"]}, 422, "FIELD_INVALID"),
    ("PUT", "/v3/hooks/admin", {"emails": "a@example.com"}, 422, "FIELD_INVALID"),
    ("PUT", "/v3/hooks/admin", [], 400, "MALFORMED_BODY"),
    ("GET", "/v3/hooks/admin?is_active=perhaps", None, 422, "QUERY_INVALID"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_request_is_refused_and_changes_nothing(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    shop.post("/v3/hooks", GOOD)
    before = shop.get("/v3/hooks").body
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, reason)
    assert reply.headers["content-type"] == "application/json"
    assert shop.get("/v3/hooks").body == before


def test_a_body_without_content_type_is_a_bad_request(shop: Shop) -> None:
    """Rule 8: 400 in V2, where other resources answer 415; a type that is named and wrong is 415."""
    body = b'{"scope": "store/order/*", "destination": "https://example.com"}'
    assert shop.post("/v2/hooks", body=body).status == 400
    assert shop.post("/v3/hooks", body=body).status == 415
    assert shop.post("/v2/hooks", body=b"<hook/>", headers={"content-type": "application/xml"}).status == 415


def test_hooks_are_seen_by_the_client_that_made_them_only(shop: Shop) -> None:
    """Rule 124, and no scope of the account is asked for."""
    made = shop.post("/v3/hooks", GOOD).data
    other = shop.account("store_v2_orders")
    for method, body in (("GET", None), ("PUT", {"is_active": False}), ("DELETE", None)):
        for version in (2, 3):
            path = f"/v{version}/hooks/{made['id']}"
            assert shop.request(method, path, body, token=other).status == 404, (method, version)
    assert shop.get("/v3/hooks", token=other).data == []
    assert shop.get("/v2/hooks", token=other).status == 204
    assert shop.post("/v3/hooks", GOOD, token=other).status == 200
    assert len(shop.get("/v3/hooks").data) == 1
    assert shop.get("/v3/hooks").json["meta"]["pagination"]["total"] == 1


@pytest.mark.parametrize("version", [2, 3])
def test_nobody_chooses_whose_a_hook_is(shop: Shop, version: int) -> None:
    """Rule 124: members that follow from the request are passed over, since clients send whole objects back."""
    own = shop.post("/v3/hooks", {**GOOD, "scope": "store/cart/*"}).data["client_id"]
    body = {**GOOD, "client_id": "other", "store_hash": "other", "created_at": 1}
    made = shop.post(f"/v{version}/hooks", body).json
    made = made if version == 2 else made["data"]
    assert (made["client_id"], made["store_hash"], made["created_at"] > 1) == (own, shop.name, True)


def test_a_client_has_ten_hooks_of_a_scope(shop: Shop) -> None:
    """Rule 123; a hook of the same destination is told to be one first."""
    for number in range(10):
        assert shop.post("/v3/hooks", {**GOOD, "destination": f"https://example.com/{number}"}).status == 200
    eleventh = shop.post("/v3/hooks", GOOD)
    assert (eleventh.status, eleventh.reason) == (403, "PLATFORM_CAP_REACHED")
    again = shop.post("/v3/hooks", {**GOOD, "destination": "https://example.com/3"})
    assert (again.status, again.reason) == (409, "DUPLICATE")
    other = shop.post("/v3/hooks", {**GOOD, "scope": "store/order/created"}).data["id"]
    assert shop.put(f"/v3/hooks/{other}", {"scope": GOOD["scope"]}).status == 403
    assert shop.put("/v3/hooks/1", {"is_active": False}).status == 200
    assert shop.post("/v3/hooks", GOOD, token=shop.account()).status == 200


def test_the_hook_for_exceptions_is_one_and_stands_apart(shop: Shop) -> None:
    """Rule 130."""
    troubles = {"scope": "store/hook/deliveryException", "destination": "https://example.com/troubles"}
    shop.post("/v3/hooks", GOOD)
    assert shop.post("/v3/hooks", {**troubles, "destination": GOOD["destination"]}).status == 422
    assert shop.post("/v3/hooks", troubles).status == 200
    assert shop.post("/v3/hooks", {**troubles, "destination": "https://example.com/more"}).status == 403
    taken = shop.post("/v3/hooks", {**GOOD, "scope": "store/cart/*", "destination": troubles["destination"]})
    assert (taken.status, taken.reason) == (422, "FIELD_INVALID")


LISTED = [
    ("/v3/hooks?is_active=true", [1]),
    ("/v3/hooks?scope=store/cart/*", [2]),
    ("/v3/hooks?destination=https://example.com/in", [1]),
    ("/v3/hooks?limit=1&page=2", [2]),
    ("/v2/hooks?is_active=false", [2]),
    ("/v2/hooks?min_id=2", [2]),
]


@pytest.mark.parametrize(("path", "ids"), LISTED)
def test_a_list_shows_what_was_asked_for(shop: Shop, path: str, ids: list[int]) -> None:
    """contract/filters.tsv."""
    shop.post("/v3/hooks", GOOD)
    shop.post("/v3/hooks", {"scope": "store/cart/*", "destination": "https://example.com/b", "is_active": False})
    found = shop.get(path).json
    assert [hook["id"] for hook in (found if path.startswith("/v2") else found["data"])] == ids


def test_the_administration_shows_what_a_client_has(shop: Shop) -> None:
    """webhooks.v3.yml, /hooks/admin."""
    shop.post("/v3/hooks", GOOD)
    shop.post("/v3/hooks", {**GOOD, "scope": "store/cart/*", "is_active": False})
    emails = ["a@example.com", "b@example.com"]
    put = shop.put("/v3/hooks/admin", {"emails": emails})
    assert (put.status, put.body) == (204, b"")
    shown = shop.get("/v3/hooks/admin").data
    assert (shown["emails"], shown["blocked_domains"]) == (emails, [])
    assert [(hook["id"], hook["status"]) for hook in shown["hooks_list"]] == [(1, "active"), (2, "inactive")]
    assert [hook["id"] for hook in shop.get("/v3/hooks/admin?is_active=false").data["hooks_list"]] == [2]
    assert shop.get("/v3/hooks/admin", token=shop.account()).data["emails"] == []


def test_a_hook_takes_what_waits_for_it_along(shop: Shop) -> None:
    """Nothing is delivered to a hook that was deleted."""
    shop.change(settings={"webhooks.allow_private": True})
    made = {"scope": "store/category/created", "destination": "http://127.0.0.1:1/"}
    hook = shop.post("/v3/hooks", made).data["id"]
    shop.category()
    assert shop.rows("deliveries") == 1
    assert shop.delete(f"/v3/hooks/{hook}").status == 200
    assert shop.rows("deliveries") == 0
