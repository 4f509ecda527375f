"""Bodega under measurement: stores made through the command line, as an operator would, and one server for them."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.request import Request
from bench.server import PATIENCE, Server, free_port, running
from postgres import postgres

COMMAND = str(Path(sys.executable).with_name("bodega"))
SCOPES = (
    "store_v2_products",
    "store_v2_orders",
    "store_inventory",
    "store_cart",
    "store_storefront_api",
)  # what the scenarios need
HEARING = ("webhooks.allow_private=true",)  # settings of a store whose events go to a receiver on this machine
UNLIMITED = "1000000000"  # requests a window: quotas are counted, as in real use, but never spent


@dataclass(frozen=True, slots=True)
class Store:
    """A seeded store, its token, and the server that answers for it; `place` is where the server keeps its stores:
    a directory, or the URL of a PostgreSQL database."""

    server: Server
    name: str
    token: str
    place: str

    def address(self, request: Request) -> Request:
        """`request` with the store's path before its target, and the token and JSON unless it has others. A target that
        says no version is of V3; the storefront's is as it is."""
        if request.target == "/graphql":
            return request
        headers = {"X-Auth-Token": self.token, "Accept": "application/json", **request.headers}
        version = "" if request.target.startswith("/v2/") else "/v3"
        return replace(request, target=f"/stores/{self.name}{version}{request.target}", headers=headers)


@contextmanager
def serving(
    database: str,
    products: Mapping[str, int],
    workers: int = 1,
    command: str = COMMAND,
    under: Sequence[str] = (),
    patience: float = PATIENCE,
    scopes: Sequence[str] = SCOPES,
    settings: Sequence[str] = (),
) -> Iterator[dict[str, Store]]:
    """Make a store for each name in `products`, with that many products, and serve them until the block ends.

    `database` is "sqlite" or "postgres"; both keep every promise of durability. PostgreSQL takes several `workers`.
    `command` is the `bodega` to measure: this revision's own, or that of another one's environment. `under` stands
    before the command that serves: a tool that watches it. It has `patience` seconds to start. The account has
    `scopes`, all where none is named; `settings` of the store are KEY=VALUE.
    """
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bodega-bench-"))
        if database == "sqlite":
            place = ["--data", f"{directory}/data"]
        else:
            place = ["--database", stack.enter_context(postgres(durable=True))]
        tokens = {}
        for name, count in products.items():
            tokens[name] = _make(name, count, place, directory, command, scopes)
            if settings:
                _bodega(command, ["store", "set", name, *settings, *place], directory)
        port, tls_port = free_port(), free_port()
        ports = ["--http-port", str(port), "--https-port", str(tls_port), "--workers", str(workers)]
        started = [*([*under, sys.executable] if under else []), command, "serve", *place, "--insecure-http", *ports]
        server = stack.enter_context(running(started, port, directory, patience))
        yield {name: Store(server, name, token, place[1]) for name, token in tokens.items()}


def _make(name: str, products: int, place: Sequence[str], directory: str, command: str, scopes: Sequence[str]) -> str:
    """Create and fill a store; return the token of an account that has `scopes`."""
    print(f"Filling the store {name} with {products:,} products ...", file=sys.stderr)
    _bodega(command, ["store", "create", name, *place], directory)
    granted = [word for scope in scopes for word in ("--scope", scope)]
    quota = ["--requests-per-window", UNLIMITED]
    account = json.loads(_bodega(command, ["account", "create", name, "bench", *granted, *quota, *place], directory))
    _bodega(command, ["seed", name, "--products", str(products), *place], directory)
    token: str = account["token"]
    return token


def _bodega(command: str, arguments: Sequence[str], directory: str) -> str:
    done = subprocess.run([command, *arguments], cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bodega {' '.join(arguments)} failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
