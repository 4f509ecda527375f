"""Statements that write one row, and what makes many of the same shape one statement.

A *shape* is such a statement without its values: `INSERT ... VALUES`, `UPDATE ... WHERE id = $1`, or the question
whether a row still has a version. Its values come as columns, `unnest($1::integer[], $2::text[])`, a row each.
A statement that cannot be read as one of these has no shape, and is sent by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from bodega.storage.postgres.catalogue import Catalogue, TableFacts

_INSERT = re.compile(r"INSERT INTO (\w+) \(([\w\s,]+)\)\s+VALUES\s+(\(.+?\))(\s+ON CONFLICT\b.+)?", re.DOTALL)
_ROW = re.compile(r"\(([^()]*)\)")
_TARGET = re.compile(r"\s+ON CONFLICT \(([\w\s,]+)\) DO UPDATE\b")
_UPDATE = re.compile(r"UPDATE (\w+) SET (.+) WHERE (\w+ = \$\d+(?: AND \w+ = \$\d+)*)", re.DOTALL)
_CHECK = re.compile(r"SELECT 1 FROM (\w+) WHERE (\w+ = \$\d+(?: AND \w+ = \$\d+)*)")
_MARK = re.compile(r"\$(\d+)")
_CONSTANT = re.compile(r"'[^']*'|-?\d+|TRUE|FALSE|NULL", re.IGNORECASE)
_COMPARED = re.compile(r"\b(\w+) (?:=|<|>|<=|>=|<>|\+|-) \$(\d+)\b")
_SET = re.compile(r"(?:^|, )(\w+) = \$(\d+)(?=,|$)")
_EQUAL = re.compile(r"(\w+) = \$(\d+)")

Kind = Literal["insert", "upsert", "update", "check"]


class Shape(NamedTuple):
    """A statement for one row. `sql` is that for many, with a parameter a column; `width` the number of them.

    `places` tells which parameter holds a column's value; `key` are the columns that tell which row is written, `seen`
    the parameters of a key that may be written once only. `decides` says that a unique index looks at what an update
    changes. `taken` are questions whether rows hold the unique values that these take, None where that cannot be asked.
    `points` are parameters that refer to a row of another table, as (place, table, column), and `held` those
    that others may refer to, as (place, column).
    """

    kind: Kind
    table: str
    sql: str
    width: int
    places: dict[str, int]
    key: tuple[str, ...]
    seen: tuple[int, ...] = ()
    decides: bool = False
    taken: tuple[str, ...] | None = None
    points: tuple[tuple[int, str, str], ...] = ()
    held: tuple[tuple[int, str], ...] = ()


Shaped = list[tuple[Shape, Sequence[int]]]
"""The rows of a statement: the shape of each, and which of the statement's values are its."""


def shaped(sql: str, catalogue: Catalogue) -> Shaped | None:
    """The rows that a statement writes; None if it has no shape."""
    for pattern, read in ((_INSERT, _inserts), (_UPDATE, _updates), (_CHECK, _checks)):
        found = pattern.fullmatch(sql)
        if found is not None:
            facts = catalogue.tables.get(found[1])
            return None if facts is None else read(found, facts)
    return None


def _inserts(found: re.Match[str], facts: TableFacts) -> Shaped | None:
    table, named, rows, tail = found[1], found[2], found[3], found[4] or ""
    columns = [name.strip() for name in named.split(",")]
    if "$" in tail or _ROW.sub("", rows).strip(", \n"):
        return None
    made: Shaped = []
    for row in _ROW.findall(rows):
        marks: list[int] = []
        places: dict[str, int] = {}
        types: list[str] = []
        chosen: list[str] = []
        for column, given in zip(columns, (part.strip() for part in row.split(",")), strict=True):
            mark = _MARK.fullmatch(given)
            if mark is None:
                if not _CONSTANT.fullmatch(given):
                    return None
                chosen.append(given)
                continue
            number = int(mark[1]) - 1
            if number not in marks:
                if column not in facts.types:
                    return None
                marks.append(number)
                types.append(facts.types[column])
            places[column] = marks.index(number)
            chosen.append(f"u.p{places[column] + 1}")
        if not marks:
            return None
        sql = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(chosen)} FROM {_unnest(types)}{tail}"
        target = _TARGET.match(tail)
        once = [name.strip() for name in target[1].split(",")] if target is not None else []
        if not all(name in places for name in once):
            return None
        shape = Shape(
            "upsert" if tail else "insert", table, sql, len(marks), places, (),
            tuple(places[name] for name in once),
            taken=_taken(table, facts, columns, places, places.get("id")),
            points=_points(places, facts),
            held=tuple((places[name], name) for name in sorted(facts.referenced) if name in places),
        )  # fmt: skip
        made.append((shape, marks))
    return made


