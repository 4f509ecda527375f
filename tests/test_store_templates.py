"""A store in PostgreSQL is made at once from a template, which is what all migrations make."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.clock import Clock
from bodega.storage import migrate
from bodega.storage.migrate import Migration
from bodega.storage.opening import open_backend
from bodega.storage.postgres import connection as postgres
from bodega.storage.postgres import template
from bodega.storage.postgres.backend import PostgresBackend
from bodega.storage.postgres.sharding import ordinary_schema
from bodega.storage.registry import StoreRecord
from postgres import database

CATALOGUE = {
    "relations": (
        "SELECT c.relname, c.relkind::text, c.relpersistence::text, c.reloptions, c.relreplident::text"
        " FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind <> 't' ORDER BY 1"
    ),
    "columns": (
        "SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,"
        " format_type(a.atttypid, a.atttypmod), l.collname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid),"
        " a.attstorage::text, a.attcompression::text, a.attidentity::text, a.attgenerated::text, a.attoptions"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_collation l ON l.oid = a.attcollation"
        " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY 1, 2"
    ),
    "constraints": (
        "SELECT c.relname, n.conname, n.contype::text, n.condeferrable, n.condeferred, n.convalidated,"
        " pg_get_constraintdef(n.oid) FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid"
        " WHERE n.connamespace = $1::regnamespace ORDER BY 1, 2"
    ),
    "indexes": (
        "SELECT c.relname, i.indisunique, i.indisprimary, i.indisvalid, pg_get_indexdef(i.indexrelid)"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = $1::regnamespace"
        " AND c.relkind = 'r' ORDER BY 5"
    ),
    "others": (
        "SELECT 'trigger', t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE c.relnamespace = $1::regnamespace AND NOT t.tgisinternal"
        " UNION ALL SELECT 'function', proname::text FROM pg_proc WHERE pronamespace = $1::regnamespace"
        " UNION ALL SELECT 'type', typname::text FROM pg_type WHERE typnamespace = $1::regnamespace"
        " AND typtype NOT IN ('c') AND typelem = 0 ORDER BY 1, 2"
    ),
}
"""All that the catalogue says of a schema: tables, sequences, columns, constraints, indexes and whatever else."""

Shape = dict[str, list[tuple[Any, ...]]]


async def shape(url: str, schema: str) -> Shape:
    """A schema, without its name: its catalogue and the rows of each of its tables."""
    connection = await postgres.connect(url, schema)
    try:
        found = {name: await connection.fetch(sql, schema) for name, sql in CATALOGUE.items()}
        for relation in found["relations"]:
            if relation[1] == "r":
                found[f"rows of {relation[0]}"] = await connection.fetch(f"SELECT * FROM {relation[0]} ORDER BY 1")
        return {
            name: [
                tuple(value.replace(f"{schema}.", "") if isinstance(value, str) else value for value in row)
                for row in rows
            ]
            for name, rows in found.items()
        }
    finally:
        await connection.close()


async def migrated(url: str) -> Shape:
    """A schema made by all migrations, one after the other."""
    schema = f"by_migrations_{secrets.token_hex(4)}"
    connection = await postgres.connect(url, schema)
    try:
        async with connection.transaction():
            await ordinary_schema(connection, schema)
            await connection.execute(migrate.TABLE)
            await postgres.carry_out(connection, migrate.pending(0))
    finally:
        await connection.close()
    return await shape(url, schema)


@pytest.fixture
def backend(runner: asyncio.Runner, own_database: str) -> Iterator[PostgresBackend]:
    """A process of its own."""
    opened = runner.run(open_backend(None, own_database))
    assert isinstance(opened, PostgresBackend)
    yield opened
    runner.run(opened.close())


async def make(backend: PostgresBackend) -> str:
    """A new store's schema."""
    record = StoreRecord(f"t-{secrets.token_hex(4)}", 0, "plus", {}, {}, False, Clock(), 1, 1)
    await backend.create(record)
    assert await backend.revision(record) == migrate.newest()
    return backend.schema(record)


def templates(runner: asyncio.Runner, backend: PostgresBackend) -> dict[str, int]:
    """The templates that the registry keeps, with the schema revision of each."""
    return dict(map(tuple, runner.run(backend.registry.tx.rows("SELECT digest, revision FROM templates"))))


