"""What is found at a path of the shop, and nodes by their global ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import brands, categories, product
from bodega.resources.content import blog, pages
from bodega.resources.content.redirects import TABLE, Redirect
from bodega.storage import query
from bodega.storage.table import Table, numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing, node_id, read_id, read_key
from bodega.storefront.graphql.execution import batch, plain
from bodega.storefront.graphql.fields.carts import cart_thing
from bodega.storefront.graphql.fields.checkouts import checkout_thing
from bodega.storefront.graphql.fields.content import page_thing
from bodega.storefront.graphql.fields.listed import shown

Args = Mapping[str, Any]
_TABLES: Mapping[str, Table] = {
    "product": product.TABLE,
    "category": categories.TABLE,
    "brand": brands.TABLE,
    "page": pages.TABLE,
    "post": blog.TABLE,
}
_OF_NODES = {"Product": "product", "Category": "category", "Brand": "brand", "Page": "page", "BlogPost": "post"}
_REDIRECTS = {
    "product": "ProductRedirect", "category": "CategoryRedirect", "brand": "BrandRedirect", "page": "PageRedirect",
    "post": "BlogPostRedirect",
}  # fmt: skip


async def thing_of(asking: Asking, kind: str, entity_id: int) -> Thing | None:
    """What shoppers find under a kind of address and a number; None if nothing."""
    row = (await asking.rows(_TABLES[kind], [entity_id])).get(entity_id)
    if row is None:
        return None
    if kind == "product":
        sql = f"SELECT 1 FROM products p WHERE p.id = $1 AND {shown(asking)}"
        return Thing("Product", row) if await query.value(asking.reader, sql, entity_id) else None
    if kind == "category":
        return Thing("Category", row) if row.is_visible and row.tree_id == await asking.tree_id() else None
    if kind == "brand":
        return Thing("Brand", row)
    if kind == "post":
        return Thing("BlogPost", row) if row.is_published else None
    hidden = row.channel_id != asking.channel_id or (row.is_customers_only and not asking.customer_id)
    return None if hidden else page_thing(row)


_OF_SHOPPERS = {"Cart": cart_thing, "Checkout": checkout_thing}


@batch("Query.node")
async def _node(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    named, key = read_key(args["id"])
    if named in _OF_SHOPPERS:
        return [await _OF_SHOPPERS[named](asking, key)] * len(things)
    found = read_id(args["id"])
    if found is not None and found[0] == "Blog":
        return [Thing("Blog", None) for _ in things]
    if found is None or found[0] not in (*_OF_NODES, "Variant"):
        return [None for _ in things]
    if found[0] == "Variant":
        return [await _variant(asking, found[1]) for _ in things]
    thing = await thing_of(asking, _OF_NODES[found[0]], found[1])
    return [thing if thing is None or thing.kind != "ExternalLinkPage" else None for _ in things]


async def _variant(asking: Asking, variant_id: int) -> Thing | None:
    from bodega.resources.catalog import variants

    row = (await asking.rows(variants.TABLE, [variant_id])).get(variant_id)
    owner = None if row is None else await thing_of(asking, "product", row.product_id)
    return None if owner is None else Thing("Variant", row, owner.row)


def _paths(path: str) -> list[str]:
    """The forms in which a path may be stored: with what was asked, without, with and without a slash at its end."""
    bare, mark, asked = path.partition("?")
    bare = "/" + bare.strip().lstrip("/")
    trimmed = bare.rstrip("/")
    forms = [trimmed + "/", trimmed] if trimmed else ["/"]
    return [*(f"{one}?{asked}" for one in (bare, *forms) if mark), bare, *forms]


@batch("Site.route")
async def _route(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    paths = list(dict.fromkeys(_paths(args["path"])))
    if len(paths[-1]) > 2_048:
        return [{"node": None, "redirect": None} for _ in things]
    redirect: Thing | None = None
    if args["redirectBehavior"] == "FOLLOW":
        redirect = await _redirect(asking, paths)
    node = None if redirect is not None else await _at(asking, paths)
    return [{"node": node, "redirect": redirect} for _ in things]


async def _at(asking: Asking, paths: Sequence[str]) -> Thing | None:
    sql = f"SELECT url, kind, owner FROM urls WHERE url IN ({numbered_placeholders(len(paths))})"
    found = {url: (kind, owner) for url, kind, owner in await asking.reader.rows(sql, *paths)}
    place = next((found[one] for one in paths if one in found), None)
    if place is not None:
        thing = await thing_of(asking, place[0], place[1])
        if thing is not None and thing.kind == "BlogIndexPage":
            return Thing("Blog", thing.row)
        return thing if thing is not None and thing.kind != "ExternalLinkPage" else None
    return Thing("Blog", None) if "/blog" in paths else None


async def _redirect(asking: Asking, paths: Sequence[str]) -> Thing | None:
    site = await query.value(asking.reader, "SELECT id FROM sites WHERE channel_id = $1", asking.channel_id)
    if site is None:
        return None
    marks = numbered_placeholders(len(paths), 2)
    rows = await query.entities(asking.reader, TABLE, f"site_id = $1 AND path IN ({marks})", site, *paths)
    known: dict[str, Redirect] = {row.path: row for row in rows if row.url}
    found = next((known[one] for one in paths if one in known), None)
    return None if found is None else Thing("Redirect", found)


def _to(thing: Thing) -> dict[str, Any]:
    row: Redirect = thing.row
    kind = row.forward.type
    if kind == "manual":
        return {"__typename": "ManualRedirect", "url": row.url}
    number = int(row.forward.ref)
    names = {named: node for node, named in _OF_NODES.items()}
    told = {"id": node_id(names[kind], number), "entityId": number, "path": row.url}
    return {"__typename": _REDIRECTS[kind], **told}


plain("Redirect", id=lambda thing: node_id("Redirect", thing.row.id), fromPath=lambda thing: thing.row.path, to=_to)


@batch("Redirect.toUrl")
async def _to_url(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    return [thing.row.url if "://" in thing.row.url else asking.base + thing.row.url for thing in things]
