"""GET /cart.php: the cart that a redirect URL opens, once, or the link of a recovery mail.

It becomes the cart of the browser, which goes on to the checkout or, with `action=load`, is shown the cart. A browser
that has a cart or a customer of its own is asked first (`foreign_links.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from bodega.access.stores import OpenStore, Stores
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.carts.cart import TABLE as CARTS
from bodega.resources.carts.cart import Cart
from bodega.resources.carts.redirects import open_once, would_open
from bodega.resources.store import channels
from bodega.storable import query_of
from bodega.storage import query
from bodega.storage.tx import Busy
from bodega.storefront.foreign_links import ask_first, takes_something
from bodega.storefront.front import Front, at_host, front_of, said_password
from bodega.storefront.pages.own_cart import cart_cookies
from bodega.storefront.pages.web import password_cookie
from bodega.storefront.shopper import is_own_page, shopper_of
from bodega.storefront.short_page import headers_of

_PAGE = headers_of()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src *; form-action 'self'"
_FRAMED: Header = (b"content-security-policy", f"{_POLICY}; frame-ancestors *".encode())
_PASSWORD = "prelaunch_password"  # noqa: S105 - the name of a field
CHECK_OUT, RECOVER = "loadInCheckout", "recover"
WORDS = {
    "used": "This link was opened before. Each link opens its cart once; the shop can make a new one.",
    "expired": "This link has expired. The shop can make a new one.",
    "unknown": "There is no such cart, or it was ordered meanwhile.",
    "foreign": "This link puts another cart in place of what you have in this shop",
    "elsewhere": "Follow the link itself: this form came from another page.",
    "busy": "The shop cannot be reached right now. Try again in a moment.",
}


@lru_cache(maxsize=1)
def _template() -> Template:
    made = Environment(
        loader=PackageLoader("bodega.storefront", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return made.get_template("cart.html")


def carts(stores: Stores, https_port: int | None = None) -> Mount:
    """The page of a cart. HEAD tells what GET would, and does not use the link up: mail scanners and previews ask that
    way; neither does a shop that is closed."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method not in ("GET", "HEAD", "POST"):
            headers = [(b"content-type", b"text/plain"), (b"allow", b"GET, HEAD, POST")]
            await reply(send, method, Reason.METHOD_NOT_ALLOWED.status(3), b"Only GET, HEAD and POST.", headers)
            return
        asked = query_of(scope)
        name, uuid, token = (asked.get(word, [""])[0] for word in ("store", "id", "token"))
        action = asked.get("action", [""])[0]
        recovers = action == RECOVER and not uuid
        found = await at_host(stores, scope) if recovers or not name else None
        store = await stores.get(name) if found is None else found[0]
        if store is None or store.rows is None or store.suspended:
            reason = Reason.NO_SUCH_RESOURCE if store is None else Reason.UPGRADING
            await _show(send, method, reason.status(3), None, WORDS["unknown" if store is None else "busy"])
            return
        if method == "POST" and not is_own_page(scope):
            await _show(send, method, HTTPStatus.FORBIDDEN, None, WORDS["elsewhere"])
            return
        front: Front | None = None
        try:
            if recovers:
                uuid = await _abandoned(store, token)
            front = await front_of(store, await _channel(store, uuid))
            headers = front.headers(scope, _POLICY)
            elsewhere = front.elsewhere(scope, https_port)
            closed = front.closed(asked.get(_PASSWORD, [""])[0] or said_password(scope))
            if elsewhere:
                await reply(send, method, HTTPStatus.FOUND, b"", [*_PAGE, (b"location", elsewhere.encode())])
            elif closed:
                hidden = {key: values[0] for key, values in asked.items() if key != _PASSWORD}
                form = hidden if front.status == "prelaunch" and not store.maintenance else None
                headers.append((b"retry-after", str(store.settings["maintenance.retry_after"]).encode()))
                status = Reason.MAINTENANCE.status(3)
                await _show(send, method, status, None, closed, front=front, headers=headers, form=form)
            elif method != "POST" and await _is_foreign(store, uuid, scope):
                await ask_first(send, scope, WORDS["foreign"])
            else:
                uses = method != "HEAD"
                cart, what = await _opened(store, uuid, token, recovers=recovers, uses=uses)
                if cart is not None and uses:
                    shopper = await shopper_of(store, cart.channel_id, scope)
                    headers += cart_cookies(scope, cart, shopper.customer_id)
                    if asked.get(_PASSWORD):
                        headers.append(password_cookie(scope, asked[_PASSWORD][0]))
                if cart is not None and action in (CHECK_OUT, RECOVER):
                    onward = [*_PAGE, *headers, (b"location", b"/checkout")]
                    moved = HTTPStatus.SEE_OTHER if method == "POST" else HTTPStatus.FOUND
                    await reply(send, method, moved, b"", onward)
                    return
                status = Reason.NO_SUCH_ENTITY.status(3) if cart is None else Shown.status
                await _show(send, method, status, cart, WORDS.get(what, ""), front=front, headers=headers)
        except Busy:
            await _show(send, method, Reason.UNREACHABLE.status(3), None, WORDS["busy"], front=front)

    return mount


async def _abandoned(store: OpenStore, token: str) -> str:
    """The id of the cart that the link of a recovery mail names; empty if there is none."""
    assert store.rows is not None
    sql = "SELECT uuid FROM carts WHERE token = $1 AND token > '' AND order_id = 0"
    return str(await query.value(store.rows.reader, sql, token) or "")


async def _opened(store: OpenStore, uuid: str, token: str, *, recovers: bool, uses: bool) -> tuple[Cart | None, str]:
    """The cart of a link, and what became of the link (`redirects.open_once`), or would, unless this `uses` it. A
    recovery mail's opens it as often as its reader comes back."""
    assert store.rows is not None
    if recovers or not uses:
        row = await query.one(store.rows.reader, CARTS, "uuid = $1", uuid)
        if not recovers:
            return would_open(None if row is None else row.entity, token, store.time())
        return (None, "unknown") if row is None else (row.entity, "opened")
    made: tuple[Cart | None, str] = await store.write(lambda unit: open_once(unit, uuid, token))
    return made


async def _is_foreign(store: OpenStore, uuid: str, scope: Mapping[str, Any]) -> bool:
    """Whether the browser has a cart or a customer that the cart of a link would take from it."""
    assert store.rows is not None
    row = await query.one(store.rows.reader, CARTS, "uuid = $1 AND order_id = 0", uuid)
    if row is None:
        return False
    cart: Cart = row.entity
    return await takes_something(store, cart.channel_id, scope, cart.customer_id, cart.uuid)


async def _channel(store: OpenStore, uuid: str) -> int:
    """The channel of a cart; the store's own storefront where there is no such cart."""
    assert store.rows is not None
    found = await query.value(store.rows.reader, "SELECT channel_id FROM carts WHERE uuid = $1", uuid)
    return channels.DEFAULT if found is None else int(found)


async def _show(
    send: Send,
    method: str,
    status: int,
    cart: Cart | None,
    message: str,
    *,
    front: Front | None = None,
    headers: Sequence[Header] = (_FRAMED,),
    form: Mapping[str, str] | None = None,
) -> None:
    """The page; `form` are the parameters that a form for the password of the shop repeats."""
    body = _template().render(cart=cart, message=message, front=front, form=form, money=_money).encode()
    await reply(send, method, status, body, [*_PAGE, *headers])


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
