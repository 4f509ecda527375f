"""Text from outside that both databases can hold: PostgreSQL holds no NUL, and neither of them half a surrogate pair.

The kit refuses what it reads of the store's API; all else (paths, queries, forms and cookies of pages, variables of
queries, claims of tokens) comes through here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl


def storable(text: str) -> str:
    """The text with a replacement character for each that cannot be held."""
    if text.isascii():
        return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if "\x00" in text else text
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


SMALLEST, LARGEST = -(2**63), 2**64 - 1
"""The whole numbers that every form of a value can hold: JSON itself has no bounds."""
MANY_DIGITS = re.compile(rb"[0-9]{19}")
"""What a text of JSON has somewhere if a whole number in it is beyond these."""


def is_storable(value: Any) -> bool:
    """Whether all texts and numbers of a JSON value can be held."""
    if isinstance(value, str):
        return storable(value) == value
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, int):
        return SMALLEST <= value <= LARGEST
    if isinstance(value, Mapping):
        return all(is_storable(name) and is_storable(one) for name, one in value.items())
    return all(map(is_storable, value)) if isinstance(value, list | tuple) else True


def pairs_of(text: str, most: int | None = None) -> list[tuple[str, str]]:
    """The names and values of an urlencoded form or query. Raises ValueError for more than `most`."""
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=most)
    return [(storable(name), storable(value)) for name, value in pairs]


def query_of(scope: Mapping[str, Any]) -> dict[str, list[str]]:
    """The values of each name in the query of a request, without empty ones."""
    found: dict[str, list[str]] = {}
    for name, value in pairs_of(scope.get("query_string", b"").decode("latin-1")):
        if value:
            found.setdefault(name, []).append(value)
    return found
