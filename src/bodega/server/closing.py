"""The end of a connection: when nothing is owed, and in stages when a client may still be sending (RFC 9112 9.6)."""

import asyncio
from typing import Any

from bodega.server.connection import Connection

LINGER_BYTES = 256 * 1024  # what is still taken, and thrown away, from a client that sends on after our last word
LINGER_SECONDS = 1.0


class Closing:
    """How a connection is closed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._discarded = 0

    def close_idle(self) -> None:
        """Close when nothing is owed. Under TLS a client that is not reading never says goodbye, and need not be
        waited for (RFC 8446 section 6.1)."""
        connection = self._connection
        connection.transport.close()
        connection.timer.set(LINGER_SECONDS, self._leave)

    def linger(self) -> None:
        """Close in stages: a client still sending could otherwise lose our reply to a reset (RFC 9112 section 9.6)."""
        connection = self._connection
        connection.deaf = True
        if connection.transport.is_closing():
            return
        if connection.transport.can_write_eof():
            connection.transport.write_eof()
        connection.flow.resume_reading()
        connection.timer.set(LINGER_SECONDS, self._leave)

    def discard(self, data: bytes) -> None:
        """Takes what comes after our last word, up to a point."""
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self._connection.flow.pause_reading()

    def _leave(self) -> None:
        """Close, and under TLS without the closing handshake, which would read on, when our reply is out."""
        transport = self._connection.transport
        if transport.get_write_buffer_size():
            transport.close()
        else:
            transport.abort()


class LingeringTransport(asyncio.Transport):
    """What a reply to a half-read request is written to: closing it waits for the client to have read the reply."""

    def __init__(self, transport: asyncio.Transport, closing: Closing) -> None:
        super().__init__()
        self._transport = transport
        self._closing = closing

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self._closing.linger()
