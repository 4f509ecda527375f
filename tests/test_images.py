"""Images: uploads, stored files, their addresses, how they are served (rules 39 and 68, decision 11)."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodega.http.router import by_version
from bodega.kit import picture as darkroom
from bodega.kit import render
from bodega.kit.actions import Create
from bodega.kit.context import Context, Found, Write
from bodega.kit.entity import Entity, names_files, stored
from bodega.kit.fields import FileUrl, clean_address
from bodega.kit.links import Base
from bodega.kit.route import route
from bodega.kit.write import update_one
from bodega.law.outcome import Outcome, Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources import ROUTES
from bodega.resources.catalog import brands
from bodega.storage.unit import Unit
from forms import strict
from pictures import bomb, on_its_side, opened, picture, wbmp, webp_bomb
from shop import Reply, Shop

BRANDS = "/v3/catalog/brands"
CATEGORIES = "/v3/catalog/categories"
RED = picture()
BLUE = picture(colour="blue")
ASYNC = {"prefer": "respond-async"}


def image(content: bytes = RED, filename: str | None = "Logo of Acme.png", name: str = "image_file") -> Any:
    """The part that clients send."""
    return name, filename, "image/png", content


def shown(shop: Shop, url: str, method: str = "GET", **headers: str) -> Reply:
    """What the address of a file answers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return shop.request(method, urlsplit(url).path, base="", token="", headers=sent)


def files(shop: Shop) -> tuple[int, int]:
    """How many files there are, and how many uses of them."""
    return shop.rows("files"), shop.rows("file_uses")


# Uploading


@pytest.mark.parametrize("kind", ["brand", "category"])
def test_an_upload_becomes_the_image_and_can_be_seen_by_everybody(shop: Shop, kind: str) -> None:
    """Rule 39: multipart only, under the name image_file; the reply names the address."""
    path = f"{BRANDS if kind == 'brand' else CATEGORIES}/{getattr(shop, kind)()}"
    reply = shop.upload(f"{path}/image", image())
    digest = hashlib.sha256(RED).hexdigest()
    url = f"https://localhost:8443/files/{shop.name}/{digest}/Logo-of-Acme.png"
    assert (reply.status, reply.json) == (200, {"data": {"image_url": url}, "meta": {}})
    assert shop.get(path).data["image_url"] == url
    assert [row["image_url"] for row in shop.get(path.rpartition("/")[0]).data] == [url]
    assert shop.get(f"{path}?include_fields=image_url").data["image_url"] == url
    served = shown(shop, url)
    assert (served.status, served.body, served.headers["content-type"]) == (200, RED, "image/png")


def test_a_new_image_takes_the_place_of_the_one_before(shop: Shop) -> None:
    """Rule 39: one at a time; the file that nothing shows any more goes with the change."""
    path = f"{BRANDS}/{shop.brand()}"
    tag = shop.get(path).headers["etag"]
    first = shop.upload(f"{path}/image", image()).data["image_url"]
    assert shop.get(path).headers["etag"] != tag
    second = shop.upload(f"{path}/image", image(BLUE, "blue.png")).data["image_url"]
    assert shop.get(path).data["image_url"] == second
    assert (shown(shop, first).status, shown(shop, second).body) == (404, BLUE)
    assert files(shop) == (1, 1)


def test_a_deleted_image_leaves_the_brand(shop: Shop) -> None:
    """operations.tsv: 204; without an image there is nothing to do."""
    path = f"{BRANDS}/{shop.brand()}"
    shop.upload(f"{path}/image", image())
    for _ in range(2):
        assert shop.delete(f"{path}/image").status == 204
        assert shop.get(path).data["image_url"] == ""
    assert files(shop) == (0, 0)


