"""A product rule as it is stored: what changes when a shopper chooses (rule 65).

One table serves three forms. V2 shows every rule. A rule with one condition, a modifier's value, is what V3 calls the
adjusters of that value. One with two modifiers or more, or a variant and a modifier, is a V3 complex rule.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FOUR_PLACES, MAXIMUM, FileUrl, Id, Line, SortOrder
from bodega.law.refusal import Fault
from bodega.resources.catalog import product
from bodega.resources.catalog.options.option import invalid
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import Link, Reference, Unique, numbered_placeholders
from bodega.storage.unit import Unit

MAX_CONDITIONS = 1000


class Adjuster(msgspec.Struct, kw_only=True):
    """How a price or a weight changes: by an amount or by a percentage. Empty if it does not."""

    adjuster: Literal["relative", "percentage"] | UnsetType | None = UNSET
    adjuster_value: Decimal | UnsetType = UNSET

    def __post_init__(self) -> None:
        if not self.adjuster:
            if self.adjuster_value:
                raise ValueError("must have an adjuster, relative or percentage")
            self.adjuster = self.adjuster_value = UNSET
            return
        if self.adjuster_value is UNSET:
            raise ValueError("must have an adjuster_value")
        try:
            if not abs(self.adjuster_value) <= MAXIMUM:
                raise ValueError(f"must have an adjuster_value from -{MAXIMUM} to {MAXIMUM}")
            number = self.adjuster_value.quantize(FOUR_PLACES)
        except (InvalidOperation, ArithmeticError):
            raise ValueError("must have a number as its adjuster_value") from None
        whole = number.to_integral_value()
        self.adjuster_value = Decimal(int(whole)) if whole == number else number.normalize()

    def __bool__(self) -> bool:
        return bool(self.adjuster)


class RuleCondition(msgspec.Struct, kw_only=True):
    """A value of an option or modifier is chosen, or a variant."""

    id: int | None = None
    rule_id: int | None = None
    modifier_id: Id | None = None
    modifier_value_id: Id | None = None
    variant_id: Id | None = None
    combination_id: int = 0

    @property
    def key(self) -> tuple[int, int, int]:
        """What identifies the condition."""
        return (self.modifier_id or 0, self.modifier_value_id or 0, self.variant_id or 0)


class Rule(Entity, kw_only=True):
    """Conditions of one option or modifier are alternatives; those of different ones must all be met."""

    product_id: Id = 0
    sort_order: SortOrder = 0
    enabled: bool = True
    stop: bool = False
    purchasing_disabled: bool = False
    purchasing_disabled_message: Line = ""
    purchasing_hidden: bool = False
    image_url: FileUrl = ""
    price_adjuster: Adjuster | None = None
    weight_adjuster: Adjuster | None = None
    conditions: Annotated[list[RuleCondition], AtMost(MAX_CONDITIONS)]
    kind: Literal["", "adjuster", "complex"] = ""

    @property
    def does_something(self) -> bool:
        """Whether the rule has any effect for a shopper."""
        changes = self.price_adjuster or self.weight_adjuster or self.image_url
        return bool(changes or self.purchasing_disabled or self.purchasing_disabled_message or self.purchasing_hidden)


def key_of(conditions: Iterable[RuleCondition]) -> str:
    """The same for the same conditions, whatever their order."""
    return sha256(repr(sorted(item.key for item in conditions)).encode()).hexdigest()


def _only(rule: Rule) -> RuleCondition | None:
    return rule.conditions[0] if rule.kind == "adjuster" else None


def _named(member: str) -> Callable[[Rule], list[int]]:
    return lambda rule: [getattr(item, member) for item in rule.conditions if getattr(item, member)]


GONE = "The conditions name what does not exist."
TABLE = stored(
    "product_rules",
    Rule,
    noun="rule",
    columns="product_id sort_order kind",
    computed={
        "conditions_key": ("TEXT", lambda rule: key_of(rule.conditions)),
        "modifier_id": ("INTEGER", lambda rule: getattr(_only(rule), "modifier_id", None)),
        "modifier_value_id": ("INTEGER", lambda rule: getattr(_only(rule), "modifier_value_id", None)),
    },
    indexed="modifier_id",
    hidden="kind",
    uniques=[Unique(("product_id", "conditions_key"), "conditions", "The product has a rule of these conditions.")],
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
    links=[
        Link("product_rule_options", "rule_id", "product_option_id", "product_options", "conditions", GONE,
             _named("modifier_id")),
        Link("product_rule_values", "rule_id", "option_value_id", "option_values", "conditions", GONE,
             _named("modifier_value_id")),
        Link("product_rule_variants", "rule_id", "variant_id", "variants", "conditions", GONE, _named("variant_id")),
    ],
)  # fmt: skip


def apart(conditions: Iterable[RuleCondition]) -> list[RuleCondition]:
    """Checks that each condition names one value or variant, and drops repeated ones. Raises Refusal."""
    found: dict[tuple[int, int, int], RuleCondition] = {}
    for item in conditions:
        if bool(item.modifier_id) != bool(item.modifier_value_id) or not (item.modifier_id or item.variant_id):
            raise invalid("conditions", "must each name a value together with its option or modifier, or a variant")
        parts = [RuleCondition(id=item.id, variant_id=item.variant_id)] if item.variant_id else []
        if item.modifier_id:
            parts.append(
                RuleCondition(id=item.id, modifier_id=item.modifier_id, modifier_value_id=item.modifier_value_id)
            )
        found |= {part.key: part for part in reversed(parts) if part.key not in found}
    if not found:
        raise invalid("conditions", "must not be empty")
    if len(found) > MAX_CONDITIONS:
        raise invalid("conditions", f"must be at most {MAX_CONDITIONS}")
    return list(found.values())


async def kind_of(unit: Unit, rule: Rule) -> Literal["", "adjuster", "complex"]:
    """Its kind in V3; "" if V3 cannot express it. Raises Refusal if a condition names what the product does not
    have."""
    options = {
        product_option: (option, is_modifier)
        for product_option, option, is_modifier in await unit.tx.rows(
            "SELECT id, option_id, is_modifier FROM product_options WHERE product_id = $1", rule.product_id
        )
    }
    values = await _known(unit, "SELECT id, option_id FROM option_values", _named("modifier_value_id")(rule))
    sold = await _known(unit, "SELECT id, product_id FROM variants", _named("variant_id")(rule))
    sayable, modifiers, chosen = True, 0, 0
    for item in rule.conditions:
        if item.variant_id:
            if sold.get(item.variant_id) != rule.product_id:
                raise invalid("conditions", "must name variants of the product")
            chosen += 1
            continue
        behind, is_modifier = options.get(item.modifier_id, (0, False))
        if not behind or values.get(item.modifier_value_id) != behind:
            raise invalid("conditions", "must name options and modifiers of the product, each with one of its values")
        sayable = sayable and bool(is_modifier)
        modifiers += 1
    if not sayable:
        return ""
    if modifiers >= 2 or (modifiers and chosen):
        return "complex"
    return "adjuster" if modifiers else ""


async def _known(unit: Unit, select: str, ids: Collection[int]) -> dict[Any, int]:
    if not ids:
        return {}
    return await query.pairs(unit.tx, f"{select} WHERE id IN ({numbered_placeholders(len(ids))})", *ids)


async def check_complex_rule(unit: Unit, changes: dict[str, Any], old: Rule | None, _notes: list[Fault]) -> None:
    """Rule 65: a V3 complex rule names two modifiers or more, or a variant and a modifier."""
    if "conditions" in changes:
        changes["conditions"] = apart(changes["conditions"])
    if changes.get("kind", old.kind if old is not None else "") == "complex" and "conditions" in changes:
        product_id = old.product_id if old is not None else changes["product_id"]
        wanted = Rule(product_id=product_id, conditions=changes["conditions"])
        if await kind_of(unit, wanted) != "complex":
            raise invalid(
                "conditions", "must name at least two values of modifiers, or a variant and one of a modifier"
            )
    if old is None and "sort_order" not in changes:
        changes["sort_order"] = await next_place(unit, changes["product_id"])


async def next_place(unit: Unit, product_id: int) -> int:
    """The place after the product's other rules."""
    last = await query.value(unit.tx, "SELECT max(sort_order) FROM product_rules WHERE product_id = $1", product_id)
    return 0 if last is None else min(last + 1, 2_147_483_647)


