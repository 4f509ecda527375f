"""Undoing what a request changed: its changes are taken back in reverse, if nobody has changed the same rows since."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import msgspec

from bodega.storage.past import DELETED, INSERTED, UPDATED, Change, Past, states
from bodega.storage.schema_facts import SchemaFacts, facts_of
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Clash
from bodega.storage.unit import Unit

SHOWN = 20


class RowUndone(msgspec.Struct, frozen=True):
    """A row that is as it was before: `change` is what the request had done to it."""

    resource: str
    id: int
    change: str


class InTheWay(Exception):
    """Rows that were changed since, each with why it is in the way: (table, key, sentence)."""

    def __init__(self, rows: list[tuple[str, list[Any], str]]) -> None:
        self.rows = rows[:SHOWN]
        named = ", ".join(f"{table} {' '.join(map(str, key))}" for table, key, _ in self.rows)
        super().__init__(f"It cannot be undone: {named} changed since." if rows else "It cannot be undone.")


async def undo(unit: Unit, past: Past) -> list[RowUndone]:
    """Takes the changes back within the unit's transaction, in which ids, totals and page index follow. No rule runs,
    and no event is fired. Raises InTheWay."""
    facts = await facts_of(unit.tx)
    tables = {one.name for one in unit.model.tables}
    await _refuse_later_changes(unit, facts, past, tables)
    for change in reversed(past.changes):
        try:
            await _take_back(unit, facts, past, change, counted=change.table in tables)
        except Clash:
            told = "What it held, or refers to, is taken or gone."
            raise InTheWay([(change.table, change.key, told)]) from None
    return _told(past, tables)


async def _refuse_later_changes(unit: Unit, facts: SchemaFacts, past: Past, tables: Set[str]) -> None:
    expected: dict[str, dict[tuple[Any, ...], bytes]] = {}
    for one in past.touched:
        expected.setdefault(one.table, {})[tuple(one.key)] = one.state
    late = []
    for table, rows in expected.items():
        if list(facts.columns.get(table, ())) != past.columns.get(table):
            raise InTheWay([(table, [], "The table has other columns since an upgrade.")])
        now = await states(unit.tx, facts, table, list(rows))
        late += [
            (table, list(key), "It was changed later." if now[key] else "It was deleted later.")
            for key, state in rows.items()
            if now[key] != state
        ]
    if late:
        raise InTheWay(sorted(late, key=lambda one: (one[0] not in tables, one[0])))


async def _take_back(unit: Unit, facts: SchemaFacts, past: Past, change: Change, *, counted: bool) -> None:
    """Takes one change back; `counted`: it is a row of a resource, which the store's statistics count."""
    table = change.table
    columns, keys = past.columns[table], facts.keys[table]
    at_key = " AND ".join(f"{name} = ${place}" for place, name in enumerate(keys, start=1))
    values = list(change.before or ())
    if change.kind == INSERTED:
        await _refuse_later_references(unit, facts, change)
        await unit.tx.run(f"DELETE FROM {table} WHERE {at_key}", *change.key)
        if counted:
            unit.statistics.leave(table, unit.now, [change.key[0]])
    elif change.kind == UPDATED:
        if counted:
            _restamp(unit, columns, values, unit.statistics.touch(table, unit.now))
        first = len(keys) + 1
        sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=first))
        await unit.tx.run(f"UPDATE {table} SET {sets} WHERE {at_key}", *change.key, *values)
    elif change.kind == DELETED:
        if counted:
            _, version = unit.statistics.enter(table, unit.now, values[columns.index("id")])
            _restamp(unit, columns, values, version)
        places = numbered_placeholders(len(columns))
        await unit.tx.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *values)
    if counted:
        unit.made.forget(table)
        unit.statistics.forget_held(table)
        unit.statistics.written.add((table, change.key[0]))


def _restamp(unit: Unit, columns: list[str], values: list[Any], version: int) -> None:
    """No version of a store is used twice, and nobody is told a date that was told of another state."""
    values[columns.index("version")] = version
    values[columns.index("modified")] = max(unit.stamp, values[columns.index("modified")]) + 1


async def _refuse_later_references(unit: Unit, facts: SchemaFacts, change: Change) -> None:
    """Whatever this request put below a row is taken back already: the rest came later, and would go along."""
    for child, column, its_own in facts.references.get(change.table, ()):
        if its_own not in facts.keys[change.table]:
            continue
        value = change.key[list(facts.keys[change.table]).index(its_own)]
        found = await unit.tx.row(facts.select(child, f"{column} = $1"), value)
        if found is not None:
            key = facts.key_of(child, list(found))
            raise InTheWay([(child, key, f"It refers to {change.table} {value}, and was made later.")])


def _told(past: Past, tables: Set[str]) -> list[RowUndone]:
    """Each row of a resource once, by what happened to it in all."""
    kinds: dict[tuple[str, int], list[str]] = {}
    for change in past.changes:
        if change.table in tables:
            kinds.setdefault((change.table, change.key[0]), []).append(change.kind)
    told = []
    for (table, row_id), those in kinds.items():
        made, gone = those[0] == INSERTED, those[-1] == DELETED
        if not (made and gone):
            word = "created" if made else "deleted" if gone else "updated"
            told.append(RowUndone(table, row_id, word))
    return told