def test_the_same_picture_is_kept_once_and_goes_with_the_last_that_shows_it(shop: Shop) -> None:
    """Decision 11: files are kept by what they are."""
    brands = [shop.brand(name) for name in ("Acme", "Bolt")]
    category = shop.category()
    for path in (*(f"{BRANDS}/{brand}" for brand in brands), f"{CATEGORIES}/{category}"):
        assert shop.upload(f"{path}/image", image()).status == 200
    assert files(shop) == (1, 3)
    assert shop.delete(f"{BRANDS}?name=Acme").status == 204
    assert shop.put(f"{BRANDS}/{brands[1]}", {"image_url": "https://img.test/a.png"}).status == 200
    assert files(shop) == (1, 1)
    assert shop.delete("/v2/categories").status == 204
    assert files(shop) == (0, 0)


def test_a_category_shows_its_image_in_its_tree_too(shop: Shop) -> None:
    """Another view of the same row: read, and written back."""
    category = shop.category()
    url = shop.upload(f"{CATEGORIES}/{category}/image", image()).data["image_url"]
    whole = shop.get("/v3/catalog/trees/categories").data
    assert [row["image_url"] for row in whole] == [url]
    assert shop.put("/v3/catalog/trees/categories", whole).status in (200, 204)
    assert (shop.get(f"{CATEGORIES}/{category}").data["image_url"], files(shop)) == (url, (1, 1))


def test_v2_shows_the_path_of_the_file(shop: Shop) -> None:
    """v2_legacy_fields: image_file is a path."""
    brand = shop.brand()
    url = shop.upload(f"{BRANDS}/{brand}/image", image()).data["image_url"]
    path = url.partition(f"/files/{shop.name}/")[2]
    assert shop.get(f"/v2/brands/{brand}").json["image_file"] == path
    assert f"<image_file>{path}</image_file>".encode() in shop.get(f"/v2/brands/{brand}.xml").body


def test_a_condition_holds_for_the_image_too(shop: Shop) -> None:
    """RFC 9110 13.1.1"""
    path = f"{BRANDS}/{shop.brand()}"
    old = shop.get(path).headers["etag"]
    assert shop.upload(f"{path}/image", image(), headers={"if-match": old}).status == 200
    assert shop.upload(f"{path}/image", image(BLUE), headers={"if-match": old}).status == 412
    assert shop.delete(f"{path}/image", headers={"if-match": old}).status == 412
    assert files(shop) == (1, 1)


# What is refused

FORM = "multipart/form-data; boundary=edge"
PART = b'--edge\r\nContent-Disposition: form-data; name="image_file"; filename="a.png"\r\n\r\n'

WORD = PART.replace(b'; filename="a.png"', b"")
MANY = b"".join(b'--edge\r\nContent-Disposition: form-data; name="%d"\r\n\r\nx\r\n' % at for at in range(201))

REFUSED: list[tuple[str, str, bytes, int, str]] = [
    ("of a page", FORM, PART + b"<html>\r\n--edge--\r\n", 422, "IMAGE_INVALID"),
    ("that breaks off", FORM, PART + RED + b"\r\n--ed", 400, "MALFORMED_BODY"),
    ("of another boundary", FORM, PART.replace(b"edge", b"end") + RED + b"\r\n--end--\r\n", 400, "MALFORMED_BODY"),
    ("without a boundary", "multipart/form-data", PART + RED + b"\r\n--edge--\r\n", 400, "MALFORMED_BODY"),
    ("of two images", FORM, (PART + RED + b"\r\n") * 2 + b"--edge--\r\n", 400, "MALFORMED_BODY"),
    ("without a name", FORM, b"--edge\r\n\r\nx\r\n--edge--\r\n", 400, "MALFORMED_BODY"),
    ("of bytes as text", FORM, WORD + b"\xff\r\n--edge--\r\n", 400, "MALFORMED_BODY"),
    ("of text", FORM, WORD + b"a.png\r\n--edge--\r\n", 422, "FIELD_INVALID"),
    ("of a URL", FORM, PART.replace(b'image_file"; filename="a.png', b"image_url") + b"http://a/\r\n--edge--\r\n", 422,
     "FIELD_MISSING"),
    ("of no file chosen", FORM, PART.replace(b"a.png", b"") + b"\r\n--edge--\r\n", 422, "FIELD_MISSING"),
    ("of nothing", FORM, b"--edge--\r\n", 422, "FIELD_MISSING"),
    ("of no body", FORM, b"", 422, "FIELD_MISSING"),
    ("of 201 parts", FORM, MANY + b"--edge--\r\n", 400, "MALFORMED_BODY"),
    ("of JSON", "application/json", b'{"image_url":"http://a/"}', 415, "CONTENT_TYPE_UNSUPPORTED"),
    ("of the bytes alone", "image/png", RED, 415, "CONTENT_TYPE_UNSUPPORTED"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "body", "status", "reason"), REFUSED, ids=lambda value: str(value)[:20])
