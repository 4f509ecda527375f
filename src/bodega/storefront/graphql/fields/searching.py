"""What a shopper looks for, as a test of products that is made of a part for each thing that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.kit.fields import ten_thousandths
from bodega.resources.catalog import near_words, search_texts
from bodega.storage.text import caseless
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.fields.categories import visible
from bodega.storefront.graphql.fields.listed import IN_STOCK, shown

Part = tuple[str, list[Any]]
"""A test of products `p` whose values are `?1`, `?2` and so on, and the values."""

_MOST_ATTRIBUTES, _MOST_VALUES = 20, 100
_NOTHING: Part = ("1 = 0", [])


class Search(NamedTuple):
    """What was asked: the whole test, and by the name of a facet the test without that facet's own part."""

    filters: Mapping[str, Any]
    sort: str
    parts: Mapping[str, Part]
    base: str
    term: str
    found: search_texts.Found | None

    def test(self, without: str = "") -> tuple[str, list[Any]]:
        """The test and its values."""
        tests, values = [self.base], list[Any]()
        for name, (test, own) in self.parts.items():
            if name != without:
                tests.append(placed(test, len(own), len(values)))
                values += own
        return " AND ".join(tests), values


def placed(sql: str, count: int, before: int) -> str:
    """SQL with the placeholders of a part after so many others."""
    for place in range(count, 0, -1):
        sql = sql.replace(f"?{place}", f"${before + place}")
    return sql


def marks(count: int, start: int = 1) -> str:
    """Placeholders of a part."""
    return ", ".join(f"?{place}" for place in range(start, start + count))


def chosen_categories(given: Mapping[str, Any]) -> list[int]:
    """The categories that a search names."""
    several = given.get("categoryIdsFilter") or {}
    ids = list(given.get("categoryEntityIds") or several.get("entityIds") or ())
    return [*ids, given["categoryEntityId"]] if given.get("categoryEntityId") else ids


async def searched(asking: Asking, given: Mapping[str, Any], sort: str) -> Search:
    """The search for what was asked."""
    parts: dict[str, Part] = {}
    term = given.get("searchTerm") or ""
    words = search_texts.looked_for(term)
    found = search_texts.found_by(words, asking.reader.dialect) if words else None
    if found is not None and not await _finds_any(asking, found) and asking.may_correct():
        assert asking.store.rows is not None
        meant = await near_words.instead_of(asking.store.rows, words)
        if meant:
            found = search_texts.found_by(meant, asking.reader.dialect)
            term = " ".join(one.typed for one in meant)
    if found is not None:
        assert asking.store.rows is not None
        asking.store.rows.tidy()  # what waits for the full text is slow to search
        parts["term"] = (found.test(), list(found.values))
    elif term.strip():
        parts["term"] = _NOTHING
    _price_and_rating(given, parts)
    if given.get("brandEntityIds"):
        ids = list(given["brandEntityIds"])
        parts["brand"] = (f"p.brand_id IN ({marks(len(ids))})", ids)
    await _categories(asking, given, parts)
    for flag, name, test in (
        ("isFreeShipping", "free", "p.is_free_shipping"),
        ("isFeatured", "featured", "p.is_featured"),
        ("hideOutOfStock", "stock", IN_STOCK),
    ):
        if given.get(flag):
            parts[name] = (test, [])
    for attribute in (given.get("productAttributes") or ())[:_MOST_ATTRIBUTES]:
        named = list(attribute["values"])[:_MOST_VALUES]
        if named:
            name = attribute["attribute"]
            parts[f"attribute {name}"] = (_attribute(len(named)), [name, caseless(name), *named])
    return Search(given, sort, parts, shown(asking), caseless(term.strip()), found)


async def _finds_any(asking: Asking, found: search_texts.Found) -> bool:
    """Whether shoppers see any of the products that were found, whatever else narrows the search."""
    sources = " UNION ALL ".join(f"SELECT {one.column} AS id FROM {one.rest}" for one in found.sources)
    sql = f"SELECT 1 FROM ({sources}) named JOIN products p ON p.id = named.id WHERE {shown(asking)} LIMIT 1"
    return await asking.reader.row(placed(sql, len(found.values), 0), *found.values) is not None


def _price_and_rating(given: Mapping[str, Any], parts: dict[str, Part]) -> None:
    price, rating = given.get("price") or {}, given.get("rating") or {}
    for name, column, low, high, scaled in (
        ("price", "p.calculated_price", price.get("minPrice"), price.get("maxPrice"), _price),
        ("rating", "p.average_rating", rating.get("minRating"), rating.get("maxRating"), _rating),
    ):
        tests, values = list[str](), list[Any]()
        for sign, bound in ((">=", low), ("<=", high)):
            if bound is not None:
                values.append(scaled(bound))
                tests.append(f"{column} {sign} ?{len(values)}")
        if tests:
            parts[name] = (" AND ".join(tests), values)


def _price(bound: Any) -> int:
    return ten_thousandths(min(max(Decimal(str(bound)), Decimal(0)), Decimal(10**11)))


def _rating(bound: float) -> int:
    return int(min(max(bound, 0), 5) * 100)


def _attribute(count: int) -> str:
    values = marks(count, 3)
    return (
        "(p.id IN (SELECT f.product_id FROM custom_fields f WHERE f.name = ?1"
        f" AND f.value IN ({values})) OR p.id IN (SELECT o.product_id FROM product_options o JOIN option_values w"
        f" ON w.option_id = o.option_id WHERE o.display_key = ?2 AND NOT o.is_modifier AND w.label IN ({values})))"
    )


async def _categories(asking: Asking, given: Mapping[str, Any], parts: dict[str, Part]) -> None:
    """The category whose page it is, and those that are chosen within it, which are a facet's own part."""
    several = given.get("categoryIdsFilter") or {}
    named = list(several.get("entityIds") or ())
    groups = [named] if several.get("matchBehavior", "OR") == "OR" else [[one] for one in named]
    page = given.get("categoryEntityId")
    for name, asked in (
        ("page", [[page]] if page else []),
        ("category", [list(given["categoryEntityIds"])] if given.get("categoryEntityIds") else []),
        ("categories", [some for some in groups if some]),
    ):
        if not asked:
            continue
        if given.get("searchSubCategories"):
            tree = await visible(asking)
            asked = [[*some, *(one.id for one in tree if set(some) & set(one.ancestors))] for some in asked]
        tests, values = list[str](), list[Any]()
        for some in asked:
            tests.append(f"p.id IN ({_IN_CATEGORIES} IN ({marks(len(some), len(values) + 1)}))")
            values += some
        parts[name] = (" AND ".join(tests), values)


_IN_CATEGORIES = "SELECT pc.product_id FROM product_categories pc WHERE pc.category_id"
