"""Full-text search of products: what finds them, in which order, and the facets of what was found."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import Any

import pytest
from bench.storefront import CARD, CATEGORY, PRODUCT

from bodega.resources.catalog.product import TABLE as PRODUCTS
from bodega.resources.catalog.search_texts import UPKEEP
from bodega.storage import writer
from bodega.storage.rules import Upkeep
from bodega.storage.sqlite import rows as sqlite_rows
from shop import PATIENCE, Shop
from storefront import Window, nodes
from test_storefront_graphql import make

LIST = """
query($f: SearchProductsFiltersInput!, $s: SearchProductsSortInput) { site { search { searchProducts(filters: $f,
  sort: $s) { products(first: 50) { collectionInfo { totalItems } edges { node { name } } } } } } }
"""
FACETS = """
query($f: SearchProductsFiltersInput!) { site { search { searchProducts(filters: $f) { filters { edges { node {
  __typename displayName isCollapsedByDefault
  ... on BrandSearchFilter { displayProductCount brands { edges { node { name isSelected productCount } } } }
  ... on CategorySearchFilter { categories { edges { node { name productCount } } } }
  ... on ProductAttributeSearchFilter { filterKey attributes { edges { node { value isSelected productCount } } } }
  ... on RatingSearchFilter { ratings { edges { node { value isSelected productCount } } } }
  ... on PriceSearchFilter { selected { minPrice maxPrice } }
  ... on OtherSearchFilter { freeShipping { productCount } isFeatured { isSelected productCount } isInStock {
    productCount } } } } } } } } }
