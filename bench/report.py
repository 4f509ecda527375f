"""The results, as a table to read and as JSON to keep."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.deliveries import Deliveries
from bench.measure import Comparison

EXPLANATION = (
    "ratio: left/right in requests a second, median of neighbouring rounds (smallest to largest). "
    "CPU: server processor time a request, us. MB: peak resident memory of the left server."
)


def table(results: Sequence[Comparison], left: str, right: str, skipped: Sequence[str] = ()) -> str:
    """The results as lines of text; `left` and `right` name the two sides, `skipped` tells what was not measured."""
    head = [
        "scenario",
        "bytes",
        f"{left}/s",
        f"{right}/s",
        "ratio",
        "",
        "p50 ms",
        "p99 ms",
        "p99 right",
        "CPU",
        "CPU right",
    ]
    rows = [[*head, "MB", "failed"], *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    left_out = [f"skipped  {each}" for each in skipped]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], "", *left_out, EXPLANATION])


def save(
    path: str,
    results: Sequence[Comparison],
    skipped: Sequence[str] = (),
    delivered: Sequence[Deliveries] = (),
    grown: Sequence[Mapping[str, object]] = (),
) -> None:
    """Write the results, the time and the machine to the file `path`."""
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "results": [asdict(result) for result in results],
        "skipped": list(skipped),
        "deliveries": [asdict(result) for result in delivered],
        "growth": list(grown),
    }
    Path(path).write_text(json.dumps(document, indent=2) + "\n")


def _row(result: Comparison) -> list[str]:
    left, right = result.left, result.right
    return [
        result.name,
        f"{result.reply_size:,}",
        f"{left.per_second:,.0f}",
        f"{right.per_second:,.0f}",
        f"{result.ratio:.2f}",
        f"({result.ratio_min:.2f}-{result.ratio_max:.2f})",
        f"{left.p50_ms:.2f}",
        f"{left.p99_ms:.2f}",
        f"{right.p99_ms:.2f}",
        f"{left.cpu_us:.1f}",
        f"{right.cpu_us:.1f}",
        f"{left.peak_mb:.0f}",
        f"{left.failures + right.failures:,}",
    ]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
