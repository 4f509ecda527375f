"""Tokens for the storefront's GraphQL API: made, verified, ended by the clock, revoked."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from bodega.resources import SWEEPS
from bodega.resources.tokens import storefront_tokens
from bodega.tasks.sweep import sweep_all
from shop import Reply, Shop

TOKEN = "/v3/storefront/api-token"
PRIVATE, ACTING = f"{TOKEN}-private", f"{TOKEN}-customer-impersonation"
NOW = 1_900_000_000
BODY = {"channel_id": 1, "expires_at": NOW + 3_600}


@pytest.fixture
def at_noon(shop: Shop) -> Shop:
    shop.freeze(NOW)
    return shop


def said(shop: Shop, token: str) -> storefront_tokens.StorefrontClaims | None:
    """What the storefront takes from a token."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    found: storefront_tokens.StorefrontClaims | None = shop.server.run(storefront_tokens.verified(store, token))
    return found


def made(shop: Shop, path: str = TOKEN, **more: Any) -> str:
    reply = shop.post(path, {**BODY, **more})
    assert (reply.status, set(reply.data)) == (200, {"token"}), reply.body
    return str(reply.data["token"])


def revoked(shop: Shop, token: str) -> Reply:
    return shop.delete(TOKEN, headers={"sf-api-token": token})


def test_a_token_says_where_it_may_be_used_and_until_when(at_noon: Shop) -> None:
    token = made(at_noon, allowed_cors_origins=["https://www.example.com", "http://localhost:3000"])
    claims = said(at_noon, token)
    assert claims is not None
    assert (claims.kind, claims.cid, claims.eat, claims.iat, claims.iss) == ("storefront", (1,), NOW + 3_600, NOW, "BC")
    assert claims.corsOrigins == ("https://www.example.com", "http://localhost:3000")
    assert claims.sid == at_noon.get("/v2/store").json["store_id"]
    other = at_noon.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"}).data["id"]
    many = at_noon.post(TOKEN, {"channel_ids": [1, other], "expires_at": NOW + 60}).data["token"]
    assert said(at_noon, many).cid == (1, other)  # type: ignore[union-attr]
    assert said(at_noon, made(at_noon, ACTING)).kind == "customer_impersonation"  # type: ignore[union-attr]
    private = said(at_noon, made(at_noon, PRIVATE, scopes=["Unauthenticated", "Customer"]))
    assert private is not None
    assert (private.kind, private.scopes) == ("private", ("Unauthenticated", "Customer"))


def test_a_token_ends_by_the_clock_of_the_store(at_noon: Shop) -> None:
    token = made(at_noon)
    at_noon.freeze(NOW + 3_599)
    assert said(at_noon, token) is not None
    at_noon.freeze(NOW + 3_600)
    assert said(at_noon, token) is None


def test_a_revoked_token_is_dead_at_once_and_forgotten_when_it_would_have_ended(at_noon: Shop) -> None:
    token, kept = made(at_noon), made(at_noon, expires_at=NOW + 7_200)
    for _ in range(2):
        assert revoked(at_noon, token).status == 200
        assert said(at_noon, token) is None
    assert said(at_noon, kept) is not None
    assert at_noon.rows("revoked_storefront_tokens") == 1
    at_noon.freeze(NOW + 3_600)
    store = at_noon.server.run(at_noon.server.app.stores.get(at_noon.name))
    at_noon.server.run(sweep_all(store, SWEEPS))
    assert at_noon.rows("revoked_storefront_tokens") == 0


def test_only_tokens_of_the_store_can_be_revoked(at_noon: Shop) -> None:
    for token in ("", "x", "a.b.c", made(at_noon, ACTING), made(at_noon) + "x"):
        assert revoked(at_noon, token).status == 422, token
    assert at_noon.delete(TOKEN).status == 422
    assert at_noon.rows("revoked_storefront_tokens") == 0


def test_a_token_that_was_changed_or_signed_otherwise_is_none(at_noon: Shop) -> None:
    token = made(at_noon)
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    name = jwt.get_unverified_header(token)["kid"]
    forged = [
        f"{head}.{body}.{signature[:-2]}AA", f"{head}.{body}.", jwt.encode(claims, "", "none"),
        jwt.encode({**claims, "eat": NOW + 99_999}, "guess" * 8, "HS256", headers={"kid": name}),
        jwt.encode(claims, "guess" * 8, "HS256", headers={"kid": "storefront-0"}),
        "\xe9.b.c", "a" * 9_000,
    ]  # fmt: skip
    for one in forged:
        assert said(at_noon, one) is None, one
    assert said(at_noon, token) is not None


def test_a_token_of_one_store_opens_no_other(at_noon: Shop) -> None:
    other = at_noon.server.shop()
    other.freeze(NOW)
    made(other)
    assert said(other, made(at_noon)) is None
    assert revoked(other, made(at_noon)).status == 422


REFUSED = [
    (TOKEN, {"channel_id": 1}, "expires_at"),
    (TOKEN, {"expires_at": NOW + 1}, "channel_id"),
    (TOKEN, {**BODY, "channel_ids": [1]}, "channel_id"),
    (TOKEN, {**BODY, "channel_id": 99}, "channel_id"),
    (TOKEN, {"expires_at": NOW + 1, "channel_ids": []}, "channel_ids"),
    (TOKEN, {**BODY, "expires_at": NOW}, "expires_at"),
    (TOKEN, {**BODY, "expires_at": "soon"}, "expires_at"),
    (TOKEN, {**BODY, "allowed_cors_origins": []}, "allowed_cors_origins"),
    (TOKEN, {**BODY, "allowed_cors_origins": ["https://a.test"] * 3}, "allowed_cors_origins"),
    (TOKEN, {**BODY, "allowed_cors_origins": ["https://a.test/path"]}, "allowed_cors_origins.0"),
    (PRIVATE, BODY, "scopes"),
    (PRIVATE, {**BODY, "scopes": ["Everything"]}, "scopes"),
    (PRIVATE, {**BODY, "scopes": []}, "scopes"),
]


@pytest.mark.parametrize(("path", "body", "member"), REFUSED)
def test_a_bad_wish_is_refused_by_its_member(at_noon: Shop, path: str, body: dict[str, Any], member: str) -> None:
    reply = at_noon.post(path, body)
    assert reply.status == 422, reply.body
    assert any(name.startswith(member) for name in reply.json["errors"]), reply.body
    assert at_noon.rows("storefront_keys") == 0


SCOPED = [
    (TOKEN, BODY, "store_storefront_api"), (PRIVATE, {**BODY, "scopes": ["B2B"]}, "store_storefront_api"),
    (ACTING, BODY, "store_storefront_api_customer_impersonation"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "scope"), SCOPED)
def test_each_kind_takes_its_scope(at_noon: Shop, path: str, body: dict[str, Any], scope: str) -> None:
    assert at_noon.post(path, body, token=at_noon.account(scope)).status == 200
    for other in {one for _, _, one in SCOPED} - {scope} | {"store_v2_content"}:
        assert at_noon.post(path, body, token=at_noon.account(other)).status == 403
