"""Storage by itself: plans, the table statistics, pages found without walking, the registry and its notifications,
stores that vanish."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bodega.clock import Clock
from bodega.lab.reset import empty
from bodega.resources import MODEL
from bodega.resources.catalog import brands, product
from bodega.storage import rows as reading
from bodega.storage.creating import create_store
from bodega.storage.opening import open_backend
from bodega.storage.operands import AnyColumn, Flag, IsTrue, Member, OwnOrShared, SqlTest, escape_like
from bodega.storage.plan import Condition, QueryPlan, count_sql, ids_sql, page_sql
from bodega.storage.postgres import registry as postgres_registry
from bodega.storage.postgres.connection import composed
from bodega.storage.registry import Account, Exists
from bodega.storage.sqlite.backend import SqliteBackend
from bodega.storage.sqlite.connection import numbered
from bodega.storage.sqlite.engine import in_memory
from bodega.storage.table_stats import BLOCK, EMPTY, TableStatistics
from bodega.storage.tx import Damaged
from bodega.storage.unit import Unit
from shop import Server, Shop
from statistics_check import check_statistics

PRODUCT = {"type": "physical", "price": 1, "weight": 1}

# Plans

WHERE: list[tuple[Condition, str, list[Any]]] = [
    (Condition("price", "eq", 5), "price = $1", [5]),
    (Condition("price", "ne", 5), "(price = $1) IS NOT TRUE", [5]),
    (Condition("price", "min", 5), "price >= $1", [5]),
    (Condition("price", "max", 5), "price <= $1", [5]),
    (Condition("price", "greater", 5), "price > $1", [5]),
    (Condition("price", "less", 5), "price < $1", [5]),
    (Condition("id", "in", (1, 2)), "id IN ($1, $2)", [1, 2]),
    (Condition("id", "in", ()), "1 = 0", []),
    (Condition("id", "not_in", (1, 2)), "(id IN ($1, $2)) IS NOT TRUE", [1, 2]),
    (Condition("id", "not_in", ()), "1 = 1", []),
    (Condition("date_created", "within", ("a", "b")), "(date_created BETWEEN $1 AND $2)", ["a", "b"]),
    (
        Condition("date_created", "outside", ("a", "b", "c", "d")),
        "((date_created BETWEEN $1 AND $2 OR date_created BETWEEN $3 AND $4)) IS NOT TRUE",
        ["a", "b", "c", "d"],
    ),
    (Condition("date_created", "within", ()), "1 = 0", []),
    (Condition("date_created", "outside", ()), "1 = 1", []),
    (Condition("name", "like", "50%_!"), "name LIKE $1 ESCAPE '!'", ["%50!%!_!!%"]),
    (Condition(AnyColumn(("a", "b")), "like", "x"), "(a LIKE $1 ESCAPE '!' OR b LIKE $1 ESCAPE '!')", ["%x%"]),
    (
        Condition(AnyColumn(("a", Member("texts", "owner", "body"))), "like", "x"),
        "(a LIKE $1 ESCAPE '!' OR id IN (SELECT owner FROM texts WHERE body LIKE $1 ESCAPE '!'))",
        ["%x%"],
    ),
    (
        Condition(Member("links", "owner", "member"), "in", (3,)),
        "id IN (SELECT owner FROM links WHERE member IN ($1))",
        [3],
    ),
    (Condition(IsTrue("a > b"), "is", True), "(a > b)", []),
    (Condition(Flag("is_low"), "is", True), "(is_low)", []),
    (Condition(Flag("is_low"), "is", False), "NOT (is_low)", []),
    (Condition(SqlTest("id > ALL({placeholders})"), "in", (1, 2)), "id > ALL($1, $2)", [1, 2]),
    (Condition(SqlTest("id IN ({placeholders})"), "in", ()), "id IN (NULL)", []),
    (Condition(OwnOrShared("client_id", "is_shared"), "eq", "me"), "(client_id = $1 OR is_shared)", ["me"]),
    (Condition(IsTrue("a > b"), "is", False), "NOT (a > b)", []),
]


@pytest.mark.parametrize(("condition", "sql", "values"), WHERE)
def test_a_condition_becomes_sql_and_parameters(condition: Condition, sql: str, values: list[Any]) -> None:
    """No value of a request is ever in the text."""
    made = count_sql(QueryPlan(brands.TABLE, (condition,)), "sqlite")
    assert made == (f"SELECT count(*) FROM brands WHERE {sql}", values)


def test_parameters_are_numbered_through() -> None:
    """Several conditions, then the page."""
    plan = QueryPlan(
        brands.TABLE, (Condition("id", "in", (1, 2)), Condition("name", "like", "x")), ("name", True), 10, 20
    )
    sql, values = page_sql(plan, "t.doc", "postgresql")
    assert "id IN ($1, $2) AND name ILIKE $3 ESCAPE '!' ORDER BY name DESC, id DESC LIMIT $4 OFFSET $5" in sql
    assert sql.endswith("ORDER BY t.name DESC, t.id DESC")
    assert values == [1, 2, "%x%", 10, 20]
    assert ids_sql(plan, "sqlite")[1] == [1, 2, "%x%", 10]


@given(st.text(max_size=20), st.text(max_size=40))
def test_a_search_finds_text_as_it_stands(needle: str, hay: str) -> None:
    """Nothing in the text is a wildcard."""
    connection = in_memory()
    needle, hay = needle.replace("\x00", ""), hay.replace("\x00", "")
    found = connection.execute("SELECT ? LIKE ? ESCAPE '!'", (hay + needle, escape_like(needle))).fetchone()
    connection.close()
    assert found == (1,)


@pytest.mark.parametrize(
    ("statements", "made"),
    [
        ([("DELETE FROM a WHERE id = $1", 1)], "DELETE FROM a WHERE id = $1"),
        (
            [("INSERT INTO a (x, y) VALUES ($1, $2)", 2), ("INSERT INTO a (x, y) VALUES ($1, $2)", 2)],
            "INSERT INTO a (x, y) VALUES ($1, $2), ($3, $4)",
        ),
        (
            [("INSERT INTO b (z) VALUES ($1)", 1)]
            + [("INSERT INTO a (x, y) VALUES ($1, 'k') ON CONFLICT (x) DO UPDATE SET y = excluded.y", 1)] * 3,
            "WITH s0 AS (INSERT INTO b (z) VALUES ($1)) INSERT INTO a (x, y) VALUES ($2, 'k'), ($3, 'k'), ($4, 'k')"
            " ON CONFLICT (x) DO UPDATE SET y = excluded.y",
        ),
        (
            [("INSERT INTO a (x) VALUES ($1) ON CONFLICT (x) DO UPDATE SET y = $2", 2)] * 2,
            "WITH s0 AS (INSERT INTO a (x) VALUES ($1) ON CONFLICT (x) DO UPDATE SET y = $2)"
            " INSERT INTO a (x) VALUES ($3) ON CONFLICT (x) DO UPDATE SET y = $4",
        ),
        ([("UPDATE a SET x = $1", 1)] * 2, "WITH s0 AS (UPDATE a SET x = $1) UPDATE a SET x = $2"),
    ],
)
def test_rows_that_follow_each_other_are_one_part_of_a_statement(statements: list[tuple[str, int]], made: str) -> None:
    assert composed(tuple(statements)) == (made, range(len(statements)))


def test_statements_are_composed_with_their_parameters_apart() -> None:
    """One trip for the writes of an entity: each keeps its own values."""
    sql, order = composed((("INSERT INTO a VALUES ($1, $2)", 2), ("INSERT INTO b VALUES ($1)", 1)))
    assert sql == "WITH s0 AS (INSERT INTO a VALUES ($1, $2)) INSERT INTO b VALUES ($3)"
    assert list(order) == [0, 1]
    assert numbered("a = $1 AND b = $12") == "a = ?1 AND b = ?12"


# The table statistics


def test_the_ledger_counts_what_enters_and_leaves() -> None:
    """Totals, the next id, and a revision that moves with every change of the store."""
    statistics = TableStatistics({})
    assert [statistics.enter("brands", 100) for _ in range(3)] == [(1, 1), (2, 2), (3, 3)]
    assert statistics.enter("brands", 101, 10) == (10, 4)
    assert (statistics.total("brands"), statistics.next_id("brands")) == (4, 11)
    assert statistics.touch("products", 102) == 5
    assert statistics.leave("brands", 103, [1, 10]) == 6
    assert (statistics.total("brands"), statistics.next_id("brands")) == (2, 11)
    saved = {values[0]: values[1:] for sql, values in statistics.statements() if "INTO table_statistics" in sql}
    assert saved == {"*": (6, 103, 0, 1, 0), "brands": (6, 103, 2, 11, 6), "products": (5, 102, 0, 1, 0)}
    living = {values[1]: values[2] for sql, values in statistics.statements() if "INTO page_index" in sql}
    assert living == {0: 2}


def test_a_ledger_goes_back_to_its_mark() -> None:
    """What a job that failed did is forgotten, whatever was done before it is not."""
    statistics = TableStatistics({"brands": (7, 50, 2, 3, 7), "*": (9, 60, 0, 1, 0)})
    statistics.enter("brands", 100)
    mark = statistics.mark()
    before = statistics.statements()
    statistics.enter("products", 100)
    statistics.leave("brands", 100, [1])
    statistics.restore(mark)
    assert statistics.statements() == before
    assert statistics.next_id("products") == EMPTY[3]
    assert statistics.next_id("brands") == 4


@settings(max_examples=20)
@given(
    st.lists(st.integers(1, 2_000), unique=True, max_size=300), st.integers(1, 60), st.randoms(use_true_random=False)
)
def test_a_page_found_by_the_census_is_the_slice_of_the_list(ids: list[int], limit: int, picks: random.Random) -> None:
    """A page deep in a list is found by the blocks that hold living rows: the same rows as by walking."""

    class Pages:
        dialect = "sqlite"

        async def rows(self, _sql: str, *_values: Any) -> list[Any]:
            blocks: dict[int, int] = {}
            for one in sorted(ids):
                blocks[one >> 8] = blocks.get(one >> 8, 0) + 1
            return sorted(blocks.items())

    ids.sort()
    offset = picks.randrange(0, len(ids) + limit)
    place = asyncio.run(reading.PageIndex().locate(Pages(), brands.TABLE, 1, offset))  # type: ignore[arg-type]
    if place is None:
        assert offset >= len(ids)
    else:
        first, over = place
        assert [one for one in ids if one >= first][over : over + limit] == ids[offset : offset + limit]


def test_in_a_block_without_a_gap_no_row_is_passed_over() -> None:
    """A row that is passed over costs a page of the table; ids that are dense are counted instead."""

    class Pages:
        dialect = "sqlite"

        async def rows(self, _sql: str, *_values: Any) -> list[Any]:
            return [(0, 255), (1, 256), (2, 40)]  # ids 1 to 511 without a gap, then some of the next 256

    page_index = reading.PageIndex()
    for offset in range(511):
        assert asyncio.run(page_index.locate(Pages(), brands.TABLE, 1, offset)) == (offset + 1, 0)  # type: ignore[arg-type]
    assert asyncio.run(page_index.locate(Pages(), brands.TABLE, 1, 520)) == (512, 9)  # type: ignore[arg-type]


def test_every_page_of_a_store_is_the_slice_of_its_list(shop: Shop) -> None:
    """The same on the real thing, after random inserts and deletes, and again after more of them."""
    picks = random.Random(3)
    living: list[int] = []
    for _ in range(3):
        living += _insert(shop, 400)
        doomed = picks.sample(living, 150) + list(range(max(living) - 300, max(living) - 250))
        living = sorted(set(living) - set(doomed))
        shop.server.run(_write(shop, lambda unit, ids=doomed: unit.delete(brands.TABLE, ids)))
        for limit in (1, 7, 50, 250):
            for page in {1, 2, picks.randrange(1, 40), len(living) // limit, len(living) // limit + 1, 10_000}:
                reply = shop.get(f"/v3/catalog/brands?limit={limit}&page={max(1, page)}")
                start = (max(1, page) - 1) * limit
                assert [brand["id"] for brand in reply.data] == living[start : start + limit], (limit, page)
                assert reply.json["meta"]["pagination"]["total"] == len(living)
    check_statistics(shop)


async def _write(shop: Shop, job: Any) -> Any:
    store = await shop.server.app.stores.get(shop.name)
    assert store is not None
    return await store.write(job)


def _insert(shop: Shop, count: int) -> list[int]:
    async def job(unit: Unit) -> list[int]:
        made = []
        for _ in range(count):
            name = f"b{unit.statistics.next_id('brands')}"
            made.append(int((await unit.insert(brands.TABLE, brands.Brand(name=name))).entity.id))
        return made

    return list(shop.server.run(_write(shop, job)))


def test_a_delete_of_more_rows_than_a_statement_has_parameters_is_carried_out(shop: Shop) -> None:
    """SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535."""
    ids = [*_insert(shop, 3), *range(10_000, 80_000)]
    shop.server.run(_write(shop, lambda unit: unit.delete(brands.TABLE, ids)))
    assert shop.rows("brands") == 0
    check_statistics(shop)


# The registry


def account(store: str, **more: Any) -> Account:
    made = Account("c1", store, "n", "oauth", "", "digest", "s", frozenset({"b", "a"}), 100, 2, False, 3, 1)
    return msgspec.structs.replace(made, **more)


def test_the_registry_keeps_stores_and_accounts(server: Server) -> None:
    """What is written is read, names are taken once, and dropping a store drops its accounts."""
    registry = server.backend.registry
    run = server.run
    name = f"r-{time.monotonic_ns()}"
    record = run(registry.add_store(name, "trial", {"name": "x"}, 77))
    assert (record.hash, record.plan, record.settings, record.created, record.clock) == (
        name,
        "trial",
        {"name": "x"},
        77,
        Clock(),
    )
    with pytest.raises(Exists):
        run(registry.add_store(name, "trial", {}, 78))
    changed = msgspec.structs.replace(record, limits={"products": 1}, clock=Clock(offset=5.5), maintenance=True)
    run(registry.save_store(changed))
    saved = run(registry.store(name))
    assert saved.revision > record.revision, "it grows over all stores"
    assert saved == msgspec.structs.replace(changed, revision=saved.revision)
    one = account(name, client_id=f"{name}-1")
    run(registry.add_account(one))
    for taken in (one, msgspec.structs.replace(one, client_id=f"{name}-2")):  # the id, then the token
        with pytest.raises(Exists):
            run(registry.add_account(taken))
    assert run(registry.accounts(name)) == [one]
    less = msgspec.structs.replace(one, scopes=frozenset({"a"}), disabled=True, quota_epoch=2)
    run(registry.save_account(less))
    assert run(registry.accounts(name)) == [less]
    run(registry.drop_store(name))
    assert run(registry.store(name)) is None
    assert run(registry.accounts(name)) == []


def test_every_store_ever_made_has_a_place_of_its_own(server: Server) -> None:
    """Also one of the same hash, made in the same second, with the same number."""
    registry = server.backend.registry
    places = set()
    for _ in range(5):
        places.add(server.run(registry.add_store("again", "trial", {}, 1)).place)
        server.run(registry.drop_store("again"))
    assert len(places) == 5
    assert "" not in places


RINGER = """
import asyncio, sys
from pathlib import Path
from bodega.storage.sqlite.backend import SqliteBackend
async def main():
    backend = SqliteBackend(Path(sys.argv[1]))
    await backend.registry.save_store(await backend.registry.store(sys.argv[2]))
    await backend.close()
