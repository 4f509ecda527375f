"""The log: one JSON object a line on standard error. Requests are collected for a moment and written together."""

from __future__ import annotations

import asyncio
import sys
from time import time as wall
from typing import Any, BinaryIO

import msgspec

_encoder = msgspec.json.Encoder()
FLUSH_SECONDS = 0.2
GATHERED = 500


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


class Log:
    """`stream` None keeps nothing. Nothing of a credential is ever written."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream
        self._lines: list[LogLine] = []
        self.lost = 0
        """How often something could not be written."""

    def request(self, request: Any, response: Any, us: int) -> None:
        """One answered request, which took so many microseconds."""
        if self._stream is None:
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._lines.append(
            LogLine(
                wall(), request.request_id, request.method, request.path, response.status, request.client_id,
                len(response.body), us, response.reason,
            )
        )  # fmt: skip
        if len(self._lines) >= GATHERED:
            self.flush()

    def event(self, what: str, **facts: Any) -> None:
        """Something an operator should know; written at once."""
        if self._stream is not None:
            self.flush()
            self._write(_encoder.encode({"time": wall(), "event": what, **facts}) + b"\n")

    def flush(self) -> None:
        """Writes what was collected."""
        lines, self._lines = self._lines, []
        if lines:
            self._write(_encoder.encode_lines(lines))

    def _write(self, data: bytes) -> None:
        """A log that cannot be written, for example on a full disk, blocks no response."""
        assert self._stream is not None
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):
            self.lost += 1


def to_standard_error() -> Log:
    """The log of a server."""
    return Log(sys.stderr.buffer)
