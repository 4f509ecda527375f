"""A receiver of webhooks on this machine: it tells of each message, and passes it on."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bodega import outgoing

if TYPE_CHECKING:
    from aiohttp import web

SECONDS = 9.0
"""How long the receiver behind has to answer: a little less than the server waits."""

_PASSED = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")
_NOT_PASSED = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "accept"})


@asynccontextmanager
async def hearing(told: Callable[[dict[str, Any]], None], forward: str | None) -> AsyncIterator[int]:
    """Listens on a free port of the loopback address, which is yielded, until the block ends.

    `told` gets each message: at, scope, data, id, attempt's headers, and with `forward` the status of the receiver
    there, or why there was none. What that answers is passed back; without one the answer is 200.
    """
    from aiohttp import web

    session = outgoing.session(allow_private=True, seconds=SECONDS)

    async def receive(request: web.Request) -> web.Response:
        content = await request.read()
        try:
            message = json.loads(content)
            facts = {"at": time.time(), "scope": message["scope"], "data": message["data"]}
        except (ValueError, KeyError, TypeError):
            return web.Response(status=400, text="This is no event.")
        facts |= {"id": request.headers.get("webhook-id", ""), "created_at": message.get("created_at")}
        facts["headers"] = {name: request.headers[name] for name in _PASSED if name in request.headers}
        if forward is None:
            told(facts)
            return web.Response(status=200)
        status, text, error = await _pass_on(session, forward, request, content)
        told({**facts, "status": status, "error": error})
        return web.Response(status=status or 502, text=text)

    app = web.Application()
    app.router.add_post("/{path:.*}", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
        await session.close()


async def _pass_on(session: Any, forward: str, request: web.Request, content: bytes) -> tuple[int, str, str]:
    """Status and text of the receiver behind; status 0 and why if there was no answer."""
    import aiohttp

    headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED}
    try:
        async with session.post(forward, data=content, headers=headers, allow_redirects=False) as response:
            return response.status, (await response.read()).decode(errors="replace")[:8192], ""
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return 0, "", f"no answer ({str(error) or type(error).__name__})"
