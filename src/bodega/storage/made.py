"""What one unit of work knows of the rows below those that it made: all of them are its own.

Nobody else can have put a row below a row that does not exist yet. So the children that a reply shows in a new row need
no query, which on PostgreSQL would also make the writes of a group be sent before its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from bodega.storage.table import Table
from bodega.storage.table_stats import TableStatistics


class Made:
    """The rows that a unit inserted. Of a table that it changed in another way nothing is known any more, and after
    anything was taken back nothing at all."""

    __slots__ = ("_restored", "_rows", "_statistics")

    def __init__(self, statistics: TableStatistics) -> None:
        self._statistics = statistics
        self._restored = statistics.restored
        self._rows: dict[str, dict[int, tuple[Any, bytes]] | None] = {}

    def note(self, table: str, entity: Any, doc: bytes) -> None:
        """Notes a new row."""
        rows = self._rows.setdefault(table, {})
        if rows is not None:
            rows[entity.id] = (entity, doc)

    def forget(self, table: str) -> None:
        """Rows of a table were changed, moved or deleted."""
        self._rows[table] = None

    def children(self, table: Table, column: str, parents: Sequence[int]) -> list[tuple[int, int, bytes]] | None:
        """The rows of a table whose `column` names one of these parents, as (parent, id, document), by parent and id;
        None if that is not known without a query."""
        rows = self._rows.get(table.name, {})
        target, named = _named_by(table, column)
        made = self._rows.get(target)
        if rows is None or made is None or self._restored != self._statistics.restored:
            return None
        if not made.keys() >= set(parents):
            return None
        found = [(named(entity), child, doc) for child, (entity, doc) in rows.items()]
        return sorted([row for row in found if row[0] in parents])


@cache
def _named_by(table: Table, column: str) -> tuple[str, Callable[[Any], Any]]:
    """The table that a column names rows of ("" if it names none), and what gives its value of an entity."""
    targets = [reference.target for reference in table.references if reference.column == column]
    return (targets or [""])[0], next(each.value for each in table.columns if each.name == column)
