"""Quotas: how many requests an account may send, counted by the store's clock.

OAuth accounts have a window (rule 11), Basic accounts an hour that rolls on every minute (rule 10). One process counts
in memory; workers on PostgreSQL take reservations of several units from the registry, so that a request costs no trip.
"""

from __future__ import annotations

import msgspec

from bodega.access.plans import HOUR_SECONDS, WINDOW_MS
from bodega.storage.registry import Account
from bodega.storage.tx import Tx


class Spent(msgspec.Struct, frozen=True, gc=False):
    """The state after a request: `left` is negative when it was one too many; `reset_ms` until the count moves on."""

    left: int
    quota: int
    reset_ms: int


class Window:
    """A quota of an OAuth account: so many requests a window; the first request of a window starts it."""

    __slots__ = ("ends", "epoch", "quota", "used")

    def __init__(self, account: Account) -> None:
        self.quota = account.per_window
        self.epoch = account.quota_epoch
        self.ends = 0.0
        self.used = 0

    def spend(self, now: float) -> Spent:
        """Counts a request at `now` (UTC seconds)."""
        left_ms = int((self.ends - now) * 1000)
        if left_ms <= 0 or left_ms > WINDOW_MS:
            self.ends = now + WINDOW_MS / 1000
            self.used = 0
            left_ms = WINDOW_MS
        self.used += 1
        return Spent(self.quota - self.used, self.quota, left_ms)

    async def reserve(self, _tx: Tx | None, now: float) -> Spent:
        """Counts a request."""
        return self.spend(now)


class Hour:
    """A quota of a Basic account: so many requests in the last sixty minutes."""

    __slots__ = ("epoch", "minutes", "quota", "total")

    def __init__(self, account: Account) -> None:
        self.quota = account.per_hour
        self.epoch = account.quota_epoch
        self.minutes: dict[int, int] = {}
        self.total = 0

    def spend(self, now: float) -> Spent:
        """Counts a request at `now` (UTC seconds); one that is refused is not counted."""
        minute = int(now // 60)
        if minute not in self.minutes:
            self.minutes = {m: used for m, used in self.minutes.items() if minute - 60 < m <= minute}
            self.minutes[minute] = 0
            self.total = sum(self.minutes.values())
        if self.total >= self.quota:
            oldest = min((m for m, used in self.minutes.items() if used), default=minute)
            wait = (oldest * 60 + HOUR_SECONDS - now) if oldest != minute or self.quota else HOUR_SECONDS
            return Spent(-1, self.quota, max(1000, int(wait * 1000)))
        self.minutes[minute] += 1
        self.total += 1
        return Spent(self.quota - self.total, self.quota, int((minute * 60 + 60 - now) * 1000))

    async def reserve(self, _tx: Tx | None, now: float) -> Spent:
        """Counts a request."""
        return self.spend(now)


class Shared:
    """A quota that several workers share: units are taken from the registry, a few at a time.

    A reservation shrinks with what is left, so that near its end a quota is counted one by one.
    """

    __slots__ = ("account", "bucket", "epoch", "hour", "in_hand", "known", "left", "quota")

    def __init__(self, account: Account) -> None:
        self.account = account.client_id
        self.hour = account.kind == "basic"
        self.quota = account.per_hour if self.hour else account.per_window
        self.epoch = account.quota_epoch
        self.bucket = -1
        self.in_hand = 0
        self.left = 0
        self.known = False

    async def reserve(self, tx: Tx | None, now: float) -> Spent:
        """Counts a request at `now` (UTC seconds)."""
        length = HOUR_SECONDS if self.hour else WINDOW_MS / 1000
        bucket = int(now // length)
        if bucket != self.bucket:
            self.bucket, self.in_hand, self.left = bucket, 0, self.quota
        reset_ms = max(1, int(((bucket + 1) * length - now) * 1000))
        if self.in_hand == 0:
            assert tx is not None
            await self._take(tx)
        if self.in_hand == 0:
            return Spent(-1, self.quota, reset_ms)
        self.in_hand -= 1
        return Spent(self.left + self.in_hand, self.quota, reset_ms)

    async def _take(self, tx: Tx) -> None:
        wanted = max(1, min(50, self.left // 40))
        if not self.known:
            await tx.run(_FIRST, self.account)
            self.known = True
        row = await tx.row(_TAKE, self.account, self.epoch, self.bucket, wanted, self.quota)
        used = int(row[0]) if row is not None else self.quota
        before = int(row[1]) if row is not None else self.quota
        self.in_hand = max(0, used - before)
        self.left = max(0, self.quota - used)


_FIRST = "INSERT INTO quotas (client_id, quota_epoch, bucket, used) VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING"

_TAKE = """
WITH was AS (
    SELECT CASE WHEN quota_epoch = $2::int AND bucket = $3::bigint THEN used ELSE 0 END AS used
    FROM quotas WHERE client_id = $1 FOR UPDATE
)
UPDATE quotas SET quota_epoch = $2::int, bucket = $3::bigint, used = least($5::bigint, was.used + $4::bigint)
FROM was WHERE quotas.client_id = $1 RETURNING quotas.used, was.used
"""
"""The row is locked before it is read, so two workers never get the same unit."""

Quota = Window | Hour | Shared


def quota_for(account: Account, *, shared: bool) -> Quota:
    """A fresh count for an account."""
    if shared:
        return Shared(account)
    return Hour(account) if account.kind == "basic" else Window(account)
