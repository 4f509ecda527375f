"""What comes out of the engine: lines, costs and totals, each with the adjustments that it is the sum of."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin, total_of
from bodega.domain.pricing.amounts import Amount, DecidedTax
from bodega.domain.pricing.basket import BasketItem
from bodega.domain.pricing.offers import GiftItem, RefusedCode, Used


class TaxPart(NamedTuple):
    """A tax on one cost: `rate` in per cent; `included` in the amount as it was entered, or on top of it."""

    amount: Decimal
    rate: Decimal
    tax_class: int
    name: str
    source: int | str
    included: bool
    priority: int = 1


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A line, or a cost besides the lines.

    `parts` sum to what is owed as entered: the price, then discounts. With the taxes that are not included they sum to
    `net.inc`. `gross` is the amount before discounts with the tax of what they leave, as orders show it; `entered` is
    the same as entered; `discount` is what they come to.
    """

    key: str
    name: str
    parts: tuple[Adjustment, ...]
    taxes: tuple[TaxPart, ...]
    entered: Decimal
    discount: Decimal
    gross: Amount
    net: Amount
    source: int | str = 0
    tax_class: int = 0

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """Everything that `net.inc` is the sum of."""
        more = [
            Adjustment(Origin.TAX, tax.amount, tax.source, tax.name) for tax in self.taxes if not tax.included
        ]  # fmt: skip
        return (*self.parts, *more)

    def discounts(self, *origins: Origin, target: str = "") -> list[Adjustment]:
        """The discounts of these origins (none named: of any), on this target."""
        wanted = origins or (Origin.PROMOTION, Origin.COUPON, Origin.MANUAL)
        return [part for part in self.parts if part.origin in wanted and (not target or part.target == target)]


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line: `unit` sums to `unit_price` (as entered, before promotions).

    `original_price` is the catalogue's price without sale or list, `retail_price` the one for comparison, `price` the
    unit price without and with tax, `decided` the tax of the line where its own rate does not tell it.
    """

    item: BasketItem
    unit: tuple[Adjustment, ...]
    unit_price: Decimal
    original_price: Decimal
    retail_price: Decimal
    on_sale: bool
    price: Amount
    rate: Decimal | None
    cost: Cost
    wrapping: Cost | None = None
    decided: DecidedTax | None = None

    @property
    def key(self) -> str:
        """The item's."""
        return self.item.key

    @property
    def quantity(self) -> int:
        """The item's."""
        return self.item.quantity

    @property
    def discount_amount(self) -> Decimal:
        """What was taken off on the item itself, by automatic promotions and by hand."""
        return -total_of(self.cost.discounts(Origin.PROMOTION, Origin.MANUAL, target="item"))

    @property
    def coupon_amount(self) -> Decimal:
        """What coupons took off it, its share of a coupon on the cart included."""
        return -total_of(self.cost.discounts(Origin.COUPON))

    @property
    def order_discount_amount(self) -> Decimal:
        """Its share of the discounts on the cart that are no coupon's."""
        return -total_of(self.cost.discounts(Origin.PROMOTION, Origin.MANUAL, target="order"))


class QuotedConsignment(msgspec.Struct, frozen=True, kw_only=True):
    """What it costs to send the items of a consignment."""

    key: str
    shipping: Cost
    handling: Cost


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a basket comes to.

    `subtotal`: the lines before discounts. `discount`: automatic promotions and manual discounts, on items or the cart;
    `coupon_discount`: coupons, on both. `cart`: the lines after all discounts. `total`: what is owed (the grand total
    is `total.inc`). `payments`: gift certificates and store credit (below 0); `due`: what remains to be paid.
    """

    lines: tuple[QuotedLine, ...]
    consignments: tuple[QuotedConsignment, ...]
    other_wrapping: tuple[Cost, ...]
    fees: tuple[Cost, ...]
    base_amount: Decimal
    subtotal: Amount
    discount: Decimal
    order_discount: Decimal
    coupon_discount: Decimal
    cart: Amount
    shipping: Amount
    shipping_before: Amount
    shipping_discount: Decimal
    handling: Amount
    wrapping: Amount
    fee_total: Amount
    total: Amount
    stated: tuple[Adjustment, ...]
    payments: tuple[Adjustment, ...]
    due: Decimal
    gifts: tuple[GiftItem, ...] = ()
    refused: tuple[RefusedCode, ...] = ()
    used: tuple[Used, ...] = ()
    notes: tuple[tuple[int, str], ...] = ()

    @property
    def costs(self) -> tuple[Cost, ...]:
        """Every cost, in the order of the steps."""
        lines = [line.cost for line in self.lines]
        wrapped = [line.wrapping for line in self.lines if line.wrapping is not None]
        sent = [cost for one in self.consignments for cost in (one.shipping, one.handling)]
        return (*lines, *sent, *wrapped, *self.other_wrapping, *self.fees)

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """Everything that the grand total is the sum of."""
        return (*(part for cost in self.costs for part in cost.adjustments), *self.stated)

    @property
    def taxes(self) -> tuple[tuple[str, Decimal], ...]:
        """The taxes by name."""
        found: dict[str, Decimal] = {}
        for cost in self.costs:
            for tax in cost.taxes:
                found[tax.name] = found.get(tax.name, ZERO) + tax.amount
        return tuple(found.items())

    @property
    def grand_total(self) -> Decimal:
        """What is owed before gift certificates and store credit pay a part of it."""
        return self.total.inc

    @property
    def tax_total(self) -> Decimal:
        """All tax in the total."""
        return self.total.tax
