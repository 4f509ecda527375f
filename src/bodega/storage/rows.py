"""Reading: rows, pages and counts, the same for both databases."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from bodega.storage import query, table_stats
from bodega.storage.plan import Condition, QueryPlan, count_sql, page_sql, ranged_sql
from bodega.storage.table import Table
from bodega.storage.tx import Damaged, Record, Tx
from bodega.storage.unit import Terms
from bodega.storage.writer import Job


class Rows(Protocol):
    """The rows of one open store: a reader and a queue of writes."""

    reader: Tx
    gone: bool
    on_events: Callable[[set[int]], None] | None
    on_damage: Callable[[Damaged], None] | None

    @property
    def waiting(self) -> int:
        """Writes that wait for the next transaction."""

    async def write(self, job: Job, now: int, terms: Terms) -> Any:
        """Runs a job in the next write transaction; see `Writer.write`."""

    def check(self) -> None:
        """Raises Damaged when the database is no longer there, as far as that can be seen without a query."""

    def tidy(self) -> None:
        """Has what writes left for later done soon; see `Writer.tidy`."""

    async def close(self) -> None:
        """Closes after the last waiting write."""


class TableState(NamedTuple):
    """A table's statistics; `modified` in UTC seconds, as `Validator` has it."""

    revision: int = 0
    modified: int = 0
    total: int = 0
    index_revision: int = 0


NOTHING = TableState()

NEAR = 1_000
"""The ids that are scanned for a page before an index is used to find all matching rows."""


async def table_state(tx: Tx, table: Table) -> TableState:
    """The state of the table; all zero if nothing was ever written."""
    return await table_state_of(tx, table.name)


async def latest(tx: Tx, plan: QueryPlan) -> int:
    """When the newest of the matching rows was last changed, in UTC seconds; 0 if there is none."""
    sql, values = count_sql(plan, tx.dialect)
    return int(await query.value(tx, sql.replace("count(*)", "coalesce(max(modified), 0)", 1), *values))


async def table_state_of(tx: Tx, name: str) -> TableState:
    """As `table_state`, by the table's name."""
    return await query.first(tx, TableState, table_stats.READ, name) or NOTHING


class PageIndex:
    """Where each block of 256 ids begins in the list of all rows, per table; renewed when rows are added or deleted."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, list[int], list[int]]] = {}

    async def locate(self, tx: Tx, table: Table, index_revision: int, offset: int) -> tuple[int, int] | None:
        """Where row number `offset` (from 0) is: an id to start from, and how many rows to skip from there.

        In a block without gaps the id is known, and nothing is skipped: each skipped row costs a page of the table.
        """
        known = self._known.get(table.name)
        if known is None or known[0] != index_revision:
            living = await query.pairs(
                tx, "SELECT block, living FROM page_index WHERE name = $1 AND living > 0 ORDER BY block", table.name
            )
            known = (index_revision, list(living), [0, *accumulate(living.values())])
            self._known[table.name] = known
        _, blocks, before = known
        if offset >= before[-1]:
            return None
        at = bisect_right(before, offset) - 1
        first = max(1, blocks[at] << table_stats.BLOCK_BITS)  # ids begin at 1
        within = offset - before[at]
        whole = before[at + 1] - before[at] == ((blocks[at] + 1) << table_stats.BLOCK_BITS) - first
        return (first + within, 0) if whole else (first, within)


async def page(tx: Tx, page_index: PageIndex, plan: QueryPlan, now: TableState, columns: str) -> list[Record]:
    """The `columns` of a page's rows (qualified by `t.`)."""
    if plan.whole and plan.offset >= table_stats.BLOCK:
        place = await page_index.locate(tx, plan.table, now.index_revision, plan.offset)
        if place is None:
            return []
        plan = plan._replace(where=(Condition("id", "min", place[0]),), offset=place[1])
    if plan.ranged:
        if plan.offset + plan.limit <= NEAR:
            # If most rows match, those with the lowest ids fill the page.
            near = plan._replace(where=(*plan.where, Condition("id", "max", NEAR)))
            sql, values = page_sql(near, columns, tx.dialect)
            found = await tx.rows(sql, *values)
            if len(found) == plan.limit:
                return found
        sql, values = ranged_sql(plan, columns, tx.dialect)
    else:
        sql, values = page_sql(plan, columns, tx.dialect)
    return await tx.rows(sql, *values)


async def entities(tx: Tx, page_index: PageIndex, plan: QueryPlan, now: TableState) -> list[Any]:
    """The rows of a page, decoded."""
    decode = plan.table.decode
    return [decode(doc, rest) for doc, rest in await page(tx, page_index, plan, now, "t.doc, t.rest")]


async def count(tx: Tx, plan: QueryPlan, now: TableState) -> int:
    """How many rows match the plan; if all do, the table statistics have the number."""
    if not plan.where:
        return int(now.total)
    sql, values = count_sql(plan, tx.dialect)
    return int(await query.value(tx, sql, *values))
