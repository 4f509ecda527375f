"""The search of everything: products, orders, customers, pages and settings, from every page."""

from __future__ import annotations

import re

import pytest

from bodega.panel.shop_settings import anchor
from bodega.panel.shop_words import PAGES
from panel import Browser, Page, base, signed_in
from shop import Server, Shop

BILLING = {"first_name": "Ada", "last_name": "Example", "street_1": "1 High Street", "city": "London", "zip": "E1",
           "state": "London", "country_iso2": "GB", "email": "ada@example.com"}  # fmt: skip


RULE = {"action": {"cart_value": {"discount": {"percentage_amount": "10"}}}, "apply_once": True}
NAMED = [
    ("/v3/catalog/trees/categories", [{"name": "Candlesticks", "tree_id": 1}]),
    ("/v3/catalog/brands", {"name": "Candle & Sons"}),
    ("/v3/promotions", {"name": "Candle week", "redemption_type": "AUTOMATIC", "rules": [RULE]}),
    ("/v3/pricelists", {"name": "Candle makers"}),
    ("/v3/content/pages", {"name": "About candles", "type": "page", "body": "", "channel_id": 1}),
]


@pytest.fixture(scope="module")
def filled(server: Server) -> Shop:
    """A store with twelve lamps, a customer and an order of theirs."""
    shop = server.shop()
    for number in range(12):
        shop.post("/v3/catalog/products", {"name": f"Brass lamp {number}", "type": "physical", "weight": 1, "price": 9,
                                           "sku": f"LAMP-{number}"})  # fmt: skip
    shop.post("/v2/customers", {"first_name": "Ada", "last_name": "Example", "email": "ada@example.com"})
    shop.post("/v2/orders", {"billing_address": BILLING, "products": [{"product_id": 1, "quantity": 1}]})
    for path, body in NAMED:
        made = shop.post(path, body)
        assert made.status in (200, 201), made.body
    return shop


@pytest.fixture
def browser(filled: Shop) -> Browser:
    """Its owner's."""
    return signed_in(filled)


def hits(page: Page) -> list[str]:
    """Where what was found leads."""
    content = page.text.partition('<main id="content"')[2]
    return [link.partition("/manage/stores/")[2].partition("/")[2] for link in re.findall(r'href="([^"]+)"', content)]


def test_every_page_has_the_search(filled: Shop, browser: Browser) -> None:
    for path in ("", "/orders", "/settings/money", "/nowhere"):
        assert browser.get(base(filled) + path).form("/search").fields == {"q": ""}


@pytest.mark.parametrize(
    ("words", "leads"),
    [
        ("LAMP-7", "products/8"),
        ("brass lamp", "products?q=brass+lamp"),
        ("#100", "orders/100"),
        ("ada@example.com", "orders/100"),
        ("ada@example.com", "customers/1"),
        ("Ada", "customers/1"),
        ("price lists", "price-lists"),
        *(("cANdle", where) for where in ("categories/", "brands/1", "promotions/1", "price-lists/1", "web-pages/")),
        ("weights are in", "shop/profile#f-settings-store-units-of-measurement.weight_measurement"),
        ("journal keep megabytes", "settings/answering#journal.keep_megabytes"),
    ],
)
def test_it_finds(filled: Shop, browser: Browser, words: str, leads: str) -> None:
    if leads == "orders/100" and words == "#100":
        number = filled.get("/v2/orders").json[0]["id"]
        words, leads = f"#{number}", f"orders/{number}"
    elif leads == "orders/100":
        leads = f"orders/{filled.get('/v2/orders').json[0]['id']}"
    page = browser.ask("GET", f"{base(filled)}/search?q={words.replace('#', '%23').replace(' ', '+')}")
    assert page.status == 200
    assert [hit for hit in hits(page) if hit == leads or (leads.endswith("/") and hit.startswith(leads))]
    place, hash_, anchor = leads.partition("#")
    if hash_:
        assert f'id="{anchor}"' in browser.get(f"{base(filled)}/{place}").text, "the link leads to the field"


@pytest.mark.parametrize("words", ["", "zebra", "%", "'\"", "x" * 5000, "%00"])
def test_what_is_not_there_is_not_found(filled: Shop, browser: Browser, words: str) -> None:
    page = browser.get(f"{base(filled)}/search?q={words}")
    assert (page.status, hits(page)) == (200, [])


def test_only_the_own_store_is_searched(filled: Shop, server: Server) -> None:
    other = signed_in(server.shop())
    assert other.get(f"{base(filled)}/search?q=lamp").status == 404


def test_every_setting_of_the_shop_leads_to_its_field(filled: Shop, browser: Browser) -> None:
    for name, page in PAGES.items():
        text = browser.get(f"{base(filled)}/shop/{name}").text
        for part in page.parts:
            for member in part.words:
                assert f'id="{anchor(part, member)}"' in text, member
