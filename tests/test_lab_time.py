"""The clock of a store under the lab: whatever becomes due has run when it is answered, each at its own moment."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bodega.access.settings import SETTINGS
from bodega.dates import iso, parse_moment
from bodega.storage.opening import open_backend
from lab import Bench, House
from receiver import OK, Receiver
from replies import rows
from served import command, first_json, started
from shop import Server
from test_published_replies import filled

START = "2031-05-06T07:08:09+00:00"
PRODUCT = {"name": "Tried", "type": "physical", "weight": 1, "price": 2}
LADDER: list[int] = SETTINGS["webhooks.retry_seconds"].default


@pytest.fixture(params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Bench]:
    """A lab on each database."""
    url = request.getfixturevalue("own_database") if request.param == "postgres" else None
    made = Bench(House(runner, runner.run(open_backend(tmp_path, url))))
    yield made
    made.stop()


@pytest.fixture
def store(bench: Bench) -> Iterator[str]:
    """A store with an account whose token is `t`; its clock stands in 2031."""
    settings = {"webhooks.allow_private": True, "journal": "off"}
    account = {"name": "app", "client_id": "time-client", "token": "t", "unlimited": True}
    bench.say("POST", "/stores", {"hash": "time", "settings": settings, "accounts": [account]})
    bench.say("PUT", "/stores/time/clock", {"now": START})
    yield "/stores/time"
    bench.say("DELETE", "/stores/time")


def call(bench: Bench, method: str, path: str, json: Any = None) -> Any:
    """A request of the API."""
    reply = bench.ask(method, f"/stores/time{path}", json, headers={"x-auth-token": "t"})
    assert reply.status < 300, reply.body
    return reply.json if reply.body else None


def hook(bench: Bench, receiver: Receiver, scope: str) -> int:
    """A webhook to the receiver."""
    made = call(bench, "POST", "/v3/hooks", {"scope": scope, "destination": f"{receiver.url}/hook", "is_active": True})
    found: int = made["data"]["id"]
    return found


def test_a_whole_ladder_of_retries_runs_at_once(bench: Bench, store: str, receiver: Receiver) -> None:
    """Eleven retries over 1.8 days, and the end of the webhook, by one request; each at its second."""
    times: list[int] = []
    store_clock = bench.run(bench.app.stores.get("time"))

    def refuse(_received: Any) -> Any:
        times.append(int(store_clock.clock.now()))
        return 500, b"", {}

    receiver.answer = refuse
    hook_id = hook(bench, receiver, "store/product/created")
    call(bench, "POST", "/v3/catalog/products", PRODUCT)
    began = time.perf_counter()
    told = bench.say("POST", f"{store}/clock/advance", {"by": "3d"})
    took = time.perf_counter() - began
    at = parse_moment(START)
    expected = [at]
    for pause in LADDER:
        at += pause
        expected.append(at)
    assert times == expected
    assert (told["now"], told["mode"]) == (iso(parse_moment(START) + 3 * 86_400), "frozen")
    assert told["moments"] == len(LADDER)
    assert call(bench, "GET", f"/v3/hooks/{hook_id}")["data"]["is_active"] is False
    assert took < 10, "a second on an idle machine (docs/benchmark.md)"


def test_what_is_done_on_the_way_is_followed(bench: Bench, store: str, receiver: Receiver) -> None:
    """A pre-order is released on the way, which fires an event at that moment, which is refused once."""
    answers = iter([(500, b"", {}), OK])
    receiver.answer = lambda _received: next(answers, OK)
    release = parse_moment(START) + 3600
    product = {
        "name": "Soon", "type": "physical", "weight": 1, "price": 2, "availability": "preorder",
        "preorder_release_date": iso(release), "is_preorder_only": True,
    }  # fmt: skip
    made = call(bench, "POST", "/v3/catalog/products", product)["data"]
    hook(bench, receiver, "store/product/updated")
    told = bench.say("POST", f"{store}/clock/advance", {"by": "2d"})
    after = call(bench, "GET", f"/v3/catalog/products/{made['id']}")["data"]
    assert (after["availability"], after["date_modified"]) == ("available", iso(release))
    assert [one.json["created_at"] for one in receiver.got] == [release, release]
    assert told["moments"] == 2


def test_a_clock_that_is_set_has_done_what_is_due(bench: Bench, store: str, receiver: Receiver) -> None:
    receiver.answer = lambda received: OK if len(receiver.got) > 1 else (500, b"", {})
    hook(bench, receiver, "store/product/created")
    call(bench, "POST", "/v3/catalog/products", PRODUCT)
    bench.say("POST", f"{store}/clock/advance", {"by": "1s"})
    assert len(receiver.got) == 1
    bench.say("PUT", f"{store}/clock", {"now": "2031-06-01T00:00:00Z"})
    assert len(receiver.got) == 2


def test_tasks_have_ended(bench: Bench, store: str) -> None:
    reply = bench.ask(
        "POST", f"{store}/v3/catalog/brands", {"name": "Later"},
        headers={"x-auth-token": "t", "prefer": "respond-async"},
    )  # fmt: skip
    assert reply.status == 202
    bench.say("POST", f"{store}/clock/advance", {"by": "1s"})
    assert [brand["name"] for brand in call(bench, "GET", "/v3/catalog/brands")["data"]] == ["Later"]


def test_quotas_begin_anew_and_live_clocks_go_on(bench: Bench, store: str) -> None:
    bench.say("PUT", f"{store}/accounts/time-client", {"requests_per_window": 1})
    asked = {"x-auth-token": "t"}
    assert bench.ask("GET", f"{store}/v2/time", headers=asked).status == 200
    assert bench.ask("GET", f"{store}/v2/time", headers=asked).status == 429
    bench.say("POST", f"{store}/clock/advance", {"by": "31s"})
    assert bench.ask("GET", f"{store}/v2/time", headers=asked).status == 200
    assert bench.say("PUT", f"{store}/clock", {"mode": "live"})["mode"] == "live"
    told = bench.say("POST", f"{store}/clock/advance", {"by": "1d"})
    assert (told["mode"], told["offset"]) == ("shifted", 86_400)


def test_nothing_shows_the_real_time(server_on_sqlite: Server) -> None:
    """One of everything is made in 2031: no reply, header or event has a date of now, in any form."""
    shop = server_on_sqlite.shop()
    shop.freeze(parse_moment(START))
    shop.watch()
    names: dict[str, Any] = {}
    wrong, asked = [], 0
    for row in rows():
        path, headers = filled(row.path, names), dict(row.headers or {})
        if isinstance(row.body, bytes):
            reply = shop.request(row.method, path, body=row.body, headers=headers)
        else:
            reply = shop.request(row.method, path, filled(row.body, names), headers=headers)
        if row.name and reply.status < 300:
            data = reply.json.get("data", reply.json) if isinstance(reply.json, dict) else reply.json
            names[row.name] = row.named(data)
        for answered in (reply, shop.get(path)) if row.method in ("POST", "PUT") else (reply,):
            asked += 1
            told = (*answered.headers.values(), answered.body.decode("utf-8", "replace"))
            wrong += [(row.method, path, found) for text in told for found in real_dates(text)]
    fired = shop.events()
    wrong += [("event", scope, found) for scope, data in fired for found in real_dates(repr(data))]
    assert asked > 300
    assert len(fired) > 100
    assert not wrong, wrong[:20]


def real_dates(text: str) -> list[str]:
    """What looks like the present day: in ISO 8601, in RFC 2822, or as seconds since 1970."""
    now = time.gmtime()
    day = time.strftime("%Y-%m-%d", now), time.strftime("%d %b %Y", now), str(int(time.time()))[:6]
    return re.findall("|".join((day[0], day[1], rf"\b{day[2]}\d{{4}}\b")), text)


def test_the_date_of_every_reply_is_the_stores(tmp_path: Path, receiver: Receiver) -> None:
    """On a socket: one Date, that of the store; also of a refusal, of HEAD and of what is answered at once. And the
    command advances the clock by the running server, which has then sent what was due."""
    place = ("--data", str(tmp_path))
    command(place, "store create dated")
    token = command(place, "account create dated app")["token"]
    words = ("serve", "--lab", "--insecure-http", "--http-port", "0", "--https-port", "0", "--json")
    with started(*words, *place) as process:
        address = urlsplit(first_json(process)["http"])
        connection = HTTPConnection(str(address.hostname), address.port or 0, timeout=60)

        def dates(method: str, path: str, body: bytes = b"", **headers: str) -> list[str]:
            sent = {"x-auth-token": token, "content-type": "application/json", **headers}
            connection.request(method, f"/stores/dated{path}", body or None, sent)
            reply = connection.getresponse()
            reply.read()
            return reply.headers.get_all("date") or []

        now = dates("GET", "/v2/time")
        assert len(now) == 1
        assert command(place, "store clock dated --set 2031-05-06T07:08:09Z")["mode"] == "frozen"
        expected = ["Tue, 06 May 2031 07:08:09 GMT"]
        for method, path in (("GET", "/v3/catalog/products"), ("HEAD", "/v2/time"), ("GET", "/v3/nothing")):
            for _ in range(3):
                assert dates(method, path) == expected, (method, path)
        assert dates("GET", "/v2/store", **{"x-auth-token": "wrong"}) == expected
        assert dates("GET", "/v2/store", **{"bodega-trace": "1"}) == expected
        command(place, "store set dated webhooks.allow_private=true")
        asked = {"scope": "store/product/created", "destination": f"{receiver.url}/hook", "is_active": True}
        receiver.answer = lambda _received: (500, b"", {})
        assert dates("POST", "/v3/hooks", json.dumps(asked).encode()) == expected
        assert dates("POST", "/v3/catalog/products", json.dumps(PRODUCT).encode()) == expected
        told = command(place, "store clock dated --advance 3d")
        assert told == {"mode": "frozen", "now": "2031-05-09T07:08:09+00:00", "offset": 0}
        assert len(receiver.got) == 1 + len(LADDER), "the command returned when all had been sent"
        assert command(place, "store clock dated --live")["mode"] == "live"
        assert len(dates("GET", "/v2/time")) == 1
        connection.close()
    assert command(place, "store clock dated --advance 1h")["offset"] == 3600, "without a server it works as before"
