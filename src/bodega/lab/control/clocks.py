"""The clock of a store: shown, frozen, set, advanced, let run."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from bodega.clock import Clock
from bodega.dates import parse_duration, parse_moment
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.facts import ClockFacts, clock_facts


class ClockAsked(Asked):
    """How a clock is to go: `live` by the system, or `frozen`, at the time `now` (ISO 8601) or at the present one."""

    mode: Literal["live", "frozen"] = "frozen"
    now: str | None = None


class Advance(Asked):
    """By how much: a duration as 48h, 30m, 10s, 2d or 1h30m."""

    by: str


async def show_clock(lab: Lab, store_hash: str) -> ClockFacts:
    """A store's clock."""
    return clock_facts((await lab.record(store_hash)).clock)


async def set_clock(lab: Lab, store_hash: str, body: ClockAsked) -> ClockFacts:
    """Freeze a store's clock, at a time or at the present one, or let it run by the system again."""
    record = await lab.record(store_hash)
    if body.mode == "live":
        if body.now is not None:
            raise Problem(422, "The request is not valid.", {"now": "A live clock cannot be set."})
        return await _move(lab, store_hash, Clock())
    if body.now is None:
        return await _move(lab, store_hash, record.clock.at(int(record.clock.now())))
    try:
        return await _move(lab, store_hash, record.clock.at(parse_moment(body.now)))
    except ValueError:
        raise Problem(422, "The request is not valid.", {"now": "Write it as 2030-01-31T12:00:00Z."}) from None


async def advance_clock(lab: Lab, store_hash: str, body: Advance) -> ClockFacts:
    """Advance a store's clock."""
    record = await lab.record(store_hash)
    try:
        seconds = parse_duration(body.by)
    except ValueError as error:
        raise Problem(422, "The request is not valid.", {"by": str(error)}) from None
    return await _move(lab, store_hash, record.clock.advanced(seconds))


async def _move(lab: Lab, store_hash: str, clock: Clock) -> ClockFacts:
    record = await lab.record(store_hash)
    await lab.registry.save_store(replace(record, clock=clock))
    lab.stores.reread()
    await lab.store(store_hash)
    return clock_facts(clock)


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/clock", show_clock),
    Operation("PUT", "/stores/{store_hash}/clock", set_clock),
    Operation("POST", "/stores/{store_hash}/clock/advance", advance_clock),
)
