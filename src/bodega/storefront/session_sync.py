"""A shopper's session carried from one host to another: a token that a storefront asks for, and that is good once.

It is signed with the key of the store's storefront tokens; as it says other things, neither passes for the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec

from bodega.access.open_store import OpenStore
from bodega.access.stores import Stores
from bodega.http.browsers import caller_address
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.resources.channels.addresses import canonical_url, on_this_machine
from bodega.resources.channels.sites import checkout_url, storefront_url
from bodega.resources.customers import customer
from bodega.resources.tokens import sessions
from bodega.resources.tokens.storefront_tokens import ALGORITHM, KEYS, LONGEST
from bodega.storage import query
from bodega.storage.tx import Busy
from bodega.storage.unit import Unit
from bodega.storefront.customer_login import local, shop_asked, tell
from bodega.storefront.foreign_links import ask_first, takes_something
from bodega.storefront.shopper import cart_cookie, is_own_page, session_cookie

PATH = "/session-sync/"
ISSUER = "session-sync"
SECONDS = 300
"""How long a token is good."""

_OURS: Any = {"verify_exp": False, "verify_iat": False, "verify_aud": False}


class SyncClaims(msgspec.Struct, frozen=True):
    """What a token says: whose session it carries (0: a guest's), which cart, where to go; `session` is the digest of
    the session that asked, which has to be alive still (empty: a server asked for a customer), `exp` when the token
    ends (UTC seconds), `ip` the network address of the shopper if it is bound to one."""

    iss: str
    jti: str
    exp: int
    store_hash: str
    channel_id: int
    customer_id: int
    redirect_to: str
    cart_id: str = ""
    session: str = ""
    ip: str = ""
    analytics: dict[str, Any] | None = None


class NotCarried(Exception):
    """Why a token carries nothing: `kind` is OTHER, EXPIRED, STORE_ID_MISMATCH or SHOPPER_IP_MISMATCH."""

    def __init__(self, words: str, kind: str = "OTHER") -> None:
        super().__init__(words)
        self.kind = kind


async def leads_here(store: OpenStore, channel_id: int, address: str, here: str) -> bool:
    """Whether an address is a path of the shop, or stands on one of its hosts; it was asked for at `here`."""
    if local(address):
        return True
    assert store.rows is not None
    reader = store.rows.reader
    known = {
        on_this_machine(here),
        canonical_url(store.record, channel_id),
        await storefront_url(reader, store.record, channel_id),
    }
    known.add(await checkout_url(reader, store.record, channel_id))
    return _origin(address) in {_origin(one) for one in known} - {""}


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    good = parts.scheme in ("http", "https") and parts.netloc and "@" not in parts.netloc and address.isprintable()
    return f"{parts.scheme}://{parts.netloc}".lower() if good and "\\" not in address else ""


async def token_for(store: OpenStore, said: Mapping[str, Any]) -> str:
    """A new token that says this; empty if the store has no key to sign it with."""
    assert store.rows is not None
    row = await query.one(store.rows.reader, KEYS, "id = (SELECT max(id) FROM storefront_keys)")
    key = "" if row is None else await store.kept_key(row.entity.name)
    if row is None or not key:
        return ""
    claims = {
        "iss": ISSUER, "jti": secrets.token_hex(16), "exp": store.time() + SECONDS,
        "store_hash": store.record.hash, **said,
    }  # fmt: skip
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": row.entity.name})


async def read(store: OpenStore, channel_id: int, token: str) -> SyncClaims:
    """What a token says, if all of it is right. Raises NotCarried."""
    broken = NotCarried("The token is none, or was changed on its way.")
    if not token.isascii() or not 0 < len(token) <= LONGEST:
        raise broken
    try:
        name = jwt.get_unverified_header(token).get("kid", "")
        told_hash = jwt.decode(token, options={"verify_signature": False}).get("store_hash")
        if isinstance(told_hash, str) and told_hash != store.record.hash:
            raise NotCarried("The token is another store's.", "STORE_ID_MISMATCH")
        key = await store.kept_key(name) if isinstance(name, str) and name.startswith("storefront-") else ""
        if not key:
            raise broken
        claims = msgspec.convert(jwt.decode(token, key, algorithms=[ALGORITHM], options=_OURS), SyncClaims)
    except (jwt.InvalidTokenError, msgspec.ValidationError, UnicodeError, ValueError):
        raise broken from None
    if claims.iss != ISSUER or claims.channel_id != channel_id:
        raise broken
    if claims.exp <= store.time():
        raise NotCarried("The token has expired.", "EXPIRED")
    return claims


async def carry(unit: Unit, claims: SyncClaims) -> str:
    """The value of a new session of the shopper, empty for a guest. Raises NotCarried if the token was used before."""
    if claims.customer_id and await unit.get(customer.TABLE, claims.customer_id) is None:
        raise NotCarried("The customer does not exist any more.")
    if claims.session and not await sessions.is_alive(unit.tx, claims.session, unit.now):
        raise NotCarried("The shopper has signed out.")
    if not await sessions.use_once(unit, ISSUER, claims.jti, claims.exp):
        raise NotCarried("The token was used before.")
    return await sessions.begin(unit, claims.customer_id, claims.channel_id) if claims.customer_id else ""


def synced(stores: Stores) -> Mount:
    """GET /session-sync/TOKEN: the shopper's session and cart in this browser, and a redirect.

    A link can stand anywhere, and its token be somebody else's. A browser that has a customer or a cart of its own is
    asked first, unless it comes from a page of the shop: POST, from that question alone, is the answer.
    """

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        token, answers = scope["path"].removeprefix(PATH), scope["method"] == "POST"
        asked = {**scope, "method": "GET"} if answers else scope
        found = await shop_asked(stores, asked, send, valid=token != scope["path"] and "/" not in token)
        if found is None:
            return
        store, channel_id = found
        if not _goes_there(scope) or (answers and not is_own_page(scope)):
            await tell(send, scope, HTTPStatus.FORBIDDEN, "Follow this link: it is not for other pages.")
            return
        try:
            claims = await read(store, channel_id, token)
            if claims.ip and claims.ip != caller_address(scope):
                raise NotCarried("The link is meant for another network.", "SHOPPER_IP_MISMATCH")
            if not answers and await takes_something(store, channel_id, scope, claims.customer_id, claims.cart_id):
                await ask_first(send, scope, "This link puts another shopper's session or cart into this browser")
                return
            cookie = await store.write(lambda unit: carry(unit, claims))
        except NotCarried as error:
            await tell(send, scope, HTTPStatus.UNAUTHORIZED, str(error))
            return
        except Busy:
            await tell(send, scope, HTTPStatus.SERVICE_UNAVAILABLE, "The shop cannot be reached right now.")
            return
        headers = [(b"location", claims.redirect_to.encode("ascii", "replace")), (b"cache-control", b"no-store")]
        if cookie:
            headers.append(session_cookie(scope, cookie))
        if claims.cart_id:
            headers.append(cart_cookie(scope, claims.cart_id))
        status = HTTPStatus.SEE_OTHER if answers else HTTPStatus.FOUND
        await reply(send, scope["method"], status, b"", headers, length=0)

    return mount


def _goes_there(scope: Mapping[str, Any]) -> bool:
    """Whether a browser shows what it is answered, as far as it tells."""
    return dict(scope["headers"]).get(b"sec-fetch-dest") in (None, b"document")
