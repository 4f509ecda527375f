"""What is measured: each scenario is a name and a function that makes its next request.

Targets are relative to the store's own path; the token is added where the request is made ready.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.request import Request

PRODUCTS = 10_000
BRANDS = 50
PAGE = 50


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


def update(random: Random) -> Request:
    change = {
        "price": random.randint(100, 99_999) / 100,
        "description": f"<p>Reduced on shelf {random.getrandbits(32)}.</p>",
    }
    return Request("PUT", f"/catalog/products/{random.randint(1, PRODUCTS)}", json.dumps(change).encode())


def mixed(random: Random) -> Request:
    """Nine reads, one write."""
    return update(random) if random.random() < 0.1 else get_one(random)


# Creates come last: they alone make the store grow.
SCENARIOS = (
    Scenario("get one", get_one),
    Scenario("list 50", list_page),
    Scenario("list 50 by brand", list_filtered),
    Scenario("update", update),
    Scenario("90% get, 10% update", mixed),
    Scenario("create", create, repeatable=False),
)
