"""A search that finds nothing is tried again with the words of the shop that are written almost like those typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bodega.resources.catalog import near_words
from bodega.resources.catalog.near_words import ShopWords, distance
from bodega.storefront.graphql.asking import MOST_CORRECTED
from held import beside
from shop import Shop
from storefront import Window
from test_storefront_graphql import make
from test_storefront_search import LIST, facets, found


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are seen at once."""
    monkeypatch.setattr(near_words, "PATIENCE", 0)


@pytest.fixture
def window(shop: Shop) -> Window:
    window = Window(shop)
    top = shop.post("/v3/catalog/categories", {"name": "Gardening", "parent_id": 0}).data["id"]
    brand = shop.post("/v3/catalog/brands", {"name": "Böhm & Söhne"}).data["id"]
    make(shop, "Lantern", brand_id=brand, description="brass")
    make(shop, "Garden chair", categories=[top], search_keywords="armchair, seat")
    make(shop, "Steel hammer", sku="HAM-2000", price=5)
    make(shop, "Rubber hammer", price=50)
    return window


@pytest.mark.parametrize(("typed", "finds"), [
    ("lamtern", ["Lantern"]),  # a wrong letter
    ("lntern", ["Lantern"]),  # a missing one
    ("lanntern", ["Lantern"]),
    ("latnern", ["Lantern"]),  # two that are swapped
    ("Lamtern", ["Lantern"]),
    ("armchiar", ["Garden chair"]),  # a search keyword
    ("gardning", ["Garden chair"]),  # a category
    ("boehm", ["Lantern"]),
    ("bohn", ["Lantern"]),  # a brand, without its accents
    ("steal hamer", ["Steel hammer", "Rubber hammer"]),
    ("laantren", ["Lantern"]),  # two wrong letters of eight
    ("lamtirn", []),  # two of seven
    ("brsas", []),  # a word of a description alone
    ("lan", ["Lantern"]),
    ("lam", []),
    ("HAM-2001", ["Steel hammer", "Rubber hammer"]),
    ("zzzzzzzz", []),
])  # fmt: skip
def test_words_that_are_almost_right_find(window: Window, typed: str, finds: list[str]) -> None:
    assert sorted(found(window, typed)) == sorted(finds)


def test_what_is_found_exactly_is_all_that_is_found(window: Window) -> None:
    make(window.shop, "Lattern")
    assert found(window, "lattern") == ["Lattern"], "though a lantern is near"
    assert found(window, "lattern zzzz") == ["Lattern"], "any of the words"
    assert found(window, "hammer", price={"minPrice": 1_000}) == [], "it is the filter that leaves nothing"


def test_filters_order_and_facets_are_those_of_what_was_meant(window: Window) -> None:
    assert found(window, "hamer", price={"minPrice": 20}) == ["Rubber hammer"]
    assert found(window, "hamer", "LOWEST_PRICE") == ["Steel hammer", "Rubber hammer"]
    assert found(window, "rubber hamer") == ["Rubber hammer"]
    assert found(window, "ruber hamer", "RELEVANCE")[0] == "Rubber hammer", "it has both words"
    assert facets(window, searchTerm="lamtern")["Brand"]["brands"]["edges"][0]["node"]["productCount"] == 1


def test_what_shoppers_do_not_see_is_not_suggested(window: Window) -> None:
    make(window.shop, "Zeppelin", is_visible=False)
    assert found(window, "zepelin") == []
    assert found(window, "zeppelin") == []


def test_a_change_is_known(window: Window) -> None:
    assert found(window, "telescoep") == []
    made = make(window.shop, "Telescope")
    assert found(window, "telescoep") == ["Telescope"]
    window.shop.put(f"/v3/catalog/products/{made}", {"name": "Microscope"})
    assert (found(window, "telescoep"), found(window, "mikroscope")) == ([], ["Microscope"])


def test_words_are_read_once_for_as_long_as_they_are_good(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_words, "PATIENCE", 1_000_000)
    assert found(window, "lamtern") == ["Lantern"]
    make(window.shop, "Telescope")
    with window.counted() as given:
        assert found(window, "telescoep") == []
    assert not any("product_texts t JOIN" in sql for sql in given)


