"""A started `bodega`: a process of its own with TLS on free ports, its stores and accounts made by the command line."""

import json
import os
import resource
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from bodega.cli import main

BODEGA = [sys.executable, "-m", "bodega.cli"]
PATIENCE = 180.0  # seconds until a process that neither starts nor stops is given up


def environment() -> dict[str, str]:
    """The tests' own, without what would lead to somebody's stores."""
    kept = {"BODEGA_KEY_FILE", "BODEGA_CACHE"}  # a registry on PostgreSQL is opened here and there
    return {name: value for name, value in os.environ.items() if not name.startswith("BODEGA_") or name in kept}


def seconds_of_children() -> float:
    """Processor time of the processes that this one has started and seen end: no other work on the machine counts."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Starting(subprocess.Popen[str]):
    """A process that is given up when it does not start."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.impatient = threading.Timer(6 * PATIENCE, self.kill)


@contextmanager
def started(*words: str) -> Iterator[Starting]:
    """A `bodega` command that runs until the block ends; its standard output is a pipe.

    Killed when it takes too long to say what `first_json` reads, and never for serving long: a module of tests may need
    minutes on a busy machine. Interrupted as by Ctrl-C at the end, and killed if that does not end it. A process that
    ended by itself is left alone.
    """
    process = Starting(
        [*BODEGA, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
    )
    process.impatient.start()
    with process:
        try:
            yield process
        finally:
            process.impatient.cancel()
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()


def first_json(process: Starting) -> Any:
    """What a command started with --json says of itself; from then on it may run as long as it likes."""
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, f"bodega ended after saying {text!r}"
        text += line
    process.impatient.cancel()
    return json.loads(text)


def command(place: tuple[str, ...], line: str) -> Any:
    """A command as typed: what it prints with --json."""
    done = CliRunner(env={"BODEGA_DATA": None, "BODEGA_DATABASE": None}).invoke(
        main, [*shlex.split(line), "--json", *place]
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Store:
    """A store of a started server. `host` is its own name with the port, for Basic authentication."""

    served: "Served"
    hash: str

    @property
    def host(self) -> str:
        return f"store-{self.hash}.localhost:{urlsplit(self.served.https).port}"

    def run(self, line: str) -> Any:
        """A command on this store; HASH stands for it."""
        return command(self.served.place, line.replace("HASH", self.hash))

    def account(self, options: str = "") -> Any:
        """A new account: its client_id, token and username."""
        return self.run(f"account create HASH app {options}")


@dataclass(frozen=True)
class Served:
    """A running `bodega serve`. `place` names its stores to other commands; `api` is HOST:PORT of its HTTPS side."""

    place: tuple[str, ...]
    https: str
    http: str
    ca: str

    @property
    def api(self) -> str:
        return urlsplit(self.https).netloc

    def store(self, plan: str = "sandbox") -> Store:
        """A new store."""
        made = Store(self, f"s-{secrets.token_hex(4)}")
        made.run(f"store create HASH --plan {plan}")
        return made


@contextmanager
def serving(data: os.PathLike[str], *options: str, database: str | None = None) -> Iterator[Served]:
    """`bodega serve` on a directory, or on PostgreSQL with its certificates in the directory."""
    ports = ("--https-port", "0", "--http-port", "0")
    place = ("--data", str(data)) if database is None else ("--data", str(data), "--database", database)
    with started("serve", *place, *ports, *options, "--json") as process:
        described = first_json(process)
        yield Served(place, described["https"], described["http"], described["ca"])


def resolve_localhost(patch: pytest.MonkeyPatch) -> None:
    """Names below localhost are this machine (RFC 6761 section 6.3); not every system's resolver knows it."""
    resolve = socket.getaddrinfo

    def local(host: Any, *rest: Any, **more: Any) -> Any:
        below = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if below else host, *rest, **more)

    patch.setattr(socket, "getaddrinfo", local)


@contextmanager
def tunnel(to: str) -> Iterator[str]:
    """The URL of a proxy that leads every CONNECT (RFC 9110 section 9.3.6) to one HOST:PORT, whatever was asked for.

    So clients that have the service's host built in can be used as they are, and nothing leaves the machine.
    """
    host, port = to.split(":")
    listening = socket.create_server(("127.0.0.1", 0))

    def lead(caller: socket.socket) -> None:
        with caller, socket.create_connection((host, int(port)), timeout=PATIENCE) as server:
            caller.settimeout(PATIENCE)
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += caller.recv(4096) or b"\r\n\r\n"
            caller.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=pour, args=(server, caller), daemon=True)
            back.start()
            pour(caller, server)
            back.join(PATIENCE)

    def accept() -> None:
        while True:
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=lead, args=(caller,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with closing(listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def pour(source: socket.socket, sink: socket.socket) -> None:
    """Copies what arrives until the source ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
