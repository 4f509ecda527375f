"""The operation of orders: a shopper sees the own ones, and those only."""

from __future__ import annotations

from bodega.kit.fields import INT32
from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.orders import order
from bodega.resources.orders.order import Order
from bodega.storage import query
from bodega.storefront.pages.own_cart import ORDERED
from bodega.storefront.rest.call import Answer, Call
from bodega.storefront.rest.order_form import order_form
from bodega.storefront.shopper import cart_of, cookies


async def own_order(call: Call) -> tuple[Order, Cart | None]:
    """The order of this id, if it is the customer's, or came of a cart that the browser holds or has ordered: ids of
    orders can be guessed, those of carts cannot. Raises Refusal."""
    asking, text = call.asking, call.ids["orderId"]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= INT32):
        raise Refusal(Reason.NO_SUCH_ENTITY)
    row = await query.get(asking.reader, order.TABLE, int(text))
    if row is None or row.entity.is_deleted or row.entity.channel_id != asking.channel_id:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    found: Order = row.entity
    for cart_id in (call.browser.cart_id, cookies(call.scope).get(ORDERED, "")):
        held = await cart_of(asking.reader, cart_id, asking.channel_id, asking.customer_id, ordered=True)
        if held is not None and held.order_id == found.id:
            return found, held
    if not found.customer_id or found.customer_id != asking.customer_id:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    was = await query.one(asking.reader, CARTS, "uuid = $1", found.cart_id) if found.cart_id else None
    return found, None if was is None else was.entity


async def show(call: Call) -> Answer:
    """GET."""
    found, cart = await own_order(call)
    return Answer(await order_form(call.asking, found, cart, call.include))
