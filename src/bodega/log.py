"""The log: one JSON object a line on standard error. Requests are gathered for a moment and written together."""

from __future__ import annotations

import sys
import time
from typing import Any, BinaryIO

import msgspec

_encoder = msgspec.json.Encoder()
FLUSH_SECONDS = 0.2
GATHERED = 500


class Log:
    """`stream` None keeps nothing. Nothing of a credential is ever written."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream
        self._lines: list[tuple[Any, ...]] = []
        self._flushed = 0.0

    def request(self, ask: Any, answer: Any, began: float) -> None:
        """One answered request; `began` by the performance counter."""
        if self._stream is None:
            return
        now = time.perf_counter()
        self._lines.append((time.time(), ask.request_id, ask.method, ask.path, answer.status, answer.reason,
                            ask.client_id, len(answer.body), (now - began) * 1000))  # fmt: skip
        if len(self._lines) >= GATHERED or now - self._flushed > FLUSH_SECONDS:
            self._flushed = now
            self.flush()

    def event(self, what: str, **facts: Any) -> None:
        """Something an operator should know; written at once."""
        if self._stream is not None:
            self.flush()
            self._stream.write(_encoder.encode({"time": round(time.time(), 3), "event": what, **facts}) + b"\n")
            self._stream.flush()

    def flush(self) -> None:
        """Writes what was gathered."""
        lines, self._lines = self._lines, []
        if lines and self._stream is not None:
            self._stream.write(_encoder.encode_lines([_named(line) for line in lines]))
            self._stream.flush()


def _named(line: tuple[Any, ...]) -> dict[str, Any]:
    moment, request_id, method, path, status, reason, client, size, took = line
    named: dict[str, Any] = {
        "time": round(moment, 3),
        "request": request_id,
        "method": method,
        "path": path,
        "status": status,
    }
    if reason:
        named["reason"] = reason
    return {**named, "client": client, "bytes": size, "ms": round(took, 2)}


def to_standard_error() -> Log:
    """The log of a server."""
    return Log(sys.stderr.buffer)
