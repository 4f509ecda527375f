"""Listening, stopping, workers."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

import live_server
from bodega.server.listen import Listener, ListenError, bind, bind_each, close, run, serve
from bodega.server.tls import ensure_certificate, server_context
from live_server import BEGUN, HOST, PATIENCE, Client, Reply, application, connected, process, running

GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
SLOW = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"


def get(listener: Listener) -> Reply:
    with connected(listener) as client:
        client.send(GET)
        return client.reply()


def begun(server: subprocess.Popen[str]) -> None:
    """Waits until a slow request is under way in a process."""
    assert server.stdout is not None
    assert server.stdout.readline().strip() == BEGUN


def refuses(listener: Listener) -> bool:
    """Whether nobody listens there any more."""
    try:
        with connected(listener):
            return False
    except ConnectionError:
        return True


def eventually(condition: Any, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_each_listener_gives_its_own_scheme_and_all_share_one_lifespan(tmp_path: Path) -> None:
    certificate = ensure_certificate(tmp_path, "127.0.0.1")
    lives: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["store"] = "demo"
        elif scope["state"] == {"store": "demo"}:
            lives.append(scope["scheme"])

        async def note(event: Any) -> None:
            if event["type"].startswith("lifespan"):
                lives.append(event["type"])
            await send(event)

        await application(scope, receive, note)

    listeners = [
        Listener("127.0.0.1", 0, server_context(certificate.cert, certificate.key)),
        Listener("127.0.0.1", 0),
        Listener("::1", 0),
    ]
    with running(app, listeners) as (secure, plain, plain6):
        assert get(plain).json["scheme"] == "http"
        assert get(plain6).json["scheme"] == "http"
        context = ssl.create_default_context(cafile=certificate.ca)
        with socket.create_connection(("127.0.0.1", secure.port), timeout=PATIENCE) as raw:
            client = Client(context.wrap_socket(raw, server_hostname="localhost"))
            client.send(GET)
            assert client.reply().json["scheme"] == "https"
            client.socket.close()
        assert secure.url == f"https://127.0.0.1:{secure.port}"
        assert plain6.url == f"http://[::1]:{plain6.port}"
    assert lives == ["lifespan.startup.complete", "http", "http", "https", "lifespan.shutdown.complete"]


def test_a_reply_names_its_date_and_no_server() -> None:
    with running() as (listener,):
        headers = get(listener).headers
    assert headers["date"].endswith(" GMT")
    assert "server" not in headers


def test_headers_of_a_proxy_change_nothing() -> None:
    with running() as (listener,), connected(listener) as client:
        client.send(b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n")
        assert client.reply().json["scheme"] == "http"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_in_use_is_told_in_one_sentence(taken: int) -> None:
    with pytest.raises(ListenError, match=rf"^Cannot listen on 127\.0\.0\.1 port {taken}: address already in use\.$"):
        run(serve(application, [Listener("127.0.0.1", 0), Listener("127.0.0.1", taken)]))


def test_a_host_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(ListenError, match=r"^Cannot listen on 203\.0\.113\.1 port 0: .+\.$"):
        bind(Listener("203.0.113.1", 0))


def test_an_application_that_does_not_start_stops_the_server() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "The store cannot be opened."})

    with pytest.raises(ListenError):
        run(serve(app, [Listener("127.0.0.1", 0)]))


# Stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [(), ("2",)], ids=["one process", "workers"])
def test_a_signal_lets_the_request_in_flight_finish(number: signal.Signals, workers: tuple[str, ...]) -> None:
    with process(*workers) as (server, listener), connected(listener) as client, connected(listener) as idle:
        idle.send(GET)
        assert idle.reply().status == 200
        client.send(SLOW)
        begun(server)
        server.send_signal(number)
        answer = client.reply()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert idle.rest() == b""
        assert server.wait(PATIENCE) == 0
        with pytest.raises(ConnectionError):
            get(listener)


@pytest.mark.parametrize("workers", [(), ("2",)], ids=["one process", "workers"])
def test_a_second_signal_ends_at_once(workers: tuple[str, ...]) -> None:
    with process(*workers) as (server, listener), connected(listener) as client:
        get(listener)
        client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert client.reply().status == 100, "the application waits for the body"
        server.send_signal(signal.SIGTERM)
        eventually(lambda: refuses(listener))
        time.sleep(0.2)
        assert server.poll() is None
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0
        assert time.monotonic() - began < 8, "sooner than the grace of ten seconds"


def test_a_request_that_outlives_the_grace_is_cancelled() -> None:
    ended: list[str] = []
    asked = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        await receive()
        asked.set()
        try:
            await receive()
        finally:
            ended.append(scope["path"])

    with running(app, grace_seconds=0.1) as (listener,):
        client = socket.create_connection((listener.host, listener.port))
        client.sendall(GET)
        assert asked.wait(PATIENCE)
    client.close()
    assert ended == ["/"]


@pytest.mark.parametrize("path", [b"/", b"/slow"])
def test_a_client_that_does_not_listen_keeps_nobody_waiting(tmp_path: Path, path: bytes) -> None:
    """RFC 8446 section 6.1: under TLS a goodbye need not be answered, and a pooled connection answers none."""
    certificate = ensure_certificate(tmp_path, "127.0.0.1")
    listener = Listener("127.0.0.1", 0, server_context(certificate.cert, certificate.key))
    context = ssl.create_default_context(cafile=certificate.ca)
    asked = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.set()
        await application(scope, receive, send)

    with ExitStack() as stack:
        with running(app, [listener], grace_seconds=PATIENCE) as (bound,):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", bound.port), timeout=PATIENCE))
            client = Client(stack.enter_context(context.wrap_socket(raw, server_hostname="localhost")))
            client.send(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n")
            if path == b"/":
                client.reply()
            else:
                assert asked.wait(PATIENCE)
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE / 2
        assert path == b"/" or client.reply().status == 200


# Workers


@pytest.mark.parametrize("workers", [(), ("2",)], ids=["one process", "workers"])
def test_a_signal_is_heeded_as_soon_as_the_port_is_told(workers: tuple[str, ...]) -> None:
    with process(*workers) as (server, _):
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0


def test_a_worker_that_is_killed_is_replaced() -> None:
    with process("2") as (server, listener):
        victim = get(listener).json["pid"]
        os.kill(victim, signal.SIGKILL)
        seen: set[int] = set()

        def replaced() -> bool:
            seen.add(get(listener).json["pid"])
            return len(children(server.pid)) == 2 and victim not in children(server.pid)

        eventually(replaced)
        assert server.poll() is None
        assert seen - {victim}


def test_workers_end_with_their_parent() -> None:
    with process("2") as (server, listener):
        get(listener)
        workers = children(server.pid)
        assert len(workers) == 2
        server.kill()
        server.wait(PATIENCE)
        eventually(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def test_workers_that_cannot_start_are_given_up() -> None:
    command = [sys.executable, live_server.__file__, "failing"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database is not there.")  # the workers write at once
    assert ended.stderr.endswith("ListenError: The workers end as soon as they are started; the log says why.\n")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux divides connections among sockets")
def test_connections_are_divided_among_the_workers() -> None:
    with process("2") as (_, listener), ExitStack() as stack:
        shares: Counter[int] = Counter()
        for client in [stack.enter_context(connected(listener)) for _ in range(64)]:
            client.send(GET)
            shares[client.reply().json["pid"]] += 1
        assert min(shares.values()) > 10, shares
        assert len(shares) == 2


def test_workers_notice_a_port_in_use(taken: int) -> None:
    with pytest.raises(ListenError, match="address already in use"):
        bind_each(Listener("127.0.0.1", taken), 2)
    shares = bind_each(Listener("127.0.0.1", 0), 2)
    try:
        with pytest.raises(ListenError, match="address already in use"):
            bind_each(Listener("127.0.0.1", shares[0].port), 2)
    finally:
        close(shares)


def children(parent: int) -> list[int]:
    """Process ids; on a system without /proc, of ps."""
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    listed = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    return [int(one) for one in listed.stdout.split()]


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with running():
        assert threading.active_count() > 1
        assert signal.getsignal(signal.SIGTERM) is before
