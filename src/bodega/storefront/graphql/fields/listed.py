"""Lists of products that shoppers see: visible ones that are on the channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import product
from bodega.resources.catalog.seen import seen_on
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, Thing, part, parts_of, window

ORDERS = {
    "NEWEST": "p.id DESC",
    "FEATURED": "p.is_featured DESC, p.id",
    "BEST_SELLING": "p.total_sold DESC, p.id",
    "A_TO_Z": "p.name_key, p.id",
    "Z_TO_A": "p.name_key DESC, p.id",
    "LOWEST_PRICE": "p.calculated_price, p.id",
    "HIGHEST_PRICE": "p.calculated_price DESC, p.id",
    "BEST_REVIEWED": "p.average_rating DESC, p.id",
}
USUAL = ORDERS["FEATURED"]


def shown(asking: Asking, *, hide_out_of_stock: bool | None = False) -> str:
    """The test of products `p` that shoppers of the channel see."""
    test = seen_on(asking.channel_id)
    return f"{test} AND {IN_STOCK}" if hide_out_of_stock else test


IN_STOCK = "(p.inventory_tracking = 'none' OR p.inventory_level > 0)"


async def products_of(asking: Asking, ids: Sequence[int]) -> list[Thing]:
    """The products of these ids, in this order."""
    found = await asking.rows(product.TABLE, ids)
    return [Thing("Product", found[one]) for one in ids if one in found]


async def product_list(
    asking: Asking,
    args: Mapping[str, Any],
    test: str,
    values: Sequence[Any] = (),
    order: str = USUAL,
    *,
    ranked: str = "",
    more: Sequence[Any] = (),
) -> dict[str, Any]:
    """A part of the products `p` that meet a test, whose count is read when it is asked for. `ranked` is a query of ids
    for the order alone, which names its rows; `more` are the values of its placeholders, after those of the test."""
    asked = window(args)
    counted = f"SELECT count(*) FROM products p WHERE {test}"
    total: int | None = None
    if asked.from_end:
        total = int(await query.value(asking.reader, counted, *values))
    start, stop = asked.of(2**31 if total is None else total)
    before = f"WITH ranked AS MATERIALIZED ({ranked}) " if ranked else ""
    joined = "LEFT JOIN ranked ON ranked.id = p.id " if ranked else ""
    limit = f"LIMIT {stop - start + 1} OFFSET {start}"
    sql = f"{before}SELECT p.id FROM products p {joined}WHERE {test} ORDER BY {order} {limit}"
    ids = [int(one) for one in await query.values(asking.reader, sql, *values, *more)]
    has_more = len(ids) > stop - start
    items = await products_of(asking, ids[: stop - start])
    made = part(items, start, start + len(items) + (1 if has_more else 0))
    made["collectionInfo"] = Thing("CollectionInfo", (counted, tuple(values)))
    return made


async def products_by(
    asking: Asking, source: str, owner: str, owners: Sequence[int], args: Mapping[str, Any], order: str = USUAL
) -> list[dict[str, Any]]:
    """For each owner, its part of the products `p` of a source."""
    test = shown(asking, hide_out_of_stock=args.get("hideOutOfStock"))
    found = await parts_of(asking, source, owner, owners, args, item="p.id", order=order, test=test)
    await asking.rows(product.TABLE, [one for ids, _, _ in found.values() for one in ids])
    made = []
    for one in owners:
        ids, start, total = found.get(one, ([], 0, 0))
        made.append(part(await products_of(asking, ids), start, total))
    return made
