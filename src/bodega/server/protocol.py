"""HTTP/1.1 on one connection, within limits.

uvicorn's httptools protocol parses and frames; this adds what it leaves open: deadlines for head and body, caps on
both, refusals for ambiguous framing (RFC 9112 section 11.2), and an orderly close (RFC 9112 section 9.6) when a
request is answered before it was read. A request that arrives whole costs no timer.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import unquote
from uuid import uuid4

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

DRAIN_BYTES = 64 * 1024  # a rest of a body this small is read to its end so that the connection can be used again
LINGER_BYTES = 256 * 1024  # what is still taken, and thrown away, from a client that sends on after our last word
LINGER_SECONDS = 1.0
LAST_CALL_SECONDS = 0.25  # how long a stopping server still listens on a connection that is idle
WHOLE = "http.response.whole"
EXTENSIONS: dict[str, dict[object, object]] = {WHOLE: {}}
COPIED = 16 * 1024  # a body up to this size is sent with its head in one system call, a longer one is not copied for it
REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP/1\.[01]\r\n")
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |$)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take: seconds from the first byte of a head to its end and from there to the end of the
    body; bytes of the request line and header fields together; number of header fields; bytes of the decoded body."""

    head_seconds: float = 30.0
    body_seconds: float = 60.0
    head_bytes: int = 32 * 1024
    fields: int = 100
    body_bytes: int = 16 * 1024 * 1024


class ProtocolRefusal(Enum):
    """Why a request is turned away before an application sees it whole: status and message of the reply."""

    MALFORMED = 400, "The request is not valid HTTP/1.1."
    TOO_SLOW = 408, "The request did not arrive in time."
    BODY_TOO_LARGE = 413, "The request body is larger than this server reads."
    HEAD_TOO_LARGE = 431, "The request line and header fields are larger than this server reads."
    METHOD_UNKNOWN = 501, "This server does not implement the request method."
    CODING_UNKNOWN = 501, "This server reads no transfer coding but chunked."
    VERSION_UNKNOWN = 505, "This server speaks HTTP/1.0 and HTTP/1.1."

    @property
    def status(self) -> int:
        return self.value[0]

    def reply(self, default_headers: list[tuple[bytes, bytes]], *, with_body: bool) -> bytes:
        """The whole reply, closing the connection, with the V2 form of an error as its body."""
        body = json.dumps([{"status": self.status, "message": self.value[1]}]).encode()
        lines = [
            b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode()),
            *(b"%s: %s" % field for field in default_headers),
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"x-request-id: %s" % uuid4().hex.encode(),
            b"connection: close",
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (body if with_body else b"")


class Unreadable(Exception):
    """Raised in a parser callback to stop the parser; the reason is kept on the protocol."""


