"""How much of what was paid goes back: parts of an order, piece by piece, and never more than the whole."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from bodega.domain.totals import Amount, rounded

ZERO = Decimal(0)


def piece_by_piece(whole: Amount, quantity: int, before: int, more: int, places: int) -> Amount:
    """What `more` pieces of a line bring back when `before` were returned already.

    It is the difference of two roundings of the whole, so that returning all pieces, in however many refunds, brings
    back exactly what they cost.
    """
    return Amount(
        _share(whole.ex, quantity, before + more, places) - _share(whole.ex, quantity, before, places),
        _share(whole.inc, quantity, before + more, places) - _share(whole.inc, quantity, before, places),
    )


def _share(whole: Decimal, quantity: int, pieces: int, places: int) -> Decimal:
    if pieces == quantity:
        return whole
    return (whole * pieces / quantity).quantize(Decimal(1).scaleb(-places), ROUND_DOWN)


def with_tax(amount: Decimal, of: Amount, places: int) -> Amount:
    """An amount of a cost that is taxed, without and with tax: the same part of either."""
    tax = rounded(amount * of.tax / of.inc, places) if of.inc else ZERO
    return Amount(amount - tax, amount)


class RefundDue(NamedTuple):
    """What a refund comes to: at most what is left of the payment. `asked` is what its items come to."""

    amount: Decimal
    tax: Decimal
    asked: Decimal
    order_level: Decimal

    @property
    def adjustment(self) -> Decimal:
        """Less than nothing when more was asked for than can be given."""
        return self.amount - self.asked


def due(asked: Amount, order_level: Decimal, left: Decimal) -> RefundDue:
    """A refund of parts that come to `asked`, and of an amount without tax, while `left` is there to be given back."""
    whole = asked.inc + order_level
    return RefundDue(min(whole, left), asked.tax, whole, order_level)
