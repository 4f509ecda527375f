"""A reply in one piece, as the application hands it to the server's own protocol."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any, Protocol

import msgspec

WHOLE = "http.response.whole"
"""The ASGI extension that takes one message `{"type": WHOLE, "reply": Whole(...)}` for a reply."""

CUT = "http.response.cut"
"""The ASGI extension that takes a message `{"type": CUT}`: the connection ends, whatever was promised."""


FIELDS = "bodega.fields"
"""The member of a scope that holds the header fields as a dictionary, if no name comes twice. Nobody changes it."""

BODY = "bodega.body"
"""The member of a scope that holds the whole body, where it arrived with the head; it can be received all the same."""

DATE = b"date"
"""The field that the server adds, unless a reply brings one."""


class Whole(msgspec.Struct, gc=False):
    """A reply. `head` are fields that are written already, each with the end of its line, and hold nothing that a
    caller sent; `headers` are further fields, a `DATE` of its own the first of them. Together they frame the body,
    which is empty for HEAD. `closes`: it is the last one of its connection."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    closes: bool = False
    head: bytes = b""


class Later(Protocol):
    """A reply that is not there yet. It can be awaited in a task; or else, once `waits_for` is over, be had of `go_on`
    outside of any, or not: then it waits again. If it waits for None, it only lets others go first."""

    waits_for: asyncio.Future[Any] | None

    def go_on(self) -> Whole | None:
        """The reply, or None; raises only what nobody foresaw."""

    def __await__(self) -> Generator[Any, Any, Whole]:
        """The reply."""


AtOnce = Callable[[Any, Callable[[], Awaitable[Any]]], Whole | Later | None]
"""What an application may offer besides ASGI. `at_once(scope, receive)` is called when a request has arrived whole. It
returns the reply if that needs no waiting, or else what has begun; None has the request answered through ASGI. It
raises nothing, and is called outside of any task."""


def written_fields(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Header fields as they are sent. Raises RuntimeError for a value with a line break."""
    parts: list[bytes] = []
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    written = b"".join(parts)
    if written.count(b"\n") != len(parts) // 4:
        raise RuntimeError("A header value holds a line break.")  # nothing from a caller may end a header
    return written
