"""How tasks end: carried out, called off, given up, and forgotten after a stated time (design section 5)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bodega.storage.opening import open_backend
from bodega.storage.query import Row
from bodega.storage.tx import Busy
from bodega.storage.unit import Unit
from bodega.tasks import queue, worker
from bodega.tasks.sweep import sweep
from forms import FORMS, V3, Desk, Form, emptied
from postgres import database
from shop import Reply, Server, Shop
from test_law_tasks import ASYNC, abandon, stock, wake

START = 1_900_000_000
WEEK = 604_800


def put_off(shop: Shop) -> Reply:
    """A task that no worker is told of."""
    resting = shop.server.app._worker
    assert shop.get("/v2/time").status == 200
    looking = resting._at_work.get(shop.name)  # a worker looks at a store that was just opened
    if looking is not None:
        shop.server.run(asyncio.wait([looking]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(resting, "enqueued", lambda store: None)
        reply = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=ASYNC)
    assert reply.status == 202
    return reply


def stored(shop: Shop, task: int) -> Any:
    """A task as its row holds it."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    found = shop.server.run(store.rows.reader.row(queue.TABLE.get_sql, task))
    return None if found is None else queue.TABLE.decode(found[0], found[1])


def rewrite(shop: Shop, task: int, **members: Any) -> None:
    """Changes a task behind its worker's back."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))

    async def job(unit: Unit) -> None:
        row = await unit.get(queue.TABLE, task)
        assert row is not None
        await unit.update(queue.TABLE, row, msgspec.structs.replace(row.entity, **members))

    shop.server.run(store.write(job))


# Called off


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_task_that_waits_is_called_off_and_never_done(room: Shop, form: Form) -> None:
    """Issue 5: 204, and it can still be read; a second time is 409."""
    desk = Desk(room, form)
    task = put_off(room).data["id"]
    path = f"/v{form.version}/tasks/{task}"
    assert desk.ask("DELETE", path).status == 204
    shown = room.get(f"/v3/tasks/{task}").data
    assert (shown["state"], shown["response"]) == ("cancelled", None)
    assert shown["date_finished"]
    late = desk.ask("DELETE", path)
    assert (late.status, late.reason) == (409, "TASK_ENDED")
    wake(room)
    room.server.run(asyncio.sleep(0.05))
    assert room.rows("brands") == 0
    assert room.get("/v3/tasks?state=cancelled").json["meta"]["pagination"]["total"] == 1


def test_a_task_in_the_hands_of_a_worker_is_called_off_between_two_steps(room: Shop) -> None:
    """What its worker has in hand is not committed; what it committed stays (decision 10)."""
    stock(room, 3)
    store = room.server.run(room.server.app.stores.get(room.name))
    task = abandon(room, int(time.time()) + 4)
    row = room.server.run(store.write(lambda unit: unit.get(queue.TABLE, task)))
    assert room.delete(f"/v3/tasks/{task}").status == 204
    with pytest.raises(queue.Overtaken):
        room.server.run(room.server.app._worker._replay(store, row))
    assert room.rows("brands") == 3
    assert room.get(f"/v3/tasks/{task}").data["state"] == "cancelled"


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_only_the_account_that_made_a_task_calls_it_off(server: Server, version: str) -> None:
    """To anybody else it does not exist (as rule 124 has it for hooks)."""
    room = server.shop()
    task = put_off(room).data["id"]
    other = Desk(room, V3).account()
    assert room.delete(f"/{version}/tasks/{task}", token=other).status == 404
    assert stored(room, task).state == "pending"
    assert room.delete(f"/{version}/tasks/{task}", headers={"if-match": '"0"'}).status == 412
    assert room.delete(f"/{version}/tasks/{task}").status == 204


# Given up


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_task_that_killed_five_workers_is_given_up_and_says_so(room: Shop, form: Form) -> None:
    """Issue 5, dead letters: it is not tried a sixth time, and its response tells why."""
    stock(room, 3)
    task = abandon(room, int(time.time()) - 1_000)
    rewrite(room, task, crash_count=queue.MAX_CRASHES - 1, request=queue.TaskRequest("DELETE", bulk_delete(room, form)))
    wake(room)
    shown = room.settle(task)
    assert (shown["state"], shown["response"]["status"]) == ("failed", 500)
    assert "5 times" in shown["response"]["body"]
    if form is V3:
        assert json.loads(shown["response"]["body"])["title"].startswith("The task was given up")
    assert room.rows("brands") == 3


def bulk_delete(shop: Shop, form: Form) -> str:
    return f"/stores/{shop.name}{form.path('brands')}?name=Acme" + (".xml" if form.media == "xml" else "")


WAITS = [
    # crashes before, seconds since the lease ended, alone, taken
    (0, -1, False, False),
    (0, 2, False, True),
    (0, -1, True, True),
    (1, 1, False, False),
    (1, 4, False, True),
    (2, 4, False, False),
    (2, 10, False, True),
    (3, 10, True, False),
    (3, 40, True, True),
]


@pytest.mark.parametrize(("crash_count", "since", "alone", "taken"), WAITS)
def test_a_task_that_was_left_more_than_once_has_to_wait(
    room: Shop, crash_count: int, since: int, alone: bool, taken: bool
) -> None:
    """Issue 5, back-off: 0, 2, 8 and 32 seconds after the lease, or after the claim where nobody else can hold it."""
    now = int(time.time())
    task = abandon(room, now - since)
    rewrite(room, task, crash_count=crash_count)
    store = room.server.run(room.server.app.stores.get(room.name))
    row = room.server.run(store.write(lambda unit: queue.claim(unit, now, alone=alone)))
    assert (row is not None) is taken
    if row is not None:
        assert (row.entity.crash_count, row.entity.attempt) == (crash_count + 1, 2)


def test_progress_forgives_the_workers_that_were_lost(room: Shop) -> None:
    """A long task outlives any number of restarts, as long as it gets on."""
    now = int(time.time())
    task = abandon(room, now - 1_000)
    rewrite(room, task, crash_count=3)
    store = room.server.run(room.server.app.stores.get(room.name))

    async def get_on(unit: Unit) -> None:
        row = await queue.claim(unit, now)
        assert row is not None
        await queue.advance(unit, row.entity, 250, now)

    room.server.run(store.write(get_on))
    assert (stored(room, task).crash_count, stored(room, task).progress) == (0, 250)


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_a_lease_that_a_clock_made_implausible_holds_nobody_up(room: Shop, jump: int) -> None:
    """Issue 5, clock jumps: a machine whose clock was a day ahead, or is a day ahead now, delays no task for a day."""
    now = int(time.time())
    abandon(room, now + 4)
    store = room.server.run(room.server.app.stores.get(room.name))
    assert room.server.run(store.write(lambda unit: queue.claim(unit, now + jump))) is not None


def test_a_worker_that_lives_renews_its_lease(room: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5: one step of a task may take longer than a lease."""
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.02)
    task = abandon(room, 1)
    store = room.server.run(room.server.app.stores.get(room.name))
    row = Row(stored(room, task), 1, 1, b"")

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(room.server.app._worker._renew(store, row))

    renewing = room.server.run(begin())
    room.wait_for(lambda: stored(room, task).lease_until > 1)
    renewing.cancel()
    assert stored(room, task).lease_until >= int(time.time()) - 1


