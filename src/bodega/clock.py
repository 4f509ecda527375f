"""A store's clock. Below `http/` nothing asks the system for the time."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec


class Clock(msgspec.Struct, frozen=True, gc=False):
    """Live (both None/0), shifted by `offset` seconds, or frozen at `frozen` (UTC seconds)."""

    frozen: float | None = None
    offset: float = 0.0

    def now(self) -> float:
        """UTC seconds."""
        return time.time() + self.offset if self.frozen is None else self.frozen

    @property
    def reader(self) -> Callable[[], float]:
        """As `now`, without a detour where this is the system's own clock."""
        return time.time if self.frozen is None and not self.offset else self.now

    def at(self, moment: float) -> Clock:
        """Frozen at a time, in UTC seconds."""
        return Clock(frozen=float(moment))

    def advanced(self, seconds: float) -> Clock:
        """So much later, frozen if it was."""
        if self.frozen is not None:
            return Clock(frozen=self.frozen + seconds)
        return Clock(offset=self.offset + seconds)
