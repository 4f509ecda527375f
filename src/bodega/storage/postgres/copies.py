"""Copies of a store in PostgreSQL: snapshots next to its tables, in its own schema, and backups in a file.

A backup is the SQLite file that the same store would be, so a store can move from either database to the other. Every
statement stays inside one schema, as sharding by schema requires (docs/scale.md).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from bodega.storage.backend import NoCopy
from bodega.storage.postgres import sharding
from bodega.storage.postgres.template import in_order, references
from bodega.storage.sqlite.connection import connect
from bodega.storage.sqlite.copies import write_facts
from bodega.storage.sqlite.engine import open_file
from bodega.storage.table_stats import NEWEST, STORE

_CATALOGUE = """
CREATE TABLE IF NOT EXISTS kept_snapshots (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, revision INTEGER NOT NULL
)
"""
_TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.oid"
)
_COLUMNS = (
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a"
    " WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
_COPY = re.compile(r"kept\d+_\w+|kept_snapshots")
_BATCH = 500
STATISTICS = "table_statistics"


def is_copy(table: str) -> bool:
    """Whether a table of a store belongs to one of its snapshots."""
    return _COPY.fullmatch(table) is not None


async def _tables(connection: Any) -> list[str]:
    """The store's own tables, each after those it refers to."""
    names = [row[0] for row in await connection.fetch(_TABLES)]
    own = [name for name in names if name != "migrations" and not is_copy(name)]
    return in_order(own, await references(connection, await connection.fetchval("SELECT current_schema()")))


async def _empty(connection: Any, tables: Sequence[str]) -> None:
    """Deletes all rows but the one that is the write lock: who waits for a row that is deleted goes on without it."""
    for table in reversed(tables):
        but = f" WHERE name <> '{STORE}'" if table == STATISTICS else ""
        await connection.execute(f"DELETE FROM {table}{but}")


async def lock(connection: Any) -> None:
    """Waits for the writers and migrations of a store, and locks them out until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext(current_schema()))")
    await connection.execute(await sharding.write_lock(connection))


async def take(connection: Any, name: str, revision: int) -> None:
    """Takes a snapshot: a copy of each table, without indexes. It replaces one of the same name. Raises NoCopy if
    another one of that name is being taken."""
    async with connection.transaction():
        mine = "SELECT pg_try_advisory_xact_lock(hashtext(current_schema()), hashtext($1))"
        if not await connection.fetchval(mine, f"snapshot {name}"):
            raise NoCopy(f"A snapshot {name} is being taken by another command at this moment; nothing was done.")
        await lock(connection)
        await connection.execute(_CATALOGUE)
        await _forget(connection, name)
        number = await connection.fetchval("SELECT coalesce(max(number), 0) + 1 FROM kept_snapshots")
        for table in await _tables(connection):
            copy = f"kept{number}_{table}"
            # A table without a key can only be moved to another node if its whole row is its identity.
            await connection.execute(f"CREATE TABLE {copy} (LIKE {table})")
            await connection.execute(f"ALTER TABLE {copy} REPLICA IDENTITY FULL")
            await connection.execute(f"INSERT INTO {copy} SELECT * FROM {table}")
        await connection.execute(
            "INSERT INTO kept_snapshots (number, name, revision) VALUES ($1, $2, $3)", number, name, revision
        )


async def names(connection: Any) -> dict[str, int]:
    """The snapshots of a store with the schema revision in which they were taken."""
    if await connection.fetchval("SELECT to_regclass('kept_snapshots')") is None:
        return {}
    rows = await connection.fetch("SELECT name, revision FROM kept_snapshots ORDER BY number")
    return {row[0]: row[1] for row in rows}


async def forget(connection: Any, name: str) -> None:
    """Deletes a snapshot."""
    async with connection.transaction():
        await lock(connection)
        await _forget(connection, name)


async def _forget(connection: Any, name: str) -> None:
    number = await connection.fetchval("DELETE FROM kept_snapshots WHERE name = $1 RETURNING number", name)
    if number is not None:
        for table in [row[0] for row in await connection.fetch(_TABLES)]:
            if table.startswith(f"kept{number}_"):
                await connection.execute(f"DROP TABLE {table}")


async def put_back(connection: Any, name: str, now: int) -> None:
    """Restores the store from the snapshot, in one transaction; `now` is the store's clock."""
    async with connection.transaction():
        await lock(connection)
        number = await connection.fetchval("SELECT number FROM kept_snapshots WHERE name = $1", name)
        before = await connection.fetchrow(NEWEST)
        tables = await _tables(connection)
        await _empty(connection, tables)
        for table in tables:
            but = f" WHERE name <> '{STORE}'" if table == STATISTICS else ""
            await connection.execute(f"INSERT INTO {table} SELECT * FROM kept{number}_{table}{but}")
        await _move_on(connection, before, now)


