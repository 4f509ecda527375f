"""Modifiers: choices that change what is bought, but not which variant it is, and the effects of each value (rule
65)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from bodega.kit.actions import Delete, ShowItem
from bodega.kit.body import Changes
from bodega.kit.context import Context, Write
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, own_file
from bodega.kit.fields import FileUrl, Line
from bodega.kit.images import UploadImage
from bodega.kit.includes import Include, children
from bodega.kit.listing import Listing, Query
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, collection, count, item, route
from bodega.kit.v2_members import Derived
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.law.refusal import Fault
from bodega.resources.catalog.options import rule
from bodega.resources.catalog.options.option import MAX_VALUES, VALUES, Value
from bodega.resources.catalog.options.own_copy import OwnCreate, OwnDelete, OwnedOption, OwnUpdate
from bodega.resources.catalog.options.product_option import FIELDS, TABLE, ProductOption
from bodega.resources.catalog.options.product_options import (
    OF_PRODUCT,
    PAGE_CAP,
    SCOPE,
    Doc,
    of_product,
    values_by,
    values_inside,
)
from bodega.resources.catalog.options.rule import Adjuster, Rule, RuleCondition
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.unit import Unit

# The effects of a value: the rule with this value as its only condition.


class Disabled(msgspec.Struct, kw_only=True):
    """Whether a product with this value cannot be bought, and the message for shoppers."""

    status: bool = False
    message: Line = ""


class Adjusters(Entity, kw_only=True):
    """V3's form of the rule of one value."""

    price: Adjuster | None = None
    weight: Adjuster | None = None
    image_url: FileUrl = ""
    purchasing_disabled: Disabled | None = None


_decode = msgspec.json.Decoder(Rule).decode


def _shown(made: Rule | None) -> bytes:
    if made is None:
        return b'{"price":{},"weight":{},"image_url":"","purchasing_disabled":{"status":false,"message":""}}'
    return json(
        {
            "price": made.price_adjuster or Adjuster(),
            "weight": made.weight_adjuster or Adjuster(),
            "image_url": made.image_url,
            "purchasing_disabled": {"status": made.purchasing_disabled, "message": made.purchasing_disabled_message},
        }
    )


async def _adjusters(context: Context, modifiers: Sequence[int]) -> dict[tuple[int, int], bytes]:
    """By modifier and value."""
    if not modifiers:
        return {}
    placeholders = numbered_placeholders(len(modifiers))
    sql = f"SELECT modifier_id, modifier_value_id, doc FROM product_rules WHERE modifier_id IN ({placeholders})"
    found = await context.reader.rows(sql, *modifiers)
    return {(modifier, value): _shown(_decode(doc)) for modifier, value, doc in found}


async def _with_adjusters(context: Context, modifiers: Sequence[int]) -> Doc:
    found = await _adjusters(context, modifiers)
    empty = _shown(None)
    return lambda parent, value, doc: (
        b'%b,"option_id":%d,"adjusters":%b}' % (doc[:-1], parent, found.get((parent, value), empty))
    )


async def _adjusters_of_values(context: Context, values: Sequence[int]) -> dict[int, bytes]:
    modifier = context.ids[1]
    found = await _adjusters(context, [modifier])
    return {value: found[modifier, value] for value in values if (modifier, value) in found}


async def _modifier_of_values(context: Context, values: Sequence[int]) -> dict[int, bytes]:
    return dict.fromkeys(values, b"%d" % context.ids[1])


async def write_adjusters(unit: Unit, value: Value, drafts: list[Changes], _notes: list[Fault]) -> None:
    """The effects of a value are a rule: one without effects is deleted. Members that are left out stay."""
    owner = await query.one(unit.tx, TABLE, "option_id = $1", value.option_id)
    assert owner is not None
    modifier: ProductOption = owner.entity
    changes = _as_rule(drafts[0])
    if "image_url" in changes:
        changes["image_url"] = await own_file(unit.tx, changes["image_url"])
    sql = "SELECT id FROM product_rules WHERE modifier_id = $1 AND modifier_value_id = $2"
    held = await query.value(unit.tx, sql, modifier.id, value.id)
    row = await unit.get(rule.TABLE, held) if held is not None else None
    if row is None:
        condition = RuleCondition(modifier_id=modifier.id, modifier_value_id=value.id)
        made = Rule(product_id=modifier.product_id, conditions=[condition], **changes)
        if made.does_something:
            made.sort_order = await rule.next_place(unit, made.product_id)
            await unit.insert(rule.TABLE, made)
        return
    made = msgspec.structs.replace(row.entity, **changes)
    if made.does_something or made.stop:
        await unit.update(rule.TABLE, row, made)
    else:
        await unit.delete(rule.TABLE, [made.id])