def test_a_search_that_finds_costs_one_statement_more_and_no_words(window: Window) -> None:
    found(window, "lantern")
    with window.counted() as given:
        found(window, "lantern")
    assert sum("LIMIT 1" in sql and "named JOIN" in sql for sql in given) == 1
    assert not any("product_texts t JOIN" in sql for sql in given)


@pytest.mark.parametrize(("one", "other", "far"), [
    ("abcd", "abcd", 0), ("abcd", "abdc", 1), ("abcd", "abce", 1), ("abcd", "abc", 1), ("abcd", "abcde", 1),
    ("abcd", "badc", 2), ("abcd", "xbcy", 2), ("abcdef", "bcdefa", 2), ("abcd", "dcba", 3), ("abcd", "wxyz", 3),
    ("", "ab", 2),
])  # fmt: skip
def test_distance(one: str, other: str, far: int) -> None:
    assert distance(one, other, 2) == distance(other, one, 2) == far


def test_the_nearest_and_most_frequent_words_come_first() -> None:
    words = ShopWords()
    words.add(["hammer tongs", "hammer", "hummer jammer", "hemmer", "hemmer", "hemmer", "hommer"])
    assert words.near("hammer") == ("hammer",)
    assert words.near("hxmmer") == ("hemmer", "hammer", "hommer"), "three, the most frequent first"
    assert words.near("hamer") == ("hammer",)
    assert words.near("tong") == ("tongs",)
    assert words.near("ton") == words.near("1234") == words.near("a" * 40) == ()


def test_a_large_vocabulary_holds_nobody(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ShopWords()
    words.add([f"{a}{b}{c}stone{d}" for a in letters for b in letters for c in letters for d in "aeio"])

    async def known(*_: Any) -> ShopWords:
        return words

    monkeypatch.setattr(near_words, "_read", known)
    term = " ".join(f"{one}zzstoneu" for one in "qwertyui")
    headers = {"host": window.host, "authorization": f"Bearer {window.token}", "content_type": "application/json"}
    body = json.dumps({"query": LIST, "variables": {"f": {"searchTerm": term}}}).encode()
    wait = beside(window.shop, "POST", "/graphql", body, **headers)
    assert wait.reply.status == 200
    assert wait.longest < 0.12
    assert wait.took < 2


def test_a_request_has_its_words_looked_for_a_few_times(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names it gives the same search, and however many parts a word has."""
    asked: list[str] = []
    near = ShopWords.near
    monkeypatch.setattr(ShopWords, "near", lambda self, word: asked.append(word) or near(self, word))
    term = " ".join("-".join(f"{a}{b}zzzz" for a in "abcdefgh") for b in "abcdefgh")
    assert found(window, term) == []
    assert 0 < len(asked) <= near_words.MOST_PARTS
    asked.clear()
    many = " ".join(f'a{place}: searchProducts(filters: {{searchTerm: "lamtern{place}"}}) {{ products {{ edges {{ node'
                    " { name } } } }" for place in range(40))  # fmt: skip
    reply = window.ask(f"{{ site {{ search {{ {many} }} }} }}")
    assert "errors" not in reply
    assert len(asked) == MOST_CORRECTED


def test_words_are_looked_for_no_more_than_so_many_at_once(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(window, "lamtern") == ["Lantern"]
    monkeypatch.setattr(near_words, "_waiting", {object() for _ in range(near_words.MOST_WAITING)})
    assert found(window, "lamtern") == [], "as if nothing were near"


@given(some.text("abcd", max_size=8), some.text("abcd", max_size=8), some.integers(1, 2))
def test_the_distance_near_the_diagonal_is_that_of_the_whole_table(one: str, other: str, most: int) -> None:
    table = {(0, at): at for at in range(len(other) + 1)} | {(at, 0): at for at in range(len(one) + 1)}
    for a in range(1, len(one) + 1):
        for b in range(1, len(other) + 1):
            ways = [table[a - 1, b] + 1, table[a, b - 1] + 1, table[a - 1, b - 1] + (one[a - 1] != other[b - 1])]
            if a > 1 and b > 1 and one[a - 1] == other[b - 2] and one[a - 2] == other[b - 1]:
                ways.append(table[a - 2, b - 2] + 1)
            table[a, b] = min(ways)
    assert distance(one, other, most) == min(table[len(one), len(other)], most + 1)
