"""The terms of a store: its settings, plan, limits and maintenance."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec.structs import replace

from bodega.access.plans import COUNTERS, PLANS
from bodega.access.settings import SETTINGS
from bodega.lab import terms
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.storage.registry import StoreRecord
from bodega.storage.rows import Rows
from bodega.storage.tx import Damaged


class Settings(msgspec.Struct, frozen=True):
    """All settings of a store by name."""

    settings: dict[str, Any]


class SettingsAsked(Asked):
    """Settings to be changed, by name; a value may be of its type, or the text that `bodega store set` reads."""

    settings: dict[str, Any]


class PlanShown(msgspec.Struct, frozen=True):
    """The plan of a store and the limits in force."""

    hash: str
    plan: str
    limits: dict[str, int]


class PlanAsked(Asked):
    """A plan, and limits that override its own; others that the store had are dropped."""

    plan: str
    limits: dict[str, int] = {}


class LimitsAsked(Asked):
    """Limits to be changed; the others stay."""

    limits: dict[str, int]


class Maintenance(Asked):
    """Whether the store is closed for maintenance; it then answers 503."""

    maintenance: bool


async def show_settings(lab: Lab, store_hash: str) -> Settings:
    """All settings of a store, those that its API changed as well as they hold now."""
    record = await lab.record(store_hash)
    return Settings(await terms.settings_now(await _rows(lab, store_hash), record))


async def change_settings(lab: Lab, store_hash: str, body: SettingsAsked) -> Settings:
    """Change settings of a store; the others stay."""
    changed = read_settings(body.settings)
    rows = await _rows(lab, store_hash)
    saved = await terms.change_settings(lab.registry, rows, await lab.record(store_hash), changed)
    lab.stores.reread()
    return Settings(await terms.settings_now(rows, saved))


async def show_plan(lab: Lab, store_hash: str) -> PlanShown:
    """The plan of a store and the limits in force."""
    return _plan(await lab.record(store_hash))


async def change_plan(lab: Lab, store_hash: str, body: PlanAsked) -> PlanShown:
    """Put a store on a plan. Existing accounts keep their quotas."""
    if body.plan not in PLANS:
        raise Problem(422, "The request is not valid.", {"plan": f"The plans are {', '.join(PLANS)}."})
    check_limits(body.limits)
    return _plan(await _save(lab, replace(await lab.record(store_hash), plan=body.plan, limits=body.limits)))


async def change_limits(lab: Lab, store_hash: str, body: LimitsAsked) -> PlanShown:
    """Change what a store may hold of something; its plan and its other limits stay."""
    check_limits(body.limits)
    record = await lab.record(store_hash)
    return _plan(await _save(lab, replace(record, limits={**record.limits, **body.limits})))


async def show_maintenance(lab: Lab, store_hash: str) -> Maintenance:
    """Whether a store is closed for maintenance."""
    return Maintenance(maintenance=(await lab.record(store_hash)).maintenance)


async def change_maintenance(lab: Lab, store_hash: str, body: Maintenance) -> Maintenance:
    """Close a store for maintenance (it answers 503), or open it again."""
    await _save(lab, replace(await lab.record(store_hash), maintenance=body.maintenance))
    return body


async def _rows(lab: Lab, store_hash: str) -> Rows | None:
    """The rows of a store; None if its database is damaged."""
    try:
        return await lab.rows(store_hash)
    except Damaged:
        return None


async def _save(lab: Lab, record: StoreRecord) -> StoreRecord:
    await lab.registry.save_store(record)
    lab.stores.reread()
    return record


def _plan(record: StoreRecord) -> PlanShown:
    return PlanShown(record.hash, record.plan, {**PLANS[record.plan].limits, **record.limits})


def check_limits(limits: Mapping[str, int]) -> None:
    """Raises Problem if there is no such limit."""
    errors = {
        f"limits.{name}": f"The limits are those of {', '.join(COUNTERS)}, whole numbers from 0."
        for name, value in limits.items()
        if name not in COUNTERS or value < 0
    }
    if errors:
        raise Problem(422, "The request is not valid.", errors)


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of settings, as the command line reads them. Raises Problem, naming the nearest name."""
    read: dict[str, Any] = {}
    errors = {}
    for key, value in given.items():
        if key not in SETTINGS:
            near = get_close_matches(key, SETTINGS, n=1)
            errors[f"settings.{key}"] = "There is no such setting." + (f" Did you mean {near[0]}?" if near else "")
            continue
        try:
            read[key] = SETTINGS[key].read(_text(value))
        except ValueError as error:
            errors[f"settings.{key}"] = f"It {error}."
    if errors:
        raise Problem(422, "The request is not valid.", errors)
    return read


def _text(value: Any) -> str:
    """A value as `bodega store set` reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/settings", show_settings),
    Operation("PUT", "/stores/{store_hash}/settings", change_settings),
    Operation("GET", "/stores/{store_hash}/plan", show_plan),
    Operation("PUT", "/stores/{store_hash}/plan", change_plan),
    Operation("PUT", "/stores/{store_hash}/limits", change_limits),
    Operation("GET", "/stores/{store_hash}/maintenance", show_maintenance),
    Operation("PUT", "/stores/{store_hash}/maintenance", change_maintenance),
)
