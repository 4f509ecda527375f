"""Links that put somebody's session or cart into a browser.

A link can stand anywhere, and what it carries be somebody else's. A browser that has a customer or a cart of its own is
asked first, unless it comes from a page of the shop; POST, from that question alone, is the answer.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bodega.access.open_store import OpenStore
from bodega.http.browsers import web_origin
from bodega.http.mounts import Send, reply
from bodega.resources.channels.addresses import canonical_url
from bodega.resources.channels.sites import checkout_url, storefront_url
from bodega.storefront.pages.own_cart import opened_cart
from bodega.storefront.shopper import shopper_of
from bodega.storefront.short_page import headers_of, short_page

_ASKS = headers_of("default-src 'none'; form-action 'self'; frame-ancestors 'none'", referrer="same-origin")


async def ask_first(send: Send, scope: Mapping[str, Any], words: str) -> None:
    """Shows the question, with what the link does in words; its button sends the address of the link again, by POST."""
    query: bytes = scope.get("query_string", b"")
    target = quote(scope["path"]) + (f"?{query.decode('latin-1')}" if query else "")
    await reply(send, scope["method"], HTTPStatus.OK, _question(target, words), _ASKS)


def _question(target: str, words: str) -> bytes:
    more = (
        '<p>If you did not come from the shop, leave it: <a href="/">back to the shop</a>.</p>'
        f'<form method="post" action="{html.escape(target)}"><button type="submit">Go on with the link</button>'
        "</form>"
    )
    return short_page(words, more)


async def takes_something(
    store: OpenStore, channel_id: int, scope: Mapping[str, Any], customer_id: int, cart_id: str
) -> bool:
    """Whether a link to a customer (0: a guest) and a cart (empty: none) would take a customer or a cart from the
    browser, and comes from who knows where. Raises Busy."""
    shopper = await shopper_of(store, channel_id, scope)
    other = bool(shopper.customer_id) and shopper.customer_id != customer_id
    own = await opened_cart(shopper, scope, shopper.cart_id)
    loses = own is not None and bool(own.items) and own.uuid != cart_id
    return (other or loses) and not await _from_the_shop(store, channel_id, scope)


async def _from_the_shop(store: OpenStore, channel_id: int, scope: Mapping[str, Any]) -> bool:
    """Whether a page of one of the channel's hosts leads here, as the browser tells. Hosts of one site may be shops of
    strangers."""
    sent: dict[bytes, bytes] = dict(scope["headers"])
    if sent.get(b"sec-fetch-site") == b"same-origin":
        return True
    page = web_origin(sent.get(b"referer", b"").decode("latin-1"))
    assert store.rows is not None
    reader = store.rows.reader
    known = (
        canonical_url(store.record, channel_id),
        await storefront_url(reader, store.record, channel_id),
        await checkout_url(reader, store.record, channel_id),
    )
    return page is not None and page in map(web_origin, known)
