"""What a request changed, row by row, and how each row was before: enough to undo it.

A transaction is watched: before a statement that changes or deletes rows, those rows are read, and of one that inserts
the keys are noted; what the database deletes along with a row is read as well. So it holds for every table, with no
word of any resource. The statements of this house are few and plain; one that cannot be read makes the past unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

import msgspec

from bodega.storage.schema_facts import SchemaFacts, facts_of
from bodega.storage.statement_forms import LEFT_OUT, Delete, Insert, Unreadable, form_of
from bodega.storage.table import numbered_placeholders, parts
from bodega.storage.tx import Record, Statement, Tx

INSERTED, UPDATED, DELETED = "inserted", "updated", "deleted"

STAMPS = frozenset({"version", "modified"})
BY_ITSELF: dict[str, frozenset[str]] = {"hooks": frozenset({"rest"})}
"""Columns that the server changes without being asked to: when a hook was last used."""

UNDOABLE_BYTES = 16 * 1024 * 1024
UNDOABLE_ROWS = 20_000
"""Of more than this nothing is kept."""

AT_ONCE = 500

_TEXTS = (bytes, str)


class Change(msgspec.Struct, frozen=True, array_like=True):
    """A row that was inserted, updated or deleted. `key` are the values of its primary key as they were afterwards,
    `before` all its values before; none of one that was inserted."""

    kind: str
    table: str
    key: list[Any]
    before: list[Any] | None = None


class Touched(msgspec.Struct, frozen=True, array_like=True):
    """A row that was changed, and what it is recognised by afterwards; empty if it was gone."""

    table: str
    key: list[Any]
    state: bytes


class Past(msgspec.Struct, frozen=True, array_like=True):
    """The changes of one transaction in their order, the columns of the tables, and the rows as they were left. `why`
    is set where that is not known."""

    columns: dict[str, list[str]] = {}
    changes: list[Change] = []
    touched: list[Touched] = []
    why: str = ""


def packed(past: Past) -> bytes:
    """As it is kept."""
    return msgspec.msgpack.encode(past)


def unpacked(content: bytes) -> Past:
    """The past that was packed."""
    return msgspec.msgpack.decode(content, type=Past)


class _Note(NamedTuple):
    """What is to be looked at after a statement: the keys that its table had before."""

    table: str
    keys: set[tuple[Any, ...]]


class Watched:
    """A transaction whose changes are noted."""

    def __init__(self, tx: Tx, facts: SchemaFacts) -> None:
        self._tx = tx
        self._facts = facts
        self._changes: list[Change] = []
        self._bytes = 0
        self._why = ""
        self.dialect, self.asks = tx.dialect, tx.asks
        self.breathe, self.rows, self.row = tx.breathe, tx.rows, tx.row

    async def run(self, sql: str, *values: Any) -> None:
        """As the transaction does; what it changes is noted."""
        mark = len(self._changes)
        try:
            note = await self._noted(sql, values)
            await self._tx.run(sql, *values)
        except BaseException:
            del self._changes[mark:]
            raise
        if note is not None:
            await self._inserted(note)

    async def script(self, statements: Sequence[Statement], *, sure: bool = True) -> None:
        """As the transaction does; what it changes is noted."""
        mark = len(self._changes)
        try:
            notes = [await self._noted(sql, values) for sql, values in statements]
            await self._tx.script(statements, sure=sure)
        except BaseException:
            del self._changes[mark:]
            raise
        for note in notes:
            if note is not None:
                await self._inserted(note)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """As of the transaction: what is taken back was not changed."""
        mark = len(self._changes)
        try:
            async with self._tx.savepoint():
                yield
        except BaseException:
            del self._changes[mark:]
            raise

    async def past(self) -> Past:
        """What was changed up to now."""
        if any(change.table == "tasks" for change in self._changes):
            self._give_up("it became a task, which carries it out later")
        if self._why:
            return Past(why=self._why)
        keys: dict[str, dict[tuple[Any, ...], None]] = {}
        for change in self._changes:
            keys.setdefault(change.table, {})[tuple(change.key)] = None
            if change.before is not None:
                keys[change.table][tuple(self._facts.key_of(change.table, change.before))] = None
        touched = [
            Touched(table, list(key), state)
            for table, those in keys.items()
            for key, state in (await states(self._tx, self._facts, table, list(those))).items()
        ]
        return Past({table: list(self._facts.columns[table]) for table in keys}, self._changes, touched)

    def _give_up(self, why: str) -> None:
        self._why, self._changes = why, []

    def _add(self, *changes: Change) -> None:
        for change in changes:
            self._bytes += sum([len(one) for one in change.before or () if isinstance(one, _TEXTS)])
        self._changes += changes
        if len(self._changes) > UNDOABLE_ROWS or self._bytes > UNDOABLE_BYTES:
            self._give_up("it changed more than is kept")

    async def _noted(self, sql: str, values: Sequence[Any]) -> _Note | None:
        """Notes what a statement is about to change."""
        if self._why or sql.startswith("SELECT"):
            return None
        try:
            return await self._read(sql, values)
        except Unreadable:
            self._give_up(f"a statement is not known: {sql[:100]}")
            return None

    async def _read(self, sql: str, values: Sequence[Any]) -> _Note | None:
        form = form_of(self._facts, sql)
        if form is None:
            return None
        if isinstance(form, Insert):
            return await self._insert(form, values)
        found = await self._select(form.table, form.test, [values[place] for place in form.used])
        if isinstance(form, Delete):
            await self._gone(form.table, found)
            return None
        for row in found:
            key = self._facts.key_of(form.table, row)
            for place, value in form.keys:
                key[place] = value.of(values)
            self._add(Change(UPDATED, form.table, key, row))
        return None

    async def _insert(self, form: Insert, values: Sequence[Any]) -> _Note | None:
        table = form.table
        if form.rows is None:
            return _Note(table, await self._all_keys(table))
        for row in form.rows:
            if form.test:
                there = await self._select(table, form.test, [value.of(values) for value in row.told])
                if there and form.updates:
                    self._add(*(Change(UPDATED, table, self._facts.key_of(table, found), found) for found in there))
                if there:
                    continue
            self._add(Change(INSERTED, table, [value.of(values) for value in row.key]))
        return None

    async def _inserted(self, note: _Note) -> None:
        new = await self._all_keys(note.table) - note.keys
        self._add(*(Change(INSERTED, note.table, list(key)) for key in sorted(new)))

    async def _all_keys(self, table: str) -> set[tuple[Any, ...]]:
        names = ", ".join(self._facts.keys[table])
        return {tuple(row) for row in await self._tx.rows(f"SELECT {names} FROM {table}")}

    async def _gone(self, table: str, found: list[list[Any]], seen: set[tuple[Any, ...]] | None = None) -> None:
        """Rows that a statement deletes, after those that the database deletes with them, each once."""
        seen = set() if seen is None else seen
        rows = [row for row in found if (table, *self._facts.key_of(table, row)) not in seen]
        seen.update((table, *self._facts.key_of(table, row)) for row in rows)
        if not rows:
            return
        for child, column, its_own in self._facts.cascades.get(table, ()):
            if child in LEFT_OUT:
                continue
            place = self._facts.columns[table].index(its_own)
            owners = [row[place] for row in rows]
            for some in parts(owners, AT_ONCE):
                test = f"{column} IN ({numbered_placeholders(len(some))})"
                await self._gone(child, await self._select(child, test, some), seen)
        rows = self._children_first(table, rows)
        self._add(*(Change(DELETED, table, self._facts.key_of(table, row), row) for row in rows))

    def _children_first(self, table: str, rows: list[list[Any]]) -> list[list[Any]]:
        """Rows that refer to others of their own table before those: they are put back after them."""
        columns = self._facts.columns[table]
        for child, column, its_own in self._facts.references.get(table, ()):
            if child != table:
                continue
            up, own = columns.index(column), columns.index(its_own)
            left, ordered = rows, []
            while left:
                parents = {row[up] for row in left if row[up] != row[own]}
                leaves = [row for row in left if row[own] not in parents]
                ordered += leaves or left
                left = [row for row in left if row[own] in parents] if leaves else []
            rows = ordered
        return rows

    async def _select(self, table: str, test: str, values: Sequence[Any]) -> list[list[Any]]:
        return [list(row) for row in await self._tx.rows(self._facts.select(table, test), *values)]


async def states(
    tx: Tx, facts: SchemaFacts, table: str, keys: Sequence[tuple[Any, ...]]
) -> dict[tuple[Any, ...], bytes]:
    """What rows are recognised by, by their keys: all that they hold but their version and the time of the last change,
    since a row that was put back gets others. Empty bytes for one that is not there."""
    plain = _recognised_by(facts, table)
    found: dict[tuple[Any, ...], bytes] = dict.fromkeys(keys, b"")
    names = facts.keys[table]
    for some in parts(keys, AT_ONCE if len(names) == 1 else 1):
        if len(names) == 1:
            test, values = f"{names[0]} IN ({numbered_placeholders(len(some))})", [key for (key,) in some]
        else:
            test = " AND ".join(f"{name} = ${place}" for place, name in enumerate(names, start=1))
            values = list(some[0])
        rows: Sequence[Record] = await tx.rows(facts.select(table, test), *values)
        for row in rows:
            whole = list(row)
            found[tuple(facts.key_of(table, whole))] = hashlib.blake2b(
                repr(list(compress(whole, plain))).encode("utf-8", "surrogatepass"), digest_size=12
            ).digest()
    return found


@lru_cache(maxsize=1024)
def _recognised_by(facts: SchemaFacts, table: str) -> tuple[bool, ...]:
    """Of each column of a table: whether a row is recognised by it."""
    ignored = STAMPS | BY_ITSELF.get(table, frozenset())
    return tuple(name not in ignored for name in facts.columns[table])


async def watch(tx: Tx) -> Watched:
    """The transaction, watched from now on."""
    return Watched(tx, await facts_of(tx))
