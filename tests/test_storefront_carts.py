"""Carts of shoppers, by GraphQL: the same rows and prices as those of the admin API, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.storefront.baskets import merge_carts
from bodega.storefront.shoppers_api import ShoppersApi
from shop import Shop
from storefront import Window


@pytest.fixture
def window(shop: Shop) -> Window:
    """Three products at 10, 20 and 30; a customer."""
    window = Window(shop)
    for place, name in enumerate(("Hammer", "Saw", "Drill"), start=1):
        shop.product(name, price=10 * place, weight=place)
    shop.post("/v3/customers", [{"email": "jane@example.com", "first_name": "Jane", "last_name": "Doe"}])
    return window


def admin_cart(shop: Shop, *lines: tuple[int, int], **more: Any) -> str:
    items = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
    made = shop.post("/v3/carts", {"line_items": items, **more})
    assert made.status == 201, made.body
    return str(made.data["id"])


def merged(shop: Shop, customer_id: int, guest: str, channel_id: int = 1) -> str:
    """What becomes of a guest's cart at sign-in."""
    app: Any = shop.server.app

    async def run() -> str:
        store = await app.stores.get(shop.name)
        assert store is not None
        return await merge_carts(ShoppersApi(app._api._app, store, "http://x"), customer_id, guest, channel_id)

    return str(shop.server.run(run()))


def quantities(shop: Shop, cart: str) -> dict[int, int]:
    lines = shop.get(f"/v3/carts/{cart}").data["line_items"]["physical_items"]
    return {one["product_id"]: one["quantity"] for one in lines}


def test_at_sign_in_the_guests_cart_becomes_the_customers(window: Window) -> None:
    shop = window.shop
    guest = admin_cart(shop, (1, 2))
    assert merged(shop, 1, "") == ""
    assert merged(shop, 1, guest) == guest
    data = shop.get(f"/v3/carts/{guest}").data
    assert (data["customer_id"], data["email"], data["version"]) == (1, "jane@example.com", 2)
    assert merged(shop, 1, "") == guest


def test_at_sign_in_two_carts_become_one(window: Window) -> None:
    shop = window.shop
    own = admin_cart(shop, (1, 2), customer_id=1)
    guest = admin_cart(shop, (1, 1), (2, 3))
    shop.watch()
    assert merged(shop, 1, guest) == own
    assert quantities(shop, own) == {1: 3, 2: 3}
    assert shop.get(f"/v3/carts/{own}").data["cart_amount"] == 90
    assert shop.get(f"/v3/carts/{guest}").status == 404
    fired = [scope for scope, _ in shop.events()]
    assert {"store/cart/deleted", "store/cart/updated", "store/cart/lineItem/created"} <= set(fired)


def test_nobody_is_kept_from_signing_in_by_stock(window: Window) -> None:
    shop = window.shop
    shop.put("/v3/catalog/products/1", {"inventory_tracking": "product", "inventory_level": 3})
    own = admin_cart(shop, (1, 1), customer_id=1)
    guest = admin_cart(shop, (1, 3))
    assert merged(shop, 1, guest) == own
    assert quantities(shop, own) == {1: 3}


def test_the_cart_of_another_shopper_is_left_alone_at_sign_in(window: Window) -> None:
    shop = window.shop
    shop.post("/v3/customers", [{"email": "joe@example.com", "first_name": "Joe", "last_name": "Doe"}])
    theirs = admin_cart(shop, (1, 1), customer_id=2)
    own = admin_cart(shop, (2, 1), customer_id=1)
    for guessed in (theirs, "nothing", "x" * 500):
        assert merged(shop, 1, guessed) == own
    assert quantities(shop, theirs) == {1: 1}
    assert quantities(shop, own) == {2: 1}
