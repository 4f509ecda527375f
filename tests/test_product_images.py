"""Images of products, in both versions, on both databases (rules 28 and 68)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega.resources.catalog import images
from image_host import Host, serve
from pictures import opened, picture
from shop import Reply, Shop

V3 = "/v3/catalog/products/1/images"
V2 = "/v2/products/1/images"
PRODUCTS = "/v3/catalog/products"
ONE = "/v3/catalog/products/1"
NEW = {"name": "Saw", "type": "physical", "price": 1, "weight": 1}
RED, BLUE = picture(), picture(colour="blue")
LARGE = picture((2000, 1000), "JPEG")
PATIENT = {"prefer": "respond-async"}


@pytest.fixture
def host() -> Iterator[str]:
    """A host of images on this machine."""
    Host.asked.clear()
    yield from serve("127.0.0.1")


@pytest.fixture
def there(shop: Shop, host: str) -> str:
    """Its URL, for a store that may ask it and has one product."""
    shop.change(settings={"images.allow_private": True})
    shop.product()
    return f"http://{host}"


def part(content: bytes = RED, filename: str = "Front view.png") -> tuple[str, str | None, str, bytes]:
    """The file of a form."""
    return "image_file", filename, "image/png", content


def text(name: str, value: object) -> tuple[str, str | None, str, bytes]:
    """A member of a form that is text."""
    return name, None, "", str(value).encode()


def add(shop: Shop, content: bytes = RED, path: str = V3, **members: object) -> Any:
    """A new image of a product, as V3 shows it."""
    reply = shop.upload(path, part(content), *(text(name, value) for name, value in members.items()))
    assert reply.status == 200, reply.body
    return reply.data


def served(shop: Shop, url: str) -> bytes:
    """What the address of a file answers."""
    return shop.request("GET", urlsplit(url).path, base="", token="").body


def order(shop: Shop, path: str = V3) -> list[tuple[int, int]]:
    """The images of a product as listed: their ids and places."""
    return [(one["id"], one["sort_order"]) for one in shop.get(path).data]


def thumbnails(shop: Shop, path: str = V3) -> list[int]:
    """The ids of those that are flagged."""
    return [one["id"] for one in shop.get(path).data if one["is_thumbnail"]]


def files(shop: Shop) -> tuple[int, int]:
    """How many files there are, and how many uses of them."""
    return shop.rows("files"), shop.rows("file_uses")


# One image


def test_an_upload_is_shown_in_four_sizes(shop: Shop) -> None:
    """Rule 68; the boxes are those of the published examples."""
    shop.freeze(1_767_225_600)
    shop.product()
    made = add(shop, LARGE, description="From the left", sort_order=4, is_thumbnail="true")
    digest = hashlib.sha256(LARGE).hexdigest()
    assert list(made) == [
        "id", "product_id", "is_thumbnail", "sort_order", "description", "image_file", "url_zoom", "url_standard",
        "url_thumbnail", "url_tiny", "date_modified", "image_url",
    ]  # fmt: skip
    assert (made["id"], made["product_id"], made["is_thumbnail"], made["sort_order"]) == (1, 1, True, 4)
    assert (made["description"], made["image_file"]) == ("From the left", f"{digest}/Front-view.jpg")
    assert made["date_modified"] == "2026-01-01T00:00:00+00:00"
    for size, box in (("zoom", 1280), ("standard", 560), ("thumbnail", 330), ("tiny", 66)):
        url = made[f"url_{size}"]
        assert url.startswith(f"https://localhost:8443/files/{shop.name}/")
        assert opened(served(shop, url)).size == (box, box // 2)
    assert served(shop, f"/files/{shop.name}/{made['image_file']}") == LARGE
    assert shop.get(f"{V3}/1").data == made
    assert shop.get(V3).data == [made]
    assert files(shop) == (5, 5)


MOST = 8 * 1024 * 1024
TOO_LARGE = b"\x89PNG\r\n\x1a\n" + bytes(MOST)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", V3, None),
        ("PUT", f"{V3}/1", None),
        ("POST", "/v3/catalog/products/1/variants/1/image", None),
        ("POST", "/v3/catalog/categories/1/image", None),
        ("POST", "/v3/catalog/brands/1/image", None),
        ("POST", V3, {"image_url": "{there}/large/8388609"}),
        ("PUT", "/v3/catalog/products/1", {"images": [{"image_url": "{there}/large/8388609"}]}),
    ],
)
def test_an_image_over_8_mb_has_its_code(shop: Shop, there: str, method: str, path: str, body: Any) -> None:
    """Rules 39 and 68: 422 with code 10001, wherever an image can be sent or named; one byte less is no image."""
    shop.category()
    shop.brand()
    add(shop)
    before = shop.get("/v3/catalog/products/1?include=images").data
    for size, code in ((MOST + 1, 10001), (MOST, None)):
        if body is None:
            reply = shop.upload(path, ("image_file", "a.png", "image/png", TOO_LARGE[:size]), method=method)
        else:
            named = json.dumps(body).replace("{there}", there)
            reply = shop.request(method, path, json.loads(named.replace("8388609", str(size))))
        assert (reply.status, reply.reason, reply.json.get("code")) == (422, "IMAGE_INVALID", code)
    assert shop.get("/v3/catalog/products/1?include=images").data == before


def test_the_same_image_in_v2(shop: Shop) -> None:
    """v2_legacy_fields: image_file is a path, the sizes are URLs."""
    shop.freeze(1_767_225_600)
    shop.product()
    made = add(shop, LARGE)
    shown = {
        "id": 1,
        "product_id": 1,
        "image_file": made["image_file"],
        "is_thumbnail": True,
        "sort_order": 0,
        "description": "",
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "zoom_url": made["url_zoom"],
        "thumbnail_url": made["url_thumbnail"],
        "standard_url": made["url_standard"],
        "tiny_url": made["url_tiny"],
    }
    assert shop.get(f"{V2}/1").json == shown
    assert shop.get(V2).json == [shown]
    assert f"<tiny_url>{made['url_tiny']}</tiny_url>".encode() in shop.get(f"{V2}/1.xml").body


def test_an_image_named_by_its_url_is_fetched(shop: Shop, there: str) -> None:
    """Rule 68: JSON names image_url in V3; V2 names image_file."""
    made = shop.post(V3, {"image_url": f"{there}/colour/red/Front%20view.jpg?c=2", "description": "Red"})
    assert (made.status, made.data["description"]) == (200, "Red")
    assert made.data["image_file"].endswith("/Front-view.jpg")
    old = shop.post(V2, {"image_file": f"{there}/colour/blue/back.jpg", "is_thumbnail": True})
    assert (old.status, old.json["id"], old.json["is_thumbnail"]) == (201, 2, True)
    assert old.headers["location"].endswith("/v2/products/1/images/2")
    assert opened(served(shop, old.json["zoom_url"])).size == (1280, 640)
    form = shop.upload(V2, part(), text("description", "By hand"))
    assert (form.status, form.json["description"]) == (201, "By hand")
    by_form = shop.upload(V3, text("image_url", f"{there}/c.png"))
    assert by_form.data["image_file"].endswith("/c.png")
    assert [shop.get(path).json for path in (f"{V2}/count", "/v2/products/images/count")] == [{"count": 4}] * 2
    assert len(Host.asked) == 3


def test_an_image_is_replaced_and_what_it_was_goes(shop: Shop, there: str) -> None:
    """Rule 68: PUT by form, by URL, or of the other members alone; in V2 as well."""
    shop.freeze(1_767_225_600)
    was = add(shop)
    assert shop.put(f"{V3}/1", {"description": "Red"}).data == {**was, "description": "Red"}
    assert shop.upload(f"{V3}/1", part(BLUE, "blue.png"), method="PUT").data["image_file"].endswith("/blue.png")
    assert (served(shop, was["url_tiny"])[:4], files(shop)) == (b'{"st', (1, 1))
    assert shop.put(f"{V3}/1", {"image_url": f"{there}/colour/red/r.jpg"}).data["image_file"].endswith("/r.jpg")
    assert files(shop) == (5, 5)
    changed = shop.put(f"{V2}/1", {"image_file": f"{there}/a.png", "sort_order": "3"})
    assert (changed.status, changed.json["sort_order"], files(shop)) == (200, 3, (1, 1))


def test_what_was_read_may_be_sent_back(shop: Shop, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """contract/clients.md: whole objects are written back; a picture that an image has already is not made again."""
    made = add(shop, LARGE)
    other = add(shop)
    add(shop, BLUE)

    def undone(*_: Any) -> Any:
        raise AssertionError("nothing has to be made smaller")

    with monkeypatch.context() as patch:
        patch.setattr(images.picture, "developed", undone)
        assert shop.put(f"{V3}/1", made).data["image_file"] == made["image_file"]
        assert shop.put(ONE, shop.get(f"{ONE}?include=images").data).status == 200
        assert shop.put(f"{V2}/1", {"image_file": made["image_file"]}).json["image_file"] == made["image_file"]
    assert shop.put(f"{V3}/3", {"image_file": other["image_file"]}).data["url_tiny"] == other["url_tiny"]
    copy = shop.post(V3, {"image_url": made["url_zoom"]})
    assert copy.data["image_file"].partition("/")[0] in made["url_zoom"]
    new = shop.put(f"{V3}/1", {**made, "image_url": f"{there}/new.png"})
    assert new.data["image_file"].endswith("/new.png")


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("POST", V3, {}, 422, "FIELD_MISSING", "image_url"),
    ("POST", V3, {"image_url": "{there}/status/404"}, 400, "IMAGE_UNREACHABLE", "invalid_reason"),
    ("POST", V3, {"image_url": "{there}/large/100"}, 422, "IMAGE_INVALID", "image_url"),
    ("POST", V3, {"image_url": "{there}/large/8388609"}, 422, "IMAGE_INVALID", "image_url"),
    ("POST", V3, {"image_file": "a/b.png"}, 422, "IMAGE_INVALID", "image_file"),
    ("POST", V3, {"image_url": ""}, 422, "IMAGE_INVALID", "image_url"),
    ("POST", V3, {"image_url": "http://a/" + "i" * 250}, 422, "FIELD_INVALID", "image_url"),
    ("POST", V3, {"image_url": 7}, 422, "FIELD_INVALID", "image_url"),
    ("POST", V3, {"image_url": "{there}/a.png", "sort_order": 2**31}, 422, "FIELD_INVALID", "sort_order"),
    ("POST", "/v3/catalog/products/9/images", {"image_url": "{there}/a"}, 404, "NO_SUCH_ENTITY", ""),
    ("PUT", "/v3/catalog/products/2/images/1", {"description": "x"}, 404, "NO_SUCH_ENTITY", ""),
    ("PUT", f"{V3}/1", {"image_url": "ftp://img.test/a.png"}, 422, "FIELD_INVALID", "image_url"),
    ("PUT", f"{V3}/1", {"description": "x", "image_url": "{there}/status/500"}, 400, "IMAGE_UNREACHABLE",
     "invalid_reason"),
    ("PUT", V3, [{"id": 1}], 405, "METHOD_NOT_ALLOWED", ""),
    ("DELETE", V3, None, 405, "METHOD_NOT_ALLOWED", ""),
    ("DELETE", "/v3/catalog/products/2/images/1", None, 404, "NO_SUCH_ENTITY", ""),
    ("POST", V2, {"is_thumbnail": True}, 400, "FIELD_MISSING", ""),
    ("POST", V2, {"image_file": ""}, 400, "IMAGE_INVALID", ""),
    ("POST", V2, {"image_file": "{there}/status/404"}, 400, "IMAGE_UNREACHABLE", ""),
    ("POST", V2, {"image_file": "{there}/a.png", "id": 7}, 400, "FIELD_READ_ONLY", ""),
    ("PUT", f"{V2}/1", {"zoom_url": "{there}/a.png"}, 400, "FIELD_READ_ONLY", ""),
    ("PUT", f"{V2}/1", {"image_url": "{there}/a.png"}, 400, "FIELD_UNKNOWN", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "told"), REFUSED)
def test_a_bad_image_is_refused_and_changes_nothing(
    shop: Shop, there: str, method: str, path: str, body: Any, status: int, reason: str, told: str
) -> None:
    """Rule 68: an unreachable URL is 400 with errors.invalid_reason; each fault names its member."""
    shop.product("Saw")
    add(shop)
    before = shop.get(f"{PRODUCTS}?include=images").body
    reply = shop.request(method, path, _with(body, there))
    assert (reply.status, reply.reason) == (status, reason), reply.body
    if told:
        assert list(reply.json["errors"]) == [told]
    assert (shop.get(f"{PRODUCTS}?include=images").body, files(shop)) == (before, (1, 1))


def _with(body: Any, there: str) -> Any:
    if isinstance(body, dict):
        return {name: _with(value, there) for name, value in body.items()}
    if isinstance(body, list):
        return [_with(value, there) for value in body]
    return body.replace("{there}", there) if isinstance(body, str) else body


@pytest.mark.parametrize(
    ("path", "parts", "status", "reason"),
    [
        (V3, [part(b"<html>")], 422, "IMAGE_INVALID"),
        (V3, [text("description", "none")], 422, "FIELD_MISSING"),
        (V3, [part(), text("image_url", "http://img.test/a.png")], 422, "FIELD_INVALID"),
        (V3, [part(), text("sort_order", "first")], 422, "FIELD_INVALID"),
        (V2, [part(b"<html>")], 400, "IMAGE_INVALID"),
        (V2, [part(), text("colour", "red")], 400, "FIELD_UNKNOWN"),
    ],
)
def test_a_bad_form_is_refused(shop: Shop, path: str, parts: Any, status: int, reason: str) -> None:
    """Rule 68: image_file and image_url exclude each other."""
    shop.product()
    reply = shop.upload(path, *parts)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert (files(shop), shop.rows("product_images")) == ((0, 0), 0)


def test_a_product_has_at_most_a_thousand_images(shop: Shop) -> None:
    """Rule 68; the platform's own limit is 403."""
    assert images.TABLE.cap_within == ("product_id", 1000)
    shop.redeclare(images.TABLE, cap_within=("product_id", 2))
    shop.product()
    shop.product("Saw")
    add(shop)
    add(shop)
    reply = shop.upload(V3, part(BLUE), text("is_thumbnail", "true"), text("sort_order", 0))
    assert (reply.status, reply.reason) == (403, "PLATFORM_CAP_REACHED")
    assert (thumbnails(shop), order(shop), files(shop)) == ([1], [(1, 0), (2, 0)], (1, 2))
    add(shop, path="/v3/catalog/products/2/images")


