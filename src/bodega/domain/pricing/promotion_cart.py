"""The cart while promotions are tried: what is left of each line, and which pieces are spoken for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from bodega.domain.pricing.amounts import rounded, shares
from bodega.domain.pricing.basket import Basket, BasketItem
from bodega.domain.pricing.offers import GiftItem, OfferLine, ShippingDiscount
from bodega.domain.pricing.promotion import Brands, Categories, Matcher, Products, Strategy, Variants

ZERO = Decimal(0)


class CartLine:
    """A line that takes part: pieces of one thing at one price."""

    __slots__ = ("counts", "item", "key", "left", "on_sale", "price", "quantity", "total")

    def __init__(self, line: OfferLine, *, counts: bool) -> None:
        self.item: BasketItem = line.item
        self.key = line.item.key
        self.quantity = line.item.quantity
        self.price, self.total, self.left, self.on_sale = line.price, line.total, line.left, line.on_sale
        self.counts = counts
        """Whether it counts for conditions."""


class Gain(msgspec.Struct):
    """What a promotion gives: amounts off lines by key, off the cart (borne by `order_keys`, or by all), and more."""

    lines: dict[str, Decimal] = msgspec.field(default_factory=dict)
    order: Decimal = ZERO
    order_keys: tuple[str, ...] = ()
    shipping: list[ShippingDiscount] = msgspec.field(default_factory=list)
    gifts: list[GiftItem] = msgspec.field(default_factory=list)
    pending: bool = False
    """Whether it will give something once more is known, as free shipping before there is an address."""

    def __bool__(self) -> bool:
        return bool(self.lines or self.order or self.shipping or self.gifts or self.pending)

    @property
    def amount(self) -> Decimal:
        """What it takes off items and the cart."""
        return sum(self.lines.values(), ZERO) + self.order


class Cart:
    """The lines that take part in promotions, and the gifts of promotions that are in the cart already."""

    def __init__(self, basket: Basket, lines: Sequence[OfferLine]) -> None:
        policy = basket.promotion_policy
        self.basket = basket
        self.places = basket.places
        self.on_original = policy.on_original_prices
        self.lines: list[CartLine] = []
        self.gifts: dict[int, list[CartLine]] = {}
        self.whole = True
        """Whether every line that can bear a discount takes part."""
        for line in lines:
            if line.item.kind == "gift_certificate":
                continue
            if line.item.added_by_promotion:
                gift = CartLine(line, counts=False)
                self.gifts.setdefault(line.item.added_by_promotion, []).append(gift)
                self.whole = False
            elif line.item.custom_price is not None and not policy.on_custom_prices:
                self.whole = False
            else:
                self.lines.append(CartLine(line, counts=bool(line.price) or policy.zero_prices_count))
        self._subtotal = sum((line.total for line in self.lines if line.counts), ZERO)
        items = [line.item for line in self.lines]
        self._there: dict[type, set[int]] = {
            Brands: {item.brand_id for item in items},
            Categories: {category for item in items for category in item.categories},
            Products: {item.product_id for item in items},
            Variants: {item.variant_id for item in items},
        }

    def unit(self, line: CartLine) -> Decimal:
        """The price of a piece that promotions compute with."""
        return line.price if self.on_original or not line.quantity else line.left / line.quantity

    def subtotal(self) -> Decimal:
        """What the lines that count come to, for conditions and for discounts on the cart."""
        return self._subtotal if self.on_original else self.left()

    def left(self) -> Decimal:
        """What is left to take off the cart."""
        return sum((line.left for line in self.lines), ZERO)

    def matching(self, matcher: Matcher | None) -> Sequence[CartLine]:
        """The lines that a matcher means; all if there is none."""
        if matcher is None:
            return self.lines
        there = self._there.get(type(matcher))
        if there is not None and matcher.ids.isdisjoint(there):  # type: ignore[union-attr]
            return ()  # most promotions are about other things than the few in a cart
        return [line for line in self.lines if matcher.matches(line.item)]

    def in_order(self, lines: Iterable[CartLine], strategy: Strategy) -> list[CartLine]:
        """Lines in the order in which a strategy takes their pieces; only the first price where it says so."""
        dearest = strategy.startswith("MOST")
        ordered = sorted(lines, key=self.unit, reverse=dearest)
        if strategy.endswith("ONLY") and ordered:
            first = self.unit(ordered[0])
            ordered = [line for line in ordered if self.unit(line) == first]
        return ordered

    def take(self, gain: Gain) -> None:
        """Takes what a promotion gives off what is left."""
        for line in (*self.lines, *(gift for gifts in self.gifts.values() for gift in gifts)):
            line.left -= min(gain.lines.get(line.key, ZERO), line.left)
        if gain.order:
            weights = [line.left for line in self.lines]
            for line, share in zip(self.lines, shares(gain.order, weights, self.places), strict=True):
                line.left -= share

    def rounded(self, amount: Decimal) -> Decimal:
        """An amount as it can be paid."""
        return rounded(amount, self.places)
