"""HTTP/1.1 on one connection, within limits.

uvicorn's httptools protocol parses and frames; this adds what it lacks: deadlines for head and body, caps on both
(arrival.py), refusals for ambiguous framing (head.py, refusing.py; RFC 9112 section 11.2), and an orderly close when a
request is answered before it was read completely (closing.py; RFC 9112 section 9.6).
"""

import asyncio
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from bodega.server.arrival import Arrival
from bodega.server.closing import Closing
from bodega.server.connection import Connection
from bodega.server.cycle import Cycle
from bodega.server.head import METHOD, METHODS, REQUEST_LINE, fill_scope, is_plain, judge_head
from bodega.server.known_heads import KnownHeads, Message
from bodega.server.limits import Limits, ProtocolRefusal
from bodega.server.refusing import Refusing
from bodega.server.upgrade import read_past_upgrades
from bodega.server.whole import BODY, FIELDS, AtOnce, Whole

LAST_CALL_SECONDS = 0.25  # how long a stopping server still listens on a connection that is idle


class Protocol(Connection):
    """One connection, which passes what arrives to its parts, and the requests to the application in turn."""

    cycle: Cycle

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        heads: KnownHeads,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits)
        self._heads = heads
        self._closing = Closing(self)
        self._refusing = Refusing(self, self._closing)
        self._arrival = Arrival(self, self._closing, self._refusing)
        self._alias: bytes | None = None  # a method unknown to the parser, which is given another instead
        self._idle_since: float | None = None  # when the last reply was complete, until the next byte
        self._at_once: AtOnce | None = getattr(config.app, "at_once", None)
        self._next: Cycle | None = None  # a request to be answered when these bytes are parsed
        self._between = True  # the last message was read and answered, and nothing of another has arrived

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arrival.begin_deadline(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self.timer.clear()
        self._unset_keepalive_if_required()
        self.deaf = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            self._closing.discard(data)
            return
        self._idle_since = None
        between, self._between = self._between, False
        if between and (message := self._heads.read(data)) is not None:
            self._begin_known(message)
            return
        before, arrival, size = self.cycle, self._arrival, len(data)
        arrival.arrived = arrival.head_bytes + size
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                read_past_upgrades(self, data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._start_next(whole=False)
            self._unreadable(error, data, before)
            return
        cycle = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete or cycle.scope is not self.scope:
            arrival.check_part(size, before)
        elif self.timer.runs:
            arrival.is_whole()
        if self._next is not None:
            whole = not self._next.more_body
            if between and whole and cycle is self._next and cycle.keep_alive and cycle.scope is self.scope:
                self._heads.learn(data, cycle.scope["headers"])
            self._start_next(whole=whole)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more. What it asked for is answered, then the connection ends; what breaks off is
        refused.

        Over TLS the event loop ends both directions at once, whatever is returned.
        """
        cycle = self.cycle
        owing = cycle is not None and not cycle.response_complete
        broken_off = self.scope is not None and (cycle is None or cycle.scope is not self.scope or cycle.more_body)
        if self.deaf or self.scheme == "https" or not (owing or broken_off):
            return False
        self.half_closed = True
        if broken_off:
            self._refusing.refuse(ProtocolRefusal.MALFORMED)
        else:
            cycle.keep_alive = False
            cycle.message_event.set()
        return True

    def on_message_begin(self) -> None:
        """Begins a scope."""
        self.url = b""
        self.expect_100_continue = False
        self.scope = scope = self.blank_scope()
        self.headers = scope["headers"] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Nothing is judged before the head is whole."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Judge the head, then hand the request to the application, or queue it behind the ones before it."""
        arrival, parser = self._arrival, self.parser
        version, keep_alive = "1.1", True
        if not is_plain(self, arrival.arrived):
            version = parser.get_http_version()
            judge_head(self, version, arrival.arrived)
            keep_alive = version == "1.1" and parser.should_keep_alive()
        fill_scope(self, version, self._alias or parser.get_method())
        before = self.cycle
        # A stopping server ends the connection with its reply.
        self.cycle = Cycle(self, keep_alive and "leaving" not in self.app_state)
        self._alias = None
        arrival.body_bytes = 0
        self.headers = []  # trailer fields must not join the header fields the application reads
        if before is None or before.response_complete:
            self._next = self.cycle
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_body(self, body: bytes) -> None:
        self._arrival.count_body(len(body))
        if not self.cycle.body:
            self.cycle.body = bytearray()
        super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.set()

    def on_response_complete(self) -> None:
        """Turn to the next request: one that is waiting, or one that must begin within the keep-alive time.

        One timer serves all replies on a connection: the time is checked when it fires, instead of resetting it at each
        reply.
        """
        if self.transport.is_closing():
            if not self.deaf:
                self._closing.close_idle()
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        cycle = self.cycle
        self._between = cycle.keep_alive and not cycle.more_body and not self.timer.runs
        if self.timeout_keep_alive_task is None:
            self._look_for_idleness_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None or self.transport.is_closing():
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_for_idleness_in(left)
        else:
            self._closing.close_idle()

    def shutdown(self) -> None:
        """The server stops: the reply in progress is the last one here, or the reply to a request that is just
        arriving.

        A client may just be sending on a connection that looks idle. It is closed only if nothing arrives for a while;
        a request that arrives until then is answered, and the reply ends the connection (RFC 9112 section 9.6).
        """
        self._arrival.end_after_upload()
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(LAST_CALL_SECONDS, self._close_if_idle)
        else:
            super().shutdown()

    def _start_next(self, *, whole: bool) -> None:
        """Hands the request to the application: one that has arrived `whole` is answered here and now, if that needs no
        waiting. It is one for each read, so that whoever sends many at a time does not hold up others."""
        cycle, self._next = self._next, None
        if cycle is not None:
            self._hand_over(cycle, self._at_once if whole else None)

    def _hand_over(self, cycle: Cycle, at_once: AtOnce | None) -> None:
        if at_once is None or self.flow.write_paused:
            reply = None
        else:
            reply = at_once(cycle.scope, cycle.receive)
        if reply is None:
            self._start_asgi_task(cycle, self.app)
        elif isinstance(reply, Whole):
            cycle.reply(reply)
        else:
            cycle.reply_later(reply)

    def _begin_known(self, message: Message) -> None:
        """Hands a message to the application that the parser need not see: of its head all is known but the line, and
        it lies between two others, so that the parser waits for the beginning of one before and after."""
        (method, path, query), head, body = message
        if self.timer.runs:
            self._arrival.is_whole()
        self.expect_100_continue = False
        self.url = path
        scope: Any = {
            **self._blank,
            "method": METHODS[method],
            "path": path.decode(),
            "raw_path": path,
            "query_string": query or b"",
            "headers": head.headers,
            FIELDS: head.fields,
            BODY: body,
        }
        self.scope = scope
        self.cycle = cycle = Cycle(self, "leaving" not in self.app_state, body)
        self._hand_over(cycle, self._at_once)

    def _look_for_idleness_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _close_if_idle(self) -> None:
        owing = self.cycle is not None and not self.cycle.response_complete
        if not self.transport.is_closing() and not self._arrival.begun and not owing:
            self._closing.close_idle()

    def _should_upgrade(self) -> bool:
        return False

    def _unreadable(self, error: Exception, data: bytes, before: RequestResponseCycle | None) -> None:
        """The parser stopped: because a callback stopped it, at an unknown method, or at a syntax error."""
        refuse = self._refusing.refuse
        if self.deaf:
            self._arrival.is_whole()
        elif self.reason is not None:
            refuse(self.reason)
        elif not str(error).startswith("Invalid method"):
            refuse(ProtocolRefusal.MALFORMED)
        elif self.cycle is before and self._arrival.head_bytes == 0 and (line := REQUEST_LINE.match(data)):
            self._read_unknown_method(line[1], data)
        else:
            refuse(ProtocolRefusal.METHOD_UNKNOWN if METHOD.match(data) else ProtocolRefusal.MALFORMED)

    def _read_unknown_method(self, method: bytes, data: bytes) -> None:
        """Let the application answer a method that the parser does not know: it is parsed as TRACE, which is framed
        alike."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._alias = method
        self.data_received(b"TRACE" + data[len(method) :])
