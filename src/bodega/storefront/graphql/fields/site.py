"""The roots of a query, and the lists of the shop."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLError

from bodega.resources.catalog import brands
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.text import caseless
from bodega.storefront.graphql.asking import Asking, Thing, connection, part, read_id, window
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.listed import ORDERS, product_list, shown
from bodega.storefront.graphql.fields.options import selections
from bodega.storefront.graphql.fields.routes import thing_of

Args = Mapping[str, Any]

for _name in ("site", "inventory", "shopperPreferences", "geography"):
    plain("Query", **{_name: lambda _root: {}})
plain("Site", content=lambda _site: {}, search=lambda _site: {})


@plain_with("Query.channel")
def _channel(asking: Asking, _root: Any, _args: Args) -> dict[str, Any]:
    return {"entityId": asking.channel_id}


@plain_with("Query.store")
def _store(asking: Asking, _root: Any, _args: Args) -> dict[str, Any]:
    return {"entityId": asking.store.record.number}


async def _listing(asking: Asking, things: Sequence[Any], args: Args, order: str, more: str = "") -> list[Any]:
    test = shown(asking, hide_out_of_stock=args.get("hideOutOfStock")) + more
    found = await product_list(asking, args, test, order=order)
    return [found] * len(things)


@batch("Site.newestProducts")
async def _newest(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return await _listing(asking, things, args, ORDERS["NEWEST"])


@batch("Site.bestSellingProducts")
async def _best_selling(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return await _listing(asking, things, args, ORDERS["BEST_SELLING"])


@batch("Site.featuredProducts")
async def _featured(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return await _listing(asking, things, args, "p.id", " AND p.is_featured")


@batch("Site.products")
async def _products(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    wanted = list(args.get("entityIds") or ())
    for text in args.get("ids") or ():
        found = read_id(text)
        wanted.append(found[1] if found is not None and found[0] == "Product" else 0)
    test, order = shown(asking, hide_out_of_stock=args.get("hideOutOfStock")), "p.id"
    values: list[Any] = []
    if args.get("entityIds") or args.get("ids"):
        test += f" AND p.id IN ({numbered_placeholders(len(wanted))})"
        values = wanted
    found_ones = await product_list(asking, args, test, values, order)
    return [found_ones] * len(things)


@batch("CollectionInfo.totalItems")
async def _total(asking: Asking, things: Sequence[Any], _args: Args) -> list[Any]:
    """Counted when it is asked for; one statement for each list that was read by one."""
    made: list[Any] = []
    for thing in things:
        if isinstance(thing, dict):
            made.append(thing["totalItems"])
        else:
            sql, values = thing.row
            count = functools.partial(query.value, asking.reader, sql, *values)
            made.append(int(await asking.once((sql, values), count)))
    return made


@batch("Site.product")
async def _product(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    product_id = await _named(asking, args)
    found = None if not product_id else await thing_of(asking, "product", product_id)
    if found is not None:
        given = args.get("optionValueIds") or []
        if variant := args.get("variantEntityId"):
            given = [*given, *await _values_of(asking, variant, product_id)]
        defaults = bool(args.get("useDefaultOptionSelections"))
        if given or defaults:
            found = found._replace(more=await selections(asking, product_id, given, defaults=defaults))
    return [found] * len(things)


async def _named(asking: Asking, args: Args) -> int:
    if args.get("entityId"):
        return int(args["entityId"])
    if args.get("id"):
        named = read_id(args["id"])
        return named[1] if named is not None and named[0] == "Product" else 0
    if args.get("variantEntityId"):
        sql = "SELECT product_id FROM variants WHERE id = $1"
        return int(await query.value(asking.reader, sql, args["variantEntityId"]) or 0)
    if args.get("sku"):
        key = caseless(args["sku"])
        sql = "SELECT id FROM products WHERE sku_key = $1 UNION ALL SELECT product_id FROM variants WHERE sku_key = $1"
        return int(await query.value(asking.reader, sql, key) or 0)
    raise GraphQLError("Name a product by its id, entityId, variantEntityId or sku.")


async def _values_of(asking: Asking, variant_id: int, product_id: int) -> list[dict[str, int]]:
    from bodega.resources.catalog import variants

    row = (await asking.rows(variants.TABLE, [variant_id])).get(variant_id)
    if row is None or row.product_id != product_id:
        return []
    return [{"optionEntityId": one.option_id, "valueEntityId": one.id} for one in row.option_values]


@batch("Site.category")
async def _category(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await thing_of(asking, "category", args["entityId"])] * len(things)


@batch("Site.brand")
async def _brand(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [await thing_of(asking, "brand", args["entityId"])] * len(things)


@batch("Site.brands")
async def _brands(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    test, values = "1 = 1", list[Any]()
    if args.get("entityIds"):
        values = list(args["entityIds"])
        test = f"id IN ({numbered_placeholders(len(values))})"
    elif args.get("productEntityIds"):
        values = list(args["productEntityIds"])
        marks = numbered_placeholders(len(values))
        test = f"id IN (SELECT p.brand_id FROM products p WHERE p.id IN ({marks}) AND {shown(asking)})"
    total = int(await query.value(asking.reader, f"SELECT count(*) FROM brands WHERE {test}", *values))
    start, stop = window(args).of(total)
    order = f"id LIMIT {max(0, stop - start)} OFFSET {start}"
    found = await query.entities(asking.reader, brands.TABLE, test, *values, order=order)
    return [part([Thing("Brand", one) for one in found], start, total)] * len(things)


@batch("Site.popularBrands")
async def _popular(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    sql = (
        f"SELECT p.brand_id, count(*) FROM products p WHERE p.brand_id > 0 AND {shown(asking)}"
        " GROUP BY p.brand_id ORDER BY count(*) DESC, p.brand_id LIMIT 250"
    )
    counts = [(int(one), int(count)) for one, count in await asking.reader.rows(sql)]
    rows = await asking.rows(brands.TABLE, [one for one, _ in counts])
    made = [
        {"entityId": one, "count": count, "name": rows[one].name, "path": rows[one].custom_url.url}
        for one, count in counts
        if one in rows
    ]
    return [connection(made, args)] * len(things)


async def _currencies(asking: Asking) -> list[Thing]:
    async def read() -> list[Thing]:
        found = await asking.currencies()
        known = {one.currency_code: one for one in await query.entities(asking.reader, currencies.TABLE)}
        default = await currencies.default(asking.reader)
        listed = [known[one] for one in found.enabled if one in known]
        return [Thing("Currency", one, (one.currency_code == found.default, default)) for one in listed]

    return await asking.once("currencies", read)


@batch("Site.currencies")
async def _all_currencies(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    return [connection(await _currencies(asking), args)] * len(things)


@batch("Site.currency")
async def _one_currency(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    found = [one for one in await _currencies(asking) if one.row.currency_code == args["currencyCode"]]
    return [found[0] if found else None] * len(things)


def _display(thing: Thing) -> dict[str, Any]:
    row = thing.row
    return {
        "symbol": row.token, "symbolPlacement": row.token_location.upper(), "decimalToken": row.decimal_token,
        "thousandsToken": row.thousands_token, "decimalPlaces": row.decimal_places,
    }  # fmt: skip


plain(
    "Currency",
    entityId=lambda thing: thing.row.id,
    code=lambda thing: thing.row.currency_code,
    name=lambda thing: thing.row.name,
    isActive=lambda thing: thing.row.enabled,
    exchangeRate=lambda thing: float(thing.row.currency_exchange_rate / thing.more[1].currency_exchange_rate),
    isTransactional=lambda thing: thing.row.is_transactional or thing.row.is_default,
    display=_display,
    isDefault=lambda thing: thing.more[0],
)
