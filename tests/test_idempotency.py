"""Idempotency-Key: a POST that is sent again creates nothing twice (docs/decisions/0013-idempotency.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from bodega.storage.keys import KEPT_SECONDS
from bodega.storage.opening import open_backend
from forms import FORMS, XML, Desk, Form, emptied
from pictures import form
from postgres import database
from shop import Reply, Server, Shop
from test_concurrency import ask

START = 1_900_000_000.0
KEY = {"idempotency-key": "4f1a-first"}
VOLATILE = {"x-request-id", "bodega-path", "server-timing", "idempotency-replayed", "x-rate-limit-requests-left",
            "x-rate-limit-time-reset-ms"}  # fmt: skip


def same(first: Reply, again: Reply) -> None:
    """The second is the first, marked as a replay."""
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    known = [{name: value for name, value in r.headers.items() if name not in VOLATILE} for r in (first, again)]
    assert known[0] == known[1]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_retry_gets_the_first_answer_again_and_creates_nothing(room: Shop, form: Form) -> None:
    """The draft of Idempotency-Key, 2.6: status, headers and body, in the form that was asked for."""
    desk = Desk(room, form)
    first = desk.ask("POST", desk.path("brands"), {"name": "Ünïcödé <&>"}, headers=KEY)
    assert first.status == (200 if form.version == 3 else 201)
    same(first, desk.ask("POST", desk.path("brands"), {"name": "Ünïcödé <&>"}, headers=KEY))
    assert room.rows("brands") == room.rows("idempotency") == 1


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_retry_of_a_task_is_told_of_the_same_task(room: Shop, form: Form) -> None:
    """RFC 7240 4.1: 202 is the first answer, and stays it when the task is done."""
    desk = Desk(room, form)
    headers = {**KEY, "prefer": "respond-async"}
    first = desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers=headers)
    assert first.status == 202
    room.settle(int(first.headers["location"].rpartition("/")[2]))
    same(first, desk.ask("POST", desk.path("brands"), {"name": "Acme"}, headers=headers))
    assert (room.rows("brands"), room.rows("tasks")) == (1, 1)


def test_a_part_that_could_not_be_saved_is_told_again(room: Shop) -> None:
    """Rule 48: 207 has written, so it is a first answer as well."""
    draft = {"name": "Hammer", "type": "physical", "price": 1, "weight": 1, "inventory_level": -1}
    first = room.post("/v3/catalog/products", draft, headers=KEY)
    assert first.status == 207
    same(first, room.post("/v3/catalog/products", draft, headers=KEY))
    assert room.rows("products") == 1


def test_a_compressed_answer_is_compressed_again_for_who_takes_it(room: Shop) -> None:
    """RFC 9110 8.4: the coding belongs to the reply and not to the answer."""
    draft = {"name": "Hammer", "type": "physical", "price": 1, "weight": 1, "description": "x" * 9_000}
    first = room.post("/v3/catalog/products", draft, headers={**KEY, "accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    same(first, room.post("/v3/catalog/products", draft, headers={**KEY, "accept-encoding": "gzip"}))
    plain = room.post("/v3/catalog/products", draft, headers=KEY)
    assert plain.data["id"] == 1
    assert plain.headers["idempotency-replayed"] == "true"


def test_the_world_may_have_moved_on(room: Shop) -> None:
    """What was made may be changed or gone, and the conditions of the first request with it (RFC 9110 13.1.1)."""
    etag = room.get("/v3/catalog/brands").headers["etag"]
    headers = {**KEY, "if-match": etag}
    first = room.post("/v3/catalog/brands", {"name": "Acme"}, headers=headers)
    assert first.status == 200
    same(first, room.post("/v3/catalog/brands", {"name": "Acme"}, headers=headers))
    room.delete("/v3/catalog/brands/1")
    same(first, room.post("/v3/catalog/brands", {"name": "Acme"}, headers=headers))
    assert room.rows("brands") == 0


class Other(NamedTuple):
    """A request with the key of another one; `reason` is empty where it is carried out for itself."""

    name: str
    path: str
    body: bytes
    headers: dict[str, str]
    reason: str


FIRST = b'{"name":"Acme"}'
OTHERS = [
    Other("body", "/v3/catalog/brands", b'{"name":"Best"}', {}, "KEY_REUSED"),
    Other("spelling of the body", "/v3/catalog/brands", b'{"name": "Acme"}', {}, "KEY_REUSED"),
    Other("path", "/v3/catalog/categories", FIRST, {}, "KEY_REUSED"),
    Other("query", "/v3/catalog/brands?a=b", FIRST, {}, "KEY_REUSED"),
    Other("version", "/v2/brands", FIRST, {}, "KEY_REUSED"),
    Other("quotes", "/v3/catalog/brands", FIRST, {"idempotency-key": '"4f1a-first"'}, ""),
    Other("case", "/v3/catalog/brands", b'{"name":"Best"}', {"idempotency-key": "4F1A-FIRST"}, ""),
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.name)
def test_another_request_under_the_key_is_refused(room: Shop, other: Other) -> None:
    """The draft of Idempotency-Key, 2.6: a key stands for one request; quotes are none of its letters."""
    json_ = {"content-type": "application/json"}
    room.post("/v3/catalog/brands", body=FIRST, headers={**KEY, **json_})
    reply = room.post(other.path, body=other.body, headers={**KEY, **json_, **other.headers})
    assert reply.reason == other.reason
    if other.reason:
        assert reply.status == (400 if other.path.startswith("/v2") else 422)
        assert (room.rows("brands"), room.rows("categories")) == (1, 0)


def test_a_form_that_is_sent_again_has_another_boundary(room: Shop) -> None:
    """RFC 2046 5.1.1: clients make one up for each request."""
    brand = room.brand()
    for boundary in (b"edge", b"ridge"):
        headers = {**KEY, "content-type": f"multipart/form-data; boundary={boundary.decode()}"}
        body = form().replace(b"edge", boundary)
        reply = room.post(f"/v3/catalog/brands/{brand}/image", body=body, headers=headers)
        assert reply.status == 200, reply.body
    assert reply.headers["idempotency-replayed"] == "true"
    assert room.rows("idempotency") == 1


def test_another_media_type_is_another_request(room: Shop) -> None:
    """The first answer is kept in the form that was asked for."""
    Desk(room, XML).ask("POST", "/v2/brands", FIRST, headers={**KEY, "content-type": "application/json"})
    reply = room.post("/v2/brands", body=FIRST, headers={**KEY, "content-type": "application/json"})
    assert (reply.status, reply.reason) == (400, "KEY_REUSED")


@pytest.mark.parametrize(
    "key",
    ["", " ", "a b", '"', '"open', '""', "é", "x" * 256, '"' + "x" * 256 + '"', "tab\there", '"back\\slash"'],
)
@pytest.mark.parametrize("path", ["/v2/brands", "/v3/catalog/brands"])
def test_a_key_that_cannot_be_used_is_refused(room: Shop, path: str, key: str) -> None:
    """The draft of Idempotency-Key, 2.1: a string of at most 255 printable characters."""
    reply = room.post(path, {"name": "Acme"}, headers={"idempotency-key": key})
    assert (reply.status, reply.reason) == (400, "KEY_INVALID")
    assert room.rows("brands") == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, '"a b"', '"' + "x" * 255 + '"', '"say \\"hi\\""', "a/b+c=d:e,f;g"])
def test_a_key_may_be_any_printable_string(room: Shop, key: str) -> None:
    """The draft of Idempotency-Key, 2.1, and keys without quotes, as most clients send them."""
    for _ in range(2):
        assert room.post("/v3/catalog/brands", {"name": "Acme"}, headers={"idempotency-key": key}).status == 200
    assert room.rows("brands") == 1


@pytest.mark.parametrize("method", ["PUT", "DELETE", "GET"])
def test_other_methods_are_idempotent_by_themselves(room: Shop, method: str) -> None:
    """RFC 9110 9.2.2: the header means nothing there, not even a bad one."""
    brand = room.brand()
    body = {"name": "Best"} if method == "PUT" else None
    for key in ("same", "a b"):
        reply = room.request(method, f"/v3/catalog/brands/{brand}", body, headers={"idempotency-key": key})
        assert reply.reason in ("", "NO_SUCH_ENTITY")
        assert "idempotency-replayed" not in reply.headers
    assert room.rows("idempotency") == 0


def test_a_refused_write_is_not_remembered(room: Shop) -> None:
    """It changed nothing: the mended request may come under the same key."""
    assert room.post("/v3/catalog/brands", {"name": ""}, headers=KEY).status == 422
    assert room.rows("idempotency") == 0
    assert room.post("/v3/catalog/brands", {"name": "Acme"}, headers=KEY).status == 200


def test_a_key_belongs_to_an_account(room: Shop) -> None:
    """Two apps that count their requests must not meet each other's answers."""
    other = Desk(room, FORMS[0]).account()
    assert room.post("/v3/catalog/brands", {"name": "Acme"}, headers=KEY).status == 200
    assert room.post("/v3/catalog/brands", {"name": "Best"}, headers=KEY, token=other).status == 200
    assert (room.rows("brands"), room.rows("idempotency")) == (2, 2)


