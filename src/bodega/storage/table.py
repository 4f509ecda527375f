"""A table as data: what is stored of an entity, and the statements that follow from it.

A row is `id`, `doc` (the rendered V3 JSON), `rest` (the members that V3 does not show, JSON, or NULL), `version` (the
store's revision when the row last changed), `modified` (UTC seconds), and a column for each member that is filtered,
sorted, joined or unique. Statements use `$n` and the common subset of SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from bodega.storage.declaration import declared_in
from bodega.storage.text import composed

SqlType = Literal["INTEGER", "BIGINT", "TEXT", "BOOLEAN"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column computed from the entity when it is written; `member` is the field that it copies unchanged, if any."""

    name: str
    type: SqlType
    value: Callable[[Any], Any]
    indexed: bool = False
    member: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """The value of a text column by which rows are told apart: texts that look the same are the same."""

    value: Callable[[Any], Any]

    def __call__(self, entity: Any) -> Any:
        """The column's value of an entity."""
        text = self.value(entity)
        return composed(text) if isinstance(text, str) else text


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows may agree in `columns`; rows for which `where` (SQL) is false are exempt.

    `field` is the member whose value a caller has to change, `message` the conflict in words, `code` the hosted API's
    number for it.
    """

    columns: tuple[str, ...]
    field: str
    message: str
    where: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that, when not NULL, names a row of table `target`."""

    column: str
    target: str
    field: str
    message: str
    on_delete: Literal["RESTRICT", "CASCADE", "SET NULL"] = "RESTRICT"


@dataclass(frozen=True, slots=True)
class Link:
    """A list of ids in the entity, kept as rows (owner, member) in a table of its own."""

    name: str
    owner: str
    member: str
    target: str
    field: str
    message: str
    members: Callable[[Any], Sequence[int]]


def linked(link: Link, owner: int, members: Sequence[int]) -> list[tuple[str, Sequence[Any]]]:
    """The statement that inserts the members of an owner, without duplicates, if there are any."""
    unique = list(dict.fromkeys(members))
    if not unique:
        return []
    placeholders = ", ".join(f"($1, ${place})" for place in range(2, len(unique) + 2))
    return [(f"INSERT INTO {link.name} ({link.owner}, {link.member}) VALUES {placeholders}", (owner, *unique))]


DefaultRows = Callable[..., list[Any]]
"""`first(unit)`: the default rows as entities, ids included, that a table holds from the first day of a store."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All that the storage needs to know about one kind of entity; its rules are in an aggregate
    (`storage/rules.py`)."""

    name: str
    entity: type[Any]
    encode: Callable[[Any], tuple[bytes, bytes | None]]
    decode: Callable[[bytes, bytes | None], Any]
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...] = ()
    references: tuple[Reference, ...] = ()
    links: tuple[Link, ...] = ()
    counter: str = ""
    cap: int = 0
    noun: str = ""
    more_schema: str = ""
    cap_within: tuple[str, int] | None = None
    """Columns, separated by blanks, and how many rows may agree in them: the platform's limit for one parent."""
    first: DefaultRows | None = None
    files: bool = False
    """Whether its documents may name files (`storage/files.py`)."""
    at_once: bool = False
    """A delete of many rows is always one transaction, since one of them may be refused."""
    indexed: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """The words of the declaration, as the compile step checks them (`kit/compile.py`)."""
    file: str = field(default_factory=declared_in)
    insert_sql: str = field(init=False)
    get_sql: str = field(init=False)
    types: Mapping[str, SqlType] = field(init=False)
    """Every column that may be filtered or sorted."""
    stamps: tuple[str, ...] = field(init=False)
    """Members that the store's clock sets."""
    composed: frozenset[str] = field(init=False)
    """Text columns of unique keys: their values, and those that they are compared with, are in one normal form."""
    moved: tuple[str, ...] = field(init=False)
    """Those of them, and others, that tell when the row last changed."""
    _column_values: tuple[tuple[str, str, Callable[[Any], Any]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        keys = {name for unique in self.uniques for name in unique.columns}
        texts = frozenset(column.name for column in self.columns if column.name in keys and column.type == "TEXT")
        columns = tuple(
            replace(column, value=Composed(column.value)) if column.name in texts else column for column in self.columns
        )
        fixed = ("id", "doc", "rest", "version", "modified")
        names = (*fixed, *(column.name for column in self.columns))
        placeholders = numbered_placeholders(len(names))
        types: dict[str, SqlType] = {column.name: column.type for column in self.columns}
        types |= {"id": "INTEGER", "modified": "BIGINT", "version": "BIGINT"}
        follows = {
            "columns": columns,
            "composed": texts,
            "insert_sql": f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({placeholders})",
            "get_sql": f"SELECT doc, rest, version, modified FROM {self.name} WHERE id = $1",
            "types": MappingProxyType(types),
            "stamps": tuple(n for n in ("date_created", "date_modified") if n in self.entity.__struct_fields__),
            "moved": tuple(n for n in ("date_modified", "updated_at") if n in self.entity.__struct_fields__),
            "_column_values": tuple((column.name, column.member, column.value) for column in columns),
        }
        for name, value in follows.items():
            object.__setattr__(self, name, value)

    def says_the_same(self, old: Any, new: Any) -> bool:
        """Whether two states of a row differ in nothing but the time of the last change.

        One that was changed in place cannot be compared with what it was, and counts as another.
        """
        if old is new:
            return False
        times = [getattr(new, name) for name in self.moved]
        for name in self.moved:
            setattr(new, name, getattr(old, name))
        same = bool(old == new)
        for name, time in zip(self.moved, times, strict=True):
            setattr(new, name, time)
        return same

    def values(self, entity: Any) -> list[Any]:
        """The entity's column values, in the order of `columns`."""
        return [column.value(entity) for column in self.columns]

    def changes(self, old: Any, new: Any) -> tuple[tuple[str, ...], list[Any]]:
        """The columns in which two states of a row differ, and their new values. A column that copies a member is
        looked at only if the member changed."""
        names, values = [], []
        for name, member, value in self._column_values:
            if member:
                was, now = getattr(old, member), getattr(new, member)
                if was is now or was == now:
                    continue
                now = value(new)
            else:
                was, now = value(old), value(new)
                if was == now:
                    continue
            names.append(name)
            values.append(now)
        return tuple(names), values


def numbered_placeholders(count: int, first: int = 1) -> str:
    """`$1, $2, $3`: placeholders for `count` parameters, from `first` on."""
    return ", ".join(f"${place}" for place in range(first, first + count))


_MODIFIED = "CASE WHEN modified < $5 THEN $5 WHEN modified = $5 THEN $5 + 1 ELSE modified END"
"""A date that was not told of the row before (`storage/table_stats.py`); $5 is the unit's stamp."""


@lru_cache(maxsize=2048)
def update_sql(table: str, changed: tuple[str, ...], *, held: bool = True) -> str:
    """Update of a row's documents and of the columns that changed: $1 id, $2 doc, $3 rest, $4 version, $5 stamp.

    For a row that is not `held`, that is, read before the transaction began, a last parameter is its version then.
    """
    more = "".join(f", {name} = ${place}" for place, name in enumerate(changed, start=6))
    as_read = "" if held else f" AND version = ${6 + len(changed)}"
    return f"UPDATE {table} SET doc = $2, rest = $3, version = $4, modified = {_MODIFIED}{more} WHERE id = $1{as_read}"
