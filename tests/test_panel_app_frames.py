"""Installed apps inside the panel: the frame, its policy, what the app is told, and who may open it."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from bigcommerce.connection import OAuthConnection

from bodega.access import team
from bodega.panel.app_frames import SANDBOX, origin_of
from bodega.panel.web import CSP
from panel import HOST, Browser, Page, base, signed_in
from shop import Shop
from test_panel_apps import URLS, Registered, opened
from test_panel_team import staff


def installed(shop: Shop, browser: Browser, **more: str) -> Registered:
    """An app that is installed in the store."""
    app = Registered(shop, browser, **more)
    code = app.act("/install")["code"]
    assert app.exchange(code=code, redirect_uri=more.get("auth_url", URLS["auth_url"])).status == 200
    shop.server.hear()
    return app


def place(shop: Shop, app: Registered) -> str:
    return f"{base(shop)}/installed-apps/{app.client_id}"


def framed(page: Page) -> dict[str, str]:
    """The address in the frame, with its parameters."""
    found = re.search(r'<iframe src="([^"]+)"', page.text)
    assert found is not None, page.text
    parts = urlsplit(unescape(found[1]))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return {**query, "url": f"{parts.scheme}://{parts.netloc}{parts.path}"}


def claims_of(app: Registered, asked: dict[str, str]) -> Any:
    """What the app reads from the payload, by the published client and by a library."""
    told = OAuthConnection.verify_payload_jwt(asked["signed_payload_jwt"], app.secret, app.client_id)
    again = jwt.decode(asked["signed_payload_jwt"], app.secret, algorithms=["HS256"], audience=app.client_id)
    assert told == again
    return told


def test_an_app_is_told_who_looks_and_in_which_store(shop: Shop) -> None:
    app = installed(shop, signed_in(shop))
    page = app.browser.get(place(shop, app))
    assert page.status == 200
    asked = framed(page)
    assert (asked["url"], asked["lang"]) == ("https://app.example/load", "en")
    claims = claims_of(app, asked)
    owner = f"{shop.name}@example.com"
    assert (claims["iss"], claims["sub"], claims["url"]) == ("bc", f"stores/{shop.name}", "/")
    assert claims["user"]["email"] == claims["owner"]["email"] == owner
    old = OAuthConnection.verify_payload(asked["signed_payload"], app.secret)
    assert (old["store_hash"], old["user"]["email"]) == (shop.name, owner)
    assert framed(app.browser.get(place(shop, app)))["signed_payload_jwt"] != asked["signed_payload_jwt"]
    with pytest.raises(jwt.InvalidSignatureError):
        OAuthConnection.verify_payload_jwt(asked["signed_payload_jwt"], "x" * 64, app.client_id)


def test_the_function_of_the_how_to_page_reads_the_payload(shop: Shop) -> None:
    page = (Path(__file__).parent.parent / "docs" / "how-to" / "apps.md").read_text()
    names: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)
    app = installed(shop, signed_in(shop))
    asked = framed(app.browser.get(place(shop, app)))
    read = names["opened_by"](asked["signed_payload_jwt"], app.client_id, app.secret)
    assert read == (shop.name, f"{shop.name}@example.com")


def test_only_this_page_frames_anything_and_only_this_app(shop: Shop) -> None:
    app = installed(shop, signed_in(shop), load_url="http://localhost:3000/load")
    page = app.browser.get(place(shop, app))
    assert page.header("content-security-policy") == f"{CSP}; frame-src http://localhost:3000"
    assert sum(name == "content-security-policy" for name, _ in page.headers) == 1
    assert (page.header("x-frame-options"), page.header("cache-control")) == ("DENY", "no-store")
    assert "frame-src" not in CSP
    for other in ("/installed-apps", f"/apps/{app.client_id}", f"/installed-apps/{app.client_id}/window"):
        assert app.browser.get(base(shop) + other).header("content-security-policy") == CSP
    sandbox = re.search(r' sandbox="([^"]+)"', page.text)
    assert sandbox is not None
    assert sandbox[1] == SANDBOX
    assert "allow-top-navigation" not in SANDBOX


@pytest.mark.parametrize(
    ("load_url", "why"),
    [
        (f"https://{HOST}/app/load", "own address"),
        (f"https://{HOST.upper()}/app/load", "own address"),
        ("http://app.example/load", "without HTTPS"),
        ("https://[2001:db8::1]/load", "IPv6"),
    ],
)
def test_what_cannot_be_framed_opens_in_a_window(shop: Shop, load_url: str, why: str) -> None:
    app = installed(shop, signed_in(shop), load_url=load_url)
    page = app.browser.get(place(shop, app))
    assert (page.status, why in unescape(page.text)) == (200, True)
    assert "<iframe" not in page.text
    assert page.header("content-security-policy") == CSP
    asked = opened(app.browser.get(f"{place(shop, app)}/window"))
    assert asked["url"] == load_url
    assert claims_of(app, asked)["user"]["email"] == f"{shop.name}@example.com"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://app.example/load?x=1", "https://app.example"),
        ("https://App.Example:443/load", "https://app.example"),
        ("http://localhost:3000/load", "http://localhost:3000"),
        ("http://localhost:80/", "http://localhost"),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_origin_of_a_callback(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("role", team.ROLES)
def test_those_who_change_the_shop_open_apps(shop: Shop, role: str) -> None:
    app = installed(shop, signed_in(shop))
    browser = staff(shop, role)
    page = browser.get(place(shop, app))
    if role == "support":
        assert page.status == 403
        assert "/installed-apps" not in browser.get(base(shop)).text
        return
    claims = claims_of(app, framed(page))
    assert claims["user"]["email"] == f"{role}@{shop.name}.example"
    assert claims["owner"]["email"] == f"{shop.name}@example.com", "who installed it"
    listed = browser.get(f"{base(shop)}/installed-apps").text
    assert "My app" in listed
    assert (f'href="{base(shop)}/apps"' in listed) is (role in ("owner", "admin", "developer"))


def test_an_app_without_a_page_or_without_an_installation_is_not_there(shop: Shop) -> None:
    browser = signed_in(shop)
    registered = Registered(shop, browser)
    assert browser.get(place(shop, registered)).status == 404
    quiet = installed(shop, browser, load_url="")
    assert browser.get(place(shop, quiet)).status == 404
    assert "works in the background" in browser.get(f"{base(shop)}/installed-apps").text
    gone = installed(shop, browser)
    gone.act("/uninstall")
    assert browser.get(place(shop, gone)).status == 404
    other = shop.server.shop()
    stranger = signed_in(other)
    assert stranger.get(place(other, quiet)).status == 404, "it is installed in another store"
    assert stranger.get(place(shop, quiet)).status == 404
