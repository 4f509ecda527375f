"""What differs between two states: snapshots of a store, a snapshot and now, or a fork and its origin, as the V3
documents of its rows.

Rows of the same version are the same: no version of a store is ever used twice. So only what was changed is compared.
Two stores use the same versions, for different rows perhaps: of these every document is compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from bodega.resources import MODEL
from bodega.storage import query
from bodega.storage.backend import Comparison
from bodega.storage.table import Table
from bodega.tasks import queue

LEFT_OUT = frozenset({queue.TABLE.name})
"""Tables that are not what a store holds, but what it is doing."""

RESOURCES: dict[str, Table] = {table.name: table for table in MODEL.tables if table.name not in LEFT_OUT}
"""What is compared, by name, in the order in which rows refer to each other."""

AT_ONCE = 200
"""Rows that are read at once."""


class Moved(msgspec.Struct, frozen=True):
    """A member that has another value; null where it was not, or is no longer."""

    old: Any
    new: Any


class Change(msgspec.Struct, frozen=True):
    """A row that differs. `change` is created, updated or deleted; `entity` is its V3 document, as it is after the
    change, of a deleted one as it was; `members` are those that an update changed, by name, also those that only V2
    shows."""

    resource: str
    change: str
    id: int
    entity: dict[str, Any]
    members: dict[str, Moved] = {}


class Counts(msgspec.Struct):
    """How many rows differ."""

    created: int = 0
    updated: int = 0
    deleted: int = 0


class _Kind(NamedTuple):
    """The rows that differ in one way: `columns` are id, documents before, documents after."""

    name: str
    columns: str
    source: str


def _kinds(table: Table, states: Comparison) -> tuple[_Kind, ...]:
    old, new = (f"{place}{table.name}" for place in states.places)
    if states.elsewhere:
        old = query.by_themselves(old)  # Citus brings its rows over
    made = f"{new} n LEFT JOIN {old} o ON o.id = n.id WHERE o.id IS NULL"
    lost = f"{old} o LEFT JOIN {new} n ON n.id = o.id WHERE n.id IS NULL"
    kept = f"{new} n JOIN {old} o ON o.id = n.id WHERE "
    other = "(o.doc <> n.doc OR o.rest IS DISTINCT FROM n.rest)"
    if not states.apart:
        other = f"o.version <> n.version AND {other}"
    return (
        _Kind("created", "n.id, NULL, NULL, n.doc, n.rest", made),
        _Kind("updated", "n.id, o.doc, o.rest, n.doc, n.rest", kept + other),
        _Kind("deleted", "o.id, o.doc, o.rest, NULL, NULL", lost),
    )


async def counts(states: Comparison, resources: Sequence[str] = ()) -> dict[str, Counts]:
    """How many rows of each resource differ; those in which none does are left out."""
    names = await _moved(states, resources or tuple(RESOURCES))
    found = {}
    for place in range(0, len(names), _COUNTED_AT_ONCE):
        asked = " UNION ALL ".join(_counted(name, states) for name in names[place : place + _COUNTED_AT_ONCE])
        for name, created, updated, deleted in await states.rows(asked):
            if created or updated or deleted:
                found[str(name)] = Counts(int(created), int(updated), int(deleted))
    return {name: found[name] for name in names if name in found}


async def _moved(states: Comparison, names: Sequence[str]) -> list[str]:
    """Those of the resources that can differ: in two states of one store, those whose revision does."""
    if states.apart:
        return list(names)
    old, new = (f"{place}table_statistics" for place in states.places)
    other = f"{new} n LEFT JOIN {old} o ON o.name = n.name WHERE o.revision IS DISTINCT FROM n.revision"
    sql = f"SELECT n.name FROM {other}"  # noqa: S608 - declared names
    moved = {str(name) for (name,) in await states.rows(sql)}
    return [name for name in names if name in moved]


_COUNTED_AT_ONCE = 20
"""Tables that one statement counts: a hundred statements would each take a turn of a thread."""


def _counted(name: str, states: Comparison) -> str:
    each = (f"(SELECT count(*) FROM {kind.source})" for kind in _kinds(RESOURCES[name], states))  # noqa: S608 - declared
    return f"SELECT '{name}', {', '.join(each)}"


async def changes(states: Comparison, store_hash: str, resource: str, after: int = 0) -> AsyncIterator[Change]:
    """The rows of a resource that differ, those with ids above `after`, by id."""
    each = [_of_kind(states, store_hash, resource, kind, after) for kind in _kinds(RESOURCES[resource], states)]
    waiting: list[tuple[Change, AsyncIterator[Change]]] = []
    for found in each:
        if (first := await anext(found, None)) is not None:
            waiting.append((first, found))
    while waiting:
        waiting.sort(key=lambda pair: pair[0].id)
        change, source = waiting.pop(0)
        yield change
        if (following := await anext(source, None)) is not None:
            waiting.append((following, source))


async def _of_kind(
    states: Comparison, store_hash: str, resource: str, kind: _Kind, after: int
) -> AsyncIterator[Change]:
    one = kind.columns.partition(",")[0]
    sql = f"SELECT {kind.columns} FROM {kind.source} AND {one} > $1 ORDER BY {one} LIMIT {AT_ONCE}"  # noqa: S608 - declared
    while True:
        found = await states.rows(sql, after)
        for row_id, old_doc, old_rest, new_doc, new_rest in found:
            old, new = _read(store_hash, old_doc, old_rest), _read(store_hash, new_doc, new_rest)
            members = dict(_members(old, new)) if kind.name == "updated" else {}
            entity = _document(store_hash, old_doc if new_doc is None else new_doc)
            yield Change(resource, kind.name, row_id, entity, members)
            after = row_id
        if len(found) < AT_ONCE:
            return


def _members(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, Moved]]:
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            yield name, Moved(old.get(name), new.get(name))


def _read(store_hash: str, doc: bytes | None, rest: bytes | None) -> dict[str, Any]:
    """All members of a row."""
    return {**_document(store_hash, doc), **_document(store_hash, rest)}


def _document(store_hash: str, doc: bytes | str | None) -> dict[str, Any]:
    if doc is None:
        return {}
    raw = doc.encode() if isinstance(doc, str) else bytes(doc)
    found: dict[str, Any] = msgspec.json.decode(raw.replace(b'"\\u0000/', f'"/files/{store_hash}/'.encode()))
    return found