asyncio.run(main())
"""


def test_a_change_notification_reaches_another_process(tmp_path: Path) -> None:
    """Two backends on one directory: each hears the other, once, and itself."""

    async def work() -> None:
        here = SqliteBackend(tmp_path)
        there = SqliteBackend(tmp_path)
        await here.registry.add_store("x", "trial", {}, 1)
        assert (here.registry.has_changed(), there.registry.has_changed()) == (True, True)
        assert (here.registry.has_changed(), there.registry.has_changed()) == (False, False)
        ringing = await asyncio.create_subprocess_exec(sys.executable, "-c", RINGER, str(tmp_path), "x")
        assert await asyncio.wait_for(ringing.wait(), 120) == 0
        assert (here.registry.has_changed(), there.registry.has_changed()) == (True, True)
        late = SqliteBackend(tmp_path)
        assert late.registry.has_changed() is False
        for backend in (here, there, late):
            await backend.close()

    asyncio.run(work())


def test_a_directory_of_any_name_holds_stores(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Also one whose name means something in a URI."""
    place = tmp_path / "a b#c?d%41é"
    server = Server(runner, runner.run(open_backend(place, None)))
    shop = server.shop()
    shop.brand()
    record = server.run(server.backend.registry.store(shop.name))
    assert server.run(server.backend.revision(record)) > 0
    assert server.run(server.backend.has_tasks(record)) is False
    runner.run(server.app.stop())


