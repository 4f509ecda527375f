"""From a checkout to an order that is paid, in one transaction: either both are done, or neither.

A payment that is declined leaves the cart as it was. A cart becomes one order: whoever asks again, also at the same
time, finds that order, and what is paid is not paid again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import changing, checkout, placing
from bodega.resources.orders import order, writing
from bodega.resources.orders.payments import AWAITING_FULFILLMENT
from bodega.resources.payments import paying
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.storefront import guests
from bodega.storefront.shoppers_api import ShoppersApi

Pay = Callable[[Unit, Row], Awaitable[None]]
"""Pays what is owed of an order, inside its transaction. Raises Refusal."""


async def placed(unit: Unit, cart_id: int) -> Row:
    """The order of a cart, which is made unless it is there already. Raises Refusal."""
    row = await unit.get(CARTS, cart_id)
    if row is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    kept = await unit.get(checkout.TABLE, cart_id)
    order_id = row.entity.order_id or await placing.place(unit, row, changing.copy_of(kept, row.entity))
    made = await unit.get(order.TABLE, order_id)
    if made is None:
        raise Refusal(Reason.NO_SUCH_ENTITY)
    return made


async def order_and_pay(
    api: ShoppersApi, cart: Cart, pay: Pay, shown: Decimal | None = None, *, customer_id: int
) -> int:
    """The id of the order of a cart, which is paid. `customer_id` is who is signed in, 0 for a guest; `shown` is what
    the shopper was told is left to pay: nobody pays more, and nothing else is ordered. Raises ShopperRefused, and then
    nothing has changed."""

    async def job(unit: Unit) -> int:
        kept = await unit.get(CARTS, cart.id)
        before = kept is not None and bool(kept.entity.order_id)
        if kept is not None and not before and not customer_id:
            await guests.may_order(unit.tx, kept.entity)
        row = await placed(unit, cart.id)
        due = paying.owed(row.entity)
        if shown is not None and due != shown and not (before and not due):
            raise Refusal(
                Reason.VERSION_CONFLICT, "What is to be paid has changed. Look at the total, and order again."
            )
        if due:
            await pay(unit, row)
        else:
            await _nothing_to_pay(unit, row)
        return int(row.entity.id)

    return await api.write(job)


async def _nothing_to_pay(unit: Unit, row: Row) -> None:
    """An order that costs nothing is ready to be sent."""
    if not row.entity.status_id and row.entity.total_inc_tax <= Decimal(0):
        await writing.change(unit, row.entity.id, {"status_id": AWAITING_FULFILLMENT}, [])