def test_a_server_that_stops_leaves_its_task_to_the_next_at_once(runner: asyncio.Runner, tmp_path: Any) -> None:
    """Issue 5, rolling restart: nobody waits for the lease of a worker that said goodbye, and it is no death."""
    server = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = server.shop()
    task = put_off(shop).data["id"]
    begun = asyncio.Event()

    async def for_ever(*_: Any) -> Any:
        begun.set()
        await asyncio.sleep(60)

    server.app._worker._replay = for_ever
    wake(shop)
    runner.run(begun.wait())
    assert stored(shop, task).state == "running"
    runner.run(server.app.stop())
    server = Server(runner, runner.run(open_backend(tmp_path, None)))
    again = Shop(server, shop.name)
    again.token = shop.token
    assert again.settle(task)["state"] == "done"
    assert (stored(again, task).crash_count, stored(again, task).attempt) == (0, 2)
    runner.run(server.app.stop())


def test_a_server_stops_though_the_store_of_a_task_that_failed_is_gone(runner: asyncio.Runner, tmp_path: Any) -> None:
    """A fault of the program leaves a task in its worker's hands; the store may be deleted before the server stops."""
    server = Server(runner, runner.run(open_backend(tmp_path, None)))
    shop = server.shop()
    put_off(shop)
    failed = asyncio.Event()

    async def fail(*_: Any) -> Any:
        failed.set()
        raise ValueError("a fault")

    server.app._worker._replay = fail
    wake(shop)
    runner.run(failed.wait())
    runner.run(asyncio.sleep(0))
    shop.close()
    assert shop.name in server.app._worker._in_hand
    del server.app._worker._stores[shop.name]  # as a look at the stores does that comes every few minutes
    runner.run(server.app.stop())


