"""GET /cart.php: the cart that a redirect URL opens, once. Until there is a checkout to go to, it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bodega.access.stores import OpenStore, Stores
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.carts.cart import Cart
from bodega.resources.carts.redirects import open_once
from bodega.storage.tx import Busy

_PAGE: tuple[Header, ...] = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src *; frame-ancestors *"),
)
WORDS = {
    "used": "This link was opened before. Each link opens its cart once; the shop can make a new one.",
    "expired": "This link has expired. The shop can make a new one.",
    "unknown": "There is no such cart, or it was ordered meanwhile.",
    "busy": "The shop cannot be reached right now. Try again in a moment.",
}


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(
        loader=PackageLoader("bodega.storefront", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return made.get_template("cart.html")


def carts(stores: Stores) -> Mount:
    """The page of a cart. HEAD does not use the link up: mail scanners and previews ask that way."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD"):
            headers = [(b"content-type", b"text/plain"), (b"allow", b"GET, HEAD")]
            await reply(send, method, Reason.METHOD_NOT_ALLOWED.status(3), b"Only GET and HEAD.", headers)
            return
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        name, uuid, token = (asked.get(word, [""])[0] for word in ("store", "id", "token"))
        store = await stores.get(name)
        if store is None or store.rows is None or store.suspended or store.maintenance:
            reason = Reason.NO_SUCH_RESOURCE if store is None else Reason.UPGRADING
            await _show(send, method, reason.status(3), None, "unknown" if store is None else "busy")
            return
        if method == "HEAD":
            await reply(send, method, Shown.status, b"", [*_PAGE])
            return
        try:
            cart, what = await store.write(lambda unit: open_once(unit, uuid, token))
        except Busy:
            await _show(send, method, Reason.UNREACHABLE.status(3), None, "busy")
            return
        status = Reason.NO_SUCH_ENTITY.status(3) if cart is None else Shown.status
        await _show(send, method, status, cart, what, _name(store))

    return mount


def _name(store: OpenStore) -> str:
    return str(store.settings.get("name") or store.record.hash)


async def _show(send: Send, method: str, status: int, cart: Cart | None, what: str, shop: str = "") -> None:
    body = _template().render(cart=cart, message=WORDS.get(what, ""), shop=shop, money=_money).encode()
    await reply(send, method, status, body, [*_PAGE])


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
