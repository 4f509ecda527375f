"""How the text of a query parameter is parsed: one function for each type of column.

Each raises ValueError with the end of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from bodega.kit.fields import INT32, NO_DATE, clean_decimal, clean_moment, ten_thousandths, whole

Parse = Callable[[str], Any]


def listed(parse: Parse, maximum: int = 1000) -> Parse:
    """Several values separated by commas."""

    def read(text: str) -> tuple[Any, ...]:
        items = [item.strip() for item in text.split(",") if item.strip()]
        if len(items) > maximum:
            raise ValueError(f"must name at most {maximum} values")
        return tuple(parse(item) for item in items)

    return read


@lru_cache(maxsize=256)
def parser(sql_type: str, column: str) -> Parse:
    """The parser of a filter's text for a column of this type."""
    if sql_type == "INTEGER":
        return integer
    if sql_type == "BOOLEAN":
        return _flag
    if sql_type == "BIGINT":
        return _decimal
    if column.startswith("date_") or column.endswith("_date"):
        return moment
    if column.endswith("_key"):
        return str.casefold
    return str


def integer(text: str) -> int:
    number = whole(text.strip())
    if abs(number) > INT32:
        raise ValueError(f"must be a whole number of at most {INT32}")
    return number


def _decimal(text: str) -> int:
    return ten_thousandths(clean_decimal(text))


def _flag(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise ValueError("must be true or false")


def moment(text: str) -> str:
    if not text:
        raise ValueError(NO_DATE)
    return clean_moment(text)
