"""The tests' own stores: one whose tables served another store before cannot be told from one that is all new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace

from bodega.lab.seed import Amounts, seed
from bodega.storage.opening import open_backend
from bodega.storage.postgres.sharding import is_distributed
from forms import emptied
from pictures import picture
from postgres import database
from shop import Server, Shop

NOON = 1_900_000_000.0
TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " ORDER BY relname",
}
SCHEMA = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT concat_ws(' ', c.relname, c.relkind, a.attnum, a.attname, a.atttypid::regtype, a.attnotnull)
            FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = current_schema()::regnamespace
        UNION ALL SELECT replace(pg_get_indexdef(oid), current_schema() || '.', '') FROM pg_class
            WHERE relkind = 'i' AND relnamespace = current_schema()::regnamespace
        UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(n.oid))
            FROM pg_constraint n JOIN pg_class c ON c.oid = conrelid WHERE relnamespace = current_schema()::regnamespace
        UNION ALL SELECT concat_ws(' ', relname, tgname) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
            WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace
        UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        ORDER BY 1""",
}


@pytest.fixture(params=["sqlite", "postgres"])
def lasting(request: pytest.FixtureRequest, runner: asyncio.Runner, tmp_path: Any) -> Iterator[Server]:
    """A house as the tests share it, which has had no store yet."""
    if request.param == "sqlite":
        server = Server(runner, runner.run(open_backend(tmp_path, None))).lasting()
        yield server
        server.stop()
        return
    with database(request.getfixturevalue("postgres_url")) as url:
        server = Server(runner, runner.run(open_backend(None, url))).lasting()
        yield server
        server.stop()


def outside(shop: Shop, *questions: str) -> list[list[Any]]:
    """What the store's database answers, not asked through the house: nothing is opened there."""
    backend: Any = shop.server.backend
    record = shop.server.run(backend.registry.store(shop.name))

    async def ask() -> list[list[Any]]:
        rows = await backend.open(record)
        try:
            return [[tuple(row) for row in await rows.reader.rows(sql)] for sql in questions]
        finally:
            await rows.close()

    return list(shop.server.run(ask()))


def dialect(shop: Shop) -> str:
    return str(shop.server.backend.registry.tx.dialect)


def content(shop: Shop) -> dict[str, list[Any]]:
    """Every row of every table."""
    tables = [row[0] for row in outside(shop, TABLES[dialect(shop)])[0]]
    assert len(tables) > 70
    rows = outside(shop, *(f"SELECT * FROM {table}" for table in tables))
    return {table: sorted(found, key=repr) for table, found in zip(tables, rows, strict=True)}


def registered(shop: Shop) -> dict[str, Any]:
    """All that the registry says of a store, without what is to differ: its name, and when it was made."""
    backend = shop.server.backend
    record = msgspec.structs.asdict(shop.server.run(backend.registry.store(shop.name)))
    assert abs(record.pop("created") - time.time()) < 600
    assert record.pop("hash") == shop.name
    del record["number"], record["place"]
    accounts = shop.server.run(backend.registry.accounts(shop.name))
    told = [msgspec.structs.asdict(account) for account in accounts]
    for account in told:
        for own in ("client_id", "store", "token_digest", "created"):
            del account[own]
    tx = backend.registry.tx
    mine = "SELECT client_id FROM accounts WHERE store = $1"
    questions = {
        "owners": "SELECT owner FROM owned WHERE store = $1",
        "invitations": "SELECT email FROM invitations WHERE store = $1",
        "installations": "SELECT app FROM installations WHERE store = $1",
        "quotas": f"SELECT counts FROM quotas WHERE client_id IN ({mine})",
        "uses": f"SELECT used FROM account_uses WHERE client_id IN ({mine})",
    }
    rows = {name: [tuple(row) for row in shop.server.run(tx.rows(sql, shop.name))] for name, sql in questions.items()}
    return {"record": record, "accounts": told, **rows}


