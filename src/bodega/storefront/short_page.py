"""A page of one sentence, where the page that was asked for is not shown."""

from __future__ import annotations

import html

from bodega.law.refusal import Header


def headers_of(policy: str = "", *, referrer: str = "no-referrer") -> tuple[Header, ...]:
    """The headers of a page that is kept nowhere; `policy` is its Content-Security-Policy, if it is the same always."""
    headers: tuple[Header, ...] = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", referrer.encode()),
        (b"x-content-type-options", b"nosniff"),
    )
    return (*headers, (b"content-security-policy", policy.encode())) if policy else headers


def short_page(words: str, more: str = '<p><a href="/">To the shop</a></p>') -> bytes:
    """The page; `more` is HTML that follows the sentence."""
    told = html.escape(words)
    return (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{told}</title><main><h1>{told}</h1>{more}</main></html>"
    ).encode()
