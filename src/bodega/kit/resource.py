"""What a module of `resources/` exports: everything that the server needs to know about it, as one declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bodega.kit.fields import moment
from bodega.kit.route import Route
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Table
from bodega.storage.unit import Unit


class Sweep(NamedTuple):
    """What happens because time passes, by the store's clock.

    `due` is a query that finds a row if there is something to do, and its parameters at a time (UTC seconds) in a store
    with these settings; `job` does it, a limited part at a time.
    """

    due: str
    values: Callable[[int, dict[str, Any]], tuple[Any, ...]]
    job: Callable[[Unit], Awaitable[None]]


def sweep_ended(table: Table, most: int = 100) -> Sweep:
    """Deletes the rows whose `until`, in UTC seconds of the store's clock, has come: `most` at a time."""
    due = f"SELECT id FROM {table.name} WHERE until <= $1 LIMIT $2"

    async def delete_ended(unit: Unit) -> None:
        await unit.delete(table, await query.values(unit.tx, due, unit.now, most))

    return Sweep(due, lambda now, _settings: (now, 1), delete_ended)


def sweep_old(table: Table, seconds: int, most: int) -> Sweep:
    """Deletes the rows whose `date_created`, as V3 writes times, is so many seconds ago by the store's clock: `most` at
    a time, the oldest first."""
    due = f"SELECT id FROM {table.name} WHERE date_created <= $1 ORDER BY date_created LIMIT $2"

    async def delete_old(unit: Unit) -> None:
        await unit.delete(table, await query.values(unit.tx, due, moment(unit.now - seconds), most))

    return Sweep(due, lambda now, _settings: (moment(now - seconds), 1), delete_old)


class Revoked(NamedTuple):
    """What happens when API accounts are revoked, as that of an app that was uninstalled.

    `known` is a query for the client ids of the accounts that it is about; `job` is given those that are gone.
    """

    known: str
    job: Callable[[Unit, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """The tables of a resource with their rules, its routes, its sweeps, and what it does without an account."""

    aggregates: tuple[Aggregate, ...] = ()
    routes: tuple[Route, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    revoked: tuple[Revoked, ...] = ()
