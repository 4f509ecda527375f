"""The writes of a group that are not sent yet: rows of the same shape are one statement, and all of them one trip.

They are parts of one `WITH` statement. Its parts run in no known order and do not see what the others write, and
foreign keys are checked at its end. So a write that would meet another one of these does not *fit*: they are sent
first. Where a row gives up a unique value after others took theirs, the statement asks whether any of these was another
row's. So the result of a group is what it would be if each statement were sent when it came; what is refused only for
the order of the parts is done over, each write alone.

Citus carries the parts out one after the other, each sees what those before it wrote, and foreign keys are checked
after each: so questions come first, and then each table after those that it refers to; and a row that is made does not
fit beside an update that came before it and would change it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

from bodega.storage.postgres.catalogue import Catalogue
from bodega.storage.postgres.shapes import Shape, Shaped, shaped

MOST = 2_000
"""Rows that wait at most: a job that writes many rows must not keep all of them in memory."""


class Batch:
    """Rows of one shape, column by column. Unless `sure`, each must match a row of the table."""

    __slots__ = ("columns", "shape", "sure")

    def __init__(self, shape: Shape, *, sure: bool) -> None:
        self.shape = shape
        self.sure = sure
        self.columns: list[list[Any]] = [[] for _ in range(shape.width)]

    def holds(self, places: Sequence[int], values: tuple[Any, ...]) -> bool:
        """Whether one of the rows has these values at these places."""
        if len(places) == 1:
            return values[0] in self.columns[places[0]]
        return values in zip(*(self.columns[place] for place in places), strict=True)


class Pending:
    """The writes of a group since the last trip."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._batches: dict[tuple[str, bool], Batch] = {}
        self._tables: dict[str, list[Batch]] = {}
        self._referred: set[tuple[str, str, Any]] = set()
        self._moved: set[str] = set()
        self.rows = 0

    def shaped(self, sql: str) -> Shaped | None:
        """The rows that a statement writes; None if it cannot wait."""
        return _shaped(sql, self._catalogue)

    def fits(self, shape: Shape, values: Sequence[Any]) -> bool:
        """Whether a row can be written together with those that wait."""
        if self.rows >= MOST:
            return False
        for place, column in shape.held:
            if (shape.table, column, values[place]) in self._referred:
                return False  # who referred to a row before it was there is to be refused
        return all(_agree(batch, shape, values) for batch in self._tables.get(shape.table, ()))

    def add(self, shape: Shape, values: Sequence[Any], *, sure: bool) -> None:
        """Lets a row wait that fits."""
        batch = self._batches.get((shape.sql, sure))
        if batch is None:
            batch = self._batches[(shape.sql, sure)] = Batch(shape, sure=sure)
            self._tables.setdefault(shape.table, []).append(batch)
        if shape.decides and any(map(_takes, self._tables[shape.table])):
            self._moved.add(shape.table)
        for column, value in zip(batch.columns, values, strict=True):
            column.append(value)
        for place, table, key in shape.points:
            if values[place] is not None:
                self._referred.add((table, key, values[place]))
        self.rows += 1

    def seen_by(self, sql: str, values: Sequence[Any]) -> bool:
        """Whether a statement may read what waits. One that names rows by their ids reads no others."""
        if not self.rows:
            return False
        words, table = _reads(sql)
        if "SELECT" in words and words.isdisjoint(self._tables):
            return False
        return not table or any(_holds_one(batch, values) for batch in self._tables[table])

    def take(self) -> tuple[str, list[list[Any]], tuple[int, int] | None]:
        """All that waits as one statement, its values, and what it must return (None: it returns nothing): how many
        rows were found that had to be there, and how many hold a value that another takes."""
        batches = [batch for _, batch in sorted(self._batches.items(), key=self._place)]
        parts = []
        for batch in batches:
            asked = batch.shape.taken if batch.shape.table in self._moved and _takes(batch) else None
            parts.append(Part(batch.shape.sql, batch.shape.width, batch.sure, asked or ()))
        found = [len(batch.columns[0]) for batch in batches if not batch.sure]
        values = [column for batch in batches for column in batch.columns]
        returns = found or any(part.taken for part in parts)
        self._batches, self._tables, self._referred, self._moved, self.rows = {}, {}, set(), set(), 0
        return composed_many(tuple(parts)), values, (sum(found), 0) if returns else None

    def _place(self, waiting: tuple[tuple[str, bool], Batch]) -> tuple[int, tuple[str, bool]]:
        key, batch = waiting
        return -1 if batch.shape.kind == "check" else self._catalogue.order[batch.shape.table], key


