"""Does the number of variants show? 200,000 of them beside 10,000; fifty in an answer beside one.

Both sides of a comparison are the same Bodega server. Where the answers are alike, left is the large store and right
the small one, and a ratio near 1 says that the size of the store costs nothing. In the last lines both sides are the
large store and the answers differ: what costs there is the size of the answer. `make bench-variants`; filling the large
store takes most of the time.
"""

import json
from collections.abc import Callable
from random import Random

from bench.measure import Comparison, Pace, Side, compare, reply_size, supply
from bench.request import Request
from bench.scenarios import PAGE, Scenario, batch_of_variants, variant_by_sku
from bench.sizes import run
from bench.stock import VARIANTS, Lacking, Stock
from bench.store import serving
from bench.storefront import page_of_a_shelf, page_of_many_variants, page_of_the_widest

SMALL = 10_000
LARGE = 200_000

Requests = Callable[[Random], Request]


def one_with_variants(stock: Stock) -> Requests:
    """A product with its fifty variants."""
    products = stock.wide.products
    return lambda random: Request("GET", f"/catalog/products/{random.choice(products)}?include=variants")


def one_without(stock: Stock) -> Requests:
    """The same product alone."""
    products = stock.wide.products
    return lambda random: Request("GET", f"/catalog/products/{random.choice(products)}")


def variants_of_one(stock: Stock) -> Requests:
    """The list of a product's variants."""
    products = stock.wide.products
    return lambda random: Request("GET", f"/catalog/products/{random.choice(products)}/variants?limit={VARIANTS}")


def first_page(stock: Stock) -> Requests:
    """The first page of all variants, with their total."""
    return lambda random: Request("GET", f"/catalog/variants?limit={PAGE}")


def change_of_one(stock: Stock) -> Requests:
    """A batch of one variant."""
    variants = [one for those in stock.wide.variants for one in those]

    def requests(random: Random) -> Request:
        items = [{"id": random.choice(variants), "price": random.randint(100, 99_999) / 100}]
        return Request("PUT", "/catalog/variants", json.dumps(items).encode())

    return requests


BY_STORE: tuple[tuple[str, Callable[[Stock], Requests]], ...] = (
    ("a product with 50 variants", one_with_variants),
    ("the variants of a product", variants_of_one),
    ("a page of all variants", first_page),
    ("a variant by SKU", variant_by_sku),
    ("a batch of 50 variants", batch_of_variants),
    ("a product's page in a storefront", page_of_many_variants),
    ("the page of a product with 600 variants", page_of_the_widest),
    ("a category's page in a storefront", page_of_a_shelf),
)
BY_ANSWER = (
    ("a product with its 50 variants : alone", one_with_variants, one_without),
    ("a batch of 50 variants : of 1", batch_of_variants, change_of_one),
)


def measure(database: str, few: int, many: int, pace: Pace) -> tuple[list[Comparison], list[str]]:
    """Every comparison on `database`, and why none was made if the server lacks variants."""
    results: list[Comparison] = []
    with serving(database, {"small": 1, "large": 1}) as stores:
        small = Stock(stores["small"], few // VARIANTS)
        large = Stock(stores["large"], many // VARIANTS)
        pairs = [(f"{name}, {many:,} : {few:,}", (large, plan), (small, plan)) for name, plan in BY_STORE]
        pairs += [(name, (large, left), (large, right)) for name, left, right in BY_ANSWER]
        try:
            _ = small.wide, large.wide
        except Lacking as lacking:
            return [], [f"all, {database}: {lacking}"]
        for name, (left_stock, left), (right_stock, right) in pairs:
            ours, theirs = Scenario(name, left(left_stock)), Scenario(name, right(right_stock))
            size = reply_size(ours, left_stock.store.server, left_stock.store.address)
            sides = [
                Side(stock.store.server, supply(scenario, stock.store.address))
                for stock, scenario in ((left_stock, ours), (right_stock, theirs))
            ]
            results.append(compare(f"{name}, {database}", size, sides[0], sides[1], pace))
    return results, []


if __name__ == "__main__":
    run("variants", __doc__, SMALL, LARGE, measure)
