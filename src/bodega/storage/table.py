"""A table as data: what is stored of an entity, and the statements that follow from it.

A row is `id`, `doc` (the rendered V3 JSON), `rest` (the members that V3 does not show, JSON, or NULL), `version` (the
store's revision when the row last changed), `modified` (UTC seconds), and a column for each member that is filtered,
sorted, joined or unique. Statements use `$n` and the common subset of SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from itertools import compress
from operator import attrgetter, is_not, ne
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import msgspec
from msgspec.structs import astuple

from bodega.storage.declaration import declared_in
from bodega.storage.reading import members_read
from bodega.storage.text import composed
from bodega.storage.tx import numbered_placeholders as numbered_placeholders

V = TypeVar("V")
SqlType = Literal["INTEGER", "BIGINT", "TEXT", "BOOLEAN"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column computed from the entity when it is written; `member` is the field that it copies unchanged, if any.

    `follows` are the members on which its value depends, None if that is not known.
    """

    name: str
    type: SqlType
    value: Callable[[Any], Any]
    indexed: bool = False
    member: str = ""
    follows: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """The value of a text column by which rows are told apart: texts that look the same are the same."""

    value: Callable[[Any], Any]

    def __call__(self, entity: Any) -> Any:
        """The column's value of an entity."""
        text = self.value(entity)
        return composed(text) if isinstance(text, str) and not text.isascii() else text


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
    follows: frozenset[str] | None = None
    """The members on which they depend, None if that is not known."""


def linked(link: Link, owner: int, members: Sequence[int]) -> list[tuple[str, Sequence[Any]]]:
    """The statement that inserts the members of an owner, without duplicates, if there are any."""
    unique = list(dict.fromkeys(members))
    if not unique:
        return []
    placeholders = ", ".join(f"($1, ${place})" for place in range(2, len(unique) + 2))
    return [(f"INSERT INTO {link.name} ({link.owner}, {link.member}) VALUES {placeholders}", (owner, *unique))]


DefaultRows = Callable[..., list[Any]]
"""`first(unit)`: the default rows as entities, ids included, that a table holds from the first day of a store."""


class Following(msgspec.Struct, frozen=True):
    """What may change with some members. Of the columns their names; each with what gives its value, and whether that
    is the member itself; whether this is so for all. The links, and whether files are named by the members."""

    names: tuple[str, ...]
    columns: tuple[tuple[str, Callable[[Any], Any], bool], ...]
    plain: bool
    links: tuple[Link, ...]
    files: bool

    def changes(self, old: Any, new: Any) -> tuple[tuple[str, ...], list[Any]]:
        """The columns in which two states of a row may differ that differ in these members, and their new values."""
        if self.plain or old is None:
            return self.names, [value(new) for _name, value, _plain in self.columns]
        names, values = [], []
        for name, value, plain in self.columns:
            now = value(new)
            if plain or value(old) != now:
                names.append(name)
                values.append(now)
        return tuple(names), values


_Reader = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]

