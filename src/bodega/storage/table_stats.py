"""The table statistics of a store: one row for each table, updated in the same transaction as any change of that table.

`revision` (the store's own counter, never going back) and `modified` answer ETag and Last-Modified of collections
(`modified` of the store itself is the latest that its clock is known to have shown),
`total` answers counts without counting, `next_id` gives ids in the order of commits, and `index_revision` changes when
rows are added or deleted. `page_index` counts the existing rows of each block of 256 ids, so that a deep page of a list
is found without a scan.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bodega.storage import outbox
from bodega.storage.tx import Statement, Tx

BLOCK_BITS = 8
BLOCK = 1 << BLOCK_BITS

SCHEMA = """
CREATE TABLE table_statistics (
    name TEXT PRIMARY KEY, revision BIGINT NOT NULL, modified BIGINT NOT NULL,
    total BIGINT NOT NULL, next_id BIGINT NOT NULL, index_revision BIGINT NOT NULL
);
CREATE TABLE page_index (
    name TEXT NOT NULL, block INTEGER NOT NULL, living INTEGER NOT NULL, PRIMARY KEY (name, block)
);
"""

STORE = "*"
READ = "SELECT revision, modified, total, index_revision FROM table_statistics WHERE name = $1"
REVISION = "SELECT revision FROM table_statistics WHERE name = $1"
_LOAD = "SELECT name, revision, modified, total, next_id, index_revision FROM table_statistics"
NEWEST = "SELECT coalesce(max(revision), 0), coalesce(max(abs(modified)), 0) FROM table_statistics"
"""The last revision of a store, and the latest date of a change."""

LOCK = f"SELECT 1 FROM table_statistics WHERE name = '{STORE}' FOR UPDATE"
"""The write lock of a store on PostgreSQL: the row exists from the first migration on.

