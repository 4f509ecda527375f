"""The journal on the disk: what survives, what is pruned, what is found, what is kept of webhooks and of tokens."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bodega.aside import Turn
from bodega.journal.exchange import TICKS, Exchange
from bodega.journal.har import written
from bodega.journal.recorder import key_of
from bodega.journal.ring import ATTEMPTS, EXCHANGES, JournalRing, Wanted, exchange_row
from bodega.journal.sync import DAYS, MEGABYTES
from bodega.masking import MASK
from bodega.storage.backend import Backend
from bodega.storage.opening import open_backend
from bodega.storage.sqlite.journal import SqliteJournal
from panel import base, signed_in
from receiver import Answer, Receiver
from shop import PATIENCE, Server, Shop
from test_panel_apps import Registered
from test_panel_journal import told

DAY_US = 86_400 * 1_000_000


def exchange(number: int, **more: Any) -> Exchange:
    """An exchange so many microseconds after 1970, or before now where that is negative."""
    us = number if number > 0 else int(time.time() * 1_000_000) + number
    members: dict[str, Any] = {
        "number": us << TICKS, "id": f"{us:020x}", "method": "GET", "path": "/v3/things", "query": "", "version": 3,
        "status": 200, "reason": "", "client_id": "c", "us": 5, "secure": True, "prefix": "", "size": 0,
        "answer_size": 0, "headers": [("a", "b")], "answer_headers": [], "body": None, "answer_body": None,
    }  # fmt: skip
    return Exchange(**(members | more))


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[Backend]:
    """A place for a journal."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    opened = runner.run(open_backend(None if url else tmp_path, url))
    yield opened
    runner.run(opened.close())


@pytest.fixture
def ring(runner: asyncio.Runner, backend: Backend) -> Iterator[JournalRing]:
    """An empty journal."""
    made = JournalRing(backend.journal())
    for store in runner.run(made.stores()):
        if store.startswith("ring-"):
            runner.run(made.forget(store))
    yield made
    runner.run(made.close())


def put(runner: asyncio.Runner, ring: JournalRing, *exchanges: Exchange, store: str = "ring-a") -> None:
    runner.run(ring.add(EXCHANGES, [exchange_row(store, one) for one in exchanges]))


def numbers(found: list[Exchange]) -> list[int]:
    return [one.number >> TICKS for one in found]


# The ring


def test_what_is_kept_comes_back_as_it_was(runner: asyncio.Runner, ring: JournalRing) -> None:
    one = exchange(7, body="ä \N{SNOWMAN}", answer_body="", headers=[("x", "1"), ("x", "2")], secure=False, reason="R")
    put(runner, ring, one, one)
    [kept] = runner.run(ring.exchanges("ring-a", bodies=True))
    assert kept == exchange(7, **{name: getattr(one, name) for name in ("body", "answer_body", "headers", "secure",
                                                                        "reason")}, store="ring-a")  # fmt: skip
    assert runner.run(ring.exchange("ring-a", one.id)) == kept
    assert runner.run(ring.exchange("ring-b", one.id)) is None, "another store's"
    assert runner.run(ring.exchanges("ring-a"))[0].body is None


def test_pages_stay_where_they_are_while_more_comes(runner: asyncio.Runner, ring: JournalRing) -> None:
    put(runner, ring, *(exchange(number) for number in range(1, 8)))
    newest = runner.run(ring.exchanges("ring-a", limit=3))
    assert numbers(newest) == [7, 6, 5]
    put(runner, ring, exchange(8), exchange(9))
    older = runner.run(ring.exchanges("ring-a", before=newest[-1].number, limit=3))
    assert numbers(older) == [4, 3, 2]
    assert numbers(runner.run(ring.exchanges("ring-a", before=older[-1].number, limit=3))) == [1]
    assert numbers(runner.run(ring.exchanges("ring-a", after=older[0].number, limit=3))) == [7, 6, 5], "and back"
    assert numbers(runner.run(ring.exchanges("ring-a", limit=2, offset=1))) == [8, 7]


