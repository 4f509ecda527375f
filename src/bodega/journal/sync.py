"""Shares the journals of a server's workers, and records in the registry when accounts were last used.

Each worker keeps its journal to itself. While an owner looks at a store's journal (`StoreRecord.watched`) every worker
writes its pages, masked, into one row of the registry, every second in which they changed. On SQLite there is one
process, and nothing to share.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import time
import traceback

import msgspec

from bodega.access.stores import Stores
from bodega.journal.exchange import Exchange, exchange_of
from bodega.journal.pages import JournalPages, joined, pages_of
from bodega.journal.recorder import Journal
from bodega.journal.store import StoreJournal
from bodega.log import Log
from bodega.storage import query
from bodega.storage.tx import Busy, Clash

TELL_SECONDS = 1.0
NOTE_SECONDS = 60.0
"""How often, in seconds, pages are published and the last use of accounts is recorded."""

WATCHED_SECONDS = 120
STALE_SECONDS = 3_600
"""How long one look keeps the workers publishing, and how long the pages of a worker count after it last published."""

AT_ONCE = 200
"""Accounts whose use one statement records."""


class JournalSync:
    """Reads and publishes the journal of this process; `shared` if other workers serve the same stores."""

    def __init__(self, stores: Stores, journal: Journal, log: Log, *, shared: bool) -> None:
        self._stores = stores
        self._journal = journal
        self._log = log
        self._shared = shared
        self._worker = os.urandom(8).hex()
        self._told: dict[str, int] = {}
        self._masked: dict[str, dict[str, Exchange]] = {}
        """What was published last: a request is masked once, however often it is published."""
        self._at_work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts publishing and recording."""
        self._at_work = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stops, after recording once more when accounts were used."""
        if self._at_work is not None:
            self._at_work.cancel()
            await asyncio.gather(self._at_work, return_exceptions=True)
            with contextlib.suppress(Busy):
                await self._note()

    async def read(self, store: str, *, bodies: bool = False) -> JournalPages:
        """The pages of all workers for a store; with bodies if `bodies`."""
        store_journal = self._journal.stores.get(store)
        pages = (
            []
            if store_journal is None
            else [pages_of(store_journal, [exchange_of(entry, bodies=bodies) for entry in store_journal.entries])]
        )
        if self._shared:
            await self._watch(store)
            sql = "SELECT pages FROM journals WHERE store = $1 AND worker <> $2 AND told > $3"
            since = int(time.time()) - STALE_SECONDS
            packed = await query.values(self._stores.registry.tx, sql, store, self._worker, since)
            pages += [msgspec.msgpack.decode(gzip.decompress(those), type=JournalPages) for those in packed]
        return joined(pages)

    async def find(self, store: str, request_id: str) -> Exchange | None:
        """One request with its bodies; None if it is no longer kept."""
        store_journal = self._journal.stores.get(store)
        for entry in store_journal.entries if store_journal is not None else ():
            if entry.id == request_id:
                return exchange_of(entry)
        found = await self.read(store) if self._shared else JournalPages()
        return next((entry for entry in found.entries if entry.id == request_id), None)

    def last_used(self) -> dict[str, int]:
        """When accounts were last used, as far as this process knows; the registry may not know yet."""
        return {
            client: at for store_journal in self._journal.stores.values() for client, at in store_journal.used.items()
        }

    async def _watch(self, store: str) -> None:
        """Asks the workers to go on publishing, before they stop."""
        known = await self._stores.get(store)
        now = int(time.time())
        if known is not None and known.record.watched < now + WATCHED_SECONDS // 2:
            sql = "UPDATE stores SET watched = $2 WHERE hash = $1"
            await self._stores.registry.tx.run(sql, store, now + WATCHED_SECONDS)
            await self._stores.registry.notify_change()

    async def _work(self) -> None:
        noted = time.monotonic()
        while True:
            await asyncio.sleep(TELL_SECONDS)
            try:
                if self._shared:
                    await self._tell()
                if time.monotonic() - noted >= NOTE_SECONDS:
                    noted = time.monotonic()
                    await self._note()
            except Busy:
                continue
            except Exception as error:
                self._log.event("journal not told", traceback="".join(traceback.format_exception(error)))

    async def _tell(self) -> None:
        now = int(time.time())
        for name, store_journal in list(self._journal.stores.items()):
            store = await self._stores.get(name) if self._stores.holds(name) else None
            if store is None or store.record.watched < now or self._told.get(name) == store_journal.moved:
                continue
            moved = store_journal.moved
            pages = gzip.compress(msgspec.msgpack.encode(pages_of(store_journal, self._whole(name, store_journal))), 1)
            tx = self._stores.registry.tx
            with contextlib.suppress(Clash):  # the store was just deleted
                await tx.run(_TELL, name, self._worker, now, pages)
            self._told[name] = moved
            await tx.run("DELETE FROM journals WHERE told < $1", now - STALE_SECONDS)

    def _whole(self, name: str, store_journal: StoreJournal) -> list[Exchange]:
        known = self._masked.get(name, {})
        self._masked = {
            name: {entry.id: known.get(entry.id) or exchange_of(entry) for entry in store_journal.entries}
        } | {other: kept for other, kept in self._masked.items() if other != name and other in self._journal.stores}
        return list(self._masked[name].values())

    async def _note(self) -> None:
        """Records when accounts were last used, many in one statement: on SQLite each statement is a write to the
        disk."""
        used = self.last_used()
        clients = list(used)
        for start in range(0, len(clients), AT_ONCE):
            part = clients[start : start + AT_ONCE]
            values = [value for client in part for value in (client, used[client])]
            await self._stores.registry.tx.run(_used(len(part)), *values)
        for store_journal in self._journal.stores.values():
            store_journal.used = {client: at for client, at in store_journal.used.items() if used.get(client) != at}


_TELL = """
INSERT INTO journals (store, worker, told, pages) VALUES ($1, $2, $3, $4)
ON CONFLICT (store, worker) DO UPDATE SET told = excluded.told, pages = excluded.pages
"""


def _used(count: int) -> str:
    """The statement for `count` accounts; those that were just revoked are ignored."""
    rows = ", ".join(f"(CAST(${2 * n + 1} AS TEXT), CAST(${2 * n + 2} AS BIGINT))" for n in range(count))
    return (
        f"WITH told (client_id, used) AS (VALUES {rows})"  # noqa: S608 - only placeholders
        " INSERT INTO account_uses (client_id, used) SELECT told.client_id, told.used FROM told"
        " WHERE told.client_id IN (SELECT client_id FROM accounts)"
        " ON CONFLICT (client_id) DO UPDATE SET used = CASE WHEN account_uses.used < excluded.used"
        " THEN excluded.used ELSE account_uses.used END"
    )