def test_a_bad_upload_is_refused_and_changes_nothing(
    shop: Shop, name: str, kind: str, body: bytes, status: int, reason: str
) -> None:
    """Rule 39, RFC 7578, RFC 9110 15.5.16"""
    path = f"{BRANDS}/{shop.brand()}"
    shop.upload(f"{path}/image", image())
    before = shop.get(path)
    reply = shop.post(f"{path}/image", body=body, headers={"content-type": kind})
    assert (reply.status, reply.reason) == (status, reason), reply.body
    if status == 415:
        assert reply.headers["accept"] == "multipart/form-data"
    elif status == 422:
        assert list(reply.json["errors"]) == ["image_file"]
    assert (shop.get(path).headers["etag"], files(shop)) == (before.headers["etag"], (1, 1))


@pytest.mark.parametrize("path", ["/v2/brands", "/v3/catalog/brands", "/v3/catalog/categories"])
def test_a_form_is_taken_only_where_a_file_is(shop: Shop, path: str) -> None:
    """RFC 9110 15.5.16: what is taken stands in Accept."""
    reply = shop.upload(path, ("name", None, "", b"Acme"))
    assert (reply.status, reply.reason) == (415, "CONTENT_TYPE_UNSUPPORTED")
    assert "multipart" not in reply.headers["accept"]


def test_an_image_belongs_to_something_that_is_there(shop: Shop) -> None:
    """RFC 9110 15.5.5, 15.5.6"""
    assert shop.upload(f"{BRANDS}/7/image", image()).status == 404
    assert shop.delete(f"{BRANDS}/7/image").status == 404
    reply = shop.get(f"{BRANDS}/{shop.brand()}/image")
    assert (reply.status, reply.headers["allow"]) == (405, "POST, DELETE, OPTIONS")
    assert shop.upload(f"{BRANDS}/1/image", image(), token=shop.account("store_v2_products_read_only")).status == 403


def test_an_upload_over_8_mb_is_invalid_and_a_body_over_10_is_too_large(shop: Shop) -> None:
    """Rule 39, RFC 9110 15.5.14"""
    path = f"{BRANDS}/{shop.brand()}/image"
    fits = RED + bytes(8 * 1024 * 1024 - len(RED))
    assert shop.upload(path, image(fits)).status == 200
    reply = shop.upload(path, image(fits + b"0"))
    assert (reply.status, reply.json["errors"]) == (422, {"image_file": "image_file must be at most 8 MB."})
    assert shop.upload(path, image(bytes(10 * 1024 * 1024))).reason == "BODY_TOO_LARGE"


