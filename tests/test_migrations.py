"""Migrations: what they make is what is declared, and a store that is being brought forward answers 503 until it is."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bodega.access import opening as access
from bodega.cli import main
from bodega.log import Log
from bodega.resources import TABLES
from bodega.resources.catalog import images, search_texts, variants
from bodega.storage import files, keys, migrate, schema, table_stats
from bodega.storage.migrate import Migration
from bodega.storage.opening import open_backend
from bodega.storage.postgres import backend as postgres_server
from bodega.storage.postgres import connection as postgres
from bodega.storage.postgres.sharding import ordinary_schema
from bodega.storage.sqlite import connection as sqlite
from bodega.storage.sqlite.backend import SqliteBackend, add_functions
from bodega.storage.sqlite.engine import open_file
from bodega.storage.tx import Newer, Tx
from bodega.storage.unit import Unit
from pictures import picture
from postgres import database
from shop import Server, Shop

DECLARED = table_stats.SCHEMA + files.SCHEMA + keys.SCHEMA + schema.create_all(TABLES)


def statements(sql: str, dialect: str) -> list[str]:
    """The statements of a script, as a migration runs them."""
    return Migration(0, "", sql).statements(dialect)


# What is made


def sqlite_shape(path: Path, made_by: list[str]) -> dict[str, str]:
    """Every table and index of a database, its statement without what does not matter."""
    connection = open_file(path, "rwc")
    add_functions(connection)
    for statement in made_by:
        connection.execute(sqlite.adapted(statement))
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {
        name: re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").replace(" ,", ",") for name, sql in found
    }


def test_the_migrations_make_what_is_declared_in_sqlite(tmp_path: Path) -> None:
    """A resource that gains a column without a migration fails here, and not in somebody's store."""
    steps = [statement for migration in migrate.migrations() for statement in migration.statements("sqlite")]
    migrated = sqlite_shape(tmp_path / "migrated.db", steps)
    assert migrated == sqlite_shape(tmp_path / "declared.db", statements(DECLARED, "sqlite"))
    assert {table.name for table in TABLES} < migrated.keys()


COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""
INDEXES = (
    "SELECT tablename, indexname, replace(indexdef, $1 || '.', '') FROM pg_indexes WHERE schemaname = $1 ORDER BY 2"
)
CONSTRAINTS = """
SELECT c.relname, n.conname, replace(pg_get_constraintdef(n.oid), $1 || '.', '') FROM pg_constraint n
JOIN pg_class c ON c.oid = n.conrelid WHERE n.connamespace = $1::regnamespace AND n.contype <> 'n' ORDER BY 2
"""


def test_the_migrations_make_what_is_declared_in_postgres(runner: asyncio.Runner, own_database: str) -> None:
    """As above: tables, columns, types, collations, indexes and foreign keys, by the catalogue."""

    async def shape(name: str, made_by: list[str]) -> list[Any]:
        connection = await postgres.connect(own_database, name)
        try:
            async with connection.transaction():
                await ordinary_schema(connection, name)
            for statement in made_by:
                await connection.execute(postgres.adapted(statement))
            queries = [await connection.fetch(query, name) for query in (COLUMNS, INDEXES, CONSTRAINTS)]
            await connection.execute(f"DROP SCHEMA {name} CASCADE")
        finally:
            await connection.close()
        return [[tuple(str(value).replace(f"{name}.", "") for value in row) for row in rows] for rows in queries]

    steps = [statement for migration in migrate.migrations() for statement in migration.statements("postgresql")]
    migrated = runner.run(shape("shape_migrated", steps))
    assert migrated == runner.run(shape("shape_declared", statements(DECLARED, "postgresql")))
    assert len(migrated[0]) > 50


def test_migrations_are_numbered_without_a_gap() -> None:
    """The number is the schema's revision."""
    assert [migration.number for migration in migrate.migrations()] == list(range(1, migrate.newest() + 1))


# Bringing stores forward


