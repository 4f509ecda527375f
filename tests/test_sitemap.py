"""/xmlsitemap.php at a shop's host: what shoppers see, kind by kind, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shop import Shop
from storefront import Window


@pytest.fixture
def window(shop: Shop) -> Window:
    return Window(shop)


def locations(window: Window, asked: str = "") -> list[str]:
    reply = window.send("GET", path=f"/xmlsitemap.php{asked}")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/xml; charset=utf-8")
    text = reply.body.decode()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>')
    return [one.partition(".localhost")[2] for one in re.findall("<loc>([^<]*)</loc>", text)]


def product(window: Window, name: str, **more: Any) -> int:
    made = window.shop.post("/v3/catalog/products", {"name": name, "type": "physical", "weight": 1, "price": 1, **more})
    return int(made.data["id"])


def test_the_index_names_a_page_for_each_kind_that_has_addresses(window: Window) -> None:
    before = locations(window)
    assert "/xmlsitemap.php?type=products&amp;page=1" not in before
    product(window, "Lamp")
    window.shop.post("/v3/catalog/brands", {"name": "Acme"})
    found = locations(window)
    assert {"/xmlsitemap.php?type=products&amp;page=1", "/xmlsitemap.php?type=brands&amp;page=1"} <= set(found)


def test_a_page_has_what_shoppers_see(window: Window) -> None:
    product(window, "Lamp & Sons", custom_url={"url": "/lamp-sons/", "is_customized": True})
    product(window, "Hidden", is_visible=False)
    shop = window.shop
    shop.post("/v3/catalog/categories", {"name": "Lights", "parent_id": 0})
    shop.post("/v3/catalog/categories", {"name": "Secret", "parent_id": 0, "is_visible": False})
    shop.post("/v2/pages", {"type": "page", "name": "About", "body": "us", "is_visible": True})
    shop.post("/v2/pages", {"type": "page", "name": "Draft", "body": "us", "is_visible": False})
    shop.post("/v2/blog/posts", {"title": "News", "body": "x", "is_published": True})
    shop.post("/v2/blog/posts", {"title": "Later", "body": "x", "is_published": False})
    assert locations(window, "?type=products") == ["/lamp-sons/"]
    assert locations(window, "?type=categories") == ["/lights/"]
    assert locations(window, "?type=pages") == ["/about/"]
    assert locations(window, "?type=news") == ["/blog/news/"]
    assert locations(window, "?type=products&page=2") == []


@pytest.mark.parametrize("asked", ["?type=customers", "?type=products&page=0", "?type=products&page=x", "/more"])
def test_nothing_else_is_a_sitemap(window: Window, asked: str) -> None:
    assert window.send("GET", path=f"/xmlsitemap.php{asked}").status == 404


def test_a_closed_shop_has_none(window: Window) -> None:
    window.shop.put("/v3/channels/1", {"status": "inactive"})
    assert window.send("GET", path="/xmlsitemap.php").status == 503
