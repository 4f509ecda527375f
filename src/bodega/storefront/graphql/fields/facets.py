"""What else could narrow a search, with the counts of what it would leave, as the filters of search (V3) offer it.

A fixed number of statements, whatever is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bodega.resources.catalog import brands
from bodega.resources.settings.search_filters import DEFAULT, SearchFilter, id_of, search_filters
from bodega.resources.settings.storefront import search_settings
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking, Thing, connection
from bodega.storefront.graphql.execution import batch
from bodega.storefront.graphql.fields.categories import visible
from bodega.storefront.graphql.fields.listed import IN_STOCK
from bodega.storefront.graphql.fields.searching import Search, chosen_categories

Args = Mapping[str, Any]
Facet = dict[str, Any]
_MOST_NAMES, _MOST_VALUES, _MOST_BRANDS = 30, 500, 100
STARS = (5, 4, 3, 2, 1)


@batch("SearchProducts.filters")
async def _filters(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return [connection(await facets(asking, thing.row), args) for thing in things]


async def facets(asking: Asking, search: Search) -> list[Facet]:
    """The facets that shoppers are offered, in their order."""
    if not (await search_settings(asking.reader, asking.channel_id, asking.store.settings)).product_filtering_enabled:
        return []
    category = chosen_categories(search.filters)
    offered = await search_filters(asking.reader, asking.channel_id, category[0] if len(category) == 1 else 0)
    wanted = [one for one in offered if one.is_enabled is not False]
    kinds = {one.type for one in wanted}
    named: dict[Any, SearchFilter] = {one.id: one for one in wanted if one.type == "product"}
    attributes: dict[str, Facet] = {}
    if named or offered is DEFAULT:
        attributes = await _attributes(asking, search, named, everything=offered is DEFAULT)
    counts = await _sums(asking, search) if kinds & {"rating", "other"} else None
    found: list[Facet | None] = []
    for one in wanted:
        if one.type == "category":
            found.append(await _category(asking, search, one))
        elif one.type == "brand":
            found.append(await _brand(asking, search, one))
        elif one.type == "rating" and counts is not None:
            found.append(_rating(search, one, counts))
        elif one.type == "price":
            price = search.filters.get("price") or {}
            found.append(_facet("PriceSearchFilter", one, selected=price or None))
        elif one.type == "product":
            found.append(attributes.pop(str(one.id), None))
        elif one.type == "other" and counts is not None:
            if offered is DEFAULT:
                found += attributes.values()
            found.append(_other(search, one, counts))
    return [one for one in found if one is not None]


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


async def _brand(asking: Asking, search: Search, filtered: SearchFilter) -> Facet | None:
    test, values = search.test("brand")
    sql = (
        f"SELECT p.brand_id, count(*) FROM products p WHERE p.brand_id > 0 AND {test}"
        f" GROUP BY p.brand_id ORDER BY count(*) DESC, p.brand_id LIMIT {_MOST_BRANDS}"
    )
    counts = await query.pairs(asking.reader, sql, *values)
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


async def _category(asking: Asking, search: Search, filtered: SearchFilter) -> Facet | None:
    test, values = search.test("category")
    sql = (
        "SELECT pc.category_id, count(*) FROM products p JOIN product_categories pc ON pc.product_id = p.id"
        f" WHERE {test} GROUP BY pc.category_id"
    )
    counts = await query.pairs(asking.reader, sql, *values)
    chosen = set(chosen_categories(search.filters))
    told: dict[int, dict[str, Any]] = {}
    for one in await visible(asking):
        told[one.id] = {
            "entityId": one.id, "name": one.name, "isSelected": one.id in chosen,
            "productCount": int(counts.get(one.id, 0)), "parent": one.parent_id, "below": [],
        }  # fmt: skip
    for item in told.values():
        if item["productCount"] and item["parent"] in told:
            told[item["parent"]]["below"].append(item)
    full = {number for number, one in told.items() if one["productCount"]}
    items = [one for number, one in told.items() if number in full and one["parent"] not in full]
    return _facet("CategorySearchFilter", filtered, categories=items) if items else None


class _Value(NamedTuple):
    name: str
    value: str
    order: int
    products: int


async def _attributes(
    asking: Asking, search: Search, named: Mapping[Any, SearchFilter], *, everything: bool
) -> dict[str, Facet]:
    """The facets of custom fields and options by the ids of their filters, their values by name."""
    chosen = {one["attribute"]: set(one["values"]) for one in search.filters.get("productAttributes") or ()}
    found: dict[str, list[_Value]] = {}
    for one in await _values(asking, search, ""):
        if one.name not in chosen:
            found.setdefault(one.name, []).append(one)
    for name in list(chosen)[:_MOST_NAMES]:  # what narrows already is counted without itself
        own = await _values(asking, search, f"attribute {name}", name)
        found[name] = own or [_Value(name, value, 0, 0) for value in sorted(chosen[name])]
    made: dict[str, Facet] = {}
    for name, values in sorted(found.items())[:_MOST_NAMES]:
        identity = id_of("product", name)
        filtered = named.get(identity)
        if filtered is None:
            if not everything:
                continue
            filtered = SearchFilter(id=identity, type="product", display_name=name)
        if filtered.sort_by == "option_values":
            values.sort(key=lambda one: (one.order, one.value))
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


async def _values(asking: Asking, search: Search, without: str, name: str = "") -> list[_Value]:
    """The values of the custom fields and options of what is found, of one name or of all, with their counts."""
    test, values = search.test(without)
    own = ("", "")
    if name:
        values.append(name)
        own = (f" AND f.name = ${len(values)}", f" AND t.display_name = ${len(values)}")
    sql = (
        f"WITH found AS MATERIALIZED (SELECT p.id FROM products p WHERE {test})"
        " SELECT f.name, f.value, 0, count(*) FROM found JOIN custom_fields f ON f.product_id = found.id"
        f" WHERE TRUE{own[0]} GROUP BY f.name, f.value UNION ALL"
        " SELECT t.display_name, w.label, min(w.sort_order), count(DISTINCT o.product_id) FROM found"
        " JOIN product_options o ON o.product_id = found.id JOIN options t ON t.id = o.option_id"
        " JOIN option_values w ON w.option_id = t.id"
        f" WHERE NOT o.is_modifier{own[1]} GROUP BY t.display_name, w.label ORDER BY 1, 2 LIMIT {_MOST_VALUES}"
    )
    rows = await asking.reader.rows(sql, *values)
    return [_Value(name, value, int(order or 0), int(count)) for name, value, order, count in rows]


async def _sums(asking: Asking, search: Search) -> dict[str, int]:
    """How many of what is found ship free, are featured, are in stock; by how many stars they have at least."""
    parts = {"freeShipping": "p.is_free_shipping", "isFeatured": "p.is_featured", "isInStock": IN_STOCK}
    parts |= {str(one): f"p.average_rating >= {one * 100}" for one in STARS}
    narrowing = {"freeShipping": "free", "isFeatured": "featured", "isInStock": "stock"}
    sums = ", ".join(f"coalesce(sum(CASE WHEN {one} THEN 1 ELSE 0 END), 0)" for one in parts.values())
    test, values = search.test("rating")
    row = await asking.reader.row(f"SELECT {sums} FROM products p WHERE {test}", *values)
    assert row is not None
    counts = dict(zip(parts, map(int, row), strict=True))
    if "rating" in search.parts:
        test, values = search.test()
        row = await asking.reader.row(f"SELECT {sums} FROM products p WHERE {test}", *values)
        assert row is not None
        counts |= {name: int(value) for name, value in zip(parts, row, strict=True) if name in narrowing}
    return counts


def _rating(search: Search, filtered: SearchFilter, counts: Mapping[str, int]) -> Facet | None:
    asked = search.filters.get("rating") or {}
    least = asked.get("minRating")
    items = [
        {"value": str(one), "isSelected": least is not None and int(least) == one, "productCount": counts[str(one)]}
        for one in STARS
    ]
    shown = any(one["productCount"] for one in items) or bool(asked)
    return _facet("RatingSearchFilter", filtered, ratings=items) if shown else None


def _other(search: Search, filtered: SearchFilter, counts: Mapping[str, int]) -> Facet | None:
    names = (
        ("freeShipping", "Free Shipping", "isFreeShipping", filtered.show_free_shipping_filter),
        ("isFeatured", "Is Featured", "isFeatured", filtered.show_is_featured_filter),
        ("isInStock", "In Stock", "hideOutOfStock", filtered.show_in_stock_filter),
    )
    told: dict[str, Any] = {}
    for field, words, asked, shown in names:
        chosen = bool(search.filters.get(asked))
        item = {"displayName": words, "isSelected": chosen, "productCount": counts[field]}
        told[field] = item if (counts[field] or chosen) and shown is not False else None
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
