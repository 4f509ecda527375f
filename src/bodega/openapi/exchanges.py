"""What is kept of real exchanges with a store that has a row of everything: examples, and what replies look like.

`exchanges.jsonl` and `differences.tsv` ship with the package; `scripts/openapi_exchanges.py` writes them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec

from bodega.kit.route import unnamed


class Kept(msgspec.Struct, frozen=True):
    """What is kept of one operation: successes by status with media types, schema and example; refusals by status."""

    operation: str
    replies: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {}
    query: list[str] = []
    reasons: list[str] = []

    @property
    def successes(self) -> list[Mapping[str, Any]]:
        """The replies below 300."""
        return [reply for status, reply in self.replies.items() if status < 300]


class Difference(NamedTuple):
    """A disagreement with the published descriptions that tests hold: `operation` is a shell pattern."""

    operation: str
    place: str
    kind: str
    reason: str


@cache
def kept() -> Mapping[str, Kept]:
    """By operation, as `GET /v3/catalog/brands/{id}`."""
    text = (resources.files("bodega.openapi") / "exchanges.jsonl").read_bytes()
    found = [msgspec.json.decode(line, type=Kept) for line in text.splitlines()]
    return {one.operation: one for one in found}


def of(operation: str) -> Kept:
    """What is kept of an operation; nothing of one that was never seen."""
    return kept().get(operation) or Kept(operation)


@cache
def differences() -> tuple[Difference, ...]:
    """All that tests know."""
    text = (resources.files("bodega.openapi") / "differences.tsv").read_text(encoding="utf-8")
    rows: Iterable[list[str]] = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\")
    return tuple(Difference(*row) for row in list(rows)[1:])


def differences_of(operation: str) -> list[Difference]:
    """Those that touch an operation, whatever its parameters are called."""
    label = unnamed(operation)
    return [one for one in differences() if fnmatchcase(label, unnamed(one.operation))]