def known(shop: Shop) -> dict[str, Any]:
    """What the house has in mind of a store that was just opened."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    app = shop.server.app
    kept = {name: value for name, value in vars(app.journal_sync).items() if isinstance(value, dict)}
    return {
        "settings": store.settings,
        "terms": replace(store.terms, store=""),
        "clock": store.clock,
        "maintenance": store.maintenance,
        "suspended": store.suspended,
        "journal": (store.keeps_journal, store.keeps_bodies),
        "accounts": len(store.by_token) + len(store.by_user),
        "remembered": len(store.remembered),
        "quotas": len(store._quotas),
        "at work": store.at_work,
        "page index": store.page_index._known,
        "interest": store.rows.interest._revision,
        "tasks": (shop.name in app._worker._in_hand, shop.name in app._worker._later),
        "posts": shop.name in app._dispatcher._posts,
        "told": [name for name, value in kept.items() if shop.name in value],
    }


def facts(shop: Shop) -> dict[str, Any]:
    """All there is to know of a store: as it was handed out, and after its first request, at noon."""
    found = {"schema": outside(shop, SCHEMA[dialect(shop)]), "untouched": content(shop), "registered": registered(shop)}
    shop.freeze(NOON)
    assert not shop.server.app.stores.holds(shop.name)
    found["known"] = known(shop)
    found["answers"] = [
        shop.get(path).body for path in ("/v2/products/count", "/v3/channels", "/v3/hooks", "/v3/tasks")
    ]
    shop.server.rest()
    found["first rows"] = content(shop)
    return found


def place_of(shop: Shop) -> Any:
    """Where the tables are: what a schema is to PostgreSQL, whatever it is called."""
    if dialect(shop) == "postgresql":
        return outside(shop, "SELECT current_schema()::regnamespace::oid")
    backend: Any = shop.server.backend
    return backend.path(shop.server.run(backend.registry.store(shop.name)))


def used(shop: Shop) -> None:
    """A store in which nearly everything has happened that can."""
    shop.freeze(NOON - 1e6)
    shop.hook("store/*".replace("*", "product/*"), "http://127.0.0.1:1/")
    brands = [shop.brand(f"B{number}") for number in range(300)]  # more than one block of the page index
    shop.get("/v3/catalog/brands?page=2&limit=250")
    category = shop.category()
    product = shop.product(categories=[category], brand_id=brands[0], sku="H-1")
    image = ("image_file", "red.png", "image/png", picture())
    assert shop.upload(f"/v3/catalog/products/{product}/images", image).status == 200
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(seed(store, Amounts(products=20, customers=10, orders=5)))
    shop.settle(shop.post("/v3/catalog/brands", {"name": "Later"}, headers={"prefer": "respond-async"}).data["id"])
    shop.post("/v3/catalog/brands", {"name": "Once"}, headers={"idempotency-key": "k"})
    shop.delete("/v3/catalog/brands?name:like=B1")
    other = shop.account("store_v2_products", kind="basic", per_hour=5)
    shop.account(per_window=3)
    assert other
    shop.change(
        plan="trial", limits={"products": 7}, settings={"name": "Used", "journal": "full"}, maintenance=True
    )  # fmt: skip
    assert shop.get("/v3/catalog/products").status == 503


def stuffed(shop: Shop) -> None:
    """A row in each and every table, whatever it means."""
    if dialect(shop) != "postgresql":
        return
    backend: Any = shop.server.backend
    schema = backend.schema(shop.server.run(backend.registry.store(shop.name)))

    async def work() -> None:
        connection = await asyncpg.connect(backend.dsn, server_settings={"search_path": schema})
        if await is_distributed(connection, schema):
            await connection.close()
            pytest.skip("the nodes of a cluster look for what rows refer to, whatever this session says")
        await connection.execute("SET session_replication_role = replica")  # no row has to be anybody's
        values = {"text": "'x'", "bytea": "'x'", "boolean": "true", "double precision": "7"}
        for (table,) in await connection.fetch(TABLES["postgresql"]):
            kinds = "SELECT atttypid::regtype::text FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
            row = ", ".join(values.get(kind, "987654") for (kind,) in await connection.fetch(kinds, table))
            await connection.execute(f"INSERT INTO {table} VALUES ({row}) ON CONFLICT DO NOTHING")
        await connection.close()

    shop.server.run(work())
    assert all(content(shop).values()), "no table is empty"


def snapped(shop: Shop) -> None:
    """A store with a snapshot, gone back to it."""
    backend = shop.server.backend
    shop.brand()
    record = shop.server.run(backend.registry.store(shop.name))
    shop.server.run(backend.snapshot(record, "base"))
    shop.brand("Second")
    shop.server.rest()
    shop.server.run(backend.restore(record, "base"))


def reshaped(shop: Shop) -> None:
    """A store whose database was altered."""
    shop.alter("CREATE TABLE added (id INTEGER PRIMARY KEY)", "DROP INDEX brands_name_key_unique")


def deleted(shop: Shop) -> None:
    """A store that is gone when it is to be taken back."""
    backend = shop.server.backend
    record = shop.server.run(backend.registry.store(shop.name))
    shop.close()
    shop.server.run(backend.registry.drop_store(shop.name))
    shop.server.run(backend.drop(record))


def half_way(shop: Shop) -> None:
    """A store that is taken back while it is written to, and asked for again and again."""
    for number in range(8):
        shop.brand(f"B{number}")

    async def begin() -> None:
        from test_concurrency import ask

        for number in range(30):
            kept.append(asyncio.create_task(ask(shop, "POST", "/v3/catalog/brands", {"name": f"C{number}"})))
        await asyncio.sleep(0.002)

    kept: list[Any] = []
    shop.server.run(begin())


USES: dict[str, tuple[Callable[[Shop], Any], bool]] = {
    "untouched": (lambda shop: None, True),
    "opened": (lambda shop: shop.get("/v2/time"), True),
    "used": (used, True),
    "used and emptied": (lambda shop: (used(shop), emptied(shop)), True),
    "a row in every table": (stuffed, True),
    "written to while it is taken back": (half_way, True),
    "a snapshot": (snapped, False),
    "another schema": (reshaped, False),
    "deleted": (deleted, False),
}


@pytest.mark.parametrize(("use", "again"), USES.values(), ids=USES)
def test_a_store_is_like_new_whatever_was_done_with_its_tables_before(
    lasting: Server, use: Callable[[Shop], Any], again: bool
) -> None:
    """On PostgreSQL it is the same schema, if that can be put right; on SQLite a file is never the same."""
    first = lasting.shop()
    where = place_of(first)
    new = facts(first)
    assert new["first rows"] != new["untouched"], "what every store has from its first day on"
    for _ in range(2 if again else 1):
        use(first)
        lasting.take_back(first)
        assert lasting.run(lasting.backend.registry.store(first.name)) is None
        second = lasting.shop()
        assert second.name != first.name
        assert (place_of(second) == where) == (again and lasting.schemas is not None)
        for part, told in facts(second).items():
            assert told == new[part], part
        assert lasting.send("GET", f"/stores/{first.name}/v2/time", [("host", "localhost")], b"", "https").status == 401
        first, where = second, place_of(second)


def test_two_stores_at_once_have_nothing_in_common(lasting: Server) -> None:
    first, second = lasting.shop(), lasting.shop()
    assert place_of(first) != place_of(second)
    first.brand("Acme")
    assert second.get("/v3/catalog/brands").data == []
    lasting.take_back(first)
    third = lasting.shop()
    second.brand("Best")
    assert third.get("/v3/catalog/brands").data == []
    assert [brand["name"] for brand in second.get("/v3/catalog/brands").data] == ["Best"]
