"""What is measured: each scenario is a name and a function that makes its next request.

Targets are relative to the store's own path; the token is added where the request is made ready.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from bench.request import Request
from bench.sales import Sales, placed
from bench.stock import Stock
from bench.storefront import category_page, product_page, search_page

PRODUCTS = 10_000
BRANDS = 50
ORDERS = 10_000
CARTS = 200
PAGE = 50
XML = {"Accept": "application/xml"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of request, many times over.

    `bare_size` is the bytes the yardstick answers with, None for as many as one real reply has. Requests that are not
    `repeatable` are each sent once.
    """

    name: str
    requests: Callable[[Random], Request]
    bare_size: int | None = None
    expected_status: int = 200
    repeatable: bool = True


def nothing_more(_stock: Stock, _requests: int) -> None:
    """What most requests set off: it is done when they are answered."""


def heard(stock: Stock, requests: int) -> None:
    """Each request is an event that the receiver has taken."""
    stock.wait_for_events(requests)


@dataclass(frozen=True, slots=True)
class Planned:
    """A scenario whose requests depend on what the store holds; `plan` raises Lacking where it cannot hold that.
    `settled` waits until what so many requests of a counted round set off is done."""

    name: str
    plan: Callable[[Stock], Callable[[Random], Request]]
    repeatable: bool = True
    settled: Callable[[Stock, int], None] = nothing_more
    expected_status: int = 200

    def on(self, stock: Stock) -> Scenario:
        """The scenario on a store."""
        return Scenario(self.name, self.plan(stock), expected_status=self.expected_status, repeatable=self.repeatable)


def get_one(random: Random) -> Request:
    return Request("GET", f"/catalog/products/{random.randint(1, PRODUCTS)}")


def list_page(random: Random) -> Request:
    return Request("GET", f"/catalog/products?limit={PAGE}&page={random.randint(1, PRODUCTS // PAGE)}")


def list_filtered(random: Random) -> Request:
    return Request("GET", f"/catalog/products?brand_id={random.randint(1, BRANDS)}&limit={PAGE}")


def create(random: Random) -> Request:
    """A product of about 1.5 kB, with a name and a SKU nobody else has."""
    unique = f"{random.getrandbits(64):016x}"
    product = {
        "name": f"Measured product {unique}",
        "sku": f"BENCH-{unique}",
        "type": "physical",
        "price": random.randint(100, 99_999) / 100,
        "cost_price": random.randint(100, 9_999) / 100,
        "weight": random.randint(1, 500) / 10,
        "width": 12.5,
        "depth": 8,
        "height": 3.25,
        "brand_id": random.randint(1, BRANDS),
        "inventory_level": random.randint(0, 500),
        "inventory_warning_level": 5,
        "inventory_tracking": "product",
        "is_visible": True,
        "is_featured": False,
        "condition": "New",
        "availability": "available",
        "search_keywords": "measured, sample, benchmark, catalogue",
        "page_title": f"Measured product {unique}",
        "meta_description": "A product that exists to be counted, weighed and timed.",
        "description": "<p>" + "A sturdy thing for the shelf, made to be measured. " * 16 + "</p>",
    }
    return Request("POST", "/catalog/products", json.dumps(product).encode())


def update_of(products: int, told: str = "Reduced on shelf") -> Callable[[Random], Request]:
    """A change of the price and the description, which begins with `told`, of one of the first `products`."""

    def requests(random: Random) -> Request:
        change = {
            "price": random.randint(100, 99_999) / 100,
            "description": f"<p>{told} {random.getrandbits(32)}.</p>",
        }
        return Request("PUT", f"/catalog/products/{random.randint(1, products)}", json.dumps(change).encode())

    return requests


update = update_of(PRODUCTS)


def update_with_hook(stock: Stock) -> Callable[[Random], Request]:
    """An update in a store with one hook, whose receiver takes every event; none repeats one without a hook."""
    stock.hear("store/product/updated")
    return update_of(PRODUCTS, "Marked down on shelf")


def mixed(random: Random) -> Request:
    """Nine reads, one write."""
    return update(random) if random.random() < 0.1 else get_one(random)


def batch_of_products(random: Random) -> Request:
    """A change of ten products, the most that one request takes (rule 58)."""
    some = random.sample(range(1, PRODUCTS + 1), 10)
    items = [{"id": one, "price": random.randint(100, 99_999) / 100} for one in some]
    return Request("PUT", "/catalog/products", json.dumps(items).encode())


def whole_product(stock: Stock) -> Callable[[Random], Request]:
    """One product with all that hangs on it."""
    products = stock.pictured
    return lambda random: Request("GET", f"/catalog/products/{random.choice(products)}?include=variants,images,options")


def batch_of_variants(stock: Stock) -> Callable[[Random], Request]:
    """A change of the fifty variants of a product, the most that one request takes (rule 58)."""
    variants = stock.wide.variants

    def requests(random: Random) -> Request:
        items = [{"id": one, "price": random.randint(100, 99_999) / 100} for one in random.choice(variants)]
        return Request("PUT", "/catalog/variants", json.dumps(items).encode())

    return requests


