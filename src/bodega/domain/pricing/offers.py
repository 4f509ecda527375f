"""What the engine hands to the promotions, and what they answer."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from bodega.domain.pricing.basket import BasketItem


class OfferLine(NamedTuple):
    """A line as promotions see it: its unit price and total before any promotion, as entered, and whether the unit
    price is a sale price. `left` is what its earlier discounts left of the total."""

    item: BasketItem
    price: Decimal
    total: Decimal
    left: Decimal
    on_sale: bool


class LineDiscount(NamedTuple):
    """An amount off the whole line of this key; a `code` makes it a coupon's."""

    key: str
    amount: Decimal
    promotion_id: int
    description: str = ""
    code: str = ""


class OrderDiscount(NamedTuple):
    """An amount off the cart, borne by the lines in proportion, gift certificates excepted; `keys`: only by these."""

    amount: Decimal
    promotion_id: int
    description: str = ""
    code: str = ""
    keys: tuple[str, ...] = ()


class ShippingDiscount(NamedTuple):
    """An amount off the shipping cost of a consignment; None: all of it. Key "": of each."""

    key: str
    amount: Decimal | None
    promotion_id: int
    description: str = ""
    code: str = ""


class GiftItem(NamedTuple):
    """An item that a promotion wants to be in the cart, free. Whoever keeps the cart adds it and quotes again."""

    product_id: int
    variant_id: int
    quantity: int
    promotion_id: int


class RefusedCode(NamedTuple):
    """An entered coupon code that did not apply, and why, as a sentence for the shopper."""

    code: str
    reason: str


class Used(NamedTuple):
    """A promotion that gave something; with the code that redeemed it, or "". An order counts each once."""

    promotion_id: int
    code: str = ""
    name: str = ""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What the promotions give for a basket, in the order in which they apply. Amounts have the currency's places."""

    lines: tuple[LineDiscount, ...] = ()
    order: tuple[OrderDiscount, ...] = ()
    shipping: tuple[ShippingDiscount, ...] = ()
    gifts: tuple[GiftItem, ...] = ()
    refused: tuple[RefusedCode, ...] = ()
    used: tuple[Used, ...] = ()
    notes: tuple[tuple[int, str], ...] = ()
