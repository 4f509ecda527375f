"""A promotion as the engine reads it: its rules, conditions and actions."""

from __future__ import annotations

import msgspec


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion that may apply."""

    id: int
