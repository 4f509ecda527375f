"""Discounts: each is taken off a line, or dealt out to lines in proportion to what is left of them.

No line goes below zero, and the shares of a discount sum to it: what cannot be borne is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin, Target
from bodega.domain.pricing.amounts import rounded, shares
from bodega.domain.pricing.basket import ManualDiscount
from bodega.domain.pricing.offers import LineDiscount, OrderDiscount, ShippingDiscount


class Bearer:
    """A cost that discounts are taken off: `left` of its `total`, and the discounts so far."""

    __slots__ = ("key", "left", "parts", "shares_order", "total")

    def __init__(self, key: str, total: Decimal, *, shares_order: bool = True) -> None:
        self.key = key
        self.total = self.left = total
        self.parts: list[Adjustment] = []
        self.shares_order = shares_order

    @property
    def discount(self) -> Decimal:
        """All that was taken off."""
        return self.total - self.left

    def bear(self, off: Adjustment, share: Decimal | None = None) -> None:
        """Takes off an amount (given above zero), or a share of it; at most what is left."""
        amount = min(off.amount if share is None else share, self.left)
        if amount > 0:
            self.left -= amount
            self.parts.append(Adjustment(off.origin, -amount, off.source, off.description, off.code, off.target))


def given_before(bearer: Bearer, decided: Iterable[Adjustment]) -> None:
    """Discounts that were decided before, as on the lines of an order; their amounts are below zero."""
    for one in decided:
        bearer.bear(one._replace(amount=-one.amount))


def _promoted(one: LineDiscount | OrderDiscount | ShippingDiscount, amount: Decimal, target: Target) -> Adjustment:
    origin = Origin.COUPON if one.code else Origin.PROMOTION
    return Adjustment(origin, amount, one.promotion_id, one.description, one.code, target)


def on_lines(bearers: Mapping[str, Bearer], discounts: Iterable[LineDiscount], places: int) -> None:
    """The discounts of promotions on items."""
    for one in discounts:
        bearers[one.key].bear(_promoted(one, rounded(one.amount, places), "item"))


def on_order(bearers: Sequence[Bearer], discounts: Iterable[OrderDiscount], places: int) -> None:
    """The discounts of promotions on the cart."""
    for one in discounts:
        among = [item for item in bearers if item.key in one.keys] if one.keys else bearers
        deal(among, _promoted(one, rounded(one.amount, places), "order"), places)


def by_hand(bearer: Bearer, discounts: Iterable[ManualDiscount], places: int) -> None:
    """The merchant's discounts on an item."""
    for one in discounts:
        bearer.bear(Adjustment(Origin.MANUAL, rounded(one.amount, places), one.source, one.name, target="item"))


def on_order_by_hand(bearers: Sequence[Bearer], discounts: Iterable[ManualDiscount], places: int) -> None:
    """The merchant's discounts on the cart."""
    for one in discounts:
        off = Adjustment(Origin.MANUAL, rounded(one.amount, places), one.source, one.name, target="order")
        deal(bearers, off, places)


def deal(bearers: Sequence[Bearer], off: Adjustment, places: int) -> None:
    """Takes an amount off several costs, in proportion to what is left of them."""
    among = [item for item in bearers if item.shares_order and item.left > 0]
    weights = [item.left for item in among]
    amount = min(off.amount, sum(weights, ZERO))
    if amount <= 0:
        return
    for item, share in zip(among, shares(amount, weights, places), strict=True):
        item.bear(off, share)


def on_shipping(bearers: Mapping[str, Bearer], discounts: Iterable[ShippingDiscount], places: int) -> None:
    """The discounts of promotions on the shipping of consignments; one without a key goes to the first ones first."""
    for one in discounts:
        among = [bearers[one.key]] if one.key else list(bearers.values())
        left = sum((item.left for item in among), ZERO) if one.amount is None else rounded(one.amount, places)
        for item in among:
            amount = min(left, item.left)
            item.bear(_promoted(one, amount, "shipping"))
            left -= amount
