"""How long one request keeps another waiting: a second client that asks all the while, on the same loop.

Waiting is measured in the processor time of this process, which no other work on the machine can lengthen: a loop that
is held, or an interpreter that a thread does not let go of, uses it up; a loop that is free hardly does.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple

from shop import Reply, Shop

HEALTH = "/_bodega/health/live"
PAUSE = 0.001
"""Seconds between two requests of the second client."""


class Wait(NamedTuple):
    """The longest that the second client waited, in seconds of this process, and for what; and the reply to the
    first."""

    longest: float
    target: str
    reply: Reply
    took: float


def beside(shop: Shop, method: str, path: str, body: bytes = b"", *, product: int = 1, **headers: str) -> Wait:
    """Sends a request, while a second client asks for the server's health and for a product by turns (0: there is
    none). With a `host` the path is one of that host."""
    return shop.server.run(_beside(shop, method, path, body, product, headers))


async def _beside(shop: Shop, method: str, path: str, body: bytes, product: int, headers: dict[str, str]) -> Wait:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = asyncio.create_task(
        _ask(shop, method, path if "host" in sent else f"/stores/{shop.name}{path}", body, sent)
    )
    longest, slowest = 0.0, ""
    targets = (HEALTH, *([f"/stores/{shop.name}/v3/catalog/products/{product}"] if product else []))
    began = time.process_time()
    while True:
        over = asked.done()
        for target in targets:
            since = time.process_time()
            await asyncio.sleep(PAUSE)  # a held loop takes a new request late: that is waiting, too
            reply = await _ask(shop, "GET", target, b"", {})
            assert reply.status == 200, (target, reply.status, reply.body)
            waited = time.process_time() - since
            if waited > longest:
                longest, slowest = waited, target
        if over:
            return Wait(longest, slowest, await asked, time.process_time() - began)


async def _ask(shop: Shop, method: str, target: str, body: bytes, headers: dict[str, str]) -> Reply:
    """One request through ASGI."""
    path, _, query = target.partition("?")
    fields = {"host": "localhost:8443", "x-auth-token": shop.token, **headers}
    if body:
        fields.setdefault("content-type", "application/json")
        fields["content-length"] = str(len(body))
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await shop.server.app(scope, receive, send)
    answered = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], answered, sent[1]["body"])
