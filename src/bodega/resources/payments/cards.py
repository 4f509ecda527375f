"""Payment cards, and the test numbers that everybody knows: no money moves, and no number is kept.

What a card is answered with follows from its number, so that an integration meets each case when it wants to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

Brand = Literal["VISA", "MASTERCARD", "DISCOVER", "AMEX", "DINERS_CLUB", "JCB", "DANKORT", "MAESTRO"]
Verdict = Literal["approved", "declined", "insufficient_funds", "expired_card", "incorrect_cvc", "needs_confirmation"]

BRANDS: tuple[Brand, ...] = ("VISA", "MASTERCARD", "DISCOVER", "AMEX", "DINERS_CLUB", "JCB", "MAESTRO")

VERDICTS: Mapping[str, Verdict] = {
    "4000000000000002": "declined",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000002500003155": "needs_confirmation",
    "4000002760003184": "needs_confirmation",
    "4000000000003220": "needs_confirmation",
}
"""The published test numbers that are not simply approved, as 4111 1111 1111 1111 is."""

SENTENCES: Mapping[Verdict, str] = {
    "declined": "The card was declined.",
    "insufficient_funds": "The card was declined: there is not enough money on it.",
    "expired_card": "The card was declined: it has expired.",
    "incorrect_cvc": "The card was declined: the verification value is wrong.",
}

_PREFIXES: tuple[tuple[Brand, tuple[str, ...]], ...] = (
    ("AMEX", ("34", "37")),
    ("DINERS_CLUB", ("300", "301", "302", "303", "304", "305", "36", "38", "39")),
    ("DANKORT", ("5019",)),
    ("DISCOVER", ("6011", "644", "645", "646", "647", "648", "649", "65")),
    ("JCB", ("35",)),
    ("VISA", ("4",)),
    ("MASTERCARD", ("51", "52", "53", "54", "55", "22", "23", "24", "25", "26", "27")),
    ("MAESTRO", ("50", "56", "57", "58", "6")),
)


class Card(NamedTuple):
    """What may be kept of a card: all but its number and its verification value."""

    brand: Brand
    iin: str
    last_4: str
    expiry_month: int
    expiry_year: int


def digits_of(number: str) -> str:
    """A card number without the spaces and dashes that people write; "" if it is none."""
    digits = number.replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 and _passes(digits) else ""


def _passes(digits: str) -> bool:
    """Whether the last digit is that of the Luhn algorithm (ISO/IEC 7812-1)."""
    return sum(_doubled(digits)) % 10 == 0


def _doubled(digits: str) -> Iterator[int]:
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        yield value - 9 if value > 9 else value


def brand_of(digits: str) -> Brand:
    """The brand of a card by the beginning of its number."""
    for brand, prefixes in _PREFIXES:
        if digits.startswith(prefixes):
            return brand
    return "VISA"


def verdict_on(digits: str) -> Verdict:
    """What the test gateway says to a card."""
    return VERDICTS.get(digits, "approved")
