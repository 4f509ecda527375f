"""Listening: an ASGI application on several sockets, in one process or in several workers.

Stopping is the same everywhere: the first SIGINT or SIGTERM closes the listening sockets and lets requests in flight
finish, the second ends at once. SIGUSR2 replaces the workers, one after the other.
"""

import asyncio
import os
import signal
import socket
import ssl
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import partial
from typing import Any, NoReturn

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.lifespan.on import LifespanOn
from uvicorn.server import ServerState

from bodega.server.protocol import Limits, Protocol

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 30
HANDSHAKES_SECONDS = 2.0  # for connections that were made just before the server stopped listening
RESTART_SIGNAL = signal.SIGUSR2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SHORT_LIFE_SECONDS = 2.0  # a worker that dies younger than this is not simply replaced
SHORT_LIVES = 5  # so many in a row, and the fault is not the worker's

Socket = socket.socket  # a field of Listener has the module's name
Worker = Callable[[int, "Sequence[Listener]", asyncio.Event], Coroutine[Any, Any, None]]


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
    """The listener with its socket listening and the real port. Raises ListenError when that cannot be.

    `shared` sockets of one port each get their part of the connections from the system (Linux, SO_REUSEPORT).
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
    """The system's own words without number or address, beginning small: "address already in use"."""
    words = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
    return words[:1].lower() + words[1:]


