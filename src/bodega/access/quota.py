"""Quotas: how many requests an account may send, counted by the store's clock.

OAuth accounts have a window (rule 11) and may have a rolling hour beside it; Basic accounts have the hour (rule 10).
One process counts in memory, and keeps what it counted (`quota_counts.py`); workers on PostgreSQL reserve several units
at once in the registry, so that a request costs no round trip.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import msgspec

from bodega.access.plans import HOUR_SECONDS, WINDOW_MS
from bodega.storage.registry import Account
from bodega.storage.tx import Busy, Clash, Tx


class Spent(msgspec.Struct, frozen=True, gc=False):
    """The state after a request: `left` is negative if it was one too many; `reset_ms` until the count changes."""

    left: int
    quota: int
    reset_ms: int


Counts = Mapping[str, int]
"""Requests by what they were counted under: the end of a window in milliseconds, or the number of a minute."""

FIRST_WINDOW = 10_000_000_000
"""Keys from here on are ends of windows; those below are minutes. Both are kept in one row."""


class WindowQuota:
    """A quota of an OAuth account: so many requests a window; the first request of a window starts it."""

    __slots__ = ("ends", "epoch", "quota", "used")

    def __init__(self, account: Account) -> None:
        self.quota = account.per_window
        self.epoch = account.quota_epoch
        self.ends = 0.0
        self.used = 0

    def spend(self, now: float) -> Spent:
        """Counts a request at `now` (UTC seconds)."""
        left_ms = round((self.ends - now) * 1000)
        if left_ms <= 0 or left_ms > WINDOW_MS:
            self.ends = now + WINDOW_MS / 1000
            self.used = 0
            left_ms = WINDOW_MS
        self.used += 1
        return Spent(self.quota - self.used, self.quota, left_ms)

    def now(self, now: float) -> Spent:
        """The state at `now`, counting nothing."""
        left_ms = round((self.ends - now) * 1000)
        if left_ms <= 0 or left_ms > WINDOW_MS:
            return Spent(self.quota, self.quota, WINDOW_MS)
        return Spent(max(0, self.quota - self.used), self.quota, left_ms)

    def counts(self) -> Counts:
        """What is to be kept over a restart."""
        return {str(round(self.ends * 1000)): self.used} if self.used else {}

    def restore(self, counts: Counts, now: float) -> None:
        """Goes on with what was kept; a window that is over is no count."""
        for key, used in counts.items():
            if int(key) >= FIRST_WINDOW:
                self.ends, self.used = int(key) / 1000, used


class HourlyQuota:
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

    def give_back(self, now: float) -> None:
        """Takes back a request that was counted at `now`, and then refused for another reason."""
        self.minutes[int(now // 60)] -= 1
        self.total -= 1

    def counts(self) -> Counts:
        """What is to be kept over a restart."""
        return {str(minute): used for minute, used in self.minutes.items() if used}

    def restore(self, counts: Counts, now: float) -> None:
        """Goes on with what was kept of the last sixty minutes."""
        minute = int(now // 60)
        kept = {int(key): used for key, used in counts.items() if int(key) < FIRST_WINDOW}
        self.minutes = {key: used for key, used in kept.items() if minute - 60 < key <= minute}
        self.total = sum(self.minutes.values())


class SharedQuota:
    """A quota that several workers share: units are taken from the registry, where the count is kept.

    Never are more requests let through than the quota, and exactly the quota however they are spread over workers:
    a worker that finds nothing left first waits for what others took and did not use. Only what a worker held when it
    was killed (at most `HANDFUL`, and only of a quota with more than `PLENTY` left) is lost until the count moves on.

    A worker takes what the requests waiting in it need in one trip; while plenty is left it takes a handful more, so
    that most requests cost none, and gives back after `HOLD_SECONDS` what it did not use.
    """

    __slots__ = (
        "_at_work",
        "_extra",
        "_in_hand",
        "_key",
        "_left",
        "_lock",
        "_oldest",
        "_spent",
        "_sql",
        "_timer",
        "_waiting",
        "account",
        "epoch",
        "hour",
        "quota",
    )  # fmt: skip

    def __init__(self, account: Account, *, beside: bool = False, of_shop: bool = False) -> None:
        """`beside`: the hour that an OAuth account has beside its window; `of_shop`: the account stands for the
        shoppers of the store that its client id names."""
        self.account = account.client_id
        self.hour = beside or account.kind == "basic"
        self._sql = _HOUR_SQL if beside else _SHOP_SQL if of_shop else _SQL
        self.quota = account.per_hour if self.hour else account.per_window
        self.epoch = account.quota_epoch
        self._key = -1  # what the reserved units were counted under: the window's end, or the minute
        self._in_hand = 0
        self._extra = 0  # units taken for nobody in particular
        self._left = self.quota
        self._oldest = 0
        self._spent = False
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._at_work: set[asyncio.Task[None]] = set()

    async def reserve(self, tx: Tx, now: float) -> Spent:
        """Counts a request at `now` (UTC seconds)."""
        moment = int(now // 60) if self.hour else int(now * 1000)
        if not self._current(moment):
            self._move_on(tx)
        while self._in_hand == 0 and not self._spent:
            self._waiting += 1
            try:
                async with self._lock:
                    if self._in_hand == 0 and not self._spent:
                        await self._take(tx, moment)
            finally:
                self._waiting -= 1
        if self._in_hand == 0:
            return Spent(-1, self.quota, self._reset_ms(now))
        self._in_hand -= 1
        return Spent(self._left + self._in_hand, self.quota, self._reset_ms(now))

    def now(self, now: float) -> Spent:
        """The state as far as this worker knows it, counting nothing."""
        if not self._current(int(now // 60) if self.hour else int(now * 1000)):
            return Spent(self.quota, self.quota, WINDOW_MS)
        return Spent(max(0, self._left + self._in_hand), self.quota, self._reset_ms(now))

    async def give_back(self, tx: Tx) -> None:
        """Takes back a request that was counted a moment ago, and then refused for another reason."""
        self._left += 1
        await self._return(tx, 1, 0, self._key)
        self._spent = False

    def _current(self, moment: int) -> bool:
        """Whether the reserved units are still valid; clocks of several machines may differ a little."""
        if self.hour:
            return self._key - 1 <= moment <= self._key
        return moment < self._key <= moment + WINDOW_MS + SKEW_MS

    def _reset_ms(self, now: float) -> int:
        if not self.hour:
            return min(WINDOW_MS, max(1, self._key - int(now * 1000)))
        if self._in_hand == 0 and self._spent:
            return max(1000, int((self._oldest * 60 + HOUR_SECONDS - now) * 1000))
        return max(1, int((self._key * 60 + 60 - now) * 1000))

    def _move_on(self, tx: Tx) -> None:
        """A new window or minute: reserved units are no longer valid."""
        if self.hour:
            self._give_back(tx)
        self._in_hand = self._extra = 0
        self._spent = False

    async def _take(self, tx: Tx, moment: int) -> None:
        """Takes units, waiting for those that may be given back; `_spent` when there are none."""
        low, high, fresh = (moment - 60, moment + 1, moment) if self.hour else (moment, moment + WINDOW_MS + SKEW_MS, 0)
        while True:
            values = (low, high, fresh or moment + WINDOW_MS, not self.hour)
            needed = self._waiting
            row = await tx.row(self._sql.take, self.account, self.epoch, *values, self.quota, needed, self._extra)
            self._extra = 0
            if row is None:
                if not await self._enter(tx):
                    self._spent = True
                    return
                continue
            taken, used, held, self._key, self._oldest = row
            if taken or not held:
                break
            await asyncio.sleep(PATIENCE_SECONDS)
        self._in_hand += taken
        self._left = max(0, self.quota - used)
        self._spent = taken == 0
        self._extra = max(0, taken - needed)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._give_back, tx)

    async def _enter(self, tx: Tx) -> bool:
        """The account's first row; False for an account that was revoked a moment ago."""
        try:
            await tx.run(self._sql.first, self.account)
        except Clash:
            return False
        return True

    def _give_back(self, tx: Tx) -> None:
        unused, extra = self._in_hand, self._extra
        self._in_hand = self._extra = 0
        if unused or extra:
            self._left += unused
            task = asyncio.create_task(self._return(tx, unused, extra, self._key))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)

    async def _return(self, tx: Tx, unused: int, extra: int, key: int) -> None:
        with contextlib.suppress(Busy):  # then the units are lost until the count moves on
            await tx.run(self._sql.give_back, self.account, self.epoch, str(key), unused, extra)


