"""Heads that were read before (server/known_heads.py): nobody can tell that they are not parsed again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from bodega.server import protocol
from bodega.server.known_heads import LONGEST, KnownHeads
from bodega.server.limits import Limits
from bodega.server.protocol import Protocol
from bodega.server.whole import Whole

LINES = (
    "GET / HTTP/1.1", "GET /a/7?b=c&d HTTP/1.1", "GET /stores/a/v2/x? HTTP/1.1", "PUT /stores/a/v3/x/7 HTTP/1.1",
    "POST /stores/a/v3/x HTTP/1.1", "DELETE /a/7 HTTP/1.1", "HEAD /a HTTP/1.1", "OPTIONS * HTTP/1.1",
    "OPTIONS /a HTTP/1.1", "GET /a%20b HTTP/1.1", "GET //a HTTP/1.1", "GET /a#b HTTP/1.1", "GET http://a/b HTTP/1.1",
    "GET /a HTTP/1.0", "GET /a HTTP/2.0", "BREW /a HTTP/1.1", "GET  /a HTTP/1.1", "\r\nGET /a HTTP/1.1",
    "GET /a?b=%20 HTTP/1.1",
)  # fmt: skip
FIELDS = (
    "Host: a", "host: b", "Host: a\r\nHost: b", "", "Accept: */*", "Accept: a\r\nAccept: b", "X-Auth-Token: t",
    "Connection: close", "Connection: keep-alive", "Expect: 100-continue", "Upgrade: h2c", "Content-Type: x",
    "X-Long: " + "a" * 5_000, "Bad Name: x", "X: 1\r\n folded", "X: \xe9",
)  # fmt: skip
BODIES = ("", "0", "3", "3", "3", "5", "3, 3", "+3", "chunked")


class Wire(asyncio.Transport):
    """A connection as the protocol writes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.sent += b"(end)"

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class App:
    """Answers with all that it was told of a request; of every second one it is asked at once, and answers."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.asked = 0

    def at_once(self, scope: Any, receive: Any) -> Whole | None:
        self.asked += 1
        return Whole(200, [], b"at once " + told(scope)) if self.asked % 2 else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while self.reads:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        content = told(scope) + b" " + body
        length = (b"content-length", b"%d" % len(content))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": content})


def told(scope: Any) -> bytes:
    parts = ("method", "path", "raw_path", "query_string", "http_version", "scheme", "headers")
    return repr([list(scope[part]) if part == "headers" else scope[part] for part in parts]).encode()


def connection(loop: asyncio.AbstractEventLoop, app: App, heads: KnownHeads) -> tuple[Protocol, Wire]:
    config = Config(app, http=Protocol, ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False)
    config.load()
    config.loaded_app = app
    state = ServerState()
    state.default_headers = [(b"date", b"now")]
    made = Protocol(config, state, {}, loop, limits=Limits(), heads=heads)
    wire = Wire()
    made.connection_made(wire)
    return made, wire


def message(chance: random.Random) -> bytes:
    """A request that may be odd in every way, though it mostly is not."""
    usual = chance.random() < 0.7
    line = chance.choice(LINES[:7] if usual else LINES)
    fields = ["Host: a", *([chance.choice(("Accept: */*", "X-Auth-Token: t"))] if chance.random() < 0.5 else [])]
    if not usual:
        fields = [chance.choice(FIELDS) for _ in range(chance.randrange(4))]
    length = chance.choice(BODIES[:6] if usual else BODIES)
    body = b""
    if length == "chunked":
        fields.append("Transfer-Encoding: chunked")
        body = b"3\r\nabc\r\n0\r\n\r\n"
    elif length:
        fields.append(f"Content-Length: {length}")
        body = bytes(chance.choice(b"abc\r\n") for _ in range(5 if length == "5" else 0 if length == "0" else 3))
    head = "\r\n".join([line, *(field for field in fields if field)])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def reads(chance: random.Random) -> Iterator[bytes]:
    """What arrives on one connection: messages, mostly one by one, some cut, some together."""
    for _ in range(12):
        data = message(chance)
        if chance.random() < 0.15:
            data += message(chance)
        if chance.random() < 0.15:
            cut = chance.randrange(1, len(data))
            yield data[:cut]
            data = data[cut:]
        yield data
        if chance.random() < 0.05:
            yield chance.choice((b"\x00", b"no request\r\n\r\n", b"\r\n", b"GET"))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_known_is_answered_as_what_is_parsed(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The same bytes on two connections, of which one knows no head: the same replies, and the same end."""
    begun: list[Any] = []
    real = Protocol._begin_known
    monkeypatch.setattr(protocol.Protocol, "_begin_known", lambda self, one: (begun.append(one), real(self, one)))
    chance = random.Random(seed)
    heads = KnownHeads(32 * 1024)
    answered = 0

    async def compare() -> None:
        nonlocal answered
        loop = asyncio.get_running_loop()
        for _ in range(150):
            reading = chance.random() < 0.8
            pairs = [connection(loop, App(reads=reading), known) for known in (heads, KnownHeads(32 * 1024, most=0))]
            for data in reads(chance):
                for made, wire in pairs:
                    if not wire.closed:
                        made.data_received(data)
                turns = chance.choice((0, 20, 20))  # the next bytes come before the reply, or after it
                for _ in range(turns):
                    await asyncio.sleep(0)
                (_, one), (_, other) = pairs
                if turns:
                    assert without_ids(one.sent) == without_ids(other.sent), data
                    assert one.closed == other.closed, data
            answered += one.sent.count(b"HTTP/1.1 200")
            for made, wire in pairs:
                wire.close()
                made.connection_lost(None)
            await asyncio.sleep(0)

    runner.run(compare())
    assert len(begun) > 100, "many were known"
    assert answered > len(begun) + 50, "and many were not"


