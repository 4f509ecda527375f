"""A channel before its launch, and one that is down: closed to shoppers wherever they come in, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from browsing import Page
from shop import Reply, Shop
from storefront import NOW, Window

QUERY = {"query": "{ site { settings { status statusMessage } } }"}
ORIGIN = "https://window.example"


class Soon:
    """A channel that opens soon."""

    def __init__(self, shop: Shop) -> None:
        shop.freeze(NOW)
        body = {"name": "Soon", "platform": "custom", "type": "storefront", "status": "prelaunch"}
        made = shop.post("/v3/channels", body)
        assert made.status in (200, 201), made.body
        self.id = int(made.data["id"])
        at = f"/v3/settings/storefront/status?channel_id={self.id}"
        assert shop.put(at, {"prelaunch_message": "Soon."}).status == 200
        self.password = shop.get(at).data["prelaunch_password"]
        self.shop, self.window, self.page = shop, Window(shop, self.id), Page(shop, self.id)
        self.cookie = f"prelaunch_password={self.password}"

    def asked(self, path: str = "/v3/storefront/api-token", **more: Any) -> Reply:
        headers = more.pop("headers", {})
        token = self.window.make(path, channel_id=self.id, **more)
        return self.window.send(content=QUERY, authorization=f"Bearer {token}", **headers)


@pytest.fixture
def soon(shop: Shop) -> Soon:
    return Soon(shop)


REST = [("GET", "/carts", None), ("POST", "/carts", {"lineItems": []}), ("GET", "/checkout-settings", None),
        ("POST", "/customers", {}), ("GET", "/form-fields", None)]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), REST)
def test_rest_is_closed_before_the_launch_but_for_the_password(soon: Soon, method: str, path: str, body: Any) -> None:
    refused = soon.page.send(method, path, body)
    assert (refused.status, refused.json["type"], refused.headers["retry-after"]) == (503, "maintenance", "120")
    soon.page.cookies["prelaunch_password"] = "guessed"
    assert soon.page.send(method, path, body).status == 503
    soon.page.cookies["prelaunch_password"] = soon.password
    assert soon.page.send(method, path, body).status != 503


def test_queries_of_pages_are_closed_before_the_launch_and_those_of_servers_are_answered(soon: Soon) -> None:
    refused = soon.asked(allowed_cors_origins=[ORIGIN], headers={"origin": ORIGIN})
    assert (refused.status, refused.json["errors"][0]["extensions"]["code"]) == (503, "MAINTENANCE")
    assert (refused.headers["access-control-allow-origin"], refused.headers["retry-after"]) == (ORIGIN, "120")
    assert soon.asked(allowed_cors_origins=[ORIGIN], headers={"cookie": soon.cookie}).status == 200
    answers = [
        soon.asked(),
        soon.asked("/v3/storefront/api-token-private", scopes=["Unauthenticated"]),
        soon.asked("/v3/storefront/api-token-customer-impersonation"),
    ]
    for one in answers:
        assert one.json["data"]["site"]["settings"] == {"status": "PRE_LAUNCH", "statusMessage": "Soon."}


LINKS = ["/customer/current.jwt?app_client_id=x", "/cart.php?action=add&product_id=1", "/login/token/a.b.c"]


@pytest.mark.parametrize("link", LINKS)
def test_links_are_closed_before_the_launch_but_for_the_password(soon: Soon, link: str) -> None:
    def followed(**headers: str) -> int:
        return soon.page.send("GET", link, base="", **headers).status

    assert followed() == 503
    assert followed(cookie=soon.cookie) != 503


def test_a_channel_that_is_down_is_closed_to_all(soon: Soon) -> None:
    assert soon.shop.put(f"/v3/channels/{soon.id}", {"status": "inactive"}).status == 200
    soon.page.cookies["prelaunch_password"] = soon.password
    assert soon.page.send("GET", "/carts").status == 503
    assert soon.asked().status == soon.asked(headers={"cookie": soon.cookie}).status == 503


def test_the_other_channels_stay_open(soon: Soon) -> None:
    assert Page(soon.shop).send("GET", "/carts").status == 200
    window = Window(soon.shop)
    token = window.make(allowed_cors_origins=[ORIGIN])
    assert window.send(content=QUERY, authorization=f"Bearer {token}").status == 200
