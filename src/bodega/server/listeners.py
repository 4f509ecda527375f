"""Where a server listens: binding and closing its sockets."""

import os
import socket
import ssl
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace

BACKLOG = 2048

Socket = socket.socket  # a field of Listener has the name of the module


class ListenError(Exception):
    """The server cannot start; the message is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen, and whether with TLS. Port 0 asks for any free port; `socket` is set once it is bound."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    socket: Socket | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def bind(listener: Listener, *, shared: bool = False) -> Listener:
    """The listener with its socket listening and the real port. Raises ListenError if that fails.

    The system distributes connections among `shared` sockets of one port (Linux, SO_REUSEPORT).
    """
    if listener.socket is not None:
        return replace(listener, port=listener.socket.getsockname()[1])
    where = f"{listener.host} port {listener.port}"
    try:
        found = socket.getaddrinfo(
            listener.host or None, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = min(found, key=lambda item: item[0] != socket.AF_INET)
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"Cannot listen on {where}: {reason(error)}.") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setblocking(False)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise ListenError(f"Cannot listen on {where}: {reason(error)}.") from error
    return replace(listener, port=bound.getsockname()[1], socket=bound)


def reason(error: OSError) -> str:
    """The system's message without number or address, beginning in lower case: "address already in use"."""
    words = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
    return words[:1].lower() + words[1:]


def bind_each(listener: Listener, workers: int) -> list[Listener]:
    """One bound listener for each worker, all on the same port.

    Workers that accept from one socket get very unequal shares, and a connection stays where it was accepted. Only
    Linux distributes connections among sockets of one port; elsewhere the workers share one. Sockets that share a port
    would share it with a second server too: the first is bound exclusively, so that this is noticed.
    """
    alone = bind(listener)
    if workers == 1 or alone.socket is None or not sys.platform.startswith("linux"):
        return [alone] * workers
    alone.socket.close()
    return [bind(replace(alone, socket=None), shared=True) for _ in range(workers)]


def close(listeners: Iterable[Listener]) -> None:
    for listener in listeners:
        if listener.socket is not None:
            listener.socket.close()
