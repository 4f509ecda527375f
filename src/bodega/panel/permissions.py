"""Permissions as a matrix: what an account may do (nothing, read, modify) with each kind of resource."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import cache
from typing import NamedTuple

from bodega.access.scopes import DEFAULT, READERS, SCOPES

NONE, READ, MODIFY = "none", "read", "modify"
LEVELS = (NONE, READ, MODIFY)


class Permission(NamedTuple):
    """A row. `reads` and `modifies` are the scopes behind its choices, empty if there is no such choice."""

    key: str
    title: str
    meaning: str
    reads: str
    modifies: str

    def scope(self, level: str) -> str:
        """The scope of a choice; empty for none, and for a choice that this row does not have."""
        return {READ: self.reads, MODIFY: self.modifies}.get(level, "")

    def level(self, granted: Set[str]) -> str:
        """What an account with these scopes may do."""
        if self.modifies and self.modifies in granted:
            return MODIFY
        return READ if self.reads and self.reads in granted else NONE


@cache
def matrix() -> tuple[Permission, ...]:
    """Every row: those of stores first, by title, then those of the owning account."""
    twins = set(READERS.values())
    rows = []
    for scope, meaning in SCOPES.items():
        if scope == DEFAULT or scope in twins:
            continue
        only_reads = scope.endswith("_read")
        reads = scope if only_reads else READERS.get(scope, "")
        rows.append(
            Permission(scope, _title(scope), meaning.removesuffix(", for reading"), reads, "" if only_reads else scope)
        )
    return tuple(sorted(rows, key=lambda row: (not row.key.startswith("store_"), row.title)))


def _title(scope: str) -> str:
    words = scope.removeprefix("store_").removeprefix("v2_")
    for ending in ("_manage", "_read", "_write", "_create"):
        words = words.removesuffix(ending)
    return words.replace("_", " ").capitalize().replace(" api", " API")


def chosen(form: Mapping[str, list[str]], preset: str) -> frozenset[str]:
    """The scopes that a submitted matrix grants; a preset overrides the choices of single rows."""
    granted = set()
    for row in matrix():
        level = form.get(f"may.{row.key}", [NONE])[-1]
        if preset in (READ, MODIFY):
            level = preset if row.key.startswith("store_") else NONE
        scope = row.scope(level) or (row.reads if level == MODIFY else "")
        if scope:
            granted.add(scope)
    return frozenset(granted)


def row_of(scope: str) -> Permission | None:
    """The row in which a scope is granted."""
    return next((row for row in matrix() if scope and scope in (row.reads, row.modifies)), None)
