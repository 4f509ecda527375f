"""/cart.php: what is in the cart of the browser, and the forms that change it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from bodega.resources.carts.redirects import PAGE
from bodega.resources.catalog.seen import unseen
from bodega.storefront import baskets
from bodega.storefront.pages import shop
from bodega.storefront.pages.checkout_state import state_of
from bodega.storefront.pages.own_cart import cart_cookies, own_cart
from bodega.storefront.pages.web import Answer, Page
from bodega.storefront.shoppers_api import ShopperRefused

PATH = f"/{PAGE}"
MOST = 10_000


class _NotPutIn(Exception):
    """Why a form changes nothing, in words for the shopper."""


async def act(page: Page) -> Answer:
    """Shows the cart, or changes it."""
    if page.method != "POST":
        return await _shown(page)
    try:
        if page.form.get("product_id"):
            return await _add(page)
        return await _change(page)
    except _NotPutIn as refused:
        words = str(refused)
    except ShopperRefused as refused:
        words = str(refused)
    product = page.form.get("product_id", "")
    if product.isdigit() and len(product) < 10:
        again = await shop.product(page, int(product), fault=words, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        if again is not None:
            return again
    return await _shown(page, words)


async def _shown(page: Page, message: str = "") -> Answer:
    state = await state_of(page)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if message else HTTPStatus.OK
    return await shop.show(page, "basket.html", state=state, message=message, status=status)


def _quantity(text: str, least: int) -> int:
    """A number of pieces. Raises _NotPutIn for what is none, and for too many."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1
    if not least <= number <= MOST:
        raise _NotPutIn(f"Enter how many, as a whole number from {least} to {MOST:,}.")
    return number


async def _add(page: Page) -> Answer:
    """POST with product_id, qty and the options of the product. Raises ShopperRefused and _NotPutIn."""
    form = page.form
    product_id = int(form["product_id"]) if form["product_id"].isdigit() and len(form["product_id"]) < 10 else 0
    assert page.store.rows is not None
    if await unseen(page.store.rows.reader, page.channel_id, [product_id]):
        raise _NotPutIn("This is not sold here.")
    chosen = [
        {"option_id": int(name.removeprefix(shop.OPTION)), "option_value": value}
        for name, value in form.items()
        if name.startswith(shop.OPTION) and name.removeprefix(shop.OPTION).isdigit() and value
    ]
    quantity = form.get("qty[]", form.get("qty", ""))
    line: dict[str, Any] = {"product_id": product_id, "quantity": _quantity(quantity or "1", 1)}
    if chosen:
        line["option_selections"] = chosen
    body: dict[str, Any] = {"line_items": [line]}
    cart = await own_cart(page)
    if cart is not None:
        await page.api.send("POST", f"/v3/carts/{cart.uuid}/items", body)
        await baskets.forget_shipping(page.api, cart)
        return page.onward(PATH)
    made = await page.api.send(
        "POST", "/v3/carts", {**body, "channel_id": page.channel_id, "customer_id": page.shopper.customer_id}
    )
    named = page._replace(shopper=page.shopper._replace(cart_id=str(made["id"])))
    new = await own_cart(named)
    return page.onward(PATH, *(() if new is None else cart_cookies(page.scope, new, page.shopper.customer_id)))


async def _change(page: Page) -> Answer:
    """POST with `qty-LINE` for each line, or `remove` with the id of one. Raises ShopperRefused, and _NotPutIn before
    anything is changed."""
    cart = await own_cart(page)
    if cart is None:
        return page.onward(PATH)
    gone = page.form.get("remove")
    asked = {item.id: page.form.get(f"qty-{item.id}") for item in cart.items if not gone}
    numbers = {item_id: _quantity(text, 0) for item_id, text in asked.items() if text is not None}
    for item in cart.items:
        wanted = numbers.get(item.id, item.quantity)
        if gone == item.id or wanted == 0:
            await baskets.drop_line(page.api, cart, item.id)
        elif wanted != item.quantity and item.product_id:
            body = {"line_item": {"product_id": item.product_id, "quantity": wanted}}
            if item.variant_id:
                body["line_item"]["variant_id"] = item.variant_id
            await page.api.send("PUT", f"/v3/carts/{cart.uuid}/items/{item.id}", body)
            await baskets.forget_shipping(page.api, cart)
    return page.onward(PATH)
