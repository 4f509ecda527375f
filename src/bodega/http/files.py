"""/files/HASH/DIGEST/NAME: the stored images, readable by everybody (docs/decisions/0011-files.md).

What is no image is given to whoever has its key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bodega.access.stores import OpenStore, Stores
from bodega.http.mounts import Mount, Receive, Send, reply
from bodega.law.outcome import Shown
from bodega.law.reasons import Reason
from bodega.law.refusal import Header
from bodega.storable import query_of
from bodega.storage import files
from bodega.storage.tx import Busy

_PATH = re.compile(r"/files/([a-z0-9-]{1,40})/([0-9a-f]{64})(?:/([^/]*))?")

KEPT: Header = (b"cache-control", b"public, max-age=31536000, immutable")
"""The content of a digest never changes, so no copy can be stale (RFC 8246)."""

_PRIVATE: Header = (b"cache-control", b"private, no-store")
_UNQUOTED = re.compile(r"[^A-Za-z0-9._-]")

HARMLESS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""An uploaded file is shown as an image, on any page, and never executed."""


def pictures(stores: Stores) -> Mount:
    """GET and HEAD of a file; a store in maintenance still serves its images, since its storefront may be cached."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        asked = _PATH.fullmatch(scope["path"])
        store = await store_of(stores, asked[1] if asked else "", scope["method"], send)
        if asked is not None and store is not None:
            try:
                await _show(send, scope, store, asked[2], asked[3] or "")
            except Busy:
                await refuse(send, scope["method"], Reason.UNREACHABLE, (b"retry-after", b"5"))

    return mount


async def store_of(stores: Stores, name: str, method: str, send: Send) -> OpenStore | None:
    """The store whose files are asked for, its rows open; None if the request has been answered."""
    if method not in ("GET", "HEAD"):
        await refuse(send, method, Reason.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD"))
        return None
    store = await stores.get(name) if name else None
    if store is None:
        await refuse(send, method, Reason.NO_SUCH_RESOURCE)
    elif store.rows is None and store.damage:
        await refuse(send, method, Reason.STORE_DAMAGED, (b"retry-after", b"60"))
    elif store.rows is None or store.suspended:
        reason = Reason.SUSPENDED if store.suspended else Reason.UPGRADING
        await refuse(send, method, reason, (b"retry-after", b"86400" if store.suspended else b"5"))
    else:
        try:
            store.rows.check()
        except Busy:
            await refuse(send, method, Reason.UNREACHABLE, (b"retry-after", b"5"))
        else:
            return store
    return None


async def _show(send: Send, scope: Mapping[str, Any], store: OpenStore, digest: str, name: str) -> None:
    assert store.rows is not None
    reader, method = store.rows.reader, scope["method"]
    found = await files.facts(reader, digest)
    if found is None:
        await refuse(send, method, Reason.NO_SUCH_RESOURCE)
        return
    media_type, size = found
    is_picture = media_type.startswith("image/")
    key = "" if is_picture else query_of(scope).get("key", [""])[-1]
    if not is_picture and not await files.may_have(reader, key, digest, store.time()):
        await refuse(send, method, Reason.NO_SUCH_RESOURCE)
        return
    etag = f'"{digest}"'.encode()
    headers = [(b"etag", etag), KEPT if is_picture else _PRIVATE, *HARMLESS]
    if not is_picture:
        headers.append((b"content-disposition", b'attachment; filename="%b"' % _UNQUOTED.sub("_", name).encode()))
    if holds(scope["headers"], etag):
        await reply(send, method, Reason.NOT_MODIFIED.status(3), b"", headers)
        return
    body = b"" if method == "HEAD" else await files.content(reader, digest)
    if body is None:  # it was deleted between the two queries
        await refuse(send, method, Reason.NO_SUCH_RESOURCE)
        return
    headers.append((b"content-type", media_type.encode()))
    await reply(send, method, Shown.status, body, headers, length=size)


def holds(headers: list[tuple[bytes, bytes]], etag: bytes) -> bool:
    """Whether If-None-Match names the tag (RFC 9110 13.1.2), weak or strong, or is "*"."""
    return any(name == b"if-none-match" and (etag in value or value.strip() == b"*") for name, value in headers)


async def refuse(send: Send, method: str, reason: Reason, *headers: Header) -> None:
    """A reason, as JSON."""
    body = b'{"status":%d,"title":"%s"}' % (reason.status(3), reason.message.encode())
    told = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *headers]
    await reply(send, method, reason.status(3), body, told)