def _as_rule(draft: Changes) -> dict[str, Any]:
    names = {"price": "price_adjuster", "weight": "weight_adjuster", "image_url": "image_url"}
    changes = {field: draft[name] for name, field in names.items() if name in draft}
    if "purchasing_disabled" in draft:
        disabled = draft["purchasing_disabled"] or Disabled()
        changes["purchasing_disabled"] = disabled.status
        changes["purchasing_disabled_message"] = disabled.message
    return changes


class UploadValueImage(OwnedOption, UploadImage):
    """POST: the image that the storefront shows once a value is chosen; it is one of the value's adjusters."""

    def parse(self, query: str) -> Query:
        return self.listing.parse(query)

    async def _write(self, unit: Unit, write: Write, address: str) -> None:
        row = await unit.get(VALUES, write.found.entity_id)
        assert row is not None
        await write_adjusters(unit, row.entity, [{"image_url": address}], [])


# V3.

v3_values = V3Shape(
    Value,
    required="label sort_order",
    hidden="option_id value",
    nested={"adjusters": Nested(V3Shape(Adjusters, required=""), write_adjusters, single=True)},
)
v3 = V3Shape(
    ProductOption,
    required="display_name type required",
    read_only="id product_id name image_url",
    write_only={"required": bool},
    hidden="is_required is_modifier option_id option_set_option_id",
    nested={"option_values": Nested(v3_values, values_by(lambda: V3_VALUES), maximum=MAX_VALUES)},
)

INSIDE = values_inside(_with_adjusters, tables=rule.TABLE.name)._replace(files=True)
V3 = of_product(v3, INSIDE, "catalog/products/{}/modifiers", modifiers=True)
V3_VALUES: Endpoint = Endpoint(
    3,
    VALUES,
    Listing(
        VALUES,
        3,
        "",
        order="sort_order",
        includes={
            "option_id": Include(_modifier_of_values),
            "adjusters": Include(_adjusters_of_values, empty=_shown(None), tables=rule.TABLE.name, files=True),
        },
        inside="option_id adjusters",
        shown=(*v3_values.shown, "option_id", "adjusters"),
    ),
    SCOPE,
    "catalog/products/{}/modifiers/{}/values",
    v3=v3_values,
    created=200,
    parents=(*OF_PRODUCT, Parent("option_id", TABLE, "option_id", "is_modifier")),
)

# V2's configurable fields: modifiers without choices that came from no option set.


def _file_types(field: ProductOption) -> str:
    named = [*field.config.get("file_types_supported", ()), *field.config.get("file_types_other", ())]
    return ",".join(name for name in named if name != "other")


v2_fields = V2Shape(
    ProductOption,
    "configurable_fields",
    "configurable_field",
    "id! product_id! name! type! allowed_file_types! max_size! select_options! is_required! sort_order!",
    {
        "name": Derived(lambda field: field.display_name),
        "type": Derived(lambda field: FIELDS[field.type], "enum"),
        "allowed_file_types": Derived(_file_types),
        "max_size": Derived(lambda field: field.config.get("file_max_size", 0), "int"),
        "select_options": Derived(lambda _field: "", "text"),
    },
)
V2_FIELDS = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id"),
    SCOPE,
    "products/{}/configurable_fields",
    v2=v2_fields,
    parents=OF_PRODUCT,
    only={"is_field": True},
)
ALL_FIELDS = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id"), SCOPE, "", v2=v2_fields, only={"is_field": True})

_v2 = (
    collection("products/{product_id}/configurable_fields", V2_FIELDS, "GET DELETE"),
    item("products/{product_id}/configurable_fields/{id}", V2_FIELDS, "GET DELETE"),
    count("products/{product_id}/configurable_fields/count", V2_FIELDS),
    count("products/configurable_fields/count", ALL_FIELDS),
)
routes = (
    *_v2,
    *also_at("configurable_fields", "configurablefields", *_v2),
    collection("catalog/products/{product_id}/modifiers", V3, "GET POST"),
    route(
        "catalog/products/{product_id}/modifiers/{id}",
        3,
        GET=ShowItem(V3),
        PUT=OwnUpdate(V3),
        DELETE=Delete(V3),
    ),
    collection("catalog/products/{product_id}/modifiers/{modifier_id}/values", V3_VALUES, "GET").also(
        route("", 3, POST=OwnCreate(V3_VALUES))
    ),
    route(
        "catalog/products/{product_id}/modifiers/{modifier_id}/values/{id}",
        3,
        GET=ShowItem(V3_VALUES),
        PUT=OwnUpdate(V3_VALUES),
        DELETE=OwnDelete(V3_VALUES),
    ),
    route(
        "catalog/products/{product_id}/modifiers/{modifier_id}/values/{id}/image",
        3,
        POST=UploadValueImage(V3_VALUES, ""),
    ),
)

INCLUDE = children(
    TABLE,
    "product_id",
    order="sort_order, id",
    where="is_modifier",
    inside={"option_values": INSIDE},
    page_cap=PAGE_CAP,
)

RESOURCE = Resource(routes=routes)