SEARCHES: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [5, 4, 3, 2, 1]),
    ({"status": "404"}, [4]),
    ({"status": "4xx"}, [4, 3]),
    ({"status": "5xx"}, []),
    ({"status": "nonsense"}, []),
    ({"account": "me"}, [2]),
    ({"method": "POST"}, [5, 3]),
    ({"reason": "WHY"}, [3]),
    ({"path": "BRANDS"}, [5]),
    ({"path": "brands?x=100%"}, [5]),
    ({"path": "brands?x=100_"}, []),
    ({"words": "hammer"}, [3, 1]),
    ({"words": "red hammer"}, [1]),
    ({"words": "100%"}, [3]),
    ({"words": "h_mmer"}, []),
    ({"words": "hammer", "status": "4xx"}, [3]),
    ({"since": 3e-6}, [5, 4]),
]


@pytest.mark.parametrize(("asked", "found"), SEARCHES, ids=[str(row[0]) for row in SEARCHES])
def test_the_ring_is_searched(
    runner: asyncio.Runner, ring: JournalRing, asked: dict[str, Any], found: list[int]
) -> None:
    """Issue 12: by path, status, account, body."""
    put(
        runner, ring, exchange(1, body='{"name":"Red Hammer"}'), exchange(2, client_id="me"),
        exchange(3, status=422, reason="WHY", method="POST", answer_body="No HAMMER at 100%"), exchange(4, status=404),
        exchange(5, path="/v3/brands", query="x=100%", method="POST"),
    )  # fmt: skip
    put(runner, ring, exchange(6, body="red hammer", status=404, client_id="me"), store="ring-b")
    assert numbers(runner.run(ring.exchanges("ring-a", Wanted(**asked)))) == found


def test_what_is_too_old_and_then_what_is_too_much_is_deleted(runner: asyncio.Runner, ring: JournalRing) -> None:
    """Issue 12: days and size."""
    put(runner, ring, *(exchange(-DAY_US * 3 - number * 1_000) for number in range(4)))
    put(runner, ring, *(exchange(-1_000_000 - number * 1_000, body="x" * 600) for number in range(50)))
    put(runner, ring, exchange(-DAY_US * 3), store="ring-b")
    assert runner.run(ring.prune(EXCHANGES, "ring-a", days=2, most_bytes=10**9)) == 4
    left = runner.run(ring.exchanges("ring-a"))
    assert len(left) == 50
    deleted = runner.run(ring.prune(EXCHANGES, "ring-a", days=2, most_bytes=20_000))
    assert 50 - 20_000 // 1_000 <= deleted < 40
    assert runner.run(ring.exchanges("ring-a")) == left[: 50 - deleted], "the oldest"
    assert runner.run(ring.prune(EXCHANGES, "ring-a", days=2, most_bytes=20_000)) == 0
    assert len(runner.run(ring.exchanges("ring-b"))) == 1, "another store's"
    assert {"ring-a", "ring-b"} <= runner.run(ring.stores())
    runner.run(ring.forget("ring-a"))
    assert "ring-a" not in runner.run(ring.stores())


def test_letters_of_several_bytes_count_as_bytes(runner: asyncio.Runner, ring: JournalRing) -> None:
    """The bound is one of megabytes on the disk: a body of snowmen takes three times its length."""
    put(runner, ring, *(exchange(number, body="\N{SNOWMAN}" * 10_000) for number in range(1, 11)))
    runner.run(ring.prune(EXCHANGES, "ring-a", days=36_500, most_bytes=100_000))
    assert numbers(runner.run(ring.exchanges("ring-a"))) == [10, 9, 8]


def test_the_file_gives_back_what_a_smaller_journal_does_not_need(runner: asyncio.Runner, tmp_path: Path) -> None:
    """The setting of an owner is about the disk."""
    opened = runner.run(open_backend(tmp_path, None))
    ring = JournalRing(opened.journal())
    for start in range(0, 4_000, 500):
        put(
            runner, ring, *(exchange(-60_000_000 + (start + number) * 1_000, body="x" * 2_000) for number in range(500))
        )
    pages = "SELECT page_count - freelist_count, page_count FROM pragma_page_count, pragma_freelist_count"
    [(_, before)] = runner.run(ring._database.rows(pages))
    for most in range(9, 0, -1):
        runner.run(ring.prune(EXCHANGES, "ring-a", days=3_650, most_bytes=most * 1_000_000))
    [(_, after)] = runner.run(ring._database.rows(pages))
    assert after < before * 0.6, (before, after)
    runner.run(ring.close())
    runner.run(opened.close())


