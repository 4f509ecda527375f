"""Pages of HTML: what all of them have, tables, and text that may have code in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any


def page(title: str, body: str, *, script: bool = False) -> bytes:
    """A whole page; its style and its script come from this server."""
    run = '<script src="/docs/api/console.js" defer></script>' if script else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} - Bodega</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="/docs/api/style.css">{run}</head><body>'
        '<nav aria-label="Documentation"><a href="/docs">Documentation</a><a href="/docs/api">Operations</a>'
        '<a href="/docs/status-codes">Status codes</a><a href="/manage">Control panel</a></nav>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already; nothing where there is no row."""
    found = list(rows)
    if not found:
        return ""
    top = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in found)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def prose(text: str) -> str:
    """Text whose parts between backticks are code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def code(text: Any) -> str:
    """A word of code."""
    return f"<code>{escape(str(text))}</code>"


def data(value: Any) -> str:
    """A value as JSON that people read."""
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def folded(summary: str, inner: str) -> str:
    """What is shown when it is asked for."""
    return f"<details><summary>{prose(summary)}</summary>{inner}</details>"