class Next:
    """A migration that the tests add: its SQL may be slow, or wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.number = migrate.newest() + 1

    def is_made_of(self, sql: str) -> None:
        """From now on the program needs this step."""
        real = real_migrations()
        step = Migration(self.number, "next", sql)
        self.monkeypatch.setattr(migrate, "migrations", lambda: (*real, step))

    def is_unknown(self) -> None:
        """From now on the program is the older one again."""
        self.monkeypatch.setattr(migrate, "migrations", real_migrations)


real_migrations = migrate.migrations
SLOW = {
    "sqlite": "CREATE TABLE slow (i INTEGER PRIMARY KEY);\nINSERT INTO slow"
    " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT sum(i) FROM n",
    "postgresql": "CREATE TABLE slow AS SELECT pg_sleep(0.4)::text AS i",
}


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Next:
    """The next step."""
    return Next(monkeypatch)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """No server gets on with the next step until this is called, however long the test needs to look."""
    opened = asyncio.Event()
    before = migrate.newest()

    def held(real: Callable[[Any, Any], Awaitable[None]]) -> Callable[[Any, Any], Awaitable[None]]:
        async def bring_forward(backend: Any, record: Any) -> None:
            if migrate.newest() > before:
                await opened.wait()
            await real(backend, record)

        return bring_forward

    for kind in (SqliteBackend, postgres_server.PostgresBackend):
        monkeypatch.setattr(kind, "migrate", held(kind.migrate))
    return opened.set


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path | None, str | None]]:
    """Where stores are that several servers, one after the other, will have open: a server upgrades all it finds."""
    if request.param == "sqlite":
        yield tmp_path, None
    else:
        with database(request.getfixturevalue("postgres_url")) as url:
            yield None, url


class Servers:
    """Starts servers at one place."""

    def __init__(self, runner: asyncio.Runner, place: tuple[Path | None, str | None]) -> None:
        self.runner = runner
        self.place = place
        self.running: list[Server] = []

    def __call__(self) -> Server:
        self.running.append(Server(self.runner, self.runner.run(open_backend(*self.place))))
        return self.running[-1]

    def stop(self, server: Server) -> None:
        """As Ctrl-C does."""
        self.running.remove(server)
        self.runner.run(server.app.stop())


@pytest.fixture
def servers(runner: asyncio.Runner, place: tuple[Path | None, str | None]) -> Iterator[Servers]:
    """Makes servers at the place, and stops them."""
    started = Servers(runner, place)
    yield started
    for server in list(started.running):
        started.stop(server)


def seen_by(server: Server, shop: Shop) -> Shop:
    """The same store, as another server has it."""
    twin = Shop(server, shop.name)
    twin.token = shop.token
    return twin


def dialect(server: Server) -> str:
    return str(server.backend.registry.tx.dialect)


def until(shop: Shop, status: int, seconds: float = 60.0) -> float:
    """How long it took until the store answered with this status."""
    began = time.monotonic()
    while (reply := shop.get("/v2/time")).status != status:
        assert time.monotonic() < began + seconds, reply.body
        shop.server.run(asyncio.sleep(0.01))
    return time.monotonic() - began


def has_table(server: Server, shop: Shop, name: str) -> bool:
    """Whether the store's database has a table, asked behind the server's back."""
    record = server.run(server.backend.registry.store(shop.name))
    if isinstance(server.backend, SqliteBackend):
        connection = open_file(server.backend.path(record))
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        connection.close()
        return found is not None
    assert isinstance(server.backend, postgres_server.PostgresBackend)
    row = server.run(
        server.backend.registry.tx.row("SELECT to_regclass($1) IS NOT NULL", f"{server.backend.schema(record)}.{name}")
    )
    return bool(row[0])


def revision(server: Server, shop: Shop) -> int:
    """The revision of the store's schema."""
    return int(server.run(server.backend.revision(server.run(server.backend.registry.store(shop.name)))))


