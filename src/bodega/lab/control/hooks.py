"""Webhooks in the lab: events made by hand, deliveries listed, streamed and sent again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec

from bodega.events import deliveries
from bodega.lab import workbench
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation, Streamed
from bodega.lab.control.problem import Problem
from bodega.storage.unit import Unit

PAUSE_SECONDS = 0.05
LONGEST_SECONDS = 600.0


class TriggerAsked(Asked):
    """An event: its `scope`, and of which row (`id`; the newest if it is not given), or the payload's `data`. It goes
    to the hooks that subscribed to it, or to `hook_id` alone."""

    scope: str
    id: int | None = None
    data: Any = None
    hook_id: int | None = None


class ReplayAsked(Asked):
    """Which deliveries are sent again: of `scopes` (`store/order/*` covers all below it), of a hook, of a state; each
    `times` times, in the order drawn from the seed `shuffle` if one is given."""

    scopes: list[str] = []
    hook_id: int | None = None
    state: Literal["", "waiting", "delivered", "failed"] = ""
    times: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    shuffle: int | None = None


class DeliveriesQuery(Asked):
    """Deliveries of a hook, in a state, older than one of this id."""

    hook_id: int | None = None
    state: Literal["", "waiting", "delivered", "failed"] = ""
    before: int | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class StreamQuery(Asked):
    """`after` is the id of the last delivery that is known; the stream ends after so many `seconds`."""

    after: int | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_SECONDS)] = 60


class DeliveryShown(msgspec.Struct, frozen=True):
    """An event on its way to a hook; `state` is waiting, delivered or failed, times are the store's in UTC seconds."""

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


async def list_deliveries(lab: Lab, store_hash: str, query: DeliveriesQuery) -> list[DeliveryShown]:
    """Deliveries to the hooks of a store, the newest first."""
    rows = await lab.rows(store_hash)
    found = await deliveries.log(
        rows.reader, hook_id=query.hook_id, state=query.state, before=query.before, limit=query.limit
    )
    return [_shown(one) for one in found]


async def stream_deliveries(lab: Lab, store_hash: str, query: StreamQuery) -> Streamed:
    """Follow the deliveries of a store as they come, over all hooks, as server-sent events: each delivery when it is
    made and when it ends."""
    rows = await lab.rows(store_hash)
    newest = await deliveries.log(rows.reader, limit=1)
    after = query.after if query.after is not None else newest[0].id if newest else 0
    return Streamed(_follow(lab, store_hash, after, query.seconds), b"text/event-stream")


async def _follow(lab: Lab, store_hash: str, after: int, seconds: float) -> AsyncIterator[bytes]:
    end = time.monotonic() + seconds
    told: dict[int, tuple[str, int]] = {}
    first = after
    yield b": deliveries\n\n"
    while time.monotonic() < end:
        rows = await lab.rows(store_hash)
        for one in (await deliveries.log(rows.reader, limit=500))[::-1]:
            now = one.state, one.attempts
            if one.id > first and told.get(one.id) != now:
                told[one.id] = now
                yield b"id: %d\nevent: %b\ndata: %b\n\n" % (
                    one.id, one.state.encode(), msgspec.json.encode(_shown(one)),
                )  # fmt: skip
        await asyncio.sleep(PAUSE_SECONDS)


async def trigger_event(lab: Lab, store_hash: str, body: TriggerAsked) -> workbench.Triggered:
    """Fire an event without a change. Hooks that subscribed to its scope get it; the data is what the newest row would
    send."""
    store = await lab.store(store_hash)
    await store.ready()
    try:
        made: workbench.Triggered = await store.write(
            lambda unit: workbench.trigger(unit, body.scope, body.data, body.id, hook_id=body.hook_id)
        )
    except workbench.CannotTrigger as error:
        raise Problem(422, "The event cannot be made.", {"scope": str(error)}) from None
    return made


async def replay_deliveries(lab: Lab, store_hash: str, body: ReplayAsked) -> workbench.Replayed:
    """Send deliveries again, under the same webhook-id: so a receiver shows what it does with duplicates."""
    store = await lab.store(store_hash)
    await store.ready()
    asked = workbench.Asked(tuple(body.scopes), body.hook_id, body.state)

    async def job(unit: Unit) -> workbench.Replayed:
        return await workbench.send_again(unit, asked, times=body.times, shuffle=body.shuffle)

    try:
        done: workbench.Replayed = await store.write(job)
    except workbench.CannotReplay as error:
        raise Problem(422, "The request is not valid.", {"hook_id": str(error)}) from None
    return done


def _shown(one: deliveries.Delivery) -> DeliveryShown:
    return DeliveryShown(**{name: getattr(one, name) for name in DeliveryShown.__struct_fields__})


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/deliveries", list_deliveries),
    Operation("GET", "/stores/{store_hash}/deliveries/stream", stream_deliveries),
    Operation("POST", "/stores/{store_hash}/deliveries/replay", replay_deliveries),
    Operation("POST", "/stores/{store_hash}/events", trigger_event, status=201),
)
