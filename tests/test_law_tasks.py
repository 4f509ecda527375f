"""202: what was promised is carried out once, and answers what the request would have been answered (RFC 7240)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from bodega.resources.catalog import brands
from bodega.storage.opening import open_backend
from bodega.storage.query import Row
from bodega.storage.unit import Unit
from bodega.tasks import queue
from forms import FORMS, V2, V3, XML, Desk, Form, emptied, rows
from shop import Reply, Server, Shop

ASYNC = {"prefer": "respond-async"}


class Later(NamedTuple):
    """A request that can be answered now or later; `draft` None sends no body."""

    name: str
    method: str
    path: str
    draft: Any
    status: dict[int, int]
    headers: dict[str, str] = {}


LATER = [
    Later("create", "POST", "brands", {"name": "Best"}, {2: 201, 3: 200}),
    Later("update", "PUT", "brands/1", {"page_title": "Tools"}, {2: 200, 3: 200}),
    Later("delete", "DELETE", "brands/1", None, {2: 204, 3: 204}),
    Later("bulk delete", "DELETE", "brands?name=Acme", None, {2: 204, 3: 204}),
    Later("bulk delete of nothing", "DELETE", "brands?name=Nobody", None, {2: 204, 3: 204}),
    Later("conflict", "POST", "brands", {"name": "ACME"}, {2: 409, 3: 409}),
    Later("text", "POST", "brands", {"name": "Ünïcödé & <Söhne>"}, {2: 201, 3: 200}),
]


def brand(shop: Shop) -> None:
    emptied(shop).brand("Acme")


def settled(desk: Desk, accepted: Reply) -> dict[str, Any]:
    """The task that a 202 promised, once it has ended, in V3's form."""
    place = accepted.headers["location"]
    return dict(desk.shop.settle(int(place.rpartition("/")[2])))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("later", LATER, ids=lambda later: later.name)
