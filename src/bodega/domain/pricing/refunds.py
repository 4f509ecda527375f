"""How much of a payment is refunded: parts of an order, piece by piece, never more than the whole."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from bodega.domain.pricing.amounts import Amount, rounded

ZERO = Decimal(0)


def piece_by_piece(whole: Amount, quantity: int, before: int, more: int, places: int) -> Amount:
    """The refund for `more` pieces of a line of which `before` were returned already.

    It is the difference of two roundings of the whole, so that returning all pieces, in however many refunds, refunds
    exactly what they cost.
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
    """A part of a taxed cost, without and with tax: the same share of both."""
    tax = rounded(amount * of.tax / of.inc, places) if of.inc else ZERO
    return Amount(amount - tax, amount)


class RefundDue(NamedTuple):
    """The amount of a refund: at most what is left of the payment. `asked` is the sum of its items."""

    amount: Decimal
    tax: Decimal
    asked: Decimal
    order_level: Decimal

    @property
    def adjustment(self) -> Decimal:
        """Negative if more was requested than can be refunded."""
        return self.amount - self.asked


def due(asked: Amount, order_level: Decimal, left: Decimal) -> RefundDue:
    """A refund of parts with the sum `asked`, and of an untaxed amount, when `left` can still be refunded."""
    whole = asked.inc + order_level
    return RefundDue(min(whole, left), asked.tax, whole, order_level)