HOSTILE = [
    ("a bomb", bomb(), "must have at most 50 million pixels"),
    ("a bomb of WebP", webp_bomb(), "must have at most 50 million pixels"),
    ("a truncated PNG", RED[: len(RED) // 2], "is damaged, or breaks off"),
    ("a truncated JPEG", picture((400, 400), "JPEG")[:1500], "is damaged, or breaks off"),
    ("a truncated GIF", picture((400, 400), "GIF")[:-60], "is damaged, or breaks off"),
    ("a truncated WebP", picture((400, 400), "WEBP")[:-20], "is not an image of a format that is taken"),
    ("a WBMP with something behind", wbmp() + b"<script>", "is not an image of a format that is taken"),
    ("a WBMP without an end", b"\0\0" + b"\x81" * 9, "is not an image of a format that is taken"),
    ("a page", b"<html><script>alert(1)</script>", "is not an image of a format that is taken"),
    ("a drawing with a script", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
     "must not be an SVG image, which can carry scripts"),
    ("a drawing with a prolog", b"\n<?xml version='1.0'?><svg/>", "must not be an SVG image, which can carry scripts"),
    ("a TIFF", picture(kind="TIFF"), "is not an image of a format that is taken"),
    ("nothing", b"", "is not an image of a format that is taken"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "why"), HOSTILE, ids=lambda value: str(value)[:25])
def test_a_file_that_is_no_whole_picture_is_refused_with_a_sentence(name: str, content: bytes, why: str) -> None:
    """Rules 39 and 68; what the client calls it counts for nothing."""
    with pytest.raises(ValueError, match=why):
        darkroom.developed(content, "logo.png", darkroom.PRODUCT_SIZES)


# Sizes


@pytest.mark.parametrize(
    ("content", "media_type", "small_type"),
    [
        (picture((2000, 1000), "JPEG"), "image/jpeg", "image/jpeg"),
        (picture((2000, 1000), "JPEG", mode="CMYK"), "image/jpeg", "image/jpeg"),
        (picture((2000, 1000), "PNG", mode="RGBA"), "image/png", "image/png"),
        (picture((2000, 1000), "PNG", mode="P"), "image/png", "image/png"),
        (picture((2000, 1000), "GIF"), "image/gif", "image/png"),
        (picture((2000, 1000), "WEBP"), "image/webp", "image/webp"),
        (picture((2000, 1000), "BMP"), "image/bmp", "image/png"),
        (picture((2000, 1000), "XBM", mode="1"), "image/x-xbitmap", "image/png"),
    ],
    ids=["jpeg", "cmyk", "png", "palette", "gif", "webp", "bmp", "xbm"],
)
def test_a_picture_is_made_smaller_into_each_box(content: bytes, media_type: str, small_type: str) -> None:
    """Rule 68; the boxes are those of the published examples."""
    made = darkroom.developed(content, "C:\\fakepath\\Föglinen beige.TOWEL", darkroom.PRODUCT_SIZES)
    assert (made.original.file.content, made.original.file.media_type) == (content, media_type)
    assert made.original.name == f"Foglinen-beige.{darkroom._TYPES[opened(content).format or ''][1]}"
    sizes = {key: (sized.file.width, sized.file.height) for key, sized in made.sizes.items()}
    assert sizes == {"zoom": (1280, 640), "standard": (560, 280), "thumbnail": (330, 165), "tiny": (66, 33)}
    for key, sized in made.sizes.items():
        image = opened(sized.file.content)
        assert image.size == sizes[key]
        assert sized.file.media_type == small_type == f"image/{(image.format or '').lower()}"
        assert sized.file.digest == hashlib.sha256(sized.file.content).hexdigest()


def test_a_picture_that_fits_is_its_own_smaller_form() -> None:
    """Nothing is made larger, and nothing is kept twice."""
    made = darkroom.developed(picture((400, 300)), "a.png", darkroom.PRODUCT_SIZES)
    assert made.sizes["zoom"] is made.sizes["standard"] is made.original
    assert made.sizes["thumbnail"].file.width == 330
    assert darkroom.developed(wbmp(), "w", darkroom.PRODUCT_SIZES).sizes["tiny"].file.media_type == "image/vnd.wap.wbmp"


def test_a_photograph_is_shown_upright_and_without_what_the_camera_noted() -> None:
    """Exif 2.32, 4.6.5.1: orientation 6 is turned a quarter to the right."""
    made = darkroom.developed(on_its_side((800, 400)), "a.jpg", darkroom.PRODUCT_SIZES)
    assert (made.original.file.width, made.original.file.height) == (400, 800)
    zoom = opened(made.sizes["zoom"].file.content)
    assert (zoom.size, dict(zoom.getexif())) == ((400, 800), {})
    above, below = zoom.getpixel((200, 100)), zoom.getpixel((200, 700))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 200 > 60 > above[2]
    assert below[2] > 200 > 60 > below[0]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("logo.png", "logo"), ("../../etc/passwd", "passwd"), ("", "image"), ("庭.png", "image"), ("a" * 300, "a" * 40),
        ('x" onload="y.png', "x-onload-y"), (".png", "png"), ("a/b\\c d.tar.gz", "c-d-tar"),
    ],
)  # fmt: skip
def test_an_address_ends_with_a_readable_and_harmless_name(name: str, stem: str) -> None:
    """Whatever the client called the file."""
    assert darkroom._stem(name) == stem


