"""Deliveries: what is waiting for a hook, with what result, and what an owner can do about it.

A row is written by `storage.outbox` in the transaction of the write that caused it. Times are the store's, in UTC
seconds. Rows that ended are kept for `webhooks.keep_days` (setting) by the store's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from bodega.events.hooks import TABLE
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storage.tx import Record, Tx
from bodega.storage.unit import Unit

KEEP = "webhooks.keep_days"
DAY = 86_400
PRUNED_AT_ONCE = 1000
EXCERPT = 500
"""Characters of a receiver's response that are kept."""

_replace = msgspec.structs.replace


class DueDelivery(NamedTuple):
    """A due delivery; `attempts` counts those made so far."""

    id: int
    hook_id: int
    scope: str
    data: bytes
    hash: str
    created: int
    attempts: int


class Delivery(msgspec.Struct, frozen=True):
    """A delivery as its owner sees it. `state` is waiting, delivered or failed; `next_at` is 0 once it ended."""

    id: int
    hook_id: int
    scope: str
    data: Any
    hash: str
    created: int
    state: str
    attempts: int
    next_at: int
    tried_at: int | None
    status: int | None
    message: str | None


_DUE = "id, hook_id, scope, data, hash, created, attempts"
_SHOWN = "id, hook_id, scope, data, hash, created, state, attempts, next_at, tried_at, status, message"


async def due(tx: Tx, hook_id: int, now: int, maximum: int) -> list[DueDelivery]:
    """The due deliveries of a hook, the longest due first."""
    sql = (
        f"SELECT {_DUE} FROM deliveries WHERE hook_id = $1 AND state = 'waiting' AND next_at <= $2"
        " ORDER BY next_at, id LIMIT $3"
    )
    return await query.named(tx, DueDelivery, sql, hook_id, now, maximum)


async def next_due(tx: Tx, hook_id: int) -> int | None:
    """When the next delivery to a hook is due; None when none is waiting."""
    sql = "SELECT min(next_at) FROM deliveries WHERE hook_id = $1 AND state = 'waiting'"
    at: int | None = await query.value(tx, sql, hook_id)
    return at


async def record_success(unit: Unit, ids: Sequence[int], status: int, message: str) -> None:
    """These were accepted, all with the same response."""
    for start in range(0, len(ids), 32):
        part = list(ids[start : start + 32])
        part += [part[-1]] * (32 - len(part))  # one SQL text, whatever their number
        sql = (
            "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, next_at = 0, tried_at = $1,"
            f" status = $2, message = $3 WHERE id IN ({numbered_placeholders(32, 4)})"
        )
        await unit.tx.run(sql, unit.now, status, message, *part)


async def record_failure(
    unit: Unit, delivery: DueDelivery, schedule: Sequence[int], status: int | None, message: str
) -> int:
    """A failed delivery is retried by the schedule (rule 128): when, or 0 after the last attempt."""
    tries = delivery.attempts + 1
    again = tries <= len(schedule)
    sql = (
        "UPDATE deliveries SET state = $2, attempts = $3, next_at = $4, tried_at = $5, status = $6, message = $7"
        " WHERE id = $1 AND state = 'waiting'"
    )
    state, at = ("waiting", unit.now + schedule[tries - 1]) if again else ("failed", 0)
    await unit.tx.run(sql, delivery.id, state, tries, at, unit.now, status, message)
    return at


async def record_loss(unit: Unit, delivery: DueDelivery, message: str) -> None:
    """A delivery is given up without being sent."""
    sql = (
        "UPDATE deliveries SET state = 'failed', attempts = attempts + 1, next_at = 0, tried_at = $2, status = NULL,"
        " message = $3 WHERE id = $1 AND state = 'waiting'"
    )
    await unit.tx.run(sql, delivery.id, unit.now, message)


