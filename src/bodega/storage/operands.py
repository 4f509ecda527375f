"""What a condition can compare besides a column of the table: each is a type of its own.

So a plain string is always the name of a column, which can be checked, and raw SQL is always visible as such. `render`
gives the test, for an operator of `OPERATORS`, `count` values from `$place` on, and the dialect's word for LIKE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bodega.storage.table import numbered_placeholders

Op = Literal[
    "eq", "ne", "in", "not_in", "min", "max", "greater", "less", "within", "outside", "like", "like_any", "is",
    "is_not",
]  # fmt: skip
"""`like`: the text lies within; `like_any`: one of the texts does; `within`: the value is in one of the ranges, each
its first and its last value; `is`: it is true, or where the value is False (in a statement's shape: `is_not`), it is
not. The rest compares, and what is unset is `ne`, `not_in` and `outside` whatever it is compared with."""

_COMPARE = {"eq": "=", "min": ">=", "max": "<=", "greater": ">", "less": "<"}
COLUMN_OPERATORS: tuple[Op, ...] = (
    "eq", "ne", "in", "not_in", "min", "max", "greater", "less", "within", "outside", "like", "like_any",
)  # fmt: skip
_OPPOSITES: dict[str, Op] = {"ne": "eq", "not_in": "in", "outside": "within"}


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A test in SQL without values."""

    sql: str
    OPERATORS = ("is", "is_not")

    def render(self, op: Op, place: int, count: int, like: str) -> str:
        """The test or its negation."""
        return f"{'' if op == 'is' else 'NOT '}({self.sql})"


class Flag(IsTrue):
    """A BOOLEAN column as a test without a parameter, so that a partial index on it is used."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SqlTest:
    """A test in SQL in which `{placeholders}` stand for the values."""

    sql: str
    OPERATORS = ("in", "not_in")

    def render(self, op: Op, place: int, count: int, like: str) -> str:
        """The test with its placeholders, or that it is not met."""
        test = self.sql.format(placeholders=numbered_placeholders(count, place) or "NULL")
        return f"({test}) IS NOT TRUE" if op == "not_in" else test


@dataclass(frozen=True, slots=True)
class Member:
    """A column of a related table (a link, texts, children), whose rows name this table's by their column `owner`."""

    table: str
    owner: str
    column: str
    OPERATORS = ("in", "not_in")

    def render(self, op: Op, place: int, count: int, like: str) -> str:
        """One of the values is there, or none is."""
        if not count:
            return "1 = 1" if op == "not_in" else "1 = 0"
        test = self.where(f"IN ({numbered_placeholders(count, place)})")
        return f"NOT ({test})" if op == "not_in" else test

    def where(self, test: str) -> str:
        """The rows of which a related row meets the test."""
        return f"id IN (SELECT {self.owner} FROM {self.table} WHERE {self.column} {test})"


@dataclass(frozen=True, slots=True)
class AnyColumn:
    """Any of several columns, of the table or of a related one."""

    columns: tuple[str | Member, ...]
    OPERATORS = ("like",)

    def render(self, op: Op, place: int, count: int, like: str) -> str:
        """One of them contains the text."""
        test = f"{like} ${place} ESCAPE '!'"
        return "(" + " OR ".join(c.where(test) if isinstance(c, Member) else f"{c} {test}" for c in self.columns) + ")"


@dataclass(frozen=True, slots=True)
class OwnOrShared:
    """Rows whose column `owner` has the value, and all whose BOOLEAN column `shared` is true."""

    owner: str
    shared: str
    OPERATORS = ("eq",)

    def render(self, op: Op, place: int, count: int, like: str) -> str:
        """The row is the caller's own or shared."""
        return f"({self.owner} = ${place} OR {self.shared})"


Operand = str | IsTrue | SqlTest | Member | AnyColumn | OwnOrShared
"""A string is the name of a column."""


def render(operand: Operand, op: Op, place: int, count: int, like: str) -> str:
    """The test of an operand in SQL."""
    if not isinstance(operand, str):
        return operand.render(op, place, count, like)
    if op in _COMPARE:
        return f"{operand} {_COMPARE[op]} ${place}"
    if op == "in":
        return f"{operand} IN ({numbered_placeholders(count, place)})" if count else "1 = 0"
    if op == "within":
        ranges = (f"{operand} BETWEEN ${start} AND ${start + 1}" for start in range(place, place + count, 2))
        return f"({' OR '.join(ranges)})" if count else "1 = 0"
    if op in _OPPOSITES:  # what is unset is unequal to every value, which SQL's own <> would not say
        return f"({render(operand, _OPPOSITES[op], place, count, like)}) IS NOT TRUE" if count else "1 = 1"
    if op == "like":
        return f"{operand} {like} ${place} ESCAPE '!'"
    if op == "like_any":
        either = " OR ".join(f"{operand} {like} ${number} ESCAPE '!'" for number in range(place, place + count))
        return f"({either})" if count else "1 = 0"
    raise ValueError(f"a column has no operator {op!r}")


def values_of(op: Op, value: Any) -> tuple[Any, ...]:
    """The parameters that a condition with this operator puts into its statement."""
    if op in ("in", "not_in", "within", "outside"):
        return tuple(value)
    if op == "like_any":
        return tuple(map(escape_like, value))
    if op in ("is", "is_not"):
        return ()
    if op == "like":
        return (escape_like(value),)
    return (value,)


def escape_like(text: str) -> str:
    """The text escaped for a LIKE whose escape character is `!`."""
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
