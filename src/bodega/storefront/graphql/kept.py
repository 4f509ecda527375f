"""What seldom changes of a shop, as its settings, currencies and categories, kept from one query to the next.

It is good for as long as the revisions of its tables, which every change moves in its own transaction, say that nothing
changed: one statement asks for the revision of the store, and only if that has moved a second one for those of the
tables. So it is right whichever worker wrote, and on both databases (docs/decisions/0071-kept-between-queries.md).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from bodega.access.open_store import OpenStore
from bodega.storage import query, table_stats
from bodega.storage.rows import Rows
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Tx

T = TypeVar("T")

MOST = 200
"""Parts that are kept of one store."""

MOST_ITEMS = 2_000
"""A longer list is not kept."""


class State(NamedTuple):
    """The revisions of a store and of the tables that it was asked for."""

    revision: int
    names: frozenset[str]
    tables: Mapping[str, int]


class Kept:
    """What is kept of one store whose rows are open."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._state = State(-1, self._names, {})
        self._parts: OrderedDict[Any, tuple[tuple[int, ...], Any]] = OrderedDict()

    async def state(self, reader: Tx) -> State:
        """The present state, read before whatever is made of it: a part that is newer than its state is made again."""
        revision = int(await query.value(reader, table_stats.REVISION, table_stats.STORE) or 0)
        if self._state.revision != revision:
            await self._read(reader, revision)
        return self._state

    async def _read(self, reader: Tx, revision: int) -> None:
        names = self._names
        marks = numbered_placeholders(len(names))
        sql = f"SELECT name, revision FROM table_statistics WHERE name IN ({marks})"
        tables = await query.pairs(reader, sql, *sorted(names)) if names else {}
        self._state = State(revision, names, tables)

    async def part(
        self, reader: Tx, state: State, learned: int, key: Any, tables: Sequence[str], make: Callable[[], Awaitable[T]]
    ) -> T:
        """What `make` makes of these tables and of what is `learned` of the store, or what it made before."""
        if not state.names.issuperset(tables):
            self._names |= frozenset(tables)
            await self._read(reader, state.revision)
            state = self._state
        stamp = (learned, *(state.tables.get(name, 0) for name in tables))
        before = self._parts.get(key)
        if before is not None and before[0] == stamp:
            self._parts.move_to_end(key)
            found: T = before[1]
            return found
        found = await make()
        if not isinstance(found, list) or len(found) <= MOST_ITEMS:
            self._parts[key] = (stamp, found)
            while len(self._parts) > MOST:
                self._parts.popitem(last=False)
        return found


_KEPT: WeakKeyDictionary[Rows, Kept] = WeakKeyDictionary()


def kept_of(store: OpenStore) -> Kept:
    """What is kept of an open store; nothing is left of it once its rows are closed."""
    assert store.rows is not None
    return _KEPT.setdefault(store.rows, Kept())
