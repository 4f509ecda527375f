"""What a measurement sends: one HTTP/1.1 request, and the bytes it is on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `target` is the path and query, `body` is JSON unless the headers say otherwise."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def all_headers(self) -> dict[str, str]:
        """The header fields as sent, those that describe the body included."""
        described = {"Content-Type": "application/json", "Content-Length": str(len(self.body))} if self.body else {}
        return {"Host": HOST, **described, **self.headers}

    def encode(self) -> bytes:
        """The request as sent on a connection that is kept alive."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.all_headers().items())
        return f"{self.method} {self.target} HTTP/1.1\r\n{fields}\r\n".encode() + self.body


@dataclass(frozen=True, slots=True)
class Shot:
    """A request made ready, so that sending it costs no more than a write.

    `status` is the expected one as it stands on the wire; `bodiless` tells that the reply has no body whatever it says.
    """

    sent: bytes
    status: bytes
    bodiless: bool


def ready(request: Request, expected_status: int = 200) -> Shot:
    """Encode `request` once, before the clock runs."""
    bodiless = request.method == "HEAD" or expected_status in (204, 304)
    return Shot(request.encode(), str(expected_status).encode(), bodiless)
