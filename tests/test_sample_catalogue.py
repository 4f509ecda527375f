"""The sample catalogue is the same for the same seed, valid on the wire, and unique at any size."""

import json
from decimal import Decimal
from math import prod
from string import Formatter
from typing import Any

import pytest

from bodega.lab.catalogue import brands, categories, charm, product, upc_a
from bodega.lab.deterministic import mix
from bodega.lab.words import ProductKind, words

COUNT = 20_000


@pytest.fixture(scope="module")
def products() -> list[dict[str, Any]]:
    return [product(7, k) for k in range(COUNT)]


def wire_length(body: dict[str, Any]) -> int:
    return len(json.dumps(body, default=float, separators=(",", ":")))


def test_a_product_does_not_depend_on_what_was_made_before(products: list[dict[str, Any]]) -> None:
    for k in (COUNT - 1, 59, 0, 1234):
        assert product(7, k) == products[k]


def test_a_seed_gives_the_same_catalogue_in_every_release() -> None:
    assert [product(1, k)["sku"] for k in range(3)] == ["PEN-FIN-00001", "NBK-YAR-00002", "SOC-LYD-00003"]


def test_another_seed_gives_another_catalogue() -> None:
    first, second = ({product(seed, k)["name"] for k in range(500)} for seed in (1, 2))
    assert len(first & second) < 50


@pytest.mark.parametrize("seed", [0, -1, 2**70], ids=["zero", "negative", "wider_than_64_bits"])
def test_any_whole_number_is_a_seed(seed: int) -> None:
    assert product(seed, 3)["name"]


@pytest.mark.parametrize("field", ["name", "sku", "upc", "gtin"])
def test_no_two_products_share(field: str, products: list[dict[str, Any]]) -> None:
    assert len({body[field].lower() for body in products}) == COUNT


def test_names_stay_unique_when_a_kind_has_no_new_combination_left() -> None:
    kind = min(words().kinds, key=combinations)
    again = combinations(kind)  # the round in which the kind starts over, as a second series
    first, second = (of_kind(kind, round_)["name"] for round_ in (0, again))
    line = first.split()[0]
    assert second == first.replace(line, f"{line} Series 2", 1)


def combinations(kind: ProductKind) -> int:
    free = {"size": len(kind.sizes), "choice": len(words().palettes[kind.palette])}
    fixed = [count for axis, count in free.items() if axis not in kind.varies]
    return prod([len(words().lines), len(kind.makes), *fixed])


def of_kind(kind: ProductKind, round_: int) -> dict[str, Any]:
    kinds = len(words().kinds)
    bodies = (product(1, k) for k in range(round_ * kinds, round_ * kinds + kinds))
    return next(body for body in bodies if body["sku"].startswith(f"{kind.code}-"))


def test_each_round_holds_one_product_of_each_kind(products: list[dict[str, Any]]) -> None:
    kinds = {kind.code for kind in words().kinds}
    assert {body["sku"].partition("-")[0] for body in products[: len(kinds)]} == kinds


def test_a_stored_product_is_of_ordinary_size(products: list[dict[str, Any]]) -> None:
    assert 1_200 < sum(map(wire_length, products[:2_000])) / 2_000 < 1_900


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("name", 250),
        ("sku", 255),
        ("page_title", 255),
        ("meta_description", 65_535),
        ("warranty", 65_535),
        ("search_keywords", 65_535),
        ("bin_picking_number", 255),
        ("availability_description", 255),
        ("preorder_message", 255),
        ("upc", 14),
        ("gtin", 14),
    ],
)
def test_text_fits_its_field(field: str, longest: int, products: list[dict[str, Any]]) -> None:
    assert max(len(body[field]) for body in products) <= longest


@pytest.mark.parametrize("field", ["price", "cost_price", "retail_price", "sale_price"])
def test_money_is_decimal_with_two_places(field: str, products: list[dict[str, Any]]) -> None:
    amounts = [body[field] for body in products if field in body]
    assert amounts
    assert all(type(amount) is Decimal and amount.as_tuple().exponent == -2 and amount > 0 for amount in amounts)


def test_nothing_is_a_float(products: list[dict[str, Any]]) -> None:
    assert not [key for body in products for key, value in body.items() if isinstance(value, float)]


def test_prices_leave_a_margin(products: list[dict[str, Any]]) -> None:
    for body in products:
        assert body["retail_price"] >= body["price"] > body["cost_price"]
        assert body["price"] > body.get("sale_price", body["cost_price"] + Decimal("0.01")) > body["cost_price"]


