"""Which rules of a product change its price, for the choices of a shopper (rule 65)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from bodega.domain.pricing.basket import PriceAdjuster
from bodega.resources.catalog.options.rule import Rule


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
