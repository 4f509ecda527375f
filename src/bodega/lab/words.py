"""The wording of the sample catalogue: `words.json`, read once and checked as it is read.

All factors are whole percentages, so that prices and weights are computed without floats.
"""

from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec


class Make(msgspec.Struct, array_like=True, frozen=True):
    """What a thing is made of, or how it works: "Stoneware", "Noise-Cancelling"."""

    name: str
    price_percent: int
    weight_percent: int
    sentence: str


class Size(msgspec.Struct, array_like=True, frozen=True):
    """A size, a set or an edition of a thing: "350 ml", "Set of 4", "Chef's Knife"."""

    name: str
    price_percent: int
    weight_percent: int


class ProductKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of product, with all its possible wording.

    `name` is a template over line, make, size and choice; `labels` name the last three in the description.
    `price` is in whole units of currency, `grams` and `box` (width, depth, height in cm) are of the plain size.
    `varies` names what is chosen when one is bought: "size", "choice" or both. Of other kinds each is a product.
    """

    code: str
    name: str
    categories: tuple[str, ...]
    palette: str
    labels: tuple[str, str, str]
    keywords: tuple[str, ...]
    price: int
    grams: int
    box: tuple[int, int, int]
    makes: tuple[Make, ...]
    sizes: tuple[Size, ...]
    leads: tuple[str, ...]
    points: tuple[str, ...]
    varies: tuple[Literal["size", "choice"], ...] = ()
    digital: bool = False
    second_hand: str = ""
    warranty: str = ""


class BrandWords(msgspec.Struct, array_like=True, frozen=True):
    """An invented maker, the category it works in (and all below that), and what it is known for."""

    name: str
    category: str
    speciality: str


class Department(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A top-level category: the sentences that fit all its products; `facts` are names with what each may be."""

    facts: tuple[tuple[str, tuple[str, ...]], ...]
    closings: tuple[str, ...]
    warranties: tuple[str, ...]


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A category with the categories below it."""

    name: str
    description: str
    children: tuple["Branch", ...] = ()


class Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a thing can be packed in, with what each choice costs more."""

    name: str
    choices: tuple[tuple[str, Decimal], ...]


class MessageWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that a buyer may write, of so many characters at most."""

    name: str
    longest: int


class Extras(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can accompany a present."""

    box: Box
    message: MessageWords


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `words.json`; `colours` shows some of the palettes' words, `reviews` are by rating."""

    lines: tuple[str, ...]
    palettes: dict[str, tuple[str, ...]]
    colours: dict[str, str]
    brands: tuple[BrandWords, ...]
    extras: Extras
    reviews: dict[str, tuple[tuple[str, str], ...]]
    departments: dict[str, Department]
    categories: tuple[Branch, ...]
    kinds: tuple[ProductKind, ...]


@cache
def words() -> Words:
    """The packaged wording; raises `msgspec.ValidationError` if the file does not have the shape above."""
    return msgspec.json.decode(files("bodega.lab").joinpath("words.json").read_bytes(), type=Words)
