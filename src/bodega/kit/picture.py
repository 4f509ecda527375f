"""Pictures: images that a client sends or names, turned into files before the write begins, and stored during it.

`load_picture` is for an action's `prefetch`, outside the transaction: it fetches and checks the image, and makes the
smaller sizes in a thread. `keep` stores the bytes in the transaction that writes the row which names them.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from bodega import outgoing
from bodega.access.settings import SETTINGS
from bodega.kit.context import Context, HasToFetch
from bodega.kit.entity import own_file
from bodega.kit.upload import Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.law.wording import IMAGE_TOO_LARGE
from bodega.storage import files
from bodega.storage.files import File
from bodega.storage.unit import Unit

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 8 * 1024 * 1024
"""The greatest size in bytes of an image as it is sent or fetched (rules 39 and 68)."""

MAX_PIXELS = 50_000_000
"""A small file can decode to more than a machine's memory; no camera stores more than this in 8 MB."""

Sizes = Mapping[str, tuple[int, int]]
"""The boxes, in pixels, into which the smaller forms of a picture fit."""

PRODUCT_SIZES: Sizes = {"zoom": (1280, 1280), "standard": (560, 850), "thumbnail": (330, 500), "tiny": (66, 100)}

NO_SIZES: Sizes = MappingProxyType({})

_TYPES = {
    "BMP": ("image/bmp", "bmp"), "GIF": ("image/gif", "gif"), "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp"),
    "XBM": ("image/x-xbitmap", "xbm"), "WBMP": ("image/vnd.wap.wbmp", "wbmp"),
}  # fmt: skip
"""The accepted formats, by Pillow's names: an MPO is a camera's JPEG with a second one behind it."""

_SAVED = {"JPEG": "JPEG", "MPO": "JPEG", "WEBP": "WEBP"}
"""The formats that the smaller forms keep; all others become PNG."""

_ORIENTATION = 0x0112
_not_in_names = re.compile(r"[^A-Za-z0-9]+")


class Sized(msgspec.Struct, frozen=True):
    """A picture in one size: its file, and the name that its address ends with."""

    file: File
    name: str

    @property
    def address(self) -> str:
        """The stored address by which a document names it."""
        return f"{files.PLACE}/{self.file.digest}/{self.name}"


class Picture(msgspec.Struct, frozen=True):
    """A picture as received, and smaller forms of it. If it fits a box already, that form is the picture itself."""

    original: Sized
    sizes: Mapping[str, Sized]

    @property
    def files(self) -> list[File]:
        """All of its files, each once."""
        return list({sized.file.digest: sized.file for sized in (self.original, *self.sizes.values())}.values())

    @property
    def weight(self) -> int:
        """The total size of its files in bytes."""
        return sum(len(file.content) for file in self.files)


async def load_picture(context: Context, given: Upload | str, field: str, sizes: Sizes = NO_SIZES) -> Picture:
    """The picture of an upload or a URL. Raises Refusal, naming the field that contained it.

    A URL of this server is not fetched: its file is already stored.
    """
    if isinstance(given, Upload):
        content, name = given.content, given.filename
    else:
        content, name = await _found(context, given, field)
    if len(content) > MAX_BYTES:
        raise _invalid(field, f"must be at most {MAX_BYTES >> 20} MB", IMAGE_TOO_LARGE)
    try:
        return await asyncio.get_running_loop().run_in_executor(_image_pool(), developed, content, name, sizes)
    except ValueError as error:
        raise _invalid(field, str(error)) from None


async def keep(unit: Unit, picture: Picture) -> None:
    """Stores the bytes of a picture and of its smaller forms; files that no row names at the end are simply not
    kept."""
    for file in picture.files:
        await files.keep(unit.tx, file)


async def _found(context: Context, url: str, field: str) -> tuple[bytes, str]:
    own = await own_file(context.reader, url)
    if own.startswith(files.PLACE):
        _, digest, name = own.split("/")
        content = await files.content(context.reader, digest)
        if content is not None:
            return content, name
    if not re.match(r"https?://", url, re.IGNORECASE):
        raise _invalid(field, "must be an http or https URL")
    if not context.may_fetch:
        raise HasToFetch
    setting = "images.allow_private"
    allowed = bool(context.record.settings.get(setting, SETTINGS[setting].default))
    try:
        content = await outgoing.fetch(url, maximum=MAX_BYTES, allow_private=allowed)
    except outgoing.Unreachable as error:
        raise _refused(Reason.IMAGE_UNREACHABLE, field, str(error)) from None  # rule 68
    return content, unquote(urlsplit(url).path.rpartition("/")[2])


def _invalid(field: str, why: str, code: int = 0) -> Refusal:
    return _refused(Reason.IMAGE_INVALID, field, why, code)


def _refused(reason: Reason, field: str, why: str, code: int = 0) -> Refusal:
    """An image that is all there is to a request has its trouble told by `errors.invalid_reason`, as published."""
    told = {"invalid_reason": f"{field} {why}."}
    key = "invalid_reason" if reason is Reason.IMAGE_UNREACHABLE and "." not in field else ""
    message = f"The field '{field.rpartition('.')[2]}' is invalid."
    return refuse_faults([Fault(reason, field, message, told, code, key=key)])


