"""What is read of a store and written into another, kind by kind, each after those it refers to.

Ids are kept: categories, brands, products, variants, children of products, customers, addresses, groups, coupons and
orders have the ones that they had. Options, modifiers and their values get ids of this store, and variants are tied to
them by what the reply said. Price lists come where the source serves them and this store does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bodega.lab.transfer.orders import orders
from bodega.lab.transfer.source import Source
from bodega.lab.transfer.target import Target, Told, dates
from bodega.law.refusal import Refusal

Progress = Callable[[str, int, int], None]
"""Called with a kind, how many of it were read, and how many there are (0: not known)."""

CATALOG = "/v3/catalog"
CHILDREN = "options,variants,modifiers,images,custom_fields,bulk_pricing_rules,videos"
PRODUCTS_AT_ONCE = 50
_OWN = frozenset(
    {"id", "calculated_price", "base_variant_id", "date_created", "date_modified", "option_set_id",
     "option_set_display", "primary_image", "reviews_rating_sum", "reviews_count", "total_sold", "view_count",
     *CHILDREN.split(",")}
)  # fmt: skip
"""Members of a product that no client writes, and those that come after it."""

_DATES = ("date_created", "date_modified")

KINDS = (
    "categories", "brands", "products", "customer_groups", "customers", "attributes", "addresses", "coupons",
    "price_lists", "orders",
)  # fmt: skip


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The members of a row but these, and but those that are null."""
    return {name: value for name, value in row.items() if name not in names and value is not None}


async def transfer(source: Source, target: Target, told: Progress, kinds: tuple[str, ...] = KINDS) -> None:
    """Reads and writes these kinds. What a row is refused for is in `target.told`. Raises Unreadable."""
    works: dict[str, Callable[[Source, Target, Progress], Any]] = {
        "categories": _categories,
        "brands": _brands,
        "products": _products,
        "customer_groups": _groups,
        "customers": _customers,
        "attributes": _attributes,
        "addresses": _addresses,
        "coupons": _coupons,
        "price_lists": _price_lists,
        "orders": orders,
    }
    for kind in KINDS:
        if kind in kinds:
            await works[kind](source, target, told)


async def _categories(source: Source, target: Target, told: Progress) -> None:
    rows = await source.rows(f"{CATALOG}/categories")
    there = await target.ids("categories")
    waiting = sorted((row for row in rows if row["id"] not in there), key=lambda row: row["id"])
    told("categories", len(rows) - len(waiting), len(rows))
    placed = {0, *there}
    while ready := [row for row in waiting if row.get("parent_id", 0) in placed]:
        for row in ready:
            await target.with_url("categories", f"{CATALOG}/categories", row, without(row, "id", "image_url"))
            placed.add(row["id"])
        waiting = [row for row in waiting if row["id"] not in placed]
        told("categories", len(rows) - len(waiting), len(rows))


async def _brands(source: Source, target: Target, told: Progress) -> None:
    there = await target.ids("brands")
    done = 0
    async for rows, total in source.pages(f"{CATALOG}/brands"):
        for row in rows:
            if row["id"] not in there:
                await target.with_url("brands", f"{CATALOG}/brands", row, without(row, "id", "image_url"))
        done += len(rows)
        told("brands", done, total)


async def _groups(source: Source, target: Target, told: Progress) -> None:
    await _plain(source, target, told, "customer_groups", "/v2/customer_groups", also=dates)


async def _coupons(source: Source, target: Target, told: Progress) -> None:
    def also(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**dates(row, "date_created"), "num_uses": int(row.get("num_uses") or 0)}

    names = ("id", "num_uses", "date_created")
    await _plain(source, target, told, "coupons", "/v2/coupons", without_names=names, also=also)


async def _price_lists(source: Source, target: Target, told: Progress) -> None:
    """Price lists with their records; a source that serves none has none."""
    await _plain(source, target, told, "price_lists", "/v3/pricelists", without_names=("id", *_DATES), also=dates)
    for row in await source.rows("/v3/pricelists"):
        path = f"/v3/pricelists/{row['id']}/records"
        own = ("calculated_price", "price_list_id", "product_id", *_DATES)
        async for rows, _ in source.pages(path):
            body = [without(one, *own) for one in rows]
            try:
                await target.change(path, body)
            except Refusal as refusal:
                target.told.append(Told("price_records", row["id"], False, refusal.message))


async def _customers(source: Source, target: Target, told: Progress) -> None:
    names = (
        "id", "date_created", "date_modified", "address_count", "attribute_count", "registration_ip_address",
        "addresses", "attributes", "form_fields", "shopper_profile_id", "segment_ids",
    )  # fmt: skip

    def also(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**dates(row), "registration_ip_address": row.get("registration_ip_address") or ""}

    await _plain(source, target, told, "customers", "/v3/customers", without_names=names, also=also, listed=True)


async def _attributes(source: Source, target: Target, told: Progress) -> None:
    """The store's own attributes of customers, and their values."""
    path = "/v3/customers/attributes"
    await _plain(
        source, target, told, "customer_attributes", path, without_names=("id", *_DATES), also=dates, listed=True
    )
    there = await target.ids("customer_attribute_values")
    async for rows, _ in source.pages("/v3/customers/attribute-values"):
        new = [row for row in rows if row["id"] not in there]
        for row in new:
            body = {name: row[name] for name in ("customer_id", "attribute_id")} | {"value": row["attribute_value"]}
            try:
                await target.change("/v3/customers/attribute-values", [body])
            except Refusal as refusal:
                target.told.append(Told("attribute_values", row["id"], False, refusal.message))
            else:
                target.made["attribute_values"] = target.made.get("attribute_values", 0) + 1


