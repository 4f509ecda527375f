"""A request as the law reads it: the parts of its head, taken apart once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from bodega.access.stores import OpenStore
from bodega.http.negotiation import Media, choose_media
from bodega.law.refusal import Header

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

V2_MEDIA = (Media.JSON, Media.XML)
V3_MEDIA = (Media.JSON,)

_HOST = re.compile(rb"(?:[A-Za-z0-9.\-_]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Request(msgspec.Struct, gc=False):
    """`version` is 0 where the path names none, `store` "" where the Host must tell it.

    `segments` is the resource's path below the version, without empty parts and V2's suffix. `prefix` is the path up to
    and with the version, from which links are built. `quota` holds the rate-limit headers once a step knew them;
    `opened` and `body` are kept for the journal once a step knew them.
    """

    method: str
    secure: bool
    path: str
    raw_path: bytes
    query: str
    headers: Mapping[bytes, bytes]
    receive: Receive
    request_id: str
    host_form: bool = False
    store: str = ""
    version: int = 0
    segments: tuple[str, ...] = ()
    suffix: str = ""
    prefix: str = ""
    media: Media = Media.JSON
    quota: list[Header] = []
    client_id: str = ""
    opened: OpenStore | None = None
    body: bytes = b""

    @property
    def host(self) -> str:
        """The Host the caller used, port and all; a name that is no host name is not repeated."""
        return _host(self.headers.get(b"host", b""))

    @property
    def reads(self) -> bool:
        """Whether the method is safe (RFC 9110 9.2.1)."""
        return self.method in ("GET", "HEAD", "OPTIONS")

    def url(self, path: str, *, scheme: str = "") -> str:
        """An absolute URL on the host the caller used."""
        return f"{scheme or ('https' if self.secure else 'http')}://{self.host}{path}"


def read_head(scope: Scope, receive: Receive, request_id: str) -> Request:
    """The request of an ASGI scope."""
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(raw)
    if len(headers) != len(raw):
        headers = _joined(raw)
    path: str = scope["path"]
    raw_path = scope.get("raw_path") or path.encode()
    query = scope["query_string"].decode("latin-1")
    request = Request(scope["method"], scope["scheme"] == "https", path, raw_path, query, headers, receive, request_id)
    parts = path.split("/")
    del parts[0]
    if "" in parts:  # repeated and trailing slashes mean nothing (contract/clients.md)
        parts = [part for part in parts if part]
    if len(parts) >= 3 and parts[0] == "stores":
        request.store = parts[1]
        at = 2
    elif len(parts) >= 2 and parts[0] == "api":
        request.host_form = True
        at = 1
    else:
        return request
    word = parts[at]
    request.version = _VERSIONS.get(word, 0)
    request.prefix = "/" + "/".join(parts[: at + 1])
    rest = parts[at + 1 :]
    if request.version == 2:
        if rest and "." in rest[-1]:
            stem, _, suffix = rest[-1].rpartition(".")
            if suffix in ("json", "xml"):
                rest[-1] = stem
                request.suffix = suffix
        accept = headers.get(b"accept")
        request.media = choose_media(accept, request.suffix, V2_MEDIA) or Media.JSON
    request.segments = tuple(rest)
    return request


_VERSIONS = {f"v{number}": number for number in range(1, 100)}


@lru_cache(maxsize=1024)
def _host(sent: bytes) -> str:
    return sent.decode("ascii") if _HOST.fullmatch(sent) else "localhost"


def _joined(raw: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Fields that come more than once are one list (RFC 9110 5.3); of those that must not, the first one counts."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name not in headers:
            headers[name] = value
        elif name in _LISTS:
            headers[name] += b", " + value
    return headers


_LISTS = frozenset({b"accept", b"accept-encoding", b"if-match", b"if-none-match", b"prefer", b"content-encoding"})
