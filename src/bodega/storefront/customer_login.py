"""Signing shoppers in for apps: /login/token/JWT makes a session, /customer/current.jwt tells an app who is signed in.

The tokens of both are signed with the client secret of an account of the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import jwt
import msgspec

from bodega.access import apps
from bodega.access.open_store import OpenStore
from bodega.access.scopes import allows
from bodega.access.stores import Stores
from bodega.http.browsers import caller_address
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.kit.fields import INT32
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.resources.customers import customer
from bodega.resources.store import channels
from bodega.resources.tokens import sessions
from bodega.storable import is_storable, query_of, storable
from bodega.storage import query
from bodega.storage.registry import Account
from bodega.storage.tx import Busy
from bodega.storage.unit import Unit
from bodega.storefront.front import at_host, is_closed
from bodega.storefront.shopper import SESSION, cookies, session_cookie
from bodega.storefront.short_page import headers_of, short_page

LOGIN, CURRENT = "/login/token/", "/customer/current.jwt"
SCOPE = "store_v2_customers_login"
ALGORITHM = "HS256"
OLDEST_SECONDS = 30
"""How old a sign-in token may be, or how far ahead its maker's clock."""

LIFE_SECONDS = 900
"""How long a token of the current customer is good."""

LONGEST = 8_192
LONGEST_ID = 64
_OURS: Any = {f"verify_{claim}": False for claim in ("iat", "exp", "nbf", "aud")}
"""What the library would judge by the clock of the machine, or not let pass, is judged here or passed over."""

_PAGE = headers_of("default-src 'none'; frame-ancestors 'none'")


class LoginClaims(msgspec.Struct, frozen=True):
    """What an app says in a sign-in token; the optional members narrow it down."""

    iss: str
    iat: float
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    operation: str
    store_hash: str
    customer_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    channel_id: int = channels.DEFAULT
    redirect_to: Annotated[str, msgspec.Meta(max_length=2_048)] = ""
    request_ip: str = ""
    exp: float | None = None


class LinkRefused(Exception):
    """Why a token does not sign in."""


def logins(stores: Stores) -> Mount:
    """GET /login/token/JWT: a session and a redirect, or a page that says why not."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        token = scope["path"].removeprefix(LOGIN)
        found = await shop_asked(stores, scope, send, valid=token != scope["path"] and "/" not in token)
        if found is None:
            return
        store, channel_id = found
        try:
            claims = await accepted(stores, store, channel_id, token, caller_address(scope))
            cookie, why = await store.write(lambda unit: begin_once(unit, claims))
        except LinkRefused as refused:
            cookie, why = "", str(refused)
        except Busy:
            await tell(send, scope, HTTPStatus.SERVICE_UNAVAILABLE, "The shop cannot be reached right now.")
            return
        if why:
            await tell(send, scope, HTTPStatus.UNAUTHORIZED, why)
            return
        headers = [(b"location", (local(claims.redirect_to) or "/account.php").encode("ascii", "replace")),
                   session_cookie(scope, cookie), (b"cache-control", b"no-store")]  # fmt: skip
        await reply(send, scope["method"], HTTPStatus.FOUND, b"", headers, length=0)

    return mount


def current_customer(stores: Stores) -> Mount:
    """GET /customer/current.jwt?app_client_id=ID: the shopper of the session, told to an app."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        found = await shop_asked(stores, scope, send, valid=scope["path"] == CURRENT, methods=("GET", "HEAD"))
        if found is None:
            return
        store, channel_id = found
        client_id = query_of(scope).get("app_client_id", [""])[0]
        account = await _signer(stores, store, client_id)
        if account is None:
            await tell(send, scope, HTTPStatus.BAD_REQUEST, "app_client_id must be the client id of an app.")
            return
        try:
            shopper = await signed_in(store, scope, channel_id)
        except Busy:
            await tell(send, scope, HTTPStatus.SERVICE_UNAVAILABLE, "The shop cannot be reached right now.")
            return
        if shopper is None:
            await tell(send, scope, HTTPStatus.NOT_FOUND, "Nobody is signed in.")
            return
        token = _about(store, shopper, client_id, account.secret)
        headers = [(b"content-type", b"application/jwt"), (b"cache-control", b"no-store"), (b"vary", b"Cookie")]
        await reply(send, scope["method"], Shown.status, token.encode(), headers)

    return mount


async def signed_in(store: OpenStore, scope: Mapping[str, Any], channel_id: int) -> customer.Customer | None:
    """The customer whose session the request's cookie names, on this channel. Raises Busy."""
    assert store.rows is not None
    cookie = cookies(scope).get(SESSION, "")
    if not cookie:
        return None
    reader = store.rows.reader
    found = await sessions.customer_of(reader, cookie, channel_id, store.time())
    known = await query.get(reader, customer.TABLE, found) if found else None
    shopper: customer.Customer | None = None if known is None else known.entity
    return shopper