async def _addresses(source: Source, target: Target, told: Progress) -> None:
    there = await target.ids("customer_addresses")
    known = await target.ids("customers")
    done = 0
    async for rows, total in source.pages("/v3/customers/addresses"):
        for row in rows:
            if row["id"] not in there and row["customer_id"] in known:
                body = without(row, "id", "country", "form_fields")
                await target.make("addresses", "/v3/customers/addresses", row["id"], body, listed=True)
        done += len(rows)
        told("addresses", done, total)


async def _plain(
    source: Source,
    target: Target,
    told: Progress,
    kind: str,
    path: str,
    *,
    without_names: tuple[str, ...] = ("id",),
    also: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda _row: {},
    listed: bool = False,
) -> None:
    """Rows that have no others below them, read and written at the same path."""
    there = await target.ids(kind)
    done = 0
    async for rows, total in source.pages(path):
        for row in rows:
            if row["id"] not in there:
                await target.make(kind, path, row["id"], without(row, *without_names), also(row), listed=listed)
        done += len(rows)
        told(kind, done, total)


# Products


async def _products(source: Source, target: Target, told: Progress) -> None:
    names = ("products", "variants", "custom_fields", "bulk_pricing_rules", "videos", "product_images", "reviews")
    there = {name: await target.ids(name) for name in names}
    later: list[tuple[int, list[int]]] = []
    done = 0
    async for rows, total in source.pages(f"{CATALOG}/products?include={CHILDREN}", PRODUCTS_AT_ONCE):
        for row in rows:
            if row["id"] not in there["products"]:
                await _product(target, row)
                if row.get("related_products", [-1]) != [-1]:
                    later.append((row["id"], row["related_products"]))
            await _below(source, target, row, there)
        done += len(rows)
        told("products", done, total)
    for product, others in later:  # which may come later than the product itself
        await target.change(f"{CATALOG}/products/{product}", {"related_products": others})


async def _product(target: Target, row: Mapping[str, Any]) -> None:
    variants = row.get("variants") or []
    also = {**dates(row), "base_variant_id": variants[0]["id"] if variants else row.get("base_variant_id")}
    body = without(row, *_OWN, "related_products")
    if row.get("inventory_tracking") == "variant":
        body.pop("inventory_level", None)
    await target.with_url("products", f"{CATALOG}/products", row, body, also=also)


async def _below(source: Source, target: Target, row: Mapping[str, Any], there: Mapping[str, set[int]]) -> None:
    home = f"{CATALOG}/products/{row['id']}"
    values = await _options(target, home, row.get("options") or [])
    for variant in row.get("variants") or []:
        if variant["id"] in there["variants"] or not variant.get("option_values"):
            continue
        body = without(
            variant, "id", "sku_id", "product_id", "calculated_price", "calculated_weight", "option_values", "image_url"
        )
        body["option_values"] = [values.get(one["id"], one) for one in variant["option_values"]]
        await target.make("variants", f"{home}/variants", variant["id"], body)
    held = (
        {one["display_name"] for one in await target.get(f"{home}/modifiers?limit=250")} if row.get("modifiers") else ()
    )
    for modifier in row.get("modifiers") or []:
        if modifier["display_name"] not in held:
            body = without(modifier, "id", "product_id", "name", "option_values")
            body["option_values"] = [without(one, "id", "option_id") for one in modifier.get("option_values") or []]
            await target.make("modifiers", f"{home}/modifiers", 0, body)
    for name, table, path in (
        ("custom_fields", "custom_fields", "custom-fields"),
        ("bulk_pricing_rules", "bulk_pricing_rules", "bulk-pricing-rules"),
        ("videos", "videos", "videos"),
    ):
        for one in row.get(name) or []:
            if one["id"] not in there[table]:
                await target.make(name, f"{home}/{path}", one["id"], without(one, "id", "product_id", "length"))
    for one in row.get("images") or []:
        if one["id"] not in there["product_images"]:
            body = without({name: one.get(name) for name in ("is_thumbnail", "sort_order", "description")})
            body["image_url"] = one.get("url_zoom") or one.get("url_standard") or ""
            await target.make("images", f"{home}/images", one["id"], body)
    if row.get("reviews_count"):
        for one in await source.rows(f"{home}/reviews"):
            if one["id"] not in there["reviews"]:
                body = without(one, "id", "product_id", "date_created", "date_modified")
                await target.make("reviews", f"{home}/reviews", one["id"], body, dates(one))


async def _options(target: Target, home: str, options: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Makes the options of a product; what stands here for each of their values, by its id there."""
    if not options:
        return {}
    held = {one["display_name"]: one for one in await target.get(f"{home}/options?limit=250")}
    values: dict[int, dict[str, Any]] = {}
    for option in options:
        made = held.get(option["display_name"])
        if made is None:
            body = without(option, "id", "product_id", "name", "option_values")
            body["option_values"] = [without(one, "id") for one in option["option_values"]]
            made = await target.make("options", f"{home}/options", 0, body)
        if made is not None:
            named = {one["label"]: one["id"] for one in made["option_values"]}
            for one in option["option_values"]:
                if one["label"] in named:
                    values[one["id"]] = {"id": named[one["label"]], "option_id": made["id"]}
    return values
