"""Reading rows by name: the one place that knows the order of a row's columns.

A database returns a `Record`, which can only be unpacked: `mypy` refuses `found[2]`. Rows of entities are
read here; those of other statements are unpacked where they are read, or become named tuples (`named`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from bodega.storage.tx import Record, Tx, numbered_placeholders

if TYPE_CHECKING:
    from bodega.storage.table import Table

T = TypeVar("T")
_replace = msgspec.structs.replace


class Row(msgspec.Struct, frozen=True):
    """An entity as stored: `version` is the store's revision at its last change, `modified` its time in UTC seconds."""

    entity: Any
    version: int
    modified: int
    doc: bytes
    """The rendered V3 form."""
    held: bool = True
    """Whether it was read inside the transaction that uses it."""

    def with_entity(self, entity: Any) -> Row:
        """The row with another entity, to be written over it."""
        return _replace(self, entity=entity)


class StoredRow(msgspec.Struct, frozen=True, gc=False):
    """The row of an entity, not decoded: a GET needs no more.

    `doc` is the rendered V3 form and `rest` the JSON of the members that V3 does not show, None also where it was not
    read; `version` and `modified` as in `Row`.
    """

    doc: bytes
    rest: bytes | None
    version: int
    modified: int
    id: int

    def entity(self, table: Table) -> Any:
        """The decoded entity of a row of `table`."""
        return table.decode(self.doc, self.rest)

    def decoded(self, table: Table, *, held: bool) -> Row:
        """The row with its entity; `held` as in `Row`."""
        return Row(table.decode(self.doc, self.rest), self.version, self.modified, self.doc, held)


def stored_sql(table: Table, where: str, *, rest: bool = True) -> str:
    """The statement that reads a `StoredRow`; unless `rest`, without that member."""
    return f"SELECT doc, {'rest' if rest else 'NULL'}, version, modified, id FROM {table.name} WHERE {where}"


def by_themselves(place: str) -> str:
    """A subquery of all rows of a table, which is named with its schema, that is carried out by itself."""
    return f"(SELECT id, doc, rest, version FROM {place} OFFSET 0)"


async def get(tx: Tx, table: Table, entity_id: int) -> Row | None:
    """One row by its id."""
    found = await tx.row(table.get_sql, entity_id)
    return None if found is None else _row(table, found)


async def one(tx: Tx, table: Table, where: str, *values: Any) -> Row | None:
    """The first row that meets a test in SQL, whose parameters are `values`."""
    found = await tx.row(f"SELECT doc, rest, version, modified FROM {table.name} WHERE {where}", *values)
    return None if found is None else _row(table, found)


async def where(tx: Tx, table: Table, test: str, *values: Any, order: str = "id") -> list[Row]:
    """The rows that meet a test in SQL."""
    sql = f"SELECT doc, rest, version, modified FROM {table.name} WHERE {test} ORDER BY {order}"
    decode = table.decode
    return [
        Row(decode(doc, rest), version, modified, doc) for doc, rest, version, modified in await tx.rows(sql, *values)
    ]


async def entities(tx: Tx, table: Table, test: str = "", *values: Any, order: str = "id") -> list[Any]:
    """The entities whose rows meet a test in SQL, or all entities."""
    narrowed = f" WHERE {test}" if test else ""
    sql = f"SELECT doc, rest FROM {table.name}{narrowed} ORDER BY {order}"
    decode = table.decode
    return [decode(doc, rest) for doc, rest in await tx.rows(sql, *values)]


async def entities_of(tx: Tx, table: Table, ids: Sequence[int], column: str = "id", order: str = "id") -> list[Any]:
    """The entities whose `column` is one of these ids."""
    test = f"{column} IN ({numbered_placeholders(len(ids))})"
    return await entities(tx, table, test, *ids, order=order) if ids else []


async def existing(tx: Tx, table: str, ids: Sequence[int]) -> list[int]:
    """Those of these ids that have a row in the table of this name."""
    sql = f"SELECT id FROM {table} WHERE id IN ({numbered_placeholders(len(ids))})"
    return await values(tx, sql, *ids) if ids else []


async def value(tx: Tx, sql: str, *values: Any) -> Any:
    """The one column of the first row; None also if there is no row."""
    found = await tx.row(sql, *values)
    if found is None:
        return None
    (held,) = found
    return held


async def values(tx: Tx, sql: str, *values: Any) -> list[Any]:
    """The one column of each row."""
    return [held for (held,) in await tx.rows(sql, *values)]


async def pairs(tx: Tx, sql: str, *values: Any) -> dict[Any, Any]:
    """Rows of two columns as a dictionary from the first to the second."""
    return {key: held for key, held in await tx.rows(sql, *values)}  # noqa: C416 - to mypy a Record is not a pair


async def named(tx: Tx, kind: Callable[..., T], sql: str, *values: Any) -> list[T]:
    """The rows as named tuples of type `kind`, whose members are in the order of the statement's columns."""
    return [kind(*row) for row in await tx.rows(sql, *values)]


async def first(tx: Tx, kind: Callable[..., T], sql: str, *values: Any) -> T | None:
    """Like `named`, for the first row; None if there is none."""
    found = await tx.row(sql, *values)
    return None if found is None else kind(*found)


def _row(table: Table, found: Record) -> Row:
    doc, rest, version, modified = found
    return Row(table.decode(doc, rest), version, modified, doc)