def test_a_task_answers_what_the_request_would_have_been_answered(room: Shop, form: Form, later: Later) -> None:
    """RFC 7240 4.1, RFC 9110 15.3.3: status, headers and body, in the form asked for; refusals are told at once."""
    desk = Desk(room, form)
    brand(room)
    now = desk.ask(later.method, desk.path(later.path), later.draft)
    after = {name: count for name, count in rows(room).items() if name != "tasks"}
    brand(room)
    accepted = desk.ask(later.method, desk.path(later.path), later.draft, headers=ASYNC)
    if now.status >= 400:
        assert (accepted.status, accepted.body) == (now.status, now.body), "what can be judged is judged before the 202"
        assert rows(room).get("tasks", 0) == 0
        return
    assert accepted.status == 202
    assert accepted.headers["location"].startswith(f"https://localhost:8443/stores/{room.name}/v{form.version}/tasks/")
    task = settled(desk, accepted)
    answer = task["response"]
    assert now.status == answer["status"] == later.status[form.version]
    assert task["state"] == "done"
    assert answer["body"] == now.body.decode()
    for name in ("content-type", "location", "bodega-reason"):
        assert answer["headers"].get(name) == now.headers.get(name)
    assert ("etag" in answer["headers"]) is ("etag" in now.headers)
    assert {name: count for name, count in rows(room).items() if name != "tasks"} == after


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_task_can_be_read_in_its_version(room: Shop, form: Form) -> None:
    """Design section 1, 202: state, progress, the request, and the response."""
    desk = Desk(room, form)
    brand(room)
    accepted = desk.ask("DELETE", desk.path("brands/1"), headers=ASYNC)
    settled(desk, accepted)
    task = desk.read(desk.ask("GET", accepted.headers["location"].partition(room.name)[2]))
    listed = desk.read(desk.ask("GET", f"/v{form.version}/tasks"))
    wanted = {"id", "state", "progress", "request", "response", "date_created", "date_started", "date_finished"}
    assert set(task) == set(desk.read(accepted)) == wanted
    assert task["state"] == "done"
    assert task["request"]["method"] == "DELETE"
    assert task in (listed if isinstance(listed, list) else list(listed.values()))
    assert room.token not in json.dumps(task)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize(
    ("method", "path", "draft", "reason"),
    [
        ("POST", "brands", {"page_title": "x"}, "FIELD_MISSING"),
        ("PUT", "brands/4711", {"name": "x"}, "NO_SUCH_ENTITY"),
        ("DELETE", "brands?nmae=x", None, "FILTER_REFUSED"),
        ("PUT", "brands", {"name": "x"}, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_can_be_refused_at_once_is(
    room: Shop, form: Form, method: str, path: str, draft: Any, reason: str
) -> None:
    """RFC 7240 4.1: the preference is one; only what has to wait becomes a task."""
    desk = Desk(room, form)
    assert desk.ask(method, desk.path(path), draft, headers=ASYNC).reason == reason
    assert room.rows("tasks") == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_read_is_never_put_off(room: Shop, method: str) -> None:
    """RFC 7240 4.1"""
    assert room.request(method, "/v3/catalog/brands", headers=ASYNC).status == 200
    assert room.rows("tasks") == 0


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async", 202),
        ("Respond-Async", 202),
        ("wait=10, respond-async", 202),
        ("respond-async, wait=10", 202),
        ("respond-async; foo=bar", 202),
        ("return=minimal", 200),
        ("no-respond-async", 200),
        ("respond-async-please", 200),
        ("", 200),
    ],
)
def test_the_preference_is_read_from_a_list(room: Shop, prefer: str, status: int) -> None:
    """RFC 7240 2: tokens have no case, and may have parameters."""
    reply = room.post("/v3/catalog/brands", {"name": "Acme"}, headers={"prefer": prefer})
    assert reply.status == status
    if status == 202:
        room.settle(reply.data["id"])


def held_up(
    shop: Shop, write: Callable[[], Reply], meanwhile: Callable[[], object], token: str | None = None
) -> dict[str, Any]:
    """A task whose worker comes late: what happens `meanwhile` comes between its 202 and its work."""
    app = shop.server.app
    worker = app._worker
    wake_worker, worker.wake_worker = worker.wake_worker, lambda store: None  # type: ignore[method-assign]
    try:
        accepted = write()
        assert accepted.status == 202, accepted.body
        meanwhile()
    finally:
        worker.wake_worker = wake_worker  # type: ignore[method-assign]
    store = shop.server.run(app.stores.get(shop.name))

    async def wake() -> None:
        worker.wake_worker(store)

    shop.server.run(wake())
    return dict(shop.settle(int(accepted.headers["location"].rpartition("/")[2]), token=token))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_task_keeps_the_conditions_of_its_request(room: Shop, form: Form) -> None:
    """RFC 9110 13.1.1: a copy that grew old while the task waited is 412 in the task, and nothing is overwritten."""
    desk = Desk(room, form)
    brand(room)
    path = desk.path("brands/1")
    headers = {**ASYNC, "if-match": desk.ask("GET", path).headers["etag"]}
    task = held_up(
        room,
        lambda: desk.ask("PUT", path, {"page_title": "Late"}, headers=headers),
        lambda: room.put("/v3/catalog/brands/1", {"page_title": "Early"}),
    )
    assert task["response"]["status"] == 412
    assert task["response"]["headers"]["bodega-reason"] == "PRECONDITION_FAILED"
    assert room.get("/v3/catalog/brands/1").data["page_title"] == "Early"


def test_a_task_whose_conditions_hold_is_carried_out(room: Shop) -> None:
    """RFC 9110 13.1.1: the task's own row is no change of what it writes."""
    brand(room)
    etag = room.get("/v3/catalog/brands").headers["etag"]
    reply = room.delete("/v3/catalog/brands?name=Acme", headers={**ASYNC, "if-match": etag})
    assert room.settle(reply.data["id"])["response"]["status"] == 204


def test_a_task_of_an_account_that_lost_its_rights_meanwhile_is_refused(server: Server) -> None:
    """RFC 9110 15.5.2, 15.5.4: rights are those of the moment of the work."""
    shop = server.shop()
    desk = Desk(shop, V3)
    brand(shop)
    registry = server.backend.registry
    token = desk.account("store_v2_products")

    def without_scopes() -> None:
        accounts = server.run(registry.accounts(shop.name))
        mine = next(account for account in accounts if account.scopes == frozenset({"store_v2_products"}))
        server.run(registry.save_account(msgspec.structs.replace(mine, scopes=frozenset({"store_v2_orders"}))))
        desk.known(lambda store: store.by_client[mine.client_id].scopes == frozenset({"store_v2_orders"}))

    delete = lambda: desk.ask("DELETE", "/v3/catalog/brands/1", headers=ASYNC, token=token)  # noqa: E731
    task = held_up(shop, delete, without_scopes, token)
    assert task["response"]["status"] == 403
    assert shop.rows("brands") == 1


# A V2 delete of a whole collection


def stock(shop: Shop, count: int) -> None:
    """So many brands, in one transaction."""

    async def job(unit: Unit) -> None:
        for number in range(count):
            await unit.insert(brands.TABLE, brands.Brand(name=f"Brand {number}"))

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.write(job))


@pytest.mark.parametrize("form", [V2, XML], ids=lambda form: form.name)
@pytest.mark.parametrize("count", [250, 251, 501])
def test_a_delete_of_more_than_250_rows_becomes_a_task(room: Shop, form: Form, count: int) -> None:
    """Design section 1, 202: and its progress counts every row."""
    stock(room, count)
    desk = Desk(room, form)
    reply = desk.ask("DELETE", "/v2/brands")
    if count == 250:
        assert (reply.status, room.rows("brands"), room.rows("tasks")) == (204, 0, 0)
        return
    assert reply.status == 202
    task = settled(desk, reply)
    assert (task["state"], task["progress"], task["response"]["status"]) == ("done", count, 204)
    assert (room.rows("brands"), room.rows("urls")) == (0, 0)
    assert desk.ask("GET", "/v2/brands").status == 204


