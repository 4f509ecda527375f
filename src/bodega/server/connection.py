"""What the parts of the protocol share: one connection, as uvicorn's protocol keeps it, its limits and its timer."""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bodega.server.limits import Limits, ProtocolRefusal
from bodega.server.whole import CUT, WHOLE, written_fields

_ASGI = {"version": "3.0", "spec_version": "2.3"}
EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}, CUT: {}}


class Unreadable(Exception):
    """Raised in a parser callback to stop the parser; the reason is kept on the connection."""


class Timer:
    """One callback to run later, unless another replaces it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None
        self.runs = False
        """Whether a callback is waiting."""

    def set(self, seconds: float, then: Callable[[], None]) -> None:
        """Calls `then` after `seconds`, instead of a callback that was set before."""
        self.clear()
        self._handle = self._loop.call_later(seconds, self._fire, then)
        self.runs = True

    def clear(self) -> None:
        """Cancels the callback."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle, self.runs = None, False

    def _fire(self, then: Callable[[], None]) -> None:
        self._handle, self.runs = None, False
        then()


class _Kept:
    """The fields that were written last: those that the server adds to each reply are the same for a second."""

    def __init__(self) -> None:
        self.fields: object = None
        self.lines = b""

    def write(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        """Keeps the fields as they are sent, and returns that; a list that was written once does not change."""
        self.lines = written_fields(fields)
        self.fields = fields
        return self.lines


DEFAULTS = _Kept()


class Connection(HttpToolsProtocol):
    """One connection. `limits` bound every request on it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, loop)
        self.limits = limits
        self.timer = Timer(self.loop)  # the deadline of the open part, or of the connection's end
        self.url = b""  # the target of the message that is open, as far as it has arrived
        self.deaf = False  # no more input is parsed
        self.half_closed = False  # the client has said that it will send no more
        self.reason: ProtocolRefusal | None = None  # why the parser stopped
        self._blank: dict[str, Any] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._blank = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "headers": [],
            "state": self.app_state,
            "method": "",
            "path": "",
            "raw_path": b"",
            "query_string": b"",
            "extensions": EXTENSIONS,
        }

    def blank_scope(self) -> Any:
        """A scope to be filled, but for the headers; the state is the server's own, and not a copy of it."""
        return self._blank.copy()

    def stop(self, reason: ProtocolRefusal) -> NoReturn:
        """Stops the parser, from inside one of its callbacks."""
        self.reason = reason
        raise Unreadable

    @property
    def answers_open_message(self) -> bool:
        """Whether the newest cycle belongs to the message whose head was read last."""
        return self.cycle is not None and self.cycle.scope is self.scope
