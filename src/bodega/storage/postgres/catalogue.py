"""What PostgreSQL knows of a store's tables: types, unique indexes and foreign keys, read once a process.

Tables are declared in several places (aggregates, the outbox, migrations); the database knows all of them, and what it
knows is what decides. Every open store has the newest schema, so one store speaks for all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bodega.storage import migrate

_COLUMNS = """SELECT c.relname::text, a.attname::text, format_type(a.atttypid, -1)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
AND a.attnum > 0 AND NOT a.attisdropped"""
_UNIQUE = """SELECT c.relname::text, pg_get_indexdef(i.indexrelid)
FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND i.indisunique"""
_REFERENCES = """SELECT c.relname::text, a.attname::text, t.relname::text, b.attname::text
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
WHERE k.contype = 'f' AND c.relnamespace = current_schema()::regnamespace"""


class TableFacts(NamedTuple):
    """`types` by column; `unique` are the columns of unique indexes, with those of their conditions; `references` the
    table and column that a column points to; `referenced` the columns that others point to."""

    types: dict[str, str]
    unique: set[str]
    references: dict[str, tuple[str, str]]
    referenced: set[str]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The tables of a store by name."""

    tables: Mapping[str, TableFacts]


async def read_catalogue(connection: Any) -> Catalogue:
    """The catalogue of the store whose schema is the connection's."""
    tables: dict[str, TableFacts] = {}
    for table, column, kind in await connection.fetch(_COLUMNS):
        tables.setdefault(table, TableFacts({}, set(), {}, set())).types[column] = kind
    for table, definition in await connection.fetch(_UNIQUE):
        words = set(re.findall(r"\w+", definition.partition(" USING ")[2]))
        tables[table].unique.update(words & tables[table].types.keys())
    for table, column, target, key in await connection.fetch(_REFERENCES):
        tables[table].references[column] = (target, key)
        tables[target].referenced.add(key)
    return Catalogue(tables)


_known: dict[int, Catalogue] = {}


async def known_catalogue(connection: Any) -> Catalogue:
    """The same, read only the first time in this process."""
    newest = migrate.newest()
    if newest not in _known:
        _known[newest] = await read_catalogue(connection)
    return _known[newest]