MOST_KNOWN = 256
"""Sets of members of which it is kept which columns follow: clients change few of all there could be."""


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
    naming_files: Callable[[], frozenset[str]] = frozenset
    """The members that may name files (`storage/files.py`)."""
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
    moved: frozenset[str] = field(init=False)
    """Those of them, and others, that tell when the row last changed."""
    members: frozenset[str] = field(init=False)
    """All members of the entity."""
    valued: tuple[str, ...] = field(init=False)
    """The names of all columns, in the order of `values`."""
    _copied: Callable[[Any], tuple[Any, ...]] = field(init=False, repr=False)
    """Gives the values of those that are members as they are."""
    _computed: tuple[Callable[[Any], Any], ...] = field(init=False, repr=False)
    """Give those of the others, which come after them."""
    _columns_of: Mapping[str, tuple[int, ...]] = field(init=False, repr=False)
    """The places of the columns whose values may change with a member."""
    _readers: dict[tuple[str, ...], _Reader] = field(init=False, repr=False, default_factory=dict)
    """What reads some members, as it was made before."""
    _known: dict[frozenset[str], Following] = field(init=False, repr=False, default_factory=dict)
    """Which columns follow from members, as it was found before."""
    _unbound: tuple[int, ...] = field(init=False, repr=False)
    """Those of the columns of which it is not known on what their values depend."""

    def __post_init__(self) -> None:
        keys = {name for unique in self.uniques for name in unique.columns}
        texts = frozenset(column.name for column in self.columns if column.name in keys and column.type == "TEXT")
        columns = tuple(
            replace(
                column,
                value=Composed(column.value) if column.name in texts else column.value,
                follows=frozenset([column.member]) if column.member else members_read(column.value, self.entity),
            )
            for column in self.columns
        )
        columns_of: dict[str, list[int]] = {}
        for place, column in enumerate(columns):
            for name in column.follows or ():
                columns_of.setdefault(name, []).append(place)
        fixed = ("id", "doc", "rest", "version", "modified")
        copied = [column for column in columns if isinstance(column.value, attrgetter)]
        computed = [column for column in columns if not isinstance(column.value, attrgetter)]
        valued = tuple(column.name for column in (*copied, *computed))
        names = (*fixed, *valued)
        placeholders = numbered_placeholders(len(names))
        types: dict[str, SqlType] = {column.name: column.type for column in self.columns}
        types |= {"id": "INTEGER", "modified": "BIGINT", "version": "BIGINT"}
        follows = {
            "columns": columns,
            "links": tuple(replace(link, follows=members_read(link.members, self.entity)) for link in self.links),
            "composed": texts,
            "valued": valued,
            "_copied": _reading([column.value for column in copied]),
            "_computed": tuple(column.value for column in computed),
            "insert_sql": f"INSERT INTO {self.name} ({', '.join(names)}) VALUES ({placeholders})",
            "get_sql": f"SELECT doc, rest, version, modified FROM {self.name} WHERE id = $1",
            "types": MappingProxyType(types),
            "stamps": tuple(n for n in ("date_created", "date_modified") if n in self.entity.__struct_fields__),
            "moved": frozenset(("date_modified", "updated_at")).intersection(self.entity.__struct_fields__),
            "members": frozenset(self.entity.__struct_fields__),
            "_columns_of": MappingProxyType({name: tuple(places) for name, places in columns_of.items()}),
            "_unbound": tuple(place for place, column in enumerate(columns) if column.follows is None),
        }
        for name, value in follows.items():
            object.__setattr__(self, name, value)

    @property
    def files(self) -> bool:
        """Whether its documents may name files."""
        return bool(self.naming_files())

    def differing(self, old: Any, new: Any, within: Collection[str] | None = None) -> frozenset[str]:
        """The members in which two states of a row differ; all of one that was changed in place, since it cannot be
        compared with what it was. They are looked for `within` some, if it is known that they cannot be others."""
        if old is new:
            return self.members
        if within is None:
            within = list(compress(self.entity.__struct_fields__, map(is_not, astuple(old), astuple(new))))
        within = tuple(within)
        known = self._readers.get(within)
        names, values = self._reader_of(within) if known is None else known
        return frozenset(compress(names, map(ne, values(old), values(new))))

    def _reader_of(self, within: tuple[str, ...]) -> _Reader:
        """These members, and what gives their values in that order."""
        if len(self._readers) >= MOST_KNOWN:
            self._readers.clear()
        made = self._readers[within] = within, _reading([attrgetter(name) for name in within])
        return made

    def says_the_same(self, old: Any, new: Any) -> bool:
        """Whether two states of a row differ in nothing but the time of the last change."""
        return self.differing(old, new) <= self.moved

    def values(self, entity: Any) -> list[Any]:
        """The entity's column values, in the order of `valued`, which is that of `insert_sql`."""
        return [*self._copied(entity), *[value(entity) for value in self._computed]]

    def following(self, differing: frozenset[str]) -> Following:
        """What may change with these members."""
        known = self._known.get(differing)
        if known is None:
            places = set(self._unbound)
            for name in differing:
                places.update(self._columns_of.get(name, ()))
            columns = [self.columns[place] for place in sorted(places)]
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[differing] = Following(
                tuple(column.name for column in columns),
                tuple((column.name, column.value, bool(column.member)) for column in columns),
                all(column.member for column in columns),
                tuple(link for link in self.links if link.follows is None or not link.follows.isdisjoint(differing)),
                not self.naming_files().isdisjoint(differing),
            )
        return known


def _reading(getters: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What several attrgetters read, by one."""
    names = [name for getter in getters for name in getter.__reduce__()[1]]
    if len(names) < 2:
        return lambda entity: tuple(getter(entity) for getter in getters)
    return attrgetter(*names)


def with_number(doc: bytes, name: str, number: Decimal | int | None) -> bytes:
    """A document with another number, or null, as the value of one of its members, which is not the last one."""
    # A quote inside a text is escaped, so this can only be the member.
    start = doc.index(b'"%b":' % name.encode()) + len(name) + 3
    return b"%b%b%b" % (doc[:start], b"null" if number is None else str(number).encode(), doc[doc.index(b",", start) :])


def parts(values: Sequence[V], size: int) -> Iterator[Sequence[V]]:
    """The values, so many at a time."""
    return (values[start : start + size] for start in range(0, len(values), size))


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
