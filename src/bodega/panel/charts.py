"""Charts of the last hour and weeks, computed as rectangles and lines; the templates draw them as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.journal.pages import JournalPages
from bodega.journal.tally import BUCKETS_MS, MINUTES
from bodega.storage.tx import Tx

WIDTH, HEIGHT = 500, 170
LEFT, TOP, BOTTOM = 46, 8, 22
CLASSES = (2, 3, 4, 5)


def _hour(now: int) -> list[int]:
    last = now // 60
    return list(range(last - MINUTES + 1, last + 1))


def top_of(maximum: float) -> int:
    """The end of an axis: an even round number not below `maximum`, so that its half is a whole number, too."""
    size = 1
    while True:
        for step in (2, 4, 10):
            if step * size >= maximum:
                return step * size
        size *= 10


def _x(place: int) -> float:
    return LEFT + place * (WIDTH - LEFT) / MINUTES


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _frame(top: float, unit: str, now: int, zone: tzinfo) -> dict[str, Any]:
    rules = [{"y": round(_y(top * part, top), 1), "says": f"{int(top * part):,}{unit}"} for part in (0, 0.5, 1)]
    hours = [{"x": round(_x(place), 1), "says": f"{datetime.fromtimestamp(minute * 60, zone):%H:%M}"}
             for place, minute in enumerate(_hour(now)) if minute % 15 == 0 and place < MINUTES - 2]  # fmt: skip
    return {"width": WIDTH, "height": HEIGHT, "left": LEFT, "rules": rules, "hours": hours}


def requests(journal: JournalPages, now: int, zone: tzinfo) -> dict[str, Any]:
    """Requests a minute, stacked by the first digit of the status."""
    minutes = [(journal.minutes.get(minute) or ([0] * 6, []))[0] for minute in _hour(now)]
    top = top_of(max(max(sum(classes) for classes in minutes), 4))
    bars = []
    width = (WIDTH - LEFT) / MINUTES - 1.2
    for place, classes in enumerate(minutes):
        below = 0
        for first in CLASSES:
            if classes[first]:
                y = _y(below + classes[first], top)
                size = {"x": round(_x(place), 1), "y": round(y, 1), "width": round(width, 1)}
                size["height"] = round(_y(below, top) - y, 1)
                bars.append({**size, "kind": f"s{first}", "says": f"{first}xx: {classes[first]}"})
                below += classes[first]
    totals = {first: sum(classes[first] for classes in minutes) for first in CLASSES}
    return _frame(top, "", now, zone) | {"bars": bars, "totals": totals, "whole": sum(totals.values())}


def share(durations: Sequence[int], part: float) -> float | None:
    """The milliseconds within which this share of the requests was answered, interpolated within its bucket."""
    whole = sum(durations)
    if not whole:
        return None
    wanted = whole * part
    passed = 0
    for place, count in enumerate(durations):
        if count and passed + count >= wanted:
            low = BUCKETS_MS[place - 1] if place else 0
            high = BUCKETS_MS[place] if place < len(BUCKETS_MS) else 2 * BUCKETS_MS[-1]
            return low + (high - low) * (wanted - passed) / count
        passed += count
    return None


def latency(journal: JournalPages, now: int, zone: tzinfo) -> dict[str, Any]:
    """The median and the 95th percentile of latency, minute by minute."""
    found: dict[str, list[tuple[int, float]]] = {"p50": [], "p95": []}
    whole = [0] * (len(BUCKETS_MS) + 1)
    for place, minute in enumerate(_hour(now)):
        durations = (journal.minutes.get(minute) or ([], [0] * len(whole)))[1]
        whole = [a + b for a, b in zip(whole, durations, strict=True)]
        for name, part in (("p50", 0.5), ("p95", 0.95)):
            at = share(durations, part)
            if at is not None:
                found[name].append((place, at))
    top = top_of(max([2.0, *(at for _, at in found["p95"])]))
    half = (WIDTH - LEFT) / MINUTES / 2
    lines = {name: _pieces([(_x(p) + half, _y(at, top), p) for p, at in points]) for name, points in found.items()}
    return _frame(top, " ms", now, zone) | {"lines": lines, "p50": share(whole, 0.5), "p95": share(whole, 0.95)}


def _pieces(points: list[tuple[float, float, int]]) -> list[str]:
    """Lines through neighbouring minutes; a single minute is a short dash."""
    pieces: list[list[tuple[float, float, int]]] = []
    for point in points:
        if pieces and pieces[-1][-1][2] == point[2] - 1:
            pieces[-1].append(point)
        else:
            pieces.append([point])
    drawn = []
    for piece in pieces:
        if len(piece) == 1:
            x, y, place = piece[0]
            piece = [(x - 4, y, place), (x + 4, y, place)]
        drawn.append(" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in piece))
    return drawn


def by_day(days: Sequence[date], amounts: Sequence[Decimal | int], unit: str = "") -> dict[str, Any]:
    """Bars, one a day; `unit` stands behind the amounts."""
    top = top_of(float(max(*amounts, 4)))
    step = (WIDTH - LEFT) / len(days)
    bars = [
        {"x": round(LEFT + place * step + 1, 1), "y": round(_y(float(amount), top), 1), "width": round(step - 2, 1),
         "height": round(_y(0, top) - _y(float(amount), top), 1), "says": f"{day:%-d %B}: {amount:,}{unit}"}
        for place, (day, amount) in enumerate(zip(days, amounts, strict=True)) if amount > 0
    ]  # fmt: skip
    rules = [{"y": round(_y(top * part, top), 1), "says": f"{int(top * part):,}"} for part in (0, 0.5, 1)]
    marks = [{"x": round(LEFT + place * step, 1), "says": f"{day:%-d %b}"}
             for place, day in enumerate(days) if place % 7 == 1]  # fmt: skip
    return {"width": WIDTH, "height": HEIGHT, "left": LEFT, "rules": rules, "hours": marks, "bars": bars,
            "days": len(days), "whole": sum(amounts), "maximum": max(amounts), "today": amounts[-1],
            "unit": unit}  # fmt: skip


LOW_LOOKED_AT = 1_000
LOW_SHOWN = 6
LOW = (
    "SELECT p.id, p.name, v.sku, v.is_base, v.inventory_level, v.inventory_warning_level FROM"
    " (SELECT product_id, sku, is_base, inventory_level, inventory_warning_level FROM variants WHERE is_low"
    " LIMIT $1) v"
    " JOIN products p ON p.id = v.product_id"
    " WHERE (v.is_base AND p.inventory_tracking = 'product') OR (NOT v.is_base AND p.inventory_tracking = 'variant')"
)
"""Found by the index of low stock; a store in which everything is low is not scanned to the end."""


class Low(NamedTuple):
    """A product or variant whose level is at or below its warning level."""

    product: int
    name: str
    sku: str
    variant: bool
    level: int
    warning: int


async def running_low(tx: Tx) -> list[Low]:
    """What is low, the lowest in relation to its warning level first."""
    found = [
        Low(product, name, sku, not is_base, level, warning)
        for product, name, sku, is_base, level, warning in await tx.rows(LOW, LOW_LOOKED_AT)
    ]
    return sorted(found, key=lambda item: item.level / item.warning)
