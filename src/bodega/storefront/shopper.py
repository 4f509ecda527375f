"""Who shops in a browser: the cookies of a shop, and what keeps other pages from using them.

A guest's cart belongs to whoever has its id, which cannot be guessed; the cart of a customer only to that customer, who
is signed in.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

from bodega.access.open_store import OpenStore
from bodega.http.browsers import cookies_of, is_from_here
from bodega.law.refusal import Header
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.tokens import sessions
from bodega.storable import storable
from bodega.storage import query
from bodega.storage.tx import Tx

SESSION = "SHOP_SESSION_TOKEN"
"""The cookie of a customer's session."""

CART = "cartId"
"""The cookie that names the cart of a browser."""

CSRF = "XSRF-TOKEN"
"""The cookie that scripts of the shop's own pages read, to send it back as `X-XSRF-TOKEN`."""

CART_SECONDS = 30 * 86_400
LONGEST_COOKIE = 128


class Shopper(NamedTuple):
    """A browser at a shop. `customer_id` is 0 for a guest, `session` the value of the customer's cookie, `cart_id` the
    UUID of the cart that the browser names, empty without one."""

    store: OpenStore
    channel_id: int
    customer_id: int = 0
    session: str = ""
    cart_id: str = ""


async def shopper_of(store: OpenStore, channel_id: int, scope: Mapping[str, Any]) -> Shopper:
    """Who asks, by the cookies of a request. Raises Busy."""
    assert store.rows is not None
    sent = cookies(scope)
    session, cart_id = sent.get(SESSION, ""), sent.get(CART, "")
    customer_id = await sessions.customer_of(store.rows.reader, session, channel_id, store.time()) if session else 0
    return Shopper(store, channel_id, customer_id, session if customer_id else "", cart_id)


async def cart_of(reader: Tx, cart_id: str, channel_id: int, customer_id: int, *, ordered: bool = False) -> Cart | None:
    """A cart that is still one, and this shopper's; None otherwise: a shopper is not told which carts exist. With
    `ordered` also one that has become an order."""
    if not cart_id or len(cart_id) > LONGEST_COOKIE:
        return None
    row = await query.one(reader, CARTS, "uuid = $1", cart_id)
    if row is None:
        return None
    cart: Cart = row.entity
    theirs = cart.customer_id in (0, customer_id) and cart.channel_id == channel_id
    return cart if theirs and (ordered or not cart.order_id) else None


def cookies(scope: Mapping[str, Any]) -> Mapping[str, str]:
    """The cookies of a request; of several with one name the first counts, and very long ones do not."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            for key, text in cookies_of(value.decode("latin-1"), LONGEST_COOKIE).items():
                found.setdefault(key, storable(text))
    return found


def session_cookie(scope: Mapping[str, Any], value: str) -> Header:
    """Signs the browser in; out with an empty value."""
    return _cookie(scope, SESSION, value, sessions.SECONDS)


def cart_cookie(scope: Mapping[str, Any], cart_id: str) -> Header:
    """Gives the browser its cart; takes it with an empty id."""
    return _cookie(scope, CART, cart_id, CART_SECONDS)


def named_cookie(scope: Mapping[str, Any], name: str, value: str, seconds: int) -> Header:
    """Another cookie that scripts cannot read; it goes with an empty value."""
    return _cookie(scope, name, value, seconds)


def csrf_cookie(scope: Mapping[str, Any], value: str) -> Header:
    """Gives the browser a token that only the shop's own pages can read."""
    return readable_cookie(scope, CSRF, value)


def readable_cookie(scope: Mapping[str, Any], name: str, value: str) -> Header:
    """A cookie that scripts of the shop's own pages may read."""
    header, text = _cookie(scope, name, value, CART_SECONDS)
    return header, text.replace(b"; HttpOnly", b"")


def has_own_token(scope: Mapping[str, Any]) -> bool:
    """Whether the token that a script sends is that of the cookie; a request without one is judged by its page
    alone."""
    sent = dict(scope["headers"]).get(b"x-xsrf-token", b"")
    known = cookies(scope).get(CSRF, "").encode("latin-1")
    return not sent or hmac.compare_digest(sent, known)


def _cookie(scope: Mapping[str, Any], name: str, value: str, seconds: int) -> Header:
    secure = "; Secure" if scope["scheme"] == "https" else ""
    text = f"{name}={value}; Path=/; Max-Age={seconds if value else 0}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode("latin-1")


def is_own_page(scope: Mapping[str, Any]) -> bool:
    """Whether a request that changes something comes from a page of this very host, as far as its browser tells.
    Cookies alone prove nothing: they are sent for other pages as well."""
    sent = {name: value.decode("latin-1") for name, value in scope["headers"]}
    return is_from_here(sent.get(b"origin"), sent.get(b"sec-fetch-site"), sent.get(b"host", ""), scope["scheme"])
