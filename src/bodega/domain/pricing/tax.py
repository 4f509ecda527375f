"""Tax: the rates of a zone by class, prices with and without it, exemption, and what a tax provider answers instead.

The tax of a cost is computed once a rate, from what discounts leave of it, and rounded; the tax of the cost is their
sum. A tax that somebody else computed is distributed over its rates, so that they sum to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby

from bodega.domain.pricing.adjustments import ZERO
from bodega.domain.pricing.amounts import FOUR, Amount, rounded, shares, tax_of_each
from bodega.domain.pricing.basket import (
    AnsweredKind,
    AnsweredTax,
    Basket,
    TaxAnswer,
    TaxAnswers,
    TaxPolicy,
    TaxRate,
    TaxRates,
)
from bodega.domain.pricing.quote import TaxPart

HUNDRED = Decimal(100)
ITS_OWN = "API Tax Override"
"""The name of a tax that follows from the caller's prices."""
UNTAXED: TaxRates = {}

__all__ = ["AnsweredKind", "AnsweredTax", "TaxAnswer", "TaxAnswers"]


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

    def answer(self, kind: AnsweredKind, key: str) -> TaxAnswer | None:
        """What a tax provider says of an item or cost; None: the rates of the store apply."""
        return self.policy.answers.get((kind, key)) if self.policy.answers else None

    def entered(self, price: Decimal, rates: TaxRates, tax_class: int, places: int = FOUR) -> Decimal:
        """A price as entered, for the place where these rates apply."""
        policy = self.policy
        home = policy.rates if policy.home is None else policy.home
        if not policy.inclusive or rates is home or not (policy.subtracts_home or policy.exempt):
            return price
        return at_zone(price, combined(home.get(tax_class, ())), combined(rates.get(tax_class, ())), places)


def percents(rates: Sequence[TaxRate]) -> tuple[Decimal, ...]:
    """What each of several rates adds to a price without tax, in the order of `effective`; () for one alone."""
    return tuple(percent for _, percent in effective(rates)) if len(rates) > 1 else ()


def taxes_on(net: Amount, rates: Sequence[TaxRate], tax_class: int, places: int, *, inclusive: bool) -> list[TaxPart]:
    """The tax of an amount by its rates: each as it was computed, or its share if the whole was stated."""
    if len(rates) > 1:
        weights = effective(rates)
        amount = net.inc if inclusive else net.ex
        each = tax_of_each(amount, [percent for _, percent in weights], places, inclusive=inclusive)
        if sum(each, ZERO) == net.tax:
            return [
                TaxPart(part, rate.rate, tax_class, rate.name, rate.source, inclusive, rate.priority)
                for (rate, _), part in zip(weights, each, strict=True)
            ]
    return parts_of(net.tax, rates, tax_class, places, inclusive=inclusive)


def answered_parts(answer: TaxAnswer, tax_class: int, *, inclusive: bool) -> list[TaxPart]:
    """The taxes of a provider's answer; one of them if it names none."""
    parts = answer.parts or ((AnsweredTax(answer.tax, answer.rate),) if answer.tax else ())
    return [
        TaxPart(one.amount, one.rate, one.tax_class or tax_class, one.name, one.source, inclusive, one.priority)
        for one in parts
    ]


def parts_of(tax: Decimal, rates: Sequence[TaxRate], tax_class: int, places: int, *, inclusive: bool) -> list[TaxPart]:
    """A tax distributed over its rates; they sum to it."""
    if len(rates) == 1:
        only = rates[0]
        return [TaxPart(tax, only.rate, tax_class, only.name, only.source, inclusive, only.priority)]
    weights = effective(rates)
    dealt = shares(tax, [percent for _, percent in weights], places) if tax > 0 else [ZERO for _ in weights]
    return [
        TaxPart(amount, rate.rate, tax_class, rate.name, rate.source, inclusive, rate.priority)
        for (rate, _), amount in zip(weights, dealt, strict=True)
    ]


def stated_part(net: Amount, tax_class: int, *, inclusive: bool) -> list[TaxPart]:
    """The tax that follows from two prices that the caller gave."""
    if not net.tax:
        return []
    rate = rounded(net.tax * HUNDRED / net.ex, FOUR) if net.ex else ZERO
    return [TaxPart(net.tax, rate, tax_class, ITS_OWN, 0, inclusive)]