# Addresses


def test_an_address_leads_to_the_host_that_the_caller_used(shop: Shop) -> None:
    """contract/wire.md 1: clients follow what they read; the store's own host and the API host show the same store."""
    brand = shop.brand()
    hosts = {"host": f"store-{shop.name}.shop.test"}
    url = shop.upload(f"{BRANDS}/{brand}/image", image()).data["image_url"]
    tail = url.partition("localhost:8443")[2]
    for base, headers, scheme, start in (
        (None, {"host": "api.shop.test:444"}, "https", "https://api.shop.test:444"),
        ("/api", hosts, "https", f"https://store-{shop.name}.shop.test"),
        (None, {"host": "127.0.0.1:8080"}, "http", "http://127.0.0.1:8080"),
    ):
        for path in (f"{BRANDS}/{brand}", BRANDS):
            found = shop.get(path, base=base, headers=headers, scheme=scheme).data
            assert (found[0] if path == BRANDS else found)["image_url"] == start + tail
        written = shop.put(f"{BRANDS}/{brand}", {"page_title": start}, base=base, headers=headers, scheme=scheme)
        assert written.data["image_url"] == start + tail
        assert shop.request("GET", tail, base="", token="", headers=headers, scheme=scheme).body == RED


def test_what_was_read_may_be_sent_back_and_stays_the_same_file(shop: Shop) -> None:
    """contract/clients.md: whole objects are written back, in either version, to any host."""
    brand = shop.brand()
    path = f"{BRANDS}/{brand}"
    shop.upload(f"{path}/image", image())
    for host in ("localhost:8443", "a-host-of-many-letters." * 9 + "test"):
        whole = shop.get(path, headers={"host": host}).data
        assert shop.put(path, whole).status == 200
    members = shop.get(f"/v2/brands/{brand}").json
    del members["id"]
    assert shop.put(f"/v2/brands/{brand}", members).status == 200
    assert shop.get(path, headers={"host": "new.test"}).data["image_url"].startswith("https://new.test/files/")
    assert files(shop) == (1, 1)
    copy = shop.post(BRANDS, {"name": "Copy", "image_url": whole["image_url"]})
    assert copy.data["image_url"].startswith("https://localhost:8443/files/")
    assert files(shop) == (1, 2)


def test_an_address_of_another_house_is_kept_as_it_came(shop: Shop) -> None:
    """Rule 39: JSON takes an image_url; a file that is not here is not ours."""
    nobody = "ab" * 32
    for url in ("https://img.test/a.png", f"https://localhost:8443/files/{shop.name}/{nobody}/a.png", "a/b.png"):
        made = shop.post(BRANDS, {"name": url[-60:], "image_url": url})
        assert made.data["image_url"] == url
        assert shop.get(f"/v2/brands/{made.data['id']}").json["image_file"] == url
        shop.delete("/v2/brands")
    assert files(shop) == (0, 0)


@pytest.mark.parametrize("url", ["i" * 256, "\0/" + "ab" * 32 + "/a.png", 7, None])
def test_an_address_that_cannot_be_is_refused(shop: Shop, url: Any) -> None:
    """Rule 68: 255 characters; the mark of stored addresses can be sent by nobody."""
    for path, member in ((BRANDS, "image_url"), ("/v2/brands", "image_file")):
        reply = shop.post(path, {"name": "Acme", member: url})
        if path == BRANDS or not (url is None or url == 7):  # V2 takes a number for text, and null for none
            assert reply.reason == "FIELD_INVALID"
        assert shop.get(BRANDS).body.count(b"localhost") == 0