def without_ids(sent: bytes) -> list[bytes]:
    """Refusals of the protocol have an id each."""
    return [line for line in sent.split(b"\r\n") if not line.startswith(b"x-request-id")]


def known(heads: KnownHeads, data: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    heads.learn(data, headers)
    return heads.read(data) is not None


def test_what_is_learned() -> None:
    """Only what is framed by nothing but a length, says each thing once and has a Host; and no more than is allowed."""
    host = (b"host", b"a")
    heads = KnownHeads(32 * 1024, most=3)
    assert known(heads, b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", [host])
    found = heads.read(b"PUT /b?c=d HTTP/1.1\r\nHost: a\r\n\r\n")
    assert found is not None
    assert (found[0], found[2]) == ((b"PUT", b"/b", b"c=d"), b"")
    assert heads.read(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nx") is None, "there is more than the message"
    assert heads.read(b"GET /a HTTP/1.1\r\nHost: A\r\n\r\n") is None, "another section"
    body = b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"
    length = (b"content-length", b"2")
    assert known(heads, body + b"xy", [host, length])
    assert heads.read(body + b"x") is None, "there is less"
    assert not known(heads, b"GET /a HTTP/1.1\r\nX: a\r\n\r\n", [(b"x", b"a")]), "no Host"
    for name in (b"connection", b"expect", b"transfer-encoding", b"proxy-connection"):
        section = b"Host: a\r\n" + name + b": x"
        assert not known(heads, b"GET /a HTTP/1.1\r\n" + section + b"\r\n\r\n", [host, (name, b"x")])
    twice = [host, (b"x", b"1"), (b"x", b"2")]
    assert not known(heads, b"GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n\r\n", twice)
    long = b"Host: a\r\nX: " + b"a" * LONGEST
    assert not known(heads, b"GET /a HTTP/1.1\r\n" + long + b"\r\n\r\n", [host, (b"x", b"a" * LONGEST)])
    assert heads.read(b"GET /" + b"a" * LONGEST + b" HTTP/1.1\r\nHost: a\r\n\r\n") is None, "a long line"
    assert len(heads) == 2
    for place in range(10):
        section = b"Host: %d" % place
        assert known(heads, b"GET /a HTTP/1.1\r\n" + section + b"\r\n\r\n", [(b"host", b"%d" % place)])
        assert len(heads) <= 3
