"""The paths of a route in a store: below each collection that is served, the ids that it lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bodega.kit.route import Route, unnamed

Collections = dict[tuple[int, str], Route]
"""The routes by version and path, its parameters unnamed."""


def collections_of(routes: Iterable[Route]) -> Collections:
    """All of them, so that a path leads to its route."""
    return {(route.version, unnamed(route.template)): route for route in routes}


def walk(known: Collections, ids: Callable[[str, str], Iterable[Any]], version: int, template: str) -> Iterator[str]:
    """The paths of a template; `ids` tells what the collection at a path lists under a key."""

    def beyond(before: str, rest: list[str], path: str) -> Iterator[str]:
        if not rest:
            yield path
            return
        step = rest[0]
        there = f"{before}/{step}" if before else step
        if not step.startswith("{"):
            yield from beyond(there, rest[1:], f"{path}/{step}")
            return
        collection = known.get((version, unnamed(before)))
        if collection is not None and "GET" in collection.actions:
            for name in ids(path, step.strip("{}").partition(":")[0]):
                yield from beyond(there, rest[1:], f"{path}/{name}")

    return beyond("", template.split("/"), f"/v{version}")


def listed(message: Any, key: str) -> list[Any]:
    """What the rows of a list say under a key; their ids where they do not have it."""
    data = message.get("data", ()) if isinstance(message, dict) else message
    names = [row.get(key, row.get("id")) for row in data if isinstance(row, dict)]
    return [name for name in names if name is not None]
