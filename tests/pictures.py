"""Pictures for tests: small images of every format, and some that mean harm."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image


def picture(
    size: tuple[int, int] = (30, 20), kind: str = "PNG", colour: str = "red", mode: str = "RGB", **options: Any
) -> bytes:
    """An image of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, colour).convert(mode).save(written, kind, **options)
    return written.getvalue()


def opened(content: bytes) -> Image.Image:
    """An image to look at."""
    return Image.open(io.BytesIO(content))


def on_its_side(size: tuple[int, int] = (40, 20)) -> bytes:
    """A photograph whose camera was held upright: red above, blue below, once it is turned (Exif orientation 6)."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    exif = Image.Exif()
    exif[0x0112] = 6
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif, quality=95)
    return written.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of some hundred bytes that says it has so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 99)) + _chunk(b"IEND", b"")
    )


def webp_bomb() -> bytes:
    """An extended WebP whose canvas has 16,384 by 16,384 pixels (RFC 9649 2.7)."""
    head = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff\x3f\0" * 2
    return b"RIFF" + struct.pack("<I", len(head) + 4) + b"WEBP" + head


def wbmp(width: int = 16, height: int = 4) -> bytes:
    """A wireless bitmap, all white."""
    return bytes([0, 0, width, height]) + b"\xff" * ((width + 7) // 8 * height)


FORM = {"content-type": "multipart/form-data; boundary=edge"}


def form(content: bytes = b"", name: str = "image_file") -> bytes:
    """A body of this type with one file, a small image unless its bytes are given."""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n\r\n'
    return head.encode() + (content or picture()) + b"\r\n--edge--\r\n"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
