"""What a statement that writes is about to change, read from its text: which rows, and what becomes of their keys.

The statements of this house are few, and only their values differ from one write to the next. So each is read once, and
what was found is kept with its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from bodega.storage.schema_facts import SchemaFacts

LEFT_OUT = frozenset({"deliveries", "hook_leases", "hook_blocks", "password_guesses", "page_index", "table_statistics"})
"""Tables that are not what a store holds, but what it is doing."""

MOST_KNOWN = 512
LONGEST_KNOWN = 4_000
"""Statements that are kept, and characters that one of them has at most: long ones are those of many rows, which differ
in their number."""

_INSERT = re.compile(r"INSERT INTO (\w+) \(([^)]*)\)(.*)", re.DOTALL)
_UPDATE = re.compile(r"UPDATE (\w+) SET (.*)", re.DOTALL)
_DELETE = re.compile(r"DELETE FROM (\w+)(?: WHERE (.*))?", re.DOTALL)
_VALUES = re.compile(r"\s*VALUES ((?:\([^()]*\)(?:, )?)+)\s*(.*)", re.DOTALL)
_TARGET = re.compile(r"ON CONFLICT \(([^)]*)\)")
_PLACE = re.compile(r"\$(\d+)")


class Unreadable(Exception):
    """A statement of a form that is not known here."""


class Value(NamedTuple):
    """A value in a statement: that of a placeholder, counted from 0, or, if `place` is None, a number."""

    place: int | None
    number: int = 0

    def of(self, values: Sequence[Any]) -> Any:
        """What it is where the placeholders have these values."""
        return self.number if self.place is None else values[self.place]


class InsertedRow(NamedTuple):
    """The values of its primary key, and those of the columns by which a row that is there already is found."""

    key: tuple[Value, ...]
    told: tuple[Value, ...]


class Insert(NamedTuple):
    """Rows that are inserted, None if they cannot be told from the text; `test` finds the row that stands in the way of
    one of them, empty if that is an error; `updates`: that row is changed, and otherwise left."""

    table: str
    rows: tuple[InsertedRow, ...] | None
    test: str = ""
    updates: bool = False


class Update(NamedTuple):
    """Rows that meet a test, whose values are those of the placeholders `used`; `keys` are what columns of the primary
    key become, by their place in it."""

    table: str
    test: str
    used: tuple[int, ...]
    keys: tuple[tuple[int, Value], ...]


class Delete(NamedTuple):
    """Rows that meet a test, as in `Update`."""

    table: str
    test: str
    used: tuple[int, ...]


Form = Insert | Update | Delete


def form_of(facts: SchemaFacts, sql: str) -> Form | None:
    """What the statement changes, None if that is a table that is left out. Raises Unreadable."""
    return _known(facts, sql) if len(sql) <= LONGEST_KNOWN else _read(facts, sql)


def _read(facts: SchemaFacts, sql: str) -> Form | None:
    for pattern in (_INSERT, _DELETE, _UPDATE):
        if found := pattern.fullmatch(sql):
            break
    else:
        raise Unreadable
    table = found[1]
    if table in LEFT_OUT:
        return None
    if pattern is _INSERT:
        return _insert(facts, table, found[2], found[3])
    return Delete(table, *_placed(found[2] or "")) if pattern is _DELETE else _update(facts, table, found[2])


_known = lru_cache(maxsize=MOST_KNOWN)(_read)


def _insert(facts: SchemaFacts, table: str, names: str, rest: str) -> Insert:
    listed = _VALUES.fullmatch(rest)
    key, columns = facts.keys[table], [name.strip() for name in names.split(",")]
    if listed is None or not set(key) <= set(columns):
        return Insert(table, None)
    conflict = listed[2]
    target = _TARGET.match(conflict)
    told = [name.strip() for name in target[1].split(",")] if target else list(key)
    rows = []
    for one in re.findall(r"\(([^()]*)\)", listed[1]):
        given = dict(zip(columns, one.split(", "), strict=True))
        values = tuple(_value(given[name]) for name in told) if conflict else ()
        rows.append(InsertedRow(tuple(_value(given[name]) for name in key), values))
    test = " AND ".join(f"{name} = ${place}" for place, name in enumerate(told, start=1)) if conflict else ""
    return Insert(table, tuple(rows), test, "DO UPDATE" in conflict)


def _update(facts: SchemaFacts, table: str, rest: str) -> Update:
    sets, test = _divided(rest)
    key = facts.keys[table]
    keys = []
    for one in _assignments(sets):
        name, _, value = one.partition(" = ")
        if name.strip() in key:
            keys.append((key.index(name.strip()), _value(value)))
    return Update(table, *_placed(test), tuple(keys))


def _placed(test: str) -> tuple[str, tuple[int, ...]]:
    """A test whose placeholders are numbered in their order, and which of the statement's they were."""
    used = tuple(int(place) - 1 for place in _PLACE.findall(test))
    numbers: Iterator[int] = iter(range(1, len(used) + 1))
    return _PLACE.sub(lambda _found: f"${next(numbers)}", test), used


def _value(text: str) -> Value:
    text = text.strip()
    if place := _PLACE.fullmatch(text):
        return Value(int(place[1]) - 1)
    if text.lstrip("-").isdigit():
        return Value(None, int(text))
    raise Unreadable


def _divided(rest: str) -> tuple[str, str]:
    """The assignments of an UPDATE, and its condition; parentheses may hold others."""
    depth = 0
    for place, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if not depth and rest.startswith(" WHERE ", place):
            return rest[:place], rest[place + 7 :]
    raise Unreadable


def _assignments(sets: str) -> list[str]:
    depth, start, found = 0, 0, []
    for place, letter in enumerate(sets):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            found.append(sets[start:place])
            start = place + 1
    return [*found, sets[start:]]
