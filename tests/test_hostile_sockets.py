"""What a client may do to a socket, and what it gets for it. Sections are of RFC 9112 unless named."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from bodega.server.listeners import Listener
from live_server import HASTY, HOST, LIMITS, PATIENCE, Client, Reply, connected, live, read, reply, running

KIB = 1024
MIB = 1024 * KIB
KERNEL = 12 * MIB  # what both kernels' buffers may hold of what a client sends on loopback
CHUNKED = b"Transfer-Encoding: chunked\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST


@pytest.fixture(scope="module")
def server() -> Iterator[Listener]:
    with pytest.MonkeyPatch.context() as patch, running(limits=LIMITS) as listeners:
        patch.setattr("bodega.server.closing.LINGER_SECONDS", 0.15)
        yield listeners[0]


@pytest.fixture
def client(server: Listener) -> Iterator[Client]:
    with connected(server) as client:
        yield client


@pytest.fixture
def hurried() -> Iterator[Client]:
    """A client of a server that waits for nobody."""
    with running(limits=HASTY) as (listener,), connected(listener) as client:
        yield client


def refused(reply: Reply, status: int) -> None:
    """The reply is the protocol's own: V2 form, closing, nothing told about the server."""
    assert reply.status == status
    assert [error["status"] for error in reply.json] == [status]
    assert set(reply.json[0]) == {"status", "message"}
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-request-id"]
    assert reply.headers["date"]
    assert re.fullmatch(r'</docs/status-codes#[a-z_]+>; rel="help"', reply.headers["link"])
    assert "server" not in reply.headers


def refused_in_v3(reply: Reply, status: int) -> None:
    """The same, in the form of V3 (RFC 9457)."""
    assert reply.status == reply.json["status"] == status
    assert set(reply.json) == {"status", "title", "type", "detail"}
    assert re.fullmatch(r"/docs/status-codes#[a-z_]+", reply.json["type"])
    assert reply.headers["link"] == f'<{reply.json["type"]}>; rel="help"'
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["connection"] == "close"


