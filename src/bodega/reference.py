"""The server's own documentation in a browser: `/` and `/docs`, the routes it serves, and the law, where the `type` of
every V3 error points. Generated from the registry of reasons; no script, nothing from other hosts. For programs there
are the pages of the docs as they were written, `/docs/NAME.md`, and their index, `/llms.txt`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from bodega import manual, site
from bodega.aside import aside
from bodega.explain import outcome_facts, reason_facts
from bodega.kit.route import Route
from bodega.law.outcome import OUTCOMES
from bodega.law.reasons import Reason

if TYPE_CHECKING:
    from bodega.openapi import pages as openapi_pages

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Answer = tuple[int, list[Header], bytes]

_HTML, _PLAIN = b"text/html; charset=utf-8", b"text/plain; charset=utf-8"
_MARKDOWN = b"text/markdown; charset=utf-8; variant=GFM"
_INDEXES = (f"/{manual.INDEX}", f"/docs/{manual.INDEX}")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color:#1c1c1c;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;"
    "border-bottom:1px solid #ddd}pre{white-space:pre-wrap}code,pre{font:14px ui-monospace,monospace}"
    "tr:target{background:#fff3c4}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}a{color:#8ab4f8}"
    "tr:target{background:#4a3f12}}"
)


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    top = "".join(f"<th scope=col>{escape(head)}</th>" for head in heads)
    body = "".join(
        (f'<tr id="{escape(anchor)}">' if anchor else "<tr>") + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        for anchor, cells in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _with_code(text: str) -> str:
    """Text whose parts between backticks are code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _page(title: str, body: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><body>'
        f'<p><a href="/docs">Bodega</a> · <a href="/docs/status-codes">Status codes</a>'
        ' · <a href="/docs/api">Operations, and a console</a>'
        f' · <a href="/{manual.INDEX}">All pages as text</a> · <a href="/manage">Control panel</a></p>'
        f"<h1>{escape(title)}</h1>{body}</body></html>"
    ).encode()


@cache
def law_page() -> bytes:
    """Every reason, where the type of an error points (`#reason`), and every outcome."""
    reasons = [
        (
            fact["reason"].lower(),
            [
                f"{fact['step']['number']} <code>{escape(fact['step']['name'])}</code>",
                f"<code>{escape(fact['reason'])}</code>",
                str(fact["v2"]) if fact["v2"] == fact["v3"] else f"V2 {fact['v2']}, V3 {fact['v3']}",
                escape(fact["message"]),
                _with_code(fact["remedy"]),
            ],
        )
        for fact in map(reason_facts, Reason)
    ]
    outcomes = [
        (fact["outcome"].lower(), [str(fact["status"]), escape(fact["outcome"]), escape(fact["message"])])
        for fact in map(outcome_facts, OUTCOMES)
    ]
    message = "<p>Every request goes through the same steps in the same order; the first that refuses decides.</p>"
    refusals = _table(["step", "reason", "status", "it says", "what you can do"], reasons)
    return _page("Status codes", message + refusals + "<h2>Outcomes</h2>" + _table(["status", "outcome", ""], outcomes))


def routes_page(routes: Sequence[Route]) -> bytes:
    """What is served."""
    rows = [
        (
            "",
            [
                f"<code>/v{route.version}/{escape(route.template)}</code>",
                escape(f"moved to {route.moved}" if route.moved else route.allow),
            ],
        )
        for route in routes
    ]
    message = (
        "<p>Paths follow <code>/stores/{hash}</code>, or <code>/api</code> on a store's own host. Send"
        " <code>X-Auth-Token</code>, or Basic credentials; <code>Bodega-Trace: 1</code> shows the path of a request"
        " through the steps.</p>"
    )
    return _page("What this server serves", message + _table(["path", "methods"], rows))


@cache
def contents_page() -> bytes:
    """The pages of the docs in the order of their navigation."""
    known = {page.name: page for page in manual.pages()}
    parts = [
        "<p>What is served: <a href='/'>every route</a>. <code>make docs-site</code> builds these pages in full, with a"
        " search.</p>"
    ]
    kind = ""
    for group in manual.navigation():
        parts.append(f"<h2>{escape(group.kind)}</h2>" if group.kind != kind else "")
        parts.append(f"<h3>{escape(group.about)}</h3>" if group.about else "")
        rows = (
            f'<li><a href="/docs/{escape(name.removesuffix(".md"))}">{_with_code(known[name].title)}</a>'
            for name in group.names
            if name in known
        )
        parts.append(f"<ul>{''.join(rows)}</ul>")
        kind = group.kind
    return _page("Documentation", "".join(parts))


def light_page(path: str) -> bytes | None:
    """A page of the docs as text, where the site was not built; None if there is none at a path."""
    place = path.removeprefix("/docs/")
    for name in (f"{place}.md", f"{place}/README.md"):
        text = manual.text(name) if path.startswith("/docs/") else None
        if text is not None:
            return _page(manual.described(name, text).title, f"<pre>{escape(text)}</pre>")
    return None


def written_page(path: str) -> tuple[bytes, bytes] | None:
    """A page of the docs, or their index, as text with its media type (RFC 7763); None if there is none at a path."""
    if path in _INDEXES:
        return manual.index("/docs/").encode(), _PLAIN
    text = manual.text(path.removeprefix("/docs/")) if path.startswith("/docs/") else None
    return None if text is None else (text.encode(), _MARKDOWN)


OF_OPERATIONS = ("/docs/api", "/docs/openapi")


async def of_operations(scope: Mapping[str, Any], send: Send) -> None:
    """What `openapi/pages.py` has at a path: made aside when it is first asked for, as are its modules."""

    def found() -> openapi_pages.Answer:
        from bodega.openapi import pages as made

        return made.answer(scope["path"])

    answer = await aside(found)
    headers = [
        (b"content-type", answer.media.encode()),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-content-type-options", b"nosniff"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})


def _answer(status: int, body: bytes, media_type: bytes, policy: str = _POLICY, *more: Header) -> Answer:
    headers = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        *more,
    ]
    return status, headers, body


def _of_site(found: site.Found, policy: str) -> Answer:
    if found.moved:
        return _answer(308, b"", _PLAIN, _POLICY, (b"location", found.moved.encode()))
    kept = b"public, max-age=31536000, immutable" if found.kept else b"no-cache"
    return _answer(found.status, found.body, found.media_type.encode(), policy, (b"cache-control", kept))


def pages(routes: Sequence[Route], built: Callable[[], site.Site | None] = site.installed) -> Mount:
    """The mount of `/`, `/docs` and `/llms.txt`; `built` gives the site of the docs, if there is one."""
    front = cache(lambda: routes_page(routes))  # made when it is first asked for

    def answer(path: str) -> Answer:
        if (written := written_page(path)) is not None:
            return _answer(200, *written)
        if not path.strip("/"):
            return _answer(200, front(), _HTML)
        in_docs = path == "/docs" or path.startswith("/docs/")
        whole = built() if in_docs else None
        if whole is not None:
            return _of_site(whole.at(path) or whole.nothing(), whole.policy)
        place = path.rstrip("/")
        light = {"/docs": contents_page, "/docs/status-codes": law_page}
        page = light[place]() if place in light else light_page(place)
        if page is not None:
            return _answer(200, page, _HTML)
        return _answer(404, _page("Nothing is here", "<p>The links above lead to what exists.</p>"), _HTML)

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            headers = [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 405, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["path"].startswith(OF_OPERATIONS):
            await of_operations(scope, send)
            return
        status, headers, body = answer(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return mount
