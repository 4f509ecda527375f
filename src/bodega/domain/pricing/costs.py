"""A line or another cost after its discounts, with its tax."""

from __future__ import annotations

from decimal import Decimal

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import Amount, DecidedTax, PricedLine, taxed
from bodega.domain.pricing.basket import AnsweredKind, Charge, TaxAnswer, TaxRate, TaxRates
from bodega.domain.pricing.discounts import Bearer
from bodega.domain.pricing.quote import Cost, TaxPart
from bodega.domain.pricing.tax import Zones, answered_parts, combined, percents, stated_part, taxes_on


def line_cost(
    priced: PricedLine,
    bearer: Bearer,
    rates: tuple[TaxRate, ...],
    tax_class: int,
    name: str,
    places: int,
    *,
    inclusive: bool,
    answer: TaxAnswer | None = None,
) -> Cost:
    """What a line costs: its pieces, less its discounts, with tax on what is left."""
    unit = priced.price.inc if inclusive else priced.price.ex
    first = Adjustment(Origin.PRICE, bearer.total, description=f"{priced.quantity} x {unit}")
    gross = priced.total(bearer.discount, places, inclusive=inclusive)
    return _cost(bearer, first, gross, priced.rate, rates, tax_class, name, places, answer, inclusive=inclusive)


def _cost(
    bearer: Bearer,
    first: Adjustment,
    gross: Amount,
    rate: Decimal | None,
    rates: tuple[TaxRate, ...],
    tax_class: int,
    name: str,
    places: int,
    answer: TaxAnswer | None,
    *,
    inclusive: bool,
) -> Cost:
    net = gross.less(bearer.discount) if bearer.parts else gross
    taxes: list[TaxPart] = []
    if answer is not None:
        taxes = answered_parts(answer, tax_class, inclusive=inclusive)
    elif rate is None:
        taxes = stated_part(net, tax_class, inclusive=inclusive)
    elif rates:
        taxes = taxes_on(net, rates, tax_class, places, inclusive=inclusive)
    return Cost(
        key=bearer.key,
        name=name,
        parts=(first, *bearer.parts),
        taxes=tuple(taxes),
        entered=bearer.total,
        discount=bearer.discount,
        gross=gross,
        net=net,
        source=first.source,
        tax_class=tax_class,
    )


_KINDS: dict[Origin, AnsweredKind] = {
    Origin.SHIPPING: "shipping",
    Origin.HANDLING: "handling",
    Origin.WRAPPING: "wrapping",
    Origin.FEE: "fee",
}


class Charged:
    """A charge that discounts can be taken off, before its tax is known."""

    __slots__ = ("answer", "bearer", "charge", "origin", "priced", "rates", "whole")

    def __init__(self, charge: Charge, origin: Origin, key: str, rates: TaxRates, zones: Zones, places: int) -> None:
        inclusive = zones.policy.inclusive
        self.charge, self.origin = charge, origin
        self.rates = rates.get(charge.tax_class, ())
        self.answer: TaxAnswer | None = None
        if charge.given is not None:
            self.priced = PricedLine(1, charge.given)
            self.whole = charge.given
        else:
            self.answer = zones.answer(_KINDS[origin], charge.key if origin is Origin.FEE else key)
            amount, rate = charge.amount, combined(self.rates)
            if self.answer is None or self.answer.own:
                amount = zones.entered(amount, rates, charge.tax_class, places)
            if self.answer is not None:
                rate = self.answer.rate
            owed = None if self.answer is None else DecidedTax(self.answer.tax)
            self.priced = PricedLine(
                1, taxed(amount, rate, places, inclusive=inclusive), rate, percents(self.rates), owed
            )  # fmt: skip
            several = owed is not None or self.priced.percents
            self.whole = self.priced.total(ZERO, places, inclusive=inclusive) if several else self.priced.price
        self.bearer = Bearer(key, self.whole.inc if inclusive else self.whole.ex)

    def cost(self, places: int, *, inclusive: bool) -> Cost:
        """The charge after its discounts. Without any it is unchanged, as is one that the caller stated."""
        gross = self.whole
        if self.bearer.parts:
            gross = self.priced.total(self.bearer.discount, places, inclusive=inclusive)
        charge = self.charge
        first = Adjustment(self.origin, self.bearer.total, charge.source, charge.name)
        return _cost(
            self.bearer, first, gross, self.priced.rate, self.rates, charge.tax_class, charge.name, places, self.answer,
            inclusive=inclusive,
        )  # fmt: skip


NOTHING = Charge()


def total_of(costs: list[Cost]) -> Amount:
    """The sum of costs after their discounts."""
    return Amount(sum((cost.net.ex for cost in costs), ZERO), sum((cost.net.inc for cost in costs), ZERO))
