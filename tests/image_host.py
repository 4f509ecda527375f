"""A host of images somewhere else: what a URL that a client names leads to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pictures import picture

RED = picture()


class Host(BaseHTTPRequestHandler):
    """A host of images, and of what else one may meet: the path says what is answered."""

    protocol_version = "HTTP/1.1"
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        word, _, rest = self.path[1:].partition("/")
        if word == "to":
            self.answer(302, b"", location="http://" + rest)
        elif word == "hops":
            left = int(rest)
            self.answer(302 if left else 200, b"" if left else RED, location=f"/hops/{left - 1}")
        elif word == "status":
            self.answer(int(rest), b"")
        elif word == "script":
            self.answer(302, b"", location="file:///etc/passwd")
        elif word == "large":
            self.answer(200, bytes(int(rest)))
        elif word == "slow":
            threading.Event().wait(5)
            self.answer(200, RED)
        elif word == "broken":
            self.wfile.write(b"no HTTP\r\n\r\n")
            self.close_connection = True
        elif word == "colour":
            self.answer(200, picture((2000, 1000), "JPEG", rest.partition("/")[0]))
        else:
            self.answer(200, RED)

    def answer(self, status: int, body: bytes, location: str = "") -> None:
        self.send_response(status)
        if location and status == 302:
            self.send_header("location", location)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Hosts(ThreadingHTTPServer):
    """Says nothing of callers that leave before they heard everything."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


def serve(address: str) -> Iterator[str]:
    server = Hosts((address, 0), Host)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"{address}:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
