"""Deliveries of webhooks a second to a fast receiver on the same machine.

A store is filled while no server runs, with a hook that asks for every product: so many events wait. Then the server
starts, and the time runs from the first event that arrives to the last.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass

from bench.receiver import wait_for
from bench.request import HOST
from bench.server import free_port, running
from bench.store import COMMAND
from postgres import postgres

NAME = "deliveries"
EVENTS = 20_000
QUICK_EVENTS = 5_000


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Deliveries a second on a database, and microseconds of the server's processor for each."""

    database: str
    per_second: float
    cpu_us: float

    def __str__(self) -> str:
        return f"{NAME}, {self.database}: {self.per_second:,.0f} a second, {self.cpu_us:,.0f} us of the processor each"


def measure(database: str, events: int = EVENTS) -> Deliveries:
    """A backlog of so many events, delivered."""
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bodega-bench-"))
        if database == "sqlite":
            place = ["--data", f"{directory}/data"]
        else:
            place = ["--database", stack.enter_context(postgres(durable=True))]
        port, listening = free_port(), free_port()
        receiver = [sys.executable, "-m", "bench.receiver", "--port", str(listening)]
        stack.enter_context(running(receiver, listening))
        command = [COMMAND, "serve", *place, "--insecure-http", "--http-port", str(port)]
        command += ["--https-port", str(free_port())]
        _bodega(directory, "store", "create", "bench", *place)
        account = json.loads(
            _bodega(directory, "account", "create", "bench", "bench", "--scope", "store_v2_products", *place)
        )
        _bodega(directory, "store", "set", "bench", "webhooks.allow_private=true", *place)
        with running(command, port, directory):
            _subscribe(port, account["token"], f"http://{HOST}:{listening}/")
        print(f"Filling the store with {events:,} products ...", file=sys.stderr)
        _bodega(directory, "seed", "bench", "--products", str(events), *place)
        with running(command, port, directory) as server:
            before, began = wait_for(listening, 1), time.monotonic()
            cpu = server.cpu_seconds()
            count = wait_for(listening, events) - before
            seconds = time.monotonic() - began
            return Deliveries(database, count / seconds, (server.cpu_seconds() - cpu) / count * 1e6)


def _subscribe(port: int, token: str, destination: str) -> None:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    body = json.dumps({"scope": "store/product/created", "destination": destination, "is_active": True})
    headers = {"X-Auth-Token": token, "Content-Type": "application/json"}
    connection.request("POST", "/stores/bench/v3/hooks", body, headers)
    reply = connection.getresponse()
    if reply.status != 200:
        raise SystemExit(f"The hook was refused: {reply.read().decode()}")
    connection.close()


def _bodega(directory: str, *arguments: str) -> str:
    """A command run where the server runs: on PostgreSQL that is where the key of the secrets lies."""
    done = subprocess.run([COMMAND, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bodega {' '.join(arguments)} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
