"""Fault rules of a store: listed, added, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.faults import kept
from bodega.lab.faults.operations import operations
from bodega.lab.faults.reading import PARTS, FaultRefused, rule_of
from bodega.lab.faults.rule import FaultRule


class FaultAsked(Asked):
    """A rule: `match` says which calls it is about (method, path, operation, account, headers, body; of webhooks scope,
    destination, hook_id), `schedule` which of those it strikes (nth, every, probability, count, from, until, seed),
    `effect` what happens to them (status, reason, retry_after, field, latency, bytes_per_second, truncate, broken,
    disconnect, rate_limit; of webhooks webhook, delay)."""

    effect: dict[str, Any]
    match: dict[str, Any] = {}
    schedule: dict[str, Any] = {}


class FaultShown(msgspec.Struct, frozen=True):
    """A rule as it was written; `seen` is how many calls it was about, `struck` how many of them it struck, `over`
    whether it will strike none any more."""

    id: str
    seen: int
    struck: int
    over: bool
    created: str
    effect: dict[str, Any]
    match: dict[str, Any] = {}
    schedule: dict[str, Any] = {}


async def list_faults(lab: Lab, store_hash: str) -> list[FaultShown]:
    """The fault rules of a store, the oldest first."""
    return [_shown(one) for one in await rules(lab, store_hash)]


async def rules(lab: Lab, store_hash: str) -> list[kept.KeptRule]:
    """The rules as they are kept, with what was counted until now, the oldest first. Raises Problem."""
    await lab.record(store_hash)
    if lab.faults is not None:
        await lab.faults.keep()
    return await kept.rules(lab.registry.tx, store_hash)


async def add_fault(lab: Lab, store_hash: str, body: FaultAsked) -> FaultShown:
    """Add a fault rule. It strikes from the next request on."""
    record = await lab.record(store_hash)
    try:
        made = await kept.add(lab.registry, store_hash, _given(body), int(record.clock.now()), served(lab))
    except FaultRefused as error:
        raise Problem(422, "The rule is not valid.", error.faults) from None
    lab.stores.reread()
    return _shown(made)


def read_fault(lab: Lab, body: FaultAsked) -> FaultRule:
    """The rule that is asked for, which is not added. Raises Problem."""
    try:
        return rule_of(_given(body), "", served(lab))
    except FaultRefused as error:
        raise Problem(422, "The rule is not valid.", error.faults) from None


def _given(body: FaultAsked) -> dict[str, Any]:
    return {name: value for name in PARTS if (value := getattr(body, name))}


async def delete_faults(lab: Lab, store_hash: str) -> None:
    """Delete all fault rules of a store."""
    await lab.record(store_hash)
    await kept.clear(lab.registry, store_hash)
    lab.stores.reread()


async def delete_fault(lab: Lab, store_hash: str, rule_id: str) -> None:
    """Delete a fault rule."""
    await lab.record(store_hash)
    if not await kept.clear(lab.registry, store_hash, rule_id):
        raise Problem(404, f"Store {store_hash} has no rule {rule_id[:100]}.")
    lab.stores.reread()


def served(lab: Lab) -> list[str]:
    """Every operation that a rule may name."""
    return [] if lab.app is None else operations(route for routes in lab.app.routes.values() for route in routes.all)


def _shown(rule: kept.KeptRule) -> FaultShown:
    return msgspec.convert(msgspec.to_builtins(kept.shown(rule)), FaultShown)


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/faults", list_faults),
    Operation("POST", "/stores/{store_hash}/faults", add_fault, status=201),
    Operation("DELETE", "/stores/{store_hash}/faults", delete_faults),
    Operation("DELETE", "/stores/{store_hash}/faults/{rule_id}", delete_fault),
)
