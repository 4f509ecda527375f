"""Tax: the rates of a zone by class, prices with and without it, exemption.

The tax of a cost is computed once, from what discounts leave of it and from all its rates together, and rounded once;
it is then distributed over the rates, so that they sum to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from bodega.domain.pricing.adjustments import ZERO
from bodega.domain.pricing.amounts import FOUR, Amount, rounded, shares
from bodega.domain.pricing.basket import Basket, TaxPolicy, TaxRate, TaxRates
from bodega.domain.pricing.quote import TaxPart

HUNDRED = Decimal(100)
ITS_OWN = "API Tax Override"
"""The name of a tax that follows from the caller's prices."""
UNTAXED: TaxRates = {}


def effective(rates: Sequence[TaxRate]) -> list[tuple[TaxRate, Decimal]]:
    """The rates with what each adds to a price without tax, in per cent: later priorities tax the earlier ones' tax."""
    if len(rates) < 2:
        return [(rate, rate.rate) for rate in rates]
    found: list[tuple[TaxRate, Decimal]] = []
    factor = Decimal(1)
    ordered = sorted(rates, key=lambda rate: rate.priority)
    for _, group in groupby(ordered, key=lambda rate: rate.priority):
        added = [(rate, rate.rate * factor) for rate in group]
        found += added
        factor += sum((percent for _, percent in added), ZERO) / 100
    return found


def combined(rates: Sequence[TaxRate]) -> Decimal:
    """All rates of a class as one, in per cent."""
    return sum((percent for _, percent in effective(rates)), ZERO)


def at_zone(price: Decimal, home: Decimal, there: Decimal, places: int = FOUR) -> Decimal:
    """A price that was entered with the tax at home, as it is with the tax where it goes; both rates in per cent."""
    if home == there:
        return price
    return rounded(price * (100 + there) / (100 + home), places)


class Zones:
    """The rates that apply to each item and cost of a basket."""

    def __init__(self, basket: Basket) -> None:
        self.policy: TaxPolicy = basket.tax
        self._of = {key: self.at(one.rates) for one in basket.consignments for key in one.items}
        self._default = self.at(basket.consignments[0].rates if len(basket.consignments) == 1 else None)

    def at(self, rates: TaxRates | None) -> TaxRates:
        """The rates of a place, or of the store's; none for an exempt customer."""
        if self.policy.exempt:
            return UNTAXED
        return self.policy.rates if rates is None else rates

    def of(self, key: str) -> TaxRates:
        """The rates where an item goes. What goes nowhere is taxed where the rest goes, if that is one place."""
        return self._of.get(key, self._default)

    def entered(self, price: Decimal, rates: TaxRates, tax_class: int, places: int = FOUR) -> Decimal:
        """A price as entered, for the place where these rates apply."""
        if not self.policy.inclusive or rates is self.policy.rates:
            return price
        home = combined(self.policy.rates.get(tax_class, ()))
        return at_zone(price, home, combined(rates.get(tax_class, ())), places)


def parts_of(tax: Decimal, rates: Sequence[TaxRate], tax_class: int, places: int, *, inclusive: bool) -> list[TaxPart]:
    """A tax distributed over its rates; they sum to it."""
    if len(rates) == 1:
        only = rates[0]
        return [TaxPart(tax, only.rate, tax_class, only.name, only.source, inclusive)]
    weights = effective(rates)
    dealt = shares(tax, [percent for _, percent in weights], places) if tax > 0 else [ZERO for _ in weights]
    return [
        TaxPart(amount, rate.rate, tax_class, rate.name, rate.source, inclusive)
        for (rate, _), amount in zip(weights, dealt, strict=True)
    ]


def stated_part(net: Amount, tax_class: int, *, inclusive: bool) -> list[TaxPart]:
    """The tax that follows from two prices that the caller gave."""
    if not net.tax:
        return []
    rate = rounded(net.tax * HUNDRED / net.ex, FOUR) if net.ex else ZERO
    return [TaxPart(net.tax, rate, tax_class, ITS_OWN, 0, inclusive)]
