"""What every page that shoppers see has in common: whose it is, whether it is open, and which headers it sends.

All of it is said by the settings of the page's channel (docs/store-settings.md).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from bodega.access.open_store import OpenStore
from bodega.access.stores import Stores
from bodega.http.browsers import cookies_of
from bodega.law.refusal import Header
from bodega.resources.settings.shop import LogoSettings, StoreProfile, logo_settings, store_profile
from bodega.resources.settings.storefront import (
    SecuritySettings,
    SeoSettings,
    StorefrontStatus,
    security_settings,
    seo_settings,
    storefront_status,
)
from bodega.resources.store import channels
from bodega.storable import storable
from bodega.storage import query
from bodega.storage.files import PLACE

_STORE_HOST = re.compile(r"store-([a-z0-9-]{1,40})\.")
_MAX_AGE = {"zero_seconds": 0, "five_minutes": 300, "one_year": 31_536_000}
_FRAMES = {"deny": ("DENY", "'none'"), "same_origin": ("SAMEORIGIN", "'self'")}
CLOSED = frozenset({"inactive", "disconnected", "archived", "deleted", "terminated"})
"""The statuses of a channel whose pages are down."""

PRELAUNCH = "prelaunch"
"""The status of a channel that is open to who has its password."""

PASSWORD = "prelaunch_password"  # noqa: S105 - the name of a field and of a cookie
LONGEST_PASSWORD = 512


class Front(NamedTuple):
    """A channel as its shoppers meet it. `status` is that of the channel."""

    store: OpenStore
    channel_id: int
    status: str
    profile: StoreProfile
    logo: LogoSettings
    seo: SeoSettings
    security: SecuritySettings
    messages: StorefrontStatus

    @property
    def title(self) -> str:
        """The title of the shop."""
        return self.seo.page_title or self.profile.store_name

    @property
    def logo_text(self) -> str:
        """The logo as text."""
        return self.logo.logo_text or self.profile.store_name

    def file(self, address: str) -> str:
        """The path of a stored file, or an address as it is."""
        return address.replace(PLACE, f"/files/{self.store.record.hash}", 1) if address.startswith(PLACE) else address

    def closed(self, password: str | None = None) -> str:
        """What shoppers read instead of the page; empty if it is open to them. A password opens a shop before its
        launch."""
        if self.store.maintenance or self.status in CLOSED:
            return self.messages.down_for_maintenance_message
        if self.status != PRELAUNCH or _opens(self.messages.prelaunch_password, password):
            return ""
        return self.messages.prelaunch_message

    def headers(self, scope: Mapping[str, Any], policy: str) -> list[Header]:
        """The headers of security; `policy` is the page's own Content-Security-Policy without frame-ancestors."""
        found, ancestors = self.security, "*"
        told: list[Header] = []
        frames = found.x_frame_options_header
        if frames.enabled:
            word, ancestors = _FRAMES.get(frames.setting, (f"ALLOW-FROM {frames.allowed_url}", frames.allowed_url))
            told.append((b"x-frame-options", word.encode("ascii")))
        csp = found.csp_header
        said = csp.header_value if csp.enabled else f"{policy}; frame-ancestors {ancestors}"
        told.append((b"content-security-policy", said.encode("ascii")))
        if found.hsts.enabled and scope["scheme"] == "https":
            told.append((b"strict-transport-security", _hsts(found).encode()))
        return told

    def elsewhere(self, scope: Mapping[str, Any], https_port: int | None) -> str:
        """Where the page is instead: on HTTPS, where the server has it and every page is, and at the name with or
        without www. Empty if it is here."""
        host, colon, port = _host(scope).partition(":")
        secure = scope["scheme"] == "https"
        to_https = self.security.sitewide_https_enabled and not secure and https_port is not None
        wanted = self._named(host)
        if wanted == host and not to_https:
            return ""
        if to_https:
            colon, port = ("", "") if https_port == 443 else (":", str(https_port))
        scheme = "https" if secure or to_https else "http"
        asked = scope.get("query_string", b"").decode("latin-1")
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
        return f"{scheme}://{wanted}{colon}{port}{path}{'?' if asked else ''}{asked}"

    def _named(self, host: str) -> str:
        bare = host.removeprefix("www.")
        if "." not in bare or bare.endswith(".localhost") or bare.replace(".", "").isdigit():
            return host  # no name that could have a www
        return {"www": f"www.{bare}", "no-www": bare}.get(self.seo.www_redirect, host)


