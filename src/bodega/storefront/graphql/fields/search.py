"""Search: products by a term and by filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import search_texts
from bodega.resources.settings.storefront import SEARCH
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import batch
from bodega.storefront.graphql.fields.listed import ORDERS, USUAL, product_list
from bodega.storefront.graphql.fields.searching import Search, placed, searched

Args = Mapping[str, Any]
RELEVANCE = "RELEVANCE"
_SORTS = {
    "relevance": RELEVANCE, "featured": "FEATURED", "bestselling": "BEST_SELLING", "newest": "NEWEST",
    "alphaasc": "A_TO_Z", "alphadesc": "Z_TO_A", "pricedesc": "HIGHEST_PRICE", "priceasc": "LOWEST_PRICE",
    "avgcustomerreview": "BEST_REVIEWED",
}  # fmt: skip


@batch("SearchQueries.searchProducts")
async def _search(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    sort = args.get("sort")
    if not sort and args["filters"].get("searchTerm"):
        found = await asking.setting(SEARCH)
        sort = _SORTS[found.default_product_sort]
    search = await searched(asking, args["filters"], sort or "")
    return [Thing("SearchProducts", search)] * len(things)


@batch("SearchProducts.products")
async def _products(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    made = []
    for thing in things:
        search: Search = thing.row
        test, values = search.test()
        if search.sort == RELEVANCE and search.found is not None:
            made.append(await _best_first(asking, args, search, test, values))
        else:
            made.append(await product_list(asking, args, test, values, ORDERS.get(search.sort, USUAL)))
    return made


async def _best_first(asking: Asking, args: Args, search: Search, test: str, values: list[Any]) -> dict[str, Any]:
    """What is what was typed, then by how well the words of it describe it."""
    assert search.found is not None
    own = search.found.values
    ranked = placed(search.found.ranked(), len(own), len(values))
    exact = search_texts.exactness(f"${len(values) + len(own) + 1}")
    order = f"{exact}, coalesce(ranked.score, 0) DESC, p.total_sold DESC, p.id"
    return await product_list(asking, args, test, values, order, ranked=ranked, more=(*own, search.term))
