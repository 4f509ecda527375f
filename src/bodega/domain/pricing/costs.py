"""A line or another cost after its discounts, with its tax."""

from __future__ import annotations

from decimal import Decimal

from bodega.domain.pricing.adjustments import ZERO, Adjustment, Origin
from bodega.domain.pricing.amounts import Amount, PricedLine, taxed
from bodega.domain.pricing.basket import Charge, TaxRate, TaxRates
from bodega.domain.pricing.discounts import Bearer
from bodega.domain.pricing.quote import Cost, TaxPart
from bodega.domain.pricing.tax import Zones, combined, parts_of, stated_part


def line_cost(
    priced: PricedLine,
    bearer: Bearer,
    rates: tuple[TaxRate, ...],
    tax_class: int,
    name: str,
    places: int,
    *,
    inclusive: bool,
) -> Cost:
    """What a line costs: its pieces, less its discounts, with tax on what is left."""
    unit = priced.price.inc if inclusive else priced.price.ex
    first = Adjustment(Origin.PRICE, bearer.total, description=f"{priced.quantity} x {unit}")
    gross = priced.total(bearer.discount, places, inclusive=inclusive)
    return _cost(bearer, first, gross, priced.rate, rates, tax_class, name, places, inclusive=inclusive)


def _cost(
    bearer: Bearer,
    first: Adjustment,
    gross: Amount,
    rate: Decimal | None,
    rates: tuple[TaxRate, ...],
    tax_class: int,
    name: str,
    places: int,
    *,
    inclusive: bool,
) -> Cost:
    net = gross.less(bearer.discount) if bearer.parts else gross
    taxes: list[TaxPart] = []
    if rate is None:
        taxes = stated_part(net, tax_class, inclusive=inclusive)
    elif rates:
        taxes = parts_of(net.tax, rates, tax_class, places, inclusive=inclusive)
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


class Charged:
    """A charge that discounts can be taken off, before its tax is known."""

    __slots__ = ("bearer", "charge", "origin", "rate", "rates", "whole")

    def __init__(self, charge: Charge, origin: Origin, key: str, rates: TaxRates, zones: Zones, places: int) -> None:
        inclusive = zones.policy.inclusive
        self.charge, self.origin = charge, origin
        self.rates = rates.get(charge.tax_class, ())
        self.rate: Decimal | None = None
        if charge.given is not None:
            self.whole = charge.given
        else:
            self.rate = combined(self.rates)
            amount = zones.entered(charge.amount, rates, charge.tax_class, places)
            self.whole = taxed(amount, self.rate, places, inclusive=inclusive)
        self.bearer = Bearer(key, self.whole.inc if inclusive else self.whole.ex)

    def cost(self, places: int, *, inclusive: bool) -> Cost:
        """The charge after its discounts. Without any it is unchanged, as is one that the caller stated."""
        gross = self.whole
        if self.bearer.parts:
            gross = PricedLine(1, self.whole, self.rate).total(self.bearer.discount, places, inclusive=inclusive)
        charge = self.charge
        first = Adjustment(self.origin, self.bearer.total, charge.source, charge.name)
        return _cost(
            self.bearer, first, gross, self.rate, self.rates, charge.tax_class, charge.name, places, inclusive=inclusive
        )  # fmt: skip


NOTHING = Charge()


def total_of(costs: list[Cost]) -> Amount:
    """The sum of costs after their discounts."""
    return Amount(sum((cost.net.ex for cost in costs), ZERO), sum((cost.net.inc for cost in costs), ZERO))
