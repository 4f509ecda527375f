"""The end of a connection: when no reply is owed, and in stages while a client may still be sending (RFC 9112 9.6)."""

import asyncio
from typing import Any

from bodega.server.connection import Connection

LINGER_BYTES = 256 * 1024  # how much is read, and discarded, from a client that goes on sending after our last reply
LINGER_SECONDS = 1.0


class Closing:
    """How a connection is closed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._discarded = 0

    def close_idle(self) -> None:
        """Close when no reply is owed. A TLS client that is not reading never sends close_notify, and need not be
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
        if connection.half_closed:  # nothing comes any more that could reset the connection
            connection.transport.close()
            return
        if connection.transport.can_write_eof():
            connection.transport.write_eof()
        connection.flow.resume_reading()
        connection.timer.set(LINGER_SECONDS, self._leave)

    def discard(self, data: bytes) -> None:
        """Discards what arrives after our last reply, up to a limit."""
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            self._connection.flow.pause_reading()

    def _leave(self) -> None:
        """Close once our reply is sent; under TLS without the closing handshake, which would go on reading."""
        transport = self._connection.transport
        if transport.get_write_buffer_size():
            transport.close()
        else:
            transport.abort()


class LingeringTransport(asyncio.Transport):
    """The transport for the reply to a half-read request: closing it waits until the client has read the reply."""

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
