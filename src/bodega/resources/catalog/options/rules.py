"""Product rules of V2 and complex rules of V3: two forms of one table (rule 65)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from bodega.kit.actions import Delete, ShowItem, Update
from bodega.kit.bounds import AtMost
from bodega.kit.complaint import Misfit, typed
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import recognize_own_files
from bodega.kit.fields import FILE_PATH, INT32, FieldType
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item, route
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome
from bodega.resources.catalog import product, stock_keeping
from bodega.resources.catalog.options.rule import (
    MAX_CONDITIONS,
    TABLE,
    Adjuster,
    Rule,
    RuleCondition,
    check_complex_rule,
    derive_kind,
    forget,
    shift_rules,
)
from bodega.resources.catalog.variants import SKU_OFFSET
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"
MEMBERS = {"product_option_id": "modifier_id", "option_value_id": "modifier_value_id", "sku_id": "variant_id"}


def _show_conditions(conditions: list[RuleCondition]) -> list[dict[str, int | None]]:
    shown = [{v2: getattr(one, field) for v2, field in MEMBERS.items()} for one in conditions]
    for one in shown:
        one["sku_id"] = one["sku_id"] and one["sku_id"] + SKU_OFFSET
    return shown


def _read_conditions(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("must be a list of objects")
    return [_read_condition(one) for one in value]


def _read_condition(members: dict[str, Any]) -> dict[str, Any]:
    made = {}
    for name, field in MEMBERS.items():
        given = members.get(name)
        if given in (None, "", 0, "0"):
            continue
        number = int(given) if isinstance(given, str) and given.isascii() and given.isdigit() else given
        if type(number) is not int or not 0 < number <= INT32:
            raise Misfit(f"must have a {name} that is a whole number from 1 to {INT32}", f".{name}")
        made[field] = number
    if "variant_id" in made:
        if len(made) > 1:
            raise ValueError("must each have either a sku_id, or a product_option_id and an option_value_id")
        if made["variant_id"] <= SKU_OFFSET:
            raise ValueError("must each have the sku_id of a SKU of the product")
        made["variant_id"] -= SKU_OFFSET
    return made


def _show_adjuster(adjuster: Adjuster | None) -> dict[str, Any] | None:
    return {"adjuster": adjuster.adjuster, "adjuster_value": adjuster.adjuster_value} if adjuster else None


def _read_adjuster(value: Any) -> Any:
    return None if value in (None, "") else typed(value, Adjuster)


class ConditionMembers(msgspec.Struct):
    """A condition by V2's names."""

    product_option_id: int | None = None
    option_value_id: int | None = None
    sku_id: int | None = None


_Members = Annotated[list[ConditionMembers], AtMost(MAX_CONDITIONS)]
CONDITIONS = FieldType(
    "array",
    _show_conditions,
    _read_conditions,
    lambda value: value,
    holds=_Members,
)
ADJUSTER = FieldType("object", _show_adjuster, _read_adjuster, lambda value: value, holds=Adjuster)

v2 = V2Shape(
    Rule,
    "rules",
    "rule",
    "id! product_id! sort_order is_enabled is_stop price_adjuster weight_adjuster is_purchasing_disabled"
    " purchasing_disabled_message is_purchasing_hidden image_file conditions*",
    {
        "is_enabled": Alias("enabled"),
        "is_stop": Alias("stop"),
        "price_adjuster": Alias("price_adjuster", ADJUSTER),
        "weight_adjuster": Alias("weight_adjuster", ADJUSTER),
        "is_purchasing_disabled": Alias("purchasing_disabled"),
        "is_purchasing_hidden": Alias("purchasing_hidden"),
        "image_file": Alias("image_url", FILE_PATH),
        "conditions": Alias("conditions", CONDITIONS),
    },
)
v3 = V3Shape(Rule, required="conditions", read_only="id product_id", hidden="kind")

OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2, TABLE, Listing(TABLE, 2, "min_id max_id"), SCOPE, "products/{}/rules", v2=v2, parents=OF_PRODUCT
)  # fmt: skip
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id"), SCOPE, "", v2=v2)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=v3.shown),
    SCOPE,
    "catalog/products/{}/complex-rules",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
    only={"kind": "complex"},
)


class AddConditions(Update):
    """Rule 65: V2's PUT adds conditions to those of a rule; V3 may then be unable to express it."""

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        if "conditions" not in write.draft:
            return await super().perform(unit, context, write)
        row = await unit.get(TABLE, write.found.entity_id)
        had = row.entity.conditions if row is not None else []
        draft = {**write.draft, "conditions": [*had, *write.draft["conditions"]], "kind": ""}
        return await super().perform(unit, context, msgspec.structs.replace(write, draft=draft))


routes = (
    collection("products/{product_id}/rules", V2, "GET POST DELETE"),
    route("products/{product_id}/rules/{id}", 2, v2, GET=ShowItem(V2), PUT=AddConditions(V2), DELETE=Delete(V2)),
    count("products/{product_id}/rules/count", V2),
    count("products/rules/count", ALL),
    collection("catalog/products/{product_id}/complex-rules", V3, "GET POST"),
    item("catalog/products/{product_id}/complex-rules/{id}", V3),
)


async def remove_options_from_rules(unit: Unit, ids: Sequence[int]) -> None:
    """Removes options that a product no longer has from its rules."""
    await forget(unit, "modifier_id", ids)


async def remove_values_from_rules(unit: Unit, ids: Sequence[int]) -> None:
    """Removes values that an option no longer has from rules."""
    await forget(unit, "modifier_value_id", ids)


async def remove_variants_from_rules(unit: Unit, ids: Sequence[int]) -> None:
    """Removes variants that no longer exist from rules."""
    await forget(unit, "variant_id", ids)


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(
                recognize_own_files(TABLE),
                check_complex_rule,
            ),
            before_write=(
                derive_kind,
                shift_rules,
            ),
            after_write=(stock_keeping.price_variants_by_rule,),
            before_delete=(stock_keeping.price_variants_without_rules,),
        ),
    ),
    routes=routes,
)