HANDFUL = 50
PLENTY = 1000
"""A handful of units is taken in advance only while more than plenty would be left: small quotas are counted singly."""

HOLD_SECONDS = 0.25
PATIENCE_SECONDS = 0.05
"""Between two checks whether units were given back."""

SKEW_MS = 5_000
"""How far the clocks of two workers may be apart: a window that seems to begin later than now is the present one."""

_FIRST = """
INSERT INTO quotas (client_id, quota_epoch, counts, held, held_until) VALUES ($1, 0, '{}', 0, 0) ON CONFLICT DO NOTHING
"""

_TAKE = f"""
WITH was AS (
    SELECT counts::jsonb AS counts, quota_epoch, held, held_until, extract(epoch FROM clock_timestamp()) AS at
    FROM quotas WHERE client_id = $1 FOR UPDATE
), kept AS (
    SELECT coalesce(
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(was.counts)
         WHERE was.quota_epoch >= $2::int AND key::bigint > $3::bigint AND key::bigint <= $4::bigint),
        '{{}}') AS counts,
        CASE WHEN was.quota_epoch >= $2::int AND held_until > at THEN greatest(0, held - $9::bigint) ELSE 0 END AS held,
        held_until, at
    FROM was
), summed AS (
    SELECT kept.*, (
        CASE WHEN $6::boolean THEN coalesce((SELECT max(key::bigint) FROM jsonb_each(kept.counts)), $5::bigint)
        ELSE $5::bigint END) AS key,
        coalesce((SELECT sum(value::bigint) FROM jsonb_each_text(kept.counts)), 0)::bigint AS used
    FROM kept
), taking AS (
    SELECT summed.*, (CASE
        WHEN $7::bigint - used >= {PLENTY} + {HANDFUL} + $8::bigint THEN {HANDFUL} + $8::bigint
        ELSE greatest(0, least($8::bigint, $7::bigint - used)) END) AS taken
    FROM summed
), counted AS (
    SELECT taking.*, greatest(0, taken - $8::bigint) AS extra,
        counts || jsonb_build_object(key::text, coalesce((counts ->> key::text)::bigint, 0) + taken) AS new_counts
    FROM taking
)
UPDATE quotas SET quota_epoch = greatest(quotas.quota_epoch, $2::int), counts = new_counts::text,
    held = counted.held + extra,
    held_until = CASE WHEN extra > 0 THEN at + 2 ELSE counted.held_until END
FROM counted WHERE quotas.client_id = $1
RETURNING taken, used + taken, counted.held, key,
    coalesce((SELECT min(e.key::bigint) FROM jsonb_each_text(new_counts) e WHERE e.value::bigint > 0), key)
"""  # noqa: S608 - only numbers of our own
"""$1 client, $2 epoch, counts that matter are those with a key over $3 and up to $4, $5 the key of a new count, $6
whether an older count is gone on with, $7 quota, $8 units needed now, $9 extra units that this worker no longer holds.

The row is locked before it is read, so two workers never get the same unit. A row of a later epoch than the worker's is
not set back: the worker will hear of it in a moment. Units held by a worker that died are waited for no longer than two
seconds.
"""

