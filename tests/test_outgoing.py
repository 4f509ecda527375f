"""Requests to other servers: what they fetch, and what they must never reach (rule 68, contract/http.md)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from bodega import outgoing
from bodega.http.router import by_version
from bodega.kit.images import UploadImage
from bodega.kit.route import route
from bodega.resources import ROUTES
from bodega.resources.catalog import brands
from forms import strict
from image_host import RED, Host, serve
from shop import Reply, Shop


@pytest.fixture
def host() -> Iterator[str]:
    """A host on this machine."""
    Host.asked.clear()
    yield from serve("127.0.0.1")


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A host that counts as one of the world outside."""
    judged = outgoing.is_public
    monkeypatch.setattr(outgoing, "is_public", lambda address: address == "127.0.0.2" or judged(address))
    yield from serve("127.0.0.2")


def fetched(runner: asyncio.Runner, url: str, *, allow_private: bool = False, maximum: int = 10_000) -> bytes:
    return runner.run(outgoing.fetch(url, maximum=maximum, allow_private=allow_private))


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("127.0.0.1", False), ("127.8.8.8", False), ("0.0.0.0", False), ("10.0.0.1", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("224.0.0.1", False),
        ("240.0.0.1", False), ("255.255.255.255", False), ("::1", False), ("::", False), ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False), ("::127.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::1", False), ("2002:7f00:1::", False), ("2002:808:808::1", False), ("2001::7f00:1", False),
        ("fe80::1", False), ("fe80::1%eth0", False), ("fc00::1", False), ("fec0::1", False), ("ff02::1", False),
        ("8.8.8.8", True), ("93.184.216.34", True), ("2606:4700::1111", True), ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True),
    ],
)  # fmt: skip
def test_an_address_is_public_or_not(address: str, public: bool) -> None:
    """contract/http.md, Python: what `ipaddress` alone gets wrong is here, too."""
    assert outgoing.is_public(address) is public


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "169.254.169.254", "10.0.0.1", "0.0.0.0", "2130706433", "0x7f.1", "127.1", "user:secret@127.0.0.1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_address_is_never_connected_to(runner: asyncio.Runner, host: str, scheme: str, name: str) -> None:
    """Rule 68; however the address is written."""
    with pytest.raises(outgoing.Unreachable):
        fetched(runner, f"{scheme}://{name}:{host.rpartition(':')[2]}/a.png")
    assert Host.asked == []


