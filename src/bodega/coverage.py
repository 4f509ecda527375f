"""How much of a list of operations is served: for `bodega routes --coverage` and for the page of the docs.

A list of operations is a file with tabs between its columns: version, method, path, group, and a wave if it has one.
Whether an operation is served is decided by the same trie that finds a request's route, so that aliases, words in
paths and whatever else it learns count here as well.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bodega.http.documented import Operation, is_served
from bodega.http.router import by_version
from bodega.kit.route import Route

METHODS = ("GET", "POST", "PUT", "DELETE")


class NoList(ValueError):
    """A file that is not a list of operations; the message is a sentence."""


def is_within(operation: Operation, groups: Sequence[str], waves: Sequence[str]) -> bool:
    """Whether it is in one of the groups (`catalog` has `catalog.brands` in it) and in one of the waves."""
    inside = not groups or any(f"{operation.group}.".startswith(f"{group}.") for group in groups)
    return inside and (not waves or operation.wave in waves)


class CoverageGroup(NamedTuple):
    """The operations of a group, in one version and one wave."""

    version: str
    name: str
    wave: str
    served: int
    missing: tuple[Operation, ...]

    @property
    def of(self) -> int:
        """How many operations there are."""
        return self.served + len(self.missing)

    def missing_paths(self) -> dict[str, list[str]]:
        """The paths of the missing operations, each with the methods that it lacks."""
        found: dict[str, list[str]] = {}
        for operation in self.missing:
            found.setdefault(operation.path, []).append(operation.method)
        return {path: sorted(methods, key=_place) for path, methods in found.items()}


def read_operations(file: Path) -> list[Operation]:
    """The operations in a file. Raises NoList."""
    named = ("version", "method", "path", "group")
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            read = csv.DictReader(lines, delimiter="\t")
            if not set(named) <= set(read.fieldnames or ()):
                raise NoList(f"{file} is no list of operations: it needs the columns version, method, path and group.")
            found = []
            for line in read:
                if not all(line[name] for name in named):
                    raise NoList(f"Line {read.line_num} of {file} lacks its version, method, path or group.")
                version, method, path, group = (line[name] for name in named)
                found.append(Operation(version, method, path, group, line.get("wave") or ""))
            return found
    except (UnicodeDecodeError, csv.Error) as error:
        raise NoList(f"{file} is no list of operations: it is not text.") from error


def compare(operations: Iterable[Operation], routes: Iterable[Route]) -> list[CoverageGroup]:
    """The groups in the order of the list, with what is served of them and what is missing."""
    tries = by_version(routes)
    sorted_out: dict[tuple[str, str, str], tuple[list[Operation], list[Operation]]] = {}
    for operation in operations:
        key = operation.version, operation.group, operation.wave
        served, missing = sorted_out.setdefault(key, ([], []))
        (served if is_served(operation, tries) else missing).append(operation)
    return [CoverageGroup(*key, len(served), tuple(missing)) for key, (served, missing) in sorted_out.items()]


def _place(method: str) -> tuple[int, str]:
    """The place of a method among others: the usual order first."""
    return METHODS.index(method) if method in METHODS else len(METHODS), method
