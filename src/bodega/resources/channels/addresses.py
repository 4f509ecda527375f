"""Addresses of sites: where a channel is on the web."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from bodega.access.settings import with_defaults
from bodega.kit.fields import FieldType, as_is, clean_text
from bodega.resources.store import channels
from bodega.storage.registry import StoreRecord
from bodega.web_address import is_web_address

MAX_URL = 2_048
STORE_LABEL = "store-"
"""What the names of stores and their channels begin with: `store-HASH`, `store-HASH-N`, in any domain."""


def clean_site_url(value: str) -> str:
    """An absolute URL of HTTP or HTTPS, as it was written; raises ValueError."""
    text = clean_text(value).strip()
    why = "must be the address of a site, as https://shop.example.com"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(host_in(parts)) and (parts.port or 1) > 0
    except ValueError:
        raise ValueError(why) from None
    plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if not usable or not plain or len(text) > MAX_URL or not is_web_address(text):
        raise ValueError(why)
    return text


SITE_URL = FieldType("string", as_is, clean_site_url, clean_site_url)


def host_in(parts: SplitResult) -> str:
    """The host of a URL in ASCII, in small letters; empty if it has none that can be called. Raises ValueError."""
    host = (parts.hostname or "").rstrip(".")
    encoded = host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    labels = encoded.split(".")
    right = all(label and len(label) < 64 and label.replace("-", "a").isalnum() for label in labels)
    return encoded if right and len(encoded) < 254 else ""


def host_of(url: str) -> str:
    """The host of a URL that was cleaned."""
    return host_in(urlsplit(url))


def key_of(url: str) -> str:
    """By what sites are told apart: host, port and path."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{host_in(parts)}{port}{parts.path.rstrip('/')}"


def main_domain(host: str) -> str:
    """The part of a host that its owner registered: two labels, or three below endings such as co.uk."""
    labels = host.split(".")
    known = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-known:])


def canonical_url(record: StoreRecord, channel: int) -> str:
    """The address that a channel always has."""
    return _own(record.hash, channel)


def _own(store_hash: str, channel: int) -> str:
    which = store_hash if channel == channels.DEFAULT else f"{store_hash}-{channel}"
    return f"https://{STORE_LABEL}{which}.localhost"


def usual_url(record: StoreRecord, channel: int) -> str:
    """The address of a site that has none of its own: of the store's storefront, that of the store's domain."""
    return usual_address(record.hash, str(with_defaults(record.settings)["domain"]), channel)


def usual_address(store_hash: str, domain: str, channel: int) -> str:
    """The same, of a store with this hash and domain."""
    return f"https://{domain}" if domain and channel == channels.DEFAULT else _own(store_hash, channel)


def on_this_machine(address: str) -> str:
    """An address if its host can only be this machine (RFC 6761 section 6.3), else nothing: whoever sends a request
    chooses its Host, and must not choose where somebody else is led."""
    name = (urlsplit(address).hostname or "").lower()
    return address if name in ("localhost", "127.0.0.1", "::1") or name.endswith(".localhost") else ""


def shop_url(record: StoreRecord, channel: int, site_url: str, here: str) -> str:
    """Where the shoppers of a channel meet it, as whoever came by the address `here` can open it, without a slash at
    its end: by the scheme and port that they used, unless the operator or the site names another place."""
    usual = site_url or usual_url(record, channel)
    at = urlsplit(here)
    if not at.netloc or usual != canonical_url(record, channel):
        known = bool(at.netloc) and host_of(here) == host_of(usual)
        return (f"{at.scheme}://{at.netloc}" if known else usual).rstrip("/")
    name, colon, port = at.netloc.rpartition(":")
    if not port.isdigit():
        name, colon, port = at.netloc, "", ""
    label, dot, beyond = name.lower().partition(".")
    own = host_of(usual)
    if dot and label.startswith(STORE_LABEL):  # the server is reached by names of another domain
        own = f"{own.partition('.')[0]}.{beyond}"
    return f"{at.scheme}://{own}{colon}{port}"