async def reschedule(unit: Unit, delivery: DueDelivery, until: int, message: str) -> None:
    """Moves a delivery that was not attempted, since its domain is blocked."""
    sql = "UPDATE deliveries SET next_at = $2, message = $3 WHERE id = $1 AND state = 'waiting'"
    await unit.tx.run(sql, delivery.id, until, message)


async def prune(unit: Unit) -> None:
    """Deletes what ended longer ago than the setting says, the oldest first and a part at a time."""
    before = unit.now - int(unit.terms.settings.get(KEEP, 7)) * DAY
    oldest = f"SELECT id, state, tried_at, created FROM deliveries ORDER BY id LIMIT {PRUNED_AT_ONCE}"
    sql = (
        f"DELETE FROM deliveries WHERE id IN (SELECT id FROM ({oldest}) o"
        " WHERE o.state <> 'waiting' AND coalesce(o.tried_at, o.created) < $1)"
    )
    await unit.tx.run(sql, before)


async def oldest(tx: Tx) -> int | None:
    """When the event of the oldest delivery happened."""
    created: int | None = await query.value(tx, "SELECT created FROM deliveries ORDER BY id LIMIT 1")
    return created


# What an owner can see and do.


async def log(
    tx: Tx,
    *,
    hook_id: int | None = None,
    state: str = "",
    scope: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries, the newest first: of one hook, in one state, of a scope (`store/order/*` covers all below it), below
    an id, as far as these are given."""
    below = scope[:-1] if scope.endswith("/*") else ""
    given: list[tuple[str, Any]] = [
        ("hook_id = {}", hook_id),
        ("state = {}", state or None),
        ("scope = {}", None if below else scope or None),
        (f"substr(scope, 1, {len(below)}) = {{}}", below or None),
        ("id < {}", before),
    ]
    asked = [(test, value) for test, value in given if value is not None]
    where = " AND ".join(test.format(f"${place}") for place, (test, _) in enumerate(asked, start=1))
    sql = f"SELECT {_SHOWN} FROM deliveries" + (f" WHERE {where}" if where else "") + " ORDER BY id DESC LIMIT "
    return [_shown(row) for row in await tx.rows(sql + str(int(limit)), *(value for _, value in asked))]


async def show(tx: Tx, delivery_id: int) -> Delivery | None:
    """One delivery."""
    found = await tx.row(f"SELECT {_SHOWN} FROM deliveries WHERE id = $1", delivery_id)
    return None if found is None else _shown(found)


def _shown(row: Record) -> Delivery:
    members = dict(zip(Delivery.__struct_fields__, row, strict=True))
    return Delivery(**{**members, "data": msgspec.json.decode(members["data"])})


async def send_again(unit: Unit, delivery_id: int) -> bool:
    """Redelivers an event, from the start of the retry schedule, under the same `webhook-id`.

    False when there is no such delivery, or its hook is deleted or inactive. The caller then wakes the dispatcher.
    """
    hook_id = await query.value(unit.tx, "SELECT hook_id FROM deliveries WHERE id = $1", delivery_id)
    hook = await unit.get(TABLE, hook_id) if hook_id is not None else None
    if hook is None or not hook.entity.is_active:
        return False
    sql = "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $2 WHERE id = $1"
    await unit.tx.run(sql, delivery_id, unit.now)
    unit.statistics.waiting.add(hook.entity.id)
    return True


async def reactivate(unit: Unit, hook_id: int, *, replay: bool = False) -> bool:
    """Activates a hook again; `replay` redelivers everything in its log that failed. False when it is deleted."""
    row = await unit.get(TABLE, hook_id)
    if row is None:
        return False
    await unit.update(TABLE, row, _replace(row.entity, is_active=True, deactivated="", updated_at=unit.now))
    if replay:
        sql = "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $2 WHERE hook_id = $1"
        await unit.tx.run(f"{sql} AND state = 'failed'", hook_id, unit.now)
        unit.statistics.waiting.add(hook_id)
    return True
