"""The log on standard error: JSON objects, one a line, or lines for people. Requests are collected for a moment and
written together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from time import time as wall
from typing import Any, BinaryIO, Protocol

import msgspec

from bodega import log_text

_encoder = msgspec.json.Encoder()
FLUSH_SECONDS = 0.2
GATHERED = 500


class TextLine(msgspec.Struct, gc=False):
    """What a line for people is made of, when it is written."""

    time: float
    status: int
    method: str
    path: str
    query: str
    client: str
    us: int
    reason: str


class LogLine(msgspec.Struct, omit_defaults=True, gc=False):
    """One answered request; `time` in UTC seconds, `us` the microseconds it took."""

    time: float
    request: str
    method: str
    path: str
    status: int
    client: str
    bytes: int
    us: int
    reason: str = ""


class Asked(Protocol):
    """What is told of a request (`http/request.py`)."""

    @property
    def request_id(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...


class Answered(Protocol):
    """What is told of a response (`http/response.py`)."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def reason(self) -> str: ...


class Log:
    """`stream` None keeps nothing. Nothing of a credential is ever written. `text`: lines for people. `quiet`: only
    what happens to the server, no requests."""

    def __init__(
        self, stream: BinaryIO | None = None, *, text: bool = False, colours: bool = False, quiet: bool = False
    ) -> None:
        self._stream = stream
        self._requests = stream is not None and not quiet
        self._text = text
        self._colours = colours
        self._lines: list[LogLine | TextLine] = []
        self._now = 0.0
        told = self._text_request if text else self._json_request
        self.request: Callable[[Asked, str, Answered, int], None] = told if self._requests else self._no_request
        """Tells of an answered request, its account and the microseconds that it took."""
        self.lost = 0
        """How often something could not be written."""

    def begin_turn(self) -> None:
        """The requests that are told of until the end of the turn are answered now."""
        self._now = wall()
        if self._requests and not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def _no_request(self, request: Asked, client: str, response: Answered, us: int) -> None:
        pass

    def _text_request(self, request: Asked, client: str, response: Answered, us: int) -> None:
        self._lines.append(
            TextLine(
                self._now, response.status, request.method, request.path, request.query, client, us, response.reason
            )
        )

    def _json_request(self, request: Asked, client: str, response: Answered, us: int) -> None:
        self._lines.append(
            LogLine(
                self._now, request.request_id, request.method, request.path, response.status, client,
                len(response.body), us, response.reason,
            )
        )  # fmt: skip

    def end_turn(self) -> None:
        """Writes what was collected if it is much."""
        if len(self._lines) >= GATHERED:
            self.flush()

    def event(self, what: str, **facts: Any) -> None:
        """Something an operator should know; written at once."""
        if self._stream is not None:
            self.flush()
            if self._text:
                line = log_text.event_line(wall(), what, facts, colours=self._colours)
                self._write(line.encode("utf-8", "backslashreplace") + b"\n")
            else:
                self._write(_encoder.encode({"time": wall(), "event": what, **facts}) + b"\n")

    def flush(self) -> None:
        """Writes what was collected."""
        lines, self._lines = self._lines, []
        if lines and self._text:
            told = "".join(
                log_text.request_line(*msgspec.structs.astuple(line), colours=self._colours) + "\n" for line in lines
            )
            self._write(told.encode("utf-8", "backslashreplace"))
        elif lines:
            self._write(_encoder.encode_lines(lines))

    def _write(self, data: bytes) -> None:
        """A log that cannot be written, for example on a full disk, blocks no response."""
        assert self._stream is not None
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1


def to_standard_error(form: str = "auto") -> Log:
    """The log of a server, in one of `log_text.FORMS`."""
    text = form == "text" or (form != "json" and log_text.on_terminal(sys.stderr))
    return Log(sys.stderr.buffer, text=text, colours=text and log_text.coloured(sys.stderr), quiet=form == "quiet")
