"""What hangs on sample products is the same for the same seed, fits its fields, and occurs as often as in a shop."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from bodega.lab.catalogue import MAX_VARIANTS, article_of, product
from bodega.lab.details import code, details
from bodega.lab.words import ProductKind, words
from bodega.resources.catalog.videos import youtube_id

COUNT = 6_000
VARYING = [kind for kind in words().kinds if kind.varies]

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def products() -> list[tuple[dict[str, Any], dict[str, Rows]]]:
    bodies = [product(7, k) for k in range(COUNT)]
    return [(body, details(7, k, body)) for k, body in enumerate(bodies)]


Made = list[tuple[dict[str, Any], dict[str, Rows]]]


def all_of(products: Made, name: str) -> Rows:
    return [row for _, found in products for row in found.get(name, ())]


def test_what_hangs_on_a_product_does_not_depend_on_what_was_made_before(products: Made) -> None:
    for k in (COUNT - 1, 59, 0, 1234):
        assert details(7, k, product(7, k)) == products[k][1]


@pytest.mark.parametrize(
    ("name", "least", "maximum"),
    [
        ("variants", 0.1, 0.25),
        ("options", 0.1, 0.25),
        ("custom_fields", 0.2, 0.5),
        ("bulk_pricing_rules", 0.03, 0.15),
        ("reviews", 0.1, 0.25),
        ("videos", 0.01, 0.05),
        ("modifiers", 0.02, 0.1),
    ],
)
def test_a_believable_share_of_products_has(name: str, least: float, maximum: float, products: Made) -> None:
    assert least < sum(name in found for _, found in products) / COUNT < maximum


def test_a_product_with_variants_is_every_combination_of_its_options(products: Made) -> None:
    for body, found in products:
        if "variants" not in found:
            assert body["inventory_tracking"] != "variant"
            continue
        message = [
            tuple((value["option_display_name"], value["label"]) for value in variant["option_values"])
            for variant in found["variants"]
        ]
        assert 2 <= len(set(message)) == len(message) <= MAX_VARIANTS
        for place, option in enumerate(found["options"]):
            labels = [value["label"] for value in option["option_values"]]
            assert {pairs[place] for pairs in message} == {(option["display_name"], label) for label in labels}
        assert body["inventory_level"] == 0, "it is the sum of its variants'"


def test_skus_and_upcs_are_unique_over_products_and_variants(products: Made) -> None:
    for field in ("sku", "upc"):
        values = [body[field] for body, _ in products] + [row[field] for row in all_of(products, "variants")]
        assert len({value.casefold() for value in values}) == len(values)


@pytest.mark.parametrize("kind", VARYING, ids=lambda kind: kind.code)
def test_words_that_tell_variants_apart_have_different_codes(kind: ProductKind) -> None:
    for labels in ([size.name for size in kind.sizes], words().palettes[kind.palette]):
        assert len({code(label) for label in labels}) == len(labels)
    assert len({kind.labels[1], kind.labels[2]}) == 2


@pytest.mark.parametrize("kind", VARYING, ids=lambda kind: kind.code)
def test_a_name_does_not_say_what_is_chosen_later(kind: ProductKind) -> None:
    articles = [article for article in (article_of(7, k) for k in range(600)) if article.stock.kind == kind]
    assert articles
    for article in articles:
        assert ("size" in kind.varies) == ("{size}" not in article.stock.name) == (len(article.sizes) > 1)
        assert ("choice" in kind.varies) == ("{choice}" not in article.stock.name) == (len(article.choices) > 1)


def test_some_variants_have_a_price_of_their_own_and_leave_a_margin(products: Made) -> None:
    own = 0
    for body, found in products:
        for variant in found.get("variants", ()):
            price = variant.get("price", body["price"])
            assert price > variant["cost_price"]
            sale = variant.get("sale_price", body.get("sale_price"))
            assert sale is None or variant["cost_price"] < sale < price
            assert ("price" in variant) <= ("retail_price" in variant)
            own += "price" in variant
    assert 0.1 < own / len(all_of(products, "variants")) < 0.9


def test_prices_by_quantity_fall_without_a_gap(products: Made) -> None:
    kinds = Counter(rule["type"] for rule in all_of(products, "bulk_pricing_rules"))
    assert set(kinds) == {"percent", "price", "fixed"}
    for body, found in products:
        if "bulk_pricing_rules" not in found:
            continue
        few, many = found["bulk_pricing_rules"]
        assert (few["quantity_max"] + 1, many["quantity_max"]) == (many["quantity_min"], 0)
        cheaper = [_price(body["price"], rule) for rule in (few, many)]
        assert body["price"] > cheaper[0] > cheaper[1] > 0


def _price(price: Decimal, rule: dict[str, Any]) -> Decimal:
    amount: Decimal = rule["amount"]
    return {"percent": price - price * amount / 100, "price": price - amount, "fixed": amount}[rule["type"]]


def test_reviews_are_mostly_kind_and_mostly_approved(products: Made) -> None:
    reviews = all_of(products, "reviews")
    ratings = Counter(review["rating"] for review in reviews)
    assert set(ratings) == {1, 2, 3, 4, 5}
    assert ratings.most_common(1)[0][0] == 5
    states = Counter(review["status"] for review in reviews)
    assert states["approved"] > 5 * states["pending"] > 5 * states["disapproved"] > 0
    assert all(review["email"].endswith(("@example.com", ".test")) for review in reviews)
    assert all(0 <= review["age"] < 700 * 86_400 for review in reviews)


def test_a_custom_field_is_said_once(products: Made) -> None:
    for _, found in products:
        names = [field["name"] for field in found.get("custom_fields", ())]
        assert len(set(names)) == len(names)


def test_videos_are_nobodys(products: Made) -> None:
    ids = [video["video_id"] for video in all_of(products, "videos")]
    assert all(youtube_id(one) == one and one.startswith("bodega") for one in ids)