@pytest.fixture
def frozen(server: Server) -> Iterator[Shop]:
    """A store of its own, whose clock stands still."""
    shop = server.shop()
    at(shop, START)
    yield shop
    shop.close()


def at(shop: Shop, epoch: float) -> None:
    """Sets the clock, and waits until the server has heard of it."""
    shop.freeze(epoch)
    Desk(shop, FORMS[0]).known(lambda store: store.clock.frozen == epoch)


@pytest.mark.parametrize(("seconds", "rows"), [(KEPT_SECONDS - 1, 1), (KEPT_SECONDS, 2)])
def test_an_answer_is_kept_for_24_hours_by_the_clock_of_the_store(frozen: Shop, seconds: int, rows: int) -> None:
    """Issue 5: kept 24 h; the old answer gives way to a new one."""
    draft = {"name": "Tools", "parent_id": 0}
    assert frozen.post("/v3/catalog/categories", draft, headers=KEY).status == 200
    frozen.delete("/v3/catalog/categories/1")
    at(frozen, START + seconds)
    reply = frozen.post("/v3/catalog/categories", draft, headers=KEY)
    assert reply.status == 200
    assert reply.data["id"] == rows
    assert ("idempotency-replayed" in reply.headers) is (rows == 1)
    assert frozen.rows("idempotency") == 1


