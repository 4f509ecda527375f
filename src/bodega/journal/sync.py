"""Writes what this process noted to the journal, keeps the journal within its bounds, and reads it.

Nothing of this happens on a request's path. The journal is written once a second; a process that is killed forgets at
most what it noted since. All workers of a PostgreSQL server write to one journal, and read from it. When accounts were
last used goes the same way into the registry, once a minute and at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from typing import Any

import msgspec

from bodega.access.account_rows import upsert
from bodega.access.settings import with_defaults
from bodega.access.stores import OpenStore, Stores
from bodega.aside import Turn
from bodega.events.deliveries import KEEP
from bodega.journal.exchange import Attempt, Exchange, attempt_of, exchange_of, number_at
from bodega.journal.pages import JournalPages, pages_of
from bodega.journal.recorder import Journal, key_of
from bodega.journal.ring import ALL, ATTEMPTS, EXCHANGES, PASTS, JournalRing, Wanted, attempt_row, exchange_row
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.storage.tx import Busy

WRITE_SECONDS = 1.0
NOTE_SECONDS = 60.0
PRUNE_SECONDS = 60.0
CLEAR_SECONDS = 600.0
"""How often, in seconds, the journal is written, the last use of accounts is recorded, rings that were written to are
kept within their bounds, and all others too."""

PART = 1 / 64
"""A ring that has grown by this part of its size is brought back within its bounds at once."""

WRITTEN_AT_ONCE = 500
LONGEST_TURN_SECONDS = 0.002
"""How long masking may hold up the requests of this process before they get their turn."""

UNWRITTEN = 24_000
"""Rows that are kept in memory at most while the database cannot be written."""

DAYS, MEGABYTES = "journal.keep_days", "journal.keep_megabytes"


class JournalSync:
    """Reads and writes the journal for this process."""

    def __init__(self, stores: Stores, journal: Journal, log: Log) -> None:
        self._stores = stores
        self._journal = journal
        self.ring = JournalRing(stores.backend.journal())
        self._worker = os.urandom(8).hex()
        self._writing = asyncio.Lock()
        self._rows: dict[str, list[tuple[Any, ...]]] = {EXCHANGES: [], ATTEMPTS: [], PASTS: []}
        self._minutes: dict[tuple[str, int], str] = {}
        self._grown: dict[tuple[str, str], int] = {}
        self._bounds: dict[str, dict[str, Any]] = {}
        self._jobs = (
            PeriodicJob(WRITE_SECONDS, self._round, log, "journal not written", last=True),
            PeriodicJob(NOTE_SECONDS, self._note, log, "use of accounts not noted", last=True),
            PeriodicJob(PRUNE_SECONDS, self._prune, log, "journal not pruned"),
            PeriodicJob(CLEAR_SECONDS, self.clear, log, "journal not cleared"),
        )

    def start(self) -> None:
        """Starts writing, recording and pruning."""
        for job in self._jobs:
            job.start()

    async def stop(self) -> None:
        """Stops, after writing and recording once more."""
        for job in self._jobs:
            await job.stop()
        await self.ring.close()

    # Reading

    async def read(self, store: str, *, bodies: bool = False, limit: int = 250) -> JournalPages:
        """The newest exchanges of a store and its counts; with bodies if `bodies`."""
        key = await self._key(store)
        if key is None:
            return JournalPages()
        entries = await self.ring.exchanges(key, limit=limit, bodies=bodies)
        return pages_of(entries[::-1], await self.ring.tallies(key))

    async def search(self, store: str, wanted: Wanted = ALL, **page: Any) -> list[Exchange]:
        """The exchanges of a store that are wanted, newest first; `page` as for `JournalRing.exchanges`."""
        key = await self._key(store)
        return [] if key is None else await self.ring.exchanges(key, wanted, **page)

    async def find(self, store: str, request_id: str) -> Exchange | None:
        """One request with its bodies; None if it is no longer kept."""
        key = await self._key(store)
        return None if key is None else await self.ring.exchange(key, request_id)

    async def newest_of(self, store: str, statuses: list[int]) -> dict[int, Exchange]:
        """The newest exchange of a store for each of these statuses."""
        key = await self._key(store)
        return {} if key is None else await self.ring.newest_of(key, statuses)

    async def attempts(self, store: str, **asked: Any) -> list[Attempt]:
        """Attempts to deliver events of a store, newest first; `asked` as for `JournalRing.attempts`."""
        key = await self._key(store)
        return [] if key is None else await self.ring.attempts(key, **asked)

    async def _key(self, store: str) -> str | None:
        """The store in the journal, which has been written up to now; None if there is no such store."""
        with contextlib.suppress(Busy):
            await self.write()
        known = await self._stores.get(store)
        return None if known is None else key_of(known.record)

    def last_used(self) -> dict[str, int]:
        """When accounts were last used, as far as this process knows; the registry may not know yet."""
        return {
            client: at for store_journal in self._journal.stores.values() for client, at in store_journal.used.items()
        }

    # Writing

    def keep_past(self, store: OpenStore, request_id: str, past: bytes) -> None:
        """Keeps what a request changed (`storage/past.py`), as long as the journal keeps requests."""
        self._rows[PASTS].append((key_of(store.record), len(past), number_at(time.time()), request_id, past))
        self._bounds.setdefault(key_of(store.record), store.settings)

    async def write(self) -> None:
        """Writes what was noted since the last time. Raises Busy; then it is tried again the next time."""
        async with self._writing:
            await self._mask()
            for table, rows in self._rows.items():
                while rows:
                    part = rows[:WRITTEN_AT_ONCE]
                    await self.ring.add(table, part)
                    del rows[: len(part)]
                    for store, size, *_ in part:
                        self._grown[table, store] = self._grown.get((table, store), 0) + size
            if self._minutes:
                told = [(store, minute, self._worker, text) for (store, minute), text in self._minutes.items()]
                await self.ring.add_minutes(told)
                self._minutes.clear()

    async def _round(self) -> None:
        await self.write()
        await self._prune(PART)

    async def _mask(self) -> None:
        """Turns what was noted into rows."""
        turn = Turn(LONGEST_TURN_SECONDS)
        for journal, waiting, attempts, minutes in self._journal.take():
            self._bounds[journal.key] = journal.settings
            for minute, told in minutes.items():
                self._minutes[journal.key, minute] = msgspec.json.encode(told).decode()
            for table, rows in (
                (EXCHANGES, (exchange_row(journal.key, exchange_of(entry)) for entry in waiting)),
                (ATTEMPTS, (attempt_row(journal.key, attempt_of(number, made)) for number, made in attempts)),
            ):
                for row in rows:
                    self._rows[table].append(row)
                    await turn.breathe()
        for unwritten in self._rows.values():
            del unwritten[: max(0, len(unwritten) - UNWRITTEN)]

    # Bounds

    async def _prune(self, part: float = 0.0) -> None:
        """Brings rings that have grown, by this part of their size at least, back within the settings of their
        store."""
        for (table, store), grown in list(self._grown.items()):
            settings = self._bounds.get(store)
            if settings is not None and grown >= part * _bytes(settings):
                del self._grown[table, store]
                await self._bound(table, store, settings)

    async def _bound(self, table: str, store: str, settings: dict[str, Any]) -> None:
        days = settings[KEEP] if table == ATTEMPTS else settings[DAYS]
        await self.ring.prune(table, store, days=days, most_bytes=_bytes(settings))

    async def clear(self) -> None:
        """Brings every ring within the bounds of its store, and deletes those of stores that are no more."""
        known = {key_of(record): with_defaults(record.settings) for record in await self._stores.registry.stores()}
        self._bounds = {store: settings for store, settings in self._bounds.items() if store in known}
        for store in await self.ring.stores():
            settings = known.get(store)
            if settings is None:
                await self.ring.forget(store)
            else:
                for table in (EXCHANGES, ATTEMPTS, PASTS):
                    await self._bound(table, store, settings)
        await self.ring.forget_minutes()

    async def forget(self, store: str) -> None:
        """Deletes everything that is kept of a store up to now."""
        key = await self._key(store)
        if key is not None:
            await self.ring.forget(key)

    async def _note(self) -> None:
        """Records when accounts were last used. Raises Busy."""
        used = self.last_used()
        await upsert(self._stores.registry.tx, "account_uses", _COLUMNS, list(used.items()), _MERGE)
        for store_journal in self._journal.stores.values():
            store_journal.used = {client: at for client, at in store_journal.used.items() if used.get(client) != at}


_COLUMNS = {"client_id": "TEXT", "used": "BIGINT"}
_MERGE = {
    "used": "CASE WHEN account_uses.used < excluded.used THEN excluded.used ELSE account_uses.used END",
}


def _bytes(settings: dict[str, Any]) -> int:
    return int(settings[MEGABYTES]) * 1_000_000
