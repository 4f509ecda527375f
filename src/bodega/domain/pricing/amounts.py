"""Amounts in exact decimals, and how each kind is rounded; every total is the sum of rounded parts.

- A unit price keeps four places, as on the wire, half away from zero; one that was exchanged has the currency's places.
- A line's total, a cost, a discount and a tax are what is paid: the currency's places, half away from zero. Tax is
  rounded once a line or cost and rate.
- A share of a discount, or of a tax that was stated as a whole, is rounded down; what is left of the whole goes to
  those that lost most, so that the shares sum to it.
- A refund of pieces is rounded down, and that of the last piece is the rest.

A tax rate is in per cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

ZERO = Decimal(0)
FOUR = 4
STEPS = tuple(Decimal(1).scaleb(-places) for places in range(12))
"""The smallest amount by decimal places."""


def rounded(amount: Decimal, places: int) -> Decimal:
    """An amount as it can be paid."""
    return amount.quantize(STEPS[places], ROUND_HALF_UP)


class Amount(NamedTuple):
    """An amount without and with tax."""

    ex: Decimal = ZERO
    inc: Decimal = ZERO

    @property
    def tax(self) -> Decimal:
        """The difference between the two."""
        return self.inc - self.ex

    def plus(self, other: Amount) -> Amount:
        """The sum of two amounts."""
        return Amount(self.ex + other.ex, self.inc + other.inc)

    def less(self, discount: Decimal) -> Amount:
        """The amount after a discount, which reduces both by as much."""
        return Amount(self.ex - discount, self.inc - discount)


def taxed(price: Decimal, rate: Decimal, places: int = FOUR, *, inclusive: bool) -> Amount:
    """A price without and with tax; `inclusive`: it was entered with tax."""
    price = rounded(price, places)
    if inclusive:
        return Amount(rounded(price * 100 / (100 + rate), places), price)
    return Amount(price, rounded(price * (100 + rate) / 100, places))


def tax_of_each(amount: Decimal, percents: Sequence[Decimal], places: int, *, inclusive: bool) -> list[Decimal]:
    """The tax of each rate on an amount, rounded by itself; `percents` are what each adds to a price without tax."""
    whole = (100 + sum(percents, ZERO)) if inclusive else 100
    each = [rounded(amount * percent / whole, places) for percent in percents]
    if inclusive and sum(each, ZERO) > amount:  # fractions of the smallest coin at rates beyond all measure
        return shares(rounded(amount * sum(percents, ZERO) / whole, places), percents, places)
    return each


class DecidedTax(NamedTuple):
    """A tax that does not follow from the line's own rate: a provider answered it, or it is the line's part of a tax
    that was rounded once for the whole cart. `on` is the amount that it was decided for; None: whatever is left."""

    amount: Decimal
    on: Decimal | None = None


class PricedLine(NamedTuple):
    """A quantity at a unit price. With `rate` None the caller gave both prices, and the tax follows from them.

    `percents` are the rates that come to `rate` where there are several; `decided` is the tax of the line after its
    discounts where somebody else decided it.
    """

    quantity: int
    price: Amount
    rate: Decimal | None = None
    percents: tuple[Decimal, ...] = ()
    decided: DecidedTax | None = None

    def tax_of(self, amount: Decimal, *, inclusive: bool) -> Decimal:
        """The tax on a part of the line's total: of an amount with tax when `inclusive`, else of one without."""
        if self.rate is not None:
            return amount * self.rate / ((100 + self.rate) if inclusive else 100)
        whole = self.price.inc if inclusive else self.price.ex
        return amount * self.price.tax / whole if whole else self.price.tax * self.quantity

    def total(self, discount: Decimal, places: int, *, inclusive: bool) -> Amount:
        """What the line costs before its share of a discount; the tax is that of the amount after the discount."""
        if inclusive:
            inc = rounded(self.price.inc * self.quantity, places)
            return Amount(inc - self._owed(inc - discount, places, inclusive=True), inc)
        ex = rounded(self.price.ex * self.quantity, places)
        if self.rate is None and not discount:
            return Amount(ex, rounded(self.price.inc * self.quantity, places))
        return Amount(ex, ex + self._owed(ex - discount, places, inclusive=False))

    def _owed(self, amount: Decimal, places: int, *, inclusive: bool) -> Decimal:
        if self.decided is not None and self.decided.on in (None, amount):
            return self.decided.amount
        if len(self.percents) > 1:
            return sum(tax_of_each(amount, self.percents, places, inclusive=inclusive), ZERO)
        return rounded(self.tax_of(amount, inclusive=inclusive), places)


def worth(line: PricedLine, places: int, *, inclusive: bool) -> Decimal:
    """What a discount applies to: the line's total as prices are entered."""
    return rounded((line.price.inc if inclusive else line.price.ex) * line.quantity, places)


def shares(discount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """A discount distributed in proportion to the weights: the shares sum up to it, none exceeds its weight.

    `discount` has at most `places` places and is at most the sum of the weights.
    """
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    step = STEPS[places]
    exact = [discount * weight / whole for weight in weights]
    dealt = [share.quantize(step, ROUND_DOWN) for share in exact]
    left = int((discount - sum(dealt, ZERO)) / step)
    if left:
        lost = [part - share for part, share in zip(dealt, exact, strict=True)]
        for place in sorted(range(len(exact)), key=lost.__getitem__)[:left]:
            dealt[place] += step
    return dealt


def sum_of(amounts: Sequence[Amount]) -> Amount:
    """The sum of amounts."""
    return Amount(sum((item.ex for item in amounts), ZERO), sum((item.inc for item in amounts), ZERO))