async def number_of(connection: Any, name: str) -> int:
    """The number of a snapshot, by which its tables go."""
    return int(await connection.fetchval("SELECT number FROM kept_snapshots WHERE name = $1", name))


async def fill(connection: Any, schema: str, snapshot: int | None) -> None:
    """Fills the tables of another schema, of a new store, with what this store holds, or held in a snapshot, in one
    transaction. The state that is copied is one, whatever others write meanwhile."""
    async with connection.transaction(isolation="repeatable_read"):
        tables = await _tables(connection)
        prefix = "" if snapshot is None else f"kept{snapshot}_"
        emptied = "; ".join(f"DELETE FROM {schema}.{table}" for table in reversed(tables))
        filled = "; ".join(f"INSERT INTO {schema}.{table} SELECT * FROM {prefix}{table}" for table in tables)
        await connection.execute(f"{emptied}; {filled}")


_DATED = (
    "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relkind = 'r'"
    " AND c.relnamespace = current_schema()::regnamespace AND a.attname = 'modified' AND NOT a.attisdropped"
)
"""The tables whose rows have a date. It asks no table of the store: Citus would answer it where the store's rows are,
which is where the catalogue knows these tables by other names."""


async def _move_on(connection: Any, before: Sequence[int], now: int) -> None:
    """Moves the revision on, so that no entity tag of the replaced state is used again. To its clients all rows have
    changed, so they are dated after it. `before` is what `NEWEST` said of it."""
    kept = await connection.fetchrow(NEWEST)
    moved, latest = max(before[0], kept[0]) + 1, max(now, before[1], kept[1])
    await connection.execute(
        "UPDATE table_statistics SET revision = $1, index_revision = $1,"
        " modified = CASE name WHEN '*' THEN $2 ELSE $2 + 1 END",
        moved,
        latest,
    )
    dated = {row[0] for row in await connection.fetch(_DATED)}
    for row in await connection.fetch("SELECT name FROM table_statistics"):
        if row[0] in dated:
            await connection.execute(f"UPDATE {row[0]} SET modified = $1", latest + 1)


async def export(connection: Any, empty: Path, facts: Mapping[str, str]) -> None:
    """Writes the store into `empty`, a fresh SQLite database of the newest schema. What waits for the disk runs in a
    thread."""
    with closing(open_file(empty)) as made:
        made.execute("PRAGMA journal_mode=DELETE")
        made.execute("BEGIN")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table in await _tables(connection):
                columns = [row[0] for row in await connection.fetch(_COLUMNS, table)]
                listed, placeholders = ", ".join(columns), ", ".join("?" * len(columns))
                made.execute(f"DELETE FROM {table}")
                insert = f"INSERT INTO {table} ({listed}) VALUES ({placeholders})"
                cursor = await connection.cursor(f"SELECT {listed} FROM {table}")
                while rows := await cursor.fetch(_BATCH):
                    await asyncio.to_thread(made.executemany, insert, [tuple(row) for row in rows])
        write_facts(made, facts)
        await asyncio.to_thread(made.execute, "COMMIT")


async def load(connection: Any, backup: Path, now: int) -> None:
    """Restores the store from the backup, a SQLite database of the newest schema, in one transaction."""
    with closing(connect(backup)) as source:
        async with connection.transaction():
            await lock(connection)
            before = await connection.fetchrow(NEWEST)
            tables = await _tables(connection)
            await _empty(connection, tables)
            for table in tables:
                columns = [(row[0], row[1]) for row in await connection.fetch(_COLUMNS, table)]
                flags = [place for place, (_, kind) in enumerate(columns) if kind == "boolean"]
                listed = ", ".join(name for name, _ in columns)
                but = f" WHERE name <> '{STORE}'" if table == STATISTICS else ""
                cursor = source.execute(f"SELECT {listed} FROM {table}{but}")
                while rows := list(islice(cursor, _BATCH)):
                    records = [_with_flags(row, flags) for row in rows]
                    await connection.copy_records_to_table(
                        table, records=records, columns=[name for name, _ in columns]
                    )
            await _move_on(connection, before, now)


def _with_flags(row: tuple[Any, ...], flags: list[int]) -> tuple[Any, ...]:
    """Turns numbers into booleans: SQLite stores true and false as numbers."""
    if not flags:
        return row
    cells = list(row)
    for place in flags:
        cells[place] = None if cells[place] is None else bool(cells[place])
    return tuple(cells)
