"""A store of a cluster is asked at its own node, and writes hold it there (docs/scale.md).

On plain PostgreSQL the catalogue of Citus is played: the server by its socket is the coordinator, by TCP a node.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from bodega.storage import migrate
from bodega.storage.opening import open_backend
from bodega.storage.postgres import nodes, rows, sharding
from bodega.storage.postgres.connection import connect
from bodega.storage.postgres.nodes import at_node
from postgres import OVERRIDE, citus_nodes, database
from shop import Server, Shop

CATALOGUE = """
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_schema (schemaid oid, colocationid int);
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass, colocationid int);
CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint);
CREATE TABLE pg_catalog.pg_dist_placement (shardid bigint, groupid int);
CREATE TABLE pg_catalog.pg_dist_local_group (groupid int);
CREATE TABLE pg_catalog.pg_dist_node (
    groupid int, nodename text, nodeport int, noderole text, isactive bool, hasmetadata bool, metadatasynced bool
);
CREATE FUNCTION pg_catalog.lock_shard_metadata(int, bigint[]) RETURNS void STRICT LANGUAGE sql
    AS 'SELECT pg_advisory_xact_lock_shared($2[1])';
"""
SHARD = 102_008


@pytest.mark.parametrize(
    ("dsn", "host", "there"),
    [
        ("postgresql://bodega@one/db", "two", "postgresql://bodega@two:5433/db"),
        ("postgresql://one/db", "two", "postgresql://two:5433/db"),
        ("postgresql://b:p%40ss@one:5432/db?sslmode=require", "10.0.0.2",
         "postgresql://b:p%40ss@10.0.0.2:5433/db?sslmode=require"),
        ("postgresql://b@/db?host=%2Frun%2Fpg&port=5432", "two", "postgresql://b@two:5433/db"),
        ("postgresql://b@one/db", "fe80::1", "postgresql://b@[fe80::1]:5433/db"),
    ],
)  # fmt: skip
def test_the_address_of_a_node_is_that_of_the_coordinator_with_another_host(dsn: str, host: str, there: str) -> None:
    assert at_node(dsn, host, 5433) == there


class Cluster:
    """A server whose catalogue says that stores are on a node."""

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self.runner, self.url = runner, url
        self.port = int(parse_qs(urlsplit(url).query)["port"][0])

    def run(self, *commands: str) -> None:
        async def work() -> None:
            connection = await asyncpg.connect(self.url)
            for command in commands:
                await connection.execute(command)
            await connection.close()

        self.runner.run(work())

    def place(self, shop: Shop, host: str, group: int = 1) -> None:
        """The store is on the node of this name."""
        schema = schema_of(shop)
        self.run(
            "TRUNCATE pg_dist_schema, pg_dist_partition, pg_dist_shard, pg_dist_placement, pg_dist_local_group,"
            " pg_dist_node",
            f"INSERT INTO pg_dist_schema VALUES ('{schema}'::regnamespace, 1)",
            f"INSERT INTO pg_dist_partition VALUES ('{schema}.brands', 1), ('{schema}.urls', 1)",
            f"INSERT INTO pg_dist_shard VALUES ('{schema}.brands', {SHARD + 1}), ('{schema}.urls', {SHARD})",
            f"INSERT INTO pg_dist_placement VALUES ({SHARD}, 1), ({SHARD + 1}, 1)",
            f"INSERT INTO pg_dist_local_group VALUES ({group})",
            f"INSERT INTO pg_dist_node VALUES (1, '{host}', {self.port}, 'primary', true, true, true)",
        )


@pytest.fixture
def cluster(runner: asyncio.Runner, postgres_url: str) -> Iterator[Cluster]:
    if runner.run(citus_nodes(postgres_url)) or "host" not in parse_qs(urlsplit(postgres_url).query):
        pytest.skip(f"{OVERRIDE} names a server whose catalogue is not played with, or that has no socket")
    with database(postgres_url) as url:
        made = Cluster(runner, url)
        made.run(CATALOGUE)
        yield made


@pytest.fixture
def house(runner: asyncio.Runner, cluster: Cluster) -> Iterator[Server]:
    server = Server(runner, runner.run(open_backend(None, cluster.url)))
    yield server
    runner.run(server.app.stop())


def schema_of(shop: Shop) -> str:
    backend: Any = shop.server.backend
    return str(backend.schema(shop.server.run(backend.registry.store(shop.name))))


def its_rows(shop: Shop) -> Any:
    return shop.server.run(shop.server.app.stores.get(shop.name)).rows


def hosts(shop: Shop) -> tuple[str, str]:
    """Where the writing connection of a store goes, and the next read."""
    found = its_rows(shop)
    read = shop.server.run(found.reader.row("SELECT host(inet_server_addr())"))
    by = found._connection._addr if found._connection is not None else ""
    return by[0] if isinstance(by, tuple) else "socket", next(iter(read)) or "socket"


def test_a_store_is_read_and_written_at_its_node(cluster: Cluster, house: Server) -> None:
    shop = house.shop()
    cluster.place(shop, "127.0.0.1")
    shop.brand("Acme")
    assert hosts(shop) == ("127.0.0.1", "127.0.0.1")
    other = house.shop()
    other.brand("Acme")
    assert hosts(other) == ("socket", "socket"), "it is not distributed"


def test_a_store_that_moves_is_looked_for_again(
    cluster: Cluster, house: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then its old node asks the new one."""
    shop = house.shop()
    cluster.place(shop, "127.0.0.1")
    shop.brand("Acme")
    cluster.place(shop, "localhost")
    shop.brand("Best")
    assert its_rows(shop)._connection._addr[0] == "127.0.0.1"
    monkeypatch.setattr(rows, "NEXT_LOOK_SECONDS", -1.0)
    shop.brand("Cold")
    assert its_rows(shop)._connection._addr[0] == "localhost"
    cluster.run("UPDATE pg_dist_node SET metadatasynced = false")
    shop.brand("Deep")
    assert hosts(shop) == ("socket", "socket"), "a node that does not know of all tables is not asked"
    assert [brand["name"] for brand in shop.get("/v3/catalog/brands").data] == ["Acme", "Best", "Cold", "Deep"]


