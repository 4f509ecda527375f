"""What every page of a shop has: the shop and the shopper who asks, a form that was sent, and how it answers.

No page needs a script. A form counts only when it comes from a page of the same host (`shopper.is_own_page`), since a
browser sends its cookies for other pages as well.
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from http import HTTPStatus
from importlib import resources
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from bodega.access.open_store import OpenStore
from bodega.http.app_context import AppContext
from bodega.http.browsers import caller_address, origin_of
from bodega.http.mounts import BodyBroken, BodyTooLarge, Mount, Receive, Send, reply, whole_body
from bodega.kit.render import json
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.log import Log
from bodega.resources.geography.places import every_province
from bodega.resources.store.currencies import Currency
from bodega.storable import pairs_of
from bodega.storage.tx import Busy
from bodega.storefront.front import PASSWORD, Front, at_host, front_of, said_password
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.pages import ASSETS
from bodega.storefront.shopper import Shopper, is_own_page, named_cookie, shopper_of
from bodega.storefront.shoppers_api import ShoppersApi

LARGEST_FORM = 64 * 1024
LONGEST_FIELD = 2_000
POLICY = "default-src 'none'; style-src 'self'; img-src * data:; form-action 'self'; base-uri 'none'"
"""No page that shows a merchant's own HTML runs a script, not one of this server's either: the control panel has the
same origin, and its scripts act on what the markup says."""
SCRIPTED = f"{POLICY}; script-src 'self'; connect-src 'self'"
"""That of pages which show none, and are quicker with their scripts."""
DAY = 86_400
_SAFE: tuple[Header, ...] = (
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_HTML: Header = (b"content-type", b"text/html; charset=utf-8")
_NOT_KEPT: Header = (b"cache-control", b"no-store")
_KEPT: Header = (b"cache-control", b"public, max-age=31536000, immutable")
STATES = "states.json"
"""The states of all countries, for the script of addresses."""

_KINDS = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8"}


class Answer(NamedTuple):
    """What a page answers; `policy` says what a browser may load for it."""

    status: int
    body: bytes = b""
    headers: Sequence[Header] = ()
    policy: str = POLICY


class Page(NamedTuple):
    """A request for a page. `path` is without a slash at its end; `form` is what was sent, `query` what the address
    says; the last of several values counts."""

    scope: Mapping[str, Any]
    app: AppContext
    front: Front
    shopper: Shopper
    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def store(self) -> OpenStore:
        """The store."""
        return self.front.store

    @property
    def channel_id(self) -> int:
        """The channel."""
        return self.front.channel_id

    @property
    def origin(self) -> str:
        """What the addresses of this shop begin with, as the browser knows it."""
        return origin_of(self.scope)

    @property
    def address(self) -> str:
        """The network address of the shopper."""
        return caller_address(self.scope)

    @property
    def api(self) -> ShoppersApi:
        """The store's API, for this shopper."""
        return ShoppersApi(self.app, self.store, self.origin)

    def asking(self) -> Asking:
        """Who asks, for the fields of GraphQL."""
        return Asking(self.api, self.channel_id, self.shopper.customer_id, self.shopper.session)

    def show(
        self, template: str, *headers: Header, status: int = HTTPStatus.OK, policy: str = POLICY, **facts: Any
    ) -> Answer:
        """A page made of a template."""
        body = templates().get_template(f"shop/{template}").render(page=self, front=self.front, **facts)
        return Answer(status, body.encode(), [_HTML, _NOT_KEPT, *headers], policy)

    def onward(self, path: str, *headers: Header) -> Answer:
        """A redirect after a form, to a path of this shop."""
        location = quote(path, safe="/?&=#%-._~:")
        return Answer(HTTPStatus.SEE_OTHER, b"", [(b"location", location.encode()), _NOT_KEPT, *headers])


