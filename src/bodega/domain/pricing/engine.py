"""From a basket to a quote: the steps, in their order."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from bodega.domain.pricing import discounts, payment, promotions
from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import Amount, DecidedTax, PricedLine, sum_of, taxed, worth
from bodega.domain.pricing.basket import Basket, BasketItem, TaxAnswer, TaxRate
from bodega.domain.pricing.catalogue import UnitPrice, unit_price
from bodega.domain.pricing.costs import NOTHING, Charged, line_cost, total_of
from bodega.domain.pricing.discounts import Bearer
from bodega.domain.pricing.exact import exactly
from bodega.domain.pricing.offers import OfferLine, Offers
from bodega.domain.pricing.quote import Cost, Quote, QuotedConsignment, QuotedLine
from bodega.domain.pricing.tax import Zones, combined, percents

NO_OFFERS = Offers()


class PricedItem(NamedTuple):
    """An item with its unit price, before promotions."""

    item: BasketItem
    unit: UnitPrice
    priced: PricedLine
    rates: tuple[TaxRate, ...]
    bearer: Bearer
    answer: TaxAnswer | None = None


class SentConsignment(NamedTuple):
    """The charges of a consignment, before their discounts."""

    key: str
    shipping: Charged
    handling: Charged


def quote(basket: Basket) -> Quote:
    """What a basket comes to: unit prices, promotions, manual discounts, costs, tax, fees, payments."""
    made = _quoted(basket)
    if not basket.tax.exact:
        return made
    return _quoted(replace(basket, tax=exactly(basket.tax, made, basket.places)))


def _quoted(basket: Basket) -> Quote:
    places, inclusive = basket.places, basket.tax.inclusive
    zones = Zones(basket)
    items = [priced_item(basket, item, zones) for item in basket.items]
    sent = [_sent(basket, place, zones) for place in range(len(basket.consignments))]
    offers = _discount(basket, items, sent)
    lines = tuple(_line(basket, one, zones) for one in items)
    consignments = tuple(
        QuotedConsignment(
            key=one.key,
            shipping=one.shipping.cost(places, inclusive=inclusive),
            handling=one.handling.cost(places, inclusive=inclusive),
        )
        for one in sent
    )
    home = zones.at(basket.consignments[0].rates if basket.consignments else None)
    wrapping = [Charged(one, Origin.WRAPPING, one.key, home, zones, places) for one in basket.wrapping]
    fees = [Charged(one, Origin.FEE, one.key, home, zones, places) for one in basket.fees]
    return _summed(
        basket,
        lines,
        consignments,
        tuple(one.cost(places, inclusive=inclusive) for one in wrapping),
        tuple(one.cost(places, inclusive=inclusive) for one in fees),
        offers,
    )


def priced_item(basket: Basket, item: BasketItem, zones: Zones) -> PricedItem:
    """An item with its unit price: as stated, custom, or the catalogue's; for the tax zone it goes to."""
    places, inclusive = basket.places, basket.tax.inclusive
    bears = item.kind != "gift_certificate"
    if item.given is not None:
        entered = item.given.inc if inclusive else item.given.ex
        parts = (Adjustment(Origin.STATED, entered),)
        unit = UnitPrice(entered, parts, on_sale=False, original=entered, retail=ZERO)
        priced = PricedLine(item.quantity, item.given, item.given_rate, item.given_percents, item.given_tax)
        rates: tuple[TaxRate, ...] = (TaxRate(item.given_rate),) if item.given_rate else ()
        total = worth(priced, places, inclusive=inclusive)
        return PricedItem(item, unit, priced, rates, Bearer(item.key, total, shares_order=bears))
    zone = zones.of(item.key)
    unit = unit_price(item, places, basket.exchange)
    answer = zones.answer("item", item.key) if bears else None
    rates = zone.get(item.tax_class, ()) if bears and answer is None else ()
    if bears and inclusive and (answer is None or answer.own):
        there = zones.entered(unit.amount, zone, item.tax_class)
        if there != unit.amount:
            moved = Adjustment(Origin.ZONE, there - unit.amount, description="tax of the destination")
            unit = unit._replace(amount=there, parts=(*unit.parts, moved))
    rate = combined(rates) if answer is None else answer.rate
    owed = None if answer is None else DecidedTax(answer.tax)
    priced = PricedLine(
        item.quantity, taxed(unit.amount, rate, inclusive=inclusive), rate, percents(rates), owed
    )  # fmt: skip
    total = worth(priced, places, inclusive=inclusive)
    return PricedItem(item, unit, priced, rates, Bearer(item.key, total, shares_order=bears), answer)


def _sent(basket: Basket, place: int, zones: Zones) -> SentConsignment:
    one = basket.consignments[place]
    rates = zones.at(one.rates)
    shipping = Charged(one.shipping or NOTHING, Origin.SHIPPING, one.key, rates, zones, basket.places)
    handling = Charged(one.handling or NOTHING, Origin.HANDLING, one.key, rates, zones, basket.places)
    return SentConsignment(one.key, shipping, handling)