# Stores that come and go


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Path) -> Iterator[tuple[Server, Any]]:
    """A server, and a backend on the same stores as the command line opens it."""
    place = (tmp_path, None) if request.param == "sqlite" else (None, request.getfixturevalue("own_database"))
    server = Server(runner, runner.run(open_backend(*place)))
    assert server.app._waking is not None
    runner.run(asyncio.wait([server.app._waking]))
    other = runner.run(open_backend(*place))
    yield server, other
    runner.run(other.close())
    runner.run(server.app.stop())


def deleted(server: Server, backend: Any, shop: Shop) -> None:
    """`bodega store delete`."""
    record = server.run(backend.registry.store(shop.name))
    server.run(backend.registry.drop_store(shop.name))
    server.run(backend.drop(record))


def made_again(server: Server, backend: Any, shop: Shop, created: int) -> None:
    """`bodega store create` and an account with the same token."""
    from bodega.storage.registry import digest

    server.run(create_store(backend, shop.name, "sandbox", {}, created))
    scopes = frozenset({"store_v2_products"})
    again = account(
        shop.name, client_id=f"{shop.name}-a", token_digest=digest(shop.token), scopes=scopes, per_window=1000
    )
    server.run(backend.registry.add_account(again))
    server.hear()


def test_a_store_deleted_while_it_is_open_is_unknown_at_the_next_request(pair: tuple[Server, Any]) -> None:
    """401, as for any unknown store; its database is gone."""
    server, other = pair
    shop = server.shop()
    shop.brand()
    record = server.run(other.registry.store(shop.name))
    deleted(server, other, shop)
    server.hear()
    assert shop.get("/v3/catalog/brands").status == 401
    with pytest.raises(Damaged):
        server.run(other.revision(record))
    if isinstance(other, SqliteBackend):
        assert not list(other.path(record).parent.glob(f"{shop.name}.*"))