def _updates(found: re.Match[str], facts: TableFacts) -> Shaped | None:
    table, changes, test = found[1], found[2], found[3]
    if "SELECT" in changes.upper():
        return None
    where = _where(test)
    compared = {int(number): column for column, number in _COMPARED.findall(f"{changes} AND {test}")}
    width = max(int(number) for number in _MARK.findall(f"{changes} AND {test}"))
    if set(compared) != set(range(1, width + 1)) or not set(compared.values()) <= facts.types.keys():
        return None
    set_to = {column: int(number) - 1 for column, number in _SET.findall(changes)}
    assigned = set(re.findall(r"\w+", changes)) & facts.types.keys()
    if (assigned & facts.references.keys()) - set_to.keys() or assigned & facts.referenced:
        return None  # what it refers to, or what refers to it, cannot be told from its values
    types = [facts.types[compared[number]] for number in range(1, width + 1)]
    sql = f"UPDATE {table} SET {_renamed(changes)} FROM {_unnest(types)} WHERE {_qualified(table, test)}"
    shape = Shape(
        "update", table, sql, width, where, ("id",) if "id" in where else tuple(sorted(where)),
        decides=bool(assigned & facts.unique),
        taken=_taken(table, facts, assigned, set_to, where.get("id")),
        points=_points(set_to, facts),
    )  # fmt: skip
    return [(shape, range(width))]


def _checks(found: re.Match[str], facts: TableFacts) -> Shaped | None:
    table, test = found[1], found[2]
    where = _where(test)
    types = {place: facts.types[column] for column, place in where.items() if column in facts.types}
    if set(types) != set(range(len(where))):
        return None
    listed = [types[place] for place in range(len(types))]
    sql = f"SELECT 1 FROM {table}, {_unnest(listed)} WHERE {_qualified(table, test)}"
    key = ("id",) if "id" in where else tuple(sorted(where))
    return [(Shape("check", table, sql, len(listed), where, key), range(len(listed)))]


def _where(test: str) -> dict[str, int]:
    return {column: int(number) - 1 for column, number in _EQUAL.findall(test)}


def _points(places: dict[str, int], facts: TableFacts) -> tuple[tuple[int, str, str], ...]:
    return tuple((places[name], *there) for name, there in facts.references.items() if name in places)


def _taken(
    table: str, facts: TableFacts, written: Collection[str], places: Mapping[str, int], own: int | None
) -> tuple[str, ...] | None:
    """A question for each unique index of which columns are `written`: it finds the other rows that agree in all."""
    asked = []
    for index in facts.indexes:
        if index.columns == ("id",) or index.words.isdisjoint(written):
            continue
        if own is None or index.partial or not all(name in places for name in index.columns):
            return None
        arrays = ", ".join(f"${places[name] + 1}::{facts.types[name]}[]" for name in index.columns)
        names = ", ".join(f"v{place}" for place in range(len(index.columns)))
        same = " AND ".join(f"{table}.{name} = u.v{place}" for place, name in enumerate(index.columns))
        rows = f"unnest(${own + 1}::{facts.types['id']}[], {arrays}) AS u(own, {names})"
        asked.append(f"SELECT 1 FROM {table}, {rows} WHERE {same} AND {table}.id <> u.own")
    return tuple(asked)


def _renamed(sql: str) -> str:
    return _MARK.sub(r"u.p\1", sql)


def _qualified(table: str, test: str) -> str:
    return _EQUAL.sub(rf"{table}.\1 = u.p\2", test)


def _unnest(types: Sequence[str]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, start=1))
    return f"unnest({arrays}) AS u({', '.join(f'p{place}' for place in range(1, len(types) + 1))})"
