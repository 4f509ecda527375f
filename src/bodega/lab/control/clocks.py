"""The clock of a store: shown, frozen, set, advanced, let run."""

from __future__ import annotations

from typing import Literal

import msgspec

from bodega.clock import Clock
from bodega.dates import parse_duration, parse_moment
from bodega.lab.control import ahead
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


class AdvancedShown(msgspec.Struct, frozen=True):
    """The clock as it is now, and at how many moments something was due on the way."""

    mode: str
    now: str
    offset: int
    moments: int


async def show_clock(lab: Lab, store_hash: str) -> ClockFacts:
    """A store's clock."""
    return clock_facts((await lab.record(store_hash)).clock)


async def set_clock(lab: Lab, store_hash: str, body: ClockAsked) -> ClockFacts:
    """Freeze a store's clock, at a time or at the present one, or let it run by the system again. This is answered when
    all that is due at the new time has run; what would have been due on the way is due once: `advance` passes through
    each moment."""
    record = await lab.record(store_hash)
    if body.mode == "live":
        if body.now is not None:
            raise Problem(422, "The request is not valid.", {"now": "A live clock cannot be set."})
        clock = Clock()
    elif body.now is None:
        clock = record.clock.at(int(record.clock.now()))
    else:
        try:
            clock = record.clock.at(parse_moment(body.now))
        except ValueError:
            raise Problem(422, "The request is not valid.", {"now": "Write it as 2030-01-31T12:00:00Z."}) from None
    await ahead.put(lab, store_hash, clock)
    return clock_facts(clock)


async def advance_clock(lab: Lab, store_hash: str, body: Advance) -> AdvancedShown:
    """Advance a store's clock. This is answered when all that became due on the way has run, each at its own moment:
    deliveries and their retries, tasks, pre-orders, whatever expires."""
    await lab.record(store_hash)
    seconds = seconds_of(body)
    clock, moments = await ahead.advance(lab, store_hash, seconds)
    facts = clock_facts(clock)
    return AdvancedShown(facts.mode, facts.now, facts.offset, moments)


def seconds_of(body: Advance) -> int:
    """By how many seconds. Raises Problem."""
    try:
        return parse_duration(body.by)
    except ValueError as error:
        raise Problem(422, "The request is not valid.", {"by": str(error)}) from None


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/clock", show_clock),
    Operation("PUT", "/stores/{store_hash}/clock", set_clock),
    Operation("POST", "/stores/{store_hash}/clock/advance", advance_clock),
)
