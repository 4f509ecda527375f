"""Apps sign shoppers in by a token, once, and are told who is signed in."""

from __future__ import annotations

import uuid
from typing import Any

import jwt
import pytest

from panel import signed_in
from shop import Reply, Shop
from test_panel_apps import Registered

NOW = 1_900_000_000
SECRET = "the client secret of an app of this store"


@pytest.fixture
def store(shop: Shop) -> Shop:
    """A store with a customer, and an app that may sign it in."""
    shop.freeze(NOW)
    shop.post("/v2/customers", {"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"})
    return shop


def app(shop: Shop, *scopes: str) -> str:
    """The client id of a new app."""
    token = shop.account(*(scopes or ("store_v2_customers_login",)))
    found = shop.server.run(shop.server.app.stores.get(shop.name))
    assert found is not None
    client = str(found.holder(token.encode()).client_id)
    shop.server.run(shop.server.backend.registry.save_secret(client, SECRET))
    shop.server.hear()
    return client


def link(shop: Shop, client: str, secret: str = SECRET, **more: Any) -> str:
    claims = {
        "iss": client, "iat": NOW, "jti": str(uuid.uuid4()), "operation": "customer_login", "store_hash": shop.name,
        "customer_id": 1, **more,
    }  # fmt: skip
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm="HS256")


def at_store(shop: Shop, path: str, method: str = "GET", channel: str = "", cookie: str = "") -> Reply:
    host = f"store-{shop.name}{channel}.localhost:8443"
    headers = {"host": host, **({"cookie": cookie} if cookie else {})}
    return shop.request(method, path, base="", token="", headers=headers)


def sign_in(shop: Shop, token: str, **more: Any) -> Reply:
    return at_store(shop, f"/login/token/{token}", **more)


def current(shop: Shop, client: str, reply: Reply, **more: Any) -> Reply:
    cookie = reply.headers["set-cookie"].partition(";")[0]
    return at_store(shop, f"/customer/current.jwt?app_client_id={client}", cookie=f"a=b; {cookie}", **more)


def test_a_link_signs_a_shopper_in_and_the_app_is_told_who_it_is(store: Shop) -> None:
    client = app(store)
    reply = sign_in(store, link(store, client, redirect_to="/cart.php?a=b"))
    assert (reply.status, reply.headers["location"]) == (302, "/cart.php?a=b")
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert part in reply.headers["set-cookie"]
    told = current(store, client, reply)
    assert (told.status, told.headers["content-type"]) == (200, "application/jwt")
    said = jwt.decode(told.body.decode(), SECRET, algorithms=["HS256"], audience=client, options={"verify_iat": False})
    assert said == {
        "customer": {"id": 1, "email": "jane@example.com", "group_id": "0"}, "iss": "bc/apps", "sub": store.name,
        "iat": NOW, "exp": NOW + 900, "version": 1, "aud": client, "application_id": client,
        "store_hash": store.name, "operation": "current_customer",
    }  # fmt: skip


def test_a_link_signs_in_once_and_for_half_a_minute(store: Shop) -> None:
    client = app(store)
    token = link(store, client)
    assert sign_in(store, token).status == 302
    again = sign_in(store, token)
    assert (again.status, b"used before" in again.body) == (401, True)
    assert sign_in(store, link(store, client, iat=NOW - 31)).status == 401
    assert sign_in(store, link(store, client, iat=NOW + 31)).status == 401
    assert sign_in(store, link(store, client, iat=NOW - 29)).status == 302


WRONG = [
    {"operation": "current_customer"}, {"store_hash": "other"}, {"customer_id": 2}, {"customer_id": None},
    {"customer_id": "1; DROP"}, {"jti": None}, {"jti": ""}, {"iss": "nobody"}, {"iat": None}, {"channel_id": 2},
    {"redirect_to": "https://evil.test/"}, {"redirect_to": "//evil.test/"}, {"redirect_to": "/\\evil.test"},
    {"redirect_to": "/a\r\nset-cookie: x=y"}, {"request_ip": "203.0.113.9"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_link_that_says_something_wrong_signs_nobody_in(store: Shop, wrong: dict[str, Any]) -> None:
    reply = sign_in(store, link(store, app(store), **wrong))
    assert reply.status == 401
    assert "set-cookie" not in reply.headers
    assert store.rows("shopper_sessions") == store.rows("used_logins") == 0


def test_a_link_of_another_secret_or_without_one_signs_nobody_in(store: Shop) -> None:
    client = app(store)
    claims = jwt.decode(link(store, client), options={"verify_signature": False})
    for token in (link(store, client, "guess" * 8), jwt.encode(claims, "", "none"), "x", "a.b.c", "x" * 9_000):
        assert sign_in(store, token).status == 401
    assert sign_in(store, link(store, app(store, "store_v2_customers"))).status == 401
    assert sign_in(store, link(store, client), method="HEAD").status == 405
    assert store.rows("shopper_sessions") == 0


def test_a_session_is_of_its_channel_its_customer_and_its_time(store: Shop) -> None:
    client = app(store)
    store.post("/v3/channels", {"name": "North", "type": "storefront", "platform": "custom"})
    here = sign_in(store, link(store, client))
    there = sign_in(store, link(store, client, channel_id=2), channel="-2")
    assert (here.status, there.status) == (302, 302)
    assert current(store, client, here).status == current(store, client, there, channel="-2").status == 200
    assert current(store, client, here, channel="-2").status == 404
    assert current(store, "nobody", here).status == 400
    assert at_store(store, f"/customer/current.jwt?app_client_id={client}").status == 404
    store.freeze(NOW + 8 * 86_400)
    assert current(store, client, here).status == 404
    store.freeze(NOW + 60)
    assert store.delete("/v2/customers/1").status == 204
    assert current(store, client, there, channel="-2").status == 404
    assert store.rows("shopper_sessions") == 0


def test_an_installed_app_signs_with_its_own_client_id(store: Shop) -> None:
    """An app knows that of itself, and not the account that it got in the store."""
    registered = Registered(store, signed_in(store), **{"may.store_v2_customers_login": "modify"})
    assert registered.exchange(code=registered.act("/install")["code"]).status == 200
    store.server.hear()
    reply = sign_in(store, link(store, registered.client_id, registered.secret))
    assert reply.status == 302, reply.body
    told = current(store, registered.client_id, reply)
    by_ours = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(told.body, registered.secret, ["HS256"], audience=registered.client_id, options=by_ours)
    assert (claims["customer"]["id"], claims["application_id"]) == (1, registered.client_id)
    registered.act("/uninstall")
    store.server.hear()
    assert sign_in(store, link(store, registered.client_id, registered.secret)).status == 401
    assert current(store, registered.client_id, reply).status == 400


def test_an_end_is_judged_by_the_clock_of_the_store(store: Shop) -> None:
    client = app(store)
    assert sign_in(store, link(store, client, exp=NOW, aud="shop")).status == 401
    assert sign_in(store, link(store, client, exp=NOW + 1, aud="shop")).status == 302
