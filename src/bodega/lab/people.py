"""The people of a sample store: who they are and where they live, the same for the same seed, as many as are wanted.

Everybody is invented, writes from a domain that nobody can own (RFC 2606), and has a telephone number reserved for
fiction if the country has such numbers. States are those of ISO 3166 that every store knows.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from bodega.lab.deterministic import DeterministicRandom, mix

_SALT = 0x9E0B1E
_OLDEST = 3 * 365 * 86_400
_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
"""Nobody's (RFC 5737)."""

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
    """The whole of `people.json`; `groups` are of name and per cent off, `attributes` of name and type."""

    domains: tuple[str, ...]
    companies: tuple[str, ...]
    notes: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    attributes: tuple[tuple[str, str], ...]
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
    rng = DeterministicRandom(seed ^ _SALT, k)
    region = _region(rng)
    first, last = rng.pick(region.first), rng.pick(region.last)
    domain = rng.pick(people().domains)
    return Person(region, first, last, f"{_plain(first)}.{_plain(last)}{k + 1}@{domain}")


def customer(seed: int, k: int) -> dict[str, Any]:
    """Customer `k` of a seed, as the body of a V3 `POST /customers`.

    Some members have to be turned into what a store knows: `group` is an index into `people().groups`, or None, and so
    is the `attribute` of each of `attributes`. `age` is how long ago they signed up, in seconds, `subscribes` whether
    they asked for the newsletter, and `registration_ip_address` nothing that a client may say.
    """
    who, rng = person(seed, k), DeterministicRandom(seed ^ _SALT, mix(k) + 1)
    company = rng.pick(people().companies) if rng.one_in(7) else ""
    rare = rng.roll(24)
    number = phone(who, seed, k)
    named = {"first_name": who.first, "last_name": who.last, "phone": number}
    places = [
        address(who, DeterministicRandom(seed ^ _SALT, mix(k) + 2 + n)) for n in range((0, 1, 1, 1, 1, 2)[rng.roll(6)])
    ]
    company = company.format(last=who.last, city=places[0]["city"] if places else "Corner")
    accepts = rng.one_in(3)
    return {
        "email": who.email,
        **named,
        "company": company,
        "notes": rng.pick(people().notes) if rare == 1 else "",
        "accepts_product_review_abandoned_cart_emails": accepts,
        "store_credit_amounts": [{"amount": 5 * (1 + rng.roll(10))}] if rare in (2, 3) else [],
        "group": rng.roll(len(people().groups)) if rng.one_in(5) or company else None,
        "addresses": [
            {**named, **place, "company": company, "address_type": "commercial" if company else "residential"}
            for place in places
        ],
        "attributes": _told(rng),
        "age": rng.roll(_OLDEST),
        "subscribes": accepts or rng.one_in(8),
        "registration_ip_address": f"{rng.pick(_NETWORKS)}.{1 + rng.roll(254)}",
    }


def _told(rng: DeterministicRandom) -> list[dict[str, Any]]:
    """Attribute values of some customers."""
    if not rng.one_in(3):
        return []
    day = f"{1945 + rng.roll(60)}-{1 + rng.roll(12):02d}-{1 + rng.roll(28):02d}"
    values = (day, f"B{100_000 + rng.roll(900_000)}", str(rng.roll(4)))
    return [{"attribute": n, "attribute_value": value} for n, value in enumerate(values) if rng.one_in(2)]


def signature(rng: DeterministicRandom) -> tuple[str, str]:
    """How somebody signs a review: a first name with an initial, and an e-mail address."""
    region = _region(rng)
    first, last = rng.pick(region.first), rng.pick(region.last)
    return f"{first} {last[0].upper()}.", f"{_plain(first)}.{_plain(last)}@{rng.pick(people().domains)}"


def address(who: Person, rng: DeterministicRandom) -> dict[str, Any]:
    """An address in V3 form, without the name."""
    city, state, postal = rng.pick(who.region.cities)
    second = rng.pick(who.region.units).format(n=1 + rng.roll(40)) if rng.one_in(4) else ""
    return {
        "address1": rng.pick(who.region.streets).format(n=1 + rng.roll(180)),
        "address2": second,
        "city": city,
        "state_or_province": state,
        "postal_code": _filled(postal, rng),
        "country_code": who.region.country,
    }


def phone(who: Person, seed: int, k: int) -> str:
    """A telephone number of the country."""
    return _filled(who.region.phone, DeterministicRandom(seed ^ _SALT, mix(k)))


def _region(rng: DeterministicRandom) -> Region:
    throw = rng.roll(100)
    for region in people().regions:
        throw -= region.share
        if throw < 0:
            return region
    raise AssertionError("the shares are of a hundred")


def _filled(pattern: str, rng: DeterministicRandom) -> str:
    """A pattern with digits and letters put in: no digit is 0 or 1, which begin no number of a subscriber."""
    made = []
    for letter in pattern:
        if letter == "#":
            made.append(str(2 + rng.roll(8)))
        elif letter == "@":
            made.append(rng.pick(_LETTERS))
        else:
            made.append(letter)
    return "".join(made)


def _plain(name: str) -> str:
    """A name as an e-mail address has it."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters.lower() if letter.isalnum())