async def derive_kind(unit: Unit, old: Rule | None, new: Rule) -> None:
    """Derives the rule's kind in V3 from its conditions; each condition has a number that it keeps."""
    new.kind = await kind_of(unit, new)
    new.price_adjuster = new.price_adjuster or Adjuster()
    new.weight_adjuster = new.weight_adjuster or Adjuster()
    rule_id = new.id or unit.statistics.next_id(TABLE.name)
    known = {item.key: item.id for item in old.conditions} if old is not None else {}
    new.conditions = [
        replace(
            item,
            id=known.get(item.key) or unit.statistics.enter("product_rule_conditions", unit.now)[0],
            rule_id=rule_id,
            combination_id=item.variant_id or 0,
        )
        for item in new.conditions
    ]


async def shift_rules(unit: Unit, old: Rule | None, new: Rule) -> None:
    """Rule 65: a rule that is moved shifts those in between, so that each has a place of its own."""
    if old is not None and old.sort_order == new.sort_order:
        return
    sql = "SELECT 1 FROM product_rules WHERE product_id = $1 AND sort_order = $2 AND id <> $3"
    if await unit.tx.row(sql, new.product_id, new.sort_order, new.id) is None:
        return
    low, high, step = new.sort_order, 2_147_483_646, 1
    if old is not None and old.sort_order > new.sort_order:
        high = old.sort_order - 1
    elif old is not None:
        low, high, step = old.sort_order + 1, new.sort_order, -1
    between = "product_id = $1 AND id <> $2 AND sort_order >= $3 AND sort_order <= $4"
    for row in await unit.where(TABLE, between, new.product_id, new.id, low, high):
        row.entity.sort_order += step
        await unit.rewrite(TABLE, row)