def test_a_damaged_file_is_put_aside(runner: asyncio.Runner, tmp_path: Path) -> None:
    """The journal must not keep a server from starting."""
    (tmp_path / "journal.db").write_bytes(b"no database" * 1_000)
    server = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = server.shop()
    shop.get("/v2/time")
    assert [entry.status for entry in told(shop).entries] == [200]
    assert [path.name.partition("-")[0] for path in tmp_path.glob("journal.db.*")] == ["journal.db.damaged"]
    runner.run(server.app.stop())


def test_a_file_that_was_removed_is_begun_anew(runner: asyncio.Runner, tmp_path: Path) -> None:
    """By somebody who cleaned up while the server ran: it must not go on writing to a file without a name."""
    ring = JournalRing(SqliteJournal(tmp_path))
    put(runner, ring, exchange(1))
    assert numbers(runner.run(ring.exchanges("ring-a"))) == [1]
    (tmp_path / "journal.db").unlink()
    put(runner, ring, exchange(2))
    assert numbers(runner.run(ring.exchanges("ring-a"))) == [2]
    runner.run(ring.close())
    again = JournalRing(SqliteJournal(tmp_path))
    assert numbers(runner.run(again.exchanges("ring-a"))) == [2]
    runner.run(again.close())


# In a server


def test_the_journal_is_bounded_by_the_settings_of_its_store(shop: Shop) -> None:
    shop.change(settings={MEGABYTES: 1, DAYS: 2})
    server, key = shop.server, key_of(shop.server.run(shop.server.backend.registry.store(shop.name)))
    ring = server.app.journal_sync.ring
    put(server.runner, ring, *(exchange(-5_000_000 - number, body="y" * 20_000) for number in range(80)), store=key)
    put(server.runner, ring, exchange(-DAY_US * 3, id="old"), store=key)
    shop.get("/v2/time")
    server.run(server.app.journal_sync.clear())
    kept = server.run(ring.exchanges(key, limit=200, bodies=True))
    assert server.run(ring.exchange(key, "old")) is None
    assert 800_000 < sum(len(one.body or "") + 400 for one in kept) <= 1_000_000


def test_the_journal_of_a_store_that_was_deleted_is_deleted(embedded: Server) -> None:
    """One that is made again under the same hash begins with an empty journal."""
    shop = embedded.shop()
    shop.get("/v2/time")
    assert len(told(shop).entries) == 1
    record = embedded.run(embedded.backend.registry.store(shop.name))
    embedded.run(embedded.backend.registry.drop_store(shop.name))
    embedded.run(embedded.app.journal_sync.clear())
    assert key_of(record) not in embedded.run(embedded.app.journal_sync.ring.stores())


def test_the_journal_survives_a_restart(runner: asyncio.Runner, tmp_path: Path) -> None:
    first = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = first.shop()
    shop.get("/v3/catalog/brands/7")
    runner.run(first.app.stop())
    second = Server(runner, runner.run(open_backend(tmp_path, None)))
    again = Shop(second, shop.name)
    again.token = shop.token
    assert [(entry.status, entry.reason) for entry in told(again).entries] == [(404, "NO_SUCH_ENTITY")]
    assert told(again).statuses == {404: 1}, "and what was counted"
    assert again.get("/v2/requestlogs").json[0]["status"] == 404
    runner.run(second.app.stop())


