"""A store's clock. Below `http/` nothing asks the system for the time."""

from __future__ import annotations

import time

import msgspec


class Clock(msgspec.Struct, frozen=True, gc=False):
    """Live (both None/0), shifted by `offset` seconds, or frozen at `frozen` (UTC seconds)."""

    frozen: float | None = None
    offset: float = 0.0

    def now(self) -> float:
        """UTC seconds."""
        return time.time() + self.offset if self.frozen is None else self.frozen
