"""Redirect URLs: links that open a cart in the shopper's browser, once, for 30 days (rule 119).

A link needs no row: it is signed by the cart's own key, and what was opened is kept with the cart until it expires.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from bodega.kit.bounds import AtMost
from bodega.kit.context import Context
from bodega.resources.carts.cart import TABLE, Cart
from bodega.resources.channels.sites import shop_origin
from bodega.storage import query
from bodega.storage.unit import Unit

PAGE = "cart.php"
VALID_SECONDS = 30 * 86_400


Parameters = Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=255)]], AtMost(50)]
"""Parameters that the page's address gets besides its own, by their names."""

OWN = frozenset({"action", "embedded", "store", "id", "token"})


async def links(context: Context, cart: Cart, more: Mapping[str, str] = {}) -> dict[str, str]:
    """The redirect URLs of a cart, each new and unused, at the shop of its channel."""
    origin = await shop_origin(context, cart.channel_id)
    kinds: Mapping[str, dict[str, str]] = {
        "cart_url": {"action": "load"},
        "checkout_url": {"action": "loadInCheckout"},
        "embedded_checkout_url": {"embedded": "1", "action": "loadInCheckout"},
    }
    own = {"store": context.record.hash, "id": cart.uuid}
    return {
        name: f"{origin}/{PAGE}?"
        + urlencode(
            [
                *facts.items(),
                *own.items(),
                ("token", token(cart, context.now + VALID_SECONDS)),
                *((name, value) for name, value in more.items() if name not in OWN),
            ]
        )
        for name, facts in kinds.items()
    }


def token(cart: Cart, until: int) -> str:
    """A token that opens the cart once, until a date in UTC seconds."""
    content = f"{until:x}.{secrets.token_urlsafe(12)}"
    return f"{content}.{_signature(cart, content)}"


def _signature(cart: Cart, content: str) -> str:
    return hmac.new(cart.redirect_key.encode(), f"{cart.uuid}.{content}".encode(), sha256).hexdigest()


def until_of(cart: Cart, given: str) -> int | None:
    """Until when a token is valid, in UTC seconds; None if it is not one of this cart's."""
    content, _, signature = given.rpartition(".")
    if not given.isascii() or not hmac.compare_digest(signature, _signature(cart, content)):
        return None
    return int(content.partition(".")[0], 16)


def would_open(cart: Cart | None, given: str, now: int) -> tuple[Cart | None, str]:
    """What `open_once` says of a link, without using it."""
    until = until_of(cart, given) if cart is not None and not cart.order_id else None
    if cart is None or until is None:
        return None, "unknown"
    if until <= now:
        return None, "expired"
    return (None, "used") if given in cart.opened else (cart, "opened")


async def open_once(unit: Unit, uuid: str, given: str) -> tuple[Cart | None, str]:
    """The cart that a link opens, and what became of the link: `opened`, `used` before, `expired`, or `unknown`.

    That it was opened is kept with the cart, which is not changed otherwise.
    """
    found = await query.one(unit.tx, TABLE, "uuid = $1", uuid)
    cart, became = would_open(None if found is None else found.entity, given, unit.now)
    if found is None or cart is None:
        return None, became
    living = [one for one in cart.opened if (until_of(cart, one) or 0) > unit.now]
    await unit.rewrite(TABLE, found.with_entity(replace(cart, opened=[*living, given])))
    return cart, "opened"
