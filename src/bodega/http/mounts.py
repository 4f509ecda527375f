"""What is served beside the stores: the gateway's time and the operator's health check."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bodega.access.stores import Stores
from bodega.declare.render import json
from bodega.law.refusal import Header

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]


async def reply(
    send: Send, method: str, status: int, body: bytes, headers: Sequence[Header] = (), *, length: int | None = None
) -> None:
    """An answer; without headers of its own it is JSON that is not to be kept. `length` is that of GET's body."""
    told = list(headers) or [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if body or length is not None:
        told.append((b"content-length", b"%d" % (len(body) if length is None else length)))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def gateway_time(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
    """GET /time: the bare number of milliseconds that the PHP client asks the gateway for."""
    if scope["path"].rstrip("/") != "/time" or scope["method"] not in ("GET", "HEAD"):
        await reply(send, scope["method"], 404, b'{"status":404,"title":"The requested resource was not found."}')
        return
    await reply(send, scope["method"], 200, b"%d" % int(time.time() * 1000))


def operations(stores: Stores) -> Mount:
    """/_bodega/health: live, and ready when the registry answers."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        if scope["path"].rstrip("/") != "/_bodega/health":
            await reply(send, scope["method"], 404, b'{"status":404,"title":"The requested resource was not found."}')
            return
        try:
            count = len(await stores.registry.stores())
        except Exception:
            await reply(send, scope["method"], 503, json({"live": True, "ready": False}))
        else:
            await reply(send, scope["method"], 200, json({"live": True, "ready": True, "stores": count}))

    return mount
