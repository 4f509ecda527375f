"""The unit price: the catalogue's price, adjustments by choices, and bulk discounts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)


class Adjustment(NamedTuple):
    """How a choice changes a price: by an amount or by a percentage."""

    kind: str
    value: Decimal


class BulkPrice(NamedTuple):
    """For `least` to `maximum` pieces (0: no bound): `amount` off, per cent off, or the price itself."""

    least: int
    maximum: int
    kind: str
    amount: Decimal


def adjusted(price: Decimal, adjustments: Iterable[Adjustment]) -> Decimal:
    """The price after all choices, each computed from the price before any; never below zero."""
    more = [price * item.value / 100 if item.kind == "percentage" else item.value for item in adjustments]
    return max(price + sum(more, ZERO), ZERO)


def in_bulk(price: Decimal, quantity: int, rules: Iterable[BulkPrice]) -> Decimal:
    """The unit price for a quantity; the ranges of the rules do not overlap (rule 66)."""
    for rule in rules:
        if rule.least <= quantity and (not rule.maximum or quantity <= rule.maximum):
            if rule.kind == "fixed":
                return rule.amount
            off = rule.amount if rule.kind == "price" else price * rule.amount / 100
            return max(price - off, ZERO)
    return price
