"""Pictures in the sizes that templates ask for: made once, by the picture worker, and kept within bounds."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega.storefront import image_sizes
from pictures import opened, picture
from shop import Reply, Shop
from storefront import Window, nodes
from test_product_images import add

LARGE = picture((2000, 1000), "JPEG")
ASK = """{ site { product(entityId: 1) { images { edges { node { urlTemplate url(width: 300, height: 300) urlOriginal }
  } } } } }"""


@pytest.fixture
def window(shop: Shop) -> Window:
    """A store with a product."""
    shop.product()
    return Window(shop)


def template(window: Window) -> str:
    """The path of the first image of the product, its size open."""
    (one,) = nodes(window.ask(ASK)["site"]["product"]["images"])
    where = urlsplit(one["urlTemplate"])
    assert where.netloc.split(":")[0] == window.host
    assert one["url"] == one["urlTemplate"].replace("{:size}", "300x300")
    assert one["urlOriginal"] == one["urlTemplate"].replace("{:size}", "original")
    return f"{where.path}?{where.query}"


def get(window: Window, path: str, method: str = "GET", **headers: str) -> Reply:
    told = {"host": window.host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return window.shop.request(method, path, base="", token="", headers=told)


def server_of(window: Window) -> image_sizes.SizedImages:
    """The image server of the application."""
    mount: Any = window.shop.server.app._api._mounts["s-"]
    return mount.__self__


def test_a_picture_is_served_in_every_size_at_every_host(window: Window) -> None:
    add(window.shop, LARGE, filename="Front view.jpg")
    path = template(window)
    assert re.fullmatch(r"/s-[a-z0-9-]+/images/stencil/{:size}/products/1/1/[\w.-]+\?c=[0-9a-f]{16}", path)
    for size, (width, height) in {
        "640w": (640, 320), "300x300": (300, 150), "2000x80": (160, 80), "1900w": (1900, 950),
    }.items():  # fmt: skip
        reply = get(window, path.replace("{:size}", size))
        assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
        assert opened(reply.body).size == (width, height)
        assert "immutable" in reply.headers["cache-control"]
        assert reply.headers["vary"] == "accept"
    for size in ("original", "3000w", "4000x3000"):
        assert get(window, path.replace("{:size}", size)).body == LARGE, "nothing is made larger"
    assert get(window, path.replace("{:size}", "640w"), host="cdn.example.com").status == 200
    reply = get(window, path.replace("{:size}", "640w"), "HEAD")
    assert (reply.status, reply.body) == (200, b"")


def test_who_takes_webp_is_given_it(window: Window) -> None:
    add(window.shop, LARGE)
    path = template(window).replace("{:size}", "300w")
    plain, webp = get(window, path), get(window, path, accept="image/avif,image/webp,*/*")
    assert (webp.headers["content-type"], opened(webp.body).format, opened(webp.body).size) == (
        "image/webp", "WEBP", (300, 150),
    )  # fmt: skip
    assert opened(plain.body).format == "JPEG"
    assert plain.headers["etag"] != webp.headers["etag"]
    again = get(window, path, accept="image/webp", if_none_match=webp.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    original = get(window, template(window).replace("{:size}", "original"), accept="image/webp")
    assert original.headers["content-type"] == "image/jpeg"


def test_a_form_is_made_once_and_goes_with_its_picture(window: Window) -> None:
    add(window.shop, LARGE)
    path, server = template(window), server_of(window)
    made = server.made
    for _ in range(3):
        assert get(window, path.replace("{:size}", "200w")).status == 200
    assert server.made == made + 1

    async def at_once() -> None:
        store = await window.shop.server.app.stores.get(window.shop.name)
        assert store is not None
        digest = path.rpartition("=")[2]
        (whole,) = [
            row[0] for row in await store.rows.reader.rows("SELECT digest FROM files WHERE size = $1", len(LARGE))
        ]
        assert whole.startswith(digest)
        key = image_sizes.Key(store.record.hash, whole, (77, 77), False)
        forms = await asyncio.gather(*(server._form(store, key) for _ in range(5)))
        assert len({id(one) for one in forms}) == 1

    made = server.made
    window.shop.server.run(at_once())
    assert server.made == made + 1, "five asked at once"
    window.shop.delete("/v3/catalog/products/1/images/1")
    assert get(window, path.replace("{:size}", "200w")).status == 404


def test_an_address_that_does_not_say_what_it_shows_is_not_kept_for_good(window: Window) -> None:
    add(window.shop, LARGE)
    path = template(window).replace("{:size}", "200w")
    reply = get(window, path.partition("?")[0])
    assert (reply.status, reply.headers["cache-control"]) == (200, "public, max-age=300")
    assert get(window, path.replace("/products/1/", "/products/2/")).status == 404, "another product's"


def test_what_is_kept_is_bounded(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_sizes, "MOST_OF_ONE", 3)
    add(window.shop, LARGE)
    path, server = template(window), server_of(window)
    for width in range(20, 30):
        assert get(window, path.replace("{:size}", f"{width}w")).status == 200
    own = [key for key in server._kept if key.store == window.shop.name]
    assert [key.box[0] for key in own] == [27, 28, 29]
    monkeypatch.setattr(image_sizes, "MOST_BYTES", 1)
    get(window, path.replace("{:size}", "31w"))
    assert (server.bytes, len(server._kept)) == (0, 0)


@pytest.mark.parametrize(
    "size",
    [
        "0w",
        "5000w",
        "99999w",
        "9999999999999999999w",
        "-1w",
        "1x0",
        "4097x1",
        "w",
        "x",
        "300",
        "300X300",
        "..",
        "1e3w",
        "original2",
    ],
)
def test_a_hostile_size_is_refused_before_anything_is_read(window: Window, size: str) -> None:
    add(window.shop, LARGE)
    path = template(window)
    made = server_of(window).made
    with window.counted() as given:
        assert get(window, path.replace("{:size}", size)).status == 404
    assert given == []
    assert server_of(window).made == made


def test_new_sizes_wait_behind_uploads(window: Window) -> None:
    add(window.shop, LARGE)
    path = template(window)
    worker = window.shop.server.app.pictures
    worker.waiting += image_sizes.MOST_WAITING
    try:
        reply = get(window, path.replace("{:size}", "123w"))
        assert (reply.status, reply.headers["retry-after"]) == (503, "2")
        assert get(window, path.replace("{:size}", "original")).status == 200
    finally:
        worker.waiting -= image_sizes.MOST_WAITING
    assert get(window, path.replace("{:size}", "123w")).status == 200


def test_pictures_of_brands_and_categories_are_sized_too(window: Window) -> None:
    shop = window.shop
    brand = shop.post("/v3/catalog/brands", {"name": "Acme"}).data["id"]
    part = ("image_file", "acme.png", "image/png", picture((400, 400)))
    assert shop.upload(f"/v3/catalog/brands/{brand}/image", part).status == 200
    found = window.ask("{ site { brand(entityId: 1) { defaultImage { url(width: 100) } } } }")["site"]["brand"]
    where = urlsplit(found["defaultImage"]["url"])
    assert opened(get(window, where.path).body).size == (100, 100)


def test_a_store_that_there_is_not_has_no_pictures(window: Window) -> None:
    assert get(window, f"/s-nobody/images/stencil/640w/{'a' * 64}/x.png").status == 404
    assert get(window, f"/s-{window.shop.name}/images/stencil/640w/{'a' * 64}/x.png").status == 404
    assert get(window, f"/s-{window.shop.name}/elsewhere").status == 404
    assert get(window, f"/s-{window.shop.name}/images/stencil/640w/{'a' * 64}/x.png", "POST").status == 405