def test_a_store_made_again_under_the_same_hash_is_another_store(pair: tuple[Server, Any]) -> None:
    """Nothing of the first is seen in the second, and closing the first takes nothing from the second."""
    server, other = pair
    shop = server.shop()
    shop.brand("Old")
    created = server.run(other.registry.store(shop.name)).created
    for turn in range(3):
        deleted(server, other, shop)
        made_again(server, other, shop, created)
        store = server.run(server.app.stores.get(shop.name))
        server.run(
            store.ready()
        )  # a request that came between the two steps of making it finds it being brought forward
        assert shop.get("/v3/catalog/brands").data == []
        assert shop.brand(f"New {turn}") == 1
        assert [brand["name"] for brand in shop.get("/v3/catalog/brands").data] == [f"New {turn}"]
    server.run(server.app.stores._open[shop.name].close())
    record = server.run(other.registry.store(shop.name))
    rows = server.run(other.open(record))
    assert server.run(reading.table_state_of(rows.reader, "brands")).total == 1
    server.run(rows.close())
    del server.app.stores._open[shop.name]
    server.app.stores._fresh.clear()


def test_requests_under_way_when_their_store_is_deleted_end_by_the_law(pair: tuple[Server, Any]) -> None:
    """503, 401, 429 (nothing left to count on) or done, never 500: the rows went away under their hands."""
    from test_concurrency import ask

    server, other = pair
    shop = server.shop()

    async def work() -> list[Any]:
        asked = [
            asyncio.create_task(ask(shop, "POST", "/v3/catalog/products", {"name": f"p{n}", **PRODUCT}))
            for n in range(30)
        ]
        await asyncio.sleep(0.002)
        record = await other.registry.store(shop.name)
        await other.registry.drop_store(shop.name)
        await server.heard()
        asked += [asyncio.create_task(ask(shop, "GET", "/v3/catalog/products", None)) for _ in range(5)]
        replies = await asyncio.gather(*asked)
        await other.drop(record)
        return replies

    statuses = {reply.status for reply in server.run(work())}
    assert statuses <= {200, 401, 429, 503}, statuses
    assert 401 in statuses


