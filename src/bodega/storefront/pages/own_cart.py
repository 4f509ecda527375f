"""The cart of a browser on the pages of a shop.

A link that the shop made lets whoever opens it into one cart, also into that of a customer who is not signed in here:
then the browser holds a key of that cart besides its id. The key opens nothing else of the customer's.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from bodega.law.refusal import Header
from bodega.resources.carts.cart import TABLE, Cart
from bodega.storage import query
from bodega.storefront.pages.web import Page
from bodega.storefront.shopper import Shopper, cart_cookie, cart_of, cookies, named_cookie

KEY = "cartKey"
ORDERED = "orderedCartId"
"""The cookie that names the cart that this browser has ordered last, for its confirmation."""

ORDERED_SECONDS = 86_400


def key_of(cart: Cart) -> str:
    """The key of a cart."""
    return hmac.new(cart.redirect_key.encode(), f"{cart.uuid} in a browser".encode(), sha256).hexdigest()


def cart_cookies(scope: Mapping[str, Any], cart: Cart, customer_id: int) -> list[Header]:
    """Gives a browser a cart; of a customer other than the one who is signed in there, with its key."""
    needs_key = cart.customer_id not in (0, customer_id)
    key = named_cookie(scope, KEY, key_of(cart) if needs_key else "", ORDERED_SECONDS)
    return [cart_cookie(scope, cart.uuid), key]


def ordered_cookies(page: Page, cart: Cart) -> list[Header]:
    """The cart of the browser has become an order; its key stays, for the confirmation."""
    return [cart_cookie(page.scope, ""), named_cookie(page.scope, ORDERED, cart.uuid, ORDERED_SECONDS)]


async def own_cart(page: Page, *, ordered: bool = False) -> Cart | None:
    """The cart of the browser, if there is one and it may be seen there; with `ordered` also one that has become an
    order meanwhile. Raises Busy."""
    return await _cart(page, page.shopper.cart_id, ordered=ordered)


async def ordered_cart(page: Page) -> Cart | None:
    """The cart that this browser has ordered last. Raises Busy."""
    cart = await _cart(page, cookies(page.scope).get(ORDERED, ""), ordered=True)
    return cart if cart is not None and cart.order_id else None


async def _cart(page: Page, uuid: str, *, ordered: bool) -> Cart | None:
    return await opened_cart(page.shopper, page.scope, uuid, ordered=ordered)


async def opened_cart(shopper: Shopper, scope: Mapping[str, Any], uuid: str, *, ordered: bool = False) -> Cart | None:
    """A cart that is the shopper's, or was opened in the browser by a link. Raises Busy."""
    assert shopper.store.rows is not None
    reader, channel_id = shopper.store.rows.reader, shopper.channel_id
    found = await cart_of(reader, uuid, channel_id, shopper.customer_id, ordered=ordered)
    key = cookies(scope).get(KEY, "")
    if found is not None or not key or not uuid:
        return found
    row = await query.one(reader, TABLE, "uuid = $1", uuid)
    if row is None or not hmac.compare_digest(key.encode("latin-1"), key_of(row.entity).encode()):
        return None
    return await cart_of(reader, uuid, channel_id, row.entity.customer_id, ordered=ordered)
