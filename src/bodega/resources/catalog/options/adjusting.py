"""Which rules of a product change its price, for the choices of a shopper (rule 65)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from bodega.domain.pricing.amounts import FOUR, rounded
from bodega.domain.pricing.basket import PriceAdjuster
from bodega.domain.pricing.catalogue import Price, chosen_price
from bodega.resources.catalog.options.rule import TABLE, Rule
from bodega.storage import query
from bodega.storage.unit import Unit


def adjusters_of(rules: Iterable[Rule], answers: Mapping[int, str], variant_id: int) -> tuple[PriceAdjuster, ...]:
    """The price adjustments by a product's rules: in their order, until one that stops processing.

    `answers` are values by the id of the product's option or modifier.
    """
    made: list[PriceAdjuster] = []
    for rule in rules:
        if not rule.enabled or not meets(rule, answers, variant_id):
            continue
        if rule.price_adjuster:
            kind, value = rule.price_adjuster.adjuster, rule.price_adjuster.adjuster_value
            made.append(PriceAdjuster(str(kind), Decimal(str(value)), rule.id))
        if rule.stop:
            break
    return tuple(made)


def meets(rule: Rule, answers: Mapping[int, str], variant_id: int) -> bool:
    """Conditions of one option are alternatives; those of different ones must all be met."""
    wanted: dict[int, list[bool]] = {}
    for condition in rule.conditions:
        if condition.variant_id:
            wanted.setdefault(0, []).append(condition.variant_id == variant_id)
        else:
            met = answers.get(condition.modifier_id or 0) == str(condition.modifier_value_id)
            wanted.setdefault(condition.modifier_id or 0, []).append(met)
    return all(any(alternatives) for alternatives in wanted.values())


class Valued(Protocol):
    """A variant's value of one of its product's options."""

    id: int
    option_id: int


async def rules_of_variants(unit: Unit, product_id: int, without: Collection[int] = ()) -> list[Rule]:
    """The rules that may change the prices of a product's variants, in order: not those of one modifier's value."""
    if not unit.statistics.total(TABLE.name):
        return []
    test = "product_id = $1 AND kind <> 'adjuster'"
    found = await query.entities(unit.tx, TABLE, test, product_id, order="sort_order, id")
    return [rule for rule in found if rule.id not in without]


def variant_price(price: Decimal, rules: Iterable[Rule], values: Iterable[Valued], variant_id: int) -> Decimal:
    """The price of a variant after the rules that its own values and itself meet: no modifier is chosen yet."""
    answers = {value.option_id: str(value.id) for value in values}
    found = adjusters_of(rules, answers, variant_id)
    return rounded(chosen_price(Price(price), found, Decimal(1)).amount, FOUR) if found else price