class Wrap(Entity, kw_only=True):
    name: str = ""
    words: list[str] = []
    image: FileUrl = ""


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)) | st.sampled_from('"\\u0/\x01'))


@given(TEXT, st.lists(TEXT), TEXT)
def test_nothing_a_client_can_write_looks_like_a_stored_address(name: str, words: list[str], image: str) -> None:
    """Decision 11: a quote that begins a text is followed by NUL only where the server wrote it."""
    document = msgspec.json.encode({name: words, "image": image, "own": "\0/d/n.png"})
    seen = render.located(Shown(ready=document), Base("", files="https://h/files/s")).ready
    assert seen is not None
    assert msgspec.json.decode(seen) == {name: words, "image": image, "own": "https://h/files/s/d/n.png"}


class Adjuster(msgspec.Struct):
    image_url: FileUrl = ""


def test_a_table_whose_documents_name_no_files_pays_nothing(shop: Shop) -> None:
    """Decision 11: which do follows from the types of their fields, at any depth."""
    assert names_files(list[Adjuster])
    assert names_files(dict[str, Adjuster | None])
    assert not names_files(list[str])
    assert stored("wraps", Wrap, noun="wrap", columns="name").files
    with pytest.raises(AssertionError):
        stored("wraps", Wrap, noun="wrap", columns="image")
    assert clean_address("a") == "a"


def test_a_row_that_is_rewritten_notes_its_files_too(shop: Shop) -> None:
    """Members that follow from another row may name files as well."""
    first, second = shop.brand(), shop.brand("Bolt")
    shop.upload(f"{BRANDS}/{first}/image", image())
    store = shop.server.run(shop.server.app.stores.get(shop.name))

    async def share(unit: Unit) -> None:
        row = await unit.get(brands.TABLE, first)
        other = await unit.get(brands.TABLE, second)
        assert row is not None
        assert other is not None
        other.entity.image_url = row.entity.image_url
        await unit.rewrite(brands.TABLE, other)
        row.entity.image_url = ""
        await unit.rewrite(brands.TABLE, row)

    shop.server.run(store.write(share))
    assert files(shop) == (1, 1)
    assert shown(shop, shop.get(f"{BRANDS}/{second}").data["image_url"]).body == RED


# A create that takes an image


class Framed(Create):
    """A brand made together with its image, as a product's images are."""

    uploads = True

    async def prefetch(self, context: Context, found: Found, draft: Any) -> Any:
        given = draft.get("image_url")
        if not given:
            return None
        taken = await darkroom.load_picture(context, given, "image", darkroom.PRODUCT_SIZES)
        draft["image_url"] = taken.sizes["tiny"].address
        return taken

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if write.prefetched is not None:
            await darkroom.keep(unit, write.prefetched)
        return await super().perform(unit, context, write)


@pytest.fixture
def framing(shop: Shop) -> Shop:
    """The store with paths that make brands so, in both versions."""
    v3 = route("catalog/framed", 3, POST=Framed(brands.V3))
    v2 = route("framed", 2, POST=Framed(brands.V2))
    return strict(shop, routes=by_version((*ROUTES, v2, v3)))


@pytest.mark.parametrize(("path", "field"), [("/v2/framed", "image_file"), ("/v3/catalog/framed", "image_url")])
def test_a_form_makes_a_row_and_its_image_at_once(shop: Shop, framing: Shop, path: str, field: str) -> None:
    """Rule 68: the file beside the other members, whose text stands for their types."""
    parts = [("name", None, "", "Färg".encode()), ("meta_keywords", None, "", b""), image(name=field)]
    if path.startswith("/v3"):
        del parts[1]  # V3 has a list there, which a form cannot hold
    reply = framing.upload(path, *parts, headers={"host": "a.test"})
    assert reply.status == (201 if path.startswith("/v2") else 200), reply.body
    address = reply.json[field] if path.startswith("/v2") else reply.data[field]
    tiny = f"/files/{framing.name}/" + address if path.startswith("/v2") else address
    assert address.startswith("https://a.test/files/") is path.startswith("/v3")
    assert shown(shop, tiny).body == RED
    assert shop.get(f"{BRANDS}/1").data["name"] == "Färg"
    assert framing.upload(path, ("name", None, "", "FÄRG".encode()), image(BLUE, name=field)).reason == "DUPLICATE"
    assert files(shop) == (1, 1)