def test_a_name_that_resolves_to_a_private_address_leads_nowhere(
    runner: asyncio.Runner, host: str, public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what counts is the address that is connected to, not one that was looked up before."""
    port = int(host.rpartition(":")[2])
    turns = iter(["127.0.0.2", "127.0.0.1"])
    real = socket.getaddrinfo

    def changing(name: Any, *rest: Any, **more: Any) -> Any:
        return real(next(turns) if name == "images.test" else name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    assert fetched(runner, f"http://images.test:{public.rpartition(':')[2]}/a.png") == RED
    Host.asked.clear()
    with pytest.raises(outgoing.Unreachable, match="leads to a private address"):
        fetched(runner, f"http://images.test:{port}/a.png")
    assert Host.asked == []


def test_a_redirect_to_a_private_address_is_not_followed(runner: asyncio.Runner, host: str, public: str) -> None:
    """Each hop is judged where its socket is made."""
    assert fetched(runner, f"http://{public}/to/{public}/a.png") == RED
    Host.asked.clear()
    with pytest.raises(outgoing.Unreachable, match="leads to a private address"):
        fetched(runner, f"http://{public}/to/{host}/secret")
    assert Host.asked == [f"/to/{host}/secret"]


FAILING = [
    ("http://{host}/status/404", "answered with the status 404"),
    ("http://{host}/status/500", "answered with the status 500"),
    ("http://{host}/hops/4", "redirects more than 3 times"),
    ("http://{host}/script", "is or leads to no http or https URL"),
    ("http://{host}/broken", "cannot be fetched"),
    ("http://{host}/slow", "did not answer within 0.3 seconds"),
    ("http://127.0.0.1:1/a.png", "cannot be connected to"),
    ("http://nowhere.invalid/a.png", "names a host that is not known"),
    ("ftp://{host}/a.png", "is or leads to no http or https URL"),
    ("http://", "is or leads to no http or https URL"),
    ("http://[::1", "is or leads to no http or https URL"),
    ("http://{host}:99999/", "is or leads to no http or https URL"),
]


@pytest.mark.parametrize(("url", "why"), FAILING)
def test_what_cannot_be_fetched_is_told(
    runner: asyncio.Runner, host: str, monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    """Rule 68: errors.invalid_reason."""
    monkeypatch.setattr(outgoing, "SECONDS", 0.3 if "0.3" in why else 60.0)
    with pytest.raises(outgoing.Unreachable, match=why):
        fetched(runner, url.format(host=host), allow_private=True)


def test_no_more_is_read_than_is_wanted(runner: asyncio.Runner, host: str) -> None:
    """A byte more tells that it is too large."""
    assert fetched(runner, f"http://{host}/hops/3", allow_private=True) == RED
    assert len(fetched(runner, f"http://{host}/large/5000", allow_private=True, maximum=5000)) == 5000
    assert len(fetched(runner, f"http://{host}/large/9000000", allow_private=True, maximum=5000)) == 5001


# In a request


def by_url(shop: Shop) -> Shop:
    """The same store, where the image of a brand may be named by its URL as that of a variant may."""
    picture_of_brand = route("catalog/brands/{id}/picture", 3, POST=UploadImage(brands.V3, by_url=True))
    return strict(shop, routes=by_version((*ROUTES, picture_of_brand)))


def name(shop: Shop, url: Any, brand: int = 1) -> Reply:
    return shop.post(f"/v3/catalog/brands/{brand}/picture", {"image_url": url})


def test_an_image_is_fetched_where_the_owner_allows_it(shop: Shop, host: str) -> None:
    """Rule 68; setting images.allow_private."""
    door = by_url(shop)
    brand = shop.brand()
    refused = name(door, f"http://{host}/a%20b/Logo.PNG?c=2")
    assert (refused.status, refused.reason) == (400, "IMAGE_UNREACHABLE")
    assert refused.json["errors"] == {"invalid_reason": "image_url leads to a private address."}
    assert Host.asked == []
    shop.change(settings={"images.allow_private": True})
    made = name(door, f"http://{host}/a%20b/Logo.PNG?c=2")
    assert made.status == 200
    assert made.data["image_url"].endswith("/Logo.png")
    assert shop.request("GET", made.data["image_url"].partition("8443")[2], base="", token="").body == RED
    again = name(door, made.data["image_url"], shop.brand("Bolt"))
    assert (again.data, len(Host.asked)) == (made.data, 1)  # our own file is not fetched
    form = door.upload(f"/v3/catalog/brands/{brand}/picture", ("image_url", None, "", f"http://{host}/c.png".encode()))
    assert form.data["image_url"].endswith("/c.png")


@pytest.mark.parametrize(
    ("url", "status", "reason", "why"),
    [
        ("http://{host}/status/404", 400, "IMAGE_UNREACHABLE", "answered with the status 404"),
        ("http://{host}/large/8388609", 422, "IMAGE_INVALID", "must be at most 8 MB"),
        ("http://{host}/large/100", 422, "IMAGE_INVALID", "is not an image of a format that is taken"),
        ("a.png", 422, "IMAGE_INVALID", "must be an http or https URL"),
        ("file:///etc/passwd", 422, "IMAGE_INVALID", "must be an http or https URL"),
        (7, 422, "FIELD_INVALID", "error.expected.jsstring"),
        (None, 422, "FIELD_MISSING", "Please provide an image_file"),
    ],
)
def test_what_is_no_image_changes_nothing(shop: Shop, host: str, url: Any, status: int, reason: str, why: str) -> None:
    """Rule 68."""
    shop.change(settings={"images.allow_private": True})
    shop.brand()
    before = shop.get("/v3/catalog/brands/1").headers["etag"]
    reply = name(by_url(shop), url.format(host=host) if isinstance(url, str) else url)
    assert (reply.status, reply.reason) == (status, reason)
    assert why in next(iter(reply.json["errors"].values()))
    assert shop.get("/v3/catalog/brands/1").headers["etag"] == before
    assert shop.rows("files") == 0
