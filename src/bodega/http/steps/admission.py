"""Steps 1 to 6 of the law: may this caller send requests to this store at all?"""

from __future__ import annotations

import re
from urllib.parse import quote

from msgspec.structs import replace

from bodega.access.accounts import INSIDE
from bodega.access.payment_tokens import granted
from bodega.access.plans import WINDOW_MS
from bodega.access.quota import HourAndWindow, SharedQuota, Spent, WindowQuota
from bodega.access.stores import OpenStore, Stores
from bodega.http.app_context import AppContext, Caller
from bodega.http.products import InformedRefusal
from bodega.http.request import PAYMENTS, Request
from bodega.law.reasons import METHODS, Reason
from bodega.law.refusal import Header, Refusal
from bodega.storage.tx import Damaged

V1_DEPRECATED = b"@1420070400"
V1_SUNSET = b"Thu, 31 Dec 2026 23:59:59 GMT"
"""When version 1 was deprecated (RFC 9745: a Unix time) and when its redirect ends (RFC 8594: an HTTP date)."""

DAMAGED_SECONDS = 60
"""When to ask again for a store whose database is damaged: its operator has to do something first."""

_STORE_HOST = re.compile(r"^store-([a-z0-9\-]{1,40})\.")


def require_tls(app: AppContext, request: Request) -> None:
    """Credentials must not be sent in clear text (RFC 9110 15.4.2; 15.4.9 if the method must be kept)."""
    if request.secure or app.insecure_http:
        return
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    port = "" if app.https_port == 443 else f":{app.https_port}"
    query = f"?{request.query}" if request.query else ""
    location = f"https://{host}{port}{_raw_path(request)}{query}".encode()
    reason = Reason.INSECURE if request.method in ("GET", "HEAD") else Reason.INSECURE_WRITE
    raise Refusal(reason, headers=[(b"location", location)])


def current_version(request: Request) -> None:
    """Redirects version 1 to the same path in version 2; writes keep their method (RFC 9110 15.4.8)."""
    if request.version != 1:
        return
    query = f"?{request.query}" if request.query else ""
    location = request.url(_in_version_2(request) + query).encode("latin-1", "replace")
    headers = [
        (b"location", location),
        (b"deprecation", V1_DEPRECATED),
        (b"sunset", V1_SUNSET),
        (b"link", b"<" + location + b'>; rel="successor-version"'),
    ]
    reason = Reason.DEPRECATED_VERSION if request.method in ("GET", "HEAD") else Reason.DEPRECATED_VERSION_WRITE
    raise Refusal(reason, headers=headers)


async def open_store(app: AppContext, request: Request) -> OpenStore | None:
    """The store that the path or the Host names; None if there is no such store, which is not revealed to strangers."""
    name = await store_named(app.stores, request) if request.host_form else request.store
    store = app.stores.known(name) or await app.stores.get(name)
    if store is None:
        return None
    if store.rows is None:
        if store.damage:
            raise InformedRefusal(Reason.STORE_DAMAGED, headers=come_back(DAMAGED_SECONDS), store=store)
        raise InformedRefusal(Reason.UPGRADING, headers=come_back(5), store=store)
    try:
        store.rows.check()
    except Damaged:
        if await app.stores.damage(name):
            raise InformedRefusal(Reason.STORE_DAMAGED, headers=come_back(DAMAGED_SECONDS), store=store) from None
        raise
    if store.suspended:
        raise InformedRefusal(Reason.SUSPENDED, headers=come_back(86_400), store=store)
    if store.maintenance:
        wait = come_back(store.settings["maintenance.retry_after"])
        raise InformedRefusal(Reason.MAINTENANCE, headers=wait, store=store)
    if not app.stores.shared or _is_known(request, store):
        return store
    return await app.stores.looked_up(store)


def _is_known(request: Request, store: OpenStore) -> bool:
    """Whether this process knows whose credentials were sent, if any were."""
    token = request.headers.get(b"x-auth-token")
    if token is not None:
        return store.holder(token) is not None
    basic = request.headers.get(b"authorization", b"")
    return basic[:6].lower() != b"basic " or store.user(basic) is not None


async def store_named(stores: Stores, request: Request) -> str:
    """The hash of the store that a request is for, whether or not there is one."""
    if not request.host_form:
        return request.store
    named = _STORE_HOST.match(request.host.lower())  # a host name is case-insensitive (RFC 9110 4.2.3)
    return named[1] if named else await stores.only()


def known_method(request: Request) -> None:
    """Refuses TRACE, PATCH and unknown methods (RFC 9110 15.6.2); a TRACE is never echoed."""
    if request.method not in METHODS:
        raise Refusal(Reason.UNKNOWN_METHOD)


def authenticate(request: Request, store: OpenStore | None) -> Caller:
    """X-Auth-Token, or Basic credentials. X-Auth-Client is not needed and not checked (contract/wire.md 1)."""
    if request.version == 3 and request.segments == PAYMENTS:
        return _who_pays(request, store)
    token = request.headers.get(b"x-auth-token")
    basic = request.headers.get(b"authorization", b"") if token is None else b""
    if token is None and basic[:6].lower() != b"basic ":
        raise Refusal(Reason.CREDENTIALS_MISSING, headers=[_CHALLENGE])
    account = None
    if store is not None:
        account = store.holder(token) if token is not None else store.user(basic)
    if account is None or store is None:
        raise Refusal(Reason.CREDENTIALS_WRONG, headers=[_CHALLENGE])
    return Caller(account, store)


