"""What differs between two states of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from difflib import get_close_matches
from typing import Annotated

import msgspec

from bodega.lab import diff
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation, Streamed
from bodega.lab.control.problem import Problem
from bodega.storage.backend import Comparison


class DiffQuery(Asked, rename={"before": "from", "until": "to"}):
    """Which states: `from` a snapshot `to` another one, or to now. With `origin`, another store as the one that this is
    a fork of, `from` is a snapshot of that store, or left out for how it is now. Of each resource at most `limit`
    changes are shown; the next ones of a resource come `after` an id."""

    before: str = ""
    until: str = ""
    origin: str = ""
    resource: str = ""
    after: int = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50


class LinesQuery(Asked, rename={"before": "from", "until": "to"}):
    """Which states, and which resource if not all."""

    before: str = ""
    until: str = ""
    origin: str = ""
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

    before: str | None
    until: str | None
    origin: str | None
    resources: dict[str, ResourceDiff]


async def diff_store(lab: Lab, store_hash: str, query: DiffQuery) -> Diff:
    """What was created, updated and deleted between two snapshots, since a snapshot, or in a fork against its origin.
    Entities are shown as V3 shows them, with the old and the new value of each member that changed."""
    found = {}
    async with await _compared(lab, store_hash, query) as states:
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
    return Diff(query.before or None, query.until or None, query.origin or None, found)


async def diff_lines(lab: Lab, store_hash: str, query: LinesQuery) -> Streamed:
    """The same changes as JSON lines, however many they are."""
    return Streamed(_lines(await _compared(lab, store_hash, query), store_hash, query))


async def _lines(
    comparison: AbstractAsyncContextManager[Comparison], store_hash: str, query: LinesQuery
) -> AsyncIterator[diff.Change]:
    async with comparison as states:
        for name in [query.resource] if query.resource else diff.RESOURCES:
            async for change in diff.changes(states, store_hash, name):
                yield change


async def _compared(
    lab: Lab, store_hash: str, query: DiffQuery | LinesQuery
) -> AbstractAsyncContextManager[Comparison]:
    """The two states. Raises Problem if there is no such store, snapshot or resource."""
    record = await lab.record(store_hash)
    origin = await lab.record(query.origin) if query.origin else None
    if not query.before and origin is None:
        raise Problem(422, "The request is not valid.", {"from": "It is required where no origin is given."})
    for of, name in ((origin or record, query.before), (record, query.until)):
        if name and name not in await lab.backend.snapshots(of):
            raise Problem(404, f"Store {of.hash} has no snapshot {name[:100]}.")
    if query.resource and query.resource not in diff.RESOURCES:
        near = get_close_matches(query.resource, diff.RESOURCES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Problem(422, "The request is not valid.", {"resource": f"There is no such resource.{hint}"})
    for name in filter(None, (store_hash, query.origin)):
        await lab.rows(name)  # of the newest schema
    return lab.backend.compared(record, query.before or None, query.until or None, origin)


OPERATIONS = (
    Operation("GET", "/stores/{store_hash}/diff", diff_store),
    Operation("GET", "/stores/{store_hash}/diff/lines", diff_lines),
)
