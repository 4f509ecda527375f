"""How much is known of the operation that one of ours resembles.

`recorded`: replies of the hosted service were compared with ours; `described`: published documents describe it, and
tests hold our replies against them; `guessed`: neither, so that what is served follows from its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

Mark = Literal["recorded", "described", "guessed"]

MEANS: Mapping[Mark, str] = {
    "recorded": "Replies of the hosted service were recorded, and ours compared with them.",
    "described": "Published documents describe it; tests hold our replies against what they say.",
    "guessed": "No document describes it: what is served follows from its neighbours.",
}


@cache
def _recorded() -> frozenset[str]:
    """The operations of which a recorded run was replayed (`bodega parity`), one a line: none so far."""
    text = (resources.files("bodega.openapi") / "recorded.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def mark_of(operation: str, *, documented: bool) -> Mark:
    """The mark of an operation, as `GET /v3/catalog/brands/{id}`."""
    if operation in _recorded():
        return "recorded"
    return "described" if documented else "guessed"
