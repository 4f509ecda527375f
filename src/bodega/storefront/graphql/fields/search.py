"""Search: products by a term and by filters, and what else could narrow the search, with counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.kit.fields import ten_thousandths
from bodega.resources.catalog import brands
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storefront.graphql.asking import Asking, Thing, connection
from bodega.storefront.graphql.execution import batch
from bodega.storefront.graphql.fields.categories import visible
from bodega.storefront.graphql.fields.listed import IN_STOCK, ORDERS, USUAL, product_list, shown

Args = Mapping[str, Any]


class Search(NamedTuple):
    """What was asked: the whole test, and by the name of a facet the test without that facet's own part."""

    filters: Mapping[str, Any]
    order: str
    parts: Mapping[str, tuple[str, list[Any]]]
    base: str

    def test(self, without: str = "") -> tuple[str, list[Any]]:
        """The test and its values."""
        tests, values = [self.base], list[Any]()
        for name, (test, own) in self.parts.items():
            if name != without:
                for place in range(len(own), 0, -1):
                    test = test.replace(f"?{place}", f"${len(values) + place}")
                tests.append(test)
                values += own
        return " AND ".join(tests), values


def _marks(count: int, start: int = 1) -> str:
    return ", ".join(f"?{place}" for place in range(start, start + count))


async def _parts(asking: Asking, given: Mapping[str, Any]) -> dict[str, tuple[str, list[Any]]]:
    found: dict[str, tuple[str, list[Any]]] = {}
    for place, word in enumerate(caseless(given.get("searchTerm") or "").split()[:8]):
        like = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        below = "SELECT pc.product_id FROM product_categories pc JOIN categories k ON k.id = pc.category_id"
        found[f"term {place}"] = (
            "(p.name_key LIKE ?1 ESCAPE '\\' OR p.sku_key LIKE ?1 ESCAPE '\\'"
            " OR p.brand_id IN (SELECT b.id FROM brands b WHERE b.name_key LIKE ?1 ESCAPE '\\')"
            " OR p.id IN (SELECT v.product_id FROM variants v WHERE v.sku_key LIKE ?1 ESCAPE '\\')"
            f" OR p.id IN ({below} WHERE k.name_key LIKE ?1 ESCAPE '\\'))",
            [like],
        )
    price = given.get("price") or {}
    tests, values = list[str](), list[Any]()
    for sign, bound in ((">=", price.get("minPrice")), ("<=", price.get("maxPrice"))):
        if bound is not None:
            values.append(ten_thousandths(Decimal(str(bound))))
            tests.append(f"p.calculated_price {sign} ?{len(values)}")
    if tests:
        found["price"] = (" AND ".join(tests), values)
    if given.get("brandEntityIds"):
        ids = list(given["brandEntityIds"])
        found["brand"] = (f"p.brand_id IN ({_marks(len(ids))})", ids)
    await _category_part(asking, given, found)
    for flag, name, test in (
        ("isFreeShipping", "free", "p.is_free_shipping"),
        ("isFeatured", "featured", "p.is_featured"),
        ("hideOutOfStock", "stock", IN_STOCK),
    ):
        if given.get(flag):
            found[name] = (test, [])
    for place, attribute in enumerate((given.get("productAttributes") or ())[:20]):
        named = list(attribute["values"])[:100]
        if named:
            found[f"attribute {attribute['attribute']}"] = (_attribute(len(named)), [attribute["attribute"], *named])
        assert place < 20
    return found


def _attribute(count: int) -> str:
    values = _marks(count, 2)
    return (
        "(p.id IN (SELECT f.product_id FROM custom_fields f WHERE f.name = ?1"
        f" AND f.value IN ({values})) OR p.id IN (SELECT o.product_id FROM product_options o JOIN option_values w"
        f" ON w.option_id = o.option_id WHERE o.display_key = lower(?1) AND w.label IN ({values})))"
    )


async def _category_part(asking: Asking, given: Mapping[str, Any], found: dict[str, tuple[str, list[Any]]]) -> None:
    several = given.get("categoryIdsFilter") or {}
    ids = list(given.get("categoryEntityIds") or several.get("entityIds") or ())
    if given.get("categoryEntityId"):
        ids.append(given["categoryEntityId"])
    if not ids:
        return
    below = "SELECT pc.product_id FROM product_categories pc WHERE pc.category_id"
    groups: list[list[int]] = [ids] if several.get("matchBehavior", "OR") == "OR" else [[one] for one in ids]
    if given.get("searchSubCategories"):
        tree = await visible(asking)
        groups = [[*some, *(one.id for one in tree if set(some) & set(one.ancestors))] for some in groups]
    tests, values = [], list[Any]()
    for some in groups:
        tests.append(f"p.id IN ({below} IN ({_marks(len(some), len(values) + 1)}))")
        values += some
    found["category"] = (" AND ".join(tests), values)


