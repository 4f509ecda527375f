"""Routes, and the trie that finds one: a literal segment wins over an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bodega.kit.fields import INT32
from bodega.kit.route import Route


class Match(msgspec.Struct, frozen=True, gc=False):
    """A route and the ids in the path; -1 stands for an id that no row can have."""

    route: Route
    ids: tuple[Any, ...]


class _Node:
    __slots__ = ("literal", "number", "route", "text")

    def __init__(self) -> None:
        self.literal: dict[str, _Node] = {}
        self.number: _Node | None = None
        self.text: _Node | None = None
        self.route: Route | None = None


class Routes:
    """All routes of one version."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.all = tuple(routes)
        for route in self.all:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.template.split("/"):
            if segment.startswith("{") and segment.endswith(":text}"):
                node.text = node.text or _Node()
                node = node.text
            elif segment.startswith("{"):
                node.number = node.number or _Node()
                node = node.number
            elif segment.isdigit():
                raise ValueError(f"a number in the path {route.template} would be taken for an id")
            else:
                node = node.literal.setdefault(segment, _Node())
        if node.route is not None:
            raise ValueError(f"two routes share the path {route.template}")
        node.route = route

    def find(self, segments: tuple[str, ...]) -> Match | None:
        """The route of a path. Without backtracking this is one dictionary look-up per segment."""
        node = self._root
        ids: tuple[Any, ...] = ()
        for segment in segments:
            step = node.literal.get(segment)
            if step is None:
                if node.number is None or not (segment.isascii() and segment.isdigit()):
                    return self._search(self._root, segments, ())
                step = node.number
                ids = (*ids, number(segment))
            node = step
        if node.route is None:
            return self._search(self._root, segments, ())
        return Match(node.route, ids)

    def _search(self, node: _Node, segments: tuple[str, ...], ids: tuple[Any, ...]) -> Match | None:
        if not segments:
            return Match(node.route, ids) if node.route is not None else None
        segment, rest = segments[0], segments[1:]
        tries: list[tuple[_Node | None, tuple[Any, ...]]] = [(node.literal.get(segment), ids)]
        if segment.isascii() and segment.isdigit():
            tries.append((node.number, (*ids, number(segment))))
        tries.append((node.text, (*ids, segment)))
        for step, found in tries:
            match = self._search(step, rest, found) if step is not None else None
            if match is not None:
                return match
        return None


def number(segment: str) -> int:
    """The id in a segment of digits; -1 for one that no row can have."""
    if len(segment) < _LONG:
        return int(segment)
    found = int(segment) if len(segment) == _LONG else -1
    return found if found <= INT32 else -1


_LONG = len(str(INT32))
"""The digits of the highest id."""


def by_version(routes: Iterable[Route]) -> Mapping[int, Routes]:
    """The routes of all served versions."""
    sorted_out: dict[int, list[Route]] = {2: [], 3: []}
    for route in routes:
        sorted_out.setdefault(route.version, []).append(route)
    return {version: Routes(found) for version, found in sorted_out.items()}