_RETURN = """
UPDATE quotas SET held = greatest(0, held - $5::bigint), counts = jsonb_set(counts::jsonb, ARRAY[$3::text],
    to_jsonb(greatest(0, (counts::jsonb ->> $3::text)::bigint - $4::bigint)))::text
WHERE client_id = $1 AND quota_epoch = $2::int AND counts::jsonb ->> $3::text IS NOT NULL
"""


class _Statements(msgspec.Struct, frozen=True):
    """The statements of a table of counts."""

    first: str
    take: str
    give_back: str


_SQL = _Statements(_FIRST, _TAKE, _RETURN)
_HOUR_SQL, _SHOP_SQL = (
    _Statements(*(sql.replace("quotas", table) for sql in (_FIRST, _TAKE, _RETURN)))
    for table in ("hour_quotas", "shop_quotas")
)


class HourAndWindow:
    """The quotas of an OAuth account that has requests an hour beside its window."""

    __slots__ = ("epoch", "hour", "window")

    def __init__(self, account: Account, *, shared: bool) -> None:
        self.epoch = account.quota_epoch
        self.window = SharedQuota(account) if shared else WindowQuota(account)
        self.hour = SharedQuota(account, beside=True) if shared else HourlyQuota(account)

    async def spend(self, tx: Tx, now: float) -> tuple[Spent, Spent]:
        """The state of the window and of the hour after a request. One that either refuses costs the other nothing."""
        hour = await _spend(self.hour, tx, now)
        if hour.left < 0:
            return self.window.now(now), hour
        window = await _spend(self.window, tx, now)
        if window.left < 0:
            if isinstance(self.hour, SharedQuota):
                await self.hour.give_back(tx)
            else:
                self.hour.give_back(now)
            hour = Spent(hour.left + 1, hour.quota, hour.reset_ms)
        return window, hour

    def counts(self) -> Counts:
        """What is to be kept over a restart."""
        parts = (self.window, self.hour)
        return {key: n for part in parts if not isinstance(part, SharedQuota) for key, n in part.counts().items()}

    def restore(self, counts: Counts, now: float) -> None:
        """Goes on with what was kept."""
        for part in (self.window, self.hour):
            if not isinstance(part, SharedQuota):
                part.restore(counts, now)


async def _spend(quota: WindowQuota | HourlyQuota | SharedQuota, tx: Tx, now: float) -> Spent:
    return await quota.reserve(tx, now) if isinstance(quota, SharedQuota) else quota.spend(now)


Quota = WindowQuota | HourlyQuota | SharedQuota | HourAndWindow


def quota_for(account: Account, *, shared: bool) -> Quota:
    """A fresh count for an account."""
    if account.kind != "basic" and account.per_hour >= 0:
        return HourAndWindow(account, shared=shared)
    if shared:
        return SharedQuota(account)
    return HourlyQuota(account) if account.kind == "basic" else WindowQuota(account)