def _takes(batch: Batch) -> bool:
    """Whether rows of a batch take unique values."""
    return batch.shape.kind == "insert" or batch.shape.decides


def _agree(batch: Batch, shape: Shape, values: Sequence[Any]) -> bool:
    """Whether a row may be written in the same statement as those of a batch of its table, which came before it."""
    before = batch.shape
    if before.kind == "check":
        return True  # it sees the table as it was
    if shape.kind == "insert":
        return before.kind == "insert" or (before.kind == "update" and not _changes(batch, shape, values))
    if shape.kind == "upsert":
        same = before.sql == shape.sql
        return same and not (shape.seen and batch.holds(shape.seen, tuple(values[place] for place in shape.seen)))
    if before.kind == "upsert" or (shape.decides and _takes(batch) and before.taken is None):
        return False  # a value that it gives up may be the one that was taken before, which cannot be asked
    if before.kind == "update" and before.key != shape.key:
        return False
    places = [before.places.get(name, -1) for name in shape.key]
    if -1 in places:
        return False
    return not batch.holds(places, tuple(values[shape.places[name]] for name in shape.key))


def _changes(batch: Batch, shape: Shape, values: Sequence[Any]) -> bool:
    """Whether updates that came before a row was there would change it: in a cluster they may be carried out later."""
    key = batch.shape.key
    if not all(name in shape.places for name in key):
        return True
    return batch.holds([batch.shape.places[name] for name in key], tuple(values[shape.places[name]] for name in key))


@lru_cache(maxsize=4096)
def _shaped(sql: str, catalogue: Catalogue) -> Shaped | None:
    return shaped(sql, catalogue)


_BY_ID = re.compile(r"SELECT [\w, ]+ FROM (\w+) WHERE id (?:= \$1|IN \(\$\d+(?:, \$\d+)*\))(?: ORDER BY id)?")


@lru_cache(maxsize=4096)
def _reads(sql: str) -> tuple[frozenset[str], str]:
    """The words of a statement, and the table of which it reads only rows that have one of its values as their id."""
    found = _BY_ID.fullmatch(sql)
    return frozenset(re.findall(r"\w+", sql)), found[1] if found is not None else ""


def _holds_one(batch: Batch, ids: Sequence[Any]) -> bool:
    """Whether rows of a batch have one of these ids, or may have."""
    if batch.shape.kind == "check":
        return False
    place = batch.shape.places.get("id")
    return place is None or any(known in batch.columns[place] for known in ids)


class Part(NamedTuple):
    """A part of one statement: its own, the number of its parameters, whether its rows are `sure` to be there, and
    the questions whether a value that it takes is `taken`."""

    sql: str
    width: int
    sure: bool
    taken: tuple[str, ...]


@lru_cache(maxsize=1024)
def composed_many(parts: tuple[Part, ...]) -> str:
    """Parts with a parameter a column as one statement. If one of them is not sure, or asks for taken values, the whole
    returns the number of rows that those which are not sure found, and of those that hold such a value."""
    before = list(accumulate((part.width for part in parts), initial=0))
    made = [_shifted(question, by) for part, by in zip(parts, before, strict=False) for question in part.taken]
    taken = [f"s{place}" for place in range(len(made))]
    found: list[str] = []
    for part, by in zip(parts, before, strict=False):
        if not part.sure:
            found.append(f"s{len(made)}")
        made.append(_shifted(part.sql, by) + ("" if part.sure or part.sql.startswith("SELECT") else " RETURNING 1"))
    main = f"SELECT {_counted(found)}, {_counted(taken)}" if found or taken else made.pop()
    if not made:
        return main
    return f"WITH {', '.join(f's{place} AS ({sql})' for place, sql in enumerate(made))} {main}"


def _shifted(sql: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda mark: f"${int(mark[1]) + by}", sql)


def _counted(names: Sequence[str]) -> str:
    return " + ".join(f"(SELECT count(*) FROM {name})" for name in names) or "0"
