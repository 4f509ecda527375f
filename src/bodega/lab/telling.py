"""Texts and values as people are told them: no longer than a line or a cell holds."""

from __future__ import annotations

from typing import Any

import msgspec


def cut(text: str, longest: int) -> str:
    """The text, or as much of it as `longest` characters hold with an ellipsis at their end."""
    return text if len(text) <= longest else f"{text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def told(value: Any, longest: int) -> str:
    """A text as it is, any other value as JSON."""
    return cut(value if isinstance(value, str) else msgspec.json.encode(value).decode(), longest)
