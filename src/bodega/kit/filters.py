"""Filters: what a query parameter asks of a column, made from words of a listing by the type of what they are about.

The published filtering guide knows eight operators behind a colon; a field has those that its type allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bodega.kit.parameters import Kind, Parse, day, day_end, day_start, days, kind_of, listed, one
from bodega.storage.operands import AnyColumn, IsTrue, Member, Op, Operand, SqlTest
from bodega.storage.plan import Condition
from bodega.storage.table import Table


class Filter(NamedTuple):
    """A query parameter that narrows a list. `parse` raises ValueError with the end of a sentence.

    `column` is the name of one, or an operand of another type (`storage/operands.py`). `besides` are conditions that go
    with it.
    """

    column: Operand
    op: Op
    parse: Parse
    besides: tuple[Condition, ...] = ()


class Ignored(NamedTuple):
    """A query parameter that is known and checked, but narrows nothing."""

    parse: Parse


class FilterField(NamedTuple):
    """What a field of filters is about where it is not the column of the same name: each operator that its type allows.

    `parse` reads one value; by default it follows from the column.
    """

    column: Operand
    parse: Parse | None = None
    operators: tuple[str, ...] = ()


SETS: dict[str, tuple[str, ...]] = {
    "set": ("in", "not_in", "min", "max", "greater", "less"),
    "range": ("min", "max", "greater", "less"),
}

_ORDER = ("in", "not_in", "not", "min", "max", "greater", "less")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    "number": _ORDER,
    "date": _ORDER,
    "text": ("in", "not_in", "not", "like"),
    "choice": ("in", "not_in", "not"),
    "flag": ("not",),
}
"""The operators of the filtering guide that a type allows."""

_OPS: dict[str, Op] = {"": "eq", "not": "ne"}
_OF_DAYS: dict[str, tuple[Op, Parse]] = {
    "": ("within", day),
    "not": ("outside", day),
    "in": ("within", days),
    "not_in": ("outside", days),
    "min": ("min", day_start),
    "max": ("max", day_end),
    "greater": ("greater", day_end),
    "less": ("less", day_start),
}
"""A day is all of its seconds: a bound reaches to its end, and what is greater comes after it."""


def filters_of(
    table: Table, word: str, mapped: FilterField | None = None, *, exact: bool
) -> Sequence[tuple[str, Filter]]:
    """The parameters that a word of the shorthand stands for.

    A colon before the word: there is no plain equality. `exact`: no operators but those that the word names.
    """
    name, _, operators = word.lstrip(":").partition(":")
    field = mapped or FilterField(name)
    asked = [op for operator in operators.split(",") if operator for op in SETS.get(operator, (operator,))]
    if not exact:
        asked += field.operators or operators_of(table, field.column)
    wanted = dict.fromkeys(asked if word.startswith(":") else ["", *asked])
    return [(f"{name}:{operator}" if operator else name, filter_of(table, field, operator)) for operator in wanted]


def operators_of(table: Table, operand: Operand) -> tuple[str, ...]:
    """The operators of the guide that what a filter is about allows."""
    if isinstance(operand, str):
        return OPERATORS[kind_of(table, operand)]
    return {Member: ("in", "not_in", "not"), SqlTest: ("in", "not_in", "not")}.get(type(operand), ())


def filter_of(table: Table, field: FilterField, operator: str) -> Filter:
    """One field with one operator; an empty one is equality."""
    column = field.column
    if not isinstance(column, str):
        return _beside(column, field.parse or str, operator)
    if column == "name" and "name_key" in table.types and operator in ("", "not", "in", "not_in"):
        column = "name_key"
    parse = field.parse or one(table, column)
    if kind_of(table, column) == "date" and field.parse is None and operator in _OF_DAYS:
        op, parse = _OF_DAYS[operator]
        # A date that is unset is empty text: it comes before every date, but is not before any.
        return Filter(column, op, parse, (Condition(column, "ne", ""),) if op in ("max", "less") else ())
    if operator == "like":
        return Filter(column, "like", str)
    op = _OPS.get(operator, operator)  # type: ignore[arg-type]
    return Filter(column, op, listed(parse) if operator in ("in", "not_in") else parse)


def _beside(operand: Operand, parse: Parse, operator: str) -> Filter:
    if isinstance(operand, AnyColumn):
        return Filter(operand, "like", parse)
    if isinstance(operand, IsTrue):
        return Filter(operand, "is", parse)
    read = listed(parse) if operator in ("in", "not_in") else lambda text: (parse(text),)
    return Filter(operand, "not_in" if operator.startswith("not") else "in", read)
