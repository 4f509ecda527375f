"""A request and its reply, as the application handles them."""

import asyncio
import functools
import logging
from collections.abc import Awaitable
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from bodega.server.connection import DEFAULTS, Connection
from bodega.server.half_closed import until_gone
from bodega.server.whole import CUT, DATE, WHOLE, Later, Whole, written_fields

COPIED = 16 * 1024  # a body up to this size is sent with its head in one system call, a longer one without copying


class Signal:
    """As `asyncio.Event`, which is only made when somebody waits: of most requests nobody does."""

    _event: asyncio.Event | None = None
    _given = False

    def set(self) -> None:
        """Wakes who waits, and lets through who comes until it is cleared."""
        self._given = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        """Takes it back."""
        self._given = False
        if self._event is not None:
            self._event.clear()

    async def wait(self) -> None:
        """Returns when it is set."""
        if not self._given:
            if self._event is None:
                self._event = asyncio.Event()
            await self._event.wait()


class Cycle(Signal, RequestResponseCycle):
    """A request and its reply, which the application may send as one message. It is the signal of its own messages.

    Two messages are two system calls, and the server scans every header twice. An application that has the whole reply
    sends `{"type": "http.response.whole", "reply": Whole(...)}` instead, if the scope offers that extension.
    """

    # What uvicorn sets at each request, and what is mostly left as it is.
    body: Any = b""
    logger = logging.getLogger("uvicorn.error")
    waiting_for_100_continue = False
    access_log = False
    access_logger = None  # type: ignore[assignment]
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding = None
    expected_content_length = 0
    body_read = False

    def __init__(self, connection: Connection, keep_alive: bool, body: bytes | None = None) -> None:
        """`body` is that of a message which has arrived whole."""
        self.connection = connection
        self.scope = connection.scope
        self.transport = connection.transport
        self.keep_alive = keep_alive
        self.on_response = connection.on_response_complete
        self.disconnected = self.response_started = self.waiting_for_100_continue = False
        self._event = None  # as in the class, but found at once
        if connection.expect_100_continue:
            self.waiting_for_100_continue = True
        if body is not None:
            self.body, self.more_body, self._given = body, False, True

    @functools.cached_property
    def flow(self) -> FlowControl:  # type: ignore[override]
        """That of the connection."""
        return self.connection.flow

    @functools.cached_property
    def default_headers(self) -> list[tuple[bytes, bytes]]:  # type: ignore[override]
        """The fields that the server adds to each reply."""
        return self.connection.server_state.default_headers

    @property
    def message_event(self) -> Signal:  # type: ignore[override]
        """What is given when more of the message has arrived, and when the reply is complete."""
        return self

    async def receive(self) -> Any:
        """ASGI's receive. Once the body has been read it waits for the client to go away."""
        if not self.body_read:
            if not (self.more_body or self.disconnected or self.response_complete or self.waiting_for_100_continue):
                body, self.body, self.body_read = bytes(self.body), b"", True
                self.clear()
                self.connection.flow.resume_reading()
                return {"type": "http.request", "body": body, "more_body": False}
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
        if message["type"] == CUT:
            return self._cut()
        if message["type"] == "http.response.start" and any(name == DATE for name, _value in message["headers"]):
            self.default_headers = []
        return super().send(message)

    async def _cut(self) -> None:
        """Ends the connection after what was sent, although the reply is not complete, or has not begun."""
        self.disconnected = True
        self.keep_alive = False
        self.message_event.set()
        self.transport.close()

    async def _send_whole(self, message: Any) -> None:
        flow = self.connection.flow
        if flow.write_paused and not self.disconnected:
            await flow.drain()
        self.reply(message["reply"])

    def reply_later(self, later: Later) -> None:
        """Sends a reply that is not there yet. It needs a task only if it waits more than once."""
        future = later.waits_for
        if future is None:
            self._finish_in_task(later)
            return
        future._asyncio_future_blocking = False  # nobody awaits it: a callback goes on
        future.add_done_callback(functools.partial(self._go_on, later))

    def _go_on(self, later: Later, _over: object) -> None:
        try:
            reply = later.go_on()
            if reply is None or (self.connection.flow.write_paused and not self.disconnected):
                self._finish_in_task(later if reply is None else _there(reply))
            else:
                self.reply(reply)
                self.on_response = _nothing
        except (Exception, asyncio.CancelledError) as error:
            self._finish_in_task(_failed(error))

    def _finish_in_task(self, coming: Awaitable[Whole]) -> None:
        task = self.connection.loop.create_task(self.finish(coming))
        task.add_done_callback(self.connection.tasks.discard)
        self.connection.tasks.add(task)

    async def finish(self, coming: Awaitable[Whole]) -> None:
        """Sends a reply that is not there yet, as `run_asgi` does one of ASGI."""
        try:
            reply = await coming
            flow = self.connection.flow
            if flow.write_paused and not self.disconnected:
                await flow.drain()
            self.reply(reply)
        except BaseException as error:
            self.logger.error("Exception in ASGI application\n", exc_info=error)  # noqa: TRY400 - as uvicorn says it
            if self.response_started:
                self.transport.close()
            else:
                await self.send_500_response()
        finally:
            self.on_response = _nothing

    def reply(self, reply: Whole) -> None:
        """Sends a whole reply, unless the client is gone."""
        if self.disconnected or self.response_started:
            return
        headers, body, connection = reply.headers, reply.body, self.connection
        if reply.closes:
            self.keep_alive = False
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        if not headers or headers[0][0] != DATE:
            fields = connection.server_state.default_headers
            end = (DEFAULTS.lines if fields is DEFAULTS.fields else DEFAULTS.write(fields)) + end
        start = STATUS_LINE[reply.status]
        if headers:
            end = written_fields(headers) + end
        self.response_started = True
        if self.waiting_for_100_continue:
            self.waiting_for_100_continue = False
        if len(body) <= COPIED:
            self.transport.write(b"".join((start, reply.head, end, body)))
        else:
            self.transport.write(b"".join((start, reply.head, end)))
            self.transport.write(body)
        self.response_complete = self._given = True
        if self._event is not None:
            self._event.set()
        if not self.keep_alive:
            self.transport.close()
        done = self.on_response  # called as an attribute it would be looked for as a method
        done()


def _nothing() -> None:
    """What is left to do at the end of a reply that has ended: it keeps no connection alive."""


async def _there(reply: Whole) -> Whole:
    return reply


async def _failed(error: BaseException) -> Whole:
    raise error
