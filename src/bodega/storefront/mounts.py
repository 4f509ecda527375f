"""What is served at the hosts of shops besides the APIs: pages, signing in, images, plain files.

What shoppers alone need is read when one first asks for it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping
from typing import Any

from bodega.access.providers import PAYMENT, registered
from bodega.access.stores import Stores
from bodega.http.app_context import AppContext
from bodega.http.asgi import OF_A_STORE
from bodega.http.mounts import Mount, Send, later, not_here
from bodega.http.negotiation import accepts_html
from bodega.log import Log
from bodega.resources.carts.redirects import PAGE
from bodega.storage.tx import Busy
from bodega.storefront.image_sizes import SizedImages
from bodega.storefront.moved_pages import Otherwise, moved_pages
from bodega.storefront.pages import ASSETS
from bodega.storefront.plain_files import favicon, robots


def shop_mounts(
    app: AppContext, log: Log, https_port: int, reference: Mount, watched: Callable[[Mount], Mount]
) -> Mapping[str, Mount]:
    """The mounts by the first segment of their paths; `reference` is what `/` is where no shop is shown, `watched` a
    mount as the journal and the faults of the lab see it."""
    stores, house = app.stores, (app, log, https_port, watched)

    def made(make: Any, *facts: Any) -> Mount:
        return later(functools.partial(make, *facts))

    return {
        OF_A_STORE: SizedImages(stores, app.pictures).mount,
        "login": made(_logins, stores),
        "session-sync": made(_session_sync, stores),
        "customer": made(_current_customer, stores),
        PAGE: made(_cart_page, *house),
        "checkout": made(_checkout, *house),
        "login.php": made(_account_pages, *house),
        "account.php": made(_account_pages, *house),
        "search.php": made(_or_else, "search_page", not_here, *house),
        "": made(_or_else, "first_page", reference, *house),
        ASSETS: later(_assets),
        "robots.txt": robots(stores, https_port),
        "favicon.ico": favicon(stores, https_port),
        "xmlsitemap.php": made(_sitemap, stores, https_port),
    }


def elsewhere(app: AppContext, log: Log, https_port: int, watched: Callable[[Mount], Mount]) -> Otherwise:
    """Paths that nothing else has: redirects of a site, and the pages of its shop."""
    moved = moved_pages(app.stores)
    made: list[Otherwise] = []

    async def follow(scope: Mapping[str, Any], send: Send) -> bool:
        if not accepts_html(dict(scope["headers"]).get(b"accept")):
            return await moved(scope, send)
        if not made:
            from bodega.storefront.pages import entrance, web

            made.append(entrance.shop_pages(web.House(app, log, https_port, watched), moved))
        return await made[0](scope, send)

    return follow


def _session_sync(stores: Stores) -> Mount:
    from bodega.storefront.session_sync import synced

    return synced(stores)


def _logins(stores: Stores) -> Mount:
    from bodega.storefront.customer_login import logins

    return logins(stores)


def _current_customer(stores: Stores) -> Mount:
    from bodega.storefront.customer_login import current_customer

    return current_customer(stores)


def _cart_page(*house: Any) -> Mount:
    from bodega.storefront.buying import buying
    from bodega.storefront.cart_page import carts
    from bodega.storefront.pages import entrance, web

    of = web.House(*house)
    return entrance.cart_or_link(of, buying(of.app, carts(of.app.stores, of.https_port)))


def _account_pages(*house: Any) -> Mount:
    from bodega.storefront.pages import entrance, web

    return web.mounted(web.House(*house), entrance.account_pages)


def _or_else(name: str, elsewhere: Mount, *house: Any) -> Mount:
    """A page of the small storefront by its name in `entrance`; where there is none, what is mounted elsewhere."""
    from bodega.storefront.pages import entrance, web

    return entrance.or_else(web.House(*house), getattr(entrance, name), elsewhere)


def _sitemap(stores: Stores, https_port: int) -> Mount:
    from bodega.storefront.sitemap import sitemap

    return sitemap(stores, https_port)


async def settle_payments(app: AppContext) -> None:
    """Goes on with the payments that shoppers have begun at gateways."""
    for store in app.stores.open_stores():
        if not store.closed and store.rows is not None and registered(store.settings, PAYMENT):
            from bodega.storefront.gateways import settle_due

            with contextlib.suppress(Busy):
                await settle_due(app, store)


def _checkout(*house: Any) -> Mount:
    from bodega.storefront.pages import checkout, web

    return web.mounted(web.House(*house), checkout.act)


def _assets() -> Mount:
    from bodega.storefront.pages import web

    return web.assets
