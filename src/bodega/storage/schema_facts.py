"""What a store's database says of its own tables: columns, primary keys, and what goes when a row goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bodega.storage.tx import Tx

_COLUMNS = {
    "sqlite": "SELECT m.name, p.name, p.pk FROM sqlite_master m JOIN pragma_table_info(m.name) p"
    " WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid",
    "postgresql": "SELECT c.relname::text, a.attname::text, coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
    " LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
    " ORDER BY c.relname, a.attnum",
}
_REFERENCES = {
    "sqlite": 'SELECT m.name, f."from", f."table", coalesce(f."to", \'id\'), f.on_delete = \'CASCADE\''
    " FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    "postgresql": "SELECT r.relname::text, a.attname::text, f.relname::text, b.attname::text, c.confdeltype = 'c'"
    " FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace"
    " JOIN pg_class f ON f.oid = c.confrelid JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = c.conkey[1]"
    " JOIN pg_attribute b ON b.attrelid = f.oid AND b.attnum = c.confkey[1]"
    " WHERE c.contype = 'f' AND n.nspname = current_schema()",
}

Reference = tuple[str, str, str]
"""A table, its column, and the column of the other table that it refers to."""


@dataclass(frozen=True, eq=False)
class SchemaFacts:
    """By table: `columns` in their order, `keys` the columns of the primary key (all columns where there is none),
    `references` those who refer to it, `cascades` those of them that go with it."""

    columns: Mapping[str, Sequence[str]]
    keys: Mapping[str, Sequence[str]]
    references: Mapping[str, Sequence[Reference]]
    cascades: Mapping[str, Sequence[Reference]]
    _key_places: Mapping[str, Sequence[int]] = field(init=False, repr=False)
    """Where in a row the columns of its primary key are."""

    def __post_init__(self) -> None:
        places = {table: [self.columns[table].index(name) for name in names] for table, names in self.keys.items()}
        object.__setattr__(self, "_key_places", places)

    def key_of(self, table: str, row: Sequence[Any]) -> list[Any]:
        """The values of the primary key of a row."""
        return [row[place] for place in self._key_places[table]]

    def leaving(self, tables: Iterable[str]) -> list[str]:
        """These tables, each before those that it refers to, except around a circle: rows go in this order."""
        placed: dict[str, None] = {}
        begun: set[str] = set()

        def place(table: str) -> None:
            if table not in begun:
                begun.add(table)
                for referring, _, _ in self.references.get(table, ()):
                    place(referring)
                placed[table] = None

        wanted = list(tables)
        for table in wanted:
            place(table)
        return [table for table in placed if table in wanted]

    def select(self, table: str, test: str) -> str:
        """The statement that reads the rows that meet a test, all columns; every row if the test is empty."""
        where = f" WHERE {test}" if test else ""
        return f"SELECT {', '.join(self.columns[table])} FROM {table}{where}"


_KNOWN: dict[tuple[str, int], SchemaFacts] = {}


async def facts_of(tx: Tx) -> SchemaFacts:
    """The facts of a store of the newest schema: they are the same for all, and read once."""
    from bodega.storage.migrate import migrations

    place = tx.dialect, len(migrations())
    found = _KNOWN.get(place)
    if found is None:
        found = _KNOWN[place] = await _read(tx)
    return found


async def _read(tx: Tx) -> SchemaFacts:
    columns: dict[str, list[str]] = {}
    keys: dict[str, list[tuple[int, str]]] = {}
    for table, name, place in await tx.rows(_COLUMNS[tx.dialect]):
        columns.setdefault(table, []).append(name)
        if place:
            keys.setdefault(table, []).append((place, name))
    references: dict[str, list[Reference]] = {}
    cascades: dict[str, list[Reference]] = {}
    for table, column, other, its_own, goes in await tx.rows(_REFERENCES[tx.dialect]):
        references.setdefault(other, []).append((table, column, its_own))
        if goes:
            cascades.setdefault(other, []).append((table, column, its_own))
    named = {table: [name for _, name in sorted(keys[table])] if table in keys else columns[table] for table in columns}
    return SchemaFacts(columns, named, references, cascades)
