"""The head of a request: what makes it invalid, and what the application gets of it."""

import re
from typing import Any
from urllib.parse import unquote

import httptools

from bodega.server.connection import Connection
from bodega.server.cycle import EXTENSIONS
from bodega.server.limits import ProtocolRefusal

REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP/1\.[01]\r\n")
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |$)")


_FRAMING = frozenset({b"host", b"expect", b"content-length", b"transfer-encoding"})


def judge_head(connection: Connection, version: str, arrived: int) -> None:
    """Refuse a head that is too large, or whose framing is ambiguous (RFC 9112 sections 3.2, 6).

    `arrived` are the bytes that may belong to it: it is measured only if they are too many.
    """
    headers, limits, stop = connection.headers, connection.limits, connection.stop
    if len(headers) > limits.fields:
        stop(ProtocolRefusal.HEAD_TOO_LARGE)
    if arrived > limits.head_bytes and _size(connection) > limits.head_bytes:
        stop(ProtocolRefusal.HEAD_TOO_LARGE)
    hosts = 0
    for name, value in headers:
        if name not in _FRAMING:
            continue
        if name == b"host":
            hosts += 1
        elif name == b"expect":
            connection.expect_100_continue = connection.expect_100_continue or value.lower() == b"100-continue"
        elif name == b"content-length":
            if int(value) > limits.body_bytes:
                stop(ProtocolRefusal.BODY_TOO_LARGE)
        elif name == b"transfer-encoding":
            if version == "1.0":
                stop(ProtocolRefusal.MALFORMED)
            if value.strip().lower() != b"chunked":
                stop(ProtocolRefusal.CODING_UNKNOWN)
    if version == "1.1":
        if hosts != 1:
            stop(ProtocolRefusal.MALFORMED)
    elif version == "1.0":
        connection.expect_100_continue = False  # RFC 9110 section 10.1.1: such a client does not know 100 Continue
    else:
        stop(ProtocolRefusal.VERSION_UNKNOWN)


def fill_scope(connection: Connection, version: str, method: bytes) -> None:
    """Puts the request line into the application's scope."""
    if method == b"CONNECT" and not connection.url.startswith(b"/"):
        # Its target is a host to tunnel to, which an application cannot serve.
        connection.stop(ProtocolRefusal.METHOD_UNKNOWN)
    scope = connection.scope
    path, query = b"*", b""
    if connection.url != b"*":
        path, query = _target(connection.url)
    elif method != b"OPTIONS":
        connection.stop(ProtocolRefusal.MALFORMED)  # only OPTIONS asks about the server itself (RFC 9112 section 3.2.4)
    scope["method"] = method.decode("ascii")
    scope["http_version"] = version
    scope["raw_path"] = path
    scope["path"] = unquote(path.decode("ascii")) if path.find(b"%") >= 0 else path.decode("ascii")
    scope["query_string"] = query
    scope["extensions"] = EXTENSIONS


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Path and query of a request target, of which the usual one needs no parser."""
    if url[:1] == b"/" and url[:2] != b"//" and url.find(b"#") < 0 and url.isascii():
        path, _, query = url.partition(b"?")
        return path, query
    target = httptools.parse_url(url)
    return target.path or b"/", target.query or b""  # an absolute target may have no path (RFC 9112 section 3.2.2)


def content_length(headers: Any) -> int | None:
    """The declared length of a body in bytes; None when the body is chunked or there is none."""
    return next((int(value) for name, value in headers if name == b"content-length"), None)


def _size(connection: Connection) -> int:
    fields = sum(len(name) + len(value) + len(": \r\n") for name, value in connection.headers)
    return len(connection.parser.get_method()) + len(connection.url) + len("  HTTP/1.1\r\n\r\n") + fields