# The thumbnail


def test_a_product_with_images_has_exactly_one_thumbnail(shop: Shop) -> None:
    """Rule 68: the first is it; setting is_thumbnail moves the flag; when it goes another takes its place."""
    shop.product()
    for _ in range(3):
        add(shop)
    assert thumbnails(shop) == [1]
    add(shop, is_thumbnail="true")
    assert thumbnails(shop) == [4]
    assert shop.put(f"{V2}/2", {"is_thumbnail": "true"}).json["is_thumbnail"] is True
    assert thumbnails(shop) == [2]
    assert shop.put(f"{V3}/2", {"is_thumbnail": False}).data["is_thumbnail"] is False
    assert thumbnails(shop) == [1]  # the first of the others
    shop.put(f"{V3}/3", {"sort_order": -1})
    assert shop.delete(f"{V3}/1").status == 204
    assert thumbnails(shop) == [3]
    assert [shop.delete(f"{V2}/{one}").status for one in (3, 2)] == [204, 204]
    assert thumbnails(shop) == [4]
    assert shop.put(f"{V3}/4", {"is_thumbnail": False}).data["is_thumbnail"] is True  # the only image keeps it
    assert shop.delete(V2).status == 204
    assert (shop.get(V3).data, shop.get(ONE + "?include=primary_image").data["primary_image"]) == ([], None)
    assert files(shop) == (0, 0)


