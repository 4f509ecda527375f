"""Statements that wait for each other on PostgreSQL leave what they do when each is sent at once, or none is carried
out (docs/decisions/0035)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import asyncpg
import pytest

from bodega.resources.catalog import brands, products, search_texts
from bodega.storage.opening import open_backend
from bodega.storage.postgres.catalogue import Catalogue, read_catalogue
from bodega.storage.postgres.connection import PostgresTx, Redo, connect
from bodega.storage.postgres.pending import Pending
from bodega.storage.postgres.shapes import shaped
from bodega.storage.table import update_sql
from bodega.storage.table_stats import TableStatistics
from shop import Server

BRAND = brands.TABLE
COLUMNS = [column.name for column in BRAND.columns]
LEASE = (
    "INSERT INTO hook_leases (hook_id, holder, held_until) VALUES ($1, $2, $3)"
    " ON CONFLICT (hook_id) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until"
)
CHANNEL = "INSERT INTO product_channels (product_id, channel_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
FILE = (
    "INSERT INTO files (id, digest, media_type, width, height, size, content)"
    " VALUES ($1, $2, 'image/png', 1, 1, 1, decode('00', 'hex'))"
)
TABLES = ("brands", "urls", "hook_leases", "page_index", "file_uses", "deliveries")


@pytest.fixture(scope="module")
def connection(runner: asyncio.Runner, own_database: str) -> Iterator[Any]:
    """A connection to the schema of a fresh store, which nobody else writes."""
    server = Server(runner, runner.run(open_backend(None, own_database)))
    name = server.shop().name
    runner.run(server.app.stop())
    opened = runner.run(connect(own_database, f"store_{name.replace('-', '_')}"))
    for number in range(7):
        runner.run(opened.execute(FILE, number, f"n{number}"))
    yield opened
    runner.run(opened.close())


@pytest.fixture(scope="module")
def catalogue(runner: asyncio.Runner, connection: Any) -> Catalogue:
    return runner.run(read_catalogue(connection))


def _brand(entity_id: int, name: str) -> list[Any]:
    values = {"name_key": name, "name": name}
    return [entity_id, b"{}", None, 1, 1, *(values.get(column, column) for column in COLUMNS)]


def _statement(picks: Random) -> tuple[str, list[Any]]:
    """A write of few rows that want the same few values."""
    some, other = picks.randrange(1, 6), picks.randrange(1, 6)
    name = f"n{picks.randrange(7)}"
    return picks.choice([
        (BRAND.insert_sql, _brand(some, name)),
        (BRAND.insert_sql, _brand(some + 5, f"n{some + 20}")),
        (update_sql("brands", ()), [some, b"[1]", None, picks.randrange(9), picks.randrange(9)]),
        (update_sql("brands", ("name_key",)), [some, b"[2]", b"", picks.randrange(9), 3, name]),
        ("INSERT INTO urls (url, kind, owner) VALUES ($1, $2, $3)", [name, "brand", some]),
        ("UPDATE urls SET url = $1 WHERE kind = $2 AND owner = $3", [name, "brand", some]),
        ("DELETE FROM urls WHERE kind = $1 AND owner IN ($2, $3)", ["brand", some, other]),
        ("DELETE FROM brands WHERE id IN ($1)", [some]),
        (LEASE, [some, name, picks.randrange(9)]),
        (
            "INSERT INTO page_index (name, block, living) VALUES ($1, $2, $3)"
            " ON CONFLICT (name, block) DO UPDATE SET living = page_index.living + excluded.living",
            [name, some % 2, picks.randrange(9)],
        ),
        (
            "INSERT INTO deliveries (id, hook_id, scope, data, hash, created, state, attempts, next_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $6), ($7, $8, $9, $10, $11, $12, 'waiting', 0, $12)",
            [some, other, name, b"1", "h", 7, some + 5, other, name, b"2", "i", 8],
        ),
        ("UPDATE deliveries SET next_at = $2, message = $3 WHERE id = $1 AND state = 'waiting'", [some, other, name]),
        ("UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $2 WHERE hook_id = $1", [some, other]),
        ("UPDATE deliveries SET state = 'waiting', attempts = 3, next_at = $2 WHERE id = $1", [some, other]),
        ("INSERT INTO file_uses (digest, kind, owner) VALUES ($1, $2, $3)", [name, "brands", some]),
    ])  # fmt: skip


async def _contents(connection: Any) -> list[Any]:
    return [[tuple(row) for row in await connection.fetch(f"SELECT * FROM {name} ORDER BY 1, 2, 3")] for name in TABLES]


async def _try(connection: Any, statements: list[tuple[str, list[Any]]], tx: PostgresTx | None) -> list[Any] | None:
    """The contents after these statements; None if one was refused. Nothing stays."""
    await connection.execute("BEGIN")
    try:
        for sql, values in statements:
            await (connection.execute(sql, *values) if tx is None else tx.run(sql, *values))
        if tx is not None:
            await tx.flush()
        return await _contents(connection)
    except (asyncpg.IntegrityConstraintViolationError, Redo):
        return None
    finally:
        await connection.execute("ROLLBACK")


@pytest.mark.parametrize("seed", range(5))
def test_what_waits_leaves_what_it_would(
    runner: asyncio.Runner, connection: Any, catalogue: Catalogue, seed: int
) -> None:
    """Random statements about the same few rows: same keys, values given up and taken, rows made, changed, deleted."""
    picks = Random(seed)

    async def work() -> tuple[int, int]:
        carried_out = spared = 0
        for turn in range(120):
            statements = [_statement(picks) for _ in range(picks.randrange(2, 9))]
            expected = await _try(connection, statements, None)
            found = await _try(connection, statements, PostgresTx(connection, catalogue))
            if found is None and expected is not None:
                spared += 1  # refused for the order of the parts: the group is done over
                continue
            assert found == expected, (turn, statements)
            carried_out += found is not None
        return carried_out, spared

    carried_out, spared = runner.run(work())
    assert carried_out > 40
    assert spared < 10


URL = "INSERT INTO urls (url, kind, owner) VALUES ($1, $2, $3)"
MOVED = "UPDATE urls SET url = $1 WHERE kind = $2 AND owner = $3"


@pytest.mark.parametrize(
    ("before", "row", "fits"),
    [
        ((update_sql("brands", ()), [2, b"[1]", None, 5, 5]), (BRAND.insert_sql, _brand(3, "n3")), True),
        ((update_sql("brands", ()), [2, b"[1]", None, 5, 5]), (BRAND.insert_sql, _brand(2, "n2")), False),
        ((MOVED, ["a", "brand", 1]), (URL, ["b", "brand", 2]), True),
        ((MOVED, ["a", "brand", 1]), (URL, ["b", "brand", 1]), False),
        ((MOVED, ["a", "brand", 1]), ("INSERT INTO urls (url, kind, owner) VALUES ($1, 'brand', $2)", ["b", 2]), False),
    ],
)
def test_a_row_does_not_fit_beside_an_update_before_it_that_would_change_it(
    catalogue: Catalogue, before: tuple[str, list[Any]], row: tuple[str, list[Any]], fits: bool
) -> None:
    """In a cluster a part of a statement sees what the parts before it wrote, whichever was meant to come first."""
    pending = Pending(catalogue)
    (earlier, _), = pending.shaped(before[0]) or ()  # fmt: skip
    pending.add(earlier, before[1], sure=True)
    (made, _), = pending.shaped(row[0]) or ()  # fmt: skip
    assert pending.fits(made, row[1]) is fits


def test_a_row_that_was_changed_since_makes_the_group_start_over(
    runner: asyncio.Runner, connection: Any, catalogue: Catalogue
) -> None:
    """An update of a row that was read before the transaction matches that version or none, among others too."""
    table, read = "brands", "SELECT 1 FROM brands WHERE id = $1 AND version = $2"
    held = update_sql(table, ())
    unheld = update_sql(table, (), held=False)

    async def work(*statements: tuple[str, list[Any], bool]) -> bool:
        await connection.execute("BEGIN")
        try:
            tx = PostgresTx(connection, catalogue)
            for number in (1, 2):
                await tx.run(BRAND.insert_sql, *_brand(number, f"n{number}"))
            await tx.flush()
            for sql, values, sure in statements:
                await tx.script([(sql, values)], sure=sure)
            await tx.flush()
        except Redo:
            return False
        else:
            return True
        finally:
            await connection.execute("ROLLBACK")

    doc = [b"[]", None, 5, 5]
    right, wrong = (unheld, [1, *doc, 1], False), (unheld, [2, *doc, 7], False)
    assert runner.run(work(right))
    assert not runner.run(work(wrong))
    assert not runner.run(work(right, wrong))
    assert runner.run(work(right, (held, [2, *doc], True)))
    assert runner.run(work(right, (read, [2, 1], False), (held, [2, *doc], True)))
    assert not runner.run(work(right, (read, [2, 9], False)))
    assert not runner.run(work(right, (read, [1, 1], False))), "it has another version now"


def test_a_read_sees_what_waits_and_spares_what_it_does_not_see(
    runner: asyncio.Runner, connection: Any, catalogue: Catalogue
) -> None:
    async def work() -> None:
        await connection.execute("BEGIN")
        try:
            tx = PostgresTx(connection, catalogue)
            await tx.run(BRAND.insert_sql, *_brand(1, "n1"))
            assert await tx.row("SELECT count(*) FROM urls") is not None
            assert (await connection.fetchval("SELECT count(*) FROM brands")) == 0
            assert tuple(await tx.row("SELECT count(*) FROM brands") or ()) == (1,)
            await tx.run(BRAND.insert_sql, *_brand(2, "n2"))
            assert len(await tx.rows("SELECT b.id FROM urls u RIGHT JOIN brands b ON b.id = u.owner")) == 2
        finally:
            await connection.execute("ROLLBACK")

    runner.run(work())


def test_a_new_connection_knows_the_arrays(
    runner: asyncio.Runner, own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks the server nothing about the types of columns before the first group."""

    async def refuse(*_: object) -> None:
        raise AssertionError("asked for a type")

    async def work() -> list[Any]:
        connection = await connect(own_database, "public")
        monkeypatch.setattr(asyncpg.Connection, "_introspect_types", refuse)
        sql = "SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[], $4::boolean[], $5::text[])"
        found = [tuple(row) for row in await connection.fetch(sql, [1, None], [2**40], [b"\0"], [True], ["é"])]
        await connection.close()
        return found

    assert runner.run(work()) == [(1, 2**40, b"\0", True, "é"), (None,) * 5]