def test_a_page_of_the_panel_leads_to_the_older_ones_and_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from bodega.panel import journal

    monkeypatch.setattr(journal, "SHOWN", 3)
    browser = signed_in(shop)
    for number in range(1, 8):
        shop.get(f"/v2/time?n={number}")

    def page(link: str) -> tuple[list[str], dict[str, str]]:
        text = browser.get(link.replace("&amp;", "&")).text
        links = re.findall(r'<a class="button small" href="([^"]+)">(Newer|Newest|Older)</a>', text)
        return re.findall(r'title="[^"]+n=(\d)"', text), {name: href for href, name in links}

    shown, links = page(f"{base(shop)}/journal?status=2xx")
    assert (shown, list(links)) == (["7", "6", "5"], ["Older"])
    shop.get("/v2/time?n=8")
    shown, links = page(links["Older"])
    assert (shown, list(links)) == (["4", "3", "2"], ["Newer", "Newest", "Older"])
    last, there = page(links["Older"])
    assert (last, list(there)) == (["1"], ["Newer", "Newest"])
    assert page(there["Newer"])[0] == ["4", "3", "2"]
    assert page(links["Newer"])[0] == ["7", "6", "5"]
    assert page(links["Newest"])[0] == ["8", "7", "6"]


def test_words_are_looked_for_in_bodies(shop: Shop) -> None:
    shop.change(settings={"journal": "full"})
    browser = signed_in(shop)
    shop.brand("Acme Anvils")
    shop.brand("Other")
    page = browser.get(f"{base(shop)}/journal?words=anvils+acme").text
    assert page.count('class="method">POST') == 1
    assert "No request matches" in browser.get(f"{base(shop)}/journal?words=anvils+missing").text


def test_request_logs_page_through_what_is_kept(shop: Shop) -> None:
    """Issue 12: V2 `/requestlogs` reads the journal, now as far as it goes."""
    for _ in range(262):
        shop.get("/v2/time")
    pages = [shop.get(f"/v2/requestlogs?limit=250&page={page}").json for page in (1, 2)]
    assert [len(page) for page in pages] == [250, 13]


# Tokens of apps


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
def test_an_exchange_of_a_code_is_in_the_journal_without_its_secrets(shop: Shop, as_json: bool) -> None:
    """Issue 12: exchanges at /oauth2/token, with client_secret, code and access_token masked."""
    shop.change(settings={"journal": "full"})
    app = Registered(shop, signed_in(shop))
    asked = app.act("/install")
    reply = app.exchange(as_json, code=asked["code"], scope=asked["scope"], context=asked["context"])
    refused = app.exchange(as_json, code=asked["code"], client_secret="wrong-secret-1")
    spent = app.exchange(as_json, code=asked["code"])
    assert (reply.status, refused.status, spent.status) == (200, 401, 400)
    good, wrong, late = [entry for entry in told(shop).entries if entry.path == "/oauth2/token"]
    assert (good.id, good.method, good.status, good.reason) == (reply.headers["x-request-id"], "POST", 200, "")
    assert [(one.status, one.reason) for one in (wrong, late)] == [(401, "invalid_client"), (400, "invalid_grant")]
    assert good.client_id
    rows = shop.server.run(shop.server.app.journal_sync.ring._database.rows("SELECT * FROM exchanges"))
    kept = repr([tuple(row) for row in rows])
    for secret in (asked["code"], app.secret, "wrong-secret-1", reply.json["access_token"]):
        assert secret not in kept
    assert MASK in (good.body or "")
    assert json.loads(good.answer_body or "")["access_token"] == MASK
    assert app.client_id in (good.body or ""), "what is no secret is shown"
    page = app.browser.get(f"{base(shop)}/journal/{late.id}").text
    assert "invalid_grant" in page
    assert "Path through the law" not in page, "there is none"


def test_a_stranger_at_the_token_endpoint_leaves_nothing(shop: Shop) -> None:
    app = Registered(shop, signed_in(shop))
    assert app.exchange(client_id="stranger", code="x").status == 401
    assert [entry for entry in told(shop).entries if entry.path == "/oauth2/token"] == []
    assert app.exchange(code="x").status == 400
    assert [entry.reason for entry in told(shop).entries] == ["invalid_grant"], "an app of the store's owner"


# Webhooks