"""


@pytest.fixture
def window(shop: Shop) -> Window:
    return Window(shop)


def found(window: Window, term: str = "", sort: str | None = None, **filters: Any) -> list[str]:
    """The names of what a search finds, in order; their number is the total."""
    given = {"searchTerm": term, **filters} if term else filters
    answer = window.ask(LIST, {"f": given, "s": sort})["site"]["search"]["searchProducts"]["products"]
    names = [one["name"] for one in nodes(answer)]
    assert answer["collectionInfo"]["totalItems"] == len(names)
    return names


def facets(window: Window, **filters: Any) -> dict[str, Any]:
    answer = window.ask(FACETS, {"f": filters})["site"]["search"]["searchProducts"]["filters"]
    return {one["displayName"]: one for one in nodes(answer)}


def settings(shop: Shop, **changed: Any) -> None:
    """Changes the settings of search."""
    usual = {"content_product_sort": "relevance", "default_product_sort": "relevance", "search_suggest": True}
    shop.put("/v3/settings/storefront/search", {**usual, **changed})


def counts(connection: Any, key: str = "value") -> dict[str, int]:
    return {one[key]: one["productCount"] for one in nodes(connection)}


def test_products_are_found_by_all_that_describes_them(window: Window) -> None:
    shop = window.shop
    top = shop.post("/v3/catalog/categories", {"name": "Garden tools", "parent_id": 0}).data["id"]
    brand = shop.post("/v3/catalog/brands", {"name": "Nordic Steel"}).data["id"]
    make(shop, "Hatchet", sku="AX-100", brand_id=brand, description="<p>Splits <b>birch</b> &amp; pine.</p>",
         search_keywords="axe,chopper")  # fmt: skip
    make(shop, "Café table", categories=[top])
    make(
        shop, "Jacket", variants=[{"sku": "JK-RED-9", "option_values": [{"option_display_name": "C", "label": "Red"}]}]
    )
    assert found(window, "hatchet") == found(window, "hat") == found(window, "HATCH") == ["Hatchet"]
    assert found(window, "ax-100") == found(window, "ax100") == found(window, "AX") == ["Hatchet"]
    assert found(window, "jk-red") == ["Jacket"], "the beginning of a variant's SKU"
    assert found(window, "nordic") == found(window, "steel") == ["Hatchet"], "any word of the brand"
    assert found(window, "tools") == ["Café table"], "any word of a category"
    assert found(window, "chopper") == found(window, "birch") == found(window, "pine") == ["Hatchet"]
    assert found(window, "cafe") == found(window, "CAFÉ") == ["Café table"], "with and without its accent"
    assert set(found(window, "nordic jacket")) == {"Jacket", "Hatchet"}, "any of the words"
    assert found(window, "no zzyzx") == found(window, "zzyzx") == []
    for nothing in ("strong", "amp", "---", '"', "100%", "a' OR 1=1", "title:x NEAR(", "*", ":* | !"):
        assert found(window, nothing) in ([], ["Hatchet"] if "100" in nothing else []), nothing


def test_what_was_written_is_found_at_once_and_what_is_gone_is_not(window: Window) -> None:
    shop = window.shop
    one, other = make(shop, "Lantern", description="brass"), make(shop, "Torch")
    shop.put(f"/v3/catalog/products/{one}", {"name": "Lamp", "description": "copper"})
    assert (found(window, "lantern"), found(window, "brass")) == ([], [])
    assert (found(window, "lamp"), found(window, "copper")) == (["Lamp"], ["Lamp"])
    shop.put("/v3/catalog/products", [{"id": other, "search_keywords": "flashlight"}])
    assert found(window, "flash") == ["Torch"]
    brand = shop.post("/v3/catalog/brands", {"name": "Old"}).data["id"]
    shop.put(f"/v3/catalog/products/{one}", {"brand_id": brand})
    shop.put(f"/v3/catalog/brands/{brand}", {"name": "Fresh"})
    assert (found(window, "old"), found(window, "fresh")) == ([], ["Lamp"])
    shop.put(f"/v3/catalog/products/{one}", {"is_visible": False})
    assert found(window, "lamp") == []
    shop.delete("/v3/catalog/products?id:in=1,2")
    assert found(window, "torch") == []
    assert shop.rows("product_texts") == 0


def test_the_best_comes_first(window: Window) -> None:
    shop = window.shop
    make(shop, "Box", description="holds a lamp")
    make(shop, "Shade", search_keywords="lamp")
    make(shop, "Lamp of oak and brass for the hall")
    make(shop, "Table light", sku="lamp")
    make(shop, "Lamp")
    order = found(window, "lamp", "RELEVANCE")
    assert set(order[:2]) == {"Table light", "Lamp"}, "whose SKU or name it is"
    assert order[2:] == ["Lamp of oak and brass for the hall", "Shade", "Box"]
    assert found(window, "lamp") == order, "the search settings' usual order"
    assert found(window, "lamp", "A_TO_Z") == sorted(order)
    settings(shop, default_product_sort="alphadesc", product_filtering_enabled=True)
    assert found(window, "lamp") == sorted(order, reverse=True)


def test_who_has_more_of_the_words_comes_first(window: Window) -> None:
    """As whoever looks for the whole name of a product expects: it first, and then what is like it."""
    shop = window.shop
    number = shop.post("/v3/catalog/categories", {"name": "Kitchen", "parent_id": 0}).data["id"]
    for name in ("Test product one", "Test case", "A product", "Test product two", "Kitchen scale"):
        make(shop, name, description="kitchen product" if name == "Test case" else "")
    make(shop, "Spoon", categories=[number])
    order = found(window, "test product two")
    assert order[:2] == ["Test product two", "Test product one"]
    assert set(order[2:]) == {"Test case", "A product"}
    assert found(window, "kitchen")[0] == "Spoon", "the name of its category is what was typed"
    assert set(found(window, "kitchen")) == {"Spoon", "Kitchen scale", "Test case"}


@pytest.fixture
def rated(window: Window) -> Window:
    """Products with stars, brands, options, custom fields."""
    shop = window.shop
    for name, stars, brand in (("One", (5, 5), "A"), ("Two", (4, 3), "A"), ("Three", (2,), "B"), ("Four", (), "B")):
        number = make(shop, name, brand_name=brand, price=10 * len(name), is_free_shipping=name == "One",
                      custom_fields=[{"name": "Wood", "value": "Ash" if brand == "A" else "Oak"}])  # fmt: skip
        for rating in stars:
            review = {"title": "x", "rating": rating, "status": "approved", "date_reviewed": "2026-01-01T00:00:00Z"}
            shop.post(f"/v3/catalog/products/{number}/reviews", review)
    return window


def test_stars_narrow_and_order(rated: Window) -> None:
    assert found(rated, sort="BEST_REVIEWED") == ["One", "Two", "Three", "Four"]
    assert found(rated, sort="BEST_REVIEWED", rating={"minRating": 3}) == ["One", "Two"]
    assert found(rated, rating={"minRating": 1, "maxRating": 3.5}, sort="A_TO_Z") == ["Three", "Two"]
    told = facets(rated)["Rating"]
    assert counts(told["ratings"]) == {"5": 1, "4": 1, "3": 2, "2": 3, "1": 3}
    narrowed = facets(rated, rating={"minRating": 3})
    assert counts(narrowed["Rating"]["ratings"]) == {"5": 1, "4": 1, "3": 2, "2": 3, "1": 3}, "without itself"
    assert [one["value"] for one in nodes(narrowed["Rating"]["ratings"]) if one["isSelected"]] == ["3"]
    assert counts(narrowed["Brand"]["brands"], "name") == {"A": 2}
    assert narrowed["Other"]["freeShipping"] == {"productCount": 1}


def test_each_facet_counts_what_it_would_leave(rated: Window) -> None:
    told = facets(rated, productAttributes=[{"attribute": "Wood", "values": ["Ash"]}], price={"maxPrice": 30})
    assert counts(told["Wood"]["attributes"]) == {"Ash": 2}, "Oak costs more"
    told = facets(rated, productAttributes=[{"attribute": "Wood", "values": ["Ash"]}])
    assert counts(told["Wood"]["attributes"]) == {"Ash": 2, "Oak": 2}
    assert counts(told["Brand"]["brands"], "name") == {"A": 2}
    assert counts(facets(rated, searchTerm="two three")["Wood"]["attributes"]) == {"Ash": 1, "Oak": 1}
    assert facets(rated, price={"minPrice": 1})["Price"]["selected"] == {"minPrice": 1, "maxPrice": None}


def test_the_filters_of_search_say_which_facets_there_are(rated: Window) -> None:
    shop = rated.shop
    known = {one["name"]: one for one in shop.get("/v3/settings/search/filters/available").data}
    shop.put("/v3/settings/search/filters", [
        {"id": known["Wood"]["id"], "type": "product", "display_name": "Made of", "collapsed_by_default": True,
         "sort_by": "item_count"},
        {"id": known["Brand"]["id"], "type": "brand", "display_product_count": False},
        {"id": known["Price"]["id"], "type": "price", "is_enabled": False},
    ])  # fmt: skip
    told = facets(rated)
    assert list(told) == ["Made of", "Brand"]
    assert (told["Made of"]["isCollapsedByDefault"], told["Made of"]["filterKey"]) == (True, "Wood")
    assert told["Brand"]["displayProductCount"] is False
    make(shop, "Five", custom_fields=[{"name": "Wood", "value": "Oak"}])
    assert list(counts(facets(rated)["Made of"]["attributes"])) == ["Oak", "Ash"]
    settings(shop, default_product_sort="relevance", product_filtering_enabled=False)
    assert facets(rated) == {}


def test_facets_cost_a_fixed_number_of_statements(rated: Window) -> None:
    def cost(**filters: Any) -> int:
        with rated.counted() as given:
            facets(rated, **filters)
        return len(given)

    cost()  # reads what is kept from one query to the next
    before = cost(), cost(searchTerm="two three", brandEntityIds=[1])
    for number in range(12):
        make(rated.shop, f"T{number}", brand_name=f"Brand {number}",
             custom_fields=[{"name": f"Field {number}", "value": "x"}])  # fmt: skip
    cost()
    assert (cost(), cost(searchTerm="two three", brandEntityIds=[1])) == before


SMALL = re.compile(r"SCAN (\(subquery-\d+\)|listed|t\d+|currencies|customer_groups|locations|found|\w+_counts)")
"""What may be read whole: what was narrowed before, and tables that do not grow with the catalogue."""


def unknown(sql: str) -> list[None]:
    """A value for each placeholder."""
    return [None] * max((int(place) for place in re.findall(r"\$(\d+)", sql)), default=0)


@pytest.mark.parametrize("page", ["product", "category"])
def test_a_page_reads_no_table_from_its_beginning(window: Window, page: str) -> None:
    """So it costs the same, however many products and variants there are elsewhere."""
    shop = window.shop
    if shop.server.backend.__class__.__name__ != "SqliteBackend":
        pytest.skip("PostgreSQL plans by the sizes of tables, which are small here")
    category = shop.post("/v3/catalog/categories", {"name": "Tools", "parent_id": 0}).data["id"]
    red = [{"option_display_name": "Colour", "label": "Red"}]
    one = make(shop, "Jacket", categories=[category], variants=[{"sku": "J-R", "option_values": red}])
    make(shop, "Coat", categories=[category])
    with window.counted() as given:
        if page == "product":
            window.ask(f"{PRODUCT} {CARD}", {"id": one, "chosen": []})
        else:
            filters = {"categoryEntityId": category, "searchSubCategories": True}
            window.ask(f"{CATEGORY} {CARD}", {"id": category, "filters": filters, "sort": "FEATURED"})
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    assert store is not None
    scanned = [
        (told, sql)
        for sql in given
        for *_, told in shop.server.run(store.rows.reader.rows(f"EXPLAIN QUERY PLAN {sql}", *unknown(sql)))
        if told.startswith("SCAN") and SMALL.match(told) is None
    ]
    assert scanned == []
    assert len(given) > 20


def test_what_waits_for_the_full_text_is_found_like_the_rest(window: Window) -> None:
    """SQLite's entries are made for many at once: before, at and after such a moment the same is found."""
    shop = window.shop
    expected: set[str] = set()
    for number in range(70):
        name = f"Item {number} {'wool' if number % 7 == 0 else 'linen'}"
        make(shop, name)
        expected |= {name} if number % 7 == 0 else set()
        if number in (3, 62, 63, 64, 69):
            assert set(found(window, "wool")) == expected, number
    changed = next(iter(sorted(expected)))
    one = shop.get(f"/v3/catalog/products?name={changed.replace(' ', '%20')}").data[0]["id"]
    shop.put(f"/v3/catalog/products/{one}", {"name": "Item silk"})
    assert set(found(window, "wool")) == expected - {changed}, "what it was before is found no more"
    assert found(window, "silk") == ["Item silk"]
    shop.delete(f"/v3/catalog/products/{one}")
    assert found(window, "silk") == []
    other = shop.get("/v3/catalog/products?name=Item%200%20wool").data
    for row in other:
        shop.delete(f"/v3/catalog/products/{row['id']}")
    assert "Item 0 wool" not in found(window, "wool")


