"""What differs between two states of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from difflib import get_close_matches
from typing import Annotated, Any

import msgspec

from bodega.lab import diff
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation, Streamed
from bodega.lab.control.problem import Problem


class DiffQuery(Asked, rename={"before": "from", "until": "to"}):
    """Which states: `from` a snapshot `to` another one, or to now. Of each resource at most `limit` changes are shown;
    the next ones of a resource come `after` an id."""

    before: str
    until: str = ""
    resource: str = ""
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50


class LinesQuery(Asked, rename={"before": "from", "until": "to"}):
    """Which states, and which resource if not all."""

    before: str
    until: str = ""
    resource: str = ""


class ResourceDiff(msgspec.Struct, frozen=True):
    """How many rows of a resource were created, updated and deleted, and the first of these changes by id; `next` is
    the `after` that the next page is asked with, null if this is the last."""

    created: int
    updated: int
    deleted: int
    changes: list[diff.Change]
    next: int | None


class Diff(msgspec.Struct, frozen=True, rename={"before": "from", "until": "to"}):
    """The resources in which the states differ."""

    before: str
    until: str | None
    resources: dict[str, ResourceDiff]


async def diff_store(lab: Lab, store_hash: str, query: DiffQuery) -> Diff:
    """What was created, updated and deleted between two snapshots, or since a snapshot. Entities are shown as V3 shows
    them, with the old and the new value of each member that changed."""
    await _known(lab, store_hash, query)
    record = await lab.record(store_hash)
    found = {}
    async with lab.backend.compared(record, query.before, query.until or None) as states:
        asked = [query.resource] if query.resource else []
        for name, counts in (await diff.counts(states, asked)).items():
            shown: list[diff.Change] = []
            more = None
            async for change in diff.changes(states, store_hash, name, query.after if query.resource else 0):
                if len(shown) == query.limit:
                    more = shown[-1].id
                    break
                shown.append(change)
            found[name] = ResourceDiff(counts.created, counts.updated, counts.deleted, shown, more)
    return Diff(query.before, query.until or None, found)


async def diff_lines(lab: Lab, store_hash: str, query: LinesQuery) -> Streamed:
    """The same changes as JSON lines, however many they are."""
    await _known(lab, store_hash, query)
    return Streamed(_lines(lab, store_hash, query))


async def _lines(lab: Lab, store_hash: str, query: LinesQuery) -> AsyncIterator[diff.Change]:
    async with lab.backend.compared(await lab.record(store_hash), query.before, query.until or None) as states:
        for name in [query.resource] if query.resource else diff.RESOURCES:
            async for change in diff.changes(states, store_hash, name):
                yield change


async def _known(lab: Lab, store_hash: str, query: Any) -> None:
    """Raises Problem if there is no such snapshot or resource."""
    snapshots = await lab.backend.snapshots(await lab.record(store_hash))
    for name in filter(None, (query.before, query.until)):
        if name not in snapshots:
            raise Problem(404, f"Store {store_hash} has no snapshot {name[:100]}.")
    if query.resource and query.resource not in diff.RESOURCES:
        near = get_close_matches(query.resource, diff.RESOURCES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Problem(422, "The request is not valid.", {"resource": f"There is no such resource.{hint}"})


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/diff", diff_store),
    Operation("GET", "/stores/{store_hash}/diff/lines", diff_lines),
)
