"""A receiver of webhooks on a real socket, in threads of its own, which answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, bytes, dict[str, str]]
OK: Answer = (200, b"", {})


@dataclass
class Received:
    """One request; `headers` by lower-case name."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The payload."""
        return json.loads(self.body)


class Receiver(ThreadingHTTPServer):
    """`answer` decides what a request gets; it may sleep, which hangs that request only."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[Received] = []
        self.lock = threading.Lock()
        self.under_way = 0
        self.most_under_way = 0
        self.answer: Callable[[Received], Answer] = lambda _received: OK

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def scopes(self, path: str = "") -> list[tuple[str, Any]]:
        """Scope and id of what came, in order."""
        return [(one.json["scope"], one.json["data"].get("id")) for one in self.got if one.path.startswith(path)]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hung up is no error of the test."""


class Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server = self.server
        content = self.rfile.read(int(self.headers["content-length"]))
        received = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, content)
        with server.lock:
            server.got.append(received)
            server.under_way += 1
            server.most_under_way = max(server.most_under_way, server.under_way)
        try:
            status, body, headers = server.answer(received)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        finally:
            with server.lock:
                server.under_way -= 1

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
