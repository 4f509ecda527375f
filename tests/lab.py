"""The lab of a house of the tests, asked through ASGI as a client on this machine asks it."""

from __future__ import annotations

import asyncio
import json as stdlib_json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bodega.app import make_app
from bodega.storage.backend import Backend
from bodega.storage.key_care import prepare
from shop import PATIENCE, Reply

BASE = "/_bodega/lab"


class House:
    """Where a lab runs: the loop of the tests, and a backend of its own."""

    def __init__(self, runner: asyncio.Runner, backend: Backend) -> None:
        self.run = runner.run
        self.backend = backend


class Bench:
    """`ask` is one request; `say` the same, which must succeed, as data. `without` is a server without the lab."""

    def __init__(self, house: House, key: str | None = None) -> None:
        self.server = house
        self.run = house.run
        self.folder = getattr(house.backend, "directory", Path())
        house.run(prepare(house.backend.registry))
        terms: dict[str, Any] = {"insecure_http": True, "https_port": 8443, "log": False}
        self.app = self.run(make_app(house.backend, **terms, lab=True, lab_key=key))
        self.without = self.run(make_app(house.backend, **terms))
        self.run(self.app.start())

    def stop(self) -> None:
        """Ends it with its stores; the backend goes with them."""
        self.run(self.app.stop())

    def ask(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        client: tuple[str, int] | None = ("127.0.0.1", 40_000),
        scheme: str = "http",
    ) -> Reply:
        """One request; `path` is below the lab unless it begins with `/stores/` of the API or `/_`."""
        return self.run(self.asked(method, path, json, raw=raw, headers=headers, client=client, scheme=scheme))

    async def asked(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        client: tuple[str, int] | None = ("127.0.0.1", 40_000),
        scheme: str = "http",
    ) -> Reply:
        """The same, for a coroutine."""
        body = raw if raw is not None else b"" if json is None else stdlib_json.dumps(json).encode()
        sent = {
            "host": "127.0.0.1:8080",
            **({"content-type": "application/json", "content-length": str(len(body))} if body else {}),
            **(headers or {}),
        }
        own = any(mark in path for mark in ("/v2/", "/v3/", "/_", "/files/"))
        target, _, query = (path if own else BASE + path).partition("?")
        answered: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            answered.append(message)

        scope = {
            "type": "http", "method": method, "scheme": scheme, "path": target, "raw_path": target.encode(),
            "query_string": query.encode(), "client": client,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        }  # fmt: skip
        await self.app(scope, receive, send)
        told = {name.decode(): value.decode("latin-1") for name, value in answered[0]["headers"]}
        return Reply(answered[0]["status"], told, b"".join(message.get("body", b"") for message in answered[1:]))

    def fetch(self, path: str) -> Reply:
        """A file of a store."""
        return self.ask("GET", path)

    def wait_for(self, condition: Callable[[], Any]) -> None:
        """Lets the server work until the condition holds."""
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up, "this did not happen in time"
            self.run(asyncio.sleep(0.01))

    def say(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """What the lab answers to a request that it carries out; None if it answers nothing."""
        reply = self.ask(method, path, json, **more)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply.json if reply.body else None
