"""The prices of a product as a storefront shows them: as entered, without and with tax, in the currency's places."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from bodega.domain.pricing.adjustments import ZERO
from bodega.domain.pricing.amounts import rounded, taxed
from bodega.domain.pricing.basket import Basket, BasketItem, BulkPrice
from bodega.domain.pricing.catalogue import own, unit_price
from bodega.domain.pricing.tax import Zones, combined


class TaxPrice(msgspec.Struct, frozen=True):
    """A price as the merchant entered it, and what that is without and with tax where the shopper is."""

    as_entered: Decimal
    entered_inclusive: bool
    tax_exclusive: Decimal
    tax_inclusive: Decimal


class BulkTier(msgspec.Struct, frozen=True):
    """A bulk price from `minimum` to `maximum` pieces (0: no bound); a percentage has no amount of money."""

    minimum: int
    maximum: int
    discount_amount: Decimal
    discount_type: str
    tax_discount_amount: tuple[TaxPrice, ...]


class ShownPrices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`price` and `sale_price` are the merchant's, of the price list where it has them; `calculated_price` is what one
    piece costs the shopper, choices and group discounts included. None is not set."""

    price: TaxPrice
    calculated_price: TaxPrice
    sale_price: TaxPrice | None = None
    retail_price: TaxPrice | None = None
    minimum_advertised_price: TaxPrice | None = None
    saved: TaxPrice | None = None
    bulk_pricing: tuple[BulkTier, ...] = ()


Span = tuple[TaxPrice, TaxPrice]


class Shelf:
    """Shows prices under a basket's currency, tax policy and zone."""

    def __init__(self, basket: Basket) -> None:
        self.basket = basket
        self.zones = Zones(basket)
        self._known: dict[tuple[Decimal, str, int], TaxPrice] = {}

    def tax_price(self, amount: Decimal, item: BasketItem) -> TaxPrice:
        """An amount in the basket's currency, entered as prices are."""
        known = (amount, item.key, item.tax_class)
        found = self._known.get(known)
        if found is None:
            found = self._known[known] = self._tax_price(amount, item)
        return found

    def _tax_price(self, amount: Decimal, item: BasketItem) -> TaxPrice:
        places, inclusive = self.basket.places, self.basket.tax.inclusive
        rates = self.zones.of(item.key)
        there = self.zones.entered(amount, rates, item.tax_class)
        both = taxed(there, combined(rates.get(item.tax_class, ())), inclusive=inclusive)
        return TaxPrice(
            rounded(amount, places), inclusive, rounded(both.ex, places), rounded(both.inc, places)
        )  # fmt: skip

    def prices(self, item: BasketItem) -> ShownPrices:
        """The prices of an item of the catalogue."""
        found, exchange = item.catalog, self.basket.exchange
        assert found is not None, "only the catalogue's items are shown"
        record = found.list_price
        unit = unit_price(item, self.basket.places, exchange)
        regular = own(found.variant_price, found.price) * exchange
        sale = own(found.variant_sale_price, found.sale_price) * exchange
        advertised = own(found.variant_map_price, found.map_price) * exchange
        tiers, factor = found.tiers, exchange
        if record is not None:
            if record.sale_price or record.price is not None:
                sale = record.sale_price or ZERO
            regular = own(record.price, regular)
            advertised = own(record.map_price, advertised)
            tiers, factor = record.tiers, Decimal(1)
        return ShownPrices(
            price=self.tax_price(regular, item),
            calculated_price=self.tax_price(unit.amount, item),
            sale_price=self.tax_price(sale, item) if sale else None,
            retail_price=self.tax_price(unit.retail, item) if unit.retail else None,
            minimum_advertised_price=self.tax_price(advertised, item) if advertised else None,
            saved=self.tax_price(unit.retail - unit.amount, item) if unit.retail > unit.amount else None,
            bulk_pricing=tuple(self._tier(tier, item, factor) for tier in tiers),
        )

    def span(self, items: Sequence[BasketItem]) -> tuple[Span, Span | None]:
        """What the cheapest and the dearest of several items of one product cost, and of their retail prices the lowest
        and the highest, if any has one: less work than all prices of each."""
        one = items[0]
        units = [unit_price(item, self.basket.places, self.basket.exchange) for item in items]
        amounts = [unit.amount for unit in units]
        retail = [unit.retail for unit in units if unit.retail]
        return (
            (self.tax_price(min(amounts), one), self.tax_price(max(amounts), one)),
            (self.tax_price(min(retail), one), self.tax_price(max(retail), one)) if retail else None,
        )

    def _tier(self, tier: BulkPrice, item: BasketItem, exchange: Decimal) -> BulkTier:
        if tier.kind == "percent":
            return BulkTier(tier.least, tier.maximum, tier.amount, tier.kind, ())
        amount = tier.amount * exchange
        shown = rounded(amount, self.basket.places)
        return BulkTier(tier.least, tier.maximum, shown, tier.kind, (self.tax_price(amount, item),))


class PriceRange(msgspec.Struct, frozen=True):
    """The lowest and the highest of several prices."""

    minimum: TaxPrice
    maximum: TaxPrice


def range_of(prices: Sequence[TaxPrice]) -> PriceRange | None:
    """The range of prices; None without any."""
    if not prices:
        return None
    return PriceRange(
        min(prices, key=lambda price: price.as_entered), max(prices, key=lambda price: price.as_entered)
    )  # fmt: skip
