"""What a row of V3 shows inside itself on request: rows of other tables, or what follows from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from bodega.aside import TURN_SECONDS, Turn
from bodega.storage.table import Table, numbered_placeholders
from bodega.storage.tx import Record

MAX_LIMIT = 250
"""The most rows of a page."""

FIRST_GROUP = 10
"""Parents whose children are read at once before it is known how long that takes."""

_Child = tuple[int, int, bytes]
"""The parent's id, the row's own, its document."""


@dataclass(frozen=True, slots=True, eq=False)
class ChildRows:
    """The rows of `table` whose `column` names the parent, in `order` (one or two of its columns that hold numbers);
    `where` is SQL that narrows it, `within` are includes of these rows that are always shown.

    Rows that are found by those of another table have a `source` of SQL in which `table` is `t`; `number` is then what
    stands for their id. `tell` makes what is shown of the first column of the order and that number, once of each pair;
    without it the document is shown.
    """

    table: Table
    column: str
    order: str
    where: str = ""
    within: Mapping[str, Include] = field(default_factory=dict)
    source: str = ""
    number: str = "id"
    tell: Callable[[int, int], bytes] | None = None
    inside: Together = field(init=False)
    """The includes of these rows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "inside", together(self.within.values()))


class Include(NamedTuple):
    """Children shown inside their parent on request: {parent id: JSON}, read once for the whole page.

    `read` takes the context and the ids of the parents. `tables` names the tables that it reads, separated by blanks:
    the entity tag of the parent changes with them. `files`: the children may name files. `member` is the name in the
    reply, if it differs from that in the query. `rows`, if they are those of a table: several such includes are read
    with one statement.
    """

    read: Callable[[Any, Sequence[int]], Awaitable[Mapping[int, bytes]]]
    empty: bytes = b"[]"
    page_cap: int = MAX_LIMIT
    tables: str = ""
    files: bool = False
    member: str = ""
    rows: ChildRows | None = None


def children(
    table: Table,
    column: str,
    *,
    order: str = "id",
    where: str = "",
    page_cap: int = MAX_LIMIT,
    inside: Mapping[str, Include] | None = None,
) -> Include:
    """The rows of a table whose `column` names the parent, as a list in this order; `where` is SQL that narrows it.

    `inside` are includes of the children that are always shown: one more query for the whole page.
    """
    within = inside or {}
    tables = " ".join(dict.fromkeys([table.name, *(name for one in within.values() for name in one.tables.split())]))
    files = table.files or any(one.files for one in within.values())
    return of_rows(ChildRows(table, column, order, where, within), page_cap=page_cap, tables=tables, files=files)


def of_rows(wanted: ChildRows, *, page_cap: int = MAX_LIMIT, tables: str, files: bool = False) -> Include:
    """The include that shows these rows as a list; the rest is as in `Include`."""

    async def read(context: Any, parents: Sequence[int]) -> Mapping[int, bytes]:
        rows = await _rows_of(context, (wanted,), parents) if parents else ()
        return (await _by_parent(context, (wanted,), rows))[0]

    return Include(read, page_cap=page_cap, tables=tables, files=files, rows=wanted)


class Together(msgspec.Struct, frozen=True):
    """Includes that are read together: all of them; those of them that are rows of a table, which one statement reads;
    whether all are, and none of these has includes of its own; whether none of these is told otherwise either."""

    all: tuple[Include, ...]
    rows: tuple[ChildRows, ...]
    only_rows: bool
    plain: bool
    as_they_are: bool


def together(includes: Iterable[Include]) -> Together:
    """Includes that are to be read together."""
    every = tuple(includes)
    rows = tuple([include.rows for include in every if include.rows is not None])
    only_rows = len(rows) == len(every)
    plain = only_rows and not any(of.within for of in rows)
    return Together(every, rows, only_rows, plain, plain and all(of.tell is None for of in rows))


async def read_includes(
    context: Any, includes: Together, parents: Sequence[int], beside: tuple[str, ...] | None = None
) -> Sequence[Mapping[int, bytes]]:
    """What each include shows inside each parent, or NOTHING; `beside` are the names of all that are shown there, if
    they are not those of the query: what is inside may depend on what stands beside it.

    How many children the parents have is not known before. From the time that those of the first few take follows how
    many come next, so that no group holds the loop for long.
    """
    if not parents:
        return NOTHING
    if len(parents) <= FIRST_GROUP:
        return await _read_at_once(context, includes, parents, beside)
    found: list[dict[int, bytes]] = [{} for _ in includes.all]
    at, size = 0, FIRST_GROUP
    while at < len(parents):
        turn = Turn()
        some = await _read_at_once(context, includes, parents[at : at + size], beside)
        for known, more in zip(found, some, strict=False):
            known |= more
        at += size
        size = max(1, min(len(parents), int(size * TURN_SECONDS / max(turn.taken, 1e-6))))
        await turn.breathe()
    return [*found]


