"""Apps: registered, installed by the published flow, opened and removed with signed callbacks (contract/wire.md 1)."""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from bigcommerce.connection import OAuthConnection

from bodega.access import apps
from panel import Browser, Page, add_owner, base, later, signed_in
from shop import Reply, Shop

moved_on = contextmanager(later)
URLS = {
    "auth_url": "https://app.example/auth",
    "load_url": "https://app.example/load?lang=en",
    "uninstall_url": "https://app.example/uninstall",
    "remove_user_url": "https://app.example/remove",
}
SCOPES = {"may.store_v2_products": "modify", "may.store_v2_orders": "read"}


class Registered:
    """An app that the owner of a store registered there."""

    def __init__(self, shop: Shop, browser: Browser, **more: str) -> None:
        self.shop = shop
        self.browser = browser
        page = browser.post(browser.get(f"{base(shop)}/apps/new"), "/apps", name="My app", **(URLS | SCOPES | more))
        assert page.status == 303, page.text
        self.path = page.header("location").partition("?")[0]
        self.client_id = self.path.rpartition("/")[2]
        found = re.search(r'id="client-secret"[^>]*>([0-9a-f]{64})<', browser.get(self.path).text)
        assert found is not None
        self.secret = found[1]

    def act(self, what: str, **fields: str) -> dict[str, str]:
        """Presses a button; the parameters with which the app's callback is opened, and its address as `url`."""
        page = self.browser.post(self.browser.get(self.path), what, **fields)
        assert page.status == 200, page.text
        return opened(page)

    def exchange(self, as_json: bool = True, headers: dict[str, str] | None = None, **sent: Any) -> Reply:
        """POST /oauth2/token. Members that are None are left out."""
        fields = {
            "client_id": self.client_id, "client_secret": self.secret, "grant_type": "authorization_code",
            "redirect_uri": URLS["auth_url"], **sent,
        }  # fmt: skip
        fields = {name: value for name, value in fields.items() if value is not None}
        body = json.dumps(fields).encode() if as_json else urlencode(fields).encode()
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        return self.shop.request("POST", "/oauth2/token", body=body, headers={"Content-Type": kind, **(headers or {})},
                                 base="", token="")  # fmt: skip


def opened(page: Page) -> dict[str, str]:
    """Where the page goes on to by itself, and where its link leads: the same."""
    refresh = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    link = re.search(r'<a class="button main" href="([^"]+)" rel="noreferrer"', page.text)
    assert refresh is not None
    assert link is not None
    assert refresh[1] == link[1]
    parts = urlsplit(html.unescape(link[1]))
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return {**query, "url": f"{parts.scheme}://{parts.netloc}{parts.path}"}


@pytest.fixture
def app(shop: Shop) -> Registered:
    """A registered app."""
    return Registered(shop, signed_in(shop))


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
def test_an_app_is_installed_and_its_token_opens_the_store(shop: Shop, app: Registered, as_json: bool) -> None:
    """Python clients send a form, node and PHP send JSON."""
    asked = app.act("/install")
    assert asked["url"] == URLS["auth_url"]
    assert asked["context"] == f"stores/{shop.name}"
    assert asked["scope"].split() == ["store_v2_orders_read_only", "store_v2_products"]
    reply = app.exchange(as_json, code=asked["code"], scope=asked["scope"], context=asked["context"])
    assert reply.status == 200
    assert (reply.headers["cache-control"], reply.headers["content-type"]) == ("no-store", "application/json")
    got = reply.json
    assert got.keys() == {"access_token", "scope", "user", "owner", "context", "account_uuid"}
    assert (got["context"], got["account_uuid"], got["scope"]) == (
        asked["context"],
        asked["account_uuid"],
        asked["scope"],
    )
    assert got["user"].keys() == {"id", "username", "email"}
    assert got["user"]["email"] == got["owner"]["email"] == f"{shop.name}@example.com"
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=got["access_token"]).status == 200
    assert shop.get("/v3/customers", token=got["access_token"]).status in (403, 404)
    assert "installed" in app.browser.get(app.path).text


