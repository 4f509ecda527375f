"""Stores and workers do not wait for one another on PostgreSQL: a write that is held up holds up its own store's
writes, and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from bodega.access.quota import HANDFUL
from bodega.storage.opening import open_backend
from bodega.storage.postgres.connection import connect
from bodega.storage.table_stats import STORE
from shop import Server, Shop
from test_concurrency import ask

BRAND = "/v3/catalog/brands"
GETS = 400
PATIENCE = 30.0
HOLD = f"SELECT 1 FROM table_statistics WHERE name = '{STORE}' FOR UPDATE"


@pytest.fixture(params=[1, 2], ids=["one process", "two workers"])
def workers(request: pytest.FixtureRequest, runner: asyncio.Runner, own_database: str) -> Iterator[list[Server]]:
    servers = [Server(runner, runner.run(open_backend(None, own_database))) for _ in range(request.param)]
    for server in servers:
        assert server.app._waking is not None
        runner.run(asyncio.wait([server.app._waking]))
    yield servers
    for server in servers:
        runner.run(server.app.stop())


def _as_served_by(server: Server, shop: Shop) -> Shop:
    twin = Shop(server, shop.name)
    twin.token = shop.token
    return twin


@pytest.mark.parametrize("others", [1, 30], ids=["a write", "a group of writes"])
def test_a_write_that_is_held_up_holds_up_no_other_store(workers: list[Server], own_database: str, others: int) -> None:
    """The lock is a row of the store's own: writes of another store go through, and so do reads of both."""
    held, free = workers[0].shop(), workers[0].shop()
    free_too = _as_served_by(workers[-1], free)
    held.brand("first")
    free.brand("first")

    async def work() -> None:
        holder = await connect(own_database, "store_" + held.name.replace("-", "_"))
        try:
            await holder.execute("BEGIN")
            await holder.execute(HOLD)
            waiting = [asyncio.create_task(ask(held, "POST", BRAND, {"name": f"late {n}"})) for n in range(others)]
            await asyncio.sleep(0.05)
            made = [ask(shop, "POST", BRAND, {"name": f"made by {place} {n}"})
                    for place, shop in enumerate((free, free_too)) for n in range(others)]  # fmt: skip
            replies = await asyncio.wait_for(asyncio.gather(*made), PATIENCE)
            assert {reply.status for reply in replies} == {200}
            for shop in (held, _as_served_by(workers[-1], held), free, free_too):
                shown = await asyncio.wait_for(ask(shop, "GET", f"{BRAND}/1", None), PATIENCE)
                assert shown.status == 200
            assert not any(one.done() for one in waiting)
            await holder.execute("ROLLBACK")
            assert {reply.status for reply in await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)} == {200}
        finally:
            holder.terminate()

    workers[0].run(work())


def test_reads_of_several_workers_share_nothing_but_the_count_of_the_quota(
    workers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By count: a GET is one statement on a connection of its own worker, that changes nothing and locks no row. Units
    of the quota come by the handful."""
    shop = workers[0].shop()
    shop.brand()
    shops = [_as_served_by(server, shop) for server in workers]
    for each in shops:
        assert each.get(f"{BRAND}/1").status == 200
    sent: Counter[str] = Counter()

    def counted(name: str) -> None:
        plain = getattr(asyncpg.Connection, name)

        async def run(connection: Any, sql: str, *values: Any, **more: Any) -> Any:
            sent[sql] += 1
            return await plain(connection, sql, *values, **more)

        monkeypatch.setattr(asyncpg.Connection, name, run)

    async def work() -> None:
        asked = (ask(shops[n % len(shops)], "GET", f"{BRAND}/1", None) for n in range(GETS))
        assert {reply.status for reply in await asyncio.gather(*asked)} == {200}

    for name in ("execute", "fetch", "fetchrow"):
        counted(name)
    workers[0].run(work())
    reads = {sql: count for sql, count in sent.items() if " FROM brands " in sql}
    assert sum(reads.values()) == GETS
    assert not any("FOR UPDATE" in sql or "LOCK" in sql for sql in reads)
    reserved = sum(count for sql, count in sent.items() if "quotas" in sql)
    assert reserved <= len(shops) * (GETS // HANDFUL + 4)
    assert sum(sent.values()) <= GETS + reserved + 20, sent.most_common(6)
