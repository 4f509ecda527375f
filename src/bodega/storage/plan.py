"""A query as plain data, and its SQL; the text is cached by the shape of the query.

A list is read in two stages within one statement: the ids of the page by index, then only those documents.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from bodega.storage.operands import Op, Operand, render, values_of
from bodega.storage.table import Table
from bodega.storage.text import composed


class Condition(NamedTuple):
    """`column` `op` `value`; anything but a plain column is an operand of its own (`storage/operands.py`)."""

    column: Operand
    op: Op
    value: Any


class QueryPlan(NamedTuple):
    """Which rows of `table`, in which order, and which part of them. `order` is (column, descending)."""

    table: Table
    where: tuple[Condition, ...] = ()
    order: tuple[str, bool] = ("id", False)
    limit: int = 50
    offset: int = 0

    @property
    def whole(self) -> bool:
        """Whether it is all rows in the order of their ids: the one list whose pages are found without a scan."""
        return not self.where and self.order == ("id", False)

    @property
    def ranged(self) -> bool:
        """Whether it lists, in the order of ids, a range of an indexed column: recent rows, which come last in that
        order. A scan by id would read all the others first."""
        ranges = {condition.column for condition in self.where if condition.op in _RANGES}
        if not ranges or self.order != ("id", False):
            return False
        return any(column.indexed and column.name in ranges for column in self.table.columns)


_RANGES = ("min", "max", "greater", "less", "within")


Shape = tuple[tuple[Operand, Op, int], ...]
"""The conditions of a statement without their values: column, operator, how many values."""


@lru_cache(maxsize=4096)
def where_sql(shape: Shape, dialect: str) -> str:
    """The WHERE clause of conditions of this shape."""
    place = 1
    parts = []
    like = "ILIKE" if dialect == "postgresql" else "LIKE"
    for operand, op, count in shape:
        parts.append(render(operand, op, place, count, like))
        place += count
    return " AND ".join(parts)


def shape_and_values(conditions: Iterable[Condition], table: Table | None = None) -> tuple[Shape, list[Any]]:
    """The shape of conditions, and their parameters, in the normal form of the table's column if it has one."""
    keys = table.composed if table is not None else frozenset()
    values: list[Any] = []
    shape: list[tuple[Operand, Op, int]] = []
    for operand, op, value in conditions:
        given = values_of(op, value)
        shape.append((operand, "is_not" if op == "is" and not value else op, len(given)))
        values += map(_composed, given) if operand in keys else given
    return tuple(shape), values


def _composed(value: Any) -> Any:
    return composed(value) if isinstance(value, str) else value


def conditions_sql(conditions: Iterable[Condition], dialect: str, table: Table | None = None) -> tuple[str, list[Any]]:
    """` WHERE ...`, or nothing without a condition, and the parameters."""
    shape, values = shape_and_values(conditions, table)
    return (" WHERE " + where_sql(shape, dialect) if shape else ""), values


def page_sql(plan: QueryPlan, columns: str, dialect: str) -> tuple[str, list[Any]]:
    """The page's rows, as `columns` (of the table, qualified by `t.`)."""
    where, values = conditions_sql(plan.where, dialect, plan.table)
    column, descending = plan.order
    if column == "id":
        # In the order of ids nothing is sorted, so finding the ids first gains nothing.
        way = " DESC" if descending else ""
        limits = f"LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}"
        sql = f"SELECT {columns} FROM {plan.table.name} t{where} ORDER BY id{way} {limits}"
        return sql, [*values, plan.limit, plan.offset]
    way = " DESC" if descending else ""
    order = f"{column}{way}, id{way}"
    outer = ", ".join(f"t.{part}" for part in order.split(", "))
    table = plan.table.name
    sql = (
        f"SELECT {columns} FROM (SELECT id FROM {table}{where} ORDER BY {order}"
        f" LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}) page JOIN {table} t ON t.id = page.id ORDER BY {outer}"
    )
    return sql, [*values, plan.limit, plan.offset]


def ranged_sql(plan: QueryPlan, columns: str, dialect: str) -> tuple[str, list[Any]]:
    """The page of a ranged plan: the ids that match, by the index of the range, and only then their documents.

    `+id` is the id, but keeps the database from scanning by id.
    """
    where, values = conditions_sql(plan.where, dialect, plan.table)
    sql = (
        f"SELECT {columns} FROM (SELECT id FROM {plan.table.name}{where} ORDER BY +id"
        f" LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}) page JOIN {plan.table.name} t ON t.id = page.id"
        " ORDER BY t.id"
    )
    return sql, [*values, plan.limit, plan.offset]


def count_sql(plan: QueryPlan, dialect: str) -> tuple[str, list[Any]]:
    """How many rows match."""
    where, values = conditions_sql(plan.where, dialect, plan.table)
    return f"SELECT count(*) FROM {plan.table.name}{where}", values


def ids_sql(plan: QueryPlan, dialect: str) -> tuple[str, list[Any]]:
    """The ids of the rows that match, ascending, at most `limit`."""
    where, values = conditions_sql(plan.where, dialect, plan.table)
    return f"SELECT id FROM {plan.table.name}{where} ORDER BY id LIMIT ${len(values) + 1}", [*values, plan.limit]
