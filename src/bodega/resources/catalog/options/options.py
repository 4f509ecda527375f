"""V2's options and their values, which products share, and the rules for both versions."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.filters import Filter
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import EnumAlias, Linked
from bodega.kit.v2_shape import V2Shape
from bodega.law.refusal import Fault, Refusal
from bodega.resources.catalog import product
from bodega.resources.catalog.options import product_option
from bodega.resources.catalog.options.option import (
    CHOICES,
    TABLE,
    V2_TYPES,
    VALUES,
    WITHOUT_VALUES,
    Option,
    Value,
    invalid,
)
from bodega.resources.catalog.options.value_data import from_data, from_text
from bodega.storage.conflicts import dangling
from bodega.storage.query import Row
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"
V3_TYPES = {v2: v3 for v3, v2 in V2_TYPES.items()}


def _type(text: str) -> str:
    if text.upper() not in V3_TYPES:
        raise ValueError("must be one of " + ", ".join(V3_TYPES))
    return V3_TYPES[text.upper()]


v2 = V2Shape(
    Option,
    "options",
    "option",
    "id! display_name values! name* type*",
    {"type": EnumAlias("type", V2_TYPES), "values": Linked("/options/{e.id}/values")},
)
v2_values = V2Shape(Value, "values", "value", "id! option_id! label* sort_order value* is_default")

V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id name display_name", mapped={"type": Filter("type", "eq", _type)}),
    SCOPE,
    "options",
    v2=v2,
)
V2_VALUES = Endpoint(
    2,
    VALUES,
    Listing(VALUES, 2, "min_id max_id label"),
    SCOPE,
    "options/{}/values",
    v2=v2_values,
    parents=(Parent("option_id", TABLE),),
)
ALL_VALUES = Endpoint(2, VALUES, Listing(VALUES, 2, "min_id max_id label"), SCOPE, "", v2=v2_values)

routes = (
    collection("options", V2, "GET POST DELETE"),
    item("options/{id}", V2),
    count("options/count", V2),
    collection("options/{option_id}/values", V2_VALUES, "GET POST DELETE"),
    item("options/{option_id}/values/{id}", V2_VALUES),
    collection("options/values", ALL_VALUES, "GET"),
    item("options/values/{id}", ALL_VALUES),
)


# Options.


async def default_display_name(_unit: Unit, _old: Option | None, new: Option) -> None:
    """Rule 59: without a display name, shoppers see the name of the option."""
    new.display_name = new.display_name or new.name


_MEANING = {"product_list": "product", "product_list_with_images": "product", "swatch": "swatch", "checkbox": "state"}


async def check_type_change(unit: Unit, old: Option | None, new: Option) -> None:
    """A type can change only if the values keep their meaning, or if there are none."""
    if old is None or old.type == new.type:
        return
    same = new.type not in WITHOUT_VALUES and _MEANING.get(old.type) == _MEANING.get(new.type)
    if not same and await unit.tx.row("SELECT 1 FROM option_values WHERE option_id = $1", new.id) is not None:
        raise invalid("type", "cannot be this one, since the values of the option would have no meaning")
    if new.product_id and new.type not in CHOICES:
        sql = "SELECT 1 FROM product_options WHERE option_id = $1 AND NOT is_modifier"
        if await unit.tx.row(sql, new.id) is not None:
            raise invalid("type", "must be a choice, since variants are told apart by it")


async def create_checkbox_values(unit: Unit, old: Option | None, new: Option) -> None:
    """A box is ticked or empty: a new checkbox gets both values."""
    if new.type != "checkbox" or (old is not None and old.type == "checkbox"):
        return
    ticked = bool(new.config.get("checked_by_default"))
    for place, (label, state) in enumerate((("Yes", True), ("No", False))):
        made = Value(
            label=label, sort_order=place, value_data={"checked_value": state}, is_default=state == ticked,
            option_id=new.id, value="1" if state else "0",
        )  # fmt: skip
        await unit.insert(VALUES, made)


async def update_products(unit: Unit, old: Option | None, new: Option) -> None:
    """Updates what products show of an option; the display name of a shared one is the option set's."""
    if old is None:
        return
    for row in await unit.where(product_option.TABLE, "option_id = $1", new.id):
        mine = row.entity
        told = replace(mine, name=new.name, type=new.type, config=new.config)
        if new.product_id:
            told = replace(told, display_name=new.display_name)
        elif new.type != old.type:
            told = replace(told, is_modifier=new.type not in CHOICES)
        if told != mine:
            await unit.update(product_option.TABLE, row, told)


# Values.


async def check_value_data(unit: Unit, changes: dict[str, Any], old: Value | None, _notes: list[Fault]) -> None:
    """Rule 60: what a value may be depends on the type of its option; V2 sends text, V3 data."""
    option_id = old.option_id if old is not None else changes.get("option_id", 0)
    row = await unit.get(TABLE, option_id)
    if row is None:
        return  # the reference is checked by the database
    kind = row.entity.type
    if kind in WITHOUT_VALUES:
        raise invalid("type", "is one that shoppers fill in: it has no values")
    if old is not None and not {"value", "value_data"} & changes.keys():
        if old.value == old.label and old.value_data is None:
            changes["value"] = changes.get("label", old.label)
        return
    field = "value" if "value" in changes else "value_data"
    try:
        if "value" in changes:
            data, text = from_text(kind, changes["value"])
        else:
            data, text = from_data(kind, changes.get("value_data"), changes.get("label") or (old.label if old else ""))
    except ValueError as error:
        raise invalid(field, str(error)) from None
    changes["value_data"], changes["value"] = data, text
    await _one_value_a_state(unit, data, field, option_id, old)
    await _name_a_product(unit, data, field)


async def _one_value_a_state(
    unit: Unit, data: dict[str, Any] | None, field: str, option_id: int, old: Value | None
) -> None:
    """A checkbox has one value for each of its two states."""
    if data is None or "checked_value" not in data:
        return
    mine = old.id if old is not None else 0
    if any(row.entity.value_data == data and row.entity.id != mine for row in await values_of(unit, option_id)):
        raise invalid(field, "must be a state of the checkbox that has no value yet")


async def _name_a_product(unit: Unit, data: dict[str, Any] | None, field: str) -> None:
    """Rule 44: the product that a value stands for must exist."""
    if data is None or "product_id" not in data:
        return
    if await unit.tx.row(f"SELECT 1 FROM {product.TABLE.name} WHERE id = $1", data["product_id"]) is None:
        fault = dangling(field, "The product does not exist.", [data["product_id"]])
        raise Refusal(fault.reason, fault.message, details=fault.details, faults=[fault])


async def values_of(unit: Unit, option_id: int) -> list[Row]:
    """The values of an option, in the order of their creation."""
    return await unit.where(VALUES, "option_id = $1", option_id)


async def keep_one_default(unit: Unit, old: Value | None, new: Value) -> None:
    """Rule 60: only one value is the default; a new default replaces the old one."""
    if not new.is_default or (old is not None and old.is_default):
        return
    for row in await values_of(unit, new.option_id):
        if row.entity.is_default and row.entity.id != new.id:
            await unit.rewrite(VALUES, row.with_entity(replace(row.entity, is_default=False)))
