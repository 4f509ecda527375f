"""One picture, decoded once and made smaller: what the picture worker does, and what small pictures need no worker for.

It is decoded at a reduced scale where the format can (JPEG). The rest is scaled strip by strip, so that beside the
decoded picture there is never more than a strip of it and the result.
"""

from __future__ import annotations

import hashlib
import io
import math
from typing import TYPE_CHECKING, Any

from bodega.imaging.header import bytes_a_pixel, bytes_to_decode, opened, respect_budget, respect_pixels
from bodega.imaging.messages import Developed, Form, Sizes

if TYPE_CHECKING:
    from PIL.Image import Image

UNLIMITED = 1 << 62

_SAVED = {"JPEG": "JPEG", "MPO": "JPEG", "WEBP": "WEBP"}
"""The formats that the smaller forms keep; all others become PNG."""

_STRIP_BYTES = 4 * 1024 * 1024
"""About how much of a decoded picture is copied at once."""

_STRIPS = 4
"""Copies of a strip that may be there at once: as decoded, converted, with premultiplied alpha, scaled in one axis."""

_MARGIN = 4
"""Rows, in those of the result, that a strip needs beyond its own: the filter is two wide, and rounded outwards."""

_ORIENTATION = 0x0112


def develop(content: bytes, sizes: Sizes, budget: int = UNLIMITED, *, as_webp: bool = False) -> Developed:
    """Decodes a picture and makes it fit the boxes. `budget` is the memory that it may take, in bytes; `as_webp` makes
    the forms WebP whatever the picture is.

    Raises ValueError with the end of a sentence, MemoryError.
    """
    image, kind = opened(content, budget)
    stored = image.size
    respect_pixels(*stored)
    turned = _orientation(image)
    width, height = stored[::-1] if turned >= 5 else stored  # rotated by 90 degrees (Exif 2.32, 4.6.5.1)
    largest = max((side for box in sizes.values() for side in box), default=64)
    image.draft(None, (largest, largest))  # a JPEG is decoded no larger than needed, and still read to its end
    respect_budget(bytes_to_decode(image, stored) + _bytes_to_scale(image, sizes), budget)
    try:
        image.load()
    except MemoryError:
        raise
    except Exception:
        raise ValueError("is damaged, or breaks off") from None
    original = Form(kind, width, height, hashlib.sha256(content).hexdigest(), b"")
    made: dict[str, Form | None] = {}
    first: Image | None = None
    for key, box in sorted(sizes.items(), key=lambda item: item[1], reverse=True):
        if width <= box[0] and height <= box[1] and turned == 1:
            made[key] = None
            continue
        fitted = _fitted(width, height, box)
        if first is None:
            first = _upright(_scaled(image, fitted[::-1] if turned >= 5 else fitted), turned)
            first.info["icc_profile"] = None if image.mode == "CMYK" else image.info.get("icc_profile")
        made[key] = _saved(first, "WEBP" if as_webp else kind, fitted)
    return Developed(original, made)


def _bytes_to_scale(image: Image, sizes: Sizes) -> int:
    """Bytes that the smaller forms take beside the decoded picture: strips of it, the largest form and its copies."""
    if not sizes:
        return 0
    across, down = max(sizes.values())
    strip = max(_STRIP_BYTES, image.size[0] * 4 * math.ceil(2 * _MARGIN * max(1.0, image.size[1] / down)))
    return strip * _STRIPS + across * down * 4 * 2


def _fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same proportions in a box; nothing is made larger."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation(image: Image) -> int:
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1  # programs that cannot read it show the picture as it is
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _scaled(image: Image, size: tuple[int, int]) -> Image:
    """The first frame in another size, in a mode that can be saved. Each strip of the result is scaled from the rows
    that it is made of, and from those around them that the filter reaches."""
    from PIL import Image

    width, height = image.size
    step = height / size[1]
    margin = math.ceil(_MARGIN * max(1.0, step))
    rows = max(1, int((_STRIP_BYTES // (width * max(2, bytes_a_pixel(image))) - 2 * margin) / step))
    result = None
    for top in range(0, size[1], rows):
        bottom = min(top + rows, size[1])
        above = max(0, math.floor(top * step) - margin)
        below = min(height, math.ceil(bottom * step) + margin)
        strip = _plain(image.crop((0, above, width, below)))
        box = (0.0, top * step - above, float(width), min(bottom * step - above, float(below - above)))
        part = strip.resize((size[0], bottom - top), Image.Resampling.BICUBIC, box, reducing_gap=3.0)
        if result is None:
            result = Image.new(part.mode, size)
        result.paste(part, (0, top))
    assert result is not None
    return result


def _plain(strip: Image) -> Image:
    """In a mode that can be scaled and saved."""
    if strip.has_transparency_data:
        return strip.convert("RGBA")
    if strip.mode.startswith("I;16"):  # a conversion would only cut off what is over 255
        return strip.point(lambda sample: sample * (1 / 256)).convert("L")
    return strip if strip.mode in ("RGB", "L") else strip.convert("RGB")


def _upright(image: Image, turned: int) -> Image:
    """Rotated as it is meant to be seen (Exif 2.32, 4.6.5.1)."""
    from PIL.Image import Transpose

    way = {
        2: Transpose.FLIP_LEFT_RIGHT, 3: Transpose.ROTATE_180, 4: Transpose.FLIP_TOP_BOTTOM, 5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270, 7: Transpose.TRANSVERSE, 8: Transpose.ROTATE_90,
    }.get(turned)  # fmt: skip
    return image if way is None else image.transpose(way)


def _saved(image: Image, kind: str, size: tuple[int, int]) -> Form:
    from PIL.Image import Resampling

    saved = _SAVED.get(kind, "PNG")
    small = image if image.size == size else image.resize(size, Resampling.BICUBIC, reducing_gap=3.0)
    written = io.BytesIO()
    options: dict[str, Any] = {"quality": 85} if saved != "PNG" else {"optimize": True}
    profile = image.info.get("icc_profile")
    small.save(written, saved, exif=b"", **options, **({"icc_profile": profile} if profile else {}))
    content = written.getvalue()
    return Form(saved, *size, hashlib.sha256(content).hexdigest(), content)
