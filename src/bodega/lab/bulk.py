"""A unit for rows that already obey the rules: they are written many at a time, and fire no events."""

from __future__ import annotations

from typing import Any

from bodega.storage.query import Row
from bodega.storage.table import Table
from bodega.storage.tx import Statement
from bodega.storage.unit import Unit

ROWS_PER_TRIP = 50
"""Rows of one table that are written in one trip to the database."""


class Bulk(Unit):
    """Only `insert` differs: it runs no rule, and its rows exist after `flush`. `now` may be moved into the past, for
    older rows; `present` is the store's current time."""

    __slots__ = ("_rows", "present")

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.tx, unit.statistics, unit.now, unit.terms, unit.model, unit.interest)
        self.present = unit.now
        self._rows: dict[str, list[Statement]] = {}

    async def insert(self, table: Table, entity: Any, *, numbered: bool = False) -> Row:
        assert not numbered
        assert not table.links
        entity.id, version = self.statistics.enter(table.name, self.present)
        doc, rest = table.encode(entity)
        values = (entity.id, doc, rest, version, self.now, *table.values(entity))
        self._rows.setdefault(table.name, []).append((table.insert_sql, values))
        return Row(entity, version, self.now, doc)

    async def flush(self) -> None:
        """Writes the rows, table by table in the order in which the first of each came."""
        for statements in self._rows.values():
            for start in range(0, len(statements), ROWS_PER_TRIP):
                await self.tx.script(statements[start : start + ROWS_PER_TRIP])
        self._rows.clear()