# What rules name may change or be deleted.


async def _naming(unit: Unit, member: str, ids: Collection[int]) -> list[Row]:
    """The rules whose conditions name these options, values or variants."""
    link = {"modifier_id": TABLE.links[0], "modifier_value_id": TABLE.links[1], "variant_id": TABLE.links[2]}[member]
    named = f"SELECT rule_id FROM {link.name} WHERE {link.member} IN ({numbered_placeholders(len(ids))})"
    return await unit.where(TABLE, f"id IN ({named})", *ids)


async def swap_values(unit: Unit, product_option_id: int, moved: Mapping[int, int]) -> None:
    """Rule 63: an option now has values of its own; `moved` gives the new id of each."""
    for row in await _naming(unit, "modifier_id", [product_option_id]):
        conditions = [
            replace(item, modifier_value_id=moved.get(item.modifier_value_id or 0, item.modifier_value_id))
            if item.modifier_id == product_option_id
            else item
            for item in row.entity.conditions
        ]
        await unit.update(TABLE, row, replace(row.entity, conditions=conditions))


async def forget(unit: Unit, member: str, ids: Collection[int]) -> None:
    """Options, values or variants are deleted. A rule with other alternatives keeps those, any other is deleted too."""
    for row in await _naming(unit, member, ids):
        rule: Rule = row.entity
        if (product.TABLE.name, rule.product_id) in unit.leaving:
            continue  # it is deleted with the product
        left = [item for item in rule.conditions if getattr(item, member) not in ids]
        same = {item.modifier_id for item in left} == {item.modifier_id for item in rule.conditions}
        taken = "SELECT 1 FROM product_rules WHERE product_id = $1 AND conditions_key = $2"
        if not same or await unit.tx.row(taken, rule.product_id, key_of(left)) is not None:
            await unit.delete(TABLE, [rule.id])
        else:
            await unit.update(TABLE, row, replace(rule, conditions=left))
