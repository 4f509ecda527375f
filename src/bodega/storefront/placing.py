"""From a shopper's checkout to an order and the token that pays it: the same for GraphQL, REST and pages."""

from __future__ import annotations

from typing import NamedTuple

from bodega.resources.carts.cart import Cart
from bodega.resources.orders import order
from bodega.resources.payments import paying
from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.storefront.ordering import order_and_pay
from bodega.storefront.shoppers_api import ShoppersApi


class Placed(NamedTuple):
    """An order, and the token that pays what is owed of it; None if nothing is."""

    order_id: int
    token: str | None


async def _later(_unit: Unit, _order: Row) -> None:
    """What is owed is paid by the token."""


async def complete(api: ShoppersApi, cart: Cart, customer_id: int) -> Placed:
    """Makes the order of a cart, once: asked again, it is the same order, with another token while it is to be paid.
    `customer_id` is who is signed in, 0 for a guest. Raises ShopperRefused."""
    order_id = await order_and_pay(api, cart, _later, customer_id=customer_id)
    assert api.store.rows is not None
    row = await query.get(api.store.rows.reader, order.TABLE, order_id)
    token: str | None = None
    if row is not None and paying.owed(row.entity) > 0:
        body = {"order": {"id": order_id, "is_recurring": False}}
        token = str((await api.send("POST", "/v3/payments/access_tokens", body))["id"])
    return Placed(order_id, token)
