"""The head of a request: what makes it invalid, and what the application gets of it."""

import re
from typing import Any
from urllib.parse import unquote

import httptools

from bodega.server.connection import Connection
from bodega.server.limits import ProtocolRefusal
from bodega.server.whole import FIELDS

REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP/1\.[01]\r\n")
METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |$)")


_FRAMING = frozenset({b"host", b"expect", b"content-length", b"transfer-encoding"})
TELLING = frozenset({b"expect", b"content-length", b"transfer-encoding", b"connection", b"proxy-connection"})
"""Fields that say how a message is framed, or what becomes of its connection."""

METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")}


def is_plain(connection: Connection, arrived: int) -> bool:
    """Whether a head leaves nothing to be judged: it is short, says each thing once and has a Host; there is no body,
    and nothing is said of the connection. Its fields are then in the scope as a dictionary, too.

    Its version is 1.1 and the connection is kept: of one of which nothing is said, no other version keeps it (RFC 9112
    section 9.3), and asking for the version costs as much as all of this.
    """
    headers, limits = connection.headers, connection.limits
    fields = dict(headers)
    if (
        len(fields) != len(headers)
        or len(headers) > limits.fields
        or arrived > limits.head_bytes
        or b"host" not in fields
        or not TELLING.isdisjoint(fields)
        or not connection.parser.should_keep_alive()
    ):
        return False
    scope: Any = connection.scope
    scope[FIELDS] = fields
    return True


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
    url, scope = connection.url, connection.scope
    scope["method"] = METHODS.get(method) or method.decode("ascii")
    scope["http_version"] = version
    if url.isascii():
        text = url.decode()
        if text[:1] == "/" != text[1:2] and "#" not in text and "%" not in text:  # the usual target needs no parser
            path, asked, query = text.partition("?")
            scope["path"] = path
            scope["raw_path"] = path.encode() if asked else url
            scope["query_string"] = query.encode()
            return
    raw_path, scope["query_string"] = _target(connection, method)
    scope["raw_path"] = raw_path
    scope["path"] = unquote(raw_path.decode("ascii"))


def _target(connection: Connection, method: bytes) -> tuple[bytes, bytes]:
    """Path and query of any request target."""
    url = connection.url
    if method == b"CONNECT" and not url.startswith(b"/"):
        # Its target is a host to tunnel to, which an application cannot serve.
        connection.stop(ProtocolRefusal.METHOD_UNKNOWN)
    if url == b"*":
        if method != b"OPTIONS":  # only OPTIONS asks about the server itself (RFC 9112 section 3.2.4)
            connection.stop(ProtocolRefusal.MALFORMED)
        return url, b""
    if url[:1] == b"/" != url[1:2] and url.find(b"#") < 0 and url.isascii():
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
