"""What a module of `resources/` exports: everything that the server needs to know of it, as one declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from bodega.kit.route import Route
from bodega.storage.aggregate import Aggregate
from bodega.storage.unit import Unit


class Sweep(NamedTuple):
    """What happens because time went by, by the store's clock.

    `due` is a query that finds a row when there is something to do, and its parameters at a time (UTC seconds) in a
    store with these settings; `job` does it, a bounded part at once.
    """

    due: str
    values: Callable[[int, dict[str, Any]], tuple[Any, ...]]
    job: Callable[[Unit], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """The tables of a resource with their rules, what is served of it, and what happens to it in time."""

    aggregates: tuple[Aggregate, ...] = ()
    routes: tuple[Route, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
