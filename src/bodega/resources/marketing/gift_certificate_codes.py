"""Wrong codes of gift certificates are counted, wherever they are entered: a code is worth money to who guesses it.

By the network address they come from, and by the order where one is paid; an hour long, by the store's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bodega.domain import guesses
from bodega.resources.marketing import gift_certificates
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

MOST_CODES = 20
"""Wrong codes from one network address in an hour, and for one order."""

MOST_OF_SERVERS = 25 * MOST_CODES
"""The same from an address where a shop's server asks for its shoppers."""

HOUR = 3_600
WORDS = "Too many wrong codes were tried."


class Guesser(NamedTuple):
    """For whom wrong codes are counted, and the most of them in an hour."""

    name: str
    most: int

    @classmethod
    def of_address(cls, address: str, most: int = MOST_CODES) -> Guesser:
        """Whoever asks from a network address."""
        return cls(guesses.subject_of(f"certificates from {address}"), most)


def of_payment(order_id: int, address: str) -> list[Guesser]:
    """Whoever pays an order: a shopper, or a shop's server for many, if the address is known."""
    order = guesses.subject_of(f"certificates for order {order_id}")
    from_there = [Guesser.of_address(address, MOST_OF_SERVERS)] if address else []
    return [Guesser(order, MOST_CODES), *from_there]


async def may_guess(tx: Tx, now: int, counted: Sequence[Guesser]) -> None:
    """Raises Refusal after too many wrong codes; `now` in UTC seconds."""
    for one in counted:
        await guesses.check_guesses(tx, one.name, now, one.most, WORDS)


async def count_wrong(unit: Unit, counted: Sequence[Guesser]) -> None:
    """Counts a wrong code. Raises Refusal for one too many: they can arrive in parallel."""
    for one in counted:
        await guesses.answered(unit, one.name, right=False, most=one.most, seconds=HOUR, words=WORDS)


async def is_right(tx: Tx, code: str) -> bool:
    """Whether a gift certificate of this code can be spent."""
    row = await query.one(tx, gift_certificates.TABLE, "code_key = $1", caseless(code.strip()))
    return row is not None and row.entity.status == "active"