def test_rows_that_were_closed_tell_so(pair: tuple[Server, Any]) -> None:
    """Busy, which is answered 503: not an error of the program."""
    from bodega.storage.tx import Busy

    server, _ = pair
    shop = server.shop()
    shop.brand()
    store = server.run(server.app.stores.get(shop.name))
    server.run(store.rows.close())
    with pytest.raises(Busy):
        server.run(store.rows.reader.rows("SELECT 1"))
    with pytest.raises(Busy):
        server.run(store.write(lambda unit: unit.delete(brands.TABLE, [1])))
    del server.app.stores._open[shop.name]


def test_a_store_that_is_emptied_starts_again_but_no_etag_is_used_twice(pair: tuple[Server, Any]) -> None:
    """`bodega store reset` while a server has the store open."""
    from bodega.storage.unit import Terms

    server, other = pair
    shop = server.shop()
    shop.product("Hammer", categories=[shop.category()], brand_id=shop.brand())
    tags = {shop.get(path).headers["etag"] for path in ("/v3/catalog/products", "/v3/catalog/products/1")}
    record = server.run(other.registry.store(shop.name))
    rows = server.run(other.open(record, MODEL))
    server.run(rows.write(empty, int(record.clock.now()), Terms()))
    server.run(rows.close())
    emptied = shop.get("/v3/catalog/products")
    assert emptied.data == []
    assert shop.product("Saw") == 1
    again = {shop.get(path).headers["etag"] for path in ("/v3/catalog/products", "/v3/catalog/products/1")}
    assert not tags & again
    assert emptied.headers["etag"] not in tags
    check_statistics(shop)


