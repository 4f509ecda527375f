"""Credentials are masked before a request is logged, or kept in the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote_plus

import msgspec

MASK = "\N{BULLET}" * 6

_HEADERS = frozenset(
    {
        "x-auth-token", "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-lab-key",
        "x-bc-webhook-secret", "x-session-token",
    }
)  # fmt: skip

_SECRET = re.compile(
    r"passw|secret|token|credential|authorization|api_?key|private_?key|\bauth\b|cvv|cvc|card_?number|account_?number"
    r"|\bpin\b|\bnumber_enc|\bjwt\b|\biban\b",
    re.IGNORECASE,
)
"""Members whose values are secret, wherever they are in a body or a query."""

_IN_JSON = re.compile(r'("(?:[^"\\]|\\.){0,200}"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\[{][^\]}]*[\]}]?|[^,}\]\s]+)')
_IN_XML = re.compile(r"<([A-Za-z_][\w.\-]*)(\s[^<>]*)?>([^<]*)")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a member of this name is masked: `customer_password`, `clientSecret`, `X-Api-Key`."""
    return _SECRET.search("_".join(_WORDS.findall(name))) is not None or _SECRET.search(name) is not None


def headers(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers as text, with the values of those that carry a credential masked."""
    shown = []
    for name_bytes, value_bytes in raw:
        name, secret = _header(name_bytes)
        value = value_bytes.decode("latin-1")
        if secret:
            kind, space, _ = value.partition(" ")
            value = f"{kind} {MASK}" if name.endswith("authorization") and space else MASK
        shown.append((name, value))
    return shown


@lru_cache(maxsize=1024)
def _header(raw: bytes) -> tuple[str, bool]:
    """The name of a header in lower case, and whether its value is masked."""
    name = raw.decode("latin-1").lower()
    return name, name in _HEADERS or is_secret(name)


NO_MORE: frozenset[str] = frozenset()


def query(text: str, more: frozenset[str] = NO_MORE) -> str:
    """A query string, with secret parameters masked, and those whose names are in `more`."""
    if not text:
        return text
    parts = []
    for part in text.split("&"):
        name, equals, _ = part.partition("=")
        word = unquote_plus(name)
        parts.append(f"{name}={MASK}" if equals and (word in more or is_secret(word)) else part)
    return "&".join(parts)


def body(text: str, media: str, more: frozenset[str] = NO_MORE) -> str:
    """A body, with secret members masked, and those whose names are in `more`; a truncated one is searched as text."""
    if "xml" in media:
        return _IN_XML.sub(_without_text, text)
    if "x-www-form-urlencoded" in media:
        return query(text, more)
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _IN_JSON.sub(partial(_without_value, more=more), text)
    masked = _masked(data, more)
    if masked == data:
        return text
    return msgspec.json.encode(masked).decode()


def _masked(value: Any, more: frozenset[str], depth: int = 0) -> Any:
    if depth > 60:
        return MASK
    if isinstance(value, dict):
        return {
            name: MASK
            if (name in more or is_secret(name)) and inner not in (None, "", True, False)
            else _masked(inner, more, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, more, depth + 1) for inner in value]
    return value


def _without_value(found: re.Match[str], more: frozenset[str]) -> str:
    name = found[1].rpartition(":")[0]
    secret = name.strip().strip('"') in more or is_secret(name)
    return f'{found[1]}"{MASK}"' if secret else found[0]


def _without_text(found: re.Match[str]) -> str:
    return f"<{found[1]}{found[2] or ''}>{MASK}" if is_secret(found[1]) and found[3].strip() else found[0]