def test_a_store_that_is_upgrading_answers_503_and_then_200(
    servers: Servers, step: Next, gate: Callable[[], None]
) -> None:
    """RFC 9110 15.6.4; the start of the server does not wait for it."""
    old = servers()
    shop = old.shop()
    brand = shop.brand()
    step.is_made_of(SLOW[dialect(old)])
    new = seen_by(servers(), shop)
    reply = new.get("/v3/catalog/brands")
    assert (reply.status, reply.reason, reply.headers["retry-after"]) == (503, "UPGRADING", "5")
    assert reply.headers["cache-control"] == "no-store"
    gate()
    until(new, 200)
    assert new.get(f"/v3/catalog/brands/{brand}").status == 200
    assert revision(new.server, shop) == step.number
    assert has_table(new.server, shop, "slow")


def test_a_server_brings_every_old_store_forward_unasked(servers: Servers, step: Next) -> None:
    """At start, in the background, one after the other."""
    old = servers()
    shops = [old.shop() for _ in range(3)]
    step.is_made_of("CREATE TABLE gained (id INTEGER PRIMARY KEY)")
    server = servers()
    server.run(asyncio.wait([server.app._waking]))
    assert [revision(server, shop) for shop in shops] == [step.number] * 3
    for shop in shops:
        until(seen_by(server, shop), 200)


def test_two_servers_that_migrate_at_once_take_turns(servers: Servers, step: Next, gate: Callable[[], None]) -> None:
    """The step is run once: a second run would fail on the table that is there already."""
    old = servers()
    shop = old.shop()
    step.is_made_of(SLOW[dialect(old)] + ";\nCREATE TABLE gained (id INTEGER PRIMARY KEY)")
    twins = [seen_by(servers(), shop) for _ in range(2)]
    for twin in twins:
        assert twin.get("/v2/time").status == 503
    gate()
    for twin in twins:
        until(twin, 200)
        store = twin.server.run(twin.server.app.stores.get(shop.name))
        assert store.upgrade is None or store.upgrade.exception() is None
    assert has_table(old, shop, "gained")


class Told(Log):
    """A log that a test can read."""

    def __init__(self) -> None:
        self.text = io.BytesIO()
        super().__init__(self.text)

    def events(self, what: str) -> list[Any]:
        """The events of a kind."""
        lines = [json.loads(line) for line in self.text.getvalue().splitlines()]
        return [line for line in lines if line.get("event") == what]