def test_a_task_goes_on_when_its_database_comes_back(room: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 5: a database that goes away is no death of a worker; the task stays in its hands."""
    monkeypatch.setattr(worker, "PAUSE_SECONDS", 0.01)
    crew = room.server.app._worker
    task = put_off(room).data["id"]
    real, tries = crew._replay, []

    async def away(store: Any, row: Any) -> Any:
        tries.append(row.entity.attempt)
        if len(tries) < 4:
            raise Busy("away")
        return await real(store, row)

    monkeypatch.setattr(crew, "_replay", away)
    wake(room)
    assert room.settle(task)["state"] == "done"
    assert tries == [1, 1, 1, 1]
    assert stored(room, task).crash_count == 0


# Forgotten


@pytest.fixture
def frozen(server: Server) -> Iterator[Shop]:
    """A store of its own, whose clock stands still."""
    shop = server.shop()
    at(shop, START)
    yield shop
    shop.close()


def at(shop: Shop, epoch: int) -> None:
    shop.freeze(float(epoch))
    Desk(shop, V3).known(lambda store: store.clock.frozen == epoch)


@pytest.mark.parametrize(("keep", "later", "left"), [(WEEK, WEEK - 1, 2), (WEEK, WEEK + 1, 1), (60, 61, 1)])
def test_the_result_of_a_task_is_kept_for_a_stated_time(frozen: Shop, keep: int, later: int, left: int) -> None:
    """Issue 5: by the store's clock and its setting; a task that has not ended is never swept. One that began and ended
    within a second is dated to the next (`strictly_later`)."""
    frozen.change(settings={"tasks.keep_seconds": keep})
    Desk(frozen, V3).known(lambda store: store.settings["tasks.keep_seconds"] == keep)
    done = frozen.post("/v3/catalog/brands", {"name": "Acme"}, headers=ASYNC).data["id"]
    frozen.settle(done)
    waiting = frozen.post("/v3/catalog/brands", {"name": "Best"}, headers={"idempotency-key": "k"}).data["id"]
    assert waiting
    rest = abandon(frozen, int(time.time()) + 4)
    frozen.post("/v3/catalog/brands", {"name": "Keyed"}, headers={"idempotency-key": "key"})
    at(frozen, START + later)
    store = frozen.server.run(frozen.server.app.stores.get(frozen.name))
    frozen.server.run(sweep(store))
    assert frozen.rows("tasks") == left
    assert stored(frozen, rest) is not None
    assert frozen.get("/v3/tasks").json["meta"]["pagination"]["total"] == left
    assert frozen.rows("idempotency") == (0 if later >= 86_400 else 2)
    assert frozen.get(f"/v3/tasks/{done}").status == (200 if left == 2 else 404)


# Woken


def test_a_worker_is_woken_by_the_task_of_another_process(runner: asyncio.Runner, postgres_url: str) -> None:
    """Issue 5: wake-up without polling on PostgreSQL."""
    with database(postgres_url) as url:
        servers = [Server(runner, runner.run(open_backend(None, url))).awake() for _ in range(2)]
        shop = servers[0].shop()
        twin = Shop(servers[1], shop.name)
        twin.token = shop.token
        assert twin.get("/v2/time").status == 200  # it has the store open
        assert worker.LOOK_SECONDS > 60  # so that looking cannot be what finds it
        servers[0].app._worker.wake_worker = lambda store: None  # type: ignore[method-assign]
        task = shop.post("/v3/catalog/brands", {"name": "Acme"}, headers=ASYNC).data["id"]
        assert twin.settle(task)["state"] == "done"
        assert servers[1].app._worker.ended == {"done": 1, "failed": 0}
        for server in servers:
            runner.run(server.app.stop())


def test_an_emptied_store_forgets_its_tasks(room: Shop) -> None:
    """What a worker had in hand finds that out before it commits."""
    task = put_off(room).data["id"]
    emptied(room)
    assert room.get(f"/v3/tasks/{task}").status == 404
    wake(room)
    room.server.run(asyncio.sleep(0.05))
    assert room.rows("brands") == 0
