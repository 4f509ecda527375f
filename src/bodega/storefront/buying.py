"""GET /cart.php?action=add|buy: links that put a product into the cart of whoever follows them.

`product_id` or `sku` names it, `qty` how many (1), `coupon_code` a coupon; `add` leads to the cart, `buy` to the
checkout. Links stand on other sites as well: a browser that goes there is let in, one that only fetches is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.access.open_store import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.browsers import origin_of
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.kit.fields import INT32
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.carts.cart import Cart
from bodega.resources.carts.redirects import PAGE
from bodega.resources.catalog import product, variants
from bodega.resources.catalog.seen import unseen
from bodega.storable import query_of
from bodega.storage import query
from bodega.storage.text import caseless
from bodega.storage.tx import Busy
from bodega.storefront import baskets
from bodega.storefront.front import at_host, is_closed
from bodega.storefront.shopper import Shopper, cart_cookie, cart_of, shopper_of
from bodega.storefront.shoppers_api import ShopperRefused, ShoppersApi
from bodega.storefront.short_page import short_page

LEADS_TO = {"add": f"/{PAGE}", "buy": "/checkout"}
MOST = 10_000
"""Pieces that a link may put into a cart at once."""

_PAGE: tuple[Header, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
UNKNOWN = "There is no such product here."


class _Refused(Exception):
    """Why nothing was put into the cart; `reason` has the status."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason


def buying(app: AppContext, cart_page: Mount) -> Mount:
    """The links; whatever else is asked of the page of the cart is left to that."""

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        asked = {name: values[0] for name, values in _query(scope).items()}
        action = asked.get("action", "")
        if action not in LEADS_TO or scope["method"] not in ("GET", "HEAD"):
            await cart_page(scope, receive, send)
            return
        try:
            if scope["method"] == "HEAD" or not _goes_there(scope):
                raise _Refused(Reason.METHOD_NOT_ALLOWED, "Follow this link: it is not for fetching.")
            cart = await _bought(app, scope, asked)
        except _Refused as why:
            await _say(send, scope, why.reason.status(3), str(why))
            return
        except ShopperRefused as why:
            await _say(send, scope, why.reason.status(3), str(why))
            return
        except Busy:
            await _say(send, scope, Reason.UNREACHABLE.status(3), "The shop cannot be reached right now.")
            return
        headers = [(b"location", LEADS_TO[action].encode()), (b"cache-control", b"no-store"),
                   cart_cookie(scope, cart.uuid)]  # fmt: skip
        await reply(send, scope["method"], HTTPStatus.FOUND, b"", headers, length=0)

    return mount


def _query(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    return query_of(scope)


def _goes_there(scope: Mapping[str, Any]) -> bool:
    """Whether a browser shows what it is answered, as far as it tells: pictures and scripts do not shop."""
    kind = dict(scope["headers"]).get(b"sec-fetch-dest")
    return kind in (None, b"document")


async def _bought(app: AppContext, scope: Mapping[str, Any], asked: Mapping[str, str]) -> Cart:
    """The cart of the shopper with the product in it. Raises _Refused, ShopperRefused, Busy."""
    found = await at_host(app.stores, scope)
    if found is None:
        raise _Refused(Reason.NO_SUCH_RESOURCE, "There is no shop here.")
    store, channel_id = found
    if store.suspended or store.maintenance or await is_closed(store, channel_id, scope):
        raise _Refused(Reason.MAINTENANCE, "The shop is closed right now.")
    assert store.rows is not None
    reader = store.rows.reader
    line = await _line(store, asked)
    if await unseen(reader, channel_id, [line["product_id"]]):
        raise _Refused(Reason.NO_SUCH_ENTITY, UNKNOWN)
    shopper = await shopper_of(store, channel_id, scope)
    api = ShoppersApi(app, store, origin_of(scope))
    uuid = await _put_in(api, shopper, line)
    code = asked.get("coupon_code", "")
    if code:  # a coupon that does not apply keeps nobody from buying
        await api.ask("POST", f"/v3/checkouts/{uuid}/coupons", {"coupon_code": code})
    cart = await cart_of(reader, uuid, channel_id, shopper.customer_id)
    assert cart is not None
    return cart


async def _line(store: OpenStore, asked: Mapping[str, str]) -> dict[str, Any]:
    """The line that a link names, as V3 takes it. Raises _Refused."""
    quantity = _number(asked.get("qty") or asked.get("qty[]") or "1")
    if not 0 < quantity <= MOST:
        raise _Refused(Reason.FIELD_INVALID, f"qty must be a number from 1 to {MOST}.")
    number, sku = _number(asked.get("product_id", "")), asked.get("sku", "")
    if number:
        return {"product_id": number, "quantity": quantity}
    assert store.rows is not None
    key = caseless(sku.strip())
    if not key or "\0" in key:
        raise _Refused(Reason.NO_SUCH_ENTITY, UNKNOWN)
    row = await query.one(store.rows.reader, variants.TABLE, "sku_key = $1", key)
    if row is not None:
        return {"product_id": row.entity.product_id, "variant_id": row.entity.id, "quantity": quantity}
    row = await query.one(store.rows.reader, product.TABLE, "sku_key = $1", key)
    if row is None:
        raise _Refused(Reason.NO_SUCH_ENTITY, UNKNOWN)
    return {"product_id": row.entity.id, "quantity": quantity}


def _number(text: str) -> int:
    """A whole number; 0 for what is none."""
    usable = text.isascii() and text.isdigit() and len(text) <= 10
    return int(text) if usable and int(text) <= INT32 else 0


async def _put_in(api: ShoppersApi, shopper: Shopper, line: Mapping[str, Any]) -> str:
    """The id of the shopper's cart, a new one without one before. Raises ShopperRefused."""
    assert shopper.store.rows is not None
    there = await cart_of(shopper.store.rows.reader, shopper.cart_id, shopper.channel_id, shopper.customer_id)
    if there is not None:
        await api.send("POST", f"/v3/carts/{there.uuid}/items", {"line_items": [line]})
        await baskets.forget_shipping(api, there)
        return there.uuid
    body = {"channel_id": shopper.channel_id, "customer_id": shopper.customer_id, "line_items": [line]}
    return str((await api.send("POST", "/v3/carts", body))["id"])


async def _say(send: Send, scope: Mapping[str, Any], status: int, words: str) -> None:
    """A short page."""
    await reply(send, scope["method"], status, short_page(words), _PAGE)