def test_many_stores_do_not_use_up_the_connections(runner: asyncio.Runner, own_database: str) -> None:
    """A connection that nobody uses is let go: a server has fewer connections than stores."""
    from bodega.storage.postgres import readers
    from bodega.storage.postgres import rows as postgres_rows

    patch = pytest.MonkeyPatch()
    for module in (readers, postgres_rows):
        patch.setattr(module, "IDLE_SECONDS", 0.2)
    server = Server(runner, runner.run(open_backend(None, own_database)))
    try:
        shop = server.shop()
        shop.brand()
        store = server.run(server.app.stores.get(shop.name))
        shop.wait_for(lambda: store.rows._connection is None and store.rows._readers._open == 0)
        assert shop.brand("Other") == 2
    finally:
        patch.undo()
        runner.run(server.app.stop())


def test_a_server_that_lost_its_connections_answers_503_and_finds_its_way_back(
    runner: asyncio.Runner, own_database: str
) -> None:
    """RFC 9110 15.6.4: as when PostgreSQL is restarted; change notifications arrive again afterwards."""
    server = Server(runner, runner.run(open_backend(None, own_database)))
    try:
        shop = server.shop()
        shop.brand()
        kill = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
        )
        server.run(server.backend.registry.tx.row(kill))
        replies = [shop.post("/v3/catalog/brands", {"name": f"b{n}"}) for n in range(3)]
        replies += [shop.get("/v3/catalog/brands") for _ in range(12)]
        assert {reply.status for reply in replies} <= {200, 503}
        assert all(reply.reason == "UNREACHABLE" for reply in replies if reply.status == 503)
        assert replies[-1].status == 200
        server.hear()
        assert shop.get("/v3/catalog/brands").status == 200
        shop.change(maintenance=True)
        assert shop.get("/v3/catalog/brands").status == 503
    finally:
        runner.run(server.app.stop())


