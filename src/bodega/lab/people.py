"""The people of a sample store: who they are and where they live, the same for the same seed, as many as are wanted.

Everybody is invented, writes from a domain that nobody can own (RFC 2606), and answers telephones that were set aside
for stories where a country has such numbers. States are those of ISO 3166 that every store knows.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from bodega.lab.dice import Dice, mix

_SALT = 0x9E0B1E
_LETTERS = "ABCEGHJKLMNPRSTVXY"


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A country with the names that are usual there. In patterns `#` is a digit and `@` a letter.

    `cities` are of name, state and postal code. `share` is in per cent.
    """

    country: str
    share: int
    phone: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    streets: tuple[str, ...]
    units: tuple[str, ...]
    cities: tuple[tuple[str, str, str], ...]


class People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `people.json`."""

    domains: tuple[str, ...]
    companies: tuple[str, ...]
    notes: tuple[str, ...]
    regions: tuple[Region, ...]


class Person(NamedTuple):
    """Who somebody is; `region` is where they live."""

    region: Region
    first: str
    last: str
    email: str


@cache
def people() -> People:
    """The packaged names; raises `msgspec.ValidationError` if the file does not have the shape above."""
    return msgspec.json.decode(files("bodega.lab").joinpath("people.json").read_bytes(), type=People)


def person(seed: int, k: int) -> Person:
    """Person `k` (from 0) of a seed. No two have one e-mail address."""
    dice = Dice(seed ^ _SALT, k)
    region = _region(dice)
    first, last = dice.pick(region.first), dice.pick(region.last)
    domain = dice.pick(people().domains)
    return Person(region, first, last, f"{_plain(first)}.{_plain(last)}{k + 1}@{domain}")


def signature(dice: Dice) -> tuple[str, str]:
    """How somebody signs a review: a first name with an initial, and an e-mail address."""
    region = _region(dice)
    first, last = dice.pick(region.first), dice.pick(region.last)
    return f"{first} {last[0].upper()}.", f"{_plain(first)}.{_plain(last)}@{dice.pick(people().domains)}"


def address(who: Person, dice: Dice) -> dict[str, Any]:
    """Where somebody lives, as V3 says it, without their name."""
    city, state, postal = dice.pick(who.region.cities)
    second = dice.pick(who.region.units).format(n=1 + dice.roll(40)) if dice.one_in(4) else ""
    return {
        "address1": dice.pick(who.region.streets).format(n=1 + dice.roll(180)),
        "address2": second,
        "city": city,
        "state_or_province": state,
        "postal_code": _filled(postal, dice),
        "country_code": who.region.country,
    }


def phone(who: Person, seed: int, k: int) -> str:
    """A telephone number of the country."""
    return _filled(who.region.phone, Dice(seed ^ _SALT, mix(k)))


def _region(dice: Dice) -> Region:
    throw = dice.roll(100)
    for region in people().regions:
        throw -= region.share
        if throw < 0:
            return region
    raise AssertionError("the shares are of a hundred")


def _filled(pattern: str, dice: Dice) -> str:
    """A pattern with digits and letters put in: no digit is 0 or 1, which begin no number of a subscriber."""
    made = []
    for letter in pattern:
        if letter == "#":
            made.append(str(2 + dice.roll(8)))
        elif letter == "@":
            made.append(dice.pick(_LETTERS))
        else:
            made.append(letter)
    return "".join(made)


def _plain(name: str) -> str:
    """A name as an e-mail address has it."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalnum())