def test_every_type_of_a_column_is_one_of_these(catalogue: Catalogue) -> None:
    kinds = {kind for facts in catalogue.tables.values() for kind in facts.types.values()}
    assert kinds <= {"integer", "bigint", "bytea", "boolean", "text"}


def test_a_table_comes_after_those_that_it_refers_to(catalogue: Catalogue) -> None:
    """Citus checks foreign keys after each part of a statement."""
    for table, facts in catalogue.tables.items():
        for target, _ in facts.references.values():
            assert target == table or catalogue.order[target] < catalogue.order[table], (table, target)


def test_every_write_of_a_product_waits(catalogue: Catalogue) -> None:
    """All that a create or an update of one row sends has a shape: none of it is a trip of its own."""
    statistics = TableStatistics({})
    statistics.enter("products", 1)
    statistics.enter("variants", 1)
    for sql, _values in statistics.statements():
        assert shaped(sql, catalogue), sql
    table = products.TABLE
    names = tuple(column.name for column in table.columns)
    for sql in (
        table.insert_sql,
        *(update_sql(table.name, changed, held=held) for changed in ((), names[:1], names) for held in (True, False)),
        search_texts.INSERT,
        "UPDATE product_texts SET description = $2, body = $3 WHERE product_id = $1",
        "UPDATE product_texts SET description = $2, title = $3, keywords = $4, body = $5 WHERE product_id = $1",
        "INSERT INTO product_categories (product_id, category_id) VALUES ($1, $2), ($1, $3)",
        CHANNEL,
    ):
        assert shaped(sql, catalogue), sql