def product_by_sku(stock: Stock) -> Callable[[Random], Request]:
    skus = stock.skus
    return lambda random: Request("GET", f"/catalog/products?sku={random.choice(skus)}")


def variant_by_sku(stock: Stock) -> Callable[[Random], Request]:
    skus = stock.wide.skus
    return lambda random: Request("GET", f"/catalog/variants?sku={random.choice(skus)}")


def get_one_as_xml(random: Random) -> Request:
    return Request("GET", f"/v2/products/{random.randint(1, PRODUCTS)}", headers=XML)


def list_as_xml(random: Random) -> Request:
    target = f"/v2/products?limit={PAGE}&page={random.randint(1, PRODUCTS // PAGE)}"
    return Request("GET", target, headers=XML)


def order_of_three(stock: Stock) -> Callable[[Random], Request]:
    """An order of three lines of products whose stock is counted."""
    products = Sales(stock.store).products
    return lambda random: placed([{"product_id": one, "quantity": 1} for one in random.sample(products, 3)])


def adjustment(stock: Stock) -> Callable[[Random], Request]:
    """New levels of 2,000 items at the default location, the most that one request takes (rule 118)."""
    variants = stock.items

    def requests(random: Random) -> Request:
        items = [{"location_id": 1, "variant_id": one, "quantity": random.randint(500, 9_999)} for one in variants]
        return Request("PUT", "/inventory/adjustments/absolute", json.dumps({"items": items}).encode())

    return requests


def new_cart(stock: Stock) -> Callable[[Random], Request]:
    """A cart of three items, priced."""
    products = Sales(stock.store).products
    return lambda random: _carted("/carts", random.sample(products, 3))


def item_of_a_cart(stock: Stock) -> Callable[[Random], Request]:
    """One more piece in one of many carts of three items."""
    products = Sales(stock.store).products
    carts = stock.carts(CARTS, products)
    return lambda random: _carted(f"/carts/{random.choice(carts)}/items", [random.choice(products)])


def _carted(target: str, products: Sequence[int]) -> Request:
    items = [{"product_id": one, "quantity": 1} for one in products]
    return Request("POST", target, json.dumps({"line_items": items}).encode())


def price_records(stock: Stock) -> Callable[[Random], Request]:
    """New prices of 1,000 variants in one list, the most that one request takes (rule 114)."""
    price_list, variants = stock.price_list, stock.items[:1_000]

    def requests(random: Random) -> Request:
        records = [
            {"variant_id": one, "currency": "USD", "price": random.randint(100, 99_999) / 100} for one in variants
        ]
        return Request("PUT", f"/pricelists/{price_list}/records", json.dumps(records).encode())

    return requests


def one_order(stock: Stock) -> Callable[[Random], Request]:
    """One order of V2, with its addresses and its totals."""
    Sales(stock.store).fill(ORDERS)
    return lambda random: Request("GET", f"/v2/orders/{random.randint(1, ORDERS)}")


def orders_by_date(stock: Stock) -> Callable[[Random], Request]:
    """Fifty orders of the time in which fifty were placed."""
    sales = Sales(stock.store)
    sales.fill(ORDERS)
    return lambda random: sales.of_a_time(random.randint(1, ORDERS - PAGE))


# Creates come late: they alone make the store grow while it is measured. The hook comes last: nothing else has one.
SCENARIOS: tuple[Scenario | Planned, ...] = (
    Scenario("get one", get_one),
    Scenario("list 50", list_page),
    Scenario("list 50 by brand", list_filtered),
    Scenario("get one, XML", get_one_as_xml),
    Scenario("list 50, XML", list_as_xml),
    # A change that is repeated changes nothing, and costs less.
    Scenario("update", update, repeatable=False),
    Scenario("90% get, 10% update", mixed, repeatable=False),
    Scenario("update 10", batch_of_products),
    Planned("product by SKU", product_by_sku),
    Planned("variant by SKU", variant_by_sku),
    Planned("50 variants, 10 images", whole_product),
    Planned("storefront: a product", product_page),
    Planned("storefront: a category", category_page),
    Planned("storefront: a search", search_page),
    Planned("update 50 variants", batch_of_variants),
    Planned("50 orders by date", orders_by_date),
    Planned("one order", one_order),
    Planned("order of 3 lines", order_of_three),
    Planned("adjust 2,000 items", adjustment, repeatable=False),
    Planned("1,000 price records", price_records, repeatable=False),
    Planned("new cart of 3 items", new_cart, repeatable=False, expected_status=201),
    Planned("add an item to a cart", item_of_a_cart, repeatable=False, expected_status=201),
    Scenario("create", create, repeatable=False),
    Planned("update, one hook", update_with_hook, repeatable=False, settled=heard),
)
