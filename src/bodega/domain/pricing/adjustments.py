"""Where an amount comes from: every amount of a quote is the sum of its adjustments."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Literal, NamedTuple

ZERO = Decimal(0)

Target = Literal["item", "order", "shipping"]
"""What a discount was given on: an item, the whole order (each line bears its share), or the shipping."""


class Origin(StrEnum):
    """The kind of the cause of an amount."""

    CATALOGUE = "catalogue"
    SALE = "sale"
    PRICE_LIST = "price_list"
    GROUP = "customer_group"
    CHOICE = "choice"
    BULK = "bulk"
    CUSTOM = "custom"
    ZONE = "tax_zone"
    ROUNDING = "rounding"
    PRICE = "price"
    PROMOTION = "promotion"
    COUPON = "coupon"
    MANUAL = "manual"
    SHIPPING = "shipping"
    HANDLING = "handling"
    WRAPPING = "wrapping"
    FEE = "fee"
    TAX = "tax"
    STATED = "stated"
    GIFT_CERTIFICATE = "gift_certificate"
    STORE_CREDIT = "store_credit"


class Adjustment(NamedTuple):
    """A part of an amount: what it adds (below 0: takes off), and why.

    `source` is the id of what caused it: a promotion, a price list, a rule, a rate. `code` is the coupon's or the gift
    certificate's.
    """

    origin: Origin
    amount: Decimal
    source: int | str = 0
    description: str = ""
    code: str = ""
    target: Target = "item"


def total_of(adjustments: Iterable[Adjustment]) -> Decimal:
    """The sum of adjustments."""
    return sum((item.amount for item in adjustments), ZERO)
