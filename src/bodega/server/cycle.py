"""A request and its reply, as the application handles them."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from bodega.server.connection import Connection
from bodega.server.half_closed import until_gone

WHOLE = "http.response.whole"
CUT = "http.response.cut"
EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}, CUT: {}}
COPIED = 16 * 1024  # a body up to this size is sent with its head in one system call, a longer one without copying


class Cycle(RequestResponseCycle):
    """A request and its reply, which the application may send as one message.

    Two messages are two system calls, and the server scans every header twice. An application that has the whole reply
    sends `{"type": "http.response.whole", "status", "headers", "body"}` instead, if the scope offers that extension;
    its framing headers must then be correct.
    """

    connection: Connection
    body_read = False

    async def receive(self) -> Any:
        """ASGI's receive. Once the body has been read it waits for the client to go away."""
        if not self.body_read:
            message = await super().receive()
            self.body_read = message["type"] == "http.request" and not message["more_body"]
            return message
        if not self.connection.pipeline:
            self.flow.resume_reading()
        gone = None
        while not (self.disconnected or self.response_complete):
            if self.connection.half_closed and not self.response_started and gone is None:
                gone = asyncio.ensure_future(until_gone(self.connection))
            await self.message_event.wait()
            self.message_event.clear()
        if gone is not None:
            gone.cancel()
        return {"type": "http.disconnect"}

    def send(self, message: Any) -> Any:
        """ASGI's send, and the extension's message."""
        if message["type"] == WHOLE:
            return self._send_whole(message)
        return self._cut() if message["type"] == CUT else super().send(message)

    async def _cut(self) -> None:
        """Ends the connection after what was sent, although the reply is not complete, or has not begun."""
        self.disconnected = True
        self.keep_alive = False
        self.message_event.set()
        self.transport.close()

    async def _send_whole(self, message: Any) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected or self.response_started:
            return
        headers = message["headers"]
        parts = [STATUS_LINE[message["status"]]]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        for name, value in self.default_headers:
            parts += (name, b": ", value, b"\r\n")
        if not self.keep_alive:
            parts.append(b"connection: close\r\n")
        parts.append(b"\r\n")
        head = b"".join(parts)
        if head.count(b"\n") != len(headers) + len(self.default_headers) + 2 + (not self.keep_alive):
            raise RuntimeError("A header value holds a line break.")  # nothing from a caller may end a header
        self.response_started = True
        self.waiting_for_100_continue = False
        body = message["body"]
        if len(body) <= COPIED:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def cycle_of(connection: Connection, version: str) -> Cycle:
    """The cycle of the request whose head was just read. A stopping server ends the connection with its reply."""
    keep_alive = version == "1.1" and connection.parser.should_keep_alive() and "leaving" not in connection.app_state
    cycle = Cycle(
        scope=connection.scope,
        transport=connection.transport,
        flow=connection.flow,
        logger=connection.logger,
        access_logger=connection.access_logger,
        access_log=connection.access_log,
        default_headers=connection.server_state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=connection.expect_100_continue,
        keep_alive=keep_alive,
        on_response=connection.on_response_complete,
    )
    cycle.connection = connection
    return cycle