def test_a_new_account_is_good_before_its_notification_comes(
    runner: asyncio.Runner, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process made it, and told its user; a token of nobody costs one look, which those who come meanwhile
    share."""
    server = Server(runner, runner.run(open_backend(None, own_database)))
    registry = server.backend.registry
    try:
        shop = server.shop()
        assert shop.get("/v3/catalog/brands").status == 200
        monkeypatch.setattr(registry, "has_changed", lambda: False)
        token = shop.account("store_v2_products")
        assert shop.get("/v3/catalog/brands", token=token).status == 200
        looks: list[str] = []
        accounts = registry.accounts

        async def counted(name: str) -> Any:
            looks.append(name)
            return await accounts(name)

        monkeypatch.setattr(registry, "accounts", counted)
        assert shop.get("/v3/catalog/brands", token="nobody's").status == 401
        assert shop.get("/v3/catalog/brands", token=token).status == 200
        assert len(looks) == 1
        store = server.run(server.app.stores.get(shop.name))

        async def several() -> None:
            await asyncio.gather(*[server.app.stores.looked_up(store) for _ in range(50)])

        server.run(several())
        assert len(looks) <= 3
    finally:
        monkeypatch.undo()
        runner.run(server.app.stop())


def test_a_server_that_cannot_hear_of_changes_looks_for_them(
    runner: asyncio.Runner, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No account outlives its revocation while the connection of notifications is gone."""
    server = Server(runner, runner.run(open_backend(None, own_database)))
    registry = server.backend.registry
    try:
        shop = server.shop()
        assert shop.get("/v3/catalog/brands").status == 200
        connect = postgres_registry.connect

        async def refuse(*words: Any, **more: Any) -> Any:
            if more:  # one to read by
                return await connect(*words, **more)
            raise ConnectionRefusedError

        monkeypatch.setattr(postgres_registry, "connect", refuse)
        server.run(
            registry.tx.row(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ '^(LISTEN|SELECT 1$)'"
            )
        )
        shop.wait_for(lambda: registry.has_changed() and registry.has_changed())
        server.run(registry.tx.run("UPDATE accounts SET token_digest = 'x' || client_id"))  # as nobody tells of it
        assert shop.get("/v3/catalog/brands").status == 401
    finally:
        monkeypatch.undo()
        runner.run(server.app.stop())


def test_a_product_keeps_its_columns_beside_its_document() -> None:
    """Filters and uniqueness use columns, never the document (design 4)."""
    names = {column.name for column in product.TABLE.columns}
    assert {"price", "sku", "name_key", "brand_ref"} <= names
    assert BLOCK == 256
