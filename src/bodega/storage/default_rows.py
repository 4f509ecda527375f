"""Default rows: rows that every store has from its first day, and that others refer to.

They follow from the store's settings and its clock, so they cannot be part of a migration, which is plain SQL. A table
names them as `first`; they are written when a store is opened whose table never held a row.
"""

from __future__ import annotations

from collections.abc import Sequence

from bodega.storage import query
from bodega.storage.table import Table
from bodega.storage.tx import Tx
from bodega.storage.unit import Unit

TOUCHED = "SELECT name FROM table_statistics WHERE total > 0 OR next_id > 1"


async def missing_default_rows(tx: Tx, tables: Sequence[Table]) -> list[Table]:
    """The tables that should have default rows and never held a row: one small query."""
    touched = set(await query.values(tx, TOUCHED))
    return [table for table in tables if table.first is not None and table.name not in touched]


async def insert_default_rows(unit: Unit, tables: Sequence[Table]) -> None:
    """Inserts the default rows of these tables, except where another process has done so meanwhile."""
    for table in tables:
        if table.first is not None and unit.statistics.untouched(table.name):
            for entity in table.first(unit):
                await unit.insert(table, entity, numbered=True)