def attempts(shop: Shop) -> list[Any]:
    """The attempts that are kept, oldest first."""
    found: list[Any] = shop.server.run(shop.server.app.journal_sync.attempts(shop.name))
    return found[::-1]


def test_every_attempt_to_deliver_is_kept_with_request_and_response(shop: Shop, receiver: Receiver) -> None:
    """Issue 12."""
    shop.change(settings={"webhooks.allow_private": True, "webhooks.retry_seconds": [1, 1]})
    hook = shop.post(
        "/v3/hooks",
        {"scope": "store/category/created", "destination": f"{receiver.url}/hook?token=hush-hush", "is_active": True,
         "headers": {"X-Api-Key": "hush-hush", "X-Mine": "hush-hush"}},
    ).data  # fmt: skip
    answers: Iterator[Answer] = iter([(503, b'{"password":"hush-hush"} busy ' + b"z" * 9_000, {}), (204, b"", {})])
    receiver.answer = lambda _received: next(answers)
    shop.post("/v3/catalog/categories", {"name": "a", "parent_id": 0})
    give_up = time.monotonic() + PATIENCE
    while len(attempts(shop)) < 2:
        assert time.monotonic() < give_up
        shop.server.run(asyncio.sleep(0.05))
    first, second = attempts(shop)
    assert (first.attempt, first.status, first.hook_id, first.error) == (1, 503, hook["id"], "")
    assert (second.attempt, second.status, second.message_id) == (2, 204, first.message_id)
    sent = receiver.got[0]
    assert first.body == sent.body.decode()
    assert dict(first.headers)["webhook-signature"] == sent.headers["webhook-signature"]
    assert sent.headers["x-mine"] == "hush-hush"
    assert dict(first.headers)["x-mine"] == MASK, "by it the receiver knows the sender"
    assert first.us > 0
    assert (first.answer_body or "").endswith("zzz")
    assert 4_000 < len(first.answer_body or "") <= 8 * 1024
    assert dict(first.answer_headers)["content-length"] == str(first.answer_size)
    rows = shop.server.run(shop.server.app.journal_sync.ring._database.rows("SELECT * FROM attempts"))
    assert "hush-hush" not in repr([tuple(row) for row in rows])
    browser = signed_in(shop)
    page = browser.get(f"{base(shop)}/webhooks/{hook['id']}").text
    [link] = re.findall(r'href="([^"]+/deliveries/\d+)"', page)
    shown = browser.get(link).text
    assert [int(number) for number in re.findall(r"attempt (\d), ", shown)] == [2, 1]
    assert "webhook-signature" in shown


def test_an_attempt_that_nobody_answers_is_kept_with_its_error(shop: Shop) -> None:
    shop.change(settings={"webhooks.allow_private": True})
    shop.post(
        "/v3/hooks", {"scope": "store/category/created", "destination": "https://127.0.0.1:9/", "is_active": True}
    )
    shop.post("/v3/catalog/categories", {"name": "a", "parent_id": 0})
    give_up = time.monotonic() + PATIENCE
    while not attempts(shop):
        assert time.monotonic() < give_up
        shop.server.run(asyncio.sleep(0.05))
    [made] = attempts(shop)
    assert (made.status, made.error) == (None, "The host cannot be connected to.")
    sync = shop.server.app.journal_sync
    key = key_of(shop.server.run(shop.server.backend.registry.store(shop.name)))
    assert shop.server.run(sync.ring.prune(ATTEMPTS, key, days=0, most_bytes=10**9)) == 1


def test_an_export_is_written_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long export holds the event loop for one entry at a time, not for all of them."""
    monkeypatch.setattr("bodega.journal.har.Turn", lambda: Turn(0.0))
    entries = [exchange(number) for number in range(5)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def work() -> bytes:
        task = asyncio.create_task(others())
        found = b"".join([part async for part in written(entries)])
        task.cancel()
        return found

    log = json.loads(asyncio.run(work()))["log"]
    assert [entry["_requestId"] for entry in log["entries"]] == [entry.id for entry in entries]
    assert turns >= len(entries)
