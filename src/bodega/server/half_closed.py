"""A client that has closed its sending side (FIN) and waits for the reply, or is gone: TCP does not tell which."""

import asyncio
import select
from contextlib import suppress

from bodega.server.connection import Connection

_INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


async def until_gone(connection: Connection) -> None:
    """Returns when the client of a half-closed connection has gone away, which only something sent to it can tell.

    An interim response (RFC 9110 section 15.2) is passed over by a client that is there, and answered by the system
    with a reset if nobody is. An HTTP/1.0 client must not get one: it counts as being there.
    """
    if connection.parser.get_http_version() == "1.0":
        await asyncio.Event().wait()
    connection.transport.write(_INTERIM)
    pause = _FIRST_PAUSE
    while not connection.transport.is_closing() and not _is_reset(connection):
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    connection.transport.abort()


def _is_reset(connection: Connection) -> bool:
    with suppress(OSError, ValueError):
        number = connection.transport.get_extra_info("socket").fileno()
        watch = select.poll()
        watch.register(number, 0)  # POLLERR and POLLHUP are always told: the connection is closed in both directions
        return bool(watch.poll(0))
    return True
