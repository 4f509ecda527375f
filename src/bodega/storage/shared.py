"""A row that the rules of many others need, such as the product of the variants in a body: read once, not for each.

The row is good for as long as the revision of its table says that nothing in it changed, and until anything is taken
back: then a revision may come a second time.
"""

from __future__ import annotations

from collections.abc import Iterable

from bodega.storage import query
from bodega.storage.query import Row
from bodega.storage.table import Table
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Tx


class Shared:
    """The rows of one unit of work that were read for several others."""

    __slots__ = ("_rows", "_statistics", "_tx")

    def __init__(self, tx: Tx, statistics: TableStatistics) -> None:
        self._tx = tx
        self._statistics = statistics
        self._rows: dict[tuple[str, int], tuple[tuple[int, int], Row]] = {}

    async def get(self, table: Table, entity_id: int) -> Row | None:
        """The row as this transaction sees it. Whoever changes its entity writes it (`Unit.rewrite`)."""
        known = self._rows.get((table.name, entity_id))
        if known is not None and known[0] == self._state(table):
            return known[1]
        row = await query.get(self._tx, table, entity_id)
        if row is not None:
            self._rows[table.name, entity_id] = (self._state(table), row)
        return row

    def were_written(self, table: Table, rows: Iterable[Row]) -> None:
        """Rows were written as their entities are now: those that are shared stay good."""
        for row in rows:
            place = (table.name, row.entity.id)
            if place in self._rows and self._rows[place][1] is row:
                self._rows[place] = (self._state(table), row)

    def _state(self, table: Table) -> tuple[int, int]:
        return self._statistics.state(table.name)[0], self._statistics.restored