def _hsts(found: SecuritySettings) -> str:
    parts = [f"max-age={_MAX_AGE[found.hsts.max_age]}"]
    parts += ["includeSubDomains"] if found.hsts.include_subdomains else []
    parts += ["preload"] if found.hsts.include_preload else []
    return "; ".join(parts)


def said_password(scope: Mapping[str, Any]) -> str:
    """The password of a shop before its launch that a browser has; empty without one."""
    sent = ";".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")
    return storable(unquote(cookies_of(sent, LONGEST_PASSWORD).get(PASSWORD, "")))


async def is_closed(store: OpenStore, channel_id: int, scope: Mapping[str, Any], *, server: bool = False) -> bool:
    """Whether a channel is closed to who asks: one that is down to all, one before its launch to shoppers without its
    password, not to a shop's own `server`. Raises Busy."""
    assert store.rows is not None
    reader = store.rows.reader
    status = await query.value(reader, "SELECT status FROM channels WHERE id = $1", channel_id)
    if status in CLOSED:
        return True
    if status != PRELAUNCH or server:
        return False
    return not _opens((await storefront_status(reader, channel_id)).prelaunch_password, said_password(scope))


def _opens(known: str, said: str | None) -> bool:
    return bool(known) and said is not None and hmac.compare_digest(known.encode(), said.encode())


async def front_of(store: OpenStore, channel_id: int = channels.DEFAULT) -> Front:
    """The front of a channel of a store whose rows are open. Raises Busy."""
    assert store.rows is not None
    reader = store.rows.reader
    status = await query.value(reader, "SELECT status FROM channels WHERE id = $1", channel_id)
    return Front(
        store,
        channel_id,
        str(status),
        await store_profile(reader, channel_id, store.settings),
        await logo_settings(reader, channel_id),
        await seo_settings(reader, channel_id),
        await security_settings(reader, channel_id),
        await storefront_status(reader, channel_id),
    )


async def at_host(stores: Stores, scope: Mapping[str, Any]) -> tuple[OpenStore, int] | None:
    """The store and the channel that shoppers meet at the host they asked: `store-HASH.localhost` is a store's own
    storefront, `store-HASH-N.localhost` its channel N (as in the API, whatever comes after the dot); another name is
    that of a site, of the only or oldest store. None
    if there is none, or its rows are not open."""
    host = _host(scope).lower()
    named = _STORE_HOST.match(host)
    if named is None:
        store = await stores.get(await stores.only())
        return None if store is None or store.rows is None else (store, await _channel_at(store, host))
    store, channel_id = await stores.get(named[1]), channels.DEFAULT
    if store is None:
        name, _, number = named[1].rpartition("-")
        store = await stores.get(name) if number.isdigit() and len(number) < 10 else None
        channel_id = int(number) if store is not None else 0
    if store is None or store.rows is None:
        return None
    known = await query.value(store.rows.reader, "SELECT id FROM channels WHERE id = $1", channel_id)
    return None if known is None else (store, channel_id)


async def shop_at(stores: Stores, scope: Mapping[str, Any]) -> tuple[OpenStore, int] | None:
    """As `at_host`, for hosts that are certainly a shop's: `store-HASH.localhost`, the name of a site, or the store's
    domain. Other names, as 127.0.0.1, are those of the server."""
    host = _host(scope).lower()
    found = await at_host(stores, scope)
    if found is None or _STORE_HOST.match(host):
        return found
    bare = host.removeprefix("www.")
    if bare.partition(":")[0] == str(found[0].settings.get("domain") or "").lower():
        return found
    assert found[0].rows is not None
    sql = "SELECT 1 FROM sites WHERE url_key IN ($1, $2) LIMIT 1"
    known = await query.value(found[0].rows.reader, sql, bare, f"www.{bare}")
    return None if known is None else found


async def _channel_at(store: OpenStore, host: str) -> int:
    """The channel whose site has this host, with or without www; else the store's own storefront."""
    assert store.rows is not None
    bare = host.removeprefix("www.")
    sql = "SELECT channel_id FROM sites WHERE url_key IN ($1, $2) ORDER BY id LIMIT 1"
    found = await query.value(store.rows.reader, sql, bare, f"www.{bare}")
    return channels.DEFAULT if found is None else int(found)


def _host(scope: Mapping[str, Any]) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
