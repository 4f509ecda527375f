"""Emptying a store, as if it had just been created, while servers may have it open."""

from __future__ import annotations

from collections.abc import Sequence

from bodega.storage import query
from bodega.storage.default_rows import insert_default_rows
from bodega.storage.schema_facts import facts_of
from bodega.storage.table import parts
from bodega.storage.unit import Unit

KEPT = ("migrations", "table_statistics", "page_index")
_WITH_ANOTHER = "product_search"
"""A full-text index with the tables of its own: the rows that it reads take it along."""

_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.relname",
}
"""All tables. Which is older cannot be told on a node of a cluster, where they were all made at once."""

_AT_A_TIME = 200
"""Tables that one query asks about; SQLite takes no more than 500."""


async def empty(unit: Unit) -> None:
    """Deletes every row of the store in the unit's own transaction; default rows are inserted again.

    Ids start at 1 again, yet no ETag is ever used twice: the revision of the store goes on growing.
    """
    tables = [
        table
        for table in await query.values(unit.tx, _TABLES[unit.tx.dialect])
        # snapshots are not emptied (storage/postgres/copies.py)
        if table not in KEPT and not table.startswith(("kept", _WITH_ANOTHER))
    ]
    facts = await facts_of(unit.tx)
    for some in parts(facts.leaving(tables), _AT_A_TIME):
        for table in await _filled(unit, some):
            await unit.tx.run(f"DELETE FROM {table}")  # noqa: S608 - the database itself gave the name
    await unit.tx.run("DELETE FROM page_index")
    unit.statistics.empty(unit.now)
    await insert_default_rows(unit, unit.model.tables)


async def _filled(unit: Unit, tables: Sequence[str]) -> list[str]:
    """Those of the tables that hold rows, in the order given: most of a store's hundreds of tables hold none."""
    asked = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)  # noqa: S608 - as above
    filled = set(await query.values(unit.tx, " UNION ALL ".join(asked)))
    return [table for table in tables if table in filled]
