"""Who may shop without signing in, as the settings of the channel's checkout say: the same for GraphQL, REST and pages.

`guest_checkout_type` `disabled`: nobody orders without an account. `guest_checkout_for_existing_accounts` other than
`allow`: whoever has an account has to sign in; their e-mail address alone does not do.
"""

from __future__ import annotations

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.resources.carts.cart import Cart
from bodega.resources.checkouts import settings
from bodega.resources.customers.settings import who_signs_in
from bodega.storage.text import caseless
from bodega.storage.tx import Tx
from bodega.storefront.shoppers_api import ShoppersApi, refusing

TYPE, EXISTING = "guest_checkout_type", "guest_checkout_for_existing_accounts"
NO_GUESTS = "This shop takes orders of customers alone: sign in, or create an account."
HAS_ACCOUNT = "An account has this e-mail address: its owner must sign in."


async def takes_guests(tx: Tx, channel_id: int) -> bool:
    """Whether the checkout of a channel is open to who is not signed in."""
    return bool((await settings.of_channel(tx, channel_id))[TYPE] != "disabled")


async def may_order(tx: Tx, cart: Cart) -> None:
    """Refuses a cart that is to become an order of somebody who is not signed in. Raises Refusal."""
    if not await takes_guests(tx, cart.channel_id):
        raise Refusal(Reason.SCOPE_MISSING, NO_GUESTS)
    await may_name(tx, cart.channel_id, cart.email)


async def may_name(tx: Tx, channel_id: int, email: str | None) -> None:
    """Refuses somebody who is not signed in and names the e-mail address of an account. Raises Refusal."""
    if not email or (await settings.of_channel(tx, channel_id))[EXISTING] == "allow":
        return
    if await who_signs_in(tx, caseless(email.strip()), channel_id) is not None:
        raise Refusal(Reason.SCOPE_MISSING, HAS_ACCOUNT)


async def refuse_address_of_account(api: ShoppersApi, channel_id: int, customer_id: int, email: str | None) -> None:
    """The same, told to the shopper; `customer_id` is 0 for who is not signed in. Raises ShopperRefused."""
    assert api.store.rows is not None
    if not customer_id:
        with refusing():
            await may_name(api.store.rows.reader, channel_id, email)
