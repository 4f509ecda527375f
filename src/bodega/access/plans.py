"""The plans a store can be on: what it may hold (507 beyond) and how many requests it may get (429, 509 beyond).

Quotas of the named plans: rule 11 (150 or 450 requests a window of 30 s), rule 10 (20,000 requests an hour for Basic).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WINDOW_MS = 30_000
HOUR_SECONDS = 3_600

UNLIMITED = 1_000_000_000
"""A quota that nobody spends: `--unlimited`."""

NO_HOUR = -1
"""Requests an hour of an OAuth account that has only its window."""

COUNTERS = ("products", "categories", "brands", "customers")
"""What a plan can limit."""


@dataclass(frozen=True, slots=True)
class StorePlan:
    """Limits by counter (an absent counter has no limit) and default quotas of new accounts."""

    name: str
    level: str
    requests_per_window: int
    requests_per_hour: int = 20_000
    limits: Mapping[str, int] = field(default_factory=dict)


PLANS: dict[str, StorePlan] = {
    plan.name: plan
    for plan in (
        StorePlan("sandbox", "Sandbox", 20_000),
        StorePlan("trial", "Trial", 150, limits={"products": 50, "categories": 20, "brands": 20, "customers": 50}),
        StorePlan("standard", "Standard", 150, limits={"products": 10_000, "customers": 50_000}),
        StorePlan("plus", "Plus", 150, limits={"products": 50_000, "customers": 250_000}),
        StorePlan("pro", "Pro", 450, limits={"products": 500_000}),
        StorePlan("enterprise", "Enterprise", 20_000),
    )
}
DEFAULT = "sandbox"
