"""A server that is killed and started again on the same stores: `bodega serve` in a process group of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bodega.storage.opening import open_backend
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.engine import open_file
from shop import Server, Shop

PATIENCE = 180.0  # seconds for anything that has to happen after a restart


class Place:
    """Where a server keeps its stores, and the arguments that tell it so."""

    def __init__(self, data: Path, database: str | None) -> None:
        self.data = data
        self.database = database
        self.arguments = ["--data", str(data), *(["--database", database, "--workers", "2"] if database else [])]

    def house(self, runner: asyncio.Runner) -> Server:
        """A server on the same stores in this process, to prepare them and to look at them."""
        return Server(runner, runner.run(open_backend(self.data, self.database)))


@contextmanager
def serving(place: Place) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`bodega serve` in a process group of its own, and where it answers plain HTTP."""
    command = [sys.executable, "-m", "bodega.cli", "serve", "--insecure-http", "--json", "--http-port", "0"]
    with subprocess.Popen(
        [*command, "--https-port", "0", *place.arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = ""
            while line := process.stdout.readline():
                told += line
                if line.startswith("}"):
                    break
            yield process, urlsplit(json.loads(told)["http"]).netloc
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9 of the whole group: nobody gets to say goodbye."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


class Client:
    """A keep-alive connection with a token, below one store."""

    def __init__(self, address: str, shop: Shop) -> None:
        self.connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self.base = f"/stores/{shop.name}"
        self.headers = {"X-Auth-Token": shop.token, "Content-Type": "application/json"}

    def close(self) -> None:
        """Hangs up."""
        self.connection.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body, once the reply is whole."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        self.connection.request(method, self.base + path, data, self.headers | named)
        reply = self.connection.getresponse()
        content = reply.read()
        return reply.status, json.loads(content) if content else None

    def patient(self, method: str, path: str) -> tuple[int, Any]:
        """As `ask`, of a server that is just starting."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask(method, path)
            except OSError:
                self.connection.close()
                assert time.monotonic() < give_up
                time.sleep(0.05)


def all_rows(client: Client, path: str) -> list[Any]:
    """Every page of a list."""
    rows: list[Any] = []
    page = 1
    while True:
        status, told = client.patient("GET", f"{path}?limit=250&page={page}")
        assert status == 200, told
        rows += told["data"]
        if page >= told["meta"]["pagination"]["total_pages"]:
            assert told["meta"]["pagination"]["total"] == len(rows)
            return rows
        page += 1


def settled(client: Client, task: int) -> Any:
    """A task once it has ended."""
    give_up = time.monotonic() + PATIENCE
    while True:
        status, told = client.patient("GET", f"/v3/tasks/{task}")
        assert status == 200, f"task {task} was acknowledged and is lost"
        if told["data"]["state"] in ("done", "failed"):
            return told["data"]
        assert time.monotonic() < give_up, told
        time.sleep(0.05)


def seen_by(house: Server, shop: Shop) -> Shop:
    """A store of a server that has ended, in one that came after it."""
    twin = Shop(house, shop.name)
    twin.token = shop.token
    return twin


def check_file(backend: SqliteBackend, shop: Shop, runner: asyncio.Runner) -> None:
    """SQLite's own checks of the file."""
    record = runner.run(backend.registry.store(shop.name))
    assert record is not None
    connection = open_file(backend.path(record))
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
