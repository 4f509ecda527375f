"""Requests for another protocol: none is supported (RFC 9110 section 7.8)."""

from functools import partial
from types import SimpleNamespace
from typing import NoReturn

import httptools

from bodega.server.connection import Connection, Unreadable
from bodega.server.head import content_length


def read_past_upgrades(connection: Connection, rest: bytes) -> None:
    """Continue after a request that asked for another protocol.

    The parser assumes that such a request ends with its head. A declared body is read by a second parser that handles
    only the framing, and the connection ends after it.
    """
    while True:
        cycle = connection.cycle
        headers = cycle.scope["headers"]
        framing = [field for field in headers if field[0] in (b"content-length", b"transfer-encoding")]
        if connection.parser.get_method() == b"CONNECT":
            cycle.keep_alive = False
            connection.deaf = True
            return
        if framing and content_length(headers) != 0:
            cycle.more_body = True
            cycle.keep_alive = False
            cycle.message_event.clear()
            end = partial(_end_of_body, connection)
            connection.parser = httptools.HttpRequestParser(
                SimpleNamespace(on_body=connection.on_body, on_message_complete=end)
            )
            head = b"".join(b"%s: %s\r\n" % field for field in framing)
            rest = b"POST / HTTP/1.1\r\n" + head + b"\r\n" + rest
        try:
            connection.parser.feed_data(rest)
        except httptools.HttpParserUpgrade as upgrade:
            rest = rest[upgrade.args[0] :]
        else:
            return


def _end_of_body(connection: Connection) -> NoReturn:
    connection.on_message_complete()
    connection.deaf = True
    raise Unreadable
