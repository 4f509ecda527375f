"""The unit price: the catalogue's, the price list's or the group's, adjusted by choices, then bulk prices.

Each step takes the price so far and returns the new one with the adjustments that led to it. Amounts are exact until
the last step rounds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import FOUR, rounded
from bodega.domain.pricing.basket import BasketItem, BulkPrice, CatalogPrice, GroupDiscount, ListPrice, PriceAdjuster

ONE = Decimal(1)


class Price(NamedTuple):
    """A unit price so far, and what it is the sum of."""

    amount: Decimal
    parts: tuple[Adjustment, ...] = ()
    on_sale: bool = False

    def then(self, origin: Origin, amount: Decimal, source: int | str = 0, description: str = "") -> Price:
        """The price after a step that came to `amount`."""
        change = amount - self.amount
        parts = (*self.parts, Adjustment(origin, change, source, description)) if change else self.parts
        return self._replace(amount=amount, parts=parts)


class UnitPrice(NamedTuple):
    """What one piece costs before promotions. `original`: the catalogue's price without sale, list and choices."""

    amount: Decimal
    parts: tuple[Adjustment, ...]
    on_sale: bool
    original: Decimal
    retail: Decimal


def own(variant: Decimal | None, product: Decimal) -> Decimal:
    """Rule 56: what a variant does not set is its product's."""
    return product if variant is None else variant


def catalogue_price(found: CatalogPrice, exchange: Decimal, source: int) -> Price:
    """The variant's price, or its sale price where it has one (rule 50)."""
    regular = own(found.variant_price, found.price) * exchange
    sale = own(found.variant_sale_price, found.sale_price) * exchange
    price = Price(regular, (Adjustment(Origin.CATALOGUE, regular, source),))
    return price.then(Origin.SALE, sale, source)._replace(on_sale=True) if sale else price


def listed_price(price: Price, record: ListPrice | None, regular: Decimal) -> Price:
    """The price list's price: its sale price, else its price. A record without either leaves the catalogue's.

    A record with a price of its own puts the catalogue's sale price aside; one with only a sale price keeps `regular`,
    the catalogue's, as what it is compared to.
    """
    if record is None or (record.price is None and not record.sale_price):
        return price
    if record.sale_price:
        amount, on_sale = record.sale_price, True
    else:
        amount, on_sale = own(record.price, regular), False
    return price.then(Origin.PRICE_LIST, amount, record.price_list_id)._replace(on_sale=on_sale)


def group_price(price: Price, rule: GroupDiscount | None, exchange: Decimal) -> Price:
    """The price after the discount of the customer's group (rule 103), never below zero."""
    if rule is None:
        return price
    amount = rule.amount if rule.method == "percent" else rule.amount * exchange
    return price.then(Origin.GROUP, _reduced(price.amount, rule.method, amount), rule.group_id, rule.target)


def chosen_price(price: Price, adjusters: Iterable[PriceAdjuster], exchange: Decimal) -> Price:
    """The price after all choices, each computed from the price before any; never below zero (rule 65)."""
    before = price.amount
    for one in adjusters:
        more = before * one.value / 100 if one.kind == "percentage" else one.value * exchange
        price = price.then(Origin.CHOICE, price.amount + more, one.source)
    return price.then(Origin.CHOICE, ZERO, description="not below 0") if price.amount < 0 else price


def bulk_price(price: Price, quantity: int, tiers: Iterable[BulkPrice], exchange: Decimal) -> Price:
    """The unit price for a quantity; the ranges of the tiers do not overlap (rule 66)."""
    for tier in tiers:
        if tier.least <= quantity and (not tier.maximum or quantity <= tier.maximum):
            amount = tier.amount if tier.kind == "percent" else tier.amount * exchange
            description = f"{tier.least} or more"
            return price.then(Origin.BULK, _reduced(price.amount, tier.kind, amount), tier.source, description)
    return price


def _reduced(price: Decimal, method: str, amount: Decimal) -> Decimal:
    """`percent` off, `price` off, or `fixed`, which is the price itself; never below zero, whatever was stored."""
    if method == "fixed":
        return max(amount, ZERO)
    return max(price - (amount if method == "price" else price * amount / 100), ZERO)


def unit_price(item: BasketItem, places: int, exchange: Decimal) -> UnitPrice:
    """What one piece of an item costs before promotions, as entered.

    Rounded to four places, or to the currency's if it was exchanged.
    """
    if item.custom_price is not None or item.catalog is None:
        amount = rounded(item.custom_price or ZERO, FOUR)
        original = own(item.catalog.variant_price, item.catalog.price) * exchange if item.catalog else amount
        return UnitPrice(amount, (Adjustment(Origin.CUSTOM, amount),), on_sale=False, original=original, retail=ZERO)
    found, record = item.catalog, item.catalog.list_price
    price = catalogue_price(found, exchange, item.variant_id)
    original = regular = price.parts[0].amount
    if record is None:
        price = group_price(price, found.group_discount, exchange)
        price = chosen_price(price, found.adjusters, exchange)
        price = bulk_price(price, item.quantity, found.tiers, exchange)
        retail = own(found.variant_retail_price, found.retail_price) * exchange
    else:
        price = chosen_price(listed_price(price, record, regular), found.adjusters, exchange)
        price = bulk_price(price, item.quantity, record.tiers, ONE)
        own_retail = own(found.variant_retail_price, found.retail_price) * exchange
        retail = own(record.retail_price, own_retail)
    last = places if exchange != 1 else FOUR
    price = price.then(Origin.ROUNDING, rounded(price.amount, last))
    return UnitPrice(price.amount, price.parts, price.on_sale, rounded(original, last), rounded(retail, last))
