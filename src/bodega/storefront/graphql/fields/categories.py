"""Categories and the tree of the channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import categories
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.listed import ORDERS, USUAL, products_by, shown
from bodega.storefront.graphql.fields.products import seo

Args = Mapping[str, Any]
_SORTS = {
    "use_store_settings": "DEFAULT", "featured": "FEATURED", "newest": "NEWEST", "best_selling": "BEST_SELLING",
    "alpha_asc": "A_TO_Z", "alpha_desc": "Z_TO_A", "avg_customer_review": "BEST_REVIEWED",
    "price_asc": "LOWEST_PRICE", "price_desc": "HIGHEST_PRICE",
}  # fmt: skip

plain(
    "Category",
    id=lambda thing: node_id("Category", thing.row.id),
    entityId=lambda thing: thing.row.id,
    name=lambda thing: thing.row.name,
    path=lambda thing: thing.row.custom_url.url,
    description=lambda thing: thing.row.description,
    seo=lambda thing: seo(thing.row.page_title or thing.row.name, thing.row.meta_description, thing.row.meta_keywords),
    defaultProductSort=lambda thing: _SORTS.get(thing.row.default_product_sort, "DEFAULT"),
)


@plain_with("Category.defaultImage")
def _image(asking: Asking, thing: Thing, _args: Args) -> Any:
    return asking.image(thing.row.image_url, thing.row.name, default=True)


@batch("Category.breadcrumbs")
async def _breadcrumbs(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await asking.rows(categories.TABLE, [one for thing in things for one in thing.row.ancestors])
    depth = max(0, args["depth"])
    made = []
    for thing in things:
        line = [found[one] for one in thing.row.ancestors if one in found] + [thing.row]
        crumbs = [{"entityId": one.id, "name": one.name, "path": one.custom_url.url} for one in line]
        made.append(connection(crumbs[-depth:] if depth else [], args))
    return made


@batch("Category.products")
async def _products(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    order = ORDERS.get(args.get("sortBy") or "", USUAL)
    source = "product_categories pc JOIN products p ON p.id = pc.product_id"
    owners = [thing.row.id for thing in things]
    return list(await products_by(asking, source, "pc.category_id", owners, args, order))


async def visible(asking: Asking) -> list[categories.Category]:
    """The categories that the channel shows, those below a hidden one left out, in the order of the menus."""

    async def read() -> list[categories.Category]:
        tree = await asking.tree_id()
        found = await query.entities(
            asking.reader, categories.TABLE, "tree_id = $1 AND is_visible", tree, order="sort_order, id"
        )
        shown_ids = {one.id for one in found}
        return [one for one in found if shown_ids.issuperset(one.ancestors)]

    return await asking.kept(("categories", asking.channel_id), ("trees", "categories"), read)


@batch("Site.categoryTree")
async def _tree(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    children: dict[int, list[Thing]] = {}
    for one in await visible(asking):
        children.setdefault(one.parent_id, []).append(Thing("CategoryTreeItem", one, children))
    root = args.get("rootEntityId") or 0
    if root:
        found = [thing for listed in children.values() for thing in listed if thing.row.id == root]
        return [found for _ in things]
    return [children.get(0, []) for _ in things]


plain(
    "CategoryTreeItem",
    entityId=lambda thing: thing.row.id,
    name=lambda thing: thing.row.name,
    path=lambda thing: thing.row.custom_url.url,
    description=lambda thing: thing.row.description,
    hasChildren=lambda thing: thing.row.id in thing.more,
    children=lambda thing: thing.more.get(thing.row.id, []),
)


@plain_with("CategoryTreeItem.image")
def _tree_image(asking: Asking, thing: Thing, _args: Args) -> Any:
    return asking.image(thing.row.image_url, thing.row.name, default=True)


@batch("CategoryTreeItem.productCount")
async def _counts(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    async def read() -> dict[int, int]:
        sql = (
            "SELECT pc.category_id, count(*) FROM product_categories pc JOIN products p ON p.id = pc.product_id"
            f" WHERE {shown(asking)} GROUP BY pc.category_id"
        )
        return await query.pairs(asking.reader, sql)

    counts = await asking.once("product counts", read)
    return [counts.get(thing.row.id, 0) for thing in things]
