"""What an order costs, from its parts: the one place that computes its totals (rules 77, 78 and 82)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.domain.pricing.adjustments import Adjustment, Origin
from bodega.domain.pricing.amounts import Amount, rounded, sum_of
from bodega.domain.pricing.basket import Basket, BasketItem, Charge, Consignment, ManualDiscount, TaxPolicy
from bodega.domain.pricing.engine import quote
from bodega.domain.pricing.quote import Cost, Quote
from bodega.kit.fields import INT32, MAXIMUM
from bodega.law.refusal import Fault, invalid, missing
from bodega.resources.orders.fees import Fee
from bodega.resources.orders.line import AppliedDiscount, OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.pricing.policy import SHIPPING, WRAPPING, Taxes

PAIRED = ("subtotal", "total", "shipping_cost")
"""Rule 77: pairs of which either half requires the other."""
COSTS = {"shipping_cost": SHIPPING, "handling_cost": SHIPPING, "wrapping_cost": WRAPPING}
"""The costs of an order with their tax classes."""
ZERO = Decimal(0)


def half_pairs(changes: Mapping[str, Any]) -> list[Fault]:
    """Rule 77: if one half of a pair is given, the other is required, as documented."""
    faults = []
    for name in (*PAIRED, *COSTS):
        ex, inc = f"{name}_ex_tax", f"{name}_inc_tax"
        absent = [item for item in (ex, inc) if item not in changes]
        if len(absent) == 1 and name in PAIRED:
            faults.append(missing(absent[0]))
        elif not absent and changes[inc] < changes[ex]:
            faults.append(invalid(inc, f"must not be less than {ex}"))
    return faults


def take_costs(order: Order, changes: Mapping[str, Any], taxes: Taxes) -> None:
    """The costs in a body: a base cost is taxed by its class, a pair is used unchanged."""
    for name, tax_class in COSTS.items():
        base = f"base_{name}"
        given = [f"{name}_ex_tax" in changes, f"{name}_inc_tax" in changes]
        if all(given):
            cost = Amount(changes[f"{name}_ex_tax"], changes[f"{name}_inc_tax"])
        elif given[0]:
            ex = changes[f"{name}_ex_tax"]
            cost = taxes.of(ex, tax_class, order.places, inclusive=False)
        elif given[1]:
            inc = changes[f"{name}_inc_tax"]
            cost = taxes.of(inc, tax_class, order.places, inclusive=True)
        elif base in changes:
            cost = taxes.on(changes[base], tax_class, order.places)
        else:
            continue
        setattr(order, f"{name}_ex_tax", cost.ex)
        setattr(order, f"{name}_inc_tax", cost.inc)
        setattr(order, base, changes.get(base, cost.inc if taxes.inclusive else cost.ex))


def cost_of(order: Order, name: str) -> Amount:
    """One of the costs of an order, without and with tax."""
    return Amount(getattr(order, f"{name}_ex_tax"), getattr(order, f"{name}_inc_tax"))


def basket_of(order: Order, lines: Sequence[OrderLine], fees: Sequence[Fee], given: Mapping[str, Any]) -> Basket:
    """An order as a basket: prices and costs are stated, and discounts that promotions and coupons gave stay.

    What `discount_amount` has beyond those is the merchant's discount on the order, which all lines bear.
    """
    kept = _kept(order, lines, given)
    decided = _besides_coupons(kept)
    wrapped = sum_of([line.wrapping for line in lines]) != Amount()
    costs = {name: Charge(given=cost_of(order, name), tax_class=kind) for name, kind in COSTS.items()}
    return Basket(
        items=tuple(
            BasketItem(
                key=str(place),
                quantity=line.quantity,
                kind="gift_certificate" if line.type == "giftcertificate" else line.type,
                name=line.name,
                product_id=line.product_id,
                variant_id=line.variant_id,
                given=Amount(line.price_ex_tax, line.price_inc_tax),
                given_rate=line.rate,
                given_percents=tuple(line.percents),
                given_tax=line.decided,
                tax_class=line.tax_class_id,
                discounts=tuple(
                    Adjustment(one.origin, -one.amount, one.id, one.name, one.code, one.target)
                    for one in applied
                ),
                wrapping=Charge(given=line.wrapping, tax_class=WRAPPING) if wrapped else None,
            )
            for place, (line, applied) in enumerate(zip(lines, kept, strict=True))
        ),
        currency=order.default_currency_code,
        places=order.places,
        tax=TaxPolicy(inclusive=order.is_tax_inclusive_pricing),
        manual_discounts=(ManualDiscount(order.discount_amount - decided),),
        consignments=(
            Consignment(key="", shipping=costs["shipping_cost"], handling=costs["handling_cost"]),
        ),
        wrapping=() if wrapped else (costs["wrapping_cost"],),
        fees=tuple(Charge(given=fee.cost, tax_class=fee.tax_class_id or 0) for fee in fees),
        subtotal=_given(given, "subtotal"),
        total=_given(given, "total"),
    )  # fmt: skip


def _kept(order: Order, lines: Sequence[OrderLine], given: Mapping[str, Any]) -> list[list[AppliedDiscount]]:
    """The discounts that stay: all, while they come to what the order says; a stated `discount_amount` replaces all but
    coupons. Otherwise the merchant's discount on the order is dealt out anew."""
    everything = [line.applied for line in lines]
    if "discount_amount" not in given and _besides_coupons(everything) == order.discount_amount:
        return everything
    decided = [
        [one for one in applied if not (one.origin == Origin.MANUAL and one.target == "order")]
        for applied in everything
    ]  # fmt: skip
    if "discount_amount" in given or _besides_coupons(decided) > order.discount_amount:
        return [[one for one in applied if one.origin == Origin.COUPON] for applied in decided]
    return decided


