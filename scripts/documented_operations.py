"""Writes the list of documented operations that ships with the package: version, method, path and group, and no prose.

    python scripts/documented_operations.py LIST

LIST is a file with tabs between its columns, among them those four. Run it again when the published API has changed.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

COLUMNS = ("version", "method", "path", "group")
OUTPUT = Path(__file__).parent.parent / "src/bodega/http/documented.tsv"


def main(given: Path) -> None:
    """Copies the facts, in the order of the list."""
    with given.open(newline="", encoding="utf-8") as lines:
        found = [[line[name] for name in COLUMNS] for line in csv.DictReader(lines, delimiter="\t")]
    OUTPUT.write_text("".join("\t".join(row) + "\n" for row in [list(COLUMNS), *found]), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
