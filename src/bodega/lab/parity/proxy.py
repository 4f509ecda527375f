"""A proxy in front of a store's API, which keeps what passes: so a real store's replies become a recorded run."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from bodega import masking, outgoing
from bodega.journal.har import Recorded

if TYPE_CHECKING:
    from aiohttp import web

SECONDS = 60.0
LARGEST_BODY = 32 * 1024 * 1024
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
     "upgrade", "host", "content-length", "accept-encoding"}
)  # fmt: skip
"""Headers of one hop (RFC 9110 7.6.1), and those that the next hop writes itself."""


class Recorder:
    """Forwards requests to `base`, a scheme and a host, and tells each with its reply, credentials masked."""

    def __init__(self, base: str, *, allow_private: bool, told: Callable[[Recorded], None]) -> None:
        self._base = base.rstrip("/")
        self._told = told
        self._session = outgoing.session(allow_private=allow_private, seconds=SECONDS)

    async def close(self) -> None:
        """Closes its connections."""
        await self._session.close()

    async def forward(self, request: web.Request) -> web.Response:
        """Passes one request on, and its reply back."""
        import aiohttp
        from aiohttp import web

        began, clock = time.time(), time.monotonic()
        body = await request.read()
        url = f"{self._base}{request.raw_path}"
        sent = [(name.lower(), value) for name, value in request.headers.items() if name.lower() not in _HOP]
        try:
            async with self._session.request(
                request.method, url, headers=sent, data=body or None, allow_redirects=False
            ) as response:
                content = await response.read()
                answered = [
                    (name.lower(), value) for name, value in response.headers.items() if name.lower() not in _HOP
                ]
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return web.Response(status=502, text=f"{self._base} could not be asked: {outgoing.why(error)}")
        self._keep(request.method, url, sent, body, status, answered, content, began, time.monotonic() - clock)
        return web.Response(status=status, headers=answered, body=content)

    def _keep(
        self,
        method: str,
        url: str,
        sent: list[tuple[str, str]],
        body: bytes,
        status: int,
        answered: list[tuple[str, str]],
        content: bytes,
        began: float,
        seconds: float,
    ) -> None:
        address, mark, query = url.partition("?")
        kept = Recorded(
            method, address + mark + masking.query(query), _masked(sent), _masked_body(body, sent), status,
            _masked(answered), _masked_body(content, answered), began, seconds * 1000,
        )  # fmt: skip
        self._told(kept)


def _masked(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return masking.headers((name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers)


def _masked_body(body: bytes, headers: list[tuple[str, str]]) -> bytes:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body  # a picture
    return masking.body(text, dict(headers).get("content-type", ""), masking.NO_MORE).encode()


async def listening(recorder: Recorder, host: str, port: int) -> tuple[int, Callable[[], Awaitable[None]]]:
    """Starts the proxy; returns its port, and what ends it. Raises OSError."""
    from aiohttp import web

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", recorder.forward)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()

    async def stop() -> None:
        await runner.cleanup()
        await recorder.close()

    return runner.addresses[0][1], stop
