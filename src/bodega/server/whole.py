"""A reply in one piece, as the application hands it to the server's own protocol."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

WHOLE = "http.response.whole"
"""The ASGI extension that takes one message `{"type": WHOLE, "reply": Whole(...)}` for a reply."""

CUT = "http.response.cut"
"""The ASGI extension that takes a message `{"type": CUT}`: the connection ends, whatever was promised."""


DATE = b"date"
"""The field that the server adds, unless a reply brings one."""


class Whole(msgspec.Struct, frozen=True, gc=False):
    """A reply. `head` are fields that are written already, each with the end of its line, and hold nothing that a
    caller sent; `headers` are further fields, a `DATE` of its own the first of them. Together they frame the body,
    which is empty for HEAD."""

    status: int
    head: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


AtOnce = Callable[[Any, Callable[[], Awaitable[Any]]], Whole | Awaitable[Whole] | None]
"""What an application may offer besides ASGI. `at_once(scope, receive)` is called when a request has arrived whole. It
returns the reply if that needs no waiting, or else what is awaited for it in a task; None has the request answered
through ASGI. It raises nothing, and is called outside of any task."""
