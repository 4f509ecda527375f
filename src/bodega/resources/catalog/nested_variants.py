"""Variants in the body of a product, with the options and values that they name first."""

from __future__ import annotations

from bodega.kit.body import Changes
from bodega.kit.v3_shape import Nested
from bodega.kit.write import create_one, rows_of
from bodega.law.refusal import Fault
from bodega.resources.catalog import variants
from bodega.resources.catalog.combinations import OptionChoice, choices, values_named
from bodega.resources.catalog.options import product_options
from bodega.resources.catalog.product import Product
from bodega.resources.catalog.variants import OptionValue
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

TYPE = "radio_buttons"
"""The type of an option that a variant created, since the body names none."""

_write = rows_of(variants.OF_PRODUCT)


async def write(unit: Unit, parent: Product, drafts: list[Changes], notes: list[Fault]) -> None:
    """Writes the variants in a product's body. A new option or value that is only given by name is created."""
    named = [value for draft in drafts for value in draft.get("option_values") or []]
    words = [value for value in named if not value.id and not value.option_id and value.option_display_name]
    if words:
        await _make_what_is_new(unit, parent, words, notes)
    await _write(unit, parent, drafts, notes)


async def _make_what_is_new(unit: Unit, parent: Product, words: list[OptionValue], notes: list[Fault]) -> None:
    """A value is only added to the product's own options: the others are shared."""
    known = {caseless(item.display_name): item for item in await choices(unit, parent.id)}
    for value in words:
        if caseless(value.option_display_name) not in known:
            made = await _make_option(unit, parent, value.option_display_name, len(known), notes)
            known[caseless(made.display_name)] = made
    there = await values_named(unit, list(known.values()), words)
    labels = {(option_id, caseless(label)) for _, option_id, label in there}
    own = set(await query.values(unit.tx, "SELECT id FROM options WHERE product_id = $1", parent.id))
    for value in words:
        key = (known[caseless(value.option_display_name)].option_id, caseless(value.label))
        if value.label and key not in labels and key[0] in own:
            labels.add(key)
            place = sum(1 for option_id, _ in labels if option_id == key[0]) - 1
            new = {"label": value.label, "option_id": key[0], "sort_order": place}
            await create_one(unit, product_options.V3_VALUES, new, notes)


async def _make_option(unit: Unit, parent: Product, display_name: str, place: int, notes: list[Fault]) -> OptionChoice:
    wanted = {"product_id": parent.id, "display_name": display_name, "type": TYPE, "sort_order": place}
    made = (await create_one(unit, product_options.V3, wanted, notes)).entity
    return OptionChoice(made.id, made.option_id, display_name)


NESTED = Nested(variants.SHAPE, write, maximum=variants.MAXIMUM)
