"""How many rows a table may hold: what the plan allows, and the platform's own caps. Both are judged as the transaction
sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal
from bodega.storage import query
from bodega.storage.table import Table
from bodega.storage.table_stats import TableStatistics
from bodega.storage.tx import Tx


def respect_limits(table: Table, statistics: TableStatistics, limits: Mapping[str, int]) -> None:
    """Whether one more row fits into a table; `limits` are the plan's, by counter. Raises Refusal."""
    total = statistics.total(table.name)
    limit = limits.get(table.counter) if table.counter else None
    if limit is not None and total >= limit:
        raise Refusal(
            Reason.PLAN_LIMIT_REACHED,
            f"The plan of this store holds at most {limit} {table.counter}.",
            details={"resource": table.counter, "limit": limit, "used": total},
        )
    if table.cap and total >= table.cap:
        raise Refusal(
            Reason.PLATFORM_CAP_REACHED,
            f"A store can hold at most {table.cap} {table.counter or table.name}.",
            details={"resource": table.counter or table.name, "limit": table.cap, "used": total},
        )


async def respect_cap_within(
    tx: Tx, table: Table, statistics: TableStatistics, columns: str, maximum: int, entity: Any
) -> None:
    """Whether a new row fits beside those that agree with it in `columns`, separated by blanks. Raises Refusal."""
    if statistics.total(table.name) < maximum:
        return  # the whole table holds fewer
    names = columns.split()
    values = {column.name: column.value for column in table.columns if column.name in names}
    within = (table.name, *(values[name](entity) for name in names))
    held = statistics.held.get(within)  # counted for the first of a list of rows
    if held is None:
        where = " AND ".join(f"{name} = ${place}" for place, name in enumerate(names, start=1))
        held = await query.value(tx, f"SELECT count(*) FROM {table.name} WHERE {where}", *within[1:])
    statistics.held[within] = held + 1
    if held >= maximum:
        message = f"There can be at most {maximum} {table.noun}s here."
        raise Refusal(Reason.PLATFORM_CAP_REACHED, message, details={"resource": table.name, "limit": maximum})
