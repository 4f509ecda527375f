"""One process: an ASGI application on several sockets.

Stopping is the same everywhere: the first SIGINT or SIGTERM closes the listening sockets and lets requests in flight
finish, the second ends at once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from typing import Any, NoReturn

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.lifespan.on import LifespanOn
from uvicorn.server import ServerState

from bodega.server.known_heads import KnownHeads
from bodega.server.limits import Limits
from bodega.server.listeners import BACKLOG, Listener, ListenError, Socket, bind, close
from bodega.server.loop import stopped_by_signals
from bodega.server.protocol import Protocol

KEEP_ALIVE_SECONDS = 30
HANDSHAKES_SECONDS = 2.0  # for connections that were opened just before the server stopped listening


async def serve(
    app: ASGI3Application,
    listeners: Sequence[Listener],
    *,
    limits: Limits | None = None,
    grace_seconds: float = 10.0,
    drain_seconds: float = 0.0,
    started: Callable[[Sequence[Listener]], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until a stop signal, or until `stop` is set, then finish what is in flight for up to `grace_seconds`.

    In between the server goes on as before for `drain_seconds`, but sets `stopping` in the state of the scope, so that
    a load balancer can notice it first.

    The application starts (ASGI lifespan) before the first request is read and shuts down after the last reply.
    `started` is called once with the bound listeners. Raises ListenError when a listener cannot be bound or the
    application does not start. Signals are handled in the main thread only.
    """
    stop = stop or asyncio.Event()
    bound: list[Listener] = []
    try:
        bound.extend(map(bind, listeners))
        with stopped_by_signals(stop) as hurry:
            try:
                await serve_bound(app, bound, limits or Limits(), (drain_seconds, grace_seconds), started, stop)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or not hurry.is_set():
                    raise
                task.uncancel()
    finally:
        close(bound)


async def serve_bound(
    app: ASGI3Application,
    listeners: Sequence[Listener],
    limits: Limits,
    patience: tuple[float, float],
    started: Callable[[Sequence[Listener]], None] | None,
    stop: asyncio.Event,
) -> None:
    drain_seconds, grace_seconds = patience
    config = Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    config.load()
    state = ServerState()
    lifespan = LifespanOn(config)
    await lifespan.startup()
    if lifespan.should_exit:
        raise ListenError("The application did not start; the log says why.")
    protocol = partial(Protocol, config, state, lifespan.state, limits=limits, heads=KnownHeads(limits.head_bytes))
    clock = asyncio.create_task(keep_date(state))
    servers: list[asyncio.Server] = []
    try:
        for listener in listeners:
            servers.append(await accept(listener, protocol, limits))
        if started is not None:
            started(listeners)
        await stop.wait()
        lifespan.state["stopping"] = True
        await asyncio.sleep(drain_seconds)
        lifespan.state["leaving"] = True  # from now on every reply is the last one of its connection
        last = [listener.socket.dup() for listener in listeners if listener.socket is not None]
        for server in servers:
            server.close()
        await accept_waiting(last, listeners, protocol)
        for connection in list(state.connections):
            connection.shutdown()
        await finish(state, grace_seconds)
    finally:
        clock.cancel()
        for server in servers:
            server.close()
        for task in list(state.tasks):
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
    if state.tasks:
        await asyncio.wait(state.tasks, timeout=1.0)
    await lifespan.shutdown()


async def accept(listener: Listener, protocol: Callable[[], asyncio.Protocol], limits: Limits) -> asyncio.Server:
    assert listener.socket is not None
    handshake = limits.head_seconds if listener.tls else None
    return await asyncio.get_running_loop().create_server(
        protocol, sock=listener.socket, ssl=listener.tls, backlog=BACKLOG, ssl_handshake_timeout=handshake
    )


async def accept_waiting(
    sockets: Sequence[Socket], listeners: Sequence[Listener], protocol: Callable[[], asyncio.Protocol]
) -> None:
    """Accept the connections that were opened before the server stopped listening: their clients expect a reply.

    Closing a socket resets what its queue still holds. `sockets` are copies of those of `listeners`.
    """
    loop = asyncio.get_running_loop()
    accepted: list[asyncio.Task[Any]] = []
    for copy, listener in zip(sockets, listeners, strict=True):
        handshake = HANDSHAKES_SECONDS if listener.tls else None
        with copy, suppress(OSError):  # an empty queue is reported as an error, too
            copy.setblocking(False)
            while True:
                connection, _ = copy.accept()
                connection.setblocking(False)
                made = loop.connect_accepted_socket(
                    protocol, connection, ssl=listener.tls, ssl_handshake_timeout=handshake
                )
                accepted.append(asyncio.create_task(made))
    if accepted:
        _, late = await asyncio.wait(accepted, timeout=HANDSHAKES_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*accepted, return_exceptions=True)


async def keep_date(state: ServerState) -> NoReturn:
    """Updates the Date field of every reply (RFC 9110 section 6.6.1) once a second."""
    while True:
        now = time.time()
        state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]
        await asyncio.sleep(1 - now % 1)


async def finish(state: ServerState, grace_seconds: float) -> None:
    """Wait until every connection is closed and every request task has ended, or the grace is over.

    The protocol keeps both in plain sets, which send no notification: so they are polled.
    """
    end = time.monotonic() + grace_seconds
    while (state.connections or state.tasks) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