def test_a_filtered_delete_and_one_in_v3_are_carried_out_at_once(room: Shop) -> None:
    """Design section 1, 202: only a V2 delete of a whole collection."""
    stock(room, 251)
    assert room.delete("/v2/brands?max_id=5").status == 204
    assert room.delete("/v3/catalog/brands?name=Brand+9").status == 204
    assert room.rows("brands") == 245


# Tasks outlive their workers


def abandon(shop: Shop, lease: int, progress: int = 0) -> int:
    """A bulk delete that a worker took up and never ended; `lease` is when its claim runs out, in UTC seconds."""
    url = f"/stores/{shop.name}/v2/brands"
    asked = queue.TaskRequest("DELETE", url)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    client = next(iter(store.by_client))

    async def job(unit: Unit) -> Row:
        row = await queue.enqueue(unit, asked, base="https://localhost", client_id=client)
        held = msgspec.structs.replace(row.entity, state="running", lease_until=lease, attempt=1, progress=progress)
        return await unit.update(queue.TABLE, row, held)

    return int(shop.server.run(store.write(job)).entity.id)


def wake(shop: Shop) -> None:
    """Lets the worker look at the store now, as it does every few seconds."""

    async def look() -> None:
        worker = shop.server.app._worker
        store = await shop.server.app.stores.get(shop.name)
        assert store is not None
        worker.wake_worker(store)

    shop.server.run(look())


def test_a_task_whose_lease_ran_out_is_taken_up_again(room: Shop) -> None:
    """Design section 5: tasks survive a crash of the process that runs them."""
    stock(room, 3)
    task = abandon(room, int(time.time()) - 1, progress=250)
    wake(room)
    shown = room.settle(task)
    assert (shown["state"], shown["progress"]) == ("done", 253)
    assert room.rows("brands") == 0


def test_a_task_whose_worker_may_still_live_is_left_to_it(room: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Design section 5: on PostgreSQL another worker may hold it; an embedded store has no other, so it is taken up."""
    monkeypatch.setattr(queue, "LEASE_SECONDS", 120)  # as long as a busy machine may need to look
    stock(room, 3)
    task = abandon(room, int(time.time()) + 120)
    wake(room)
    if room.server.backend.registry.tx.dialect == "sqlite":
        assert room.settle(task)["state"] == "done"
        return
    room.server.run(asyncio.sleep(0.1))
    assert room.get(f"/v3/tasks/{task}").data["state"] == "running"
    assert room.rows("brands") == 3


def test_a_worker_that_was_overtaken_commits_nothing(room: Shop) -> None:
    """Design section 5: the effect of a task and its end are one transaction, so it happens once."""
    store = room.server.run(room.server.app.stores.get(room.name))
    asked = queue.TaskRequest(
        "POST", f"/stores/{room.name}/v3/catalog/brands", {"content-type": "application/json"}, '{"name":"Acme"}'
    )
    client = next(iter(store.by_client))
    replay = room.server.app._worker._replay

    async def slow_and_quick() -> None:
        long_ago = int(time.time()) - 1_000
        await store.write(lambda unit: queue.enqueue(unit, asked, base="https://localhost", client_id=client))
        slow = await store.write(lambda unit: queue.claim(unit, long_ago))
        quick = await store.write(lambda unit: queue.claim(unit, int(time.time())))
        assert slow.entity.attempt + 1 == quick.entity.attempt
        with pytest.raises(queue.Overtaken):
            await replay(store, slow)
        await replay(store, quick)
        with pytest.raises(queue.Overtaken):
            await replay(store, quick)

    room.server.run(slow_and_quick())
    assert room.rows("brands") == 1
    assert room.get("/v3/tasks").data[0]["state"] == "done"


def test_a_task_outlives_its_server(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Design section 5: it is on disk before the 202 is sent."""
    first = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = first.shop()
    stock(shop, 251)
    worker = first.app._worker
    worker.wake_worker = lambda store: None  # type: ignore[method-assign]
    accepted = shop.delete("/v2/brands")
    runner.run(first.app.stop())
    assert accepted.status == 202
    second = Server(runner, runner.run(open_backend(tmp_path, None)))
    try:
        again = Shop(second, shop.name)
        again.token = shop.token
        assert again.settle(accepted.json["id"])["state"] == "done"
        assert again.rows("brands") == 0
    finally:
        runner.run(second.app.stop())


@pytest.mark.parametrize("form", [V2, V3], ids=lambda form: form.name)
def test_a_task_that_meets_a_fault_of_the_house_says_so(room: Shop, form: Form) -> None:
    """RFC 9110 15.6.1: the answer has the form of its version; a task is never tried for ever."""
    brand(room)
    desk = Desk(room, form)
    store = room.server.run(room.server.app.stores.get(room.name))

    async def damage(unit: Unit) -> None:
        await unit.tx.run("UPDATE brands SET doc = $1 WHERE id = 1", b"{")

    def break_it() -> None:
        room.server.run(store.write(damage))

    task = held_up(room, lambda: desk.ask("PUT", desk.path("brands/1"), {"page_title": "x"}, headers=ASYNC), break_it)
    body = json.loads(task["response"]["body"])
    assert (task["state"], task["response"]["status"]) == ("failed", 500)
    assert (body[0] if form is V2 else body)["status"] == 500
