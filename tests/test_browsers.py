"""Whether a request comes from a page of the same origin: scheme, host and port, with proxies in front."""

from __future__ import annotations

import pytest

from bodega.http.browsers import is_from_here, web_origin
from browsing import Page
from browsing_pages import Visitor
from shop import Shop
from storefront import Window

FROM_HERE = [
    ("https://shop.example", "shop.example", "https"),
    ("https://shop.example", "SHOP.example:443", "https"),
    ("https://shop.example:443", "shop.example", "https"),
    ("https://shop.example:8443", "shop.example:8443", "https"),
    ("http://shop.example", "shop.example", "http"),
    ("http://shop.example:8080", "shop.example:8080", "http"),
    ("https://shop.example", "shop.example", "http"),  # TLS ended before, by a proxy that nobody named
    ("https://[::1]:8443", "[::1]:8443", "https"),
]
FOREIGN = [
    ("http://shop.example", "shop.example", "https"),
    ("http://shop.example:443", "shop.example", "https"),
    ("http://shop.example:443", "shop.example:443", "https"),
    ("https://shop.example:8443", "shop.example", "https"),
    ("https://shop.example", "shop.example:8443", "https"),
    ("https://shop.example:80", "shop.example", "http"),
    ("https://evil.example", "shop.example", "https"),
    ("https://shop.example.evil.example", "shop.example", "https"),
    ("https://shop.example@evil.example", "shop.example", "https"),
    ("https://evil.example@shop.example", "shop.example", "https"),
    ("ftp://shop.example", "shop.example", "https"),
    ("null", "shop.example", "https"),
    ("", "shop.example", "https"),
    ("https://shop.example:port", "shop.example", "https"),
    ("https://[", "shop.example", "https"),
    ("https://", "", "https"),
]


@pytest.mark.parametrize(("origin", "host", "scheme"), FROM_HERE)
def test_a_page_of_the_same_origin_is_from_here(origin: str, host: str, scheme: str) -> None:
    assert is_from_here(origin, None, host, scheme)
    assert is_from_here(origin, "same-origin", host, scheme)
    assert not is_from_here(origin, "cross-site", host, scheme)
    assert not is_from_here(origin, "same-site", host, scheme)


@pytest.mark.parametrize(("origin", "host", "scheme"), FOREIGN)
def test_another_scheme_host_or_port_is_foreign(origin: str, host: str, scheme: str) -> None:
    assert not is_from_here(origin, None, host, scheme)


def test_an_origin_is_known_by_its_scheme_host_and_port() -> None:
    assert web_origin("https://Shop.example/path?x") == web_origin("https://shop.example:443")
    assert web_origin("http://shop.example") != web_origin("https://shop.example")
    assert web_origin("javascript:alert(1)") is None


def test_a_page_of_plain_http_sends_nothing_to_https(shop: Shop) -> None:
    """Whoever stands on the way writes pages of plain HTTP; not those that TLS protects."""
    host = f"store-{shop.name}.localhost"
    sent = {"host": host, "content-type": "application/x-www-form-urlencoded", "accept": "text/html"}

    def posted(origin: str, scheme: str) -> int:
        return shop.server.send("POST", "/cart.php", [*sent.items(), ("origin", origin)], b"remove=1", scheme).status

    assert [posted(f"http://{host}", "https"), posted(f"https://{host}", "https")] == [403, 303]
    assert posted(f"http://{host}", "http") == 303


def test_sites_and_tokens_name_origins_with_scheme_and_port(shop: Shop) -> None:
    page, window = Page(shop), Window(shop)
    assert shop.put("/v3/channels/1/site", {"url": "https://shop.example:443/"}).status == 200
    for origin, may in (("https://shop.example", True), ("http://shop.example", False),
                        ("https://shop.example:8443", False)):  # fmt: skip
        reply = page.send("POST", "/carts", {}, origin=origin)
        assert ("access-control-allow-origin" in reply.headers, reply.status != 403) == (may, may)
    token = f"Bearer {window.make(allowed_cors_origins=['https://shop.example'])}"
    query = {"query": "{ channel { entityId } }"}
    for origin, may in (("https://shop.example", True), ("http://shop.example", False)):
        reply = window.send(content=query, authorization=token, origin=origin)
        assert ("access-control-allow-origin" in reply.headers) is may


def test_a_proxy_that_ends_tls_without_being_named_keeps_nobody_out(shop: Shop) -> None:
    visitor = Visitor(shop)
    visitor.post("/cart.php", {"remove": "1"}, origin=f"https://{visitor.host}")
    assert visitor.reply.status == 200
