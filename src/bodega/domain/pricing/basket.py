"""What goes into the engine: everything that decides what a shopper owes. Nothing here is a row of a table.

Amounts are exact decimals in the basket's currency and as prices are entered: with tax if the tax policy is inclusive,
else without. Only the catalogue's amounts are in the store's own currency; the engine exchanges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from bodega.domain.pricing.adjustments import Adjustment
from bodega.domain.pricing.amounts import Amount, DecidedTax
from bodega.domain.pricing.promotion import Promotion, PromotionPolicy

ZERO = Decimal(0)

ItemKind = Literal["physical", "digital", "custom", "gift_certificate"]


class PriceAdjuster(NamedTuple):
    """How a choice changes a price: by an amount (`relative`) or by a `percentage` of it; `source` is the rule's id."""

    kind: str
    value: Decimal
    source: int = 0


class BulkPrice(NamedTuple):
    """For `least` to `maximum` pieces (0: no bound): `price` off, `percent` off, or the price itself (`fixed`)."""

    least: int
    maximum: int
    kind: str
    amount: Decimal
    source: int = 0


class ListPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A variant's record of the price list that applies, in the basket's currency. What is None is the catalogue's.

    With a record the product's own bulk prices do not apply (rule 114).
    """

    price_list_id: int
    price: Decimal | None = None
    sale_price: Decimal | None = None
    retail_price: Decimal | None = None
    map_price: Decimal | None = None
    tiers: tuple[BulkPrice, ...] = ()


class GroupDiscount(NamedTuple):
    """The discount rule of the customer's group that applies (rule 103): `percent` off, `price` off, or `fixed`, the
    price itself. `target` is what the rule names: `product`, `category` or `all`."""

    group_id: int
    method: str
    amount: Decimal
    target: str = "all"


class CatalogPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says of one piece, in the store's own currency. A variant's None is its product's (rule 56); a
    sale price of 0 is none."""

    price: Decimal
    sale_price: Decimal = ZERO
    retail_price: Decimal = ZERO
    map_price: Decimal = ZERO
    variant_price: Decimal | None = None
    variant_sale_price: Decimal | None = None
    variant_retail_price: Decimal | None = None
    variant_map_price: Decimal | None = None
    adjusters: tuple[PriceAdjuster, ...] = ()
    tiers: tuple[BulkPrice, ...] = ()
    list_price: ListPrice | None = None
    group_discount: GroupDiscount | None = None


class ManualDiscount(NamedTuple):
    """An amount that the merchant takes off an item or the cart; at most what is left of it is taken off."""

    amount: Decimal
    name: str = "Manual Discount"
    source: int | str = "manual-discount"


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A cost besides the items: shipping, handling, wrapping, a fee. With `given` the caller states it without and with
    tax; else it is taxed by its class."""

    amount: Decimal = ZERO
    tax_class: int = 0
    given: Amount | None = None
    key: str = ""
    name: str = ""
    source: int | str = 0


class BasketItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line: `quantity` pieces of one thing.

    Its unit price is, in this order: `given` (without and with tax, as an order has it; `given_rate` is its rate, None
    if the tax follows from the two; `given_percents` its parts where there are several; `given_tax` the tax if it was
    decided before), `custom_price` (as entered), or what the catalogue says. `discounts` were decided before (the lines
    of an order).
    `options` and `custom_fields` are names with values, for promotions.
    """

    key: str
    quantity: int
    kind: ItemKind = "physical"
    name: str = ""
    product_id: int = 0
    variant_id: int = 0
    brand_id: int = 0
    categories: frozenset[int] = frozenset()
    options: Mapping[str, str] = {}
    custom_fields: Mapping[str, frozenset[str]] = {}
    catalog: CatalogPrice | None = None
    custom_price: Decimal | None = None
    given: Amount | None = None
    given_rate: Decimal | None = None
    given_percents: tuple[Decimal, ...] = ()
    given_tax: DecidedTax | None = None
    tax_class: int = 0
    manual_discounts: tuple[ManualDiscount, ...] = ()
    discounts: tuple[Adjustment, ...] = ()
    wrapping: Charge | None = None
    added_by_promotion: int = 0


