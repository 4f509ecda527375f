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


class UniqueIndex(NamedTuple):
    """`columns` in which no two rows agree, and `words`, those columns and the ones of a condition. `partial`: rows
    outside of the condition may agree, other than those with NULL."""

    columns: tuple[str, ...]
    words: frozenset[str]
    partial: bool


class TableFacts(NamedTuple):
    """`types` by column; `unique` are the columns of unique indexes, with those of their conditions, and `indexes` the
    indexes themselves; `references` the table and column that a column points to; `referenced` the columns that others
    point to."""

    types: dict[str, str]
    unique: set[str]
    indexes: list[UniqueIndex]
    references: dict[str, tuple[str, str]]
    referenced: set[str]


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The tables of a store by name. `order` has a number for each, higher than those of all that it refers to."""

    tables: Mapping[str, TableFacts]
    order: Mapping[str, int]


async def read_catalogue(connection: Any) -> Catalogue:
    """The catalogue of the store whose schema is the connection's."""
    tables: dict[str, TableFacts] = {}
    for table, column, kind in await connection.fetch(_COLUMNS):
        tables.setdefault(table, TableFacts({}, set(), [], {}, set())).types[column] = kind
    for table, definition in await connection.fetch(_UNIQUE):
        _, _, told = definition.partition(" USING ")
        listed, _, condition = told.partition(" WHERE ")
        facts = tables[table]
        words = frozenset(re.findall(r"\w+", told)) & facts.types.keys()
        facts.unique.update(words)
        columns = tuple(name for name in re.findall(r"\w+", listed) if name in facts.types)
        known = re.fullmatch(r"\((\w+) IS NOT NULL\)", condition)
        partial = bool(condition) and (known is None or known[1] not in columns)
        facts.indexes.append(UniqueIndex(columns, words, partial))
    for table, column, target, key in await connection.fetch(_REFERENCES):
        tables[table].references[column] = (target, key)
        tables[target].referenced.add(key)
    order: dict[str, int] = {}
    for table in sorted(tables):
        _number(table, tables, order)
    return Catalogue(tables, order)


def _number(table: str, tables: Mapping[str, TableFacts], order: dict[str, int]) -> int:
    if table not in order:
        order[table] = 0  # one that refers to itself comes after nothing
        targets = {target for target, _ in tables[table].references.values()}
        order[table] = 1 + max((_number(target, tables, order) for target in sorted(targets)), default=0)
    return order[table]


_known: dict[int, Catalogue] = {}


async def known_catalogue(connection: Any) -> Catalogue:
    """The same, read only the first time in this process."""
    newest = migrate.newest()
    if newest not in _known:
        _known[newest] = await read_catalogue(connection)
    return _known[newest]