async def _read_at_once(
    context: Any, includes: Together, parents: Sequence[int], beside: tuple[str, ...] | None
) -> Sequence[Mapping[int, bytes]]:
    """Those that are rows of a table are read with one statement."""
    wanted = includes.rows
    rows = await _rows_of(context, wanted, parents) if wanted else ()
    if includes.only_rows and not rows:
        return NOTHING
    if beside is not None and not includes.plain and beside != context.query.include:
        context = context.asking(include=beside)
    alone = parents[0] if includes.as_they_are and len(parents) == 1 else None
    by_parent = await _by_parent(context, wanted, rows, alone)
    if includes.only_rows:
        return by_parent
    of_tables = iter(by_parent)
    return [
        await include.read(context, parents) if include.rows is None else next(of_tables) for include in includes.all
    ]


_NONE: Mapping[int, bytes] = MappingProxyType({})

NOTHING: Sequence[Mapping[int, bytes]] = ()
"""What includes show that show nothing, however many they are."""


async def _rows_of(context: Any, wanted: tuple[ChildRows, ...], parents: Sequence[int]) -> Sequence[Record]:
    """The rows of each of `wanted` as those of `_statement`, in the order in which they are shown."""
    if len(wanted) == 1 and context.made is not None and wanted[0].order == "id" and not wanted[0].where:
        known = context.made.children(wanted[0].table, wanted[0].column, parents)
        if known is not None:
            return [(0, parent, child, child, child, doc) for parent, child, doc in known]
    rows: list[Any] = await context.reader.rows(_statement(wanted, len(parents)), *parents)
    return sorted(rows, key=_ORDER) if len(rows) > 1 else rows


async def _by_parent(
    context: Any, wanted: tuple[ChildRows, ...], rows: Sequence[Record], alone: int | None = None
) -> list[Mapping[int, bytes]]:
    """For each of `wanted`: {parent id: JSON list}; `alone` is the one parent of rows that are shown as they are."""
    if not rows:
        return [_NONE] * len(wanted)
    if alone is not None:
        docs: list[list[bytes]] = [[] for _ in wanted]
        for place, _parent, _first, _second, _child, doc in rows:
            docs[place].append(doc)
        return [{alone: b"[" + b",".join(of) + b"]"} if of else _NONE for of in docs]
    found: dict[int, list[_Child]] = {}
    for place, parent, first, _second, child, doc in rows:
        tell, mine = wanted[place].tell, found.setdefault(place, [])
        if tell is None:
            mine.append((parent, child, doc))
        elif (told := (parent, child, tell(first, child))) not in mine[-1:]:
            mine.append(told)
    by_parent = [_NONE] * len(wanted)
    for place, children_found in found.items():
        by_parent[place] = await _lists(context, wanted[place], children_found)
    return by_parent


_ORDER: Callable[[Any], Any] = itemgetter(slice(4))
"""A row of `_statement` as its place in the order: sorting the few rows here costs less than a sorter for each part of
the statement."""


@lru_cache(maxsize=1024)
def _statement(wanted: tuple[ChildRows, ...], parents: int) -> str:
    """Rows (place in `wanted`, parent, two columns of the order, id, doc), in no order."""
    placeholders = numbered_placeholders(parents)
    parts = []
    test = "= $1" if parents == 1 else f"IN ({placeholders})"
    for place, of in enumerate(wanted):
        first, _, second = of.order.partition(", ")
        narrowed = f" AND {of.where}" if of.where else ""
        parts.append(  # without names of columns: SQLite looks a text up by all of it, each time
            f"SELECT {place}, {of.column}, {first}, {second or 'id'}, {of.number}, {'t.doc' if of.source else 'doc'}"
            f" FROM {of.source or of.table.name} WHERE {of.column} {test}{narrowed}"
        )
    return " UNION ALL ".join(parts)


async def _lists(context: Any, of: ChildRows, rows: Sequence[_Child]) -> dict[int, bytes]:
    """The rows of one include as JSON lists by their parent."""
    within = of.within
    found: dict[int, list[bytes]] = {}
    if not within:
        for parent, _child, doc in rows:
            found.setdefault(parent, []).append(doc)
    else:
        ids = [child for _parent, child, _doc in rows]
        names = [name.encode() for name in within]
        inside = await read_includes(context, of.inside, ids) or [_NONE] * len(within)
        shown = list(zip(names, within.values(), inside, strict=True))
        for parent, child, doc in rows:
            members = [b'"%b":%b' % (name, told.get(child, include.empty)) for name, include, told in shown]
            found.setdefault(parent, []).append(b",".join([doc[:-1], *members]) + b"}")
    return {parent: b"[" + b",".join(docs) + b"]" for parent, docs in found.items()}