class Protocol(HttpToolsProtocol):
    """One connection. `limits` bound every request on it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits
        self._deadline: asyncio.TimerHandle | None = None
        self._head_bytes = 0  # bytes that certainly belong to the head now open
        self._arrived = 0  # the same, with the bytes in the parser's hands
        self._body_bytes = 0  # decoded bytes of the newest body
        self._body_wire_bytes = 0  # the same as they came, with chunk lines and trailers
        self._uploading: RequestResponseCycle | None = None  # the request whose body came in more than one read
        self._keep_after_upload = False
        self._alias: bytes | None = None  # a method the parser does not know, while it is told another
        self._reason: ProtocolRefusal | None = None  # why the parser was stopped
        self._deaf = False  # nothing more is parsed
        self._discarded = 0
        self._idle_since: float | None = None  # when the last reply was complete, until the next byte

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clear_deadline()
        self._unset_keepalive_if_required()
        self._deaf = True
        super().connection_lost(exc)

    # Reading

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._discard(data)
            return
        self._idle_since = None
        before = self.cycle
        self._arrived = self._head_bytes + len(data)
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                self._read_past_upgrades(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._unreadable(error, data, before)
            return
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete or cycle.scope is not self.scope:
            self._message_open(len(data), before)
        elif self._deadline is not None:
            self._message_whole()

    def _message_open(self, size: int, before: RequestResponseCycle | None) -> None:
        """Hold the part of a message that is still open to its cap and its deadline."""
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope and cycle.more_body:
            if cycle is not self._uploading:
                self._begin_upload(cycle)
            elif self._padding_after(size) > self.limits.head_bytes + self._body_bytes:
                self._refuse(ProtocolRefusal.MALFORMED)
            return
        # Bytes of an earlier message in the same read cannot be told from the head's own: such a read counts as one.
        first_read = cycle is not before or self._uploading is not None
        self._end_upload()
        if first_read or self._deadline is None:
            self._set_deadline(self.limits.head_seconds)
        self._head_bytes = 1 if first_read else self._head_bytes + size
        if self._head_bytes > self.limits.head_bytes:
            self._refuse(ProtocolRefusal.HEAD_TOO_LARGE)

    def _message_whole(self) -> None:
        self._clear_deadline()
        self._end_upload()
        self._head_bytes = 0

    def _padding_after(self, size: int) -> int:
        """Bytes of chunk lines, chunk extensions and trailer fields so far, `size` bytes having come."""
        self._body_wire_bytes += size
        return self._body_wire_bytes - self._body_bytes

    def _begin_upload(self, cycle: RequestResponseCycle) -> None:
        """Prepare for a reply that comes before the end of the body: unless little is left, it ends the connection.

        A client that waits for 100 Continue may never send the body (RFC 9110 section 10.1.1), so that what follows
        an early reply could be body or the next request: that connection ends too.
        """
        self._end_upload()
        self._head_bytes = 0
        self._body_wire_bytes = self._body_bytes
        self._uploading = cycle
        self._keep_after_upload = cycle.keep_alive
        declared = content_length(cycle.scope["headers"])
        little = declared is not None and declared - self._body_bytes <= DRAIN_BYTES
        if not little or cycle.waiting_for_100_continue:
            cycle.keep_alive = False
        cycle.transport = LingeringTransport(self)
        self._set_deadline(self.limits.body_seconds)

    def _end_upload(self) -> None:
        cycle, self._uploading = self._uploading, None
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = self._keep_after_upload
            cycle.transport = self.transport

    def _read_past_upgrades(self, rest: bytes) -> None:
        """Go on after a request that asked for another protocol: none is spoken (RFC 9110 section 7.8).

        The parser takes such a request to end with its head. A body it declared is read by a second parser that
        knows nothing but the framing, and the connection ends with it.
        """
        while True:
            headers = self.cycle.scope["headers"]
            framing = [field for field in headers if field[0] in (b"content-length", b"transfer-encoding")]
            connect = self.parser.get_method() == b"CONNECT"
            if connect:
                self.cycle.keep_alive = False
                self._deaf = True
                return
            if framing and content_length(headers) != 0:
                self.cycle.more_body = True
                self.cycle.keep_alive = False
                self.cycle.message_event.clear()
                self.parser = httptools.HttpRequestParser(
                    SimpleNamespace(on_body=self.on_body, on_message_complete=self._end_of_upgrade_body)
                )
                head = b"".join(b"%s: %s\r\n" % field for field in framing)
                rest = b"POST / HTTP/1.1\r\n" + head + b"\r\n" + rest
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            else:
                return

    def _end_of_upgrade_body(self) -> NoReturn:
        self.on_message_complete()
        self._deaf = True
        raise Unreadable

    # Parser callbacks

    def on_headers_complete(self) -> None:
        """Judge the head, then hand the request to the application, or queue it behind the ones before it."""
        version = self.parser.get_http_version()
        self._judge_head(version)
        method = self._alias or self.parser.get_method()
        if method == b"CONNECT" and not self.url.startswith(b"/"):
            self._stop(
                ProtocolRefusal.METHOD_UNKNOWN
            )  # its target is a host to tunnel to, nothing an application can read
        target = httptools.parse_url(self.url)
        path = target.path or b"/"  # an absolute target may have none (RFC 9112 section 3.2.2)
        scope = self.scope
        scope["method"] = method.decode("ascii")
        scope["http_version"] = version
        scope["raw_path"] = path
        scope["path"] = unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii")
        scope["query_string"] = target.query or b""
        scope["extensions"] = EXTENSIONS
        before = self.cycle
        self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version == "1.1" and self.parser.should_keep_alive() and "leaving" not in self.app_state,
            on_response=self.on_response_complete,
        )
        self._alias = None
        self._body_bytes = 0
        self.headers = []  # trailer fields must not join the header fields the application reads
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self.limits.body_bytes:
            self._stop(ProtocolRefusal.BODY_TOO_LARGE)
        super().on_body(body)

    def _judge_head(self, version: str) -> None:
        """Refuse a head that is too large, or whose framing could be read in two ways (RFC 9112 sections 3.2, 6)."""
        headers = self.headers
        if len(headers) > self.limits.fields:
            self._stop(ProtocolRefusal.HEAD_TOO_LARGE)
        if self._arrived > self.limits.head_bytes and self._head_size() > self.limits.head_bytes:
            self._stop(ProtocolRefusal.HEAD_TOO_LARGE)
        hosts = 0
        for name, value in headers:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                if int(value) > self.limits.body_bytes:
                    self._stop(ProtocolRefusal.BODY_TOO_LARGE)
            elif name == b"transfer-encoding":
                if version == "1.0":
                    self._stop(ProtocolRefusal.MALFORMED)
                if value.strip().lower() != b"chunked":
                    self._stop(ProtocolRefusal.CODING_UNKNOWN)
        if version == "1.1":
            if hosts != 1:
                self._stop(ProtocolRefusal.MALFORMED)
        elif version == "1.0":
            self.expect_100_continue = False  # RFC 9110 section 10.1.1: such a client knows no 100 Continue
        else:
            self._stop(ProtocolRefusal.VERSION_UNKNOWN)

    def _head_size(self) -> int:
        fields = sum(len(name) + len(value) + len(": \r\n") for name, value in self.headers)
        return len(self.parser.get_method()) + len(self.url) + len("  HTTP/1.1\r\n\r\n") + fields

    def _should_upgrade(self) -> bool:
        return False

    # Refusing

    def _stop(self, reason: ProtocolRefusal) -> NoReturn:
        self._reason = reason
        raise Unreadable

    def _unreadable(self, error: Exception, data: bytes, before: RequestResponseCycle | None) -> None:
        """The parser stopped: by our own word, at a method it does not know, or at a fault."""
        if self._deaf:
            self._message_whole()
        elif self._reason is not None:
            self._refuse(self._reason)
        elif not str(error).startswith("Invalid method"):
            self._refuse(ProtocolRefusal.MALFORMED)
        elif self.cycle is before and self._head_bytes == 0 and (line := REQUEST_LINE.match(data)):
            self._read_unknown_method(line[1], data)
        else:
            self._refuse(ProtocolRefusal.METHOD_UNKNOWN if METHOD.match(data) else ProtocolRefusal.MALFORMED)

    def _read_unknown_method(self, method: bytes, data: bytes) -> None:
        """Let the application answer a method the parser has no name for: it is parsed as TRACE, framed alike."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._alias = method
        self.data_received(b"TRACE" + data[len(method) :])

    def _refuse(self, reason: ProtocolRefusal) -> None:
        """Answer for the open request, after the replies to those before it, and close."""
        self._deaf = True
        self._clear_deadline()
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and cycle.scope is not self.scope):
            self._answer(reason)
        elif cycle.response_complete:
            self.transport.close()  # the fault is in the rest of a request that has its reply
        elif cycle.scope is not self.scope or not cycle.more_body:
            cycle.on_response = partial(self._answer_last, reason)
        elif self.pipeline:
            self.pipeline[0] = (cycle, partial(self._answer_instead, reason))
        elif cycle.response_started:
            self._hang_up(cycle)
            self.transport.close()
        else:
            self._hang_up(cycle)
            self._answer(reason)

    def _hang_up(self, cycle: RequestResponseCycle) -> None:
        """Tell the application that its client is gone; nothing it still sends leaves."""
        cycle.disconnected = True
        cycle.message_event.set()

    def _answer(self, reason: ProtocolRefusal) -> None:
        if not self.transport.is_closing():
            with_body = self.parser.get_method() != b"HEAD"
            self.transport.write(reason.reply(self.server_state.default_headers, with_body=with_body))
            self.linger()

    def _answer_last(self, reason: ProtocolRefusal) -> None:
        """The last request before the refused one has its reply."""
        self.on_response_complete()
        self._unset_keepalive_if_required()
        self._answer(reason)

    async def _answer_instead(self, reason: ProtocolRefusal, *_: object) -> None:
        """In the place of the application, for a request refused while it waited for its turn."""
        self._hang_up(self.cycle)
        self._answer(reason)

    # Closing

    def shutdown(self) -> None:
        """The server stops: what is being answered is the last reply here, and so is what is asked in this moment.

        A client may just be sending on a connection that looks idle. It is closed only when nothing has come for a
        while; what comes until then is answered, and the answer ends the connection (RFC 9112 section 9.6).
        """
        self._keep_after_upload = False
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LAST_CALL_SECONDS, self._close_if_idle)
        else:
            super().shutdown()

    def _close_if_idle(self) -> None:
        begun = self._head_bytes or self._uploading is not None
        if not self.transport.is_closing() and not begun and (self.cycle is None or self.cycle.response_complete):
            self._close_idle()

    def _close_idle(self) -> None:
        """Close when nothing is owed. Under TLS a client that is not reading never says goodbye, and need not be
        waited for (RFC 8446 section 6.1)."""
        self.transport.close()
        self._clear_deadline()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._leave)

    def linger(self) -> None:
        """Close in stages: a client still sending could otherwise lose our reply to a reset (RFC 9112 section 9.6)."""
        self._deaf = True
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._clear_deadline()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self._leave)

    def _leave(self) -> None:
        """Close, and under TLS without the closing handshake, which would read on, when our reply is out."""
        if self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            self.transport.abort()

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self.flow.pause_reading()

    # Deadlines

    def on_response_complete(self) -> None:
        """Turn to the next request: the one that waits, or one that must begin within the keep-alive time.

        One timer serves all replies on a connection; it is looked at when it fires, not moved by each reply.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            if not self._deaf:
                self._close_idle()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_for_idleness_in(self.timeout_keep_alive)

    def _look_for_idleness_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_for_idleness_in(left)
        else:
            self._close_idle()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._expire)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        """The open part of a message took too long, unless it was we who did not read or who owe a reply first."""
        self._deadline = None
        cycle = self.cycle
        uploading = cycle is not None and cycle.scope is self.scope and not cycle.response_complete
        owing = cycle is not None and not cycle.response_complete and not uploading
        if self.flow.read_paused or owing:
            self._set_deadline(self.limits.body_seconds if uploading else self.limits.head_seconds)
        elif self.scope is None or (cycle is not None and cycle.scope is self.scope and cycle.response_complete):
            self.transport.close()  # no request was begun: nothing to answer
        else:
            self._refuse(ProtocolRefusal.TOO_SLOW)


class Cycle(RequestResponseCycle):
    """A request and its reply, which may come as one message.

    Two messages are two system calls, and the server looks through every header twice. An application that has its
    reply whole sends `{"type": "http.response.whole", "status", "headers", "body"}` instead, when the scope offers that
    extension; of its framing headers it says the truth itself.
    """

    def send(self, message: Any) -> Any:
        """ASGI's send, and the extension's message."""
        return self._send_whole(message) if message["type"] == WHOLE else super().send(message)

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
            raise RuntimeError("A header value holds a line break.")  # nothing a caller sent may end a header
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


class LingeringTransport(asyncio.Transport):
    """What a reply to a half-read request is written to: closing it waits for the client to have read the reply."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        self._protocol.linger()


def content_length(headers: Any) -> int | None:
    """The declared length of a body in bytes; None when the body is chunked or there is none."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)