def test_v2_shows_the_thumbnail_inside_the_product(shop: Shop) -> None:
    """Rule 28: primary_image is always there, on lists too; the product's entity tag moves with it."""
    shop.product()
    shop.product("Saw")
    assert shop.get("/v2/products/1").json["primary_image"] is None
    tag = shop.get("/v2/products/1").headers["etag"]
    made = add(shop, LARGE)
    shown = {
        "id": 1,
        "zoom_url": made["url_zoom"],
        "thumbnail_url": made["url_thumbnail"],
        "standard_url": made["url_standard"],
        "tiny_url": made["url_tiny"],
    }
    assert shop.get("/v2/products/1", headers={"if-none-match": tag}).json["primary_image"] == shown
    for query in ("", "?include=sku", "?exclude=name"):
        assert [one["primary_image"] for one in shop.get(f"/v2/products{query}").json] == [shown, None]
    assert shop.put("/v2/products/1", {"price": "2"}).json["primary_image"] == shown
    assert f"<tiny_url>{made['url_tiny']}</tiny_url>".encode() in shop.get("/v2/products.xml").body
    tag = shop.get("/v2/products/1").headers["etag"]
    add(shop, BLUE)
    assert shop.get("/v2/products/1", headers={"if-none-match": tag}).status == 304  # the thumbnail is as it was
    for change in (
        lambda: shop.put(f"{V3}/2", {"is_thumbnail": True}),
        lambda: shop.upload(f"{V3}/2", part(), method="PUT"),
        lambda: shop.delete(f"{V3}/2"),
        lambda: shop.delete(f"{V3}/1"),
    ):
        assert change().status in (200, 204)
        now = shop.get("/v2/products/1", headers={"if-none-match": tag})
        assert now.status == 200
        tag = now.headers["etag"]


