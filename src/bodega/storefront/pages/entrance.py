"""Where the pages of the small storefront stand: at the hosts of shops, for browsers, where they are switched on.

Everything else at such a host, and every other host, is answered as before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bodega.access.stores import Stores
from bodega.http.mounts import Mount, Receive, Send
from bodega.http.negotiation import accepts_html
from bodega.law.reasons import Reason
from bodega.storage.tx import Busy
from bodega.storefront.front import shop_at
from bodega.storefront.pages import account, basket, shop
from bodega.storefront.pages.web import Answer, House, Page, PageAction, mounted, said

Otherwise = Callable[[Mapping[str, Any], Send], Awaitable[bool]]
_CART_LINKS = ("token=", "action=", "id=")
_ANSWERED = "token="
"""What the address of a link says that is followed after a question, by POST; other forms are the page's own."""


async def _is_here(stores: Stores, scope: Mapping[str, Any]) -> bool:
    """Whether somebody who takes a page asks the host of a shop that shows these pages."""
    if not accepts_html(dict(scope["headers"]).get(b"accept")):
        return False
    try:
        found = await shop_at(stores, scope)
    except Busy:
        return False
    return found is not None and bool(found[0].settings[shop.SHOWN]) and not found[0].suspended


def or_else(house: House, act: PageAction, elsewhere: Mount) -> Mount:
    """A page of the shop; where there is none, what is mounted elsewhere."""
    page = mounted(house, act)

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        await (page if await _is_here(house.app.stores, scope) else elsewhere)(scope, receive, send)

    return mount


def cart_or_link(house: House, links: Mount) -> Mount:
    """/cart.php: a link that opens or fills a cart, else the page of the cart."""
    links = house.watched(links)
    page = or_else(house, basket.act, links)

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        query = scope.get("query_string", b"").decode("latin-1")
        tells = _ANSWERED if scope["method"] == "POST" else _CART_LINKS
        is_link = any(part.startswith(tells) for part in query.split("&"))
        await (links if is_link else page)(scope, receive, send)

    return mount


def shop_pages(house: House, moved: Otherwise) -> Otherwise:
    """What is at a path that nothing else has: a redirect of the site, else a product, a category, a page."""

    async def act(page: Page) -> Answer:
        return await shop.routed(page) or await shop.missing(page)

    shown = mounted(house, act)

    async def nothing() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def follow(scope: Mapping[str, Any], send: Send) -> bool:
        if await moved(scope, send):
            return True
        if scope["method"] not in ("GET", "HEAD") or not await _is_here(house.app.stores, scope):
            return False
        await shown(scope, nothing, send)
        return True

    return follow


async def account_pages(page: Page) -> Answer:
    """/login.php and /account.php."""
    if page.path == account.LOGIN:
        return await account.login(page)
    return await account.account(page) if page.path == account.ACCOUNT else said(Reason.NO_SUCH_RESOURCE)


async def first_page(page: Page) -> Answer:
    """`/`."""
    return await shop.home(page)


async def search_page(page: Page) -> Answer:
    """/search.php."""
    return await shop.search(page)