def waiting(shop: Shop, *, at_most: int = 0) -> int:
    """How many products wait for their entries in SQLite's full text, once there are no more than `at_most`."""
    give_up = time.monotonic() + PATIENCE
    while (waits := shop.rows("product_search_waiting")) > at_most and time.monotonic() < give_up:
        shop.pause(0.02)
    return waits


def test_entries_are_made_for_many_at_once(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the writer once enough products wait, and sooner where somebody searches; both find what each write left."""
    shop = window.shop
    if shop.server.backend.registry.tx.dialect != "sqlite":
        pytest.skip("PostgreSQL's index makes its entries by itself")
    monkeypatch.setattr(writer, "SOME", 3)
    make(shop, "Stool of oak")
    for number in range(5):
        make(shop, f"Chair {number}")
    assert shop.rows("product_search_waiting") == 6
    assert len(found(window, "chair")) == 5
    assert waiting(shop, at_most=2) == 0, "a search has them made"
    assert len(found(window, "chair")) == 5
    one = shop.get("/v3/catalog/products?name=Chair%201").data[0]["id"]
    shop.put(f"/v3/catalog/products/{one}", {"price": 7})
    assert shop.rows("product_search_waiting") == 0, "no text changed"
    for text in ("beech", "birch", "elm"):
        shop.put(f"/v3/catalog/products/{one}", {"description": text})
    assert shop.rows("product_search_waiting") == 1, "a product waits once"
    assert (found(window, "birch"), found(window, "elm")) == ([], ["Chair 1"])
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    monkeypatch.setattr(store.rows, "_leaves", 4)
    monkeypatch.setattr(sqlite_rows, "MUCH", 4)
    for number in range(7):
        make(shop, f"Table {number}")
    assert waiting(shop, at_most=3) <= 3, "the writer makes them by itself"
    assert len(found(window, "table")) == 7
    assert found(window, "elm") == ["Chair 1"]


def test_entries_that_cannot_be_made_fail_no_write(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is found as it is, and is tried again."""
    shop = window.shop
    if shop.server.backend.registry.tx.dialect != "sqlite":
        pytest.skip("PostgreSQL's index makes its entries by itself")
    monkeypatch.setattr(writer, "SOME", 1)
    make(shop, "Broom of straw")
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    whole = store.rows.model
    monkeypatch.setattr(store.rows, "model", whole.with_rules(replace(
        whole.rules_of(PRODUCTS), upkeep=Upkeep(UPKEEP.waiting, (*UPKEEP.statements, "SELECT no_such_column"))
    )))  # fmt: skip
    assert found(window, "straw") == ["Broom of straw"]
    make(shop, "Brush of straw")
    assert shop.rows("product_search_waiting") == 2
    monkeypatch.setattr(store.rows, "model", whole)
    assert len(found(window, "straw")) == 2
    assert waiting(shop) == 0
    assert len(found(window, "straw")) == 2