def bind_each(listener: Listener, workers: int) -> list[Listener]:
    """One bound listener for each worker, all on the same port.

    Workers that accept from one socket get very unequal shares, and a connection stays where it was accepted. Only
    Linux divides connections among sockets of one port; elsewhere the workers share one. Sockets that share a port
    would share it with a second server too: the first is bound alone, so that this is noticed.
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


# One process


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

    Between the two the server goes on as before for `drain_seconds`, but tells the application by `stopping` in the
    state of the scope, so that whoever balances the load can hear of it first.

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
    protocol = partial(Protocol, config, state, lifespan.state, limits=limits)
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
        await take_what_waits(last, listeners, protocol)
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


async def take_what_waits(
    sockets: Sequence[Socket], listeners: Sequence[Listener], protocol: Callable[[], asyncio.Protocol]
) -> None:
    """Accept the connections that were made before the server stopped listening: their clients think they are served.

    Closing a socket resets what its queue still holds. `sockets` are copies of those of `listeners`.
    """
    loop = asyncio.get_running_loop()
    accepted: list[asyncio.Task[Any]] = []
    for copy, listener in zip(sockets, listeners, strict=True):
        handshake = HANDSHAKES_SECONDS if listener.tls else None
        with copy, suppress(OSError):  # that the queue is empty is told as an error, too
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
    """The Date field of every reply (RFC 9110 section 6.6.1), written once a second."""
    while True:
        now = time.time()
        state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]
        await asyncio.sleep(1 - now % 1)


async def finish(state: ServerState, grace_seconds: float) -> None:
    """Wait until every connection is closed and every request task has ended, or the grace is over.

    The protocol keeps both in plain sets, which announce nothing: so they are looked at.
    """
    end = time.monotonic() + grace_seconds
    while (state.connections or state.tasks) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[threading.Event]:
    """The first stop signal sets `stop`; the second sets the yielded event and cancels the current task."""
    hurry = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield hurry
        return
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    seen = 0

    def on_signal() -> None:
        nonlocal seen
        seen += 1
        stop.set()
        if seen > 1:
            hurry.set()
            if task is not None:
                task.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield hurry
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end in a new event loop, uvloop's where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


# Several processes


def serve_workers(
    worker: Worker,
    listeners: Sequence[Listener],
    workers: int,
    *,
    bound: Callable[[Sequence[Listener]], None] | None = None,
) -> None:
    """Run `worker(index, listeners, stop)` in that many forked processes, each in an event loop of its own, until a
    stop signal. `worker` hands its listeners, which are bound, and `stop` to `serve`. SIGUSR2 replaces them in turns.

    `bound` is called in the parent, before any worker runs, with the listeners and their real ports; from then on stop
    signals are heeded. The caller must have no event loop and no threads. A worker that dies is replaced. The first
    stop signal, or the death of the parent, sets every worker's `stop`; the second signal kills them. Raises
    ListenError when a listener cannot be bound or workers keep dying at their start.
    """
    if not hasattr(os, "fork"):
        raise ListenError("More than one worker needs a system with fork(); run with one.")
    each: list[list[Listener]] = []
    try:
        for listener in listeners:
            each.append(bind_each(listener, workers))
        crew = Crew(worker, [[shares[index] for shares in each] for index in range(workers)])
        crew.run((lambda: bound([shares[0] for shares in each])) if bound is not None else lambda: None)
    finally:
        for shares in each:
            close(shares)


class Crew:
    """The workers of one parent. All hold the reading end of a pipe whose writing end only the parent holds: when it
    is closed, on purpose or by the parent's death, they stop."""

    def __init__(self, worker: Worker, listeners: Sequence[Sequence[Listener]]) -> None:
        self.worker = worker
        self.listeners = listeners
        self.alive: dict[int, tuple[int, float]] = {}  # by process id: the worker's index and time of birth
        self.lifeline, self.release = os.pipe()
        self.stopping = False
        self.short_lives = 0
        self.outdated: list[int] = []
        self.leaving = 0

    def run(self, ready: Callable[[], None]) -> None:
        """Run until every worker has ended; `ready` is called as soon as stop signals are heeded."""
        before = {number: signal.signal(number, self.on_signal) for number in STOP_SIGNALS}
        before[RESTART_SIGNAL] = signal.signal(RESTART_SIGNAL, self.on_restart)
        try:
            ready()
            for index in range(len(self.listeners)):
                if not self.stopping:
                    self.fork(index)
            while self.alive:
                self.replace(*os.wait())
        finally:
            self.stop()
            os.close(self.lifeline)
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.short_lives >= SHORT_LIVES:
            raise ListenError("The workers end as soon as they are started; the log says why.")

    def on_signal(self, number: int, frame: object) -> None:
        if self.stopping:
            for process in self.alive:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            os.close(self.release)
            for listeners in self.listeners:
                close(listeners)

    def on_restart(self, number: int, frame: object) -> None:
        """Put a new worker in the place of each, one after the other.

        The parent holds every socket, so what connects to one whose worker is changing waits, and is not refused.
        """
        if not self.leaving:
            self.outdated = list(self.alive)
            self.turn()

    def turn(self) -> None:
        """Start the successor of the next outdated worker, and let that one finish what it has in hand."""
        self.leaving = 0
        while self.outdated and not self.stopping and not self.leaving:
            process = self.outdated.pop(0)
            if process in self.alive:
                self.leaving = process
                self.fork(self.alive[process][0])
                os.kill(process, signal.SIGTERM)

    def replace(self, process: int, status: int) -> None:
        """Note the death of a worker and, while the server runs, put another in its place."""
        if process == self.leaving:
            del self.alive[process]
            self.turn()
            return
        index, born = self.alive.pop(process, (None, 0.0))
        if index is None or self.stopping:
            return
        young = time.monotonic() - born < SHORT_LIFE_SECONDS
        self.short_lives = self.short_lives + 1 if young and status else 0
        if self.short_lives >= SHORT_LIVES:
            self.stop()
            return
        if young:
            time.sleep(0.05 * 2**self.short_lives)
        self.fork(index)

    def fork(self, index: int) -> None:
        """Start a worker; a signal that comes between two instructions waits until both sides know who they are."""
        sys.stdout.flush()
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        process = os.fork()
        if process == 0:
            self.be_worker(index)
        self.alive[process] = (index, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def be_worker(self, index: int) -> NoReturn:
        status = 1
        try:
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(RESTART_SIGNAL, signal.SIG_IGN)  # it is meant for the parent
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            if not self.stopping:
                os.close(self.release)
            for other, listeners in enumerate(self.listeners):
                if other != index:
                    close(item for item in listeners if item not in self.listeners[index])
            run(self.work(index))
            status = 0
        except ListenError as error:
            print(error, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    async def work(self, index: int) -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()

        def on_release() -> None:
            loop.remove_reader(self.lifeline)
            stop.set()

        loop.add_reader(self.lifeline, on_release)
        await self.worker(index, self.listeners[index], stop)
