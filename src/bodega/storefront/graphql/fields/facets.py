"""What else could narrow a search, with the counts of what it would leave, as the filters of search (V3) offer it.

What is found is read once, and counted by all facets; but one that narrows already counts what would be found without
it. So there are at most as many statements as there are narrowing facets, and one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bodega.resources.catalog import brands
from bodega.resources.settings.search_filters import DEFAULT, SearchFilter, id_of, search_filters
from bodega.resources.settings.storefront import SEARCH
from bodega.storefront.graphql.asking import Asking, Thing, connection
from bodega.storefront.graphql.execution import batch
from bodega.storefront.graphql.fields.categories import visible
from bodega.storefront.graphql.fields.listed import IN_STOCK
from bodega.storefront.graphql.fields.searching import Search, chosen_categories

Args = Mapping[str, Any]
Facet = dict[str, Any]
_MOST_NAMES, _MOST_VALUES, _MOST_BRANDS = 30, 500, 100
STARS = (5, 4, 3, 2, 1)

_COUNTS = {
    "brand": "SELECT 'brand' AS kind, CAST(brand_id AS TEXT) AS name, '' AS value, 0 AS place, count(*) AS products"
    f" FROM found WHERE brand_id > 0 GROUP BY brand_id ORDER BY count(*) DESC, brand_id LIMIT {_MOST_BRANDS}",
    "category": "SELECT 'category' AS kind, CAST(pc.category_id AS TEXT) AS name, '' AS value, 0 AS place,"
    " count(*) AS products FROM found CROSS JOIN product_categories pc WHERE pc.product_id = found.id"
    " GROUP BY pc.category_id",
    "flags": "SELECT 'flags' AS kind, flags AS name, CAST(stars AS TEXT) AS value, 0 AS place, count(*) AS products"
    " FROM found GROUP BY flags, stars",
    "field": "SELECT 'value' AS kind, f.name AS name, f.value AS value, 0 AS place, count(*) AS products FROM found"
    " CROSS JOIN custom_fields f WHERE f.product_id = found.id{field} GROUP BY f.name, f.value"
    f" ORDER BY f.name, f.value LIMIT {_MOST_VALUES}",
    "option": "SELECT 'value' AS kind, t.display_name AS name, w.label AS value, min(w.sort_order) AS place,"
    " count(DISTINCT o.product_id) AS products FROM found CROSS JOIN product_options o"
    " JOIN options t ON t.id = o.option_id JOIN option_values w ON w.option_id = t.id"
    " WHERE o.product_id = found.id AND NOT o.is_modifier{option}"
    f" GROUP BY t.display_name, w.label ORDER BY t.display_name, w.label LIMIT {_MOST_VALUES}",
}
"""The counts of what is `found`, as rows of one form. SQLite keeps to the order of a CROSS JOIN: it would read the
categories of all products, to find those of a few."""

_FOUND = (
    "SELECT p.id, p.brand_id, p.average_rating / 100 AS stars,"
    " CASE WHEN p.is_free_shipping THEN '1' ELSE '0' END || CASE WHEN p.is_featured THEN '1' ELSE '0' END"
    f" || CASE WHEN {IN_STOCK} THEN '1' ELSE '0' END AS flags FROM products p WHERE "
)


class _Count(NamedTuple):
    kind: str
    name: str
    value: str
    place: int
    products: int


@batch("SearchProducts.filters")
async def _filters(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return [connection(await facets(asking, thing.row), args) for thing in things]


async def facets(asking: Asking, search: Search) -> list[Facet]:
    """The facets that shoppers are offered, in their order."""
    if not (await asking.setting(SEARCH)).product_filtering_enabled:
        return []
    category = chosen_categories(search.filters)
    offered = await _offered(asking, category[0] if len(category) == 1 else 0)
    wanted = [one for one in offered if one.is_enabled is not False]
    everything = offered is DEFAULT
    named: dict[Any, SearchFilter] = {one.id: one for one in wanted if one.type == "product"}
    counted = await _counted(asking, search, {str(one.type) for one in wanted} | ({"product"} if everything else set()))
    attributes = _attributes(search, counted, named, everything=everything)
    found: list[Facet | None] = []
    for one in wanted:
        if one.type == "category":
            found.append(await _category(asking, search, one, counted))
        elif one.type == "brand":
            found.append(await _brand(asking, search, one, counted))
        elif one.type == "rating":
            found.append(_rating(search, one, counted))
        elif one.type == "price":
            found.append(_facet("PriceSearchFilter", one, selected=search.filters.get("price") or None))
        elif one.type == "product":
            found.append(attributes.pop(str(one.id), None))
        elif one.type == "other":
            if everything:
                found += attributes.values()
            found.append(_other(search, one, counted))
    return [one for one in found if one is not None]


async def _offered(asking: Asking, category_id: int) -> list[SearchFilter]:
    return await asking.kept(
        ("search filters", asking.channel_id, category_id),
        ("search_filters", "search_filter_contexts"),
        lambda: search_filters(asking.reader, asking.channel_id, category_id),
    )


async def _counted(asking: Asking, search: Search, kinds: set[str]) -> dict[str, list[_Count]]:
    """The counts by the name of what was left out of the search, which is empty for most."""
    wanted: dict[str, list[str]] = {"": []}
    for kind, counts in (("brand", ["brand"]), ("category", ["category"]), ("rating", ["flags"])):
        if kind in kinds:
            wanted.setdefault(kind if kind in search.parts else "", []).extend(counts)
    if "other" in kinds and "flags" not in wanted[""]:
        wanted[""].append("flags")
    names = [name for name in search.parts if name.startswith("attribute ")] if "product" in kinds else []
    for name in names:
        wanted[name] = ["field", "option"]
    if "product" in kinds:
        wanted[""] += ["field", "option"]
    return {
        without: await _rows(asking, search, without, counts) if counts else [] for without, counts in wanted.items()
    }


async def _rows(asking: Asking, search: Search, without: str, counts: Iterable[str]) -> list[_Count]:
    test, values = search.test(without)
    narrowed = {"field": "", "option": ""}
    if without.startswith("attribute "):
        values.append(without.removeprefix("attribute "))
        narrowed = {"field": f" AND f.name = ${len(values)}", "option": f" AND t.display_name = ${len(values)}"}
    parts = " UNION ALL ".join(f"SELECT * FROM ({_COUNTS[one].format(**narrowed)}) {one}_counts" for one in counts)
    sql = f"WITH found AS MATERIALIZED ({_FOUND}{test}) {parts}"
    return [_Count(*row) for row in await asking.reader.rows(sql, *values)]


def _facet(kind: str, filtered: SearchFilter, name: str = "", **more: Any) -> Facet:
    told = filtered.display_name or name
    return {
        "__typename": kind,
        "name": told,
        "displayName": told,
        "isCollapsedByDefault": filtered.collapsed_by_default is True,
        "displayProductCount": filtered.display_product_count is not False,
        **more,
    }


def _of(counted: Mapping[str, list[_Count]], kind: str, without: str = "") -> list[_Count]:
    return [one for one in counted.get(without, counted[""]) if one.kind == kind]


async def _brand(
    asking: Asking, search: Search, filtered: SearchFilter, counted: Mapping[str, list[_Count]]
) -> Facet | None:
    counts = {int(one.name): one.products for one in _of(counted, "brand", "brand")}
    chosen = set(search.filters.get("brandEntityIds") or ())
    rows = await asking.rows(brands.TABLE, [*counts, *chosen])
    items = [
        {"entityId": one, "name": row.name, "isSelected": one in chosen, "productCount": int(counts.get(one, 0))}
        for one, row in rows.items()
    ]
    items.sort(key=_by_count if filtered.sort_by == "item_count" else _by_name)
    return _facet("BrandSearchFilter", filtered, brands=items) if items else None


def _by_name(item: Mapping[str, Any]) -> Any:
    name = item.get("name") or item["value"]
    return name.casefold(), name


def _by_count(item: Mapping[str, Any]) -> Any:
    return -item["productCount"], _by_name(item)


async def _category(
    asking: Asking, search: Search, filtered: SearchFilter, counted: Mapping[str, list[_Count]]
) -> Facet | None:
    counts = {int(one.name): one.products for one in _of(counted, "category", "category")}
    chosen = set(chosen_categories(search.filters))
    told: dict[int, dict[str, Any]] = {}
    for one in await visible(asking):
        told[one.id] = {
            "entityId": one.id, "name": one.name, "isSelected": one.id in chosen,
            "productCount": counts.get(one.id, 0), "parent": one.parent_id, "below": [],
        }  # fmt: skip
    for item in told.values():
        if item["productCount"] and item["parent"] in told:
            told[item["parent"]]["below"].append(item)
    full = {number for number, one in told.items() if one["productCount"]}
    items = [one for number, one in told.items() if number in full and one["parent"] not in full]
    return _facet("CategorySearchFilter", filtered, categories=items) if items else None


def _attributes(
    search: Search, counted: Mapping[str, list[_Count]], named: Mapping[Any, SearchFilter], *, everything: bool
) -> dict[str, Facet]:
    """The facets of custom fields and options by the ids of their filters, their values by name."""
    chosen = {one["attribute"]: set(one["values"]) for one in search.filters.get("productAttributes") or ()}
    found: dict[str, list[_Count]] = {}
    for one in _of(counted, "value"):
        if one.name not in chosen:
            found.setdefault(one.name, []).append(one)
    for name in list(chosen)[:_MOST_NAMES]:  # what narrows already is counted without itself
        own = _of(counted, "value", f"attribute {name}")
        found[name] = own or [_Count("value", name, value, 0, 0) for value in sorted(chosen[name])]
    made: dict[str, Facet] = {}
    for name, values in sorted(found.items())[:_MOST_NAMES]:
        identity = id_of("product", name)
        filtered = named.get(identity)
        if filtered is None:
            if not everything:
                continue
            filtered = SearchFilter(id=identity, type="product", display_name=name)
        values.sort(key=lambda one: (one.place if filtered.sort_by == "option_values" else 0, one.value))
        items = [
            {"value": one.value, "isSelected": one.value in chosen.get(name, ()), "productCount": one.products}
            for one in values
        ]
        if filtered.sort_by == "item_count":
            items.sort(key=_by_count)
        made[identity] = _facet(
            "ProductAttributeSearchFilter", filtered, name, filterName=name, filterKey=name, attributes=items
        )
    return made


def _rating(search: Search, filtered: SearchFilter, counted: Mapping[str, list[_Count]]) -> Facet | None:
    """A value counts what has at least so many stars: `minRating` narrows to that."""
    counts = _of(counted, "flags", "rating")
    asked = search.filters.get("rating") or {}
    least = asked.get("minRating")
    items = [
        {
            "value": str(stars),
            "isSelected": least is not None and int(least) == stars,
            "productCount": sum(one.products for one in counts if int(one.value) >= stars),
        }
        for stars in STARS
    ]
    shown = any(one["productCount"] for one in items) or bool(asked)
    return _facet("RatingSearchFilter", filtered, ratings=items) if shown else None


def _other(search: Search, filtered: SearchFilter, counted: Mapping[str, list[_Count]]) -> Facet | None:
    names = (
        ("freeShipping", "Free Shipping", "isFreeShipping", filtered.show_free_shipping_filter),
        ("isFeatured", "Is Featured", "isFeatured", filtered.show_is_featured_filter),
        ("isInStock", "In Stock", "hideOutOfStock", filtered.show_in_stock_filter),
    )
    counts = _of(counted, "flags")
    told: dict[str, Any] = {}
    for place, (field, words, asked, shown) in enumerate(names):
        chosen = bool(search.filters.get(asked))
        products = sum(one.products for one in counts if one.name[place] == "1")
        item = {"displayName": words, "isSelected": chosen, "productCount": products}
        told[field] = item if (products or chosen) and shown is not False else None
    return _facet("OtherSearchFilter", filtered, **told) if any(told.values()) else None


def _items(kind: str, field: str, name: str = "") -> None:
    async def resolve(_asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
        return [connection(thing[name or field], args) for thing in things]

    batch(f"{kind}.{field}")(resolve)


_items("BrandSearchFilter", "brands")
_items("CategorySearchFilter", "categories")
_items("ProductAttributeSearchFilter", "attributes")
_items("RatingSearchFilter", "ratings")
_items("CategorySearchFilterItem", "subCategories", "below")
_items("SubCategorySearchFilterItem", "subCategories", "below")