def _about(store: OpenStore, shopper: customer.Customer, client_id: str, secret: str) -> str:
    now = store.time()
    told = {"id": shopper.id, "email": shopper.email, "group_id": str(shopper.customer_group_id or 0)}
    claims = {
        "customer": told, "iss": "bc/apps", "sub": store.record.hash, "iat": now, "exp": now + LIFE_SECONDS,
        "version": 1, "aud": client_id, "application_id": client_id,
        "store_hash": store.record.hash, "operation": "current_customer",
    }  # fmt: skip
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


async def accepted(stores: Stores, store: OpenStore, channel_id: int, token: str, address: str) -> LoginClaims:
    """What a sign-in token says, if all of it is right; `address` is the network address that brings it. Raises
    LinkRefused."""
    return _checked(store, channel_id, token, await _signer(stores, store, _issuer(token)), address)


async def begin_once(unit: Unit, claims: LoginClaims) -> tuple[str, str]:
    """The value of a new session and "", or "" and why there is none."""
    until = int(claims.iat) + 2 * OLDEST_SECONDS
    return await sessions.sign_in_once(unit, claims.iss, claims.jti, until, claims.customer_id, claims.channel_id)


async def _signer(stores: Stores, store: OpenStore, client_id: str) -> Account | None:
    """The account whose secret signs for a client id: that of an app that is installed in the store, or an account's
    own. None if there is none with a secret that can be read."""
    account = store.by_client.get(client_id)
    if account is None and client_id and len(client_id) <= LONGEST_ID:
        installed = await apps.installation(stores.registry.tx, client_id, store.record.hash)
        account = None if installed is None else store.by_client.get(installed.account)
    return None if account is None or account.disabled or not account.secret else account


def _issuer(token: str) -> str:
    """The client id that a token names, before anything of it is believed. Raises LinkRefused."""
    if len(token) > LONGEST or not token.isascii():
        raise LinkRefused("The link is no sign-in token.")
    try:
        return storable(str(jwt.decode(token, options={"verify_signature": False}).get("iss", "")))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise LinkRefused("The link is no sign-in token, or was changed on its way.") from error


def _checked(store: OpenStore, channel_id: int, token: str, account: Account | None, address: str) -> LoginClaims:
    """What a sign-in token says, if all of it is right, by the clock of the store. Raises LinkRefused."""
    if account is None:
        raise LinkRefused("The link was made by no app of this shop.")
    try:
        said = jwt.decode(token, account.secret, algorithms=[ALGORITHM], options=_OURS)
        claims = msgspec.convert(said, LoginClaims)
        if not is_storable(said):
            raise ValueError
    except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError) as error:
        raise LinkRefused("The link is no sign-in token, or was changed on its way.") from error
    if not allows(account.scopes, SCOPE, writes=True):
        raise LinkRefused("The app that made the link may not sign customers in.")
    if claims.operation != "customer_login" or claims.store_hash != store.record.hash:
        raise LinkRefused("The link is meant for something else.")
    if claims.channel_id != channel_id:
        raise LinkRefused("The link is meant for another storefront.")
    now = store.time()
    if abs(now - claims.iat) > OLDEST_SECONDS or (claims.exp is not None and claims.exp <= now):
        raise LinkRefused("The link has expired.")
    if claims.request_ip and claims.request_ip != address:
        raise LinkRefused("The link is meant for another network.")
    if claims.redirect_to and not local(claims.redirect_to):
        raise LinkRefused("The link leads away from this shop.")
    return claims


def local(path: str) -> str:
    """A path of the same host; empty if it leads elsewhere."""
    is_path = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isascii() and path.isprintable()
    return path if is_path else ""


async def shop_asked(
    stores: Stores, scope: Mapping[str, Any], send: Send, *, valid: bool, methods: Sequence[str] = ("GET",)
) -> tuple[OpenStore, int] | None:
    """The store and the channel of the host; None if the request has been answered. A link that can be used once is for
    GET alone: mail scanners and previews ask by HEAD."""
    if scope["method"] not in methods and valid:
        headers = [(b"content-type", b"text/plain"), (b"allow", ", ".join(methods).encode())]
        words = f"Only {' and '.join(methods)}."
        await reply(send, scope["method"], Reason.METHOD_NOT_ALLOWED.status(3), words.encode(), headers)
        return None
    found = await at_host(stores, scope) if valid else None
    if found is None:
        await tell(send, scope, HTTPStatus.NOT_FOUND, "There is nothing here.")
        return None
    if found[0].suspended or found[0].maintenance or await is_closed(*found, scope):
        await tell(send, scope, HTTPStatus.SERVICE_UNAVAILABLE, "The shop is closed right now.")
        return None
    return found


async def tell(send: Send, scope: Mapping[str, Any], status: int, words: str) -> None:
    """A short page."""
    await reply(send, scope["method"], status, short_page(words), _PAGE)
