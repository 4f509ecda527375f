"""A server on real sockets in a thread of the test's own process, and a client that speaks bytes."""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bodega.server import protocol
from bodega.server.listen import Listener, ListenError, run, serve, serve_workers
from bodega.server.protocol import Limits

HOST = b"Host: localhost\r\n"
BEGUN = "begun"
"""What a slow request says on standard output once it is under way."""
PATIENCE = 60.0
HANGING_UP = (ConnectionError, ssl.SSLEOFError)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what it was asked; its paths do what an application may do to a socket."""
    if scope["type"] == "lifespan":
        await live(scope, receive, send)
        return
    if scope["path"] == "/refuse":
        await reply(send, 413, {"refused": True})
        return
    if scope["path"] == "/slow":
        print(BEGUN, flush=True)
        await asyncio.sleep(0.4)
    body = await read(receive)
    if body is None:
        return
    extra = [(b"x-echo", b"safe\r\nx-injected: 1")] if scope["path"] == "/inject" else []
    asked = {name: scope[name] for name in ("method", "path", "scheme")}
    names = [name.decode() for name, _ in scope["headers"]]
    await reply(send, 200, {**asked, "body": len(body), "fields": names, "pid": os.getpid()}, extra)


async def live(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI lifespan: nothing to start, nothing to shut down."""
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def read(receive: Any) -> bytes | None:
    """The request body; None when the client went away before its end."""
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event["body"]
        if not event["more_body"]:
            return body


async def reply(send: Any, status: int, content: Any, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    body = json.dumps(content).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def running(
    app: Any = application, listeners: Sequence[Listener] = (Listener("127.0.0.1", 0),), **options: Any
) -> Iterator[Sequence[Listener]]:
    """The bound listeners of a server that runs until the block ends."""
    ready: list[Sequence[Listener]] = []
    starting = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        stop = asyncio.Event()
        loops.append((asyncio.get_running_loop(), stop))

        def started(bound: Sequence[Listener]) -> None:
            ready.append(bound)
            starting.set()

        options.setdefault("grace_seconds", 2.0)
        await serve(app, listeners, started=started, stop=stop, **options)

    thread = threading.Thread(target=lambda: run(main()))
    thread.start()
    try:
        assert starting.wait(PATIENCE)
        yield ready[0]
    finally:
        loop, stop = loops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        assert not thread.is_alive()


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """One connection. Reads time out after a minute, which fails the test."""

    socket: socket.socket
    pending: bytes = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_until_refused(self, data: bytes, maximum: int) -> int:
        """Send `data` again and again until the server hangs up; the number of bytes it let pass, at most `maximum`."""
        passed = 0
        try:
            while passed < maximum:
                passed += self.socket.send(data)
        except HANGING_UP:
            pass
        return passed

    def reply(self) -> Reply:
        while b"\r\n\r\n" not in self.pending:
            self.more()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        line, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
        length = int(headers.get("content-length", "0"))
        while len(self.pending) < length:
            self.more()
        body, self.pending = self.pending[:length], self.pending[length:]
        return Reply(int(line.split()[1]), headers, body)

    def more(self) -> None:
        data = self.socket.recv(65536)
        assert data, "the server hung up"
        self.pending += data

    def rest(self) -> bytes:
        """All that still comes before the server closes the connection."""
        rest, self.pending = self.pending, b""
        try:
            while data := self.socket.recv(65536):
                rest += data
        except HANGING_UP:
            pass
        return rest


@contextmanager
def connected(listener: Listener) -> Iterator[Client]:
    with socket.create_connection((listener.host, listener.port), timeout=PATIENCE) as connection:
        yield Client(connection)


LIMITS = Limits(head_seconds=PATIENCE, body_seconds=PATIENCE, body_bytes=1024 * 1024)
HASTY = Limits(head_seconds=0.4, body_seconds=0.4, body_bytes=1024 * 1024)


# In a process of its own, for signals: `python live_server.py [WORKERS]` prints its port when it serves.

PATIENT = "patient"
"""Instead of WORKERS: stopping, it waits for the last call of an idle connection as long as for anything."""


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], Listener]]:
    command = [sys.executable, "-u", __file__, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, Listener("127.0.0.1", int(server.stdout.readline()))
        finally:
            server.kill()


async def fail(index: int, listeners: Sequence[Listener], stop: asyncio.Event) -> None:
    raise ListenError("The database is not there.")


def main() -> None:
    if sys.argv[1:] in ([], [PATIENT]):
        if sys.argv[1:]:
            protocol.LAST_CALL_SECONDS = PATIENCE
        run(serve(application, [Listener("127.0.0.1", 0)], started=lambda bound: print(bound[0].port)))
    elif sys.argv[1] == "failing":
        serve_workers(fail, [], 2)
    else:
        serve_workers(
            lambda _, listeners, stop: serve(application, listeners, stop=stop),
            [Listener("127.0.0.1", 0)],
            int(sys.argv[1]),
            bound=lambda listeners: print(listeners[0].port),
        )


if __name__ == "__main__":
    main()
