"""Heads that were read before: the fields that a client sends are mostly the same with each of its requests, byte for
byte, and only the request line and the body differ.

What is kept of such a section of fields is what the parser made of it once, when the message was framed by nothing but
its Content-Length, if it had a body at all. A message with the very same section, a usual request line in front of it
and as many bytes behind as that says is the same to the parser, so it need not be parsed again.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from bodega.server.head import TELLING

MOST = 1_000
"""Sections that are kept; then it begins anew."""

LONGEST = 4 * 1024
"""Bytes of the longest head that is kept, or known."""

_LINE = re.compile(
    rb"(GET|POST|PUT|DELETE|HEAD) (/(?!/)[A-Za-z0-9\-._~!$&'()*+,;=:@/]*)"
    rb"(?:\?([A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]*))? HTTP/1\.1\r\n"
)
"""A usual request line: its target is a path and perhaps a query, with nothing escaped."""

_TELLING = TELLING - {b"content-length"}


class Head(msgspec.Struct, frozen=True, gc=False):
    """A section of fields as it was read, which nobody changes: the fields in their order, the same by their names,
    since none comes twice, and the bytes of the body with the four before it."""

    headers: list[tuple[bytes, bytes]]
    fields: Mapping[bytes, bytes]
    length: int


Line = tuple[bytes, bytes, bytes | None]
"""A request line: the method, the path and the query of its target."""

Message = tuple[Line, Head, bytes]
"""A whole message: its line, its head and its body."""


class KnownHeads:
    """The sections of fields that were read on the connections of a server whose heads have at most `head_bytes`."""

    def __init__(self, head_bytes: int, most: int = MOST) -> None:
        self._longest = min(LONGEST, head_bytes) - 4
        self._most = most
        self._heads: dict[bytes, Head] = {}

    def __len__(self) -> int:
        return len(self._heads)

    def read(self, data: bytes) -> Message | None:
        """The one message that these bytes are, if its section is known."""
        line = _LINE.match(data)
        if line is None:
            return None
        start = line.end()
        end = data.find(b"\r\n\r\n", start)
        head = self._heads.get(data[start:end])
        if head is None or end + head.length != len(data) or end > self._longest:
            return None
        told: Line = line.groups()  # type: ignore[assignment]
        return told, head, data[end + 4 :]

    def learn(self, data: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Keeps the section of a whole message that is kept alive; `headers` is what was read of it."""
        line = _LINE.match(data)
        if line is None or not self._most:
            return
        start = line.end()
        end = data.find(b"\r\n\r\n", start)
        headers = list(headers)
        fields = dict(headers)
        length = int(fields.get(b"content-length", b"0"))
        if (
            end > self._longest
            or end + 4 + length != len(data)
            or len(fields) != len(headers)
            or b"host" not in fields
            or not _TELLING.isdisjoint(fields)
        ):
            return
        if len(self._heads) >= self._most:
            self._heads.clear()
        self._heads[data[start:end]] = Head(headers, fields, 4 + length)