def _discount(basket: Basket, items: list[PricedItem], sent: list[SentConsignment]) -> Offers:
    """All discounts: those decided before, promotions, then the merchant's."""
    places = basket.places
    for one in items:
        discounts.given_before(one.bearer, one.item.discounts)
    offers = NO_OFFERS
    bearers = [one.bearer for one in items]
    if basket.promotions or basket.coupons:
        seen = [
            OfferLine(one.item, one.unit.amount, one.bearer.total, one.bearer.left, one.unit.on_sale) for one in items
        ]
        offers = promotions.offers(basket, seen)
        discounts.on_lines({bearer.key: bearer for bearer in bearers}, offers.lines, places)
        discounts.on_order(bearers, offers.order, places)
        discounts.on_shipping({one.key: one.shipping.bearer for one in sent}, offers.shipping, places)
    for one in items:
        discounts.by_hand(one.bearer, one.item.manual_discounts, places)
    discounts.on_order_by_hand(bearers, basket.manual_discounts, places)
    return offers


def _line(basket: Basket, one: PricedItem, zones: Zones) -> QuotedLine:
    item, places, inclusive = one.item, basket.places, basket.tax.inclusive
    wrapping: Cost | None = None
    if item.wrapping is not None:
        charged = Charged(item.wrapping, Origin.WRAPPING, item.key, zones.of(item.key), zones, places)
        wrapping = charged.cost(places, inclusive=inclusive)
    cost = line_cost(
        one.priced, one.bearer, one.rates, item.tax_class, item.name, places, inclusive=inclusive, answer=one.answer
    )
    return QuotedLine(
        item=item,
        unit=one.unit.parts,
        unit_price=one.unit.amount,
        original_price=one.unit.original,
        retail_price=one.unit.retail,
        on_sale=one.unit.on_sale,
        price=one.priced.price,
        rate=one.priced.rate,
        cost=cost,
        wrapping=wrapping,
        decided=_decided(one.priced.decided, cost, inclusive=inclusive),
    )


def _decided(tax: DecidedTax | None, cost: Cost, *, inclusive: bool) -> DecidedTax | None:
    """The tax that was decided for the line, with the amount that it is for; None once that amount is another."""
    on = cost.net.inc if inclusive else cost.net.ex
    return None if tax is None or tax.on not in (None, on) else DecidedTax(tax.amount, on)


class LineDiscounts(NamedTuple):
    """What discounts took off lines: coupons; everything else, and of that what was on the cart."""

    coupons: Decimal
    others: Decimal
    on_order: Decimal


def _off(costs: list[Cost]) -> LineDiscounts:
    coupons = others = on_order = ZERO
    for cost in costs:
        for part in cost.parts[1:]:
            if part.origin is Origin.COUPON:
                coupons -= part.amount
                continue
            others -= part.amount
            if part.target == "order":
                on_order -= part.amount
    return LineDiscounts(coupons, others, on_order)


def _summed(
    basket: Basket,
    lines: tuple[QuotedLine, ...],
    consignments: tuple[QuotedConsignment, ...],
    other_wrapping: tuple[Cost, ...],
    fees: tuple[Cost, ...],
    offers: Offers,
) -> Quote:
    """The totals: the sums of what the lines and costs show."""
    sold = [line.cost for line in lines]
    shipping = [one.shipping for one in consignments]
    handling = [one.handling for one in consignments]
    wrapped = [*(line.wrapping for line in lines if line.wrapping is not None), *other_wrapping]
    stated: list[Adjustment] = []
    off = _off(sold)
    subtotal, cart = sum_of([cost.gross for cost in sold]), total_of(sold)
    total = cart
    if basket.subtotal is not None:
        total = cart.plus(Amount(basket.subtotal.ex - subtotal.ex, basket.subtotal.inc - subtotal.inc))
        stated.append(Adjustment(Origin.STATED, basket.subtotal.inc - subtotal.inc, "subtotal"))
        subtotal = basket.subtotal
    sums = [total_of(costs) for costs in (shipping, handling, wrapped, list(fees))]
    total = total.plus(sum_of(sums))
    if basket.total is not None:
        stated.append(Adjustment(Origin.STATED, basket.total.inc - total.inc, "total"))
        total = basket.total
    payments, due = payment.pay(total.inc, basket.gift_certificates, basket.store_credit, basket.places)
    return Quote(
        lines=lines,
        consignments=consignments,
        other_wrapping=other_wrapping,
        fees=fees,
        base_amount=sum((cost.entered for cost in sold), ZERO),
        subtotal=subtotal,
        discount=off.others,
        order_discount=off.on_order,
        coupon_discount=off.coupons,
        cart=cart,
        shipping=sums[0],
        shipping_before=sum_of([cost.gross for cost in shipping]),
        shipping_discount=sum((cost.discount for cost in shipping), ZERO),
        handling=sums[1],
        wrapping=sums[2],
        fee_total=sums[3],
        total=total,
        stated=tuple(stated),
        payments=payments,
        due=due,
        gifts=offers.gifts,
        refused=offers.refused,
        used=offers.used,
        notes=offers.notes,
    )
