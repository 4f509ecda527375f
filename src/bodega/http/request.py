"""A request as the law reads it: its head, parsed once."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from bodega.http.negotiation import Media, choose_media, is_readable
from bodega.server.whole import FIELDS

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

V2_MEDIA = (Media.JSON, Media.XML)
V3_MEDIA = (Media.JSON,)

READS = frozenset(("GET", "HEAD", "OPTIONS"))
"""The safe methods (RFC 9110 9.2.1)."""

PAYMENTS = ("payments",)
"""The path of payments: it names no version, and its bodies are those of version 3."""

_HOST = re.compile(rb"(?:[A-Za-z0-9.\-_]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


class Request(msgspec.Struct, frozen=True, gc=False):
    """`version` is 0 if the path names none, `store` "" if the Host has to name it.

    `segments` is the resource's path below the version, without empty parts and V2's suffix. `prefix` is the path up to
    and including the version, from which links are built. `error_media` is the format of a refusal before a format is
    chosen (step 10). `peer` is where it came from, as ASGI tells it. `body` is None where it has to be received.
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
    error_media: Media = Media.JSON
    peer: Sequence[Any] | None = None
    body: bytes | None = None

    @property
    def address(self) -> str:
        """The network address of the caller; empty where it is not known."""
        return str(self.peer[0]) if self.peer else ""

    @property
    def host(self) -> str:
        """The Host that the caller used, with the port; an invalid host name is not repeated."""
        return _host(self.headers.get(b"host", b""))

    @property
    def reads(self) -> bool:
        """Whether the method is safe (RFC 9110 9.2.1)."""
        return self.method in READS

    def url(self, path: str, *, scheme: str = "") -> str:
        """An absolute URL on the host the caller used."""
        return f"{scheme or ('https' if self.secure else 'http')}://{self.host}{path}"


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The headers of an ASGI scope, each name once."""
    fields: dict[bytes, bytes] | None = scope.get(FIELDS)
    if fields is not None:
        return fields
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(raw)
    return headers if len(headers) == len(raw) else _joined(raw)


def read_head(scope: Scope, receive: Receive, request_id: str, headers: Mapping[bytes, bytes] | None = None) -> Request:
    """The request of an ASGI scope; `headers` are those of `headers_of`, if they are known."""
    headers = headers_of(scope) if headers is None else headers
    path: str = scope["path"]
    raw_path = scope.get("raw_path") or path.encode()
    query = scope["query_string"].decode("latin-1")
    method, secure = scope["method"], scope["scheme"] == "https"
    parts = path.split("/")
    del parts[0]
    if "" in parts:  # repeated and trailing slashes are ignored (contract/clients.md)
        parts = [part for part in parts if part]
    if len(parts) >= 3 and parts[0] == "stores":
        host_form, store, at = False, parts[1], 2
    elif len(parts) >= 2 and parts[0] == "api":
        host_form, store, at = True, "", 1
    else:
        return Request(method, secure, path, raw_path, query, headers, receive, request_id)
    version = _VERSIONS.get(parts[at], 0)
    prefix = "/" + "/".join(parts[: at + 1])
    rest = parts[at + 1 :]
    if not version and not host_form and (parts[at], *rest) == PAYMENTS:
        version, rest, prefix = 3, list(PAYMENTS), prefix.rpartition("/")[0]
    suffix, media = "", Media.JSON
    if version == 2:
        if rest and "." in rest[-1]:
            stem, _, ending = rest[-1].rpartition(".")
            if ending in ("json", "xml"):
                rest[-1] = stem
                suffix = ending
        media = choose_media(headers.get(b"accept"), suffix, V2_MEDIA) or Media.JSON
    return Request(
        method, secure, path, raw_path, query, headers, receive, request_id,
        host_form, store, version, tuple(rest), suffix, prefix, media, scope.get("client"),
    )  # fmt: skip


_VERSIONS = {f"v{number}": number for number in range(1, 100)}


@lru_cache(maxsize=1024)
def _host(sent: bytes) -> str:
    return sent.decode("ascii") if _HOST.fullmatch(sent) else "localhost"


def _joined(raw: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Fields that come more than once are one list (RFC 9110 5.3); of those that must not, the first one counts, and
    of content types the last one that can be read (RFC 9110 8.3)."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name not in headers or (name == b"content-type" and is_readable(value)):
            headers[name] = value
        elif name in _LISTS:
            headers[name] += b", " + value
    return headers


_LISTS = frozenset({b"accept", b"accept-encoding", b"if-match", b"if-none-match", b"prefer", b"content-encoding"})
