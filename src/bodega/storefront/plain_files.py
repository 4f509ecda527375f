"""/robots.txt and /favicon.ico at the host of a storefront, as its settings say."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bodega.access.stores import Stores
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.resources.settings.storefront import robots_txt
from bodega.storage.tx import Busy
from bodega.storefront.front import Front, at_host, front_of

_TEXT: Header = (b"content-type", b"text/plain; charset=utf-8")
_NOBODY = "User-agent: *\nDisallow: /\n"
"""What robots read of a shop that is closed, or not yet open."""


def robots(stores: Stores, https_port: int | None = None) -> Mount:
    """GET /robots.txt."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        front = await front_at(stores, scope, send, "/robots.txt", https_port)
        if front is None:
            return
        assert front.store.rows is not None
        text = _NOBODY
        if not front.closed():
            text = (await robots_txt(front.store.rows.reader, front.channel_id)).robots_txt_ssl
        headers = [_TEXT, *front.headers(scope, "default-src 'none'")]
        await reply(send, scope["method"], Shown.status, text.encode(), headers)

    return mount


def favicon(stores: Stores, https_port: int | None = None) -> Mount:
    """GET /favicon.ico leads to the image that was uploaded."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        front = await front_at(stores, scope, send, "/favicon.ico", https_port)
        if front is None:
            return
        if not front.logo.favicon_url:
            await refuse(send, scope, Reason.NO_SUCH_RESOURCE)
            return
        where = front.file(front.logo.favicon_url).encode()
        await reply(send, scope["method"], HTTPStatus.FOUND, b"", [(b"location", where), _TEXT])

    return mount


async def front_at(
    stores: Stores, scope: Mapping[str, Any], send: Send, path: str, https_port: int | None
) -> Front | None:
    """The front at the host that was asked; None if the request has been answered."""
    if scope["path"] != path:
        await refuse(send, scope, Reason.NO_SUCH_RESOURCE)
        return None
    if scope["method"] not in ("GET", "HEAD"):
        await refuse(send, scope, Reason.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD"))
        return None
    try:
        found = await at_host(stores, scope)
        front = None if found is None else await front_of(*found)
    except Busy:
        await refuse(send, scope, Reason.UNREACHABLE, (b"retry-after", b"5"))
        return None
    if front is None or front.store.suspended:
        await refuse(send, scope, Reason.NO_SUCH_RESOURCE)
        return None
    elsewhere = front.elsewhere(scope, https_port)
    if elsewhere:
        await reply(send, scope["method"], HTTPStatus.FOUND, b"", [(b"location", elsewhere.encode()), _TEXT])
        return None
    return front


async def refuse(send: Send, scope: Mapping[str, Any], reason: Reason, *headers: Header) -> None:
    """A reason in words."""
    told = [_TEXT, (b"cache-control", b"no-store"), *headers]
    await reply(send, scope["method"], reason.status(3), reason.message.encode(), told)
