"""Numbers with their nouns: `1 warning`, `2 warnings`, `1,000 entries`."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number and its noun, which is given in the singular and ends in the plural's s unless the number is 1."""
    if count != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{count:,} {noun}"
