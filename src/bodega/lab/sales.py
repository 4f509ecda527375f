"""What is bought in a sample store: order `k` of a seed, from its inventory and buyers.

As everywhere in the sample data nothing is random. An order depends on its number, on when it is placed, and on the
inventory and buyers that it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

import msgspec

from bodega.lab.deterministic import DeterministicRandom, mix
from bodega.lab.people import address, person, phone

DAY = 86_400
_SALT = 0x5A1E5
_GUESTS = 0x60E57
_GENEROUS = 60
"""From this amount on, an order ships free."""

INCOMPLETE, SHIPPED, PARTIALLY_SHIPPED, REFUNDED, CANCELLED, DECLINED, COMPLETED, PARTIALLY_REFUNDED = (
    0, 2, 3, 4, 5, 6, 10, 14,
)  # fmt: skip
PAST = frozenset({INCOMPLETE, SHIPPED, REFUNDED, CANCELLED, DECLINED, COMPLETED, PARTIALLY_REFUNDED})
"""Orders of these statuses are finished: what they took was gone before today's stock was counted."""
SENT = frozenset({SHIPPED, REFUNDED, COMPLETED, PARTIALLY_REFUNDED})

T = TypeVar("T")


class Sales(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of `sales.json`. `statuses` are chosen by an order's age in days; numbers in last place are shares."""

    statuses: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    payments: tuple[tuple[str, bool, int], ...]
    carriers: dict[str, tuple[str, ...]]
    shipping: tuple[tuple[str, Decimal, int], ...]
    messages: tuple[str, ...]
    notes: tuple[str, ...]
    conversations: tuple[tuple[str, str, str], ...]
    refunds: tuple[str, ...]


@cache
def sales() -> Sales:
    """The packaged wording; raises `msgspec.ValidationError` if the file does not have the shape above."""
    return msgspec.json.decode(files("bodega.lab").joinpath("sales.json").read_bytes(), type=Sales)


class SellableVariant(NamedTuple):
    """A variant that can be bought, in quantities from `least` to `maximum` (0: no bound); `answers` are what its
    product asks for beside the variant: the id of a modifier with that of a value."""

    product_id: int
    variant_id: int
    least: int
    maximum: int
    price: Decimal
    answers: tuple[tuple[int, int], ...]
    is_physical: bool


class Buyer(NamedTuple):
    """Who pays, and where it goes, in the words of orders; `since` is when a customer signed up, in UTC seconds."""

    customer_id: int
    billing: dict[str, str]
    since: float


class Inventory(NamedTuple):
    """What there is to buy, what is most bought first, and who buys. `levels` are pieces by variant where they are
    counted: an order that is still open takes its own from there."""

    sellables: Sequence[SellableVariant]
    levels: dict[int, int]
    buyers: Sequence[Buyer]


class Sale(NamedTuple):
    """Order `number`, placed at `when` in UTC seconds; `lines` are sellable variants with how many of each."""

    number: int
    when: int
    status_id: int
    buyer: Buyer
    lines: Sequence[tuple[SellableVariant, int]]
    payment_method: str
    payment_provider_id: str | None
    shipping_method: str
    shipping_cost: Decimal
    discount: Decimal
    customer_message: str
    staff_notes: str
    conversation: tuple[str, str, str] | None
    carrier: str
    tracking_number: str
    refund_reason: str
    sent_at: int


def sale(seed: int, k: int, when: int, now: float, inventory: Inventory) -> Sale:
    """Order `k` (from 0) of a seed. Takes from the inventory what an open order needs."""
    rng, more = DeterministicRandom(seed ^ _SALT, k), DeterministicRandom(seed ^ _SALT, mix(k))
    status_id = _status(rng, (now - when) / DAY)
    lines = _lines(rng, seed, k, inventory, held=status_id not in PAST)
    if not lines:  # out of stock for an order that is still open
        status_id, lines = CANCELLED, _lines(rng, seed, k, inventory, held=False)
    buyer = _buyer(more, seed, k, when, inventory.buyers)
    worth = sum((sellable.price * count for sellable, count in lines), Decimal(0))
    is_physical = any(sellable.is_physical for sellable, _ in lines)
    method, by_provider, _ = _by_share(more, sales().payments)
    shipping, cost, _ = _by_share(more, sales().shipping)
    sent_for_nothing = not is_physical or (worth > _GENEROUS and cost < 5)
    carriers = sales().carriers.get(buyer.billing["country_iso2"], ("",))
    return Sale(
        number=k,
        when=when,
        status_id=_possible(status_id, lines),
        buyer=buyer,
        lines=lines,
        payment_method=method,
        payment_provider_id=f"ch_{mix(mix(seed) ^ k):016x}" if by_provider else None,
        shipping_method=shipping if is_physical else "None",
        shipping_cost=Decimal(0) if sent_for_nothing else cost,
        discount=Decimal(5) if more.one_in(12) and worth > 25 else Decimal(0),
        customer_message=more.pick(sales().messages) if more.one_in(9) else "",
        staff_notes=more.pick(sales().notes) if more.one_in(20) else "",
        conversation=more.pick(sales().conversations) if more.one_in(12) else None,
        carrier=more.pick(carriers),
        tracking_number=f"{mix(mix(seed) + k) % 10**12:012d}",
        refund_reason=more.pick(sales().refunds),
        sent_at=min(when + (1 + more.roll(4)) * DAY, int(now)),
    )


def _by_share(rng: DeterministicRandom, choices: Sequence[T]) -> T:
    """One of these, by the share that each has as its last member; the shares are of a hundred."""
    throw = rng.roll(100)
    for choice in choices:
        throw -= choice[-1]  # type: ignore[index]
        if throw < 0:
            return choice
    raise AssertionError("the shares are of a hundred")


def _status(rng: DeterministicRandom, days: float) -> int:
    shares = next(shares for least, shares in sales().statuses if days >= least)
    return _by_share(rng, shares)[0]


def _possible(status_id: int, lines: Sequence[tuple[SellableVariant, int]]) -> int:
    """A single item cannot be partly shipped or refunded, and what is not shipped is not under way."""
    pieces = sum(count for sellable, count in lines if sellable.is_physical)
    if status_id == PARTIALLY_SHIPPED and pieces < 2:
        return SHIPPED if pieces else COMPLETED
    if status_id == PARTIALLY_REFUNDED and sum(count for _, count in lines) < 2:
        return COMPLETED
    return COMPLETED if status_id == SHIPPED and not pieces else status_id


def _lines(
    rng: DeterministicRandom, seed: int, k: int, inventory: Inventory, *, held: bool
) -> list[tuple[SellableVariant, int]]:
    """One to five sellable variants; some are bought far more often than others."""
    chosen: dict[int, tuple[SellableVariant, int]] = {}
    for place in range(1 + min(rng.roll(5), rng.roll(5))):
        own = DeterministicRandom(seed ^ _SALT, mix(k) + 1 + place)
        spot = own.roll(len(inventory.sellables)) * own.roll(1000) // 1000
        sellable = inventory.sellables[spot]
        count = max(sellable.least, (1, 1, 1, 1, 2, 2, 3, 6)[own.roll(8)])
        count = min(count, sellable.maximum) if sellable.maximum else count
        if sellable.variant_id in chosen:
            continue
        if held:
            count = _taken(inventory.levels, sellable, count)
        if count:
            chosen[sellable.variant_id] = sellable, count
    return list(chosen.values())


def _taken(levels: dict[int, int], sellable: SellableVariant, count: int) -> int:
    """As many as are left, up to `count`; they are taken from the inventory."""
    if sellable.variant_id not in levels:
        return count
    count = min(count, levels[sellable.variant_id])
    if count < max(sellable.least, 1):
        return 0
    levels[sellable.variant_id] -= count
    return count


def _buyer(rng: DeterministicRandom, seed: int, k: int, when: int, buyers: Sequence[Buyer]) -> Buyer:
    """Two of three are customers, the same ones again and again; nobody is one before signing up."""
    if buyers and rng.roll(3):
        buyer = buyers[rng.roll(len(buyers)) * rng.roll(1000) // 1000]
        if buyer.since <= when:
            return buyer
    who = person(seed ^ _GUESTS, k)
    place = address(who, DeterministicRandom(seed ^ _GUESTS, mix(k)))
    return Buyer(
        0, billing({"first_name": who.first, "last_name": who.last, **place}, who.email, phone(who, seed, k)), 0
    )


def billing(place: dict[str, Any], email: str, number: str) -> dict[str, str]:
    """An address as orders call its parts, from how customers do."""
    return {
        "first_name": place["first_name"],
        "last_name": place["last_name"],
        "company": place.get("company", ""),
        "street_1": place["address1"],
        "street_2": place["address2"],
        "city": place["city"],
        "state": place["state_or_province"],
        "zip": place["postal_code"],
        "country_iso2": place["country_code"],
        "phone": number,
        "email": email,
    }
