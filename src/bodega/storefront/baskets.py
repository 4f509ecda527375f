"""What becomes of a shopper's cart where no single operation of the store's API does it: at sign-in and sign-out, and
in another currency."""

from __future__ import annotations

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts import joining
from bodega.resources.carts.cart import TABLE
from bodega.storage.unit import Unit
from bodega.storefront.shoppers_api import ShoppersApi


async def merge_carts(api: ShoppersApi, customer_id: int, guest_cart_id: str, channel_id: int) -> str:
    """The id of the cart of a customer who has just signed in on a channel, with all that is in the guest's cart that
    the browser names (empty: none); empty if there is no cart. The guest's cart is gone then, or has become the
    customer's. The cart of somebody else is left alone. Raises ShopperRefused."""

    async def job(unit: Unit) -> str:
        return await joining.sign_in(unit, customer_id, channel_id, guest_cart_id)

    return await api.write(job)


async def change_currency(api: ShoppersApi, cart_id: int, code: str) -> str:
    """The id of the cart that takes the place of the one with this number, in another currency. Raises
    ShopperRefused."""

    async def job(unit: Unit) -> str:
        row = await unit.get(TABLE, cart_id)
        if row is None or row.entity.order_id:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        made = await joining.in_currency(unit, row, code)
        return str(made.entity.uuid)

    return await api.write(job)
