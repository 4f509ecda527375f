"""Pictures: images that a client sends or names, turned into files before the write begins, and stored during it.

`load_picture` is for an action's `prefetch`, outside the transaction: it fetches the image, and has it checked and made
smaller by the picture worker (`imaging/`). `keep` stores the bytes in the transaction that writes the row which names
them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import msgspec

from bodega import outgoing
from bodega.access.settings import SETTINGS
from bodega.imaging.develop import develop
from bodega.imaging.messages import Developed, Form, Sizes
from bodega.imaging.worker import PICTURE_SECONDS, Full, Lost
from bodega.kit.context import Context, HasToFetch
from bodega.kit.entity import own_file
from bodega.kit.preparation import FETCH_SECONDS
from bodega.kit.upload import Upload
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Header, Refusal, refuse_faults
from bodega.law.wording import IMAGE_TOO_LARGE
from bodega.storage import files
from bodega.storage.files import File
from bodega.storage.unit import Unit

MAX_BYTES = 8 * 1024 * 1024
"""The greatest size in bytes of an image as it is sent or fetched (rules 39 and 68)."""

PRODUCT_SIZES: Sizes = {"zoom": (1280, 1280), "standard": (560, 850), "thumbnail": (330, 500), "tiny": (66, 100)}

NO_SIZES: Sizes = MappingProxyType({})

_TYPES = {
    "BMP": ("image/bmp", "bmp"), "GIF": ("image/gif", "gif"), "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp"),
    "XBM": ("image/x-xbitmap", "xbm"), "WBMP": ("image/vnd.wap.wbmp", "wbmp"),
}  # fmt: skip
"""The accepted formats, by Pillow's names: an MPO is a camera's JPEG with a second one behind it."""

_LATER: tuple[Header, ...] = ((b"retry-after", b"5"),)

_NO_TIME_LEFT = f"was not fetched within the {FETCH_SECONDS:g} seconds that a request has for all of its images"

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


async def load_picture(
    context: Context, given: Upload | str, field: str, sizes: Sizes = NO_SIZES, *, maximum: int = MAX_BYTES
) -> Picture:
    """The picture of an upload or a URL. Raises Refusal, naming the field that contained it; ConnectionResetError when
    the caller has gone.

    A URL of this server is not fetched: its file is already stored.
    """
    if isinstance(given, Upload):
        content, name = given.content, given.filename
    else:
        content, name = await _found(context, given, field)
    if len(content) > maximum:
        raise _invalid(field, f"must be at most {maximum >> 20} MB", IMAGE_TOO_LARGE)
    assert context.preparation is not None
    try:
        made = await context.preparation.develop(content, sizes)
    except TimeoutError:
        raise _invalid(field, f"takes more than {PICTURE_SECONDS:g} seconds to decode") from None
    except Full:
        raise Refusal(Reason.IMAGES_WAITING, headers=_LATER) from None
    except Lost:
        raise Refusal(Reason.IMAGE_LOST, headers=_LATER) from None
    if made.refused:
        raise _invalid(field, made.refused)
    return _picture(content, name, sizes, made)


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
    assert context.preparation is not None
    try:
        with context.preparation.fetching() as left:
            if left <= 0:
                raise outgoing.Unreachable(_NO_TIME_LEFT)
            seconds = min(left, outgoing.SECONDS)
            fetch = outgoing.fetch(url, maximum=MAX_BYTES, allow_private=allowed, seconds=seconds)
            content = await context.preparation.attended(fetch)
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


def developed(content: bytes, name: str, sizes: Sizes) -> Picture:
    """Decodes and resizes an image in this process, whatever memory it takes. Raises ValueError with the end of a
    sentence."""
    return _picture(content, name, sizes, develop(content, sizes))


def _picture(content: bytes, name: str, sizes: Sizes, made: Developed) -> Picture:
    assert made.original is not None
    stem = _stem(name)
    original = Sized(_file(made.original, content), f"{stem}.{_TYPES[made.original.kind][1]}")
    return Picture(original, {key: _sized(form, stem, sizes[key], original) for key, form in made.sizes.items()})


def _sized(form: Form | None, stem: str, box: tuple[int, int], original: Sized) -> Sized:
    """One of the smaller forms; None is the original itself."""
    if form is None:
        return original
    return Sized(_file(form, form.content), f"{stem}.{box[0]}.{box[1]}.{_TYPES[form.kind][1]}")


def _file(form: Form, content: bytes) -> File:
    return File(form.digest, _TYPES[form.kind][0], form.width, form.height, content)


def _stem(name: str) -> str:
    """A readable part of an address, made from the client's file name."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", last.rpartition(".")[0] or last).encode("ascii", "ignore").decode()
    return _not_in_names.sub("-", plain).strip("-")[:40].strip("-") or "image"
