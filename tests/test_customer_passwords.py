"""Passwords of customers (rule 98): set, never shown, kept as hashes, checked, guessed in vain."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Reply, Shop

JANE = {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}
CHECK = "/v3/customers/validate-credentials"


@pytest.fixture
def shop(room: Shop) -> Shop:
    """One store for the whole file, emptied before each test."""
    return room


def right(shop: Shop, password: str, **more: Any) -> bool:
    """What both versions say of Jane's password."""
    third = shop.post(CHECK, {"email": "JANE@example.com", "password": password, **more})
    assert third.status == 200, third.body
    assert third.json == {"is_valid": third.json["is_valid"], "customer_id": 1 if third.json["is_valid"] else None}
    if not more:
        second = shop.post("/v2/customers/1/validate", {"password": password})
        assert (second.status, second.json) == (200, {"success": third.json["is_valid"]})
    return bool(third.json["is_valid"])


def rest(shop: Shop) -> bytes:
    """What the store keeps of the first customer beside what it shows."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    return bytes(shop.server.run(store.rows.reader.row("SELECT rest FROM customers WHERE id = 1"))[0])


SET: list[tuple[str, str, Any]] = [
    ("POST", "/v2/customers", {**JANE, "_authentication": {"password": "sesame1", "password_confirmation": "sesame1"}}),
    ("POST", "/v2/customers", {**JANE, "_authentication": {"password": "sesame1"}}),
    ("POST", "/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}]),
]


@pytest.mark.usefixtures("costly_passwords")
@pytest.mark.parametrize(("method", "path", "body"), SET)
def test_a_password_lets_one_in_and_is_seen_by_nobody(shop: Shop, method: str, path: str, body: Any) -> None:
    """Rule 98: argon2id with 19 MiB, two passes, one lane; no reply holds the password or its hash."""
    made = shop.request(method, path, body)
    assert made.status == 200, made.body
    assert (right(shop, "sesame1"), right(shop, "Sesame"), right(shop, "")) == (True, False, False)
    kept = rest(shop)
    assert b"$argon2id$v=19$m=19456,t=2,p=1$" in kept
    assert b"sesame1" not in kept
    message = [made, shop.get("/v3/customers"), shop.get("/v2/customers"), shop.get("/v2/customers/1.xml")]
    assert not [reply for reply in message if b"argon" in reply.body or b"sesame1" in reply.body]


def test_a_password_is_changed_and_stays_until_then(shop: Shop) -> None:
    """Rule 98: an update without it leaves it as it is."""
    shop.post("/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}])
    shop.put("/v3/customers", [{"id": 1, "company": "Acme"}])
    assert right(shop, "sesame1")
    shop.put("/v2/customers/1", {"_authentication": {"password": "mustard1"}})
    assert (right(shop, "mustard1"), right(shop, "sesame1")) == (True, False)
    shop.put("/v3/customers", [{"id": 1, "authentication": {"new_password": "pepper12"}}])
    assert right(shop, "pepper12")


def test_who_was_made_without_a_password_has_one_that_nobody_knows(shop: Shop) -> None:
    """Rule 98: omitted on create, it is none that could be guessed."""
    shop.post("/v3/customers", [{**JANE, "_authentication": {"password": "sesame1"}}])  # V2's word means nothing in V3
    assert (right(shop, "sesame1"), right(shop, "")) == (False, False)


def test_a_reset_is_asked_for_in_either_version(shop: Shop) -> None:
    """Rule 98: force_reset, force_password_reset and reset_pass_on_login are one thing."""
    shop.post("/v2/customers", {**JANE, "_authentication": {"force_reset": True}})
    shown = shop.get("/v3/customers").data[0]["authentication"]
    assert (shown, shop.get("/v2/customers/1").json["reset_pass_on_login"]) == ({"force_password_reset": True}, True)
    shop.put("/v3/customers", [{"id": 1, "authentication": {"new_password": "sesame1"}}])
    assert shop.get("/v3/customers").data[0]["authentication"] == {"force_password_reset": True}
    shop.put("/v3/customers", [{"id": 1, "authentication": {"force_password_reset": False}}])
    assert shop.get("/v2/customers/1").json["reset_pass_on_login"] is False
    assert shop.put("/v2/customers/1", {"reset_pass_on_login": True}).json["reset_pass_on_login"] is True
    assert right(shop, "sesame1")


REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("PUT", "/v2/customers/1", {"_authentication": {"password": "a", "password_confirmation": "b"}}, 400, "INVALID"),
    ("PUT", "/v2/customers/1", {"_authentication": {"password_confirmation": "b"}}, 400, "INVALID"),
    ("PUT", "/v2/customers/1", {"_authentication": {"password": ""}}, 400, "INVALID"),
    ("PUT", "/v2/customers/1", {"_authentication": {"pasword": "a"}}, 400, "UNKNOWN"),
    ("PUT", "/v2/customers/1", {"_authentication": "a"}, 400, "INVALID"),
    ("PUT", "/v3/customers", [{"id": 1, "authentication": {"new_password": ""}}], 422, "INVALID"),
    ("PUT", "/v3/customers", [{"id": 1, "authentication": {"new_password": "x" * 251}}], 422, "INVALID"),
    ("PUT", "/v3/customers", [{"id": 1, "authentication": {"new_password": 7}}], 422, "INVALID"),
    ("POST", CHECK, {"email": "jane@example.com"}, 422, "MISSING"),
    ("POST", CHECK, {"email": "jane@example.com", "password": "x", "channel_id": 9}, 422, "INVALID"),
    ("POST", "/v2/customers/1/validate", {}, 400, "MISSING"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason"), REFUSED)
def test_a_bad_password_is_refused_and_the_old_one_stays(
    shop: Shop, method: str, path: str, body: Any, status: int, reason: str
) -> None:
    shop.post("/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}])
    reply = shop.request(method, path, body)
    assert (reply.status, reply.reason) == (status, f"FIELD_{reason}"), reply.body
    assert right(shop, "sesame1")


def test_nobody_is_validated_who_is_not_there(shop: Shop) -> None:
    """RFC 9110 15.5.5; an address that nobody has is as wrong as a wrong password."""
    assert shop.post("/v2/customers/9/validate", {"password": "x"}).status == 404
    reply = shop.post(CHECK, {"email": "nobody@example.com", "password": "x"})
    assert (reply.status, reply.json) == (200, {"is_valid": False, "customer_id": None})


def test_a_password_lets_one_in_only_where_one_belongs(shop: Shop) -> None:
    """Rule 102: channel_ids, and channels that take no global logins."""
    shop.post("/v3/channels", {"name": "Second", "type": "storefront", "platform": "custom"})
    shop.post("/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}])
    assert (right(shop, "sesame1", channel_id=1), right(shop, "sesame1", channel_id=2)) == (True, False)
    shop.put("/v3/customers/settings/channels/2", {"allow_global_logins": True})
    assert right(shop, "sesame1", channel_id=2)
    shop.put("/v3/customers", [{"id": 1, "channel_ids": [2]}])
    assert (right(shop, "sesame1", channel_id=1), right(shop, "sesame1", channel_id=2)) == (False, True)


def _guess(shop: Shop, password: str) -> Reply:
    return shop.post(CHECK, {"email": "jane@example.com", "password": password})


def test_guesses_are_counted_and_then_refused_for_a_while(shop: Shop) -> None:
    """customers.v3: 429. Ten wrong ones a minute, by the store's clock, in both versions together."""
    shop.freeze(1_400_000_000)
    shop.post("/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}])
    for _ in range(5):
        assert (_guess(shop, "no").status, _guess(shop, "sesame1").json["is_valid"]) == (200, True)
        assert shop.post("/v2/customers/1/validate", {"password": "no"}).status == 200
    reply = _guess(shop, "sesame1")
    assert (reply.status, reply.reason) == (429, "PASSWORD_GUESSED")
    assert (reply.headers["retry-after"], reply.headers["x-retry-after"]) == ("60", "60")
    assert shop.post("/v2/customers/1/validate", {"password": "sesame1"}).status == 429
    assert shop.post("/v2/customers/9/validate", {"password": "sesame1"}).status == 404
    assert shop.post(CHECK, {"email": "jane@example.com"}).reason == "FIELD_MISSING"
    assert shop.post(CHECK, {"email": "john@example.com", "password": "no"}).status == 200
    shop.freeze(1_400_000_060)
    assert _guess(shop, "sesame1").json["is_valid"] is True
    assert _guess(shop, "no").status == 200
    assert shop.rows("password_guesses") == 1


def test_guesses_that_come_all_at_once_are_counted_as_well(shop: Shop) -> None:
    """However many are under way, no more than ten are answered."""
    import asyncio
    import json

    shop.post("/v3/customers", [{**JANE, "authentication": {"new_password": "sesame1"}}])
    body = json.dumps({"email": "jane@example.com", "password": "no"}).encode()
    statuses: list[int] = []

    async def guess() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if "status" in message:
                statuses.append(message["status"])

        path = f"/stores/{shop.name}{CHECK}"
        headers = [
            (b"host", b"localhost:8443"),
            (b"x-auth-token", shop.token.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        scope = {
            "type": "http", "method": "POST", "scheme": "https", "path": path, "raw_path": path.encode(),
            "query_string": b"", "headers": headers,
        }  # fmt: skip
        await shop.server.app(scope, receive, send)

    async def all_at_once() -> None:
        await asyncio.gather(*[guess() for _ in range(16)])

    shop.server.run(all_at_once())
    assert sorted(statuses) == [200] * 10 + [429] * 6


def test_no_task_keeps_a_password(shop: Shop) -> None:
    """RFC 7240 2: a preference may be passed over; a task would show the body that it was made from."""
    asked = {"Prefer": "respond-async"}
    body = [{**JANE, "authentication": {"new_password": "sesame1"}}]
    assert shop.post("/v3/customers", body, headers=asked).status == 200
    assert shop.put("/v2/customers/1", {"_authentication": {"password": "pepper12"}}, headers=asked).status == 200
    assert shop.post(CHECK, {"email": "a@b.c", "password": "x"}, headers=asked).status == 200
    assert shop.post("/v2/customers/1/validate", {"password": "pepper12"}, headers=asked).status == 200
    assert shop.rows("tasks") == 0
    assert shop.delete("/v2/customers/1", headers=asked).status == 202


def test_a_password_that_is_sent_again_is_known_again_and_not_kept(shop: Shop) -> None:
    """Rule 98 with an Idempotency-Key: the print of such a body is as slow to guess from as the hash is."""
    body = {**JANE, "_authentication": {"password": "sesame1"}}
    first, again = (shop.post("/v2/customers", body, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status, again.status, first.json, shop.rows("customers")) == (200, 200, again.json, 1)
    other = {**JANE, "_authentication": {"password": "pepper12"}}
    assert shop.post("/v2/customers", other, headers={"Idempotency-Key": "one"}).reason == "KEY_REUSED"
    shop.delete("/v2/customers/1")
    shop.post("/v2/customers", body, headers={"Idempotency-Key": "two"})
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    prints = [row[0] for row in shop.server.run(store.rows.reader.rows("SELECT print FROM idempotency"))]
    assert len(set(prints)) == 2  # salted by whose key it is, so that two of them cannot be compared