def test_a_store_made_from_the_template_is_what_migrations_make(
    runner: asyncio.Runner, backend: PostgresBackend, own_database: str
) -> None:
    """Every table, column, constraint, index and row; there are no sequences, triggers or functions to copy."""
    made = runner.run(shape(own_database, runner.run(make(backend))))
    expected = runner.run(migrated(own_database))
    for part, rows in expected.items():
        assert made[part] == rows, part
    assert made.keys() == expected.keys()
    assert len(made["relations"]) > 200
    assert made["others"] == []
    assert made["rows of migrations"][-1] == (migrate.newest(), migrate.migrations()[-1].name)
    assert len(made["rows of table_statistics"]) == 1


def test_nothing_is_left_of_making_a_template(runner: asyncio.Runner, backend: PostgresBackend) -> None:
    """The migrations ran in a schema that was rolled back."""
    runner.run(make(backend))
    left = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'bodega!_template%' ESCAPE '!'"
    assert runner.run(backend.registry.tx.rows(left)) == []


def test_the_template_is_made_once_for_all_processes(
    runner: asyncio.Runner, backend: PostgresBackend, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second process finds it in the registry."""
    runner.run(make(backend))
    assert templates(runner, backend)[template.digest()] == migrate.newest()

    async def unwanted(_dsn: str) -> str:
        raise AssertionError("a second template was made")

    monkeypatch.setattr(template, "make", unwanted)
    other = runner.run(open_backend(None, own_database))
    assert isinstance(other, PostgresBackend)
    runner.run(make(other))
    runner.run(other.close())


CHANGES = """
CREATE TABLE later_one (
    id INTEGER PRIMARY KEY, word TEXT NOT NULL DEFAULT 'it''s', twin INTEGER REFERENCES later_one(id)
);
ALTER TABLE products ADD COLUMN later_ref INTEGER REFERENCES later_one(id) ON DELETE CASCADE;
ALTER TABLE later_one ADD COLUMN product INTEGER REFERENCES products(id);
CREATE UNIQUE INDEX later_one_word ON later_one (lower(word)) WHERE twin IS NULL;
ALTER TABLE later_one ADD CHECK (length(word) < 50);
INSERT INTO later_one (id, word) VALUES (1, 'a row'), (2, 'l''eau')
"""


def test_another_migration_makes_another_template(
    runner: asyncio.Runner, backend: PostgresBackend, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that leaves tables that refer to each other, a default, a check, a partial index and rows."""
    runner.run(make(backend))
    before = template.digest()
    step = Migration(migrate.newest() + 1, "later", CHANGES)
    steps = (*migrate.migrations(), step)
    monkeypatch.setattr(migrate, "migrations", lambda: steps)
    made = runner.run(shape(own_database, runner.run(make(backend))))
    assert made == runner.run(migrated(own_database))
    assert made["rows of later_one"][1][:2] == (2, "l'eau")
    assert templates(runner, backend).items() >= {before: step.number - 1, template.digest(): step.number}.items()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW seen AS SELECT id FROM products",
        "CREATE TABLE numbered (id INTEGER GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE counted (id SERIAL)",
        "CREATE TABLE loose (id INTEGER) WITH (fillfactor = 50)",
        "/* postgresql */ CREATE TRIGGER seen BEFORE UPDATE ON products FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ],
)
def test_what_the_template_cannot_say_is_an_error_and_not_left_out(
    runner: asyncio.Runner, own_database: str, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    """Whoever writes such a migration finds out here, since stores would be made without it."""
    steps = (*migrate.migrations(), Migration(migrate.newest() + 1, "odd", sql))
    monkeypatch.setattr(migrate, "migrations", lambda: steps)
    with pytest.raises(template.NotCopied):
        runner.run(template.make(own_database))


def test_stores_made_at_once_by_several_processes(runner: asyncio.Runner, postgres_url: str) -> None:
    """None of them finds a template, each makes one, and the registry keeps one."""
    with database(postgres_url) as url:

        async def one() -> PostgresBackend:
            opened = await open_backend(None, url)
            assert isinstance(opened, PostgresBackend)
            await make(opened)
            return opened

        async def several() -> list[PostgresBackend]:
            return list(await asyncio.gather(one(), one(), one()))

        opened = runner.run(several())
        assert len(templates(runner, opened[0])) == 1
        for backend in opened:
            runner.run(backend.close())


def test_tables_come_after_those_they_refer_to() -> None:
    """The order in which they are made, filled and, backwards, emptied."""
    assert template.in_order("abc", [("a", "c"), ("c", "b")]) == ["b", "c", "a"]
    assert template.in_order("ab", [("a", "b"), ("b", "a"), ("b", "b"), ("a", "elsewhere")]) == ["b", "a"]
