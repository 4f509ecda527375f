"""What one query costs, and how long it keeps others waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from held import Wait, beside
from shop import Shop
from storefront import Window
from test_storefront_graphql import make

VARIANTS = 600


@pytest.fixture
def window(shop: Shop) -> Window:
    """A shop with a product of many variants, each at a price of its own."""
    window = Window(shop)
    option = [
        [
            {"option_display_name": "Size", "label": str(place % 20)},
            {"option_display_name": "Colour", "label": str(place // 20)},
        ]
        for place in range(VARIANTS)
    ]
    make(shop, "Wide", variants=[
        {"sku": f"W-{place}", "price": 10 + place, "option_values": one} for place, one in enumerate(option)])  # fmt: skip
    for place in range(40):
        make(shop, f"Plain {place}", price=place + 1)
    return window


def sent(window: Window, query: str, **variables: Any) -> Wait:
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"host": window.host, "authorization": f"Bearer {window.token}", "content_type": "application/json"}
    return beside_host(window, body, headers)


def beside_host(window: Window, body: bytes, headers: dict[str, str]) -> Wait:
    return beside(window.shop, "POST", "/graphql", body, **headers)


ALIASES = " ".join(f"a{n}: prices {{ price {{ value }} }}" for n in range(900))
PRICED = f"{{ site {{ product(entityId: 1) {{ {ALIASES} }} }} }}"
PAGE = (
    "{ site { products(first: 40) { edges { node { "
    + " ".join(f"a{n}: prices {{ price {{ value }} }}" for n in range(300))
    + " } } } } }"
)
TAX = " ".join(f"a{n}: prices(includeTax: {str(n % 2 == 0).lower()}) {{ price {{ value }} }}" for n in range(900))
SELECTED = (
    "{ site { "
    + " ".join(
        f"p{n}: product(entityId: 1, optionValueIds: []) {{ prices {{ priceRange {{ min {{ value }} }} }} }}"
        for n in range(90)
    )
    + " } }"
)
VARI = (
    "{ site { product(entityId: 1) { variants(first: 250) { edges { node { "
    + " ".join(f"a{n}: prices {{ price {{ value }} }}" for n in range(60))
    + " } } } } } }"
)
IDS = "query($ids: [Int!]) { site { products(entityIds: $ids) { edges { node { name } } } } }"
ATTR = 'query($ids: [String!]!) { site { search { searchProducts(filters: {productAttributes: [{attribute: "a", values: $ids}]}) { products { edges { node { name } } } } } } }'
QS = {
    "IDS": IDS,
    "ATTR": ATTR,
    "LONG": "{ site { " + "a" * 90000 + " } }",
    "MANYF": "{ site { product(entityId: 1) { " + " ".join(f"a{n}: name" for n in range(3900)) + " } } }",
    "PRICED": PRICED,
    "PAGE": PAGE,
    "TAX": f"{{ site {{ product(entityId: 1) {{ {TAX} }} }} }}",
    "SEL": SELECTED,
    "VARI": VARI,
    "INTRO": "{ __schema { types { name description fields { name description args { name type { name ofType { name ofType { name }}} } type { name ofType { name ofType { name } } } } } } }",
    "VARIS": "{ site { "
    + " ".join(
        f"p{n}: product(entityId: 1) {{ variants(first: 50) {{ edges {{ node {{ sku entityId isPurchasable prices {{ price {{ value }} }} productOptions {{ edges {{ node {{ displayName }} }} }} }} }} }} }}"
        for n in range(30)
    )
    + " } }",
}


@pytest.mark.parametrize("name", QS)
def test_it(window: Window, name: str) -> None:
    more = {"IDS": list(range(1, 40_000)), "ATTR": [str(n) for n in range(25000)]}.get(name)
    wait = sent(window, QS[name], **({"ids": more} if more else {}))
    print(
        name,
        f"longest {wait.longest * 1000:.0f} took {wait.took * 1000:.0f}",
        wait.reply.status,
        len(wait.reply.body),
        wait.reply.body[:200],
    )
    wait = sent(window, QS[name])
    print(name, f"longest {wait.longest * 1000:.0f} took {wait.took * 1000:.0f}", wait.reply.headers)
