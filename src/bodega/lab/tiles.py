"""Images of sample products: one a kind, in the colours and with the shape of its department.

There are as many as kinds and departments. Each is stored once, however many products show it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from bodega.kit.picture import PRODUCT_SIZES, Picture, developed
from bodega.lab.words import words

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SIDE = 560
"""Pixels: as large as a store shows a product beside its text."""

Colour = tuple[int, int, int]
_PAPER: Colour = (250, 247, 240)
_GROUNDS: tuple[Colour, ...] = (
    (94, 112, 133), (96, 128, 92), (52, 93, 86), (140, 90, 68), (70, 66, 96), (158, 124, 88), (176, 88, 78),
    (112, 96, 124), (72, 110, 138),
)  # fmt: skip
_STEP = 14
"""By how much the grounds of a department's kinds differ."""


def _disc(draw: ImageDraw, fill: Colour) -> None:
    draw.ellipse((110, 110, 450, 450), fill=fill)


def _leaf(draw: ImageDraw, fill: Colour) -> None:
    draw.pieslice((-240, 100, 460, 460), 270, 360, fill=fill)
    draw.pieslice((110, 100, 810, 460), 90, 180, fill=fill)


def _peak(draw: ImageDraw, fill: Colour) -> None:
    draw.polygon(((70, 450), (280, 100), (490, 450)), fill=fill)


def _sheet(draw: ImageDraw, fill: Colour) -> None:
    draw.polygon(((140, 90), (360, 90), (430, 160), (430, 470), (140, 470)), fill=fill)


def _bars(draw: ImageDraw, fill: Colour) -> None:
    for place, height in enumerate((150, 290, 360, 230, 110)):
        draw.rounded_rectangle((100 + 76 * place, 280 - height // 2, 156 + 76 * place, 280 + height // 2), 20, fill)


def _house(draw: ImageDraw, fill: Colour) -> None:
    draw.polygon(((90, 280), (280, 100), (470, 280)), fill=fill)
    draw.rectangle((140, 280, 420, 460), fill=fill)


def _blocks(draw: ImageDraw, fill: Colour) -> None:
    for box in ((200, 100, 360, 260), (110, 280, 270, 440), (290, 280, 450, 440)):
        draw.rounded_rectangle(box, 16, fill)


def _paw(draw: ImageDraw, fill: Colour) -> None:
    toes = ((90, 190, 180, 310), (190, 100, 275, 240), (285, 100, 370, 240), (380, 190, 470, 310))
    for box in ((170, 260, 390, 460), *toes):
        draw.ellipse(box, fill=fill)


def _arrow(draw: ImageDraw, fill: Colour) -> None:
    draw.polygon(((230, 90), (330, 90), (330, 280), (430, 280), (280, 430), (130, 280), (230, 280)), fill=fill)
    draw.rectangle((110, 446, 450, 478), fill=fill)


_SHAPES: tuple[Callable[[ImageDraw, Colour], None], ...] = (
    _disc, _leaf, _peak, _sheet, _bars, _house, _blocks, _paw, _arrow,
)  # fmt: skip


@cache
def of_kind(department: str, code: str) -> Picture:
    """The picture of a kind of this department, with its code written on it."""
    place = [kind.code for kind in words().kinds].index(code)
    return _tile(department, code, place % 5 - 2)


@cache
def of_department(department: str) -> Picture:
    """The picture of a department, without a word."""
    return _tile(department, "", 0)


def _tile(department: str, text: str, shade: int) -> Picture:
    from PIL import Image, ImageDraw, ImageFont

    place = list(words().departments).index(department)
    red, green, blue = _GROUNDS[place % len(_GROUNDS)]
    more = shade * _STEP
    ground = (red + more, green + more, blue + more)
    image = Image.new("RGB", (SIDE, SIDE), ground)
    _SHAPES[place % len(_SHAPES)](ImageDraw.Draw(image), _PAPER)
    if text:
        shape = image.resize((SIDE * 3 // 4, SIDE * 3 // 4))
        image = Image.new("RGB", (SIDE, SIDE), ground)
        image.paste(shape, (SIDE // 8, 0))
        ImageDraw.Draw(image).text((SIDE / 2, SIDE * 0.83), text, _PAPER, ImageFont.load_default(96), anchor="mm")
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return developed(written.getvalue(), f"{text or department}.jpg".lower(), PRODUCT_SIZES)