@batch("SearchQueries.searchProducts")
async def _search(asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
    given = args["filters"]
    order = ORDERS.get(args.get("sort") or "", USUAL)
    found = Search(given, order, await _parts(asking, given), shown(asking))
    return [Thing("SearchProducts", found)] * len(things)


@batch("SearchProducts.products")
async def _products(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    made = []
    for thing in things:
        test, values = thing.row.test()
        made.append(await product_list(asking, args, test, values, thing.row.order))
    return made


@batch("SearchProducts.filters")
async def _filters(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    made = []
    for thing in things:
        found = [await _brand_facet(asking, thing.row), await _category_facet(asking, thing.row)]
        found += await _attribute_facets(asking, thing.row)
        price = thing.row.filters.get("price") or {}
        found.append(
            {
                "__typename": "PriceSearchFilter", "name": "Price", "displayName": "Price",
                "isCollapsedByDefault": False, "selected": price or None,
            }
        )  # fmt: skip
        found.append(await _other_facet(asking, thing.row))
        made.append(connection([one for one in found if one is not None], args))
    return made


def _facet(kind: str, name: str, **more: Any) -> dict[str, Any]:
    told = {"name": name, "displayName": name, "isCollapsedByDefault": False, "displayProductCount": True}
    return {"__typename": kind, **told, **more}


async def _brand_facet(asking: Asking, search: Search) -> dict[str, Any] | None:
    test, values = search.test("brand")
    sql = (
        f"SELECT p.brand_id, count(*) FROM products p WHERE p.brand_id > 0 AND {test}"
        " GROUP BY p.brand_id ORDER BY count(*) DESC, p.brand_id LIMIT 100"
    )
    counts = await query.pairs(asking.reader, sql, *values)
    rows = await asking.rows(brands.TABLE, list(counts))
    chosen = set(search.filters.get("brandEntityIds") or ())
    items = [
        {"entityId": one, "name": rows[one].name, "isSelected": one in chosen, "productCount": int(count)}
        for one, count in counts.items()
        if one in rows
    ]
    return _facet("BrandSearchFilter", "Brand", brands=items) if items else None


async def _category_facet(asking: Asking, search: Search) -> dict[str, Any] | None:
    test, values = search.test("category")
    sql = (
        "SELECT pc.category_id, count(*) FROM products p JOIN product_categories pc ON pc.product_id = p.id"
        f" WHERE {test} GROUP BY pc.category_id"
    )
    counts = await query.pairs(asking.reader, sql, *values)
    chosen = set(search.filters.get("categoryEntityIds") or ()) | {search.filters.get("categoryEntityId")}
    told: dict[int, dict[str, Any]] = {
        one.id: {
            "entityId": one.id, "name": one.name, "isSelected": one.id in chosen,
            "productCount": int(counts.get(one.id, 0)), "parent": one.parent_id,
        }
        for one in await visible(asking)
    }  # fmt: skip
    for one in told.values():
        one["below"] = [each for each in told.values() if each["parent"] == one["entityId"] and each["productCount"]]
    full = {number for number, one in told.items() if one["productCount"]}
    items = [one for number, one in told.items() if number in full and one["parent"] not in full]
    return _facet("CategorySearchFilter", "Category", categories=items) if items else None


async def _attribute_facets(asking: Asking, search: Search) -> list[dict[str, Any]]:
    """Facets of custom fields and options, by the names of their values."""
    test, values = search.test()
    found: dict[str, dict[str, int]] = {}
    sql = (
        f"SELECT f.name, f.value, count(DISTINCT f.product_id) FROM custom_fields f JOIN products p"
        f" ON p.id = f.product_id WHERE {test} GROUP BY f.name, f.value ORDER BY f.name, f.value LIMIT 500"
    )
    for name, value, count in await asking.reader.rows(sql, *values):
        found.setdefault(name, {})[value] = int(count)
    sql = (
        "SELECT t.display_name, w.label, count(DISTINCT v.product_id) FROM products p JOIN variants v"
        " ON v.product_id = p.id JOIN variant_option_values x ON x.variant_id = v.id JOIN option_values w"
        " ON w.id = x.value_id JOIN options t ON t.id = w.option_id"
        f" WHERE {test} GROUP BY t.display_name, w.label ORDER BY t.display_name, w.label LIMIT 500"
    )
    for name, value, count in await asking.reader.rows(sql, *values):
        found.setdefault(name, {})[value] = int(count)
    chosen = {one["attribute"]: set(one["values"]) for one in search.filters.get("productAttributes") or ()}
    return [
        _facet(
            "ProductAttributeSearchFilter", name, filterName=name, filterKey=name,
            attributes=[
                {"value": value, "isSelected": value in chosen.get(name, ()), "productCount": count}
                for value, count in counts.items()
            ],
        )
        for name, counts in list(found.items())[:30]
    ]  # fmt: skip


async def _other_facet(asking: Asking, search: Search) -> dict[str, Any] | None:
    test, values = search.test()
    sums = ", ".join(
        f"coalesce(sum(CASE WHEN {one} THEN 1 ELSE 0 END), 0)"
        for one in ("p.is_free_shipping", "p.is_featured", IN_STOCK)
    )
    row = await asking.reader.row(f"SELECT {sums} FROM products p WHERE {test}", *values)
    assert row is not None
    names = (
        ("freeShipping", "Free Shipping", "isFreeShipping"),
        ("isFeatured", "Is Featured", "isFeatured"),
        ("isInStock", "In Stock", "hideOutOfStock"),
    )
    told: dict[str, Any] = {}
    for count, (field, words, asked) in zip(row, names, strict=True):
        chosen = bool(search.filters.get(asked))
        told[field] = {"displayName": words, "isSelected": chosen, "productCount": int(count)} if count else None
    return _facet("OtherSearchFilter", "Other", **told) if any(told.values()) else None


def _items(kind: str, field: str, name: str = "") -> None:
    async def resolve(_asking: Asking, things: Sequence[Any], args: Args) -> list[Any]:
        return [connection(thing[name or field], args) for thing in things]

    batch(f"{kind}.{field}")(resolve)


_items("BrandSearchFilter", "brands")
_items("CategorySearchFilter", "categories")
_items("ProductAttributeSearchFilter", "attributes")
_items("CategorySearchFilterItem", "subCategories", "below")
_items("SubCategorySearchFilterItem", "subCategories", "below")
