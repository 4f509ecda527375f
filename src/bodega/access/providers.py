"""Providers: apps that a store asks for taxes, for what shipping costs, or to take payments. The setting
`providers` registers them.

A registration is `KIND:ID=URL`, registrations are joined by commas: `tax:acme=https://acme.example/tax`. The operations
are below the URL: `https://acme.example/tax/estimate`. `{profile}` in it stands for the profile of the store's
connection. `KIND:ID@CLIENT_ID=URL` binds a registration to an API account, as that of an installed app: it holds
while the store has that account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bodega.web_address import is_web_address

PROVIDERS = "providers"
"""The name of the setting."""

SECONDS = "providers.seconds"
KEEP_SECONDS = "providers.keep_seconds"
ALLOW_PRIVATE = "providers.allow_private"
TAX, SHIPPING, PAYMENT = "tax", "shipping", "payment"
PROFILE = "{profile}"
MOST = 20
"""The most providers of a store."""

_NAME = re.compile(r"(tax|shipping|payment):([A-Za-z0-9][A-Za-z0-9_\-]{0,49})(?:@([A-Za-z0-9_\-]{1,64}))?")


class Provider(NamedTuple):
    """A registered provider. `url` is what its operations are below, without a slash at the end; `client_id` the
    account that it is bound to, or empty."""

    kind: str
    id: str
    url: str
    client_id: str = ""

    @property
    def text(self) -> str:
        """The registration as the setting has it."""
        bound = f"@{self.client_id}" if self.client_id else ""
        return f"{self.kind}:{self.id}{bound}={self.url}"


@lru_cache(maxsize=256)
def read_providers(text: str) -> tuple[Provider, ...]:
    """What the setting registers. Raises ValueError with the end of a sentence."""
    found: list[Provider] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, url = part.partition("=")
        match = _NAME.fullmatch(name)
        if match is None or not equals:
            raise ValueError("must be registrations as tax:acme=https://acme.example/tax, joined by commas")
        found.append(Provider(match[1], match[2], _url(url.rstrip("/")), match[3] or ""))
    if len(found) > MOST:
        raise ValueError(f"must be at most {MOST} registrations")
    if len({(one.kind, one.id) for one in found}) < len(found):
        raise ValueError("must register each provider once")
    return tuple(found)


def _url(url: str) -> str:
    try:
        parts = urlsplit(url.replace(PROFILE, "profile"))
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 1_000
    known = is_web_address(url.replace(PROFILE, "profile"))
    if not known or parts.username is not None or not plain:
        raise ValueError("must name an address that begins with https:// or http://, without a user name")
    if parts.query or parts.fragment:
        raise ValueError("must name an address without a query and a fragment")
    return url


def registered(settings: Mapping[str, Any], kind: str = "") -> tuple[Provider, ...]:
    """The providers in a store's settings, in their order; of one kind, or all."""
    text = settings.get(PROVIDERS) or ""
    return tuple(one for one in read_providers(text) if kind in ("", one.kind)) if text else ()


def provider_of(settings: Mapping[str, Any], kind: str, provider_id: str) -> Provider | None:
    """The registered provider of this kind and id."""
    return next((one for one in registered(settings, kind) if one.id == provider_id), None)


def with_provider(text: str, added: Provider) -> str:
    """The setting with a registration added, or in the place of an earlier one. Raises ValueError."""
    kept = [one for one in read_providers(text) if (one.kind, one.id) != (added.kind, added.id)]
    joined = ",".join(one.text for one in (*kept, added))
    read_providers(joined)
    return joined


def without_provider(text: str, kind: str, provider_id: str) -> str:
    """The setting without a registration."""
    return ",".join(one.text for one in read_providers(text) if (one.kind, one.id) != (kind, provider_id))


def without_accounts(text: str, client_ids: Collection[str]) -> str:
    """The setting without what is bound to these accounts."""
    return ",".join(one.text for one in read_providers(text) if one.client_id not in client_ids)
