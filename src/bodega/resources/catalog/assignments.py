"""Which products are in which categories, and on which channels (rule 72)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bodega.kit.includes import Include
from bodega.kit.pairs import Pairs, assignments
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.write import changed
from bodega.resources.catalog import categories, product, trees
from bodega.resources.store import channels
from bodega.storage import query
from bodega.storage.operands import SqlTest
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

SCOPE = "store_v2_products"
CHANNELS = "product_channels"

DEFAULT_CHANNEL = channels.DEFAULT

ON_CHANNELS = (
    f"SELECT id AS product_id, {DEFAULT_CHANNEL} AS channel_id FROM products WHERE NOT EXISTS (SELECT 1 FROM"
    f" product_channels c WHERE c.product_id = products.id AND c.channel_id = {DEFAULT_CHANNEL})"
    f" UNION ALL SELECT product_id, channel_id FROM product_channels WHERE channel_id <> {DEFAULT_CHANNEL}"
)
"""A product is on the store's own storefront unless a row removes it, and on another channel only if a row adds it: so
a product without assignments, as nearly all are, has no row."""


def on_channel(product: str, channel_id: int) -> str:
    """The test in SQL of whether a product is on the channel that $1 names; `product` is the column of its id."""
    row = f"EXISTS (SELECT 1 FROM product_channels c WHERE c.product_id = {product} AND c.channel_id = $1)"
    return f"NOT {row}" if channel_id == DEFAULT_CHANNEL else row


async def recategorise(unit: Unit, product_id: int, add: set[int], drop: set[int]) -> None:
    """Changes the categories of a product, by the rules for products (rule 45)."""
    row = await unit.get(product.TABLE, product_id)
    if row is None:
        return
    kept = [category for category in row.entity.categories if category not in drop]
    wanted = kept + sorted(add - set(kept))
    if wanted != row.entity.categories:
        await unit.update(product.TABLE, row, changed(product.TABLE, row.entity, categories=wanted))


async def channels_of_one(tx: Tx, product_id: int) -> set[int]:
    """The channels that a product is on."""
    kept = {DEFAULT_CHANNEL}
    sql = "SELECT channel_id FROM product_channels WHERE product_id = $1"
    return kept.symmetric_difference(await query.values(tx, sql, product_id))


async def put_on_channels(unit: Unit, product_id: int, add: set[int], drop: set[int]) -> None:
    """Changes the channels of a product, and tells it on those channels."""
    was = await channels_of_one(unit.tx, product_id)
    add, drop = add - was, drop & was
    if not add and not drop:
        return
    for word, moved in (("assigned", add), ("unassigned", drop)):
        await unit.fire(f"store/channel/#/product/{word}", {"product_id": product_id}, channels=sorted(moved))
    for channel in add - {DEFAULT_CHANNEL} | drop & {DEFAULT_CHANNEL}:
        sql = "INSERT INTO product_channels (product_id, channel_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await unit.tx.run(sql, product_id, channel)
    for channel in drop - {DEFAULT_CHANNEL} | add & {DEFAULT_CHANNEL}:
        sql = "DELETE FROM product_channels WHERE product_id = $1 AND channel_id = $2"
        await unit.tx.run(sql, product_id, channel)
    unit.statistics.touch(CHANNELS, unit.now)


async def channels_entered(tx: Tx, old: product.Product | None, new: product.Product) -> list[int]:
    return await _showing(tx, set(new.categories) - set(old.categories if old is not None else []))


async def channels_left(tx: Tx, old: product.Product, new: product.Product | None) -> list[int]:
    return await _showing(tx, set(old.categories) - set(new.categories if new is not None else []))


async def _showing(tx: Tx, some: set[int]) -> list[int]:
    """The channels whose trees hold these categories."""
    if not some:
        return []
    sql = f"SELECT DISTINCT tree_id FROM categories WHERE id IN ({numbered_placeholders(len(some))})"
    return await trees.channels_of(tx, set(await query.values(tx, sql, *some)))


def put_into_categories(_old: product.Product | None, new: product.Product) -> dict[str, Any]:
    """Fires events for a product that is added to categories, on the channels that show them."""
    return {"product_id": new.id}


def taken_out_of_categories(_old: product.Product, new: product.Product) -> dict[str, Any]:
    """Fires events for a product that is removed from categories, on the channels that show them."""
    return {"product_id": new.id}


IN_CATEGORIES = Pairs(
    "product_id",
    "category_id",
    product.TABLE,
    categories.TABLE,
    "SELECT product_id, category_id FROM product_categories",
    "products",
    recategorise,
)
TO_CHANNELS = Pairs(
    "product_id",
    "channel_id",
    product.TABLE,
    channels.TABLE,
    ON_CHANNELS,
    f"products {CHANNELS}",
    put_on_channels,
)

routes = (
    assignments("catalog/products/category-assignments", IN_CATEGORIES, SCOPE),
    assignments("catalog/products/channel-assignments", TO_CHANNELS, SCOPE),
)


async def channels_of(context: Any, products: Sequence[int]) -> dict[int, bytes]:
    """The channels of each product, as a list."""
    if not products:
        return {}
    placeholders = numbered_placeholders(len(products))
    sql = f"SELECT product_id, channel_id FROM product_channels WHERE product_id IN ({placeholders})"
    kept: dict[int, set[int]] = {item: {DEFAULT_CHANNEL} for item in products}
    for item, channel in await context.reader.rows(sql, *products):
        kept[item] ^= {channel}
    return {item: json(sorted(found)) for item, found in kept.items()}


INCLUDE = Include(channels_of, tables=CHANNELS)

IS_ON = SqlTest(
    f"({DEFAULT_CHANNEL} IN ({{placeholders}}) AND NOT EXISTS (SELECT 1 FROM product_channels c WHERE c.product_id = id"
    f" AND c.channel_id = {DEFAULT_CHANNEL}) OR EXISTS (SELECT 1 FROM product_channels c WHERE c.product_id = id"
    f" AND c.channel_id <> {DEFAULT_CHANNEL} AND c.channel_id IN ({{placeholders}})))"
)
"""The test that a product is on one of these channels."""

RESOURCE = Resource(routes=routes)