@pytest.mark.parametrize(
    ("path", "parts", "status", "reason"),
    [
        ("/v2/framed", [image(name="image_file")], 400, "FIELD_MISSING"),
        ("/v2/framed", [("name", None, "", b"A"), image(name="photo")], 400, "FIELD_UNKNOWN"),
        ("/v2/framed", [image(name="name")], 400, "FIELD_INVALID"),
        ("/v2/framed", [("name", None, "", b"A"), image(b"<html>", name="image_file")], 400, "IMAGE_INVALID"),
        ("/v2/framed", [("name", None, "", b"A"), ("image_file", None, "", b"http://127.0.0.1/a.png")], 400,
         "IMAGE_UNREACHABLE"),
        ("/v3/catalog/framed", [image(name="image_url")], 422, "FIELD_MISSING"),
        ("/v3/catalog/framed", [image(name="name")], 422, "FIELD_INVALID"),
        ("/v3/catalog/framed", [image(name="custom_url"), ("name", None, "", b"A")], 422, "FIELD_INVALID"),
        ("/v3/catalog/framed", [("name", None, "", b"A"), image(bomb(), name="image_url")], 422, "IMAGE_INVALID"),
    ],
)  # fmt: skip
def test_a_form_is_judged_as_any_body_is(
    shop: Shop, framing: Shop, path: str, parts: Any, status: int, reason: str
) -> None:
    """Rules 2 to 4 and 21."""
    reply = framing.upload(path, *parts)
    assert (reply.status, reply.reason) == (status, reason), reply.body
    assert (files(shop), shop.rows("brands")) == ((0, 0), 0)
    if path.startswith("/v2"):
        reply = framing.upload(path, *parts, headers={"accept": "application/xml"})
        assert (reply.status, reply.headers["content-type"]) == (status, "application/xml")


def test_where_forms_are_taken_json_is_as_well(framing: Shop) -> None:
    """RFC 9110 15.5.16"""
    assert framing.post("/v3/catalog/framed", {"name": "Acme"}).status == 200
    assert framing.post("/v2/framed", {"name": "Bolt"}).status == 201
    for path, taken in (
        ("/v2/framed", "application/json, application/xml, "),
        ("/v3/catalog/framed", "application/json, "),
    ):
        reply = framing.post(path, body=b"x", headers={"content-type": "text/plain"})
        assert reply.headers["accept"] == taken + "multipart/form-data"


# Serving


def test_a_file_is_served_so_that_it_may_be_kept_and_cannot_run(shop: Shop) -> None:
    """RFC 9110 8.8.3, 13.1.2; RFC 8246"""
    url = shop.upload(f"{BRANDS}/{shop.brand()}/image", image()).data["image_url"]
    reply = shown(shop, url)
    etag = f'"{hashlib.sha256(RED).hexdigest()}"'
    assert reply.headers["etag"] == etag
    assert reply.headers["content-length"] == str(len(RED))
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    head = shown(shop, url, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "x-request-id": ""} == {**reply.headers, "x-request-id": ""}
    for tag in (etag, f'W/{etag}, "x"', "*"):
        kept = shown(shop, url, if_none_match=tag)
        assert (kept.status, kept.body, kept.headers["etag"]) == (304, b"", etag)
        assert "content-length" not in kept.headers
    assert shown(shop, url, if_none_match='"x"').status == 200
    assert shown(shop, url.rpartition("/")[0] + "/another-name.jpg").body == RED