AMBIGUOUS = {
    "6.3 length and coding": (400, POST + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "6.3 coding and length": (400, POST + CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n"),
    "6.3 two different lengths": (400, POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    "6.3 two lengths in one field": (400, POST + b"Content-Length: 3, 4\r\n\r\nabc"),
    "6.3 a signed length": (400, POST + b"Content-Length: +3\r\n\r\nabc"),
    "6.3 a length beyond 64 bits": (400, POST + b"Content-Length: 99999999999999999999\r\n\r\n"),
    "6.3 a length of 5,000 digits": (400, POST + b"Content-Length: " + b"0" * 5000 + b"3\r\n\r\nabc"),
    "6.1 a coding beside chunked": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "6.1 a coding unlike chunked": (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "6.1 chunked not last": (400, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "6.1 chunked twice": (400, POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n"),
    "6.1 a coding from HTTP/1.0": (400, b"POST / HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "7.1 a chunk size beyond 64 bits": (400, POST + CHUNKED + b"\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"),
    "7.1 a chunk ended by LF": (400, POST + CHUNKED + b"\r\n3\nabc\n0\n\n"),
    "5.1 a space before the colon": (400, POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "5.2 a folded field": (400, GET + b"X-A: a\r\n b\r\n\r\n"),
    "2.2 a bare LF": (400, b"GET / HTTP/1.1\nHost: localhost\n\n"),
    "2.2 a bare CR": (400, b"GET / HTTP/1.1\r\nHost: localhost\rX-A: b\r\n\r\n"),
    "9110 5.5 a NUL in a field": (400, GET + b"X-A: a\x00b\r\n\r\n"),
    "3.2 no Host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "3.2 two Hosts": (400, GET + HOST + b"\r\n"),
    "3 no request line": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "9110 15.6.6 another version": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "9110 15.6.6 an old version": (505, b"GET /\r\n\r\n"),
    "9110 9.3.6 a tunnel": (501, b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n"),
}
TOO_LARGE = {
    "RFC 6585 5: 101 fields": (431, GET + b"".join(b"X-%d: a\r\n" % n for n in range(100)) + b"\r\n"),
    "RFC 6585 5: 5,000 fields": (431, GET + b"".join(b"X-%d: a\r\n" % n for n in range(5000)) + b"\r\n"),
    "RFC 6585 5: a field of 33 KiB": (431, GET + b"X-A: " + b"a" * 33 * KIB + b"\r\n\r\n"),
    "RFC 6585 5: a request line of 33 KiB": (431, b"GET /" + b"a" * 33 * KIB + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "9110 15.5.14 a declared length": (413, POST + b"Content-Length: 1048577\r\n\r\n"),
    "9110 10.1.1 a length with Expect": (413, POST + b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n"),
    "9110 15.5.14 chunks": (413, POST + CHUNKED + b"\r\n" + (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 17),
    "7.1.1 chunk extensions": (400, POST + CHUNKED + b"\r\n" + b"1;a=" + b"b" * MIB),
    "7.1.2 trailer fields": (400, POST + CHUNKED + b"\r\n0\r\n" + b"X-A: b\r\n" * 100 * KIB),
}


@pytest.mark.parametrize(("status", "request_bytes"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(
    client: Client, status: int, request_bytes: bytes
) -> None:
    client.send(request_bytes)
    refused(client.reply(), status)
    assert client.rest() == b""


@pytest.mark.parametrize(("status", "request_bytes"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_refused_and_the_connection_closed(
    client: Client, status: int, request_bytes: bytes
) -> None:
    client.send_until_refused(request_bytes, len(request_bytes))
    refused(client.reply(), status)
    assert client.rest() == b""


V3_PATHS = [b"/stores/x/v3/catalog", b"/api/v3/a?b=c", b"//stores//x//v3", b"http://localhost/api/v3/", b"/api/%763"]
OTHER_PATHS = [b"/", b"/stores/x/v2/v3", b"/stores/v3/v2", b"/api/v2", b"/api", b"/v3", b"http://v3/api/v2", b"*"]


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (400, b"X-A : b\r\n\r\n"),
        (413, b"Content-Length: 1048577\r\n\r\n"),
        (431, b"X-A: " + b"a" * 33 * KIB + b"\r\n\r\n"),
        (501, b"Transfer-Encoding: gzip\r\n\r\n"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_refusal_has_the_form_of_the_version_in_the_path(server: Listener, status: int, rest: bytes) -> None:
    for path in [*V3_PATHS, *OTHER_PATHS]:
        with connected(server) as client:
            client.send(b"OPTIONS " + path + b" HTTP/1.1\r\n" + HOST + rest)
            (refused_in_v3 if path in V3_PATHS else refused)(client.reply(), status)


def test_a_request_too_slow_for_v3_is_told_so_in_its_form(hurried: Client) -> None:
    hurried.send(b"POST /api/v3/a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nab")
    refused_in_v3(hurried.reply(), 408)


def test_an_endless_path_of_v3_is_refused_in_its_form(client: Client) -> None:
    """RFC 6585 5: the target has not ended, but its beginning says which version it is for."""
    client.send_until_refused(b"GET /api/v3/" + b"a" * 40 * KIB, 40 * KIB)
    refused_in_v3(client.reply(), 431)


def test_a_refused_head_request_has_no_body_in_its_reply(client: Client) -> None:
    """RFC 9110 section 9.3.2."""
    client.send(b"HEAD / HTTP/1.1\r\n\r\n")
    assert client.rest().endswith(b"\r\n\r\n")


WITHIN = {
    "exactly 100 fields": GET + b"".join(b"X-%d: a\r\n" % n for n in range(99)) + b"\r\n",
    "a field of 31 KiB": GET + b"X-A: " + b"a" * 31 * KIB + b"\r\n\r\n",
    "a whole body of the largest size": POST + b"Content-Length: 1048576\r\n\r\n" + b"a" * MIB,
    "chunks of one byte": POST + CHUNKED + b"\r\n" + b"1\r\na\r\n" * 4000 + b"0\r\n\r\n",
    "HTTP/1.0 without Host": b"GET / HTTP/1.0\r\n\r\n",
    "an absolute target": b"GET http://localhost HTTP/1.1\r\n" + HOST + b"\r\n",
    "empty lines first (2.2)": b"\r\n\r\n" + GET + b"\r\n",
}


@pytest.mark.parametrize("request_bytes", WITHIN.values(), ids=WITHIN)
def test_what_is_within_the_limits_is_served(client: Client, request_bytes: bytes) -> None:
    client.send(request_bytes)
    reply = client.reply()
    assert (reply.status, reply.json["path"]) == (200, "/")


# Slowness


@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        pytest.param(b"GET / HT", b"", id="the head stops"),
        pytest.param(GET, b"X", id="the head drips"),
        pytest.param(GET + b"\r\nGET /", b"", id="the second head stops"),
        pytest.param(POST + b"Content-Length: 9\r\n\r\nabc", b"", id="the body stops"),
        pytest.param(POST + b"Content-Length: 9999\r\n\r\nabc", b"a", id="the body drips"),
        pytest.param(POST + CHUNKED + b"\r\n3\r\nab", b"", id="a chunk stops"),
    ],
)
def test_a_request_that_takes_too_long_is_answered_408(hurried: Client, begun: bytes, drip: bytes) -> None:
    """RFC 9110 section 15.5.9."""
    begin = time.monotonic()
    hurried.send(begun)
    if b"\r\n\r\nGET" in begun:
        assert hurried.reply().status == 200
    hurried.socket.settimeout(0.1)
    while time.monotonic() - begin < PATIENCE:  # one that is held open by what drips goes on for ever
        try:
            hurried.more()
            break
        except TimeoutError:
            hurried.send(drip)
    hurried.socket.settimeout(PATIENCE)
    refused(hurried.reply(), 408)
    assert 0.35 < time.monotonic() - begin < PATIENCE


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word(hurried: Client) -> None:
    assert hurried.rest() == b""


def test_a_slow_application_is_not_held_against_its_client(client: Client) -> None:
    client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\nGET / HT")
    time.sleep(0.3)
    client.send(b"TP/1.1\r\n" + HOST + b"\r\n")
    assert [client.reply().json["path"] for _ in range(2)] == ["/slow", "/"]


# Endlessness


@pytest.mark.parametrize(
    ("begun", "endless", "status"),
    [
        pytest.param(GET + b"X-A: ", b"a" * 64 * KIB, 431, id="one field"),
        pytest.param(GET, b"X-A: b\r\n" * 8 * KIB, 431, id="fields"),
        pytest.param(b"GET /", b"a" * 64 * KIB, 431, id="target"),
        pytest.param(b"", b"\r\n" * 32 * KIB, 431, id="empty lines"),
        pytest.param(POST + CHUNKED + b"\r\n", b"8000\r\n" + b"a" * 32 * KIB + b"\r\n", 413, id="chunks"),
        pytest.param(
            b"POST /refuse HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n",
            b"8000\r\n" + b"a" * 32 * KIB + b"\r\n",
            413,
            id="chunks after the application has answered 413",
        ),
        pytest.param(
            b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 1048576\r\n\r\n",
            b"a" * 64 * KIB,
            413,
            id="a declared body after the application has answered 413",
        ),
    ],
)
def test_what_never_ends_is_cut_off_after_a_reply(client: Client, begun: bytes, endless: bytes, status: int) -> None:
    """Section 9.6: the reply can be read although the client was still sending."""
    client.send(begun)
    assert client.send_until_refused(endless, 64 * MIB) < KERNEL
    reply = client.reply()
    assert (reply.status, reply.headers["connection"]) == (status, "close")
    assert client.rest() == b""


def test_others_are_served_while_a_hundred_sockets_hang(server: Listener) -> None:
    with ExitStack() as stack:
        for n in range(100):
            stack.enter_context(connected(server)).send((GET, POST + CHUNKED + b"\r\n")[n % 2])
        began = time.monotonic()
        with connected(server) as client:
            for _ in range(20):
                client.send(GET + b"\r\n")
                assert client.reply().status == 200
        assert time.monotonic() - began < PATIENCE / 2, "those that hang are given a minute"


# Replies and the connection


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    """Section 9.3.2."""
    client.send(b"".join(b"GET /%d HTTP/1.1\r\n%s\r\n" % (n, HOST) for n in range(20)))
    assert [client.reply().json["path"] for _ in range(20)] == [f"/{n}" for n in range(20)]


@pytest.mark.parametrize("last", [b"GET / HTTP/1.1\n\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_refusal_waits_for_the_replies_to_earlier_requests(client: Client, last: bytes) -> None:
    client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n" + last)
    assert [client.reply().status for _ in range(2)] == [200, 200]
    refused(client.reply(), 400)
    assert client.rest() == b""


def test_a_body_refused_while_it_waits_for_its_turn_is_answered_in_its_turn(client: Client) -> None:
    bad = POST + CHUNKED + b"\r\n3\r\nabcX\r\n"
    client.send(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + bad)
    assert client.reply().json["path"] == "/slow"
    refused(client.reply(), 400)


def test_an_idle_connection_is_closed_after_the_keep_alive_time_and_a_used_one_is_not() -> None:
    """Section 9.8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bodega.server.listen.KEEP_ALIVE_SECONDS", 1.0)
        with running() as (listener,), connected(listener) as client:
            began = time.monotonic()
            for _ in range(5):
                client.send(GET + b"\r\n")
                assert client.reply().status == 200
                last = time.monotonic()
                time.sleep(0.25)
            assert last - began > 0.9, "in use for as long as an idle one lasts"
            assert client.rest() == b""
            assert 0.9 < time.monotonic() - last < PATIENCE


def test_the_small_rest_of_an_answered_request_is_drained_and_the_connection_kept(client: Client) -> None:
    client.send(b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n" + b"a" * 10000)
    reply = client.reply()
    assert (reply.status, reply.headers.get("connection")) == (413, None)
    client.send(b"a" * 50000 + GET + b"\r\n")
    assert client.reply().status == 200


def test_an_answer_in_place_of_100_continue_ends_the_connection(client: Client) -> None:
    """RFC 9110 section 10.1.1: whether the body still comes is not known."""
    client.send(b"POST /refuse HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    reply = client.reply()
    assert (reply.status, reply.headers["connection"]) == (413, "close")


def test_a_body_sent_after_100_continue_is_read_and_the_connection_kept(client: Client) -> None:
    client.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert client.reply().status == 100
    client.send(b"abcde" + GET + b"\r\n")
    first, second = client.reply(), client.reply()
    assert (first.json["body"], first.headers.get("connection"), second.status) == (5, None, 200)


def test_a_body_in_many_reads_keeps_the_connection(client: Client) -> None:
    client.send(POST + b"Content-Length: 300000\r\n\r\n")
    for _ in range(3):
        time.sleep(0.02)
        client.send(b"a" * 100000)
    reply = client.reply()
    assert (reply.json["body"], reply.headers.get("connection")) == (300000, None)
    client.send(GET + b"\r\n")
    assert client.reply().status == 200


def test_trailer_fields_do_not_join_the_header_fields(client: Client) -> None:
    """Section 7.1.2."""
    client.send(POST + CHUNKED + b"\r\n3\r\nabc\r\n0\r\nX-Auth-Token: stolen\r\n\r\n")
    assert client.reply().json["fields"] == ["host", "transfer-encoding"]


@pytest.mark.parametrize(
    ("body", "size"),
    [
        pytest.param(b"\r\n", 0, id="without a body"),
        pytest.param(b"Content-Length: 3\r\n\r\nabc", 3, id="with a body"),
        pytest.param(CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n", 3, id="with chunks"),
    ],
)
@pytest.mark.parametrize("wanted", [b"websocket", b"h2c"])
def test_a_wish_for_another_protocol_is_passed_over(client: Client, wanted: bytes, body: bytes, size: int) -> None:
    """RFC 9110 section 7.8. The request after it is never taken for its body, nor the other way round."""
    client.send(POST + b"Connection: Upgrade\r\nUpgrade: " + wanted + b"\r\n" + body + GET + b"\r\n")
    reply = client.reply()
    assert (reply.status, reply.json["body"]) == (200, size)
    assert (reply.headers.get("connection") == "close") == bool(size)
    assert bool(client.pending or size == 0) or client.rest() == b""


def test_the_body_of_a_declined_upgrade_may_come_later(client: Client) -> None:
    client.send(POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(0.05)
    client.send(b"def")
    assert client.reply().json["body"] == 6


@pytest.mark.parametrize("method", ["BREW", "get", "PATCH", "TRACE", "PROPFIND", "DESCRIBE", "CONNECT"])
def test_every_method_reaches_the_application_under_its_own_name(client: Client, method: str) -> None:
    """RFC 9110 section 15.6.2: it is the application that answers 501."""
    client.send(method.encode() + b" /a HTTP/1.1\r\n" + HOST + b"\r\n")
    assert client.reply().json["method"] == method


def test_an_unknown_method_after_another_request_is_refused_501(client: Client) -> None:
    client.send(GET + b"\r\nBREW / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert client.reply().status == 200
    refused(client.reply(), 501)


def test_a_reply_field_with_a_line_break_never_leaves(client: Client) -> None:
    """RFC 9110 section 5.5: no bytes of a caller can begin a field of their own."""
    client.send(b"GET /inject HTTP/1.1\r\n" + HOST + b"\r\n")
    assert client.rest() == b""


def test_a_client_that_resets_in_the_middle_harms_no_one(server: Listener) -> None:
    for begun in (GET, POST + CHUNKED + b"\r\n3\r\na", b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"):
        with connected(server) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            client.send(begun)
    with connected(server) as client:
        client.send(GET + b"\r\n")
        assert client.reply().status == 200


# Half-closed connections: a client may end its own direction when it has said all (RFC 9112 9.6, RFC 9293 3.6).


def half_closed(client: Client, request_bytes: bytes) -> bytes:
    """All that is answered to a client that sends this and then ends its sending direction."""
    client.send(request_bytes)
    client.socket.shutdown(socket.SHUT_WR)
    return client.rest()


BODY = POST + b"Content-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    ("sent", "replies"),
    [
        (BODY, [b"200"]),
        (BODY + b"\r\n", [b"200"]),  # RFC 9112 2.2: an empty line too much
        (BODY * 3, [b"200"] * 3),
        (BODY.replace(b"POST /", b"POST /slow"), [b"200"]),
        (BODY.replace(b"POST /", b"POST /slow") + BODY, [b"200"] * 2),
        (POST.replace(b"1.1", b"1.0") + b"Content-Length: 3\r\n\r\nabc", [b"200"]),
        (POST + CHUNKED + b"\r\n3\r\nabc\r\n0\r\n\r\n", [b"200"]),
        (BODY[:-1], [b"400"]),
        (POST + CHUNKED + b"\r\n3\r\nabc\r\n", [b"400"]),
        (BODY[:20], [b"400"]),
        (BODY + BODY[:-1], [b"200", b"400"]),
        (BODY + BODY[:20], [b"200", b"400"]),
        (b"", []),
        (b"\r\n", []),
    ],
    ids=range(14),
)
def test_who_stops_sending_is_answered_what_was_asked(client: Client, sent: bytes, replies: list[bytes]) -> None:
    """What was whole is answered, what breaks off is refused, and the connection is closed after it."""
    answered = half_closed(client, sent)
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == replies
    assert answered.count(b"connection: close") <= 1  # the reply may have gone before the end was seen


def test_who_stops_sending_between_requests_is_closed(client: Client) -> None:
    client.send(BODY)
    assert client.reply().status == 200
    client.socket.shutdown(socket.SHUT_WR)
    assert client.rest() == b""


def test_who_stops_sending_later_is_answered_too(client: Client) -> None:
    """The end comes while the application is at work."""
    client.send(BODY.replace(b"POST /", b"POST /slow"))
    time.sleep(0.1)
    client.socket.shutdown(socket.SHUT_WR)
    assert client.rest().startswith(b"HTTP/1.1 200")


async def attentive(scope: Any, receive: Any, send: Any) -> None:
    """An application that waits for its client to go away, a second at most; its state tells whether one did."""
    if scope["type"] == "lifespan":
        await live(scope, receive, send)
        return
    assert await read(receive) is not None
    try:
        async with asyncio.timeout(1.0):
            assert (await receive())["type"] == "http.disconnect"
        GONE.append(scope["path"])
    except TimeoutError:
        await reply(send, 200, {})


GONE: list[str] = []


def test_an_application_that_asks_learns_who_is_gone_and_who_only_stopped_sending() -> None:
    """TCP does not tell them apart, so that something has to be sent: an interim response (RFC 9110 15.2)."""
    with running(attentive) as (listener,):
        with connected(listener) as client:
            answered = half_closed(client, BODY)
            assert answered.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
        with connected(listener) as client:
            answered = half_closed(client, POST.replace(b"1.1", b"1.0") + b"Content-Length: 0\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 200")
        with connected(listener) as client:
            client.send(BODY.replace(b"POST /", b"POST /gone"))
            time.sleep(0.1)
        end = time.monotonic() + PATIENCE
        while GONE != ["/gone"]:
            assert time.monotonic() < end
            time.sleep(0.02)