It is a separate statement, since a statement that waits for a lock does not see what was written while it waited.
"""
_SAVE = """INSERT INTO table_statistics (name, revision, modified, total, next_id, index_revision)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, modified = excluded.modified,
total = excluded.total, next_id = excluded.next_id, index_revision = excluded.index_revision"""
_LIVING = """INSERT INTO page_index (name, block, living) VALUES ($1, $2, $3)
ON CONFLICT (name, block) DO UPDATE SET living = page_index.living + excluded.living"""

Entry = tuple[int, int, int, int, int]
EMPTY: Entry = (0, 0, 0, 1, 0)
Mark = tuple[int, int, int, dict[tuple[str, int], int], int, int]
"""How many entries were changed, the store's revision and latest date, the rows of the blocks, how many events there
were and how many hooks were deleted."""


def strictly_later(before: int, stamp: int) -> int:
    """When a row changed that last did so at `before`, for Last-Modified: never what was told of it before.

    A second change within a second is dated to the next one. Until then clients are told the present time instead, so
    that further changes need no later date. `update_sql` says the same of a row.
    """
    return stamp if before < stamp else max(before, stamp + 1)


def ambiguous_within_a_second(before: int, stamp: int) -> int:
    """When a table last changed: negative if it did so more than once in that second, since then the date does not tell
    its states apart (`law/outcome.py`). 0 is never."""
    return stamp if abs(before) < stamp else -abs(before)


class TableStatistics:
    """The table statistics inside one write transaction: read once, updated in memory by each job, written once."""

    def __init__(self, entries: dict[str, Entry], bare: dict[tuple[str, ...], frozenset[str]] | None = None) -> None:
        self._entries = entries
        self._revision, self._latest, *_ = entries.pop(STORE, EMPTY)
        """The store's own entry."""
        self._bare = {} if bare is None else bare
        """What `without_rows` found."""
        self._moved: set[str] = set()
        self._before: list[tuple[str, Entry]] = []
        """Which entries were changed, and what they were before: changes are taken back from the last one."""
        self.written: set[tuple[str, int]] = set()
        """Rows that this transaction has updated."""
        self._living: dict[tuple[str, int], int] = defaultdict(int)
        self.outbox: list[outbox.OutboxEvent] = []
        self.gone_hooks: list[int] = []
        """Hooks that were deleted: what waits in the outbox for them is not kept."""
        """Events of this transaction with subscribed hooks."""
        self.held: dict[tuple[Any, ...], int] = {}
        """How many rows a table with a cap within columns holds there, by its name and their values, once counted."""
        self.restored = 0
        """How often something of this transaction was taken back."""
        self.waiting: set[int] = set()
        """Hooks that have deliveries again after this transaction."""

    @classmethod
    async def load(cls, tx: Tx) -> TableStatistics:
        """Reads all entries, under the store's write lock."""
        return cls(
            {
                name: (revision, modified, total, next_id, index_revision)
                for name, revision, modified, total, next_id, index_revision in await tx.rows(_LOAD)
            }
        )

    def next(self) -> TableStatistics:
        """Those of the next transaction, once this one was committed, if nobody else has written meanwhile."""
        following = TableStatistics(self._entries, self._bare)
        following._revision, following._latest = self._revision, self._latest
        return following

    def mark(self) -> Mark:
        """The present state, to be restored when a job fails."""
        living = dict(self._living)
        return len(self._before), self._revision, self._latest, living, len(self.outbox), len(self.gone_hooks)

    def restore(self, mark: Mark) -> None:
        """Restores a state that `mark` returned."""
        self.restored += 1
        self._bare.clear()
        changes, self._revision, self._latest, living, events, gone = mark
        while len(self._before) > changes:
            name, before = self._before.pop()
            if before is EMPTY:
                self._entries.pop(name, None)
            else:
                self._entries[name] = before
        self._moved = {name for name, _before in self._before}
        if self._moved:
            self._moved.add(STORE)
        self._living = defaultdict(int, living)
        self.held.clear()
        del self.outbox[events:]
        del self.gone_hooks[gone:]

    def forget_held(self, table: str) -> None:
        """The rows of a table were deleted or moved: what was counted of it is counted again."""
        for key in [key for key in self.held if key[0] == table]:
            del self.held[key]

    def moved(self, table: str) -> bool:
        """Whether this transaction has changed a table."""
        return table in self._moved

    def untouched(self, table: str) -> bool:
        """Whether a table never held a row, or not since the store was emptied."""
        return self.total(table) == 0 and self.next_id(table) == 1

    def state(self, table: str) -> tuple[int, int]:
        """A table's revision and when it last changed, in UTC seconds, as of this moment of the transaction."""
        return self._entries.get(table, EMPTY)[:2] if table != STORE else (self._revision, self._latest)

    def total(self, table: str) -> int:
        """Rows in a table, as of this moment of the transaction."""
        return self._entries.get(table, EMPTY)[2]

    def without_rows(self, tables: tuple[str, ...]) -> frozenset[str]:
        """Those of these tables that hold no row, as of this moment of the transaction."""
        known = self._bare.get(tables)
        if known is None:
            known = self._bare[tables] = frozenset([table for table in tables if not self.total(table)])
        return known

    def next_id(self, table: str) -> int:
        """The id that the next row will have."""
        return self._entries.get(table, EMPTY)[3]

    def stamp(self, now: int) -> int:
        """The date of a change at `now`. If the clock has gone back, it is later than all it showed before: a copy
        that was read then must not count as current."""
        latest = self._latest
        return now if latest <= now else latest + 1

    def note(self, latest: int) -> None:
        """The store's clock is known to have shown `latest`."""
        self._latest = max(self._latest, latest)

    def touch(self, table: str, now: int) -> int:
        """Notes a change of `table` at `now` (UTC seconds): the new revision of the store, which is the row's
        version."""
        before = self._entries.get(table, EMPTY)
        self._before.append((table, before))
        self._revision = revision = self._revision + 1
        if table not in self._moved:
            self._moved.update((STORE, table))
        _revision, modified, total, next_id, index_revision = before
        if modified != -now or self._latest != now:  # else it changes once more in the second of its last change
            modified = self._dated(modified, now)
        self._entries[table] = (revision, modified, total, next_id, index_revision)
        return revision

    def enter(self, table: str, now: int, entity_id: int | None = None) -> tuple[int, int]:
        """Notes a new row: its id (the next one unless given) and its version."""
        entry = self._entries.get(table, EMPTY)
        new_id = entry[3] if entity_id is None else entity_id
        self._living[(table, new_id >> BLOCK_BITS)] += 1
        revision = self._move(table, now, 1, max(0, new_id + 1 - entry[3]))
        return new_id, revision

    def leave(self, table: str, now: int, ids: list[int]) -> int:
        """Notes deleted rows: the new revision."""
        self.forget_held(table)
        for gone in ids:
            self._living[(table, gone >> BLOCK_BITS)] -= 1
        return self._move(table, now, -len(ids), 0)

    def _move(self, table: str, now: int, rows: int, ids: int) -> int:
        before = self._entries.get(table, EMPTY)
        self._before.append((table, before))
        self._revision = revision = self._revision + 1
        if table not in self._moved:
            self._moved.update((STORE, table))
        _revision, modified, total, next_id, index_revision = before
        if modified != -now or self._latest != now:
            modified = self._dated(modified, now)
        if rows:
            index_revision = revision
            if not total or total + rows == 0:
                self._bare.clear()
        self._entries[table] = (revision, modified, total + rows, next_id + ids, index_revision)
        return revision

    def _dated(self, before: int, now: int) -> int:
        """When a table that last changed at `before` did so, if it does at `now`."""
        latest = self._latest
        stamp = now
        if latest < now:
            self._latest = now
        elif latest > now:
            stamp = latest + 1
        return ambiguous_within_a_second(before, stamp) if before else now

    def empty(self, now: int) -> None:
        """All rows were deleted and ids start at 1 again, yet the store's revision continues, so that no entity tag is
        reused."""
        revision = self._revision + 1
        stamp = self.stamp(now)
        self._bare.clear()
        self._before += ((STORE, EMPTY), *self._entries.items())
        for name, entry in self._entries.items():
            self._entries[name] = (revision, ambiguous_within_a_second(entry[1], stamp), 0, 1, revision)
        self._revision, self._latest = revision, max(self._latest, now)
        self._moved.update((STORE, *self._entries))
        self._living.clear()
        self.held.clear()

    def statements(self) -> list[Statement]:
        """The statements that write the table statistics and the events before the commit."""
        statements_of_events: list[Statement] = []
        if self.gone_hooks:
            self.outbox = outbox.without(self.outbox, self.gone_hooks)
        if self.outbox:
            first = self._entries.get(outbox.DELIVERIES, EMPTY)[3]
            rows = sum(len(event.hooks) for event in self.outbox)
            self._move(outbox.DELIVERIES, self.outbox[-1].created, 0, rows)
            statements_of_events = outbox.statements(self.outbox, first)
        own = (self._revision, self._latest, 0, 1, 0)
        entries = {STORE: own, **{name: self._entries[name] for name in self._moved if name != STORE}}
        saved: list[Statement] = [(_SAVE, (name, *entries[name])) for name in sorted(self._moved)]
        saved += [(_LIVING, (name, block, change)) for (name, block), change in self._living.items() if change]
        return saved + statements_of_events
