"""Paths that lead elsewhere: the redirects of a site (rule 108), where the server has nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bodega.access.stores import Stores
from bodega.http.mounts import Send, reply
from bodega.resources.content.redirects import TABLE
from bodega.storage import query
from bodega.storage.tx import Busy
from bodega.storefront.front import at_host

Otherwise = Callable[[Mapping[str, Any], Send], Awaitable[bool]]
"""Answers a request for which there is nothing else, and says whether it did."""

_SAFE = "/:?#[]@!$&'()*+,;=%~"
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


def moved_pages(stores: Stores) -> Otherwise:
    """301 to where the redirect of the path that was asked leads, with or without a slash at its end."""

    async def follow(scope: Mapping[str, Any], send: Send) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return False
        target = ""
        with suppress(Busy):
            target = await _target(stores, scope)
        if not target:
            return False
        headers = [(b"location", quote(target, safe=_SAFE).encode("ascii")), _TEXT, (b"cache-control", b"no-cache")]
        await reply(send, scope["method"], HTTPStatus.MOVED_PERMANENTLY, b"", headers)
        return True

    return follow


async def _target(stores: Stores, scope: Mapping[str, Any]) -> str:
    """Where the path that was asked leads; empty if nowhere."""
    found = await at_host(stores, scope)
    if found is None or found[0].suspended or found[0].maintenance:
        return ""
    store, channel_id = found
    assert store.rows is not None
    path, asked = scope["path"], scope.get("query_string", b"").decode("latin-1")
    bare = path.rstrip("/") or "/"
    paths = dict.fromkeys((f"{path}?{asked}" if asked else path, path, bare, f"{bare.rstrip('/')}/"))
    marks = ", ".join(f"${place}" for place in range(2, len(paths) + 2))
    site = await query.value(store.rows.reader, "SELECT id FROM sites WHERE channel_id = $1", channel_id)
    rows = await query.where(store.rows.reader, TABLE, f"site_id = $1 AND path IN ({marks})", site, *paths)
    known = {row.entity.path: row.entity.url for row in rows}
    return next((known[one] for one in paths if known.get(one)), "")