# Several at once


def at_once(shops: list[Shop], count: int, headers: dict[str, str], names: Callable[[int], str]) -> list[Reply]:
    """So many POSTs under way together, dealt out to the workers."""

    async def work() -> list[Reply]:
        asked = (
            ask(shops[n % len(shops)], "POST", "/v3/catalog/brands", {"name": names(n)}, headers) for n in range(count)
        )
        return await asyncio.gather(*asked)

    return list(shops[0].server.run(work()))


def test_of_many_at_once_one_is_carried_out(room: Shop) -> None:
    """Issue 5: the others are told to wait, or get its answer."""
    replies = at_once([room], 20, KEY, lambda _: "Acme")
    assert {reply.reason for reply in replies if reply.status != 200} <= {"KEY_IN_USE"}
    assert {reply.data["id"] for reply in replies if reply.status == 200} == {1}
    assert sum("idempotency-replayed" not in reply.headers for reply in replies if reply.status == 200) == 1
    assert room.rows("brands") == 1


@pytest.fixture
def twins(runner: asyncio.Runner, postgres_url: str) -> Iterator[list[Shop]]:
    """One store as two workers on one database serve it."""
    with database(postgres_url) as url:
        servers = [Server(runner, runner.run(open_backend(None, url))).awake() for _ in range(2)]
        first = servers[0].shop()
        second = Shop(servers[1], first.name)
        second.token = first.token
        yield [first, second]
        for server in servers:
            runner.run(server.app.stop())


@pytest.mark.parametrize("turn", range(3))
def test_two_workers_carry_a_key_out_once(twins: list[Shop], turn: int) -> None:
    """Issue 5: holds exactly across workers; who comes second gets the first answer, whatever it met on its way."""
    emptied(twins[0])
    replies = at_once(twins, 8, KEY, lambda _: f"Acme {turn}")
    told = [reply for reply in replies if reply.status == 200]
    assert {reply.reason for reply in replies if reply.status != 200} <= {"KEY_IN_USE"}, [r.body for r in replies]
    assert {json.dumps(reply.data) for reply in told} == {json.dumps(told[0].data)}
    assert sum("idempotency-replayed" not in reply.headers for reply in told) == 1
    assert (twins[0].rows("brands"), twins[0].rows("idempotency")) == (1, 1)


def test_two_workers_refuse_the_key_for_a_second_body(twins: list[Shop]) -> None:
    """Issue 5: of two requests under one key the second is refused, and leaves nothing."""
    replies = at_once(twins, 2, KEY, lambda number: f"Brand {number}")
    assert sorted(reply.status for reply in replies) == [200, 422]
    assert {reply.reason for reply in replies} == {"", "KEY_REUSED"}
    assert (twins[0].rows("brands"), twins[0].rows("idempotency")) == (1, 1)


def test_a_retry_finds_its_answer_after_a_restart(runner: asyncio.Runner, tmp_path: Any) -> None:
    """Issue 5: a client that retries after a cut connection never creates twice."""
    first = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = first.shop()
    reply = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=KEY)
    runner.run(first.app.stop())
    second = Server(runner, runner.run(open_backend(tmp_path, None)))
    again = Shop(second, shop.name)
    again.token = shop.token
    same(reply, again.post("/v3/catalog/brands", {"name": "Acme"}, headers=KEY))
    assert again.rows("brands") == 1
    runner.run(second.app.stop())
