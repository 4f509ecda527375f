"""Heads that leave nothing to be judged (server/head.py): what is said of them without looking is what looking says."""

from __future__ import annotations

import itertools
import random
from typing import Any

import httptools
import pytest

from bodega.server.head import _target, fill_scope, is_plain, judge_head
from bodega.server.limits import Limits, ProtocolRefusal
from bodega.server.whole import FIELDS

VERSIONS = ("0.9", "1.0", "1.1", "2.0")
HOSTS = ("", "Host: a\r\n", "Host: a\r\nHost: b\r\n")
CONNECTIONS = (
    "", "Connection: keep-alive\r\n", "Connection: close\r\n", "Proxy-Connection: keep-alive\r\n",
    "Connection: upgrade\r\nUpgrade: h2c\r\n", "Keep-Alive: 5\r\n",
)  # fmt: skip
OTHERS = (
    "", "Accept: */*\r\n", "Accept: a\r\nAccept: b\r\n", "Content-Length: 0\r\n", "Expect: 100-continue\r\n",
    "Transfer-Encoding: chunked\r\n", "X: 1\r\n" * 101, "X-Long: " + "a" * 40_000 + "\r\n",
)  # fmt: skip


class Stopped(Exception):
    """The head is refused."""


class Heads:
    """A connection as far as a head is judged by it."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.headers: list[tuple[bytes, bytes]] = []
        self.url = b""
        self.scope: dict[str, Any] = {}
        self.expect_100_continue = False
        self.parser: Any = httptools.HttpRequestParser(self)
        self.told: list[tuple[bool, str, bool, str]] = []

    def stop(self, reason: ProtocolRefusal) -> None:
        raise Stopped(reason.name)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        connection: Any = self
        size = sum(len(name) + len(value) + 4 for name, value in self.headers) + len(self.url) + 20
        plain = is_plain(connection, size)
        version, refused = self.parser.get_http_version(), ""
        try:
            judge_head(connection, version, size)
        except Stopped as stopped:
            refused = str(stopped)
        self.told.append((plain, version, self.parser.should_keep_alive(), refused))


def test_a_plain_head_is_one_that_would_pass() -> None:
    """It is of HTTP/1.1, its connection is kept, and nothing of it is refused; of the others some are plain."""
    plain = 0
    for version, host, connection, other in itertools.product(VERSIONS, HOSTS, CONNECTIONS, OTHERS):
        heads = Heads()
        sent = f"GET / HTTP/{version}\r\n{host}{connection}{other}\r\n".encode()
        try:
            heads.parser.feed_data(sent)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            continue
        ((said, found, kept, refused),) = heads.told
        if said:
            plain += 1
            assert (found, kept, refused) == ("1.1", True, ""), sent[:200]
            assert heads.scope[FIELDS] == dict(heads.headers)
            assert not heads.expect_100_continue
    assert plain == 4, "with and without Keep-Alive and Accept"


@pytest.mark.parametrize("seed", range(4))
def test_a_usual_target_is_read_as_any_is(seed: int) -> None:
    """Path and query are those of the general way, for random targets."""
    chance = random.Random(seed)
    usual = 0
    for _ in range(3_000):
        text = "/" + "".join(chance.choice("ab/?#%2f.:@&=+[") for _ in range(chance.randrange(9)))
        heads: Any = Heads()
        heads.url = text.encode()
        try:
            raw_path, query = _target(heads, b"GET")
        except httptools.HttpParserInvalidURLError:
            continue
        fill_scope(heads, "1.1", b"GET")
        assert (heads.scope["raw_path"], heads.scope["query_string"]) == (raw_path, query), text
        if "%" not in text:
            usual += 1
            assert heads.scope["path"] == raw_path.decode(), text
    assert usual > 500