def test_what_is_no_file_is_404_and_only_reads_are_answered(shop: Shop) -> None:
    """RFC 9110 15.5.5, 15.5.6"""
    url = shop.upload(f"{BRANDS}/{shop.brand()}/image", image()).data["image_url"]
    other = shop.server.shop()
    for path in (
        f"/files/{shop.name}/{'ab' * 32}/a.png", f"/files/{other.name}/{urlsplit(url).path.split('/')[3]}/a.png",
        f"/files/{shop.name}/../a.png", "/files/nobody/" + "ab" * 32, "/files", "/files/", f"/files/{shop.name}",
    ):  # fmt: skip
        assert shown(shop, path).status == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        reply = shown(shop, url, method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_images_stay_visible_in_maintenance_and_over_plain_http(shop: Shop) -> None:
    """Decision 11: a storefront goes on showing them; no credential is sent. A suspended store shows nothing."""
    url = shop.upload(f"{BRANDS}/{shop.brand()}/image", image()).data["image_url"]
    shop.change(maintenance=True)
    assert shop.get(BRANDS).status == 503
    assert shown(shop, url).body == RED
    assert shop.request("GET", urlsplit(url).path, base="", token="", scheme="http").body == RED
    shop.change(settings={"suspended": True})
    reply = shown(shop, url)
    assert (reply.status, reply.headers["retry-after"]) == (503, "86400")


# Tasks


def test_an_upload_can_wait_for_its_task(shop: Shop) -> None:
    """RFC 7240 4.1: bytes that are no text are kept, and the answer names the host of the request."""
    path = f"{BRANDS}/{shop.brand()}"
    accepted = shop.upload(f"{path}/image", image(), headers={**ASYNC, "host": "api.shop.test"})
    assert accepted.status == 202
    assert accepted.data["request"]["body"] == ""  # megabytes that nobody wants to read in a list of tasks
    task = shop.settle(int(accepted.headers["location"].rpartition("/")[2]))
    digest = hashlib.sha256(RED).hexdigest()
    url = f"https://api.shop.test/files/{shop.name}/{digest}/Logo-of-Acme.png"
    assert task["response"]["status"] == 200
    assert msgspec.json.decode(task["response"]["body"]) == {"data": {"image_url": url}, "meta": {}}
    assert shown(shop, url).body == RED
    refused = shop.upload(f"{path}/image", image(b"<html>"), headers=ASYNC)
    assert (refused.status, refused.reason) == (422, "IMAGE_INVALID"), "what can be judged is judged before the 202"
    assert files(shop) == (1, 1)


def test_images_that_come_at_once_are_all_kept(shop: Shop) -> None:
    """Decision 11: many writes share a transaction, and the same picture comes in several of them."""
    made = [darkroom.developed(content, "a.png", {}) for content in (RED, BLUE)]
    ids = [shop.brand(f"Brand {number}") for number in range(12)]
    store = shop.server.run(shop.server.app.stores.get(shop.name))

    async def give(unit: Unit, brand: int) -> None:
        taken = made[brand % 2]
        await darkroom.keep(unit, taken)
        await update_one(unit, brands.V3, brand, {"image_url": taken.original.address}, [], None)

    async def at_once() -> None:
        await asyncio.gather(*(store.write(lambda unit, brand=brand: give(unit, brand)) for brand in ids))

    shop.server.run(at_once())
    assert files(shop) == (2, 12)
    shop.delete("/v2/brands")
    assert files(shop) == (0, 0)


def test_a_write_that_fails_keeps_no_bytes(shop: Shop) -> None:
    """Decision 11: the bytes are written in the transaction of the row."""
    made = darkroom.developed(RED, "a.png", {})
    store = shop.server.run(shop.server.app.stores.get(shop.name))

    async def fail(unit: Unit) -> None:
        await darkroom.keep(unit, made)
        raise Refusal(Reason.DUPLICATE)

    with pytest.raises(Refusal):
        shop.server.run(store.write(fail))
    assert files(shop) == (0, 0)
