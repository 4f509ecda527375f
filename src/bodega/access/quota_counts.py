"""What is left of the quotas survives a restart of an embedded server: its counts are kept in the registry.

They are written when the server stops, and every few seconds in which they changed, never while a request waits. A
server that is killed forgets at most what it counted since. Workers on PostgreSQL count in the registry itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from bodega.access.account_rows import upsert
from bodega.access.quota import Counts, Quota, SharedQuota
from bodega.log import Log
from bodega.periodic import PeriodicJob
from bodega.storage.tx import Tx

SAVE_SECONDS = 10.0


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
        self._saved: dict[str, KeptCount] = {}
        self.job = PeriodicJob(SAVE_SECONDS, self.save, log, "quotas not kept", last=True)

    async def save(self) -> None:
        """Writes the counts that changed. Raises Busy."""
        now = _counts(self._quotas())
        rows = [
            (client, kept.epoch, msgspec.json.encode(kept.counts).decode(), 0, 0.0)
            for client, kept in now.items()
            if kept != self._saved.get(client)
        ]
        await upsert(self._tx, "quotas", _COLUMNS, rows, _MERGE)
        self._saved = now


_COLUMNS = {
    "client_id": "TEXT", "quota_epoch": "INTEGER", "counts": "TEXT", "held": "BIGINT", "held_until": "DOUBLE PRECISION",
}  # fmt: skip
_MERGE = {"quota_epoch": "excluded.quota_epoch", "counts": "excluded.counts"}


def _counts(quotas: Iterable[tuple[str, Quota]]) -> dict[str, KeptCount]:
    return {
        client: KeptCount(quota.epoch, quota.counts()) for client, quota in quotas if not isinstance(quota, SharedQuota)
    }


def restored(quota: Quota, kept: KeptCount | None, now: float) -> Quota:
    """A fresh quota, going on with what was kept of the same one."""
    if kept is not None and kept.epoch == quota.epoch and not isinstance(quota, SharedQuota):
        quota.restore(kept.counts, now)
    return quota
