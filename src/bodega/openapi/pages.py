"""What is served of the OpenAPI documents: the files, a page for each operation with a console, and their index.

    /docs/openapi/NAME.json     the document, to download
    /docs/api                   the documents, and what their marks mean
    /docs/api/NAME              the operations of one
    /docs/api/NAME/OPERATION    one operation

Nothing is made before it is first asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from html import escape
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from bodega.openapi.html import code, page, prose, table
from bodega.openapi.marks import MEANS
from bodega.openapi.operation_page import operation_page

PREFIXES = ("/docs/api", "/docs/openapi")
NAMES = ("v2", "v3", "storefront")
ABOUT = {
    "v2": "The stores API, version 2",
    "v3": "The stores API, version 3",
    "storefront": "What the pages of a shop ask, at its own host",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_STATIC = {"console.js": "text/javascript; charset=utf-8", "style.css": "text/css; charset=utf-8"}


class Answer(NamedTuple):
    """What is at an address: status, media type, body, and further headers."""

    status: int
    media: str
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def is_here(path: str) -> bool:
    """Whether an address is one of these."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def document_named(name: str) -> Mapping[str, Any]:
    """The document of a name in `NAMES`; made once."""
    if name == "storefront":
        from bodega.openapi.storefront import document_of_shoppers

        return document_of_shoppers()
    from bodega.openapi.document import document_of

    return document_of(int(name[1:]))


@cache
def written(name: str) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document_named(name))


def answer(path: str) -> Answer:
    """What is at an address below `PREFIXES`."""
    steps = path.strip("/").split("/")[1:]
    if steps[0] == "openapi":
        name = steps[1].removesuffix(".json") if len(steps) == 2 and steps[1].endswith(".json") else ""
        if name in NAMES:
            return Answer(200, _JSON, written(name), ((b"access-control-allow-origin", b"*"),))
        return _found(_index() if steps == ["openapi"] else None)
    if len(steps) == 2 and steps[1] in _STATIC:
        return Answer(200, _STATIC[steps[1]], _static(steps[1]), ((b"cache-control", b"max-age=3600"),))
    makers: Mapping[int, Callable[..., bytes | None]] = {1: _index, 2: _operations, 3: _operation}
    make = makers.get(len(steps))
    return _found(None if make is None else make(*steps[1:]))


def _found(body: bytes | None) -> Answer:
    missing = page("Nothing is here", '<p><a href="/docs/api">All operations</a></p>')
    policy = ((b"content-security-policy", _POLICY.encode()), (b"referrer-policy", b"same-origin"))
    return Answer(404 if body is None else 200, _HTML, body or missing, policy)


@cache
def _static(name: str) -> bytes:
    return (resources.files("bodega.openapi") / "static" / name).read_bytes()


def operations(name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, method, operation) of a document."""
    for path, item in document_named(name)["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


@cache
def _index() -> bytes:
    rows = []
    for name in NAMES:
        found = [operation for _, _, operation in operations(name)]
        marks = Counter(str(one["x-parity"]) for one in found if "x-parity" in one)
        rows.append(
            [
                f'<a href="/docs/api/{name}">{escape(ABOUT[name])}</a>',
                str(len(found)),
                *(str(marks[mark]) for mark in MEANS),
                f'<a href="/docs/openapi/{name}.json" download="bodega-{name}.json">{name}.json</a>',
            ]
        )
    marks_told = "".join(f"<dt>{mark}</dt><dd>{prose(text)}</dd>" for mark, text in MEANS.items())
    body = (
        "<p>Every operation that this server has, from its declarations: what it takes, what it answers, why it may"
        " refuse, and how much is known of the one that it resembles. Each page has a console that sends a request to"
        " this server. <code>bodega openapi v3</code> prints the same document.</p>"
        + table(["", "operations", *MEANS, "OpenAPI 3.1"], rows)
        + f"<h2>Marks</h2><dl>{marks_told}</dl>"
    )
    return page("Operations", body)


@cache
def _operations(name: str) -> bytes | None:
    if name not in NAMES:
        return None
    by_tag: dict[str, list[list[str]]] = {}
    for path, method, one in operations(name):
        row = [
            f'<a href="/docs/api/{name}/{one["operationId"]}">{code(f"{method} {path}")}</a>',
            prose(one["summary"]) + (" (deprecated)" if one.get("deprecated") else ""),
            escape(str(one.get("x-parity", ""))),
            str(len(one.get("x-differences", ())) + len(one.get("x-choices", ())) or ""),
        ]
        by_tag.setdefault(one["tags"][0], []).append(row)
    heads = ["operation", "", "known", "differences"]
    body = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{table(heads, rows)}' for tag, rows in sorted(by_tag.items())
    )
    return page(ABOUT[name], f'<p><a href="/docs/openapi/{name}.json">{name}.json</a></p>{body}')


def _operation(name: str, operation_id: str) -> bytes | None:
    if name not in NAMES:
        return None
    for path, method, one in operations(name):
        if one["operationId"] == operation_id:
            return operation_page(document_named(name), name, path, method, one)
    return None
