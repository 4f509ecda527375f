"""What one request may use of a connection, and why it is refused if it uses more."""

import json
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may use: seconds from the first byte of a head to its end and from there to the end of the
    body; bytes of the request line and header fields together; number of header fields; bytes of the decoded body."""

    head_seconds: float = 30.0
    body_seconds: float = 60.0
    head_bytes: int = 32 * 1024
    fields: int = 100
    body_bytes: int = 16 * 1024 * 1024


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
