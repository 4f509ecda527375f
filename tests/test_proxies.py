"""X-Forwarded-For and X-Forwarded-Proto: whom they are believed (issue 12)."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from bodega.cli import main
from bodega.config import Config
from bodega.http.proxies import Proxies, read_networks
from panel import Browser, add_owner
from shop import Shop, reached

OURS = Proxies(read_networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8"]))


def seen(peer: str, forwarded: str | list[str] = "", proto: str = "", proxies: Proxies = OURS) -> tuple[str, str]:
    """Client and scheme of a request over plain HTTP."""
    lists = [forwarded] if isinstance(forwarded, str) else forwarded
    headers = [(b"x-forwarded-for", one.encode()) for one in lists if one]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    found = proxies.seen_through({"client": (peer, 5), "scheme": "http", "headers": headers})
    return found["client"][0], found["scheme"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.7"),  # what a client invents stands on the left
        ("10.0.0.1", "10.9.9.9, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 10.0.0.2, 10.0.0.3", "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1", "192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        ("10.0.0.1", "10.0.0.5, 10.0.0.2", "10.0.0.5"),
        ("10.0.0.1", "192.0.2.7:4711", "192.0.2.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("fd00::1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("192.0.2.1", "10.0.0.1", "192.0.2.1"),
        ("test", "192.0.2.7", "test"),
    ],
)
def test_the_first_address_from_the_right_that_is_not_ours_is_the_client(
    peer: str, forwarded: Any, client: str
) -> None:
    assert seen(peer, forwarded)[0] == client


@pytest.mark.parametrize(
    ("peer", "forwarded", "proto", "scheme"),
    [
        ("10.0.0.1", "192.0.2.7", "https", "https"),
        ("10.0.0.1", "", "HTTPS", "https"),
        ("10.0.0.1", "192.0.2.7", "gopher", "http"),
        ("10.0.0.1", "192.0.2.7", "https, http", "http"),  # a client's own in front of the proxy's
        ("10.0.0.1", "192.0.2.7, 10.0.0.2", "https, http", "https"),  # the outer proxy's, then the inner one's
        ("10.0.0.1", "198.51.100.1, 192.0.2.7", "https, http", "http"),
        ("192.0.2.1", "", "https", "http"),
    ],
)
def test_the_scheme_is_the_one_that_the_outermost_trusted_proxy_saw(
    peer: str, forwarded: str, proto: str, scheme: str
) -> None:
    assert seen(peer, forwarded, proto)[1] == scheme


def test_nobody_is_believed_unless_named() -> None:
    assert seen("127.0.0.1", "192.0.2.7", "https", Proxies()) == ("127.0.0.1", "http")
    assert Config().trusted_proxies == ()


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "", "10.0.0.1/8"])
def test_what_is_no_network_is_a_usage_error(text: str) -> None:
    with pytest.raises(ValueError, match="is an address or a network"):
        Config(trusted_proxies=(text,))
    done = CliRunner().invoke(main, ["serve", "--trusted-proxy", text])
    assert (done.exit_code, "A trusted proxy is an address or a network" in done.output) == (2, True)


def test_attempts_to_sign_in_count_for_the_address_behind_the_proxy(shop: Shop) -> None:
    """One who tries many accounts stops neither the proxy nor its other clients, and gains nothing by inventions."""
    with reached(shop.server, proxies=Proxies(read_networks(["127.0.0.9"]))):
        email = add_owner(shop)
        ours = Browser(shop.server, address="127.0.0.9")
        statuses = []
        for number in range(52):
            ours.headers = {"x-forwarded-for": f"198.51.100.{number}, 203.0.113.9"}
            statuses.append(ours.sign_in(f"{number}@{shop.name}.example", "wrong password").status)
        assert statuses[-1] == 429
        other = Browser(shop.server, address="127.0.0.9")
        other.headers = {"x-forwarded-for": "203.0.113.10"}
        assert other.sign_in(email).status == 303


def test_a_scheme_that_a_named_proxy_tells_is_what_the_law_asks_for(shop: Shop) -> None:
    """Step 1: plain HTTP through the proxy is redirected, TLS is not."""
    path = f"/stores/{shop.name}/v3/catalog/brands"
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
    }  # fmt: skip

    def status(client: str, proto: str) -> int:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"localhost"), (b"x-forwarded-proto", proto.encode())]
        shop.server.run(shop.server.app({**scope, "client": (client, 1), "headers": headers}, receive, send))
        return int(sent[0]["status"])

    with reached(shop.server, proxies=Proxies(read_networks(["127.0.0.9"])), insecure_http=False):
        assert status("127.0.0.9", "https") == 401
        assert status("127.0.0.9", "http") == 301
        assert status("192.0.2.1", "https") == 301