def test_a_migration_that_fails_leaves_the_store_as_it_was_and_is_tried_again(
    servers: Servers, step: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 until it succeeds, the reason in the log, no half a schema, and the other stores are served."""
    monkeypatch.setattr(access, "AGAIN_SECONDS", 0.1)
    old = servers()
    shop, other = old.shop(), old.shop()
    shop.brand()
    step.is_made_of("CREATE TABLE half (id INTEGER PRIMARY KEY);\nCREATE INDEX no ON half (nothing)")
    server = servers()
    log = Told()
    server.app.stores._opening._log = log
    broken = seen_by(server, shop)
    for _ in range(3):
        reply = broken.get("/v2/time")
        assert (reply.status, reply.reason) == (503, "UPGRADING")
        server.run(asyncio.sleep(0.06))
    broken.wait_for(lambda: log.events("upgrade failed"))
    failures = log.events("upgrade failed")
    assert failures[0]["store"] in (shop.name, other.name)
    assert "Traceback" in failures[0]["traceback"]
    assert not has_table(server, shop, "half")
    assert revision(server, shop) == step.number - 1
    step.is_made_of("CREATE TABLE whole (id INTEGER PRIMARY KEY)")
    until(broken, 200)
    assert has_table(server, shop, "whole")
    assert broken.get("/v3/catalog/brands").json["meta"]["pagination"]["total"] == 1


def test_one_store_that_cannot_be_upgraded_does_not_keep_the_others_waiting(
    servers: Servers, step: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step may fail in the data of one store only."""
    old = servers()
    shops = [old.shop() for _ in range(3)]
    shops[0].brand()
    step.is_made_of(
        "CREATE TABLE once (id INTEGER PRIMARY KEY); INSERT INTO once VALUES (1); INSERT INTO once SELECT 1 FROM brands"
    )
    server = servers()
    server.run(asyncio.wait([server.app._waking], timeout=60))
    assert server.app._waking.done()
    for shop in shops[1:]:
        until(seen_by(server, shop), 200)
    assert seen_by(server, shops[0]).get("/v2/time").status == 503


def test_a_server_stops_while_a_store_is_being_upgraded(
    servers: Servers, step: Next, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C does not wait for a store that cannot be upgraded, and an upgrade broken off is undone or done."""
    monkeypatch.setattr(access, "AGAIN_SECONDS", 300.0)
    old = servers()
    shop = old.shop()
    step.is_made_of("CREATE TABLE half (id INTEGER PRIMARY KEY);\nSELECT nothing FROM nowhere")
    server = servers()
    assert seen_by(server, shop).get("/v2/time").status == 503
    began = time.monotonic()
    servers.stop(server)
    assert time.monotonic() - began < 60, "it did not wait for the next try"
    step.is_made_of("CREATE TABLE whole (id INTEGER PRIMARY KEY)")
    until(seen_by(servers(), shop), 200)


def test_a_store_that_cannot_be_opened_is_opened_once_it_can(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away for a moment answers 503, and nothing of that is remembered."""
    from bodega.storage.tx import Busy

    server = servers()
    server.run(asyncio.wait([server.app._waking]))
    shop = server.shop()
    real = server.backend.open

    async def away(*_: Any) -> Any:
        raise Busy("away")

    monkeypatch.setattr(server.backend, "open", away)
    for _ in range(2):
        reply = shop.get("/v2/time")
        assert (reply.status, reply.reason) == (503, "UNREACHABLE")
    monkeypatch.setattr(server.backend, "open", real)
    assert shop.get("/v2/time").status == 200


# An older program


@pytest.fixture
def options(place: tuple[Path | None, str | None], tmp_path: Path) -> list[str]:
    """What names the place to a command."""
    data, url = place
    return ["--data", str(data or tmp_path), *(["--database", url] if url else [])]


def test_a_store_of_a_newer_schema_is_not_opened(servers: Servers, step: Next, options: list[str]) -> None:
    """It answers 503 and is left as it is, the log says so once, doctor names it, and the others are served."""
    shop = servers().shop()
    step.is_made_of("CREATE TABLE gained (id INTEGER PRIMARY KEY)")
    until(seen_by(servers(), shop), 200)
    for server in list(servers.running):
        servers.stop(server)
    step.is_unknown()
    server = servers()
    log = Told()
    server.app.stores._opening._log = log
    older = seen_by(server, shop)
    for reply in (older.get("/v2/time"), older.post("/v3/catalog/brands", {"name": "Acme"})):
        assert (reply.status, reply.reason, reply.headers["retry-after"]) == (503, "UPGRADING", "5")
    store = server.run(server.app.stores.get(shop.name))
    known = rf"store {shop.name} is of a newer schema \({step.number}\) .* knows \({step.number - 1}\)"
    for refused in (store.ready(), server.backend.migrate(store.record)):
        with pytest.raises(Newer, match=known):
            server.run(refused)
    store.again.set()
    server.run(asyncio.sleep(0.1))
    assert [told["schema"] for told in log.events("store is newer")] == [step.number]
    assert revision(server, shop) == step.number
    assert server.shop().get("/v2/time").status == 200
    shown = CliRunner().invoke(main, ["doctor", "--https-port", "0", "--http-port", "0", *options])
    assert "fail  database" in shown.output
    assert f"newer schema than this version knows, so they answer 503: {shop.name}." in shown.output


def test_a_registry_of_a_newer_schema_ends_serve_and_every_command(servers: Servers, options: list[str]) -> None:
    """One sentence with both revisions, and no request is ever answered."""
    server = servers()
    server.shop()
    known = migrate.revisions().registry
    server.run(server.backend.registry.tx.run(migrate.WRITE, known + 1, "next"))
    servers.stop(server)
    told = f"registry is of a newer schema ({known + 1}) than this version of Bodega knows ({known})"
    ports = ["--https-port", "0", "--http-port", "0"]
    for command in (["serve", *ports], ["store", "list"], ["doctor", *ports]):
        shown = CliRunner().invoke(main, [*command, *options])
        assert shown.exit_code == 1, shown.output
        assert told in " ".join(shown.output.split()), shown.output
        assert "Traceback" not in shown.output


# What was there


def test_variants_of_an_older_store_are_found_counted_and_kept_apart(servers: Servers, step: Next) -> None:
    """0005: what had no column before is in it afterwards, and holds as for a new row."""
    shop = servers().shop()
    shop.product("Plain", upc="1", sku="Straße")
    shop.product("Low", inventory_tracking="product", inventory_level=2, inventory_warning_level=3)
    shop.product("By variant", inventory_tracking="variant", inventory_level=1, inventory_warning_level=3, price=7)
    shop.product("Says so", description='{"inventory_tracking":"product"}', inventory_warning_level=3)
    paths = ["/v3/catalog/products?inventory_low=1", "/v3/catalog/products?sku=STRASSE", "/v3/catalog/variants?upc=1"]
    before = [shop.get(path).data for path in paths]
    assert [len(rows) for rows in before] == [2, 1, 1]

    shop.alter(*BACK)
    servers.stop(shop.server)
    step.is_made_of(next(one.sql for one in migrate.migrations() if one.name == "variants"))
    new = seen_by(servers(), shop)
    until(new, 200)
    assert [new.get(path).data for path in paths] == before
    twin = {"name": "New", "type": "physical", "price": 1, "weight": 1, "sku": "STRASSE"}
    assert new.post("/v3/catalog/products", twin).status == 409
    assert new.put("/v3/catalog/products/3", {"inventory_level": 9}).status == 200
    assert [row["id"] for row in new.get(paths[0]).data] == [2]


def test_skus_of_an_older_store_get_numbers_of_their_own(servers: Servers, step: Next) -> None:
    """0024: a SKU had its variant's number, in the document alone."""
    shop = servers().shop()
    values = [{"option_display_name": "Size", "label": "S"}]
    shop.product("Shirt", description='"sku_id":2,', variants=[{"sku": "A", "upc": "2", "option_values": values}])
    before, tag = shop.get("/v3/catalog/variants").data, shop.get("/v3/catalog/variants").headers["etag"]

    async def make_old(unit: Unit) -> None:
        for row in await unit.where(variants.TABLE, "id = 2"):
            row.entity.sku_id = 2
            await unit.rewrite(variants.TABLE, row)

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.write(make_old))
    assert shop.get("/v3/catalog/variants").data[0]["sku_id"] == 2
    servers.stop(shop.server)
    step.is_made_of(next(one.sql for one in migrate.migrations() if one.name == "sku_ids"))
    new = seen_by(servers(), shop)
    until(new, 200)
    assert new.get("/v3/catalog/variants").data == before
    assert before[0]["sku_id"] == 10_002
    assert new.get("/v3/catalog/variants").headers["etag"] != tag
    assert new.get("/v2/products/skus/10002").json["sku"] == "A"


def test_images_of_an_older_store_show_where_their_file_is(servers: Servers, step: Next) -> None:
    """0026: the address of an image's file was stored beside the document."""
    shop = servers().shop()
    shop.product()
    path = "/v3/catalog/products/1/images"
    shop.upload(path, ("image_file", "a.png", "image/png", picture()), ("description", None, "", b'"image_url":"x"}'))
    before, tag = shop.get(path).data, shop.get(path).headers["etag"]
    v2 = shop.get("/v2/products/1/images").json
    assert before[0]["image_url"] == before[0]["url_zoom"]

    async def make_old(unit: Unit) -> None:
        for row in await unit.where(images.TABLE, "id = 1"):
            whole = json.loads(images.TABLE.encode(row.entity)[0])
            rest = {"image_url": whole.pop("image_url"), "date_created": row.entity.date_created}
            docs = [json.dumps(part, separators=(",", ":")).encode() for part in (whole, rest)]
            await unit.tx.run("UPDATE product_images SET doc = $1, rest = $2 WHERE id = 1", *docs)

    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(store.write(make_old))
    assert "image_url" not in shop.get(path).data[0]
    servers.stop(shop.server)
    step.is_made_of(next(one.sql for one in migrate.migrations() if one.name == "image_urls"))
    new = seen_by(servers(), shop)
    until(new, 200)
    assert new.get(path).data == before
    assert new.get(path).headers["etag"] != tag
    assert new.get("/v2/products/1/images").json == v2
    changed = new.put(f"{path}/1", {"description": "Front"}).data
    assert changed == {**before[0], "description": "Front", "date_modified": changed["date_modified"]}


def test_products_of_an_older_store_are_found_by_their_words(servers: Servers, step: Next) -> None:
    """0044: their words and their stars stood in the document alone."""
    shop = servers().shop()
    shop.product("Hatchet", sku="AX-100", description="<p>Splits birch</p>", search_keywords="Chopper")
    for rating in (5, 4):
        review = {"title": "x", "rating": rating, "status": "approved", "date_reviewed": "2026-01-01T00:00:00Z"}
        assert shop.post("/v3/catalog/products/1/reviews", review).status == 200

    async def make_old(unit: Unit) -> None:
        await unit.tx.run("UPDATE product_texts SET title = '', keywords = '', body = ''")
        await unit.tx.run("UPDATE products SET average_rating = NULL")

    async def found(tx: Tx, term: str) -> list[int]:
        wanted = search_texts.found_by(search_texts.looked_for(term), tx.dialect)
        sql = f"SELECT p.id FROM products p WHERE {wanted.test()} AND p.average_rating = 450".replace("?", "$")
        return [row[0] for row in await tx.rows(sql, *wanted.values)]

    shop.write(make_old)
    assert shop.read(functools.partial(found, term="birch")) == []
    servers.stop(shop.server)
    whole = next(one.sql for one in migrate.migrations() if one.name == "search")
    fills = [part for part in re.split(r";\n", whole) if "UPDATE product" in part and "TRIGGER" not in part]
    step.is_made_of(";\n".join(fills) + ";")
    new = seen_by(servers(), shop)
    until(new, 200)
    for term in ("hatchet", "ax-100", "chopper", "birch"):
        assert new.read(functools.partial(found, term=term)) == [1], term


BACK = [
    "DROP TABLE variant_option_values",
    "DROP INDEX variants_skus",
    "DROP INDEX variants_low",
    "DROP INDEX variants_worth",
    "DROP INDEX variants_product_id_combination_unique",
    "DROP INDEX products_sku_key_unique",
    *(f"ALTER TABLE products DROP COLUMN {name}" for name in ("sku_key", "inventory_tracking")),
    *(
        f"ALTER TABLE variants DROP COLUMN {name}"
        for name in (
            "combination", "is_base", "is_low", "upc", "bin_picking_number", "inventory_level",
            "inventory_warning_level", "calculated_price",
        )
    ),
    "CREATE INDEX variants_product_id ON variants (product_id, id)",
]  # fmt: skip
"""What takes a store back to before 0005, its rows as they are."""


def test_the_stock_of_an_older_store_is_at_its_default_location(servers: Servers, step: Next) -> None:
    """0031: rows stay as they are, and the sum is what it was."""
    shop = servers().shop()
    shop.product("Hammer", sku="H-1", inventory_tracking="product", inventory_level=7)
    tag = shop.get("/v3/catalog/products/1").headers["etag"]
    gone = ("stock_levels", "location_metafields", "pickup_methods", "pickups", "locations")

    kept = ("table_statistics", "page_index")
    shop.alter(
        *(f"DROP TABLE {table}" for table in gone),
        *(f"DELETE FROM {table} WHERE name = '{name}'" for table in kept for name in gone),
        "DROP INDEX order_pickups_location_id",
        "ALTER TABLE order_pickups DROP COLUMN location_id",
    )
    servers.stop(shop.server)
    step.is_made_of(next(one.sql for one in migrate.migrations() if one.name == "locations"))
    new = seen_by(servers(), shop)
    until(new, 200)
    assert [(one["id"], one["code"]) for one in new.get("/v3/inventory/locations").data] == [(1, "BC-LOCATION-1")]
    (item,) = new.get("/v3/inventory/items").data
    assert [(place["location_id"], place["total_inventory_onhand"]) for place in item["locations"]] == [(1, 7)]
    assert new.get("/v3/catalog/products/1").headers["etag"] == tag
