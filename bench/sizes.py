"""The command line of the measurements that compare a large store with a small one."""

import argparse
import sys
from collections.abc import Callable

from bench.measure import Comparison, Pace
from bench.report import save, table

Measure = Callable[[str, int, int, Pace], tuple[list[Comparison], list[str]]]
"""Takes the database, the rows of the small and the large store, and the pace; gives results and what was skipped."""


def run(noun: str, description: str | None, few: int, many: int, measure: Measure) -> None:
    """Parse the options, measure, print, save; exit code 1 if any request failed.

    `noun` names both the module (`python -m bench.orders`) and the rows that are counted.
    """
    parser = argparse.ArgumentParser(prog=f"python -m bench.{noun}", description=description)
    parser.add_argument("--few", type=int, default=few, help=f"{noun} in the small store")
    parser.add_argument("--many", type=int, default=many, help=f"{noun} in the large store")
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="sqlite")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", metavar="FILE", help="keep the results as JSON too")
    chosen = parser.parse_args()
    pace = Pace(rounds=3, seconds=0.7) if chosen.quick else Pace()
    results: list[Comparison] = []
    skipped: list[str] = []
    for database in ["sqlite", "postgres"] if chosen.database == "both" else [chosen.database]:
        measured, lacking = measure(database, chosen.few, chosen.many, pace)
        results += measured
        skipped += lacking
    print(table(results, "large", "small", skipped))
    if chosen.json:
        save(chosen.json, results, skipped)
    sys.exit(any(result.left.failures or result.right.failures for result in results))
