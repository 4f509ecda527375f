"""Injected faults of one store's deliveries: what was decided for which, and who waits to be overtaken."""

from __future__ import annotations

from typing import NamedTuple

from bodega.access.stores import OpenStore
from bodega.events.attempts import WebhookFault, WebhookFaults
from bodega.events.deliveries import DueDelivery
from bodega.events.hooks import Hook

REMEMBERED = 10_000
"""Deliveries that are held back at once; the oldest are forgotten, and may be struck again."""

HELD_BACK = frozenset({"delayed", "reordered"})


class HeldBack(NamedTuple):
    """A delivery that waits until another one of its hook was sent."""

    delivery: DueDelivery
    fault: WebhookFault


class Strikes:
    """A fault is decided once for a delivery, at its first attempt: retries are honest, and so is a delivery that was
    held back. A redelivery is a delivery of its own."""

    def __init__(self, store: OpenStore, faults: WebhookFaults | None) -> None:
        self._store = store
        self._faults = faults
        self._decided: dict[int, None] = {}
        self._waiting: dict[int, list[HeldBack]] = {}

    async def of(self, hook: Hook, item: DueDelivery) -> WebhookFault | None:
        """The fault that strikes this attempt, if any. Raises Busy."""
        if self._faults is None or item.attempts or item.id in self._decided:
            return None
        fault = await self._faults.of_delivery(self._store, item.scope, hook.destination, hook.id)
        if fault is None or fault.kind not in HELD_BACK:
            return fault
        if self._store.clock.now() >= item.created + fault.seconds:
            return None  # it comes late as it is, perhaps because another process held it back
        self._decided[item.id] = None
        if len(self._decided) > REMEMBERED:
            del self._decided[next(iter(self._decided))]
        if fault.kind == "reordered":
            self._waiting.setdefault(hook.id, []).append(HeldBack(item, fault))
        return fault

    def sent(self, hook: Hook, item: DueDelivery) -> list[HeldBack]:
        """What may be sent now that this delivery was."""
        self._decided.pop(item.id, None)
        waiting = self._waiting.pop(hook.id, [])
        return [held for held in waiting if held.delivery.id != item.id]
