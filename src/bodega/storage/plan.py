"""A query as plain data, and the SQL it becomes; the text is cached by the shape of the query.

A list is read in two moves inside one statement: the ids of the page by index, then only those documents.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

from bodega.storage.table import Table

Op = Literal[
    "eq", "ne", "in", "not_in", "min", "max", "greater", "less", "like", "like_any", "member", "keyword", "low",
    "not_low", "seen", "test",
]  # fmt: skip


class Condition(NamedTuple):
    """`column` `op` `value`.

    `like_any`: one of the texts lies within; `member`: value(s) in the link table named by `column`
    ("product_categories.category_id"); `keyword`: the text in any of the columns joined by "|"; `low`: the test in
    `column` is true (value True) or not (False); `seen`: of the two columns joined by "|" the first has this value, or
    the second is true; `test`: the test in `column`, in which {placeholders} stand for the values.
    """

    column: str
    op: Op
    value: Any


class QueryPlan(NamedTuple):
    """Which rows of `table`, in which order, which part of them. `order` is (column, descending)."""

    table: Table
    where: tuple[Condition, ...] = ()
    order: tuple[str, bool] = ("id", False)
    limit: int = 50
    offset: int = 0

    @property
    def whole(self) -> bool:
        """All rows in the order of their ids: the one list whose pages are found without walking."""
        return not self.where and self.order == ("id", False)

    @property
    def ranged(self) -> bool:
        """A list in the order of ids of what lies in a range of an indexed column: recent rows, which are the last ones
        in that order. A walk along the ids would look at all the others first."""
        indexed = {column.name for column in self.table.columns if column.indexed}
        return self.order == ("id", False) and any(
            condition.op in _RANGES and condition.column in indexed for condition in self.where
        )


_RANGES = ("min", "max", "greater", "less")
_COMPARE = {"eq": "=", "ne": "<>", "min": ">=", "max": "<=", "greater": ">", "less": "<"}


def escape_like(text: str) -> str:
    """Text to be found literally by a LIKE whose escape character is `!`."""
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


@lru_cache(maxsize=4096)
def where_sql(shape: tuple[tuple[str, Op, int], ...], dialect: str) -> str:
    """The WHERE clause of conditions of this shape (column, op, how many values)."""
    place = 1
    parts = []
    like = "ILIKE" if dialect == "postgresql" else "LIKE"
    for column, op, count in shape:
        placeholders = ", ".join(f"${number}" for number in range(place, place + count))
        if op in _COMPARE:
            parts.append(f"{column} {_COMPARE[op]} ${place}")
        elif op == "in":
            parts.append(f"{column} IN ({placeholders})" if count else "1 = 0")
        elif op == "not_in":
            parts.append(f"{column} NOT IN ({placeholders})" if count else "1 = 1")
        elif op == "like":
            parts.append(f"{column} {like} ${place} ESCAPE '!'")
        elif op == "like_any":
            either = [f"{column} {like} ${number} ESCAPE '!'" for number in range(place, place + count)]
            parts.append(f"({' OR '.join(either)})" if count else "1 = 0")
        elif op == "keyword":
            parts.append(
                "(" + " OR ".join(_found_in(name, f"{like} ${place} ESCAPE '!'") for name in column.split("|")) + ")"
            )
        elif op == "member":
            link, member = column.split(".")
            owner = link.split(":")[1]
            inside = f"id IN (SELECT {owner} FROM {link.split(':')[0]} WHERE {member} IN ({placeholders}))"
            parts.append(inside if count else "1 = 0")
        elif op == "test":
            parts.append(column.format(placeholders=placeholders or "NULL"))
        elif op == "seen":
            owner, _, shared = column.partition("|")
            parts.append(f"({owner} = ${place} OR {shared})")
        else:
            parts.append(f"{'' if op == 'low' else 'NOT '}({column})")
        place += count
    return " AND ".join(parts)


def _found_in(name: str, test: str) -> str:
    """A test of a column, or of one in a table beside ("texts:owner.column")."""
    table, colon, rest = name.partition(":")
    if not colon:
        return f"{name} {test}"
    owner, _, column = rest.partition(".")
    return f"id IN (SELECT {owner} FROM {table} WHERE {column} {test})"


def where_values(condition: Condition) -> tuple[Any, ...]:
    """The parameters that a condition puts into its statement."""
    if condition.op in ("in", "not_in", "member", "test"):
        return tuple(condition.value)
    if condition.op == "like_any":
        return tuple(map(escape_like, condition.value))
    if condition.op in ("low", "not_low"):
        return ()
    if condition.op in ("like", "keyword"):
        return (escape_like(condition.value),)
    return (condition.value,)


def _conditions(plan: QueryPlan, dialect: str) -> tuple[str, list[Any]]:
    values: list[Any] = []
    shape: list[tuple[str, Op, int]] = []
    for condition in plan.where:
        given = where_values(condition)
        op: Op = "not_low" if condition.op == "low" and not condition.value else condition.op
        shape.append((condition.column, op, len(given)))
        values += given
    return (" WHERE " + where_sql(tuple(shape), dialect) if shape else ""), values


def page_sql(plan: QueryPlan, columns: str, dialect: str) -> tuple[str, list[Any]]:
    """The page's rows, as `columns` (of the table, qualified by `t.`)."""
    where, values = _conditions(plan, dialect)
    column, descending = plan.order
    if column == "id":
        # In the order of ids nothing is sorted, so nothing is gained by finding the ids first.
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

    `+id` is the id, but no order that a walk along the ids would have.
    """
    where, values = _conditions(plan, dialect)
    sql = (
        f"SELECT {columns} FROM (SELECT id FROM {plan.table.name}{where} ORDER BY +id"
        f" LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}) page JOIN {plan.table.name} t ON t.id = page.id"
        " ORDER BY t.id"
    )
    return sql, [*values, plan.limit, plan.offset]


def count_sql(plan: QueryPlan, dialect: str) -> tuple[str, list[Any]]:
    """How many rows match."""
    where, values = _conditions(plan, dialect)
    return f"SELECT count(*) FROM {plan.table.name}{where}", values


def ids_sql(plan: QueryPlan, dialect: str) -> tuple[str, list[Any]]:
    """The ids of the rows that match, ascending, at most `limit`."""
    where, values = _conditions(plan, dialect)
    return f"SELECT id FROM {plan.table.name}{where} ORDER BY id LIMIT ${len(values) + 1}", [*values, plan.limit]
