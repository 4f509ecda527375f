"""The table of counts in docs/benchmark.md, from bench/budget.json: `python -m bench.figures`.

`python -m bench.count --keep` writes both. --check writes nothing, and fails where the table is stale.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BUDGET = Path(__file__).with_name("budget.json")
PAGE = Path("docs/benchmark.md")
BEGIN = "<!-- counts: begin; written by `python -m bench.figures` from bench/budget.json -->\n"
END = "<!-- counts: end -->\n"
SIDES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


def counts(budget: Mapping[str, Any]) -> str:
    """The budget as a table of Markdown: a row for each scenario, a column for each database."""
    multiples: Mapping[str, float] = budget["multiples"]
    scenarios = dict.fromkeys(name.rpartition(", ")[0] for name in multiples)
    on = budget["counted_on"]
    lines = [
        f"Times the yardstick's instructions, on Python {on['python']}, {on['machine']}, built: {on['built']}.",
        "",
        f"| scenario | {' | '.join(SIDES.values())} |",
        f"| --- |{' --- |' * len(SIDES)}",
    ]
    for scenario in scenarios:
        cells = [multiples.get(f"{scenario}, {side}") for side in SIDES]
        lines.append(f"| {scenario} | {' | '.join('' if cell is None else f'{cell:.2f}' for cell in cells)} |")
    return "\n".join(lines) + "\n"


def written(page: str, budget: Mapping[str, Any]) -> str:
    """The page with the table of this budget in the place of the one it has."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} does not mark the place of its counts.")
    return f"{before}{BEGIN}\n{counts(budget)}\n{END}{after}"


def write(page: Path = PAGE) -> None:
    """Bring the page up to the budget."""
    page.write_text(written(page.read_text("utf-8"), json.loads(BUDGET.read_text())), "utf-8")


def main() -> None:
    """Write the table, or exit with 1 if it is not that of the budget."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the table is stale")
    if not parser.parse_args().check:
        write()
        return
    text = PAGE.read_text("utf-8")
    if written(text, json.loads(BUDGET.read_text())) != text:
        print(f"{PAGE} is stale; write it with: python -m bench.figures", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
