"""A page of one sentence, where the page that was asked for is not shown."""

from __future__ import annotations

import html


def short_page(words: str, more: str = '<p><a href="/">To the shop</a></p>') -> bytes:
    """The page; `more` is HTML that follows the sentence."""
    told = html.escape(words)
    return (
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{told}</title><main><h1>{told}</h1>{more}</main></html>"
    ).encode()
