"""The findings that are no fault of Bodega, each with its reason: `known.tsv`, and what the tests of replies know.

A line of `known.tsv` covers the findings of a check whose file, operation and detail match its shell patterns. Members
of replies that differ from their schemas on purpose are told once, in `DIFFERS` of `tests/replies`, and count here too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from conformance.finding import Finding
from replies import differs

TABLE = Path(__file__).with_name("known.tsv")

OF_ONE = ("type", "format", "enum")
"""What a value may break that may also be null: Schemathesis tells each as `anyOf`."""


class Known(NamedTuple):
    """A line of the table. `file`, `operation` and `detail` are shell patterns."""

    check: str
    file: str
    operation: str
    detail: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether it tells of this finding."""
        return self.check == finding.check and all(
            fnmatchcase(getattr(finding, name), getattr(self, name)) for name in ("file", "operation", "detail")
        )


def read() -> list[Known]:
    """The lines of the table."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert tuple(rows[0]) == Known._fields, rows[0]
    return [Known(*row) for row in rows[1:]]


class Sieve:
    """Takes findings, and knows which lines of the table it needed."""

    def __init__(self, table: Iterable[Known], *, differing: bool = True) -> None:
        """`differing`: what the tests of replies know counts as well."""
        self._table = list(table)
        self._differing = differing
        self._used: set[Known] = set()

    def unknown(self, finding: Finding) -> bool:
        """Whether nothing tells of it. Every line that does counts as used.

        A request with several faults was rightly accepted only if each of them may be.
        """
        status, _, rest = finding.detail.partition(" ")
        parts = [f"{status} {part}" for part in rest.split(" + ")] if rest else [status]
        told = [self._tells(finding._replace(detail=part)) for part in parts]
        return not all(told)

    def _tells(self, finding: Finding) -> bool:
        covering = [known for known in self._table if known.covers(finding)]
        self._used.update(covering)
        return bool(covering) or (self._differing and _differs(finding))

    @property
    def stale(self) -> list[Known]:
        """The lines that told of nothing."""
        return [known for known in self._table if known not in self._used]


def _differs(finding: Finding) -> bool:
    if finding.check != "response_schema_conformance":
        return False
    _, place, keyword, *member = [*finding.detail.split(), "", ""][:4]
    whole = ".".join(part for part in (place, *member) if part.strip("."))
    keywords = (*OF_ONE, keyword) if keyword == "anyOf" else (keyword,)
    return any(row.covers(finding.operation, whole, each) for row in differs() for each in keywords)
