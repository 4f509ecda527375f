"""GET /settings/search/filters/available: what the products of the store, of a channel, of a category can be filtered
by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bodega.domain.tree import below
from bodega.kit.actions import Action
from bodega.kit.context import Context, Found
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.filters import Ignored
from bodega.kit.listing import Listing
from bodega.kit.parameters import integer
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import NO_DATE, Outcome, Shown, Validator
from bodega.law.refusal import invalid, refuse_faults
from bodega.resources.catalog.assignments import on_channel
from bodega.resources.settings.actions import channel_asked
from bodega.resources.settings.group import BY_CHANNEL, INFORMATION
from bodega.resources.settings.search_filters import ALONE, id_of
from bodega.resources.settings.selling import INVENTORY, inventory_settings
from bodega.resources.settings.storefront import CATEGORY, category_settings
from bodega.storage import query, rows
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

READS = (
    "products",
    "product_options",
    "options",
    "custom_fields",
    "reviews",
    "categories",
    "channels",
    CATEGORY.table.name,
    INVENTORY.table.name,
)
"""The tables whose change changes the reply."""

_COUNTS = (
    "SELECT COUNT(CASE WHEN EXISTS (SELECT 1 FROM product_categories c WHERE c.product_id = p.id) THEN 1 END),"
    " COUNT(CASE WHEN p.brand_id > 0 THEN 1 END),"
    " COUNT(CASE WHEN EXISTS (SELECT 1 FROM reviews r WHERE r.product_id = p.id AND r.status = 'approved') THEN 1 END),"
    " MIN(p.calculated_price), MAX(p.calculated_price) FROM products p WHERE {narrowed}"
)
_NAMES = (
    "SELECT name, COUNT(*) FROM (SELECT o.display_name AS name, p.id AS product FROM products p"
    " JOIN product_options l ON l.product_id = p.id JOIN options o ON o.id = l.option_id"
    " WHERE NOT l.is_modifier AND {narrowed}"
    " UNION SELECT f.name, p.id FROM products p JOIN custom_fields f ON f.product_id = p.id WHERE {narrowed}) AS known"
    " GROUP BY name ORDER BY name"
)


class Counts(NamedTuple):
    """How many products have a category, a brand, a rating; their lowest and highest price in ten-thousandths."""

    category: int
    brand: int
    rating: int
    low: int | None
    high: int | None


async def categories_shown(tx: Tx, category_id: int, channel_id: int) -> list[int]:
    """The categories whose products the page of a category shows, by the channel's `listing_mode`."""
    mode = (await category_settings(tx, channel_id)).listing_mode
    inside = [category_id, *(child for child, _ in await below(tx, [category_id]))]
    if mode == "child_categories":
        return inside
    if mode == "child_categories_if_category_empty":
        sql = "SELECT 1 FROM product_categories WHERE category_id = $1 LIMIT 1"
        return [category_id] if await query.value(tx, sql, category_id) is not None else inside
    return [category_id]


async def available(tx: Tx, channel_id: int, category_id: int, operator: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The filters that products can be found by, of the products of a channel and a category that shoppers see; 0 is
    any."""
    tests, values = ["p.is_visible"], []
    if (await inventory_settings(tx, channel_id, operator)).product_out_of_stock_behavior != "do_nothing":
        tests.append("NOT (p.inventory_tracking <> 'none' AND p.inventory_level <= 0)")
    if channel_id:
        values.append(channel_id)
        tests.append(on_channel("p.id", channel_id))
    if category_id:
        shown = await categories_shown(tx, category_id, channel_id)
        places = numbered_placeholders(len(shown), len(values) + 1)
        tests.append(f"p.id IN (SELECT product_id FROM product_categories WHERE category_id IN ({places}))")
        values += shown
    narrowed = " AND ".join(tests)
    counts = await query.first(tx, Counts, _COUNTS.format(narrowed=narrowed), *values)
    assert counts is not None
    named = await query.pairs(tx, _NAMES.format(narrowed=narrowed), *values)
    found: list[dict[str, Any]] = [
        {"id": id_of(kind), "name": ALONE[kind], "product_count": count, "type": kind}
        for kind, count in zip(("category", "brand", "rating"), counts[:3], strict=True)
        if count
    ]
    if counts.low is not None and counts.high is not None:
        low, high = counts.low / 10_000, counts.high / 10_000
        price = {"id": id_of("price"), "name": ALONE["price"], "price_range_max": high, "price_range_min": low}
        found.append({**price, "type": "price"})
    found += [
        {"id": id_of("product", name), "name": name, "product_count": count, "type": "product"}
        for name, count in named.items()
    ]
    return [*found, {"id": id_of("other"), "name": ALONE["other"], "type": "other"}]


class ListAvailable(Action):
    """GET."""

    async def find(self, context: Context) -> Found:
        channel_id = await channel_asked(context)
        named = next((value for name, value in context.query.given if name == "category_id"), "")
        category_id = integer(named) if named else 0
        if named and not await query.existing(context.reader, "categories", [category_id]):
            raise refuse_faults([invalid("category_id", "must be the id of a category of the store")])
        states = [await rows.table_state_of(context.reader, name) for name in READS]
        version = sum(one.revision for one in states) + context.record.revision
        state = Validator(version, NO_DATE)
        return Found(state, channel_id, category_id)

    async def answer(self, context: Context, found: Found) -> Outcome:
        shown = await available(context.reader, found.parent, found.entity_id, context.record.settings)
        return Shown(ready=json({"data": shown, "meta": {}}))


_TABLE = stored("available_filters", Entity, noun="filter", columns="")
_ENDPOINT = Endpoint(
    3,
    _TABLE,
    Listing(_TABLE, 3, "", mapped={**BY_CHANNEL, "category_id": Ignored(integer)}),
    INFORMATION,
    "settings/search/filters/available",
    v3=V3Shape(Entity, required=""),
)
RESOURCE = Resource(routes=(route("settings/search/filters/available", 3, GET=ListAvailable(_ENDPOINT)),))
