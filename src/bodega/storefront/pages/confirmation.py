"""/checkout/order-confirmation: what was ordered, for the browser that ordered it or whoever has a token of it."""

from __future__ import annotations

import hashlib
from http import HTTPStatus

from msgspec.structs import replace

from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import checkout
from bodega.resources.orders import order
from bodega.resources.orders.order import Order
from bodega.resources.payments.paying import AWAITING_PAYMENT
from bodega.storage import query
from bodega.storage.unit import Unit
from bodega.storefront.pages import own_cart
from bodega.storefront.pages.checkout_state import state_of
from bodega.storefront.pages.web import Answer, Page

PATH = "/checkout/order-confirmation"


async def ordered(page: Page) -> Order | None:
    """The order that this browser has made last."""
    cart = await own_cart.ordered_cart(page)
    return None if cart is None else await _order(page, cart)


async def _order(page: Page, cart: Cart) -> Order | None:
    assert page.store.rows is not None
    row = await query.get(page.store.rows.reader, order.TABLE, cart.order_id) if cart.order_id else None
    found: Order | None = None if row is None or row.entity.is_deleted else row.entity
    return found


async def show(page: Page) -> Answer:
    """The page; with `?t=TOKEN` below the number of an order, for whoever has the token of its checkout."""
    number, token = page.path.removeprefix(PATH).strip("/"), page.query.get("t", "")
    cart = await _by_token(page, token) if token else await own_cart.ordered_cart(page)
    made = None if cart is None else await _order(page, cart)
    if cart is None or made is None or number not in ("", str(made.id)):
        return page.show(
            "message.html",
            status=HTTPStatus.NOT_FOUND,
            heading="There is no order to show",
            words="An order is shown to the browser that made it, for a day.",
        )
    state = await state_of(page, cart)
    waits = made.status_id == AWAITING_PAYMENT
    return page.show("confirmation.html", order=made, state=state, waits=waits)


async def _by_token(page: Page, token: str) -> Cart | None:
    """The cart whose order a token shows; it counts how often it did."""
    digest = hashlib.sha256(token.encode()).hexdigest()

    async def use(unit: Unit) -> Cart | None:
        found = await query.one(unit.tx, checkout.TOKENS, "digest = $1", digest)
        if found is None or found.entity.expires <= unit.now or found.entity.uses >= found.entity.max_uses:
            return None
        row = await unit.get(CARTS, found.entity.cart_id)
        if row is None or not row.entity.order_id or row.entity.channel_id != page.channel_id:
            return None
        await unit.rewrite(checkout.TOKENS, found.with_entity(replace(found.entity, uses=found.entity.uses + 1)))
        cart: Cart = row.entity
        return cart

    made: Cart | None = await page.store.write(use)
    return made
