"""What a picture's header tells before a pixel of it is decoded: its format, and the memory that decoding takes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000
"""A small file can decode to more than a machine's memory; no camera stores more than this in 8 MB."""

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP", "XBM")
"""By Pillow's names; a WBMP is read here."""

_BYTES_OF_MODE = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
"""Bytes that Pillow keeps of a pixel; of all other modes four."""

_WEBP_BYTES = 17
"""Bytes a pixel that libwebp's animation decoder and Pillow need together (measured: 16.1)."""

_BMP_BYTES = 3
"""Bytes a pixel of a run-length coded BMP, which is unpacked twice before it becomes an image."""


class TooLarge(ValueError):
    """A picture that is not decoded, because of its number of pixels or the memory it would take."""


def opened(content: bytes, budget: int) -> tuple[Image, str]:
    """The image, of which only the header is read, and its format. Raises ValueError with the end of a sentence.

    `budget` is in bytes: some decoders allocate their canvas as soon as they are opened.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # the limits are here; Pillow's own would only warn
    head = content[:1024].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype svg")):
        raise ValueError("must not be an SVG image, which can carry scripts")
    width, height = size_of_webp(content)
    respect_pixels(width, height)
    respect_budget(width * height * _WEBP_BYTES, budget)
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except Exception:
        return _wbmp(content), "WBMP"
    return image, str(image.format)


def respect_pixels(width: int, height: int) -> None:
    """Raises TooLarge."""
    if width * height > MAX_PIXELS:
        raise TooLarge(f"must have at most {MAX_PIXELS // 1_000_000} million pixels")


def respect_budget(need: int, budget: int) -> None:
    """Refuses a picture whose decoding would take `need` bytes. Raises TooLarge."""
    if need > budget:
        wanted = f"would take {-(-need >> 20)} MB of memory to decode"
        raise TooLarge(f"{wanted}, and this server gives a picture {budget >> 20} MB")


def bytes_to_decode(image: Image, full: tuple[int, int]) -> int:
    """Bytes that decoding takes. `full` are width and height as stored; the image may have been told to decode itself
    at a reduced scale."""
    width, height = image.size
    need = width * height * bytes_a_pixel(image)
    if image.format == "WEBP":
        need = full[0] * full[1] * _WEBP_BYTES
    elif image.format == "BMP" and image.info.get("compression") in (1, 2):
        need += full[0] * full[1] * _BMP_BYTES
    elif image.info.get("progressive") or image.info.get("progression"):
        need += _coefficients(image, *full)
    return need


def bytes_a_pixel(image: Image) -> int:
    """What a decoded pixel takes in memory."""
    return _BYTES_OF_MODE.get(image.mode, 4)


def _coefficients(image: Image, width: int, height: int) -> int:
    """A progressive JPEG is collected as coefficients of two bytes each, at its full size, before it is scaled."""
    layers: list[tuple[int, int, int, int]] = getattr(image, "layer", [])
    across = max((horizontal for _, horizontal, _, _ in layers), default=1)
    down = max((vertical for _, _, vertical, _ in layers), default=1)
    samples = sum(horizontal * vertical for _, horizontal, vertical, _ in layers) or 3
    return 2 * width * height * samples // (across * down)


def size_of_webp(content: bytes) -> tuple[int, int]:
    """Width and height of a WebP (RFC 9649 2.5 to 2.7; RFC 6386 9.1); zeros for anything else."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return 0, 0
    kind, data = content[12:16], content[20:30]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[4:7], "little"), 1 + int.from_bytes(data[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF
    return 0, 0


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
    respect_pixels(width, height)
    return Image.frombytes("1", (width, height), bits)
