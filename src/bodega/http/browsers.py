"""What a request tells of the browser that sent it: where it is, its cookies, and which page asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
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


def is_from_here(origin: str | None, site: str | None, host: str) -> bool:
    """Whether a request comes from a page of this very host, by what its browser says (Origin and Sec-Fetch-Site); a
    browser that sends neither is believed."""
    foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    return not foreign and site in (None, "same-origin", "none")