@pytest.mark.parametrize("what", ["nobody answers", "another node answers", "no cluster is there"])
def test_a_node_that_is_not_reached_is_left_to_the_coordinator(
    cluster: Cluster, house: Server, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name may mean nothing here, or another machine."""
    shop = house.shop()
    cluster.place(shop, "127.0.0.1", group=2 if what == "another node answers" else 1)
    if what == "nobody answers":
        cluster.run("UPDATE pg_dist_node SET nodeport = 1")
    elif what == "no cluster is there":
        monkeypatch.setattr(nodes, "_AT_HOME", nodes._AT_HOME.replace("pg_dist_local_group", "pg_dist_nothing"))
    shop.brand("Acme")
    assert hosts(shop) == ("socket", "socket")
    assert bool(its_rows(shop)._nodes._avoided) == (what != "another node answers"), "a store may just have moved"
    assert shop.get("/v3/catalog/brands").data[0]["name"] == "Acme"


def test_a_write_keeps_its_store_where_it_is_until_it_is_committed(cluster: Cluster, house: Server) -> None:
    """A move locks each table, in the order of the shards, at every node: it waits at the first of them."""
    shop = house.shop()
    cluster.place(shop, "127.0.0.1")
    shop.brand("Acme")
    schema = schema_of(shop)

    async def work() -> None:
        writer = await asyncpg.connect(cluster.url, server_settings={"search_path": schema})
        mover = await asyncpg.connect(cluster.url)
        lock = await sharding.write_lock(writer)
        async with writer.transaction():
            await writer.execute(lock)
            taken = [row[0] for row in await mover.fetch("SELECT objid FROM pg_locks WHERE locktype = 'advisory'")]
            assert taken == [SHARD], "that of urls, the first shard"
            assert not await mover.fetchval("SELECT pg_try_advisory_lock($1)", SHARD)
        assert await mover.fetchval("SELECT pg_try_advisory_lock($1)", SHARD)
        async with writer.transaction():
            waiting = asyncio.create_task(writer.execute(lock))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await mover.close()
            await waiting
        await writer.close()

    house.run(work())


def test_the_lock_of_an_ordinary_schema_is_its_row(cluster: Cluster, house: Server) -> None:
    """It may be distributed while processes run: they send the same commands before and after."""
    shop = house.shop()
    schema = schema_of(shop)

    async def work() -> None:
        writer = await asyncpg.connect(cluster.url, server_settings={"search_path": schema})
        async with writer.transaction():
            assert await writer.execute(await sharding.write_lock(writer)) == "SELECT 1"
            held = await writer.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
            assert held == 0
        await writer.close()

    house.run(work())


def test_a_store_of_a_real_cluster_is_asked_at_its_node(runner: asyncio.Runner, postgres_url: str) -> None:
    listed = [node for node in runner.run(citus_nodes(postgres_url)) if node.has_shards]
    if len(listed) < 2:
        pytest.skip("needs a Citus cluster with two nodes that take stores: make test-cluster URL=...")
    with database(postgres_url) as url:
        server = Server(runner, runner.run(open_backend(None, url)))
        ports = set()
        for _ in range(4):
            shop = server.shop()
            shop.brand("Acme")
            found = its_rows(shop)
            at = runner.run(found._connection.fetchval("SHOW port"))
            home = runner.run(found._nodes.home(schema_of(shop)))
            assert int(at) == urlsplit(home.dsn).port
            assert shop.get("/v3/catalog/brands").data[0]["name"] == "Acme"
            ports.add(at)
        assert len(ports) > 1, "Citus spreads them"
        runner.run(server.app.stop())


REFUSED = {
    "a function that is not immutable": "UPDATE brands SET name = name || random()::text || 'x'",
    "one that cannot be put into words for a node": """INSERT INTO words (id, word)
        SELECT b.id, j.value FROM brands b, jsonb_array_elements_text(
        CASE jsonb_typeof(convert_from(b.doc, 'UTF8')::jsonb -> 'words') WHEN 'array'
        THEN convert_from(b.doc, 'UTF8')::jsonb -> 'words' ELSE '[]'::jsonb END) j""",
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_migration_that_citus_refuses_is_carried_out_all_the_same(
    runner: asyncio.Runner, own_database: str, what: str
) -> None:
    """At the coordinator, and the schema is distributed again; on plain PostgreSQL nothing is refused."""
    schema = f"store_refused_{len(what)}"
    made = [
        migrate.TABLE,
        "CREATE TABLE brands (id INTEGER PRIMARY KEY, name TEXT NOT NULL, doc BYTEA NOT NULL)",
        "CREATE TABLE words (id INTEGER NOT NULL, word TEXT NOT NULL, PRIMARY KEY (id, word))",
        """INSERT INTO brands VALUES (1, 'Acme', '{"words": ["a", "b"]}')""",
    ]

    async def work() -> None:
        connection = await connect(own_database, schema)
        await connection.execute(f"CREATE SCHEMA {schema}")
        for command in made:
            await connection.execute(command)
        distributed = await sharding.is_distributed(connection, schema)
        assert distributed == bool(await citus_nodes(own_database))
        async with connection.transaction():
            await sharding.carry_out(connection, schema, [migrate.Migration(1, "refused", REFUSED[what])])
        assert await connection.fetchval("SELECT max(number) FROM migrations") == 1
        assert await sharding.is_distributed(connection, schema) == distributed
        name = await connection.fetchval("SELECT name FROM brands")
        words = await connection.fetchval("SELECT count(*) FROM words")
        assert (name == "Acme", words) in ((False, 0), (True, 2))
        await connection.close()

    runner.run(work())