def test_what_gives_up_unique_values_is_told_from_what_does_not(catalogue: Catalogue) -> None:
    """Whether a value was another row's can be asked where all columns of the index are written, whatever their rows;
    of an index that holds only some rows it cannot."""

    def of(sql: str) -> tuple[bool, int | None]:
        ((shape, _),) = shaped(sql, catalogue) or []
        return shape.decides, None if shape.taken is None else len(shape.taken)

    assert of(update_sql("brands", ())) == (False, 0)
    assert of(update_sql("brands", ("name_key",))) == (True, 1)
    assert of(update_sql("products", ("name_key", "sku_key"))) == (True, 2)
    assert of(update_sql("categories", ("name_key",))) == (True, None), "the other columns of the index are not known"
    assert of(update_sql("product_images", ("is_thumbnail",))) == (True, None), "it is in the condition of the index"
    assert of("UPDATE urls SET url = $1 WHERE kind = $2 AND owner = $3") == (True, None)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM brands WHERE id IN ($1)",
        "INSERT INTO brands (id) SELECT id FROM brands",
        "INSERT INTO brands (id, name_key) VALUES ($1, lower($2))",
        "INSERT INTO nowhere (id) VALUES ($1)",
        "INSERT INTO brands (nothing) VALUES ($1)",
        "UPDATE brands SET name_key = $2 WHERE id IN ($1)",
        "UPDATE brands SET name_key = (SELECT 'x') WHERE id = $1",
        "UPDATE variants SET product_id = product_id + $2 WHERE id = $1",
        "UPDATE brands SET id = $2 WHERE id = $1",
        "UPDATE deliveries SET message = $2 WHERE id = $1 AND state = 'waiting'",
    ],
)
def test_what_cannot_be_read_is_sent_by_itself(catalogue: Catalogue, sql: str) -> None:
    assert shaped(sql, catalogue) is None
