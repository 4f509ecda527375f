"""HEAD answers as GET does (RFC 9110 9.3.2), on every path that is served besides the stores' API."""

from __future__ import annotations

from typing import Any

import pytest

from shop import Reply, Shop
from storefront import NOW, Window

PATHS = [
    "/", "/cart.php", "/cart.php?action=zzz", "/cart.php?action=loadInCheckout&id=x&token=y", "/cart.php?token=y",
    "/cart.php?action=recover&token=x", "/customer/current.jwt", "/customer/current.jwt?app_client_id=x",
    "/customer/x", "/login.php", "/login.php?action=create_account", "/account.php", "/account.php?action=order_status",
    "/search.php", "/search.php?search_query=lamp", "/checkout", "/checkout/order-confirmation/1", "/brass-lamp/",
    "/nothing/", "/old/", "/robots.txt", "/favicon.ico", "/xmlsitemap.php", "/xmlsitemap.php?type=products&page=1",
    "/xmlsitemap.php?type=x", "/shop-assets/shop.css", "/shop-assets/x", "/s-x/images/1.png", "/files/x/y",
    "/login/x", "/session-sync", "/time", "/_bodega/health", "/_bodega/metrics", "/docs", "/docs/law", "/docs/x",
    "/llms.txt", "/graphql", "/graphql?query={site{__typename}}", "/graphql?query=%7B",
    "/api/storefront/carts", "/api/storefront/carts/x", "/api/storefront/checkout-settings",
    "/api/storefront/x", "/manage", "/manage/x", "/internalapi/v1/x", "/internalapi/v1/checkouts/x",
    "/oauth2/authorize", "/oauth2/x",
    "/api/public/v1/orders/payments", "/api/public/x",
]  # fmt: skip
SAME = (
    "content-type",
    "location",
    "cache-control",
    "etag",
    "allow",
    "content-security-policy",
    "vary",
    "content-length",
)
"""Fields that say something of what is shown, or of where it is."""
MOVING = ("/time", "/_bodega/health", "/_bodega/metrics")


@pytest.fixture
def open_shop(shop: Shop) -> Window:
    shop.freeze(NOW)
    shop.product("Brass lamp")
    shop.put("/v3/storefront/redirects", [{"site_id": 1, "from_path": "/old/", "to": {"type": "url", "url": "/new/"}}])
    return Window(shop)


def answers(window: Window, path: str, accept: str) -> list[Reply]:
    token = f"Bearer {window.token}" if path.startswith("/graphql?") else ""
    return [window.send(method, None, path, authorization=token, accept=accept) for method in ("GET", "HEAD")]


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_head_answers_as_get_does(open_shop: Window, accept: str) -> None:
    """But for links that act, which are for GET alone (`/login/token/JWT`, `/cart.php?action=add`)."""
    different = []
    for path in PATHS:
        get, head = answers(open_shop, path, accept)
        fields = [
            (name, get.headers.get(name), head.headers.get(name))
            for name in SAME
            if get.headers.get(name) != head.headers.get(name) and not (path in MOVING and name == "content-length")
        ]
        if get.status != head.status or fields or head.body:
            different.append((path, get.status, head.status, fields))
    assert not different, "\n".join(map(str, different))


def test_no_mount_is_left_out(open_shop: Window) -> None:
    api: Any = open_shop.shop.server.app._api
    mounts = set(api._mounts) - {"*", "", "s-"}
    assert not [one for one in mounts if not any(f"{path}/".startswith((f"/{one}/", f"/{one}?")) for path in PATHS)]
    assert {answers(open_shop, path, "text/html")[0].status for path in PATHS} >= {200, 301, 303, 400, 401, 404}