class TaxRate(NamedTuple):
    """A rate in per cent. Rates of one priority add up; those of a higher one apply to the price with the lower."""

    rate: Decimal
    name: str = "Tax"
    source: int | str = 0
    priority: int = 1


TaxRates = Mapping[int, tuple[TaxRate, ...]]
"""The rates of a tax zone by tax class; a class that is missing is not taxed."""


class AnsweredTax(NamedTuple):
    """One tax of an answer: an amount in the basket's currency, a rate in per cent; `source` is the provider's id."""

    amount: Decimal
    rate: Decimal
    name: str = "Tax"
    source: int | str = 0
    tax_class: int = 0
    priority: int = 1


class TaxAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a tax provider says of one line or cost, after its discounts, in place of the store's own rates.

    `tax` is the whole tax in the basket's currency and `rate` the sum of its rates in per cent; the amounts of `parts`
    sum to `tax`. It is added to an amount that was entered without tax, and contained in one that was entered with it.
    `own`: the store's own rates gave it, so that a price with tax still is that of the zone.
    """

    tax: Decimal
    rate: Decimal = ZERO
    parts: tuple[AnsweredTax, ...] = ()
    own: bool = False


AnsweredKind = Literal["item", "shipping", "handling", "wrapping", "fee"]
TaxAnswers = Mapping[tuple[AnsweredKind, str], TaxAnswer]
"""The answers of a provider by kind and key: of items, wrapping of items (the item's key), shipping and handling (the
consignment's) and fees (the charge's). What is missing has the rates of the store."""


class TaxPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """`rates` are those where the shopper is unless a consignment says more; `home` those at the store's own place,
    with which `inclusive` prices are entered (None: the same).

    An `exempt` customer pays no tax: of an inclusive price what is left without it. Unless the store subtracts its own
    tax (`subtracts_home`), an inclusive price is the same everywhere and only the tax in it differs. With `exact` the
    whole tax is rounded once, and each cost has its share of it; else each rate's tax on each cost is rounded.
    """

    rates: TaxRates = {}
    inclusive: bool = False
    exempt: bool = False
    home: TaxRates | None = None
    subtracts_home: bool = True
    exact: bool = False
    answers: TaxAnswers = {}


class Consignment(msgspec.Struct, frozen=True, kw_only=True):
    """Items that go to one address. `rates` are those of its tax zone; None: the store's. `zone_id`: shipping zone."""

    key: str
    items: tuple[str, ...] = ()
    shipping: Charge | None = None
    handling: Charge | None = None
    rates: TaxRates | None = None
    zone_id: int = 0
    country: str = ""
    state: str = ""
    postal_code: str = ""


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys; 0 is a guest, or no group. `order_count`: completed orders. `redeemed`: how often this customer used a
    promotion, by its id."""

    customer_id: int = 0
    group_id: int = 0
    segments: frozenset[str] = frozenset()
    order_count: int = 0
    redeemed: Mapping[int, int] = {}


class GiftCertificateBalance(NamedTuple):
    """A gift certificate that the shopper entered, with what is left on it."""

    code: str
    balance: Decimal
    source: int | str = 0


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides a quote.

    `places` are the currency's; `exchange` leads from the store's own currency to it. `now` is the store's time, in its
    time zone. `store_credit` is what the customer has and wants to use. `subtotal` and `total` are stated by the caller
    instead of what the parts come to (rule 82).
    """

    items: tuple[BasketItem, ...]
    currency: str = "USD"
    places: int = 2
    exchange: Decimal = Decimal(1)
    channel_id: int = 1
    shopper: Shopper = Shopper()
    now: datetime = datetime.fromtimestamp(0, UTC)
    tax: TaxPolicy = TaxPolicy()
    promotions: tuple[Promotion, ...] = ()
    promotion_policy: PromotionPolicy = PromotionPolicy()
    coupons: tuple[str, ...] = ()
    manual_discounts: tuple[ManualDiscount, ...] = ()
    consignments: tuple[Consignment, ...] = ()
    wrapping: tuple[Charge, ...] = ()
    fees: tuple[Charge, ...] = ()
    gift_certificates: tuple[GiftCertificateBalance, ...] = ()
    store_credit: Decimal = ZERO
    subtotal: Amount | None = None
    total: Amount | None = None
