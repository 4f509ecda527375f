"""What a request tells of the browser that sent it: where it is, its cookies, and which page asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit


def origin_of(scope: Mapping[str, Any]) -> str:
    """What addresses of this host begin with, as the browser knows it: https://shop.example:8443."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return f"{scope['scheme']}://{host.decode('latin-1')}"


def caller_address(scope: Mapping[str, Any]) -> str:
    """The network address of the caller; empty where it is not known."""
    return str((scope.get("client") or ("",))[0])


def cookies_of(header: str, longest: int | None = None) -> dict[str, str]:
    """The cookies of a header, without those of more characters than `longest`; of several with one name the first
    counts."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals and (longest is None or len(value) <= longest):
            found.setdefault(name, value)
    return found


class WebOrigin(NamedTuple):
    """Where a page comes from (RFC 6454): its scheme, its host in small letters, its port."""

    scheme: str
    host: str
    port: int


def web_origin(text: str) -> WebOrigin | None:
    """The origin that an address or an Origin header names, the port by its scheme where it names none; None for what
    is no page's."""
    try:
        parts = urlsplit(text)
        if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
            return None
        return WebOrigin(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])
    except ValueError:
        return None


_PORTS = {"http": 80, "https": 443}


def is_from_here(origin: str | None, site: str | None, host: str, scheme: str) -> bool:
    """Whether a request comes from a page of this very origin, by what its browser says (Origin and Sec-Fetch-Site); a
    browser that sends neither is believed.

    `scheme` is that of the request as the operator's proxies tell it. What a page of plain HTTP sends to HTTPS is
    foreign: anybody on its way may have written that page. The other way round nothing is gained, and a proxy that ends
    TLS without being named looks so.
    """
    if site not in (None, "same-origin", "none"):
        return False
    if origin is None:
        return True
    page = web_origin(origin)
    if page is None or page.scheme not in (scheme, "https"):
        return False
    return page == web_origin(f"{page.scheme}://{host}")
