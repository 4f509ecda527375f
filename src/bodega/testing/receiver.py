"""A receiver of webhooks in a test's own process: it keeps what comes, checks signatures, and can be waited for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PATIENCE = 10.0
"""Seconds that `wait_for` waits unless told otherwise."""


class Event(NamedTuple):
    """A message that came: its payload, headers by lower-case names, raw body, and the path that it was sent to."""

    scope: str
    data: Any
    id: str
    headers: Mapping[str, str]
    body: bytes
    path: str

    def is_signed(self, secret: str) -> bool:
        """Whether its signature is right under the client secret of its hook's account."""
        signed = f"{self.id}.{self.headers.get('webhook-timestamp', '')}.".encode() + self.body
        own = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        return any(hmac.compare_digest(own, one) for one in self.headers.get("webhook-signature", "").split())


class WebhookReceiver:
    """Listens on a free port of this machine until it is closed. `answer` decides the status of each message."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.answer: Callable[[Event], int] = lambda _event: 200
        self._came = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address, for a hook's destination."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def received(self, event: Event) -> int:
        """Keeps a message and returns the status of the answer."""
        with self._came:
            self.events.append(event)
            self._came.notify_all()
        return self.answer(event)

    def of(self, scope: str) -> list[Event]:
        """What came of a scope; `store/order/*` covers all below it."""
        start = scope[:-1] if scope.endswith("/*") else None
        return [one for one in self.events if one.scope == scope or (start is not None and one.scope.startswith(start))]

    def wait_for(self, scope: str, count: int = 1, seconds: float = PATIENCE) -> list[Event]:
        """Waits until so many messages of a scope have come, and returns them. Raises AssertionError if they do not."""
        __tracebackhide__ = True
        end = time.monotonic() + seconds
        with self._came:
            while len(found := self.of(scope)) < count:
                left = end - time.monotonic()
                if left <= 0:
                    came = ", ".join(event.scope for event in self.events) or "nothing"
                    raise AssertionError(f"{len(found)} of {count} events {scope} came in {seconds:g} s; came: {came}.")
                self._came.wait(left)
        return found

    def clear(self) -> None:
        """Forgets what came."""
        with self._came:
            self.events.clear()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: WebhookReceiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that hung up is no error of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            payload = json.loads(body)
            event = Event(payload["scope"], payload["data"], headers.get("webhook-id", ""), headers, body, self.path)
            status = self.server.receiver.received(event)
        except (ValueError, KeyError, TypeError):
            status = 400
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""