def test_the_official_client_exchanges_the_code(shop: Shop, app: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python client, unmodified, with its requests led here."""
    asked = app.act("/install")
    client = OAuthConnection(app.client_id, shop.name)

    def post(url: str, data: Any, headers: dict[str, str]) -> Any:
        assert (urlsplit(url).path, headers["Content-Type"]) == ("/oauth2/token", "application/x-www-form-urlencoded")
        return app.exchange(as_json=False, **data).json

    monkeypatch.setattr(client, "post", post)
    got = client.fetch_token(app.secret, asked["code"], asked["context"], asked["scope"], URLS["auth_url"])
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=got["access_token"]).status == 200


DENIED: list[tuple[str, dict[str, Any], int, str]] = [
    ("a code that nobody gave", {"code": "guess"}, 400, "invalid_grant"),
    ("no code", {"code": None}, 400, "invalid_request"),
    ("a wrong secret", {"client_secret": "wrong"}, 401, "invalid_client"),
    ("no secret", {"client_secret": None}, 401, "invalid_client"),
    ("an unknown client", {"client_id": "nobody"}, 401, "invalid_client"),
    ("no client", {"client_id": None}, 400, "invalid_request"),
    ("another kind of grant", {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ("no kind of grant", {"grant_type": None}, 400, "invalid_request"),
    ("another callback", {"redirect_uri": "https://evil.example/auth"}, 400, "invalid_grant"),
    ("no callback", {"redirect_uri": None}, 400, "invalid_request"),
]


@pytest.mark.parametrize(("sent", "status", "error"), [row[1:] for row in DENIED], ids=[row[0] for row in DENIED])
@pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
def test_a_wrong_exchange_is_denied_and_leaves_the_code_good(
    app: Registered, as_json: bool, sent: dict[str, Any], status: int, error: str
) -> None:
    """RFC 6749 5.2"""
    code = app.act("/install")["code"]
    reply = app.exchange(as_json, **{"code": code, **sent})
    assert (reply.status, reply.json["error"]) == (status, error)
    assert reply.json["error_description"]
    assert ("www-authenticate" in reply.headers) is (status == 401)
    assert app.exchange(code=code).status == 200


def test_what_the_app_says_it_got_has_to_be_what_it_got(app: Registered) -> None:
    code = app.act("/install")["code"]
    assert app.exchange(code=code, context="stores/another").json["error"] == "invalid_grant"
    code = app.act("/install")["code"]
    assert app.exchange(code=code, scope="store_v2_products store_v2_customers").json["error"] == "invalid_scope"


def test_a_code_is_good_once_and_for_a_minute(shop: Shop, app: Registered) -> None:
    """RFC 6749 4.1.2, 10.5"""
    code = app.act("/install")["code"]
    assert app.exchange(code=code).status == 200
    assert app.exchange(code=code).json["error"] == "invalid_grant"
    late = app.act("/install")["code"]
    with moved_on(shop.server, apps.CODE_SECONDS + 1):
        assert app.exchange(code=late).json["error"] == "invalid_grant"


def test_a_code_sent_twice_revokes_the_token_that_it_made(shop: Shop, app: Registered) -> None:
    """RFC 6749 4.1.2, 10.5: only somebody else can have sent it the other time."""
    other = app.act("/install")["code"]
    first = app.exchange(code=other).json["access_token"]
    code = app.act("/install")["code"]
    token = app.exchange(code=code).json["access_token"]
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=first).status == 401
    assert app.exchange(code=other).json["error"] == "invalid_grant"
    assert shop.get("/v3/catalog/products", token=token).status == 200, "that of another code stays"
    with moved_on(shop.server, apps.CODE_SECONDS + 1):  # a spent code is known when it is too old, too
        assert app.exchange(code=code).json["error"] == "invalid_grant"
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=token).status == 401
    again = app.exchange(code=app.act("/install")["code"])
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=again.json["access_token"]).status == 200


def test_a_stranger_who_sends_a_spent_code_revokes_nothing(shop: Shop, app: Registered) -> None:
    """Neither without the secret, nor as another app."""
    code = app.act("/install")["code"]
    token = app.exchange(code=code).json["access_token"]
    assert app.exchange(code=code, client_secret="0" * 64).status == 401
    assert Registered(shop, app.browser).exchange(code=code).json["error"] == "invalid_grant"
    assert app.exchange(code="unknown").json["error"] == "invalid_grant"
    assert shop.get("/v3/catalog/products", token=token).status == 200


def test_a_code_that_comes_twice_at_once_makes_no_token(shop: Shop, app: Registered) -> None:
    """The second comes after the code was spent, and before the token is there."""
    code = app.act("/install")["code"]
    registry = shop.server.backend.registry

    async def both() -> tuple[bool, bool]:
        known = await apps.find(registry, app.client_id)
        store = await registry.store(shop.name)
        assert known is not None
        assert store is not None
        given = await apps.redeem(registry.tx, known, code, 0)
        assert given is not None
        again = await apps.sent_again(registry, known, code)
        _, account = await apps.install(registry, known, store, given, 0)
        return again, await apps.made_for(registry, code, account)

    assert shop.server.run(both()) == (True, False)
    known = shop.server.run(registry.accounts(shop.name))
    assert [account.name for account in known if account.name == "My app"] == []


def test_of_two_that_exchange_a_code_at_once_one_gets_the_token(shop: Shop, app: Registered) -> None:
    code = app.act("/install")["code"]
    registry = shop.server.backend.registry
    tx = registry.tx

    async def both() -> list[Any]:
        known = await apps.find(registry, app.client_id)
        assert known is not None
        return await asyncio.gather(*(apps.redeem(tx, known, code, 0) for _ in range(5)))

    assert sum(found is not None for found in shop.server.run(both())) == 1


def test_a_code_of_another_app_is_no_code(shop: Shop, app: Registered) -> None:
    other = Registered(shop, app.browser)
    assert other.exchange(code=app.act("/install")["code"]).json["error"] == "invalid_grant"


def test_a_client_may_authenticate_with_basic_credentials(app: Registered) -> None:
    """RFC 6749 2.3.1"""
    basic = base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode()
    sent = {"code": app.act("/install")["code"], "client_id": None, "client_secret": None}
    wrong = app.exchange(False, headers={"Authorization": "Basic !!!"}, **sent)
    assert (wrong.status, wrong.json["error"]) == (400, "invalid_request")
    assert app.exchange(False, headers={"Authorization": f"Basic {basic}"}, **sent).status == 200


ODD: list[tuple[str, str, bytes, str, int]] = [
    ("GET", "/oauth2/token", b"", "", 405),
    ("POST", "/oauth2/elsewhere", b"{}", "application/json", 404),
    ("POST", "/oauth2/token", b"{", "application/json", 400),
    ("POST", "/oauth2/token", b"[]", "application/json", 400),
    ("POST", "/oauth2/token", b'{"code": 1}', "application/json", 400),
    ("POST", "/oauth2/token", b"[" * 5000, "application/json", 400),
    ("POST", "/oauth2/token", b"<a/>", "text/xml", 400),
    ("POST", "/oauth2/token", b"code=a&code=b", "application/x-www-form-urlencoded", 400),
    ("POST", "/oauth2/token", b"a" * 300_000, "application/x-www-form-urlencoded", 413),
]


@pytest.mark.parametrize(("method", "path", "body", "kind", "status"), ODD)
def test_a_strange_request_is_told_so_in_the_clients_form(
    shop: Shop, method: str, path: str, body: bytes, kind: str, status: int
) -> None:
    reply = shop.request(method, path, body=body, headers={"Content-Type": kind}, base="", token="")
    assert reply.status == status
    assert reply.json["error"] in ("invalid_request", "not_found")


def test_installing_again_revokes_the_first_token(shop: Shop, app: Registered) -> None:
    tokens = [app.exchange(code=app.act("/install")["code"]).json["access_token"] for _ in range(2)]
    shop.server.hear()
    assert [shop.get("/v2/time", token=token).status for token in tokens] == [401, 200]


# Signed callbacks


def test_a_callback_says_by_whom_and_for_which_store_it_is_opened(shop: Shop, app: Registered) -> None:
    """The claims of the published signed_payload_jwt, verified by a library and by the official client."""
    app.exchange(code=app.act("/install")["code"])
    asked = app.act("/load")
    assert (asked["url"], asked["lang"]) == ("https://app.example/load", "en")
    claims = jwt.decode(asked["signed_payload_jwt"], app.secret, algorithms=["HS256"], audience=app.client_id)
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("bc", f"stores/{shop.name}", app.client_id)
    assert claims["user"]["email"] == claims["owner"]["email"] == f"{shop.name}@example.com"
    assert claims["exp"] - claims["iat"] == 86_400
    assert claims["nbf"] <= claims["iat"]
    assert (
        claims["jti"] != jwt.decode(app.act("/load")["signed_payload_jwt"], options={"verify_signature": False})["jti"]
    )
    assert {"url", "channel_id"} <= claims.keys()
    verified = OAuthConnection.verify_payload_jwt(asked["signed_payload_jwt"], app.secret, app.client_id)
    assert verified["sub"] == f"stores/{shop.name}"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(asked["signed_payload_jwt"], "x" * 64, algorithms=["HS256"], audience=app.client_id)
    old = OAuthConnection.verify_payload(asked["signed_payload"], app.secret)
    assert old["context"] == f"stores/{shop.name}"
    assert not OAuthConnection.verify_payload(asked["signed_payload"], "another secret")


def test_uninstalling_revokes_the_token_and_tells_the_app(shop: Shop, app: Registered) -> None:
    token = app.exchange(code=app.act("/install")["code"]).json["access_token"]
    asked = app.act("/uninstall")
    assert asked["url"] == URLS["uninstall_url"]
    jwt.decode(asked["signed_payload_jwt"], app.secret, algorithms=["HS256"], audience=app.client_id)
    shop.server.hear()
    assert shop.get("/v2/time", token=token).status == 401
    token = app.browser.get("/manage/you").form("/password").fields["form_token"]
    assert app.browser.ask("POST", f"{app.path}/load", {"form_token": token}).status == 409


def test_an_app_without_an_uninstall_callback_is_simply_gone(shop: Shop) -> None:
    app = Registered(shop, signed_in(shop), uninstall_url="")
    app.exchange(code=app.act("/install")["code"])
    page = app.browser.post(app.browser.get(app.path), "/uninstall")
    assert page.header("location") == f"{base(shop)}/apps?done=uninstalled"


def test_an_app_is_told_whose_access_ended(shop: Shop, app: Registered) -> None:
    other = add_owner(shop, f"second-{shop.name}@example.com")
    app.exchange(code=app.act("/install")["code"])
    form = app.browser.get(app.path).text
    found = re.search(rf'<option value="(\d+)">{re.escape(other)}', form)
    assert found is not None
    asked = app.act("/remove-user", user=found[1])
    claims = jwt.decode(asked["signed_payload_jwt"], app.secret, algorithms=["HS256"], audience=app.client_id)
    assert (claims["user"]["email"], claims["owner"]["email"]) == (other, f"{shop.name}@example.com")
    assert app.browser.post(app.browser.get(app.path), "/remove-user", user="999").status == 409


# Registering

UNFIT = [
    "", "app", "ftp://app.example/", "javascript:alert(1)", "https://", "https://user:pass@app.example/",
    "//app.example/", "https://app.example/#part", "https://app.example:99999/", "https://app.example/<script>",
    "https://app example/", 'https://app.example/"onload=', "https://app.example/" + "a" * 2000, "data:text/html,x",
    "https://\N{LATIN SMALL LETTER A WITH DIAERESIS}.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", UNFIT, ids=range(len(UNFIT)))
def test_a_callback_is_an_address_that_a_browser_can_open(shop: Shop, url: str) -> None:
    browser = signed_in(shop)
    fields = {**URLS, "name": "App", "auth_url": url}
    page = browser.post(browser.get(f"{base(shop)}/apps/new"), "/apps", **fields)
    assert (page.status, "A callback is an address" in page.text) == (422, True)


@pytest.mark.parametrize(
    "url", ["http://localhost:3000/auth", "https://[::1]:3000/", "https://app.example/a?b=c&d=%20"]
)
def test_local_callbacks_are_fine(url: str) -> None:
    assert apps.read_url(f" {url} ") == url


def test_an_app_is_changed_and_deleted_by_its_owner_only(shop: Shop, app: Registered) -> None:
    page = app.browser.get(f"{app.path}/edit")
    assert page.form("/edit").fields["may.store_v2_products"] == "modify"
    changed = {"name": "Renamed", "may.store_v2_products": "none", "may.store_v2_orders": "none"}
    app.browser.post(page, "/edit", **changed)
    assert "Renamed" in app.browser.get(app.path).text
    token = app.exchange(code=app.act("/install")["code"]).json["access_token"]
    shop.server.hear()
    assert shop.get("/v3/catalog/products", token=token).status == 403
    other = Browser(shop.server)
    other.sign_in(add_owner(shop, f"second-{shop.name}@example.com"))
    shown = other.get(app.path).text
    assert "Renamed" in shown, "it is installed in their store"
    assert app.secret not in shown
    assert other.get(f"{app.path}/edit").status == 404
    form_token = other.get("/manage/you").form("/password").fields["form_token"]
    assert other.ask("POST", f"{app.path}/delete", {"form_token": form_token}).status == 404
    app.browser.post(app.browser.get(app.path), "/delete")
    shop.server.hear()
    assert shop.get("/v2/time", token=token).status == 401
    assert app.browser.get(app.path).status == 404


def test_an_app_that_is_not_installed_is_not_there_for_others(shop: Shop, app: Registered) -> None:
    other = Browser(shop.server)
    other.sign_in(add_owner(shop, f"second-{shop.name}@example.com"))
    assert other.get(app.path).status == 404
    assert "My app" not in other.get(f"{base(shop)}/apps").text
    assert other.get(f"{base(shop)}/apps/nonsense").status == 404