@pytest.mark.parametrize(
    ("cents", "charmed"), [(1, 99), (250, 250), (299, 299), (349, 299), (1999, 1999), (2050, 1999), (10_000, 9_999)]
)
def test_a_price_ends_as_shop_prices_do(cents: int, charmed: int) -> None:
    assert charm(cents) == charmed


@pytest.mark.parametrize(
    ("field", "allowed"),
    [
        ("type", {"physical", "digital"}),
        ("inventory_tracking", {"none", "product", "variant"}),
        ("availability", {"available", "disabled", "preorder"}),
        ("condition", {"New", "Used", "Refurbished"}),
        ("gift_wrapping_options_type", {"any", "none"}),
        ("is_visible", {True, False}),
        ("is_featured", {True, False}),
        ("is_free_shipping", {True, False}),
    ],
)
def test_every_allowed_value_occurs_and_no_other(
    field: str, allowed: set[object], products: list[dict[str, Any]]
) -> None:
    assert {body[field] for body in products} == allowed


def test_a_download_has_no_weight_and_no_stock(products: list[dict[str, Any]]) -> None:
    downloads = [body for body in products if body["type"] == "digital"]
    assert 0.02 < len(downloads) / COUNT < 0.15
    for body in downloads:
        assert body["inventory_tracking"] == "none"
        assert not any(body[field] for field in ("weight", "width", "height", "depth", "inventory_level"))


def test_every_product_can_be_ordered_in_some_quantity(products: list[dict[str, Any]]) -> None:
    bounds = {(body["order_quantity_minimum"], body["order_quantity_maximum"]) for body in products}
    assert {(2, 0), (0, 10), (0, 1)} <= bounds
    assert all(not maximum or least <= maximum for least, maximum in bounds)


def test_a_thing_has_weight_and_size(products: list[dict[str, Any]]) -> None:
    things = [body for body in products if body["type"] == "physical"]
    assert all(body[field] > 0 for body in things for field in ("weight", "width", "height", "depth"))


def test_categories_and_brands_of_products_exist(products: list[dict[str, Any]]) -> None:
    for body in products:
        assert 1 <= len(set(body["categories"])) == len(body["categories"]) <= 3
        assert all(0 <= index < len(categories()) for index in body["categories"])
        assert 0 <= body["brand"] < len(brands())


def test_every_brand_sells_something(products: list[dict[str, Any]]) -> None:
    assert {body["brand"] for body in products} == set(range(len(brands())))


def test_descriptions_are_complete_html(products: list[dict[str, Any]]) -> None:
    for body in products:
        text = body["description"]
        assert all(text.count(f"<{tag}>") == text.count(f"</{tag}>") for tag in ("p", "ul", "li"))
        assert not set("{}&") & set(text.replace("&amp;", ""))


def test_categories_form_a_tree_of_three_levels() -> None:
    tree = categories()
    depth: list[int] = []
    for index, category in enumerate(tree):
        assert category.parent is None or category.parent < index
        depth.append(1 if category.parent is None else depth[category.parent] + 1)
        assert 1 <= len(category.name) <= 50
        assert category.description.endswith(".")
    assert max(depth) == 3
    assert len({(category.parent, category.name.lower()) for category in tree}) == len(tree)


def test_brand_names_are_unique() -> None:
    assert len({brand.name.lower() for brand in brands()}) == len(brands()) == 50


@pytest.mark.parametrize("kind", words().kinds, ids=lambda kind: kind.code)
def test_a_kind_can_be_told_apart_by_its_name(kind: ProductKind) -> None:
    """Uniqueness of names rests on every axis being in the template and having no value twice."""
    assert {field for _, field, _, _ in Formatter().parse(kind.name) if field} == {"line", "make", "size", "choice"}
    axes = ([make.name for make in kind.makes], [size.name for size in kind.sizes], words().palettes[kind.palette])
    assert all(len(set(values)) == len(values) for values in axes)
    assert len(kind.points) >= 5


def test_kind_codes_and_lines_are_unique() -> None:
    assert len({kind.code for kind in words().kinds}) == len(words().kinds)
    assert len(set(words().lines)) == len(words().lines)


def test_the_mixing_step_is_splitmix64() -> None:
    assert [mix(0), mix(0x9E3779B97F4A7C15)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4]


@pytest.mark.parametrize(("eleven", "twelve"), [(3600029145, "036000291452"), (40000000000, "400000000008")])
def test_a_upc_carries_its_check_digit(eleven: int, twelve: str) -> None:
    assert upc_a(eleven) == twelve
