"""What is left of the quotas survives a restart of an embedded server: its counts are kept in the registry.

They are written when the server stops, and every few seconds in which they changed, never while a request waits. A
server that is killed forgets at most what it counted since. Workers on PostgreSQL count in the registry itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import Callable, Iterable

import msgspec

from bodega.access.quota import Counts, Quota, SharedQuota
from bodega.log import Log
from bodega.storage.tx import Busy, Tx

SAVE_SECONDS = 10.0
AT_ONCE = 200
"""Accounts whose counts one statement writes."""


class KeptCount(msgspec.Struct, frozen=True):
    """What an account had spent when the server stopped, of the quota that it had then."""

    epoch: int
    counts: Counts


async def kept_counts(tx: Tx, store_hash: str) -> dict[str, KeptCount]:
    """The counts of a store's accounts as they were kept."""
    sql = (
        "SELECT q.client_id, q.quota_epoch, q.counts FROM quotas q JOIN accounts a ON a.client_id = q.client_id"
        " WHERE a.store = $1"
    )
    found: dict[str, KeptCount] = {}
    for client, epoch, counts in await tx.rows(sql, store_hash):
        found[client] = KeptCount(epoch, msgspec.json.decode(counts, type=dict[str, int]))
    return found


class QuotaKeeper:
    """Keeps the counts of the stores that this process has open."""

    def __init__(self, tx: Tx, quotas: Callable[[], Iterable[tuple[str, Quota]]], log: Log) -> None:
        """`quotas` tells the present counts by account; `tx` is the registry's."""
        self._tx = tx
        self._quotas = quotas
        self._log = log
        self._saved: dict[str, KeptCount] = {}
        self._at_work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to keep."""
        self._at_work = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Keeps for the last time."""
        if self._at_work is not None:
            self._at_work.cancel()
            await asyncio.gather(self._at_work, return_exceptions=True)
            with contextlib.suppress(Busy):
                await self.save()

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            try:
                await self.save()
            except Busy:
                continue
            except Exception as error:
                self._log.event("quotas not kept", traceback="".join(traceback.format_exception(error)))

    async def save(self) -> None:
        """Writes the counts that changed, many in one statement: each is a write to the disk. Raises Busy."""
        now = _counts(self._quotas())
        changed = [client for client, kept in now.items() if kept != self._saved.get(client)]
        for start in range(0, len(changed), AT_ONCE):
            part = changed[start : start + AT_ONCE]
            told = [(client, now[client].epoch, msgspec.json.encode(now[client].counts).decode()) for client in part]
            await self._tx.run(_save(len(part)), *(value for row in told for value in row))
        self._saved = now


def _counts(quotas: Iterable[tuple[str, Quota]]) -> dict[str, KeptCount]:
    return {
        client: KeptCount(quota.epoch, quota.counts()) for client, quota in quotas if not isinstance(quota, SharedQuota)
    }


def restored(quota: Quota, kept: KeptCount | None, now: float) -> Quota:
    """A fresh quota, going on with what was kept of the same one."""
    if kept is not None and kept.epoch == quota.epoch and not isinstance(quota, SharedQuota):
        quota.restore(kept.counts, now)
    return quota


def _save(count: int) -> str:
    """Accounts that were revoked a moment ago are passed over."""
    rows = ", ".join(f"(${3 * n + 1}, ${3 * n + 2}, ${3 * n + 3})" for n in range(count))
    return (
        f"WITH told (client_id, epoch, counts) AS (VALUES {rows})"  # noqa: S608 - only marks
        " INSERT INTO quotas (client_id, quota_epoch, counts, held, held_until)"
        " SELECT told.client_id, told.epoch, told.counts, 0, 0 FROM told"
        " WHERE told.client_id IN (SELECT client_id FROM accounts)"
        " ON CONFLICT (client_id) DO UPDATE SET quota_epoch = excluded.quota_epoch, counts = excluded.counts"
    )
