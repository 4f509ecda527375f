"""Tax that is rounded once: the tax of the whole quote is that of all its fractions, and each cost has its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from msgspec.structs import replace

from bodega.domain.pricing.adjustments import ZERO
from bodega.domain.pricing.amounts import rounded
from bodega.domain.pricing.basket import AnsweredKind, AnsweredTax, TaxAnswer, TaxPolicy, TaxRate
from bodega.domain.pricing.quote import Cost, Quote
from bodega.domain.pricing.tax import ITS_OWN, combined, parts_of


def exactly(policy: TaxPolicy, made: Quote, places: int) -> TaxPolicy:
    """The policy by which the same basket, quoted again, is taxed exactly. What is stated or answered stays."""
    costs = list(_costs(made))
    times = Counter(key for key, _ in costs)  # a charge without a name of its own cannot be answered for
    found = [
        (key, cost, rates)
        for key, cost in costs
        if times[key] == 1 and key not in policy.answers and (rates := _rates(cost))
    ]  # fmt: skip
    exact = [_exact(cost, combined(rates), inclusive=policy.inclusive) for _, cost, rates in found]
    whole = rounded(sum(exact, ZERO), places)
    least = [rounded(part - part % Decimal(1).scaleb(-places), places) for part in exact]
    more = _dealt(whole - sum(least, ZERO), [part - low for part, low in zip(exact, least, strict=True)], places)
    answers = dict(policy.answers)
    for (key, cost, rates), low, extra in zip(found, least, more, strict=True):
        tax = low + extra
        parts = parts_of(tax, rates, cost.tax_class, places, inclusive=policy.inclusive)
        answers[key] = TaxAnswer(
            tax=tax,
            rate=combined(rates),
            parts=tuple(AnsweredTax(one.amount, one.rate, one.name, one.source, one.tax_class, one.priority)
                        for one in parts),
            own=True,
        )  # fmt: skip
    return replace(policy, answers=answers, exact=False)


def _costs(made: Quote) -> Iterator[tuple[tuple[AnsweredKind, str], Cost]]:
    for line in made.lines:
        yield ("item", line.key), line.cost
        if line.wrapping is not None:
            yield ("wrapping", line.key), line.wrapping
    for one in made.consignments:
        yield ("shipping", one.key), one.shipping
        yield ("handling", one.key), one.handling
    for cost in made.other_wrapping:
        yield ("wrapping", cost.key), cost
    for cost in made.fees:
        yield ("fee", cost.key), cost


def _rates(cost: Cost) -> list[TaxRate]:
    """The rates of a cost, in the order in which its taxes are told; none of one whose tax was stated."""
    if any(part.name == ITS_OWN for part in cost.taxes):
        return []
    return [TaxRate(part.rate, part.name, part.source, part.priority) for part in cost.taxes]


def _exact(cost: Cost, rate: Decimal, *, inclusive: bool) -> Decimal:
    return cost.net.inc * rate / (100 + rate) if inclusive else cost.net.ex * rate / 100


def _dealt(left: Decimal, lost: list[Decimal], places: int) -> list[Decimal]:
    """The coins that rounding down left over, one each to those that lost most."""
    step = Decimal(1).scaleb(-places)
    most = sorted(range(len(lost)), key=lambda place: -lost[place])[: int(left / step)]
    return [step if place in most else ZERO for place in range(len(lost))]