def _besides_coupons(kept: Sequence[Sequence[AppliedDiscount]]) -> Decimal:
    return sum((one.amount for applied in kept for one in applied if one.origin != Origin.COUPON), ZERO)


def compute_totals(
    order: Order, lines: Sequence[OrderLine], fees: Sequence[Fee], given: Mapping[str, Any]
) -> list[Fault]:
    """Computes the totals of an order and its lines; `given` may hold a subtotal and a total that replace them.

    The engine of prices computes them; what an order states goes in as it is.
    """
    order.discount_amount = rounded(order.discount_amount, order.places)
    basket = basket_of(order, lines, fees, given)
    made = quote(basket)
    if made.discount < order.discount_amount:
        return [invalid("discount_amount", "must be at most what the products cost")]
    if not basket.wrapping:
        _take_wrapping(order, made)
    return take_quote(order, lines, made)


def take_charges(order: Order, made: Quote) -> None:
    """The costs and discounts of an order as a checkout was quoted them. Shipping is what its discounts left of it."""
    inclusive = order.is_tax_inclusive_pricing
    order.shipping_cost_ex_tax, order.shipping_cost_inc_tax = made.shipping
    order.base_shipping_cost = made.shipping.inc if inclusive else made.shipping.ex
    order.handling_cost_ex_tax, order.handling_cost_inc_tax = made.handling
    order.base_handling_cost = made.handling.inc if inclusive else made.handling.ex
    order.discount_amount = made.discount
    _take_wrapping(order, made)


def _take_wrapping(order: Order, made: Quote) -> None:
    order.wrapping_cost_ex_tax, order.wrapping_cost_inc_tax = made.wrapping
    order.base_wrapping_cost = made.wrapping.inc if order.is_tax_inclusive_pricing else made.wrapping.ex


def take_quote(order: Order, lines: Sequence[OrderLine], made: Quote) -> list[Fault]:
    """What a quote comes to, in the order and its lines; the faults are amounts that are too large."""
    for line, one in zip(lines, made.lines, strict=True):
        show_discounts(line, one.cost)
        line.total_ex_tax, line.total_inc_tax = one.cost.gross
        line.decided_tax = None if one.decided is None else one.decided.amount
        line.decided_on = ZERO if one.decided is None else one.decided.on or ZERO
    order.coupon_discount = made.coupon_discount
    order.subtotal_ex_tax, order.subtotal_inc_tax = made.subtotal
    order.total_ex_tax, order.total_inc_tax = made.total
    order.items_total = sum(line.quantity for line in lines)
    order.items_shipped = sum(line.quantity_shipped for line in lines)
    order.order_is_digital = bool(lines) and all(line.type == "digital" for line in lines)
    return _too_much(order, lines)


def show_discounts(line: OrderLine, cost: Cost) -> None:
    """Keeps the discounts of a quoted line with the line of the order."""
    line.discount = cost.discount
    line.applied = [
        AppliedDiscount(
            origin=part.origin,
            amount=-part.amount,
            id=part.source,
            name=part.description,
            code=part.code,
            target=part.target,
        )
        for part in cost.discounts()
    ]  # fmt: skip


def _too_much(order: Order, lines: Sequence[OrderLine]) -> list[Fault]:
    """Refuses amounts and quantities that are too large to be stored."""
    faults = []
    if max([order.total_inc_tax, order.subtotal_inc_tax, *(line.total_inc_tax for line in lines)]) > MAXIMUM:
        faults.append(invalid("products", f"must not cost more than {MAXIMUM}"))
    if order.items_total > INT32:
        faults.append(invalid("products", f"must not be more than {INT32} pieces"))
    return faults


def _given(given: Mapping[str, Any], name: str) -> Amount | None:
    ex, inc = given.get(f"{name}_ex_tax"), given.get(f"{name}_inc_tax")
    return None if ex is None or inc is None else Amount(ex, inc)
