"""What one request may use of a connection, and why it is refused if it uses more."""

import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may use: seconds from the first byte of a head to its end and from there to the end of the
    body; bytes of the request line and header fields together; number of header fields; bytes of the decoded body."""

    head_seconds: float = 30.0
    body_seconds: float = 60.0
    head_bytes: int = 32 * 1024
    fields: int = 100
    body_bytes: int = 20 * 1024 * 1024


class ProtocolRefusal(Enum):
    """Why a request is refused before the application sees all of it: status and message of the reply."""

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

    def reply(self, default_headers: list[tuple[bytes, bytes]], *, version: int, with_body: bool) -> bytes:
        """The whole reply, closing the connection, with an error of this API version as its body."""
        body = self._body_in_v3() if version == 3 else [{"status": self.status, "message": self.value[1]}]
        content = json.dumps(body).encode()
        lines = [
            b"HTTP/1.1 %d %s" % (self.status, HTTPStatus(self.status).phrase.encode()),
            *(b"%s: %s" % field for field in default_headers),
            b"content-type: application/json",
            b"content-length: %d" % len(content),
            b"x-request-id: %s" % uuid4().hex.encode(),
            b'link: <%s>; rel="help"' % self.page.encode(),
            b"connection: close",
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + (content if with_body else b"")

    def _body_in_v3(self) -> dict[str, Any]:
        """The form of the law's own refusals (RFC 9457 but for the media type)."""
        status, message = self.value
        return {"status": status, "title": message, "type": self.page, "detail": self.remedy}

    @property
    def page(self) -> str:
        """Where this server explains it."""
        return f"/docs/status-codes#{self.name.lower()}"

    @property
    def remedy(self) -> str:
        """What the client can do."""
        return _REMEDIES[self]


_REMEDIES = {
    ProtocolRefusal.MALFORMED: "Send the request as RFC 9112 describes it; an HTTP library does.",
    ProtocolRefusal.TOO_SLOW: "Send the whole request at once, on a new connection.",
    ProtocolRefusal.BODY_TOO_LARGE: "Send less at once, on a new connection.",
    ProtocolRefusal.HEAD_TOO_LARGE: "Send a shorter path and query, and fewer and shorter header fields.",
    ProtocolRefusal.METHOD_UNKNOWN: "Use GET, HEAD, POST, PUT, DELETE or OPTIONS.",
    ProtocolRefusal.CODING_UNKNOWN: "Send the body with a Content-Length, or chunked.",
    ProtocolRefusal.VERSION_UNKNOWN: "Send the request as HTTP/1.1.",
}


def version_of(target: bytes) -> int:
    """The API version in a request target, which may be incomplete (RFC 9112 3.2): 3, or else 2."""
    if target[:7].lower() == b"http://" or target[:8].lower() == b"https://":
        target = b"/" + target.split(b"//", 1)[1].partition(b"/")[2]
    parts = [part for part in unquote_to_bytes(target.partition(b"?")[0]).split(b"/") if part]
    place = {b"stores": 2, b"api": 1}.get(parts[0], -1) if parts else -1
    return 3 if 0 < place < len(parts) and parts[place] == b"v3" else 2