PageAction = Callable[[Page], Awaitable[Answer]]


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The templates of all pages."""
    made = Environment(
        loader=PackageLoader("bodega.storefront", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    return made


@cache
def _assets() -> Mapping[str, tuple[bytes, bytes]]:
    folder = resources.files("bodega.storefront") / "static"
    states = (b"application/json", json(every_province()))
    return {STATES: states} | {
        one.name: (_KINDS[one.name.rpartition(".")[2]], one.read_bytes())
        for one in folder.iterdir()
        if one.name.rpartition(".")[2] in _KINDS
    }


@cache
def asset(name: str) -> str:
    """Where a style or script is; the address changes with its content, so that it may be kept for ever."""
    return f"/{ASSETS}/{name}?{hashlib.sha256(_assets()[name][1]).hexdigest()[:12]}"


async def assets(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
    """GET /shop-assets/NAME."""
    found = _assets().get(scope["path"].rpartition("/")[2])
    if found is None or scope["method"] not in ("GET", "HEAD"):
        await reply(send, scope["method"], HTTPStatus.NOT_FOUND, b"", [_NOT_KEPT])
        return
    headers = [(b"content-type", found[0]), _KEPT, *_SAFE]
    await reply(send, scope["method"], HTTPStatus.OK, found[1], headers, length=len(found[1]))


def money(currency: Currency, amount: Decimal | float) -> str:
    """An amount as shoppers read it, by the settings of its currency."""
    sign = "-" if amount < 0 else ""
    text = f"{abs(Decimal(str(amount))):,.{currency.decimal_places}f}"
    text = text.translate({ord(","): currency.thousands_token, ord("."): currency.decimal_token})
    if currency.token_location == "right":  # noqa: S105 - the symbol
        return f"{sign}{text} {currency.token}"
    return f"{sign}{currency.token}{text}"


def password_cookie(scope: Mapping[str, Any], password: str) -> Header:
    """Lets a browser into a shop before its launch."""
    return named_cookie(scope, PASSWORD, quote(password, safe=""), DAY)


class NotAnswered(Exception):
    """The host has no shop, or the shop does not show pages of this kind."""


async def page_of(app: AppContext, scope: Mapping[str, Any], receive: Receive) -> Page:
    """The page that is asked for. Raises NotAnswered, Busy, BodyTooLarge and BodyBroken."""
    found = await at_host(app.stores, scope)
    if found is None or found[0].suspended:
        raise NotAnswered
    front = await front_of(*found)
    form: dict[str, str] = {}
    if scope["method"] == "POST":
        form = _read((await whole_body(receive, LARGEST_FORM)).decode("utf-8", "replace"))
    query = _read(scope.get("query_string", b"").decode("latin-1"))
    shopper = await shopper_of(found[0], found[1], scope)
    path = scope["path"].rstrip("/") or "/"
    return Page(scope, app, front, shopper, scope["method"], path, query, form)


def _read(text: str) -> dict[str, str]:
    pairs = pairs_of(text, 200)
    return {name: value.strip()[:LONGEST_FIELD] for name, value in pairs}


class House(NamedTuple):
    """What all pages are served by. `watched` is a mount as the journal and the faults of the lab see it."""

    app: AppContext
    log: Log
    https_port: int
    watched: Callable[[Mount], Mount]


def mounted(house: House, act: PageAction) -> Mount:
    """Pages of every shop, each open as its settings say."""
    app, log, https_port = house.app, house.log, house.https_port

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        policy, headers = b"default-src 'none'; frame-ancestors 'none'", list[Header]()
        try:
            page = await page_of(app, scope, receive)
            headers = page.front.headers(scope, POLICY)
            answer = await _answered(page, https_port, act)
            headers = page.front.headers(scope, answer.policy)
        except NotAnswered:
            answer = said(Reason.NO_SUCH_RESOURCE)
        except Busy:
            answer = said(Reason.UNREACHABLE)
        except (BodyTooLarge, ValueError):
            answer = said(Reason.BODY_TOO_LARGE)
        except BodyBroken:
            return
        except Exception:
            import sys

            print(traceback.format_exc(), file=sys.stderr)
            log.event("internal error", path=scope["path"], traceback=traceback.format_exc())
            answer = said(Reason.INTERNAL_ERROR)
        if not headers:
            headers = [(b"content-security-policy", policy)]
        await reply(
            send, scope["method"], answer.status, answer.body, [*answer.headers, *_SAFE, *headers],
            length=len(answer.body),
        )  # fmt: skip

    return house.watched(mount)


async def _answered(page: Page, https_port: int | None, act: PageAction) -> Answer:
    elsewhere = page.front.elsewhere(page.scope, https_port) if page.method in ("GET", "HEAD") else ""
    if elsewhere:
        return Answer(HTTPStatus.FOUND, b"", [(b"location", elsewhere.encode()), _NOT_KEPT])
    if page.method not in ("GET", "HEAD", "POST"):
        return said(Reason.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD, POST"))
    said_now = page.query.get(PASSWORD, "")
    closed = page.front.closed(said_now or said_password(page.scope))
    if not closed and said_now:
        return page.onward(page.path, password_cookie(page.scope, said_now))
    if closed:
        asks = page.front.status == "prelaunch" and not page.store.maintenance
        retry = (b"retry-after", str(page.store.settings["maintenance.retry_after"]).encode())
        return page.show(
            "message.html", retry, status=Reason.MAINTENANCE.status(3), heading=closed, words="", asks=asks
        )
    if page.method == "POST" and not is_own_page(page.scope):
        return page.show(
            "message.html",
            status=HTTPStatus.FORBIDDEN,
            heading="This form came from another page",
            words="Open the page of the shop itself, and send its form again.",
        )
    return await act(page)


def said(reason: Reason, *headers: Header) -> Answer:
    """A reason in words, where there is no shop to show it."""
    kind = (b"content-type", b"text/plain; charset=utf-8")
    return Answer(reason.status(3), reason.message.encode(), [kind, _NOT_KEPT, *headers])
