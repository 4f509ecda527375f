"""Links that put a product into the cart of whoever follows them, on both databases."""

from __future__ import annotations

import pytest

from browsing import Page
from shop import Reply
from test_storefront_rest import page

__all__ = ["page"]


def follow(page: Page, asked: str, **headers: str) -> Reply:
    return page.send("GET", f"/cart.php?{asked}", base="", origin="", content_type="", **headers)


def test_a_link_fills_the_cart(page: Page) -> None:
    made = follow(page, "action=add&product_id=1&qty=2")
    assert (made.status, made.headers["location"]) == (302, "/cart.php")
    again = follow(page, "action=buy&product_id=2&coupon_code=TEN")
    assert (again.status, again.headers["location"]) == (302, "/checkout")
    (cart,) = page.ask("GET", "/carts")
    assert {one["productId"]: one["quantity"] for one in cart["lineItems"]["physicalItems"]} == {1: 2, 2: 1}
    assert cart["coupons"][0]["code"] == "TEN"
    assert page.cookies["cartId"] == cart["id"]


def test_a_link_names_a_product_by_its_sku(page: Page) -> None:
    assert page.shop.put("/v3/catalog/products/1", {"sku": "HAM-1"}).status == 200
    assert follow(page, "action=add&sku=ham-1").status == 302
    (cart,) = page.ask("GET", "/carts")
    assert [one["productId"] for one in cart["lineItems"]["physicalItems"]] == [1]
    assert follow(page, "action=add&product_id=1&coupon_code=NOPE").status == 302, "a wrong coupon keeps nobody away"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("action=add", 404), ("action=add&product_id=99", 404), ("action=add&product_id=-1", 404),
        ("action=add&sku=NOPE", 404), ("action=add&sku=%00", 404), ("action=add&product_id=1&qty=0", 422),
        ("action=add&product_id=1&qty=1e9", 422), ("action=add&product_id=99999999999", 404),
        ("action=add&product_id=1&coupon_code=%00", 302),
    ],
)  # fmt: skip
def test_a_link_to_nothing_is_a_short_page(page: Page, asked: str, status: int) -> None:
    reply = follow(page, asked)
    assert reply.status == status, reply.body
    assert b"<script" not in reply.body


def test_only_whoever_goes_there_shops(page: Page) -> None:
    """Pictures, scripts and mail scanners fetch links as well; a hidden product, and more than there is, is not for
    sale."""
    assert follow(page, "action=add&product_id=1", sec_fetch_dest="image").status == 405
    assert page.send("HEAD", "/cart.php?action=add&product_id=1", base="").status == 405
    page.shop.put("/v3/catalog/products/1", {"is_visible": False})
    assert follow(page, "action=add&product_id=1").status == 404
    page.shop.put("/v3/catalog/products/2", {"inventory_tracking": "product", "inventory_level": 1})
    few = follow(page, "action=add&product_id=2&qty=5")
    assert few.status in (409, 422)
    assert page.ask("GET", "/carts") == []


def test_a_cart_of_somebody_else_gets_nothing(page: Page) -> None:
    page.sign_in(1)
    follow(page, "action=add&product_id=1")
    theirs = page.cookies["cartId"]
    other = Page(page.shop)
    other.cookies["cartId"] = theirs
    follow(other, "action=add&product_id=2")
    assert other.cookies["cartId"] != theirs
    assert len(page.ask("GET", "/carts")[0]["lineItems"]["physicalItems"]) == 1
