"""What is served besides the stores: the gateway's time, and health and metrics for operators."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bodega.access.backup_states import failing
from bodega.access.stores import Stores
from bodega.aside import aside
from bodega.kit.render import json
from bodega.law.outcome import Emptied
from bodega.law.reasons import METHODS
from bodega.law.refusal import Header
from bodega.metrics import Board, exposition

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Mount = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

_PROMETHEUS = ((b"content-type", b"text/plain; version=0.0.4; charset=utf-8"), (b"cache-control", b"no-store"))
_NO_LAB = (
    b'{"status":404,"title":"This server has no lab: start it as bodega serve --lab, or as bodega dev.",'
    b'"type":"not-found"}'
)
_MISSING = b'{"status":404,"title":"The requested resource was not found."}'


def later(make: Callable[[], Mount]) -> Mount:
    """A mount that is made aside when it is first asked: who never asks pays nothing for its modules."""
    made: list[Mount] = []

    async def mount(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if not made:
            made.append(await aside(make))
        await made[0](scope, receive, send)

    return mount


async def reply(
    send: Send, method: str, status: int, body: bytes, headers: Sequence[Header] = (), *, length: int | None = None
) -> None:
    """A response; without headers of its own it is JSON that must not be cached. `length` is that of GET's body."""
    told = list(headers) or [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if body or length is not None:
        told.append((b"content-length", b"%d" % (len(body) if length is None else length)))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


class BodyTooLarge(Exception):
    """A body has more bytes than may be."""


class BodyBroken(Exception):
    """A body was not sent to its end."""


async def whole_body(receive: Receive, most: int) -> bytes:
    """The body of a request, of at most so many bytes. Raises BodyTooLarge, BodyBroken."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BodyBroken
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def gateway_time(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
    """GET /time: the plain number of milliseconds that the PHP client requests from the gateway."""
    if scope["path"].rstrip("/") != "/time" or scope["method"] not in ("GET", "HEAD"):
        await reply(send, scope["method"], 404, _MISSING)
        return
    await reply(send, scope["method"], 200, b"%d" % int(time.time() * 1000))


async def not_here(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
    """404."""
    await reply(send, scope["method"], 404, _MISSING)


async def server_itself(_scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
    """OPTIONS *: the methods that this server knows (RFC 9110 9.3.7)."""
    await reply(send, "OPTIONS", Emptied.status, b"", [(b"allow", ", ".join(METHODS).encode())])


def operations(stores: Stores, board: Board, look: Callable[[], None]) -> Mount:
    """/_bodega/health, .../live and .../ready, and /_bodega/metrics; `look` records this worker's current values."""

    async def mount(scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        path, method = scope["path"].rstrip("/"), scope["method"]
        if path == "/_bodega/metrics":
            look()
            await reply(send, method, 200, exposition(board), _PROMETHEUS)
        elif path == "/_bodega/health/live":
            await reply(send, method, 200, json({"live": True}))
        elif path in ("/_bodega/health", "/_bodega/health/ready"):
            facts = await _health(stores, stopping=bool(scope.get("state", {}).get("stopping")))
            await reply(send, method, 200 if facts["ready"] else 503, json(facts))
        elif path == "/_bodega/lab" or path.startswith("/_bodega/lab/"):
            await reply(send, method, 404, _NO_LAB)
        else:
            await reply(send, method, 404, _MISSING)

    return mount


async def _health(stores: Stores, *, stopping: bool) -> dict[str, Any]:
    """Live: the process answers. Ready: it can take requests, that is, the registry answers and the server is not
    stopping."""
    if stopping:
        return {"live": True, "ready": False, "why": "The server is being stopped."}
    try:
        records = await stores.registry.stores()
        unsaved = await failing(stores.registry.tx, records)
    except Exception:
        return {"live": True, "ready": False, "why": "The registry cannot be reached."}
    told = {"damaged_stores": len(stores.damaged), "failing_backups": unsaved}
    wrong = {name: count for name, count in told.items() if count}
    return {"live": True, "ready": True, "stores": len(records), **wrong}
