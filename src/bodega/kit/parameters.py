"""How the text of a query parameter is parsed: one function for each type of column.

Each raises ValueError with the end of a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from bodega.dates import iso, parse_span
from bodega.kit.fields import INT32, MOMENT, NO_DATE, bare, clean_decimal, field_type_of, ten_thousandths, whole
from bodega.kit.hints import hints_of
from bodega.storage.table import Table
from bodega.storage.text import caseless

Parse = Callable[[str], Any]
Kind = Literal["number", "date", "text", "choice", "flag"]


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
        return flag
    if sql_type == "BIGINT":
        return _decimal
    if column.endswith("_key"):
        return caseless
    return str


def one(table: Table, column: str) -> Parse:
    """How one value for a column is read: one of its words or numbers, if it has only some."""
    words, numbers = choices_of(table, column), numbers_of(table, column)
    if numbers is not None:
        return _one_from(*numbers)
    return one_of(words) if words else parser(table.types.get(column, "TEXT"), column)


def kind_of(table: Table, column: str) -> Kind:
    """What a column holds, as far as filters go."""
    sql_type = table.types.get(column, "TEXT")
    if sql_type != "TEXT":
        return "flag" if sql_type == "BOOLEAN" else "number"
    if choices_of(table, column):
        return "choice"
    annotation = _annotation(table, column)
    if annotation is None:  # computed: its name tells
        dated = column.startswith("date_") or column.endswith("_date")
    else:
        dated = field_type_of(bare(annotation)) is MOMENT
    return "date" if dated else "text"


def choices_of(table: Table, column: str) -> tuple[str, ...]:
    """The words of which a column holds one, or none where it holds any text."""
    return _words(_annotation(table, column))


def _annotation(table: Table, column: str) -> Any:
    member = next((each.member for each in table.columns if each.name == column), "")
    return hints_of(table.entity).get(member) if member else None


def _words(annotation: Any) -> tuple[str, ...]:
    inner = bare(annotation)
    if get_origin(inner) is Annotated:
        inner = get_args(inner)[0]
    words = get_args(inner) if get_origin(inner) is Literal else ()
    return words if all(isinstance(word, str) for word in words) else ()


_FEW = 100
"""Numbers of a field that are as good as words: an order's status is one of fifteen."""


def numbers_of(table: Table, column: str) -> tuple[int, int] | None:
    """The least and the greatest number of a column that takes only a few."""
    inner = bare(_annotation(table, column))
    if get_origin(inner) is not Annotated or get_args(inner)[0] is not int:
        return None
    bounds = next((item for item in get_args(inner)[1:] if isinstance(item, msgspec.Meta)), None)
    if bounds is None or bounds.ge is None or bounds.le is None or bounds.le - bounds.ge > _FEW:
        return None
    return int(bounds.ge), int(bounds.le)


def _one_from(least: int, greatest: int) -> Parse:
    def read(text: str) -> int:
        number = integer(text)
        if not least <= number <= greatest:
            raise ValueError(f"must be a whole number from {least} to {greatest}")
        return number

    return read


def one_of(words: Sequence[str]) -> Parse:
    """One of these words, whatever its case."""
    by_key = {caseless(word): word for word in words}

    def read(text: str) -> str:
        word = by_key.get(caseless(text.strip()))
        if word is None:
            raise ValueError("must be one of " + ", ".join(words))
        return word

    return read


def integer(text: str) -> int:
    number = whole(text.strip())
    if abs(number) > INT32:
        raise ValueError(f"must be a whole number of at most {INT32}")
    return number


def _decimal(text: str) -> int:
    return ten_thousandths(clean_decimal(text))


def flag(text: str) -> bool:
    if text.lower() in ("true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise ValueError("must be true or false")


def day(text: str) -> tuple[str, str]:
    """The first and the last second of a day; a moment is both."""
    try:
        first, last = parse_span(text)
    except ValueError:
        raise ValueError(NO_DATE) from None
    return iso(first), iso(last)


def day_start(text: str) -> str:
    """The first second of a day, or a moment."""
    return day(text)[0]


def day_end(text: str) -> str:
    """The last second of a day, or a moment."""
    return day(text)[1]


_days = listed(day)


def days(text: str) -> tuple[str, ...]:
    """The first and the last second of each of several days, joined by commas."""
    return tuple(moment for span in _days(text) for moment in span)
