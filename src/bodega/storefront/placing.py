"""From a shopper's checkout to an order and the token that pays it: the same for GraphQL, REST and pages."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from bodega.resources.carts.cart import Cart
from bodega.resources.orders import order
from bodega.resources.orders.payments import AWAITING_FULFILLMENT
from bodega.resources.payments import paying
from bodega.storage import query
from bodega.storefront.shoppers_api import ShoppersApi


class Placed(NamedTuple):
    """An order, and the token that pays what is owed of it; None if nothing is."""

    order_id: int
    token: str | None


async def complete(api: ShoppersApi, cart: Cart) -> Placed:
    """Makes the order of a cart, once: asked again, it is the same order, with another token while it is to be paid.
    Raises ShopperRefused."""
    made = await api.send("POST", f"/v3/checkouts/{cart.uuid}/orders", {})
    order_id = int(made["id"])
    assert api.store.rows is not None
    row = await query.get(api.store.rows.reader, order.TABLE, order_id)
    token: str | None = None
    if row is not None and paying.owed(row.entity) > 0:
        body = {"order": {"id": order_id, "is_recurring": False}}
        token = str((await api.send("POST", "/v3/payments/access_tokens", body))["id"])
    elif row is not None and not row.entity.status_id and row.entity.total_inc_tax <= Decimal(0):
        await api.send("PUT", f"/v2/orders/{order_id}", {"status_id": AWAITING_FULFILLMENT})
    return Placed(order_id, token)
