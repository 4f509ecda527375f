"""How a checkout and its cart change: both are priced and kept together, as they have one version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bodega.domain.pricing.quote import Quote
from bodega.kit.fields import moment
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts import basket
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import checkout
from bodega.resources.checkouts.checkout import Checkout
from bodega.storage.query import Row
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

Change = Callable[[Cart, Checkout], Awaitable[None]]
UnitChange = Callable[[Unit, Cart, Checkout], Awaitable[None]]
Judge = Callable[[Cart, Quote], Awaitable[None]]


def copy_of(kept: Row | None, cart: Cart) -> Checkout:
    """The checkout of a cart, to be changed: a new one while nothing was said at it."""
    if kept is None:
        return Checkout(id=cart.id, cart_id=cart.id)
    of: Checkout = checkout.TABLE.decode(*checkout.TABLE.encode(kept.entity))
    return of


async def write_changed(
    unit: Unit, old: Row, kept: Row | None, change: Change, judge: Judge | None = None
) -> tuple[Row, Row] | None:
    """The rows of a cart and its checkout after `change`; None if it changes nothing. `judge` looks at what they come
    to, before they are written. Raises Refusal."""
    if old.entity.order_id:
        raise Refusal(Reason.CHECKOUT_PLACED, details={"order_id": old.entity.order_id})
    cart: Cart = CARTS.decode(*CARTS.encode(old.entity))
    of, before = copy_of(kept, cart), copy_of(kept, cart)
    await change(cart, of)
    if (cart, of) == (old.entity, before):
        return None
    cart.edition = old.entity.edition + 1
    cart.date_modified, cart.status = moment(unit.now), "active"
    answer = await basket.reprice(unit, cart, of)
    if judge is not None:
        await judge(cart, answer)
    return await unit.update(CARTS, old, cart), await unit.save(checkout.TABLE, kept, of)


async def forget_options(unit: Unit, cart_id: int) -> None:
    """Takes back the shipping options that were selected: what is sent has changed, and their prices with it."""
    old, kept = await unit.get(CARTS, cart_id), await unit.get(checkout.TABLE, cart_id)
    if old is None or kept is None or old.entity.order_id:
        return

    async def change(_cart: Cart, of: Checkout) -> None:
        for one in of.consignments:
            one.option_id = ""

    await write_changed(unit, old, kept, change)


def drop_coupon(cart: Cart, code: str) -> None:
    """Takes a coupon code back. Raises Refusal for one that was not entered."""
    kept = [one for one in cart.coupon_codes if caseless(one) != caseless(code)]
    if kept == cart.coupon_codes:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    cart.coupon_codes = kept