def _who_pays(request: Request, store: OpenStore | None) -> Caller:
    """A payment is authorised by a payment access token alone, for its order; it is of no use elsewhere."""
    scheme, _, token = request.headers.get(b"authorization", b"").partition(b" ")
    if scheme.upper() != b"PAT":
        raise Refusal(Reason.CREDENTIALS_MISSING, headers=[_PAT_CHALLENGE])
    found = None
    if store is not None:
        found = granted(token.strip().decode("latin-1"), store.by_client, store.time(), store.record.hash)
    if found is None or store is None:
        raise Refusal(Reason.CREDENTIALS_WRONG, headers=[_PAT_CHALLENGE])
    account, grant = found
    return Caller(account, store, grant=replace(grant, address=request.address))


async def spend_quota(app: AppContext, caller: Caller) -> bytes:
    """Requests are counted per account, by the store's clock; the reply shows what is left in the returned headers,
    which are written already."""
    account, store = caller.account, caller.store
    if account.client_id in INSIDE:
        return b""  # whoever pays an order has no account: a token pays once
    quota = store.quota(account)
    read = store.now
    now = read()
    if isinstance(quota, WindowQuota):
        spent = quota.spend(now)
        if spent.left >= 0:
            return _window(spent)
    elif isinstance(quota, SharedQuota):
        spent = await quota.reserve(app.stores.registry.tx, now)
    elif isinstance(quota, HourAndWindow):
        window, hour = await quota.spend(app.stores.registry.tx, now)
        both = _window(window) + _hourly(hour)
        if hour.left < 0:
            raise _too_many(Reason.HOURLY_QUOTA_SPENT, hour, both)
        if window.left < 0:
            raise _too_many(Reason.WINDOW_QUOTA_SPENT, window, both)
        return both
    else:
        spent = quota.spend(now)
    basic = account.kind == "basic"
    headers = _hourly(spent) if basic else _window(spent)
    if spent.left >= 0:
        return headers
    raise _too_many(Reason.HOURLY_QUOTA_SPENT if basic else Reason.WINDOW_QUOTA_SPENT, spent, headers)


async def spend_shop_quota(app: AppContext, store: OpenStore) -> list[Header]:
    """Requests of shoppers are counted together, if the store's setting bounds them; the returned headers show what is
    left. Raises Refusal with the same headers."""
    quota = store.shop_quota()
    if quota is None:
        return []
    now = store.clock.now()
    spent = await quota.reserve(app.stores.registry.tx, now) if isinstance(quota, SharedQuota) else quota.spend(now)
    told = window_fields(spent)
    if spent.left >= 0:
        return told
    refusal = quota_spent(Reason.WINDOW_QUOTA_SPENT, spent)
    raise Refusal(refusal.reason, headers=[*told, *refusal.headers])


def window_fields(spent: Spent) -> list[Header]:
    """The headers that tell of a window."""
    lines = (line.partition(b": ") for line in _window(spent).split(b"\r\n") if line)
    return [(name, value) for name, _, value in lines]


def quota_spent(reason: Reason, spent: Spent) -> Refusal:
    """The refusal of a spent quota, with the headers that tell of it."""
    return _too_many(reason, spent, _hourly(spent) if reason is Reason.HOURLY_QUOTA_SPENT else _window(spent))


def _too_many(reason: Reason, spent: Spent, quota: bytes) -> Refusal:
    """When to come back: X-Retry-After, too, which clients wait for."""
    wait = str(max(1, -(-spent.reset_ms // 1000))).encode()
    return InformedRefusal(reason, headers=[(b"retry-after", wait), (b"x-retry-after", wait)], quota=quota)


_PAT_CHALLENGE: Header = (b"www-authenticate", b'PAT realm="payments"')
_CHALLENGE: Header = (b"www-authenticate", b'Basic realm="store", charset="UTF-8"')


def come_back(seconds: int) -> list[Header]:
    """The headers of a 503."""
    return [(b"retry-after", str(seconds).encode()), (b"cache-control", b"no-store")]


def _hourly(spent: Spent) -> bytes:
    return b"x-bc-apilimit-remaining: %d\r\n" % max(0, spent.left)


def _window(spent: Spent) -> bytes:
    """Always all four: clients that find one read all four."""
    left = spent.left
    return f"{_LEFT}{left if left > 0 else 0}{_QUOTA}{spent.quota}{_RESET}{spent.reset_ms}{_LENGTH}".encode()


def _in_version_2(request: Request) -> str:
    """The path with only its version segment replaced: a store may be called v1, too."""
    parts = request.path.split("/")
    filled = [place for place, part in enumerate(parts) if part]
    parts[filled[1 if request.host_form else 2]] = "v2"
    return "/" + quote("/".join(parts).lstrip("/"), safe="/!$&'()*+,;=:@~")


_LEFT = "x-rate-limit-requests-left: "
_QUOTA = "\r\nx-rate-limit-requests-quota: "
_RESET = "\r\nx-rate-limit-time-reset-ms: "
_LENGTH = f"\r\nx-rate-limit-time-window-ms: {WINDOW_MS}\r\n"


def _raw_path(request: Request) -> str:
    """The path as sent, with one slash in front: a second one would name another host."""
    return "/" + request.raw_path.decode("latin-1").lstrip("/")
