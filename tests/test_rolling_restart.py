"""A restart drops no request: servers and workers that take turns, and the last moments of a connection."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega.storage.backend import open_backend
from live_server import PATIENT, connected, process
from postgres import database
from shop import Server, Shop
from test_listen import eventually, refuses

PATIENCE = 180.0


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`bodega serve` on free ports: the process, and where it answers plain HTTP."""
    command = [sys.executable, "-m", "bodega.cli", "serve", "--insecure-http", "--json", "--https-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            told = ""
            while not told.endswith("}\n"):
                line = running.stdout.readline()
                assert line, told
                told += line
            yield running, urlsplit(json.loads(told)["http"]).netloc
        finally:
            running.kill()


def stop(running: subprocess.Popen[str]) -> None:
    """As an operator does, and waits for the end."""
    running.send_signal(signal.SIGTERM)
    assert running.wait(PATIENCE) == 0


class Caller(threading.Thread):
    """Asks without pause on one connection at a time, as the client of a balancer: `where` names those who accept."""

    def __init__(self, where: Callable[[], list[str]], shop: Shop, writes: bool) -> None:
        super().__init__()
        self.where = where
        self.path = f"/stores/{shop.name}/v3/catalog/brands"
        self.headers = {"X-Auth-Token": shop.token, "Content-Type": "application/json"}
        self.writes = writes
        self.answered = 0
        self.dropped: list[str] = []
        self.ended = threading.Event()
        self.start()

    def run(self) -> None:
        """Until it is ended."""
        connection: http.client.HTTPConnection | None = None
        while not self.ended.is_set():
            if connection is None or connection.sock is None:
                connection = self.connect()
                if connection is None:
                    continue
            try:
                if self.writes:
                    body = json.dumps({"name": f"{id(self)}-{self.answered}"})
                    connection.request("POST", self.path, body, self.headers)
                else:
                    connection.request("GET", self.path + "?limit=1", None, self.headers)
                reply = connection.getresponse()
                reply.read()
                assert reply.status == 200
                self.answered += 1
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.dropped.append(repr(error))
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def connect(self) -> http.client.HTTPConnection | None:
        """To the first who takes a connection; one that is refused is no dropped request."""
        for address in self.where():
            connection = http.client.HTTPConnection(address, timeout=PATIENCE)
            try:
                connection.connect()
            except ConnectionRefusedError:
                continue
            return connection
        time.sleep(0.01)
        return None


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A database that no other test's servers look after."""
    with database(postgres_url) as made:
        yield made


def a_shop(runner: asyncio.Runner, url: str) -> Shop:
    """A store in the database, and nobody who has it open."""
    house = Server(runner, runner.run(open_backend(None, url))).awake()
    shop = house.shop()
    runner.run(house.app.stop())
    return shop


def served(callers: list[Caller], more: int) -> None:
    """Waits until each caller was answered so often again."""
    until = [caller.answered + more for caller in callers]
    give_up = time.monotonic() + PATIENCE
    while any(caller.answered < wanted for caller, wanted in zip(callers, until, strict=True)):
        assert time.monotonic() < give_up, [caller.dropped for caller in callers]
        time.sleep(0.01)


def end(callers: list[Caller]) -> None:
    for caller in callers:
        caller.ended.set()
    for caller in callers:
        caller.join(PATIENCE)
    assert [caller.dropped for caller in callers] == [[] for _ in callers]


def test_two_servers_restart_one_after_the_other_and_drop_no_request(
    runner: asyncio.Runner, url: str, tmp_path: Path
) -> None:
    """Issue 5: two machines are two processes with a directory each, and one database."""
    shop = a_shop(runner, url)
    options = [("--database", url, "--data", str(tmp_path / name), "--http-port", "0") for name in "ab"]
    addresses: list[str] = []
    with serving(*options[0]) as (first, at_first), serving(*options[1]) as (second, at_second):
        addresses[:] = [at_first, at_second]
        callers = [
            Caller(lambda turn=turn: addresses[turn:] + addresses[:turn], shop, writes)  # type: ignore[misc]
            for turn, writes in ((0, False), (0, True), (1, False), (1, True))
        ]
        try:
            served(callers, 20)
            stop(first)
            served(callers, 20)
            with serving(*options[0]) as (third, at_third):
                addresses[0] = at_third
                stop(second)
                served(callers, 20)
                end(callers)
                stop(third)
        finally:
            for caller in callers:
                caller.ended.set()
    house = Server(runner, runner.run(open_backend(None, url))).awake()
    twin = Shop(house, shop.name)
    assert twin.rows("brands") == sum(caller.answered for caller in callers if caller.writes)
    runner.run(house.app.stop())


def children(parent: int) -> set[int]:
    """The processes that a process started."""
    return set(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_workers_of_a_server_are_replaced_in_turns_and_drop_no_request(
    runner: asyncio.Runner, url: str, tmp_path: Path
) -> None:
    """Issue 5: SIGUSR2; each successor has started before its worker stops."""
    shop = a_shop(runner, url)
    with serving("--database", url, "--data", str(tmp_path), "--http-port", "0", "--workers", "2") as (parent, address):
        before = children(parent.pid)
        callers = [Caller(lambda: [address], shop, writes) for writes in (False, True, False, True)]
        try:
            served(callers, 10)
            os.kill(parent.pid, signal.SIGUSR2)
            give_up = time.monotonic() + PATIENCE
            while children(parent.pid) & before or len(children(parent.pid)) != 2:
                assert time.monotonic() < give_up
                time.sleep(0.02)
            served(callers, 10)
            end(callers)
        finally:
            for caller in callers:
                caller.ended.set()
        stop(parent)


def test_a_request_that_meets_the_end_on_an_idle_connection_is_answered() -> None:
    """RFC 9112 9.6: the answer says that it is the last one."""
    with process(PATIENT) as (server, listener), connected(listener) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.reply().status == 200
        server.send_signal(signal.SIGTERM)
        eventually(lambda: refuses(listener))
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        last = client.reply()
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert client.rest() == b""
        assert server.wait(PATIENCE) == 0


def test_an_idle_connection_does_not_hold_a_stopping_server_up() -> None:
    """RFC 9112 9.6: nothing is owed on it."""
    with process() as (server, listener), connected(listener) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.reply().status == 200
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert client.rest() == b""
        assert server.wait(PATIENCE) == 0
        assert time.monotonic() - began < 8, "sooner than the grace of ten seconds"


def test_connections_that_nobody_accepted_yet_are_served_to_their_end() -> None:
    """Closing a socket resets what its queue holds: so it is emptied first."""
    with process() as (server, listener):
        os.kill(server.pid, signal.SIGSTOP)
        waiting = [socket.create_connection((listener.host, listener.port), timeout=PATIENCE) for _ in range(5)]
        for one in waiting:
            one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.send_signal(signal.SIGTERM)
        os.kill(server.pid, signal.SIGCONT)
        for one in waiting:
            with closing(one):
                assert one.recv(65536).startswith(b"HTTP/1.1 200")
        assert server.wait(PATIENCE) == 0


def test_a_server_that_is_stopped_says_first_that_it_is_not_ready(tmp_path: Path) -> None:
    """Issue 5, ready: whoever balances the load hears of it before connections are refused."""
    with serving("--data", str(tmp_path), "--http-port", "0", "--drain-seconds", "4") as (running, address):
        host, _, port = address.partition(":")
        ready = ask(host, int(port), "/_bodega/health/ready")
        assert ready == (200, {"live": True, "ready": True, "stores": 0})
        running.send_signal(signal.SIGTERM)
        eventually(lambda: ask(host, int(port), "/_bodega/health/ready") != ready)
        status, told = ask(host, int(port), "/_bodega/health/ready")
        assert (status, told["ready"]) == (503, False)
        assert ask(host, int(port), "/_bodega/health/live") == (200, {"live": True})
        assert running.wait(PATIENCE) == 0


def test_behind_a_proxy_that_ends_tls_links_lead_to_the_proxy(runner: asyncio.Runner, tmp_path: Path) -> None:
    """RFC 9110 7.6.3: nothing is read in the clear between the caller and the proxy, so nothing is redirected."""
    house = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = house.shop()
    runner.run(house.app.stop())
    with serving("--data", str(tmp_path), "--http-port", "0", "--behind-tls") as (running, address):
        connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        headers = {"X-Auth-Token": shop.token, "Content-Type": "application/json", "Host": "api.example.com"}
        connection.request("POST", f"/stores/{shop.name}/v2/brands", '{"name":"Acme"}', headers)
        reply = connection.getresponse()
        assert reply.status == 201
        assert reply.headers["location"] == f"https://api.example.com/stores/{shop.name}/v2/brands/1"
        connection.close()
        stop(running)


def ask(host: str, port: int, path: str) -> tuple[int, Any]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, json.loads(reply.read())
