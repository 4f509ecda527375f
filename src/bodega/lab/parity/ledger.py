"""The ledger: differences that are known, each with a reason, in a file that is kept beside the tests.

Its lines have the columns method, path, kind, where, reason, with tabs between; `*` stands for anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from bodega.lab.parity.compare import Difference

HEAD = "method\tpath\tkind\twhere\treason"


class BadLedger(ValueError):
    """A file that is no ledger; the message is a sentence."""


class Known(NamedTuple):
    """A difference that is known."""

    method: str
    path: str
    kind: str
    where: str
    reason: str

    def covers(self, one: Difference) -> bool:
        """Whether it is this difference."""
        asked = (one.method, one.path, one.kind, one.where)
        return all(_matches(text, pattern) for text, pattern in zip(asked, self[:4], strict=True))


def _matches(text: str, pattern: str) -> bool:
    """`*` stands for anything; brackets, as in `data[].id`, for themselves."""
    return fnmatchcase(text.replace("[]", "()"), pattern.replace("[]", "()"))


def read_ledger(file: Path) -> list[Known]:
    """The known differences; none if the file is not there. Raises BadLedger."""
    if not file.exists():
        return []
    known = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line and line != HEAD and not line.startswith("#"):
            parts = line.split("\t")
            if len(parts) != len(Known._fields):
                raise BadLedger(f"Line {number} of {file} has not five columns with tabs between: {line[:80]}.")
            known.append(Known(*parts))
    return known


def add_to_ledger(file: Path, new: Iterable[Difference]) -> int:
    """Adds differences, for somebody to give a reason; returns how many."""
    lines = {"\t".join((one.method, one.path, one.kind, one.where, "to be explained")): None for one in new}
    start = "" if file.exists() and file.stat().st_size else HEAD + "\n"
    with file.open("a", encoding="utf-8") as ledger:
        ledger.write(start + "".join(f"{line}\n" for line in lines))
    return len(lines)
