"""What is kept from one query of a storefront to the next is what the rows say, whoever changed them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from bench.storefront import CARD, CATEGORY, PRODUCT

from bodega.resources import MODEL
from bodega.storage import table_stats
from bodega.storefront.graphql.kept import Kept, State
from shop import Shop
from storefront import Window
from test_storefront_graphql import make

SETTINGS = """
{ site { settings { storeName status statusMessage logo { title } faviconUrl contact { address } display {
  showProductRating } search { productFilteringEnabled } storefront { catalog { productComparisonsEnabled } } reviews {
  enabled } inventory { stockLevelDisplay } locales { code } currency { defaultCurrency } seo { pageTitle } robotsTxt
  tax { pdp } security { hsts { hstsOnStorefrontEnabled } } } categoryTree { name } } }
"""
PRICE = "{ site { product(entityId: 1) { prices { price { value currencyCode } } } } }"
_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)", re.IGNORECASE)


@pytest.fixture
def window(shop: Shop) -> Window:
    window = Window(shop)
    top = shop.post("/v3/catalog/categories", {"name": "Tools", "parent_id": 0}).data["id"]
    shop.post("/v3/catalog/categories", {"name": "Garden", "parent_id": 0})
    make(shop, "Hammer", categories=[top], price=20, custom_fields=[{"name": "Handle", "value": "Ash"}])
    return window


def price(window: Window) -> Any:
    found = window.ask(PRICE)["site"]["product"]["prices"]
    return found and found["price"]["value"]


def asked(window: Window) -> None:
    """Asks for about all that a storefront shows."""
    window.ask(SETTINGS)
    window.ask(f"{PRODUCT} {CARD}", {"id": 1, "chosen": []})
    filters = {"categoryEntityId": 1, "searchSubCategories": True}
    window.ask(f"{CATEGORY} {CARD}", {"id": 1, "filters": filters, "sort": "FEATURED"})


def test_what_is_kept_names_every_table_that_it_is_read_from(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    store = window.shop.server.run(window.shop.server.app.stores.get(window.shop.name))
    assert store is not None
    own, reader = Kept.part, store.rows.reader
    named, read = dict[str, set[str]](), dict[str, set[str]]()
    making: list[str] = []
    for name in ("row", "rows"):
        kind = getattr(reader, name)

        async def noted(sql: str, *values: Any, kind: Any = kind) -> Any:
            for key in making:
                read[key] |= set(_TABLES.findall(sql)) - {"table_statistics"}
            return await kind(sql, *values)

        monkeypatch.setattr(reader, name, noted)

    async def watched(
        kept: Kept, reader: Any, state: State, learned: int, key: Any, tables: Sequence[str], make: Callable[[], Any]
    ) -> Any:
        name = str(key)
        named[name] = set(tables)
        read.setdefault(name, set())

        async def made() -> Any:
            making.append(name)
            try:
                return await make()
            finally:
                making.remove(name)

        return await own(kept, reader, state, learned, key, tables, made)

    monkeypatch.setattr(Kept, "part", watched)
    asked(window)
    assert {key: tables - named[key] for key, tables in read.items() if tables - named[key]} == {}
    assert len(read) > 15
    assert all(read.values()), "nothing of it was kept before"
    assert {name for tables in named.values() for name in tables} <= {table.name for table in MODEL.tables}


def test_the_second_query_does_not_read_what_is_kept(window: Window) -> None:
    asked(window)
    with window.counted() as given:
        asked(window)
    kept = [sql for sql in given if re.search(r"_settings|tax_|currenc|trees|customer_groups|search_filter", sql)]
    assert kept == []
    assert sum(sql == table_stats.REVISION for sql in given) == 3, "one for each query"


def changes(window: Window) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """What is changed, and what shows it."""
    shop = window.shop
    tree = lambda: [one["name"] for one in window.ask(SETTINGS)["site"]["categoryTree"]]  # noqa: E731
    settings = lambda name: lambda: window.ask(SETTINGS)["site"]["settings"][name]  # noqa: E731
    return {
        "a setting of the shop": (
            lambda: shop.put("/v3/settings/store/profile", {"store_name": "Another"}), settings("storeName")),
        "a setting of a channel": (
            lambda: shop.put("/v3/settings/storefront/product?channel_id=1", {"show_product_rating": False}),
            settings("reviews")),
        "whether prices are shown": (
            lambda: shop.put("/v3/settings/storefront/product", {"hide_price_from_guests": True}),
            lambda: price(window)),
        "a category": (lambda: shop.put("/v3/catalog/categories/2", {"is_visible": False}), tree),
        "the taxes": (lambda: shop.post("/v3/tax/rates", [
            {"name": "VAT", "enabled": True, "priority": 1, "tax_zone_id": 1,
             "class_rates": [{"tax_class_id": 0, "rate": 20}]}]),
            lambda: window.ask("{ site { product(entityId: 1) { prices(includeTax: true) { price { value } } } } }")),
        "the group of guests": (lambda: shop.post("/v2/customer_groups", {
            "name": "Guests", "is_group_for_guests": True,
            "discount_rules": [{"type": "all", "method": "percent", "amount": "50"}]}), lambda: price(window)),
    }  # fmt: skip


@pytest.mark.parametrize("what", [
    "a setting of the shop", "a setting of a channel", "whether prices are shown", "a category", "the taxes",
    "the group of guests",
])  # fmt: skip
def test_a_change_shows_in_the_next_query(window: Window, what: str) -> None:
    change, shows = changes(window)[what]
    shows()
    before = shows()
    reply = change()
    assert reply.status in (200, 201), reply.body
    assert shows() != before


class Reader:
    """A store of one table, whose revision is moved by hand."""

    def __init__(self) -> None:
        self.revision = 1

    async def row(self, _sql: str, *_values: Any) -> Any:
        return (self.revision,)

    async def rows(self, _sql: str, *names: Any) -> Any:
        return [(name, self.revision) for name in names]


def test_what_changes_while_it_is_read_is_read_again() -> None:
    reader, kept = Reader(), Kept()
    any_reader: Any = reader

    async def asked(make: Callable[[], Awaitable[str]]) -> str:
        state = await kept.state(any_reader)
        return await kept.part(any_reader, state, 1, "key", ("things",), make)

    async def tried() -> None:
        read, changed = asyncio.Event(), asyncio.Event()

        async def slow() -> str:
            read.set()
            await changed.wait()
            return "old"

        async def fast() -> str:
            return "new"

        first = asyncio.create_task(asked(slow))
        await read.wait()
        reader.revision = 2
        assert await asked(fast) == "new"
        changed.set()
        assert await first == "old", "it began before"
        assert await asked(fast) == "new"

        async def never() -> str:
            raise AssertionError

        assert await asked(never) == "new"

    asyncio.run(tried())
