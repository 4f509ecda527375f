"""The combination of option values of a variant: read from ids or names, and updated when names change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults
from bodega.resources.catalog import variants
from bodega.resources.catalog.options import option, product_option
from bodega.resources.catalog.variants import OptionValue, Variant
from bodega.storage import query
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

TABLE = variants.TABLE


class NamedValue(NamedTuple):
    """A value that a variant names: its id, its option, and its label."""

    id: int
    option_id: int
    label: str


class OptionChoice(NamedTuple):
    """An option of a product: its V3 id, the option behind it, and its name for shoppers."""

    id: int
    option_id: int
    display_name: str


async def choices(unit: Unit, product_id: int) -> list[OptionChoice]:
    """What a variant of the product needs a value for: its options, not its modifiers."""
    test = "product_id = $1 AND NOT is_modifier"
    asked = await query.entities(unit.tx, product_option.TABLE, test, product_id, order="sort_order, id")
    return [OptionChoice(item.id, item.option_id, item.display_name) for item in asked]


async def values_named(unit: Unit, asked: Sequence[OptionChoice], given: Sequence[OptionValue]) -> list[NamedValue]:
    """Those values of the options that are named, by id or by label."""
    options = list(dict.fromkeys(item.option_id for item in asked))
    ids = [value.id for value in given if value.id]
    labels = [caseless(value.label) for value in given if not value.id]
    tests = []
    if ids:
        tests.append(f"id IN ({numbered_placeholders(len(ids), len(options) + 1)})")
    if labels:
        tests.append(f"label_key IN ({numbered_placeholders(len(labels), len(options) + len(ids) + 1)})")
    if not options or not tests:
        return []
    sql = (
        f"SELECT id, option_id, label FROM option_values WHERE option_id IN ({numbered_placeholders(len(options))})"
        f" AND ({' OR '.join(tests)})"
    )
    return await query.named(unit.tx, NamedValue, sql, *options, *ids, *labels)


@depends_on("option_values")
async def require_value_per_option(
    unit: Unit, changes: dict[str, Any], old: Variant | None, _notes: list[Fault]
) -> None:
    """Rules 55 and 57: a variant has one value of every option of its product."""
    given = changes.get("option_values")
    if given is None:
        return
    if old is not None and {value.id for value in given} == {value.id for value in old.option_values}:
        del changes["option_values"]  # sent back unchanged
        return
    if old is not None and old.is_base:
        raise _refuse(["the base variant has no options: create variants for the others"])
    product_id = changes["product_id"] if old is None else old.product_id
    if old is None:
        await _be_there(unit, product_id)
    asked = await choices(unit, product_id)
    changes["option_values"] = _matched(asked, given, await values_named(unit, asked, given))


async def _be_there(unit: Unit, product_id: int) -> None:
    """A missing product is reported as missing (rule 44), and not as one without options."""
    if await unit.tx.row("SELECT 1 FROM products WHERE id = $1", product_id) is None:
        message = "The product does not exist."
        details = {"conflict_reason": message, "invalid_reason": message, "missing_ids": [product_id]}
        raise refuse_faults([Fault(Reason.DANGLING_REFERENCE, "product_id", message, details)])


def _matched(
    asked: Sequence[OptionChoice], given: Sequence[OptionValue], there: Sequence[NamedValue]
) -> list[OptionValue]:
    """The values in the order of the options. Raises a Refusal that names everything that does not match."""
    answers: dict[int, OptionValue] = {}
    wrong: list[str] = []
    for value in given:
        meant = _meant(asked, value, there)
        message = value.label or f"value {value.id}"
        if meant is None:
            wrong.append(f"{message} answers no option of the product")
            continue
        found = [item for item in there if item.option_id == meant.option_id and _is_named(item, value)]
        if not found:
            wrong.append(f"the option {meant.display_name} has no {message}")
        elif meant.id in answers:
            wrong.append(f"the option {meant.display_name} is answered twice")
        else:
            answers[meant.id] = OptionValue(
                id=found[0].id, label=found[0].label, option_id=meant.id, option_display_name=meant.display_name
            )
    wrong += [
        f"the option {item.display_name} is not answered"
        for item in asked
        if item.id not in answers and not any(_meant(asked, value, there) == item for value in given)
    ]
    if not asked and not given:
        wrong.append("must name a value of every option, and the product has none")
    if wrong:
        raise _refuse(wrong)
    return [answers[item.id] for item in asked]


def _meant(asked: Sequence[OptionChoice], value: OptionValue, there: Sequence[NamedValue]) -> OptionChoice | None:
    """The option of a value: by its id, else by its name, else by the value itself."""
    if value.option_id:
        return next((item for item in asked if item.id == value.option_id), None)
    if value.option_display_name:
        name = caseless(value.option_display_name)
        return next((item for item in asked if caseless(item.display_name) == name), None)
    of = [found.option_id for found in there if value.id and found.id == value.id]
    return next((item for item in asked if item.option_id in of), None)


def _is_named(found: NamedValue, value: OptionValue) -> bool:
    return found.id == value.id if value.id else caseless(found.label) == caseless(value.label)


def _refuse(wrong: Sequence[str]) -> Refusal:
    why = f"option_values: {'; '.join(wrong)}."
    message = "The field 'option_values' is invalid."
    return refuse_faults([Fault(Reason.FIELD_INVALID, "option_values", message, {"invalid_reason": why})])


async def update_value_labels(unit: Unit, old: option.Value | None, new: option.Value) -> None:
    """Updates the label of a value in its variants."""
    if old is None or old.label == new.label:
        return
    using = "id IN (SELECT variant_id FROM variant_option_values WHERE value_id = $1)"
    rows = await unit.where(TABLE, using, new.id)
    for row in rows:
        for value in row.entity.option_values:
            if value.id == new.id:
                value.label = new.label
    await unit.rewrite(TABLE, *rows)


async def update_option_names(
    unit: Unit, old: product_option.ProductOption | None, new: product_option.ProductOption
) -> None:
    """Updates the display name of an option in its variants."""
    if old is None or old.display_name == new.display_name:
        return
    sold = await unit.where(TABLE, "product_id = $1 AND NOT is_base", new.product_id)
    rows = [row for row in sold if _names(row.entity, new)]
    await unit.rewrite(TABLE, *rows)


def _names(variant: Variant, asked: product_option.ProductOption) -> bool:
    named = [value for value in variant.option_values if value.option_id == asked.id]
    for value in named:
        value.option_display_name = asked.display_name
    return bool(named)


async def delete_variants_of_values(unit: Unit, ids: Sequence[int]) -> None:
    """Deletes the variants that have a deleted value."""
    placeholders = numbered_placeholders(len(ids))
    sql = f"SELECT DISTINCT variant_id FROM variant_option_values WHERE value_id IN ({placeholders})"
    await unit.delete(TABLE, await query.values(unit.tx, sql, *ids))


async def delete_variants_of_options(unit: Unit, ids: Sequence[int]) -> None:
    """Deletes the variants that have a value of a deleted option: without it some would be equal."""
    placeholders = numbered_placeholders(len(ids))
    sql = (
        "SELECT DISTINCT l.variant_id FROM product_options p JOIN option_values o ON o.option_id = p.option_id"
        " JOIN variant_option_values l ON l.value_id = o.id JOIN variants v ON v.id = l.variant_id"
        f" AND v.product_id = p.product_id WHERE p.id IN ({placeholders})"
    )
    await unit.delete(TABLE, await query.values(unit.tx, sql, *ids))