def test_images_are_included_in_a_product(shop: Shop) -> None:
    """Rule 26: in their order; the entity tag moves with them."""
    shop.product()
    shop.product("Saw")
    first, second = add(shop), add(shop, BLUE, sort_order=-1)
    both = f"{PRODUCTS}?include=images,primary_image"
    shown = shop.get(both)
    assert [one["images"] for one in shown.data] == [[second, first], []]
    assert [one["primary_image"] for one in shown.data] == [first, None]
    assert shop.get(f"{ONE}?include=primary_image").data["primary_image"] == first
    assert shop.get(both, headers={"if-none-match": shown.headers["etag"]}).status == 304
    shop.put(f"{V3}/2", {"description": "Blue"})
    now = shop.get(both, headers={"if-none-match": shown.headers["etag"]})
    assert now.data[0]["images"][0]["description"] == "Blue"


def test_an_include_is_one_question_more_however_many_there_are(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 3: no query a row."""
    for name in ("Hammer", "Saw", "Drill"):
        product = shop.product(name)
        for _ in range(3):
            add(shop, path=f"{PRODUCTS}/{product}/images")
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    reader = type(store.rows.reader)
    asked: list[str] = []
    rows = reader.rows

    async def counted(self: Any, sql: str, *values: Any) -> Any:
        asked.append(sql)
        return await rows(self, sql, *values)

    monkeypatch.setattr(reader, "rows", counted)

    def questions(path: str) -> int:
        asked.clear()
        assert shop.get(path).status == 200
        return sum("product_images" in sql for sql in asked)

    assert questions(f"{PRODUCTS}?include=images") == 1
    assert questions(f"{PRODUCTS}?include=images,primary_image") == 2
    assert questions("/v2/products") == 1
    assert questions("/v2/products/1") == 1
    assert questions(PRODUCTS) == 0


# Places

SHIFTED: list[tuple[list[int], str, Any, list[tuple[int, int]]]] = [
    # places of images 1, 2, ..., which of them is asked for what, their order afterwards
    ([0, 1, 2], "3", {"sort_order": 0}, [(3, 0), (1, 1), (2, 2)]),
    ([0, 1, 2], "1", {"sort_order": 2}, [(2, 1), (1, 2), (3, 3)]),
    ([0, 1, 5], "1", {"sort_order": 3}, [(2, 1), (1, 3), (3, 5)]),
    ([0, 0, 0], "2", {"sort_order": 0}, [(1, 0), (2, 0), (3, 0)]),
    ([1, 1], "POST", {"sort_order": 1}, [(3, 1), (1, 2), (2, 2)]),
    ([1, 1], "POST", {}, [(3, 0), (1, 1), (2, 1)]),
    ([2**31 - 1], "POST", {"sort_order": 2**31 - 1}, [(1, 2**31 - 1), (2, 2**31 - 1)]),
]


@pytest.mark.parametrize(("places", "asked", "body", "after"), SHIFTED)
def test_an_image_that_takes_a_place_moves_the_others_down(
    shop: Shop, places: list[int], asked: str, body: Any, after: list[tuple[int, int]]
) -> None:
    """Rule 68: those with the same or a greater sort_order; places need not be unique as long as nobody moves."""
    shop.product()
    drafts = [{"image_url": add_elsewhere(shop), "sort_order": place} for place in places]
    assert shop.put(ONE, {"images": drafts}).status == 200
    if asked == "POST":
        moved = shop.post(V3, {"image_url": add_elsewhere(shop), **body})
    else:
        moved = shop.put(f"{V3}/{int(asked) + FIRST}", body)
    assert moved.status == 200, moved.body
    assert [(image - FIRST, place) for image, place in order(shop)] == after
    assert [image["id"] - FIRST for image in shop.get(V2).json] == [image for image, _ in after]


FIRST = 1
"""The image that is there before the others, of another product."""


def add_elsewhere(shop: Shop) -> str:
    """The address of a file that is here already."""
    if not shop.rows("product_images"):
        add(shop, path=f"{PRODUCTS}/{shop.product('Elsewhere')}/images")
    return str(shop.get("/v3/catalog/products/2/images").data[0]["url_tiny"])


# In the body of a product


def test_images_come_with_a_new_product(shop: Shop, there: str) -> None:
    """The reply shows what the body brought; each is fetched before the write begins."""
    names = ("red", "blue", "green")
    brought = [{"image_url": f"{there}/colour/{name}/{name}.jpg", "description": name} for name in names]
    brought[1]["is_thumbnail"] = True  # type: ignore[assignment]
    made = shop.post(PRODUCTS, {**NEW, "images": brought})
    assert made.status == 200, made.body
    assert [image["description"] for image in made.data["images"]] == list(names)
    assert [image["is_thumbnail"] for image in made.data["images"]] == [False, True, False]
    assert made.data["images"][2]["url_zoom"].startswith("https://localhost:8443/files/")
    assert opened(served(shop, made.data["images"][2]["url_zoom"])).getpixel((0, 0)) == (0, 128, 1)
    assert shop.get("/v2/products/2").json["primary_image"]["id"] == 2


def test_the_images_of_a_body_stand_where_it_puts_them(shop: Shop, there: str) -> None:
    """Rule 68: those that it does not name make room; those that are named change, the others are new."""
    for place in range(4):
        add(shop, sort_order=place)
    body = [{"id": 1, "sort_order": 3}, {"id": 2, "sort_order": 2}, {"id": 3, "sort_order": 1, "is_thumbnail": True}]
    assert shop.put(ONE, {"images": [*body, {"id": 4, "sort_order": 0}]}).status == 200
    assert (order(shop), thumbnails(shop)) == ([(4, 0), (3, 1), (2, 2), (1, 3)], [3])
    reply = shop.put(ONE, {"images": [{"id": 1, "sort_order": 0}, {"image_url": f"{there}/a", "sort_order": 2}]})
    assert reply.status == 200, reply.body
    assert order(shop) == [(1, 0), (4, 1), (5, 2), (3, 3), (2, 4)]
    same = [{"image_url": f"{there}/{name}", "sort_order": 9} for name in "ab"]
    assert shop.put(ONE, {"images": same}).status == 200
    assert order(shop)[-2:] == [(6, 9), (7, 9)]  # in the order of the list


NESTED: list[tuple[list[Any], int, str, list[str]]] = [
    ([{"image_url": "{there}/a"}, {"description": "none"}], 422, "FIELD_MISSING", ["images.1.image_url"]),
    ([{"image_url": "{there}/status/404"}], 400, "IMAGE_UNREACHABLE", ["images.0.image_url"]),
    ([{"image_url": "{there}/a"}, {"image_url": "{there}/large/9"}], 422, "IMAGE_INVALID", ["images.1.image_url"]),
    ([{"image_url": "{there}/large/9"}, {"image_url": "{there}/status/404"}, {"image_file": "a"}], 400,
     "IMAGE_UNREACHABLE", ["images.0.image_url", "images.1.image_url", "images.2.image_file"]),
    ([{"id": 9, "description": "x"}], 404, "NO_SUCH_ENTITY", []),
]  # fmt: skip


@pytest.mark.parametrize(("drafts", "status", "reason", "named"), NESTED)
def test_a_bad_image_refuses_the_product_that_it_came_with(
    shop: Shop, there: str, drafts: list[Any], status: int, reason: str, named: list[str]
) -> None:
    """Rules 21 and 68: every fault is named; nothing of a refused write stays."""
    for method, path, body in (("POST", PRODUCTS, NEW), ("PUT", ONE, {"price": 7})):
        reply = shop.request(method, path, {**body, "images": _with(drafts, there)})
        assert (reply.status, reply.reason) == (status, reason), reply.body
        if named:
            assert sorted(reply.json["errors"]) == named
        assert all("{" not in why for why in reply.json.get("errors", {}).values())
    assert (shop.rows("products"), shop.rows("product_images"), files(shop)) == (1, 0, (0, 0))
    assert shop.get(ONE).data["price"] == 10


def test_a_list_of_products_brings_images_and_saves_the_good_beside_the_bad(shop: Shop, there: str) -> None:
    """Rules 25 and 58."""
    for name in ("Saw", "Drill"):
        shop.product(name)
    addresses = (f"{there}/a.png", f"{there}/status/404", f"{there}/b.png")
    drafts = [{"id": at, "price": 3, "images": [{"image_url": url}]} for at, url in enumerate(addresses, start=1)]
    reply = shop.put(PRODUCTS, drafts)
    assert (reply.status, list(reply.json["errors"])) == (207, ["2"])
    assert [shop.get(f"{PRODUCTS}/{at}").data["price"] for at in (1, 2, 3)] == [3, 10, 3]
    assert [shop.rows("product_images"), *files(shop)] == [2, 1, 2]
    alone = shop.put(PRODUCTS, drafts[1:2])
    assert (alone.status, alone.reason) == (400, "IMAGE_UNREACHABLE")
    assert list(alone.json["errors"]) == ["images.0.image_url"]


def test_the_pictures_of_one_request_are_bounded(shop: Shop, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait in memory for the write, and each may take seconds to come."""
    many = shop.put(ONE, {"images": [{"image_url": f"{there}/a"}] * 1001})
    assert (many.status, many.reason, Host.asked) == (422, "FIELD_INVALID", [])
    monkeypatch.setattr(images, "MAX_BYTES", 300)
    drafts = [{"image_url": f"{there}/{name}"} for name in "abcdef"]
    reply = shop.put(ONE, {"images": drafts})
    assert (reply.status, reply.reason) == (422, "IMAGE_INVALID")
    assert "MB, their smaller forms included" in next(iter(reply.json["errors"].values()))
    assert shop.put(ONE, {"images": drafts[:1]}).status == 200
    assert shop.rows("product_images") == 1


# What goes with what


def test_images_and_their_files_go_with_the_product(shop: Shop) -> None:
    """Decision 11: a file goes with the last row that names it."""
    for name in ("Hammer", "Saw"):
        product = shop.product(name)
        add(shop, LARGE, path=f"{PRODUCTS}/{product}/images")
        add(shop, BLUE, path=f"{PRODUCTS}/{product}/images")
    assert files(shop) == (6, 12)
    assert shop.delete(ONE).status == 204
    assert (files(shop), shop.rows("product_images")) == ((6, 6), 2)
    assert shop.get("/v2/products/images/count").json == {"count": 2}
    assert shop.delete("/v2/products").status == 204
    assert files(shop) == (0, 0)
    assert shop.get("/v2/products/images/count").json == {"count": 0}


def test_a_condition_holds_for_an_image(shop: Shop) -> None:
    """RFC 9110 13.1.1"""
    shop.product()
    add(shop)
    tag = shop.get(f"{V3}/1").headers["etag"]
    assert shop.put(f"{V3}/1", {"description": "x"}, headers={"if-match": tag}).status == 200
    assert shop.upload(f"{V3}/1", part(BLUE), method="PUT", headers={"if-match": tag}).status == 412
    assert shop.delete(f"{V3}/1", headers={"if-match": tag}).status == 412
    assert files(shop) == (1, 1)


def _response(shop: Shop, accepted: Reply) -> Any:
    assert accepted.status == 202
    return shop.settle(int(accepted.headers["location"].rpartition("/")[2]))["response"]


def test_images_can_wait_for_their_task(shop: Shop, there: str) -> None:
    """RFC 7240 4.1: what has to be fetched is fetched by the task, and cannot be judged before."""
    accepted = shop.post(PRODUCTS, {**NEW, "images": [{"image_url": f"{there}/a.png"}]}, headers=PATIENT)
    assert Host.asked == []
    assert _response(shop, accepted)["status"] == 200
    assert (shop.rows("product_images"), Host.asked) == (1, ["/a.png"])
    refused = shop.post(V3, {"image_url": f"{there}/status/404"}, headers=PATIENT)
    assert _response(shop, refused)["headers"]["bodega-reason"] == "IMAGE_UNREACHABLE"
    assert _response(shop, shop.upload(V3, part(), headers=PATIENT))["status"] == 200
    assert shop.rows("product_images") == 2
