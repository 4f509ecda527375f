"""Recording the results of attempts: many at once, in one transaction of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from bodega.access.stores import OpenStore
from bodega.events import deliveries
from bodega.events.deliveries import DAY, DueDelivery
from bodega.events.hooks import TABLE, Hook
from bodega.events.scopes import EXCEPTION
from bodega.events.send import ReceiverResponse
from bodega.storage.outbox import asks_for
from bodega.storage.unit import Unit

WILL_RETRY, EXHAUSTED, BLOCKED = 90001, 90002, 90003
"""Rule 130: the codes of `store/hook/deliveryException`."""

RETRY_SCHEDULE = "webhooks.retry_seconds"
_replace = msgspec.structs.replace


class Block(NamedTuple):
    """A domain to which a client's events are not sent until then, and why: what happened, and how often."""

    client_id: str
    domain: str
    until: int
    reasons: dict[str, int]


class WebhookFault(NamedTuple):
    """What an injected fault does to the first attempt of a delivery (`lab/faults/`): `rule` is its id, `kind` one of
    dropped, doubled, delayed, reordered, unsigned, badly_signed; `seconds` how long it is held back at most."""

    rule: str
    kind: str
    seconds: int

    @property
    def words(self) -> str:
        """As the history of deliveries tells it."""
        return f"Fault {self.rule}: {self.kind.replace('_', ' ')}."


class WebhookFaults(Protocol):
    """Decides which deliveries a fault strikes (`lab/faults/`)."""

    async def of_delivery(self, store: OpenStore, scope: str, destination: str, hook_id: int) -> WebhookFault | None:
        """What becomes of the first attempt to deliver an event; None: nothing unusual. Raises Busy."""


class AttemptResult(NamedTuple):
    """The end of one attempt; `status` None: there was no answer. `until` is set if it was rescheduled.

    `tell`: the client's own hook for exceptions is notified; `block` is the block that begins with it. `lost`: it is
    not tried again, and nobody is told.
    """

    delivery: DueDelivery
    hook: Hook
    good: bool
    status: int | None
    message: str
    until: int = 0
    tell: bool = False
    block: Block | None = None
    lost: bool = False


class AttemptMade(NamedTuple):
    """What was sent in one attempt, and what came back. `attempt` counts from 1; `headers` are empty if nothing was
    sent, since the destination is not allowed."""

    hook_id: int
    delivery_id: int
    message_id: str
    attempt: int
    destination: str
    headers: Mapping[str, str]
    content: bytes
    response: ReceiverResponse


class AttemptRecorder(Protocol):
    """Keeps attempts (`journal/`)."""

    def note_attempt(self, store: OpenStore, made: AttemptMade) -> None:
        """Records an attempt to deliver an event of the store."""


class Written(NamedTuple):
    """What follows from recording: when hooks have something to deliver next; which were deactivated (rule 126)."""

    due: dict[int, int]
    lost: list[Hook]


async def write_down(unit: Unit, endings: Sequence[AttemptResult]) -> Written:
    """Records the results of these attempts."""
    schedule: Sequence[int] = unit.terms.settings[RETRY_SCHEDULE]
    record_success: dict[tuple[int, str], list[int]] = {}
    spent: dict[int, AttemptResult] = {}
    due: dict[int, int] = {}
    for ending in endings:
        if ending.lost:
            await deliveries.record_loss(unit, ending.delivery, ending.message)
        elif ending.good and ending.status is not None:
            record_success.setdefault((ending.status, ending.message), []).append(ending.delivery.id)
        elif ending.until:
            await deliveries.reschedule(unit, ending.delivery, ending.until, ending.message)
            due[ending.hook.id] = min(ending.until, due.get(ending.hook.id, ending.until))
        elif at := await deliveries.record_failure(unit, ending.delivery, schedule, ending.status, ending.message):
            due[ending.hook.id] = min(at, due.get(ending.hook.id, at))
        else:
            spent[ending.hook.id] = ending
        if ending.tell:
            await _tell(unit, ending, WILL_RETRY, "The delivery will be attempted again.")
        if ending.block is not None:
            await _block(unit, ending.block)
            await _tell(unit, ending, BLOCKED, "Its domain is blocked for a while, after many deliveries that failed.")
    for (status, message), ids in record_success.items():
        await deliveries.record_success(unit, ids, status, message)
    for hook_id in {ending.hook.id for ending in endings}:
        await _used(unit, hook_id)
    return Written(due, [hook for ending in spent.values() for hook in await _deactivate(unit, ending)])


async def _used(unit: Unit, hook_id: int) -> None:
    """Notes the day on which a hook was used; once a day, since every process rereads a changed hook."""
    row = await unit.get(TABLE, hook_id)
    if row is not None and row.entity.used_at // DAY != unit.now // DAY:
        await unit.rewrite(TABLE, row.with_entity(_replace(row.entity, used_at=unit.now)))


async def _deactivate(unit: Unit, ending: AttemptResult) -> list[Hook]:
    row = await unit.get(TABLE, ending.hook.id)
    if row is None or not row.entity.is_active:
        return []
    await _tell(unit, ending, EXHAUSTED, "All attempts failed, and the webhook was deactivated.")
    return [await deactivate(unit, ending.hook.id, "failed")]


async def deactivate(unit: Unit, hook_id: int, why: str) -> Hook:
    """Deactivates a hook until its owner reactivates it; nothing is deleted."""
    row = await unit.get(TABLE, hook_id)
    assert row is not None
    changed: Hook = _replace(row.entity, is_active=False, deactivated=why)
    await unit.update(TABLE, row, changed)
    return changed


async def _tell(unit: Unit, ending: AttemptResult, code: int, what: str) -> None:
    """Rule 130: the client's own hook for exceptions is notified of failures of the others, never of its own."""
    hook = ending.hook
    if asks_for(hook.scope, EXCEPTION):
        return
    happened = ending.message if ending.status is None else f"Answered with the status {ending.status}."
    message = f"{happened} Destination: {hook.destination}. {what}"
    data = {"type": "webhook", "id": hook.id, "error_code": code, "message": message}
    await unit.fire(EXCEPTION, data, client_id=hook.client_id)


async def _block(unit: Unit, block: Block) -> None:
    sql = (
        "INSERT INTO hook_blocks (client_id, domain, blocked_until, reasons) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (client_id, domain) DO UPDATE SET blocked_until = excluded.blocked_until,"
        " reasons = excluded.reasons"
    )
    reasons = [
        {"failure_description": message, "count": count, "timestamp": unit.now}
        for message, count in block.reasons.items()
    ]
    await unit.tx.run(sql, block.client_id, block.domain, block.until, msgspec.json.encode(reasons).decode())
