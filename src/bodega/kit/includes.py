"""What a row of V3 shows inside itself on request: rows of other tables, or what follows from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from bodega.aside import TURN_SECONDS, Turn
from bodega.storage.table import Table, numbered_placeholders

MAX_LIMIT = 250
"""The most rows of a page."""

FIRST_GROUP = 10
"""Parents whose children are read at once before it is known how long that takes."""

_Child = tuple[int, int, bytes]
"""The parent's id, the row's own, its document."""


@dataclass(frozen=True, slots=True, eq=False)
class ChildRows:
    """The rows of `table` whose `column` names the parent, in `order` (one or two of its columns that hold numbers);
    `where` is SQL that narrows it, `within` are includes of these rows that are always shown."""

    table: Table
    column: str
    order: str
    where: str = ""
    within: Mapping[str, Include] = field(default_factory=dict)


class Include(NamedTuple):
    """Children shown inside their parent on request: {parent id: JSON}, read once for the whole page.

    `read` takes the context and the ids of the parents. `tables` names the tables that it reads, separated by blanks:
    the entity tag of the parent changes with them. `files`: the children may name files. `member` is the name in the
    reply, if it differs from that in the query. `rows`, if they are those of a table: several such includes are read
    with one statement.
    """

    read: Callable[[Any, Sequence[int]], Awaitable[dict[int, bytes]]]
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
    of_parent = ChildRows(table, column, order, where, within)

    async def read(context: Any, parents: Sequence[int]) -> dict[int, bytes]:
        return (await _rows_of(context, (of_parent,), parents))[0]

    tables = " ".join(dict.fromkeys([table.name, *(name for one in within.values() for name in one.tables.split())]))
    files = table.files or any(one.files for one in within.values())
    return Include(read, page_cap=page_cap, tables=tables, files=files, rows=of_parent)


async def read_includes(context: Any, includes: Sequence[Include], parents: Sequence[int]) -> list[Mapping[int, bytes]]:
    """What each include shows inside each parent.

    How many children the parents have is not known before. From the time that those of the first few take follows how
    many come next, so that no group holds the loop for long.
    """
    if not parents:
        return [{} for _ in includes]
    if len(parents) <= FIRST_GROUP:
        return await _read_at_once(context, includes, parents)
    found: list[dict[int, bytes]] = [{} for _ in includes]
    at, size = 0, FIRST_GROUP
    while at < len(parents):
        turn = Turn()
        for known, more in zip(found, await _read_at_once(context, includes, parents[at : at + size]), strict=True):
            known |= more
        at += size
        size = max(1, min(len(parents), int(size * TURN_SECONDS / max(turn.taken, 1e-6))))
        await turn.breathe()
    return [*found]


async def _read_at_once(context: Any, includes: Sequence[Include], parents: Sequence[int]) -> list[Mapping[int, bytes]]:
    """Those that are rows of a table are read with one statement."""
    of_tables = [include.rows for include in includes if include.rows is not None]
    together = iter(await _rows_of(context, tuple(of_tables), parents) if of_tables else ())
    return [await include.read(context, parents) if include.rows is None else next(together) for include in includes]


async def _rows_of(context: Any, wanted: tuple[ChildRows, ...], parents: Sequence[int]) -> list[dict[int, bytes]]:
    """For each of `wanted`: {parent id: JSON list}."""
    if not parents:
        return [{} for _ in wanted]
    if len(wanted) == 1 and context.made is not None and wanted[0].order == "id" and not wanted[0].where:
        known = context.made.children(wanted[0].table, wanted[0].column, parents)
        if known is not None:
            return [await _lists(context, wanted[0].within, known) if known else {}]
    rows = await context.reader.rows(_statement(wanted, len(parents)), *parents)
    if not rows:
        return [{} for _ in wanted]
    found: list[list[_Child]] = [[] for _ in wanted]
    for place, parent, _first, _second, child, doc in sorted(rows, key=_ORDER) if len(rows) > 1 else rows:
        found[place].append((parent, child, doc))
    return [await _lists(context, of.within, rows) if rows else {} for of, rows in zip(wanted, found, strict=True)]


_ORDER = itemgetter(slice(4))
"""A row of `_statement` as its place in the order: sorting the few rows here costs less than a sorter for each part of
the statement."""


@lru_cache(maxsize=1024)
def _statement(wanted: tuple[ChildRows, ...], parents: int) -> str:
    """Rows (place in `wanted`, parent, two columns of the order, id, doc), in no order."""
    placeholders = numbered_placeholders(parents)
    parts = []
    for place, of in enumerate(wanted):
        first, _, second = of.order.partition(", ")
        narrowed = f" AND {of.where}" if of.where else ""
        parts.append(
            f"SELECT {place} AS place, {of.column} AS parent, {first} AS first, {second or 'id'} AS second, id, doc"
            f" FROM {of.table.name} WHERE {of.column} IN ({placeholders}){narrowed}"
        )
    return " UNION ALL ".join(parts)


async def _lists(context: Any, within: Mapping[str, Include], rows: Sequence[_Child]) -> dict[int, bytes]:
    """The rows of one include as JSON lists by their parent."""
    found: dict[int, list[bytes]] = {}
    if not within:
        for parent, _child, doc in rows:
            found.setdefault(parent, []).append(doc)
    else:
        ids = [child for _parent, child, _doc in rows]
        names = [name.encode() for name in within]
        shown = list(zip(names, within.values(), await read_includes(context, [*within.values()], ids), strict=True))
        for parent, child, doc in rows:
            members = [b'"%b":%b' % (name, of.get(child, include.empty)) for name, include, of in shown]
            found.setdefault(parent, []).append(b",".join([doc[:-1], *members]) + b"}")
    return {parent: b"[" + b",".join(docs) + b"]" for parent, docs in found.items()}