@cache
def _image_pool() -> ThreadPoolExecutor:
    """The threads for images, two at a time: a large image takes as much memory as a thousand requests."""
    return ThreadPoolExecutor(2, thread_name_prefix="picture")


def developed(content: bytes, name: str, sizes: Sizes) -> Picture:
    """Decodes and resizes an image. Raises ValueError with the end of a sentence."""
    image, kind = _opened(content)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ValueError(f"must have at most {MAX_PIXELS // 1_000_000} million pixels")
    turned = _orientation(image)
    if turned >= 5:  # rotated by 90 degrees (Exif 2.32, 4.6.5.1)
        width, height = height, width
    media_type, ending = _TYPES[kind]
    stem = _stem(name)
    original = Sized(_file(content, media_type, width, height), f"{stem}.{ending}")
    largest = max((side for box in sizes.values() for side in box), default=64)
    try:
        image.draft(None, (largest, largest))  # a JPEG is decoded no larger than needed, and still read to its end
        image.load()
    except Exception:
        raise ValueError("is damaged, or breaks off") from None
    made: dict[str, Sized] = {}
    if sizes:
        upright = _upright(image)
        for key, box in sorted(sizes.items(), key=lambda item: item[1], reverse=True):
            fits = width <= box[0] and height <= box[1]
            made[key] = original if fits and turned == 1 else _smaller(upright, kind, stem, box)
    return Picture(original, made)


def _file(content: bytes, media_type: str, width: int, height: int) -> File:
    return File(hashlib.sha256(content).hexdigest(), media_type, width, height, content)


def _stem(name: str) -> str:
    """A readable part of an address, made from the client's file name."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", last.rpartition(".")[0] or last).encode("ascii", "ignore").decode()
    return _not_in_names.sub("-", plain).strip("-")[:40].strip("-") or "image"


def _opened(content: bytes) -> tuple[Image, str]:
    """The image, of which only the header is read, and its format. Raises ValueError."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # MAX_PIXELS is the limit here; Pillow's own would only warn
    head = content[:1024].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise ValueError("must not be an SVG image, which can carry scripts")
    if _canvas_of_webp(content) > MAX_PIXELS:  # its decoder allocates the canvas when it is opened
        raise ValueError(f"must have at most {MAX_PIXELS // 1_000_000} million pixels")
    try:
        image = Image.open(io.BytesIO(content), formats=("BMP", "GIF", "JPEG", "PNG", "WEBP", "XBM"))
    except Exception:
        return _wbmp(content), "WBMP"
    return image, str(image.format)


def _canvas_of_webp(content: bytes) -> int:
    """Pixels of an extended WebP (RFC 9649 2.7); 0 for anything else, whose decoder allocates nothing before it
    reads."""
    if content[:4] != b"RIFF" or content[8:16] != b"WEBPVP8X" or len(content) < 30:
        return 0
    return (1 + int.from_bytes(content[24:27], "little")) * (1 + int.from_bytes(content[27:30], "little"))


def _wbmp(content: bytes) -> Image:
    """A wireless bitmap of type 0, which Pillow does not read: two zeros, width and height, one bit per pixel."""
    from PIL import Image

    at, sides = 2, []
    for _ in range(2):
        side = 0
        while True:
            if at >= len(content) or side > 0xFFFF:
                raise ValueError("is not an image of a format that is taken")
            side = side << 7 | content[at] & 0x7F
            at += 1
            if not content[at - 1] & 0x80:
                break
        sides.append(side)
    width, height = sides
    bits = content[at:]
    if content[:2] != b"\0\0" or not width or not height or len(bits) != (width + 7) // 8 * height:
        raise ValueError("is not an image of a format that is taken")
    return Image.frombytes("1", (width, height), bits)


def _orientation(image: Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1  # programs that cannot read it show the picture as it is
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _upright(image: Image) -> Image:
    """The first frame, rotated as it is meant to be seen (Exif 2.32, 4.6.5.1), in a mode that can be resized."""
    from PIL import ImageOps

    profile = image.info.get("icc_profile")
    seen = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
    if seen.has_transparency_data:
        seen = seen.convert("RGBA")
    elif seen.mode not in ("RGB", "L"):
        profile = profile if seen.mode != "CMYK" else None
        seen = seen.convert("RGB")
    if profile:
        seen.info["icc_profile"] = profile
    return seen


def _smaller(image: Image, kind: str, stem: str, box: tuple[int, int]) -> Sized:
    saved = _SAVED.get(kind, "PNG")
    small = image.copy()
    small.thumbnail(box, reducing_gap=3.0)
    written = io.BytesIO()
    options: dict[str, Any] = {"quality": 85} if saved != "PNG" else {"optimize": True}
    profile = image.info.get("icc_profile")
    small.save(written, saved, exif=b"", **options, **({"icc_profile": profile} if profile else {}))
    media_type, ending = _TYPES[saved]
    file = _file(written.getvalue(), media_type, *small.size)
    return Sized(file, f"{stem}.{box[0]}.{box[1]}.{ending}")
