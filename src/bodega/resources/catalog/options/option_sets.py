"""V2's option sets: a product with a set has its options, and follows their changes (rules 53, 61 and 62)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, collection, count, item
from bodega.kit.v2_members import BatchLoaded, Linked, Word
from bodega.kit.v2_shape import V2Shape
from bodega.kit.write import unchanging
from bodega.resources.catalog import product
from bodega.resources.catalog.options import option, product_option
from bodega.resources.catalog.options.option import CHOICES, Option
from bodega.resources.catalog.options.option_set import SET_OPTIONS, TABLE, OptionSet, SetOption
from bodega.resources.catalog.options.product_option import ProductOption
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.rules import depends_on
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"


async def _values(context: Context, entities: Sequence[SetOption]) -> Mapping[int, Any]:
    """The values of the options on a page of a set."""
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = sorted({one.option_id for one in entities})
    order = "option_id, sort_order, id"
    for value in await query.entities_of(context.reader, option.VALUES, wanted, "option_id", order):
        found.setdefault(value.option_id, []).append(
            {
                "option_value_id": value.id,
                "label": value.label,
                "sort_order": value.sort_order,
                "value": value.value,
                "is_default": value.is_default,
            }
        )
    return {one.id: found[one.option_id] for one in entities if one.option_id in found}


v2 = V2Shape(
    OptionSet, "option_sets", "option_set", "id! name+ options!", {"options": Linked("/optionsets/{e.id}/options")}
)
_MEMBERS = "id! option_id* option_set_id{} display_name sort_order is_required option! values!"
_WORDS: dict[str, Word] = {"option": Linked("/options/{e.option_id}"), "values": BatchLoaded(_values, empty=[])}
v2_options = V2Shape(SetOption, "options", "option", _MEMBERS.format("!"), _WORDS)
v2_all_options = V2Shape(SetOption, "options", "option", _MEMBERS.format("*"), _WORDS)
"""Where the path names no set, the body does."""

V2 = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id name"), SCOPE, "option_sets", v2=v2)
V2_OPTIONS = Endpoint(
    2,
    SET_OPTIONS,
    Listing(SET_OPTIONS, 2, "min_id max_id"),
    SCOPE,
    "option_sets/{}/options",
    v2=v2_options,
    parents=(Parent("option_set_id", TABLE),),
)
ALL_OPTIONS = Endpoint(
    2, SET_OPTIONS, Listing(SET_OPTIONS, 2, "min_id max_id"), SCOPE, "option_sets/options", v2=v2_all_options
)

_v2 = (
    collection("option_sets", V2, "GET POST DELETE"),
    item("option_sets/{id}", V2),
    count("option_sets/count", V2),
    collection("option_sets/{option_set_id}/options", V2_OPTIONS, "GET POST DELETE"),
    item("option_sets/{option_set_id}/options/{id}", V2_OPTIONS),
    count("option_sets/{option_set_id}/options/count", V2_OPTIONS),
    collection("option_sets/options", ALL_OPTIONS, "GET POST"),
    item("option_sets/options/{id}", ALL_OPTIONS),
)
routes = (*_v2, *also_at("option_sets", "optionsets", *_v2))


async def default_display_name(unit: Unit, _old: SetOption | None, new: SetOption) -> None:
    """An option of a set without a display name gets that of the option."""
    if not new.display_name:
        behind = await unit.get(option.TABLE, new.option_id)
        new.display_name = behind.entity.display_name if behind is not None else ""


# The products of a set.


@depends_on("option_set_id")
async def normalize_option_set(_unit: Unit, _old: Any, new: product.Product) -> None:
    """Rule 53: null, and what clients send instead of it, means no set."""
    new.option_set_id = new.option_set_id or None


@depends_on("option_set_id")
async def apply_option_set(unit: Unit, old: product.Product | None, new: product.Product) -> None:
    """Rule 53: a product has the options of its set; those of the previous set are deleted."""
    before = old.option_set_id if old is not None else None
    if before == new.option_set_id:
        return
    if before:
        sql = "SELECT id FROM product_options WHERE product_id = $1 AND option_set_option_id <> 0"
        await unit.delete(product_option.TABLE, await query.values(unit.tx, sql, new.id))
    if new.option_set_id:
        for given in await unit.where(SET_OPTIONS, "option_set_id = $1", new.option_set_id):
            await _give(unit, new.id, given.entity)


async def _give(unit: Unit, product_id: int, given: SetOption) -> None:
    behind = await unit.get(option.TABLE, given.option_id)
    assert behind is not None
    shared: Option = behind.entity
    made = ProductOption(
        product_id=product_id,
        name=shared.name,
        display_name=given.display_name,
        type=shared.type,
        sort_order=given.sort_order,
        config=shared.config,
        is_required=given.is_required,
        is_modifier=shared.type not in CHOICES,
        option_id=shared.id,
        option_set_option_id=given.id,
    )
    await unit.insert(product_option.TABLE, made)


async def update_products(unit: Unit, old: SetOption | None, new: SetOption) -> None:
    """Rule 62: updates the products of a set when its options change."""
    if old is None:
        sql = "SELECT id FROM products WHERE option_set_ref = $1 ORDER BY id"
        for (product_id,) in await unit.tx.rows(sql, new.option_set_id):
            await _give(unit, product_id, new)
        return
    for row in await _given(unit, new):
        told = replace(
            row.entity, display_name=new.display_name, sort_order=new.sort_order, is_required=new.is_required
        )
        if told != row.entity:
            await unit.update(product_option.TABLE, row, told)


async def _given(unit: Unit, given: SetOption) -> list[Row]:
    """The product options that came from an option of a set, except those with a copy of their own (rule 63)."""
    return await unit.where(
        product_option.TABLE, "option_set_option_id = $1 AND option_id = $2", given.id, given.option_id
    )


async def remove_from_products(unit: Unit, ids: Sequence[int]) -> None:
    """Rule 62: an option that leaves a set also leaves its products."""
    for row in await unit.where(SET_OPTIONS, f"id IN ({numbered_placeholders(len(ids))})", *ids):
        await unit.delete(product_option.TABLE, [given.entity.id for given in await _given(unit, row.entity)])


async def detach_products(unit: Unit, ids: Sequence[int]) -> None:
    """The products of a deleted set lose the set and its options."""
    for row in await unit.where(product.TABLE, f"option_set_ref IN ({numbered_placeholders(len(ids))})", *ids):
        await unit.update(product.TABLE, row, replace(row.entity, option_set_id=None))


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_delete=(detach_products,),
        ),
        Aggregate(
            SET_OPTIONS,
            before_validate=(unchanging("option_id", "option_set_id", rule=61),),
            before_write=(default_display_name,),
            after_write=(update_products,),
            before_delete=(remove_from_products,),
        ),
    ),
    routes=routes,
)
