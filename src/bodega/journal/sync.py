"""What the workers of a server tell one another of their journals, and the registry of when accounts were last used.

Each worker keeps its journal to itself. While an owner looks at a store's journal (`StoreRecord.watched`) every worker
writes its pages, masked, into one row of the registry, each second in which they changed. An embedded store has one
process, which has nobody to tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import time
import traceback
import zlib
from collections.abc import Iterable

import msgspec

from bodega.access.stores import Stores
from bodega.journal import masking
from bodega.journal.store import BUCKETS_MS, KEPT, MINUTES, Entry, Journal, StoreJournal
from bodega.log import Log
from bodega.storage import query
from bodega.storage.tx import Busy, Clash

TELL_SECONDS = 1.0
NOTE_SECONDS = 60.0
"""How often pages are told, and how often the registry learns when accounts were last used."""

WATCHED_SECONDS = 120
STALE_SECONDS = 3_600
"""How long one look keeps the workers telling, and how long what a worker told is read after it was last heard of."""

LONGEST_UNPACKED = 1024 * 1024

AT_ONCE = 200
"""Accounts whose use one statement notes."""


class Exchange(msgspec.Struct):
    """A request as it may be shown: text, credentials masked. Bodies are None where they were not kept."""

    at: float
    id: str
    method: str
    path: str
    query: str
    version: int
    status: int
    reason: str
    client_id: str
    us: int
    headers: list[tuple[str, str]]
    answer_headers: list[tuple[str, str]]
    secure: bool
    prefix: str
    body: str | None
    answer_body: str | None
    size: int
    answer_size: int

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header(self, name: str) -> str:
        """A header of the request; empty when there is none."""
        return next((value for other, value in self.headers if other == name), "")

    def answered(self, name: str) -> str:
        """A header of the answer; empty when there is none."""
        return next((value for other, value in self.answer_headers if other == name), "")


class JournalPages(msgspec.Struct):
    """The pages of one or several workers: newest request last; `minutes` by the number of the minute since 1970, as
    (requests by first digit of the status, durations by class)."""

    entries: list[Exchange] = []
    counts: dict[str, int] = {}
    statuses: dict[int, int] = {}
    minutes: dict[int, tuple[list[int], list[int]]] = {}
    since: int = 0
    workers: int = 1


def exchange_of(entry: Entry, *, bodies: bool = True) -> Exchange:
    """What may be shown of a request. Without `bodies` it costs a tenth: a list of requests shows none."""
    sent, answered = masking.headers(entry.headers.items()), masking.headers(entry.answer_headers)
    body, answer_body = (entry.body, entry.answer_body) if bodies else (None, None)
    return Exchange(
        entry.at, entry.id, entry.method, entry.path, masking.query(entry.query), entry.version, entry.status,
        entry.reason, entry.client_id, entry.us, sent, answered, entry.secure, entry.prefix,
        _body(body, dict(sent)), _body(answer_body, dict(answered)), entry.size, entry.answer_size,
    )  # fmt: skip


def _body(raw: bytes | None, headers: dict[str, str]) -> str | None:
    if raw is None:
        return None
    if headers.get("content-encoding") == "gzip":
        with contextlib.suppress(zlib.error):  # what was cut is shown as far as it goes
            raw = zlib.decompressobj(31).decompress(raw, LONGEST_UNPACKED)
    return masking.body(raw.decode("utf-8", "replace"), headers.get("content-type", ""))


def pages_of(store_journal: StoreJournal, entries: list[Exchange]) -> JournalPages:
    """The pages of one process."""
    minutes = {number: (list(item.classes), list(item.durations)) for number, item in store_journal.minutes.items()}
    return JournalPages(entries, dict(store_journal.counts), dict(store_journal.statuses), minutes, store_journal.since)


def joined(pages: Iterable[JournalPages]) -> JournalPages:
    """The pages of several workers as one."""
    whole = JournalPages(since=int(time.time()), workers=0)
    for page in pages:
        whole.workers += 1
        whole.since = min(whole.since, page.since)
        whole.entries += page.entries
        for reason, count in page.counts.items():
            whole.counts[reason] = whole.counts.get(reason, 0) + count
        for status, count in page.statuses.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + count
        for minute, (classes, durations) in page.minutes.items():
            old = whole.minutes.get(minute, ([0] * 6, [0] * (len(BUCKETS_MS) + 1)))
            added = [a + b for a, b in zip(old[0], classes, strict=True)]
            whole.minutes[minute] = (added, [a + b for a, b in zip(old[1], durations, strict=True)])
    whole.entries.sort(key=lambda entry: entry.at)
    del whole.entries[: -2 * KEPT]
    oldest = int(time.time()) // 60 - MINUTES
    whole.minutes = {minute: item for minute, item in sorted(whole.minutes.items()) if minute > oldest}
    return whole


class JournalSync:
    """Reads and tells the journal of this process; `shared` when other workers answer for the same stores."""

    def __init__(self, stores: Stores, journal: Journal, log: Log, *, shared: bool) -> None:
        self._stores = stores
        self._journal = journal
        self._log = log
        self._shared = shared
        self._worker = os.urandom(8).hex()
        self._told: dict[str, int] = {}
        self._masked: dict[str, dict[str, Exchange]] = {}
        """What was told last: a request is masked once, however often it is told."""
        self._at_work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to tell and to note."""
        self._at_work = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Notes for the last time when accounts were used."""
        if self._at_work is not None:
            self._at_work.cancel()
            await asyncio.gather(self._at_work, return_exceptions=True)
            with contextlib.suppress(Busy):
                await self._note()

    async def read(self, store: str, *, bodies: bool = False) -> JournalPages:
        """What all workers have of a store; `bodies` for those who show them."""
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
        """One request with its bodies; None when it is no longer there."""
        store_journal = self._journal.stores.get(store)
        for entry in store_journal.entries if store_journal is not None else ():
            if entry.id == request_id:
                return exchange_of(entry)
        found = await self.read(store) if self._shared else JournalPages()
        return next((entry for entry in found.entries if entry.id == request_id), None)

    def last_used(self) -> dict[str, int]:
        """When accounts were last used, as far as this process knows and the registry may not yet."""
        return {
            client: at for store_journal in self._journal.stores.values() for client, at in store_journal.used.items()
        }

    async def _watch(self, store: str) -> None:
        """Asks the workers to tell, before they stop."""
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
            with contextlib.suppress(Clash):  # the store was deleted a moment ago
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
        """Writes when accounts were last used, many in one statement: on SQLite each is a write to the disk."""
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
    """Accounts that were revoked a moment ago are passed over."""
    rows = ", ".join(f"(CAST(${2 * n + 1} AS TEXT), CAST(${2 * n + 2} AS BIGINT))" for n in range(count))
    return (
        f"WITH told (client_id, used) AS (VALUES {rows})"  # noqa: S608 - only marks
        " INSERT INTO account_uses (client_id, used) SELECT told.client_id, told.used FROM told"
        " WHERE told.client_id IN (SELECT client_id FROM accounts)"
        " ON CONFLICT (client_id) DO UPDATE SET used = CASE WHEN account_uses.used < excluded.used"
        " THEN excluded.used ELSE account_uses.used END"
    )
