"""Field types: what a member may hold, and how it looks in V2 and V3.

An entity holds the V3 form: JSON numbers, ISO 8601 times, lists. V2 has strings with four places and RFC 2822 dates
(rules 16, 17). A `Kind` is the difference, found by the annotation of the field.
"""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from bodega.dates import parse_moment

INT32 = 2_147_483_647
FOUR_PLACES = Decimal("0.0001")
MOST = Decimal(9_999_999_999)


class Kind(NamedTuple):
    """One kind of field.

    `word` is the type's name in a V2 OPTIONS reply; `show` turns the stored value into V2's, `read` V2's into the stored
    one, and `clean` finishes a value that already has the right type. The last two raise ValueError with a sentence.
    """

    word: str
    show: Callable[[Any], Any]
    read: Callable[[Any], Any]
    clean: Callable[[Any], Any]


def clean_decimal(value: Any) -> Decimal:
    """At most four places and 9,999,999,999, not negative; written without needless zeros."""
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
        if not number.is_finite() or abs(number) > MOST:
            raise ValueError("must be a number from 0 to 9999999999")
        number = number.quantize(FOUR_PLACES)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if number < 0:
        raise ValueError("must not be negative")
    whole = number.to_integral_value()
    return Decimal(int(whole)) if whole == number else number.normalize()


def ten_thousandths(number: Decimal) -> int:
    """A decimal as the integer that columns hold: exact, and in order in both databases."""
    return int(number * 10_000)


def clean_text(value: str) -> str:
    """Text that both databases can hold: PostgreSQL refuses NUL."""
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


def moment(epoch: float) -> str:
    """A time as V3 writes it: UTC, no fractions (real clients break on them)."""
    return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).isoformat()


def epoch(text: str) -> int:
    """A time as V3 writes it, in UTC seconds; 0 when it is not set."""
    return int(datetime.datetime.fromisoformat(text).timestamp()) if text else 0


def clean_moment(value: Any) -> str:
    """Any documented form of a time, as V3 writes it; empty when unset. Raises ValueError."""
    if value in (None, ""):
        return ""
    return moment(parse_moment(str(value)))


def _show_moment(value: str | None) -> str:
    return email.utils.formatdate(epoch(value)).replace("-0000", "+0000") if value else ""


def _read_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal) or str(value).strip() == "":
        raise ValueError("must be a whole number")
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValueError("must be a whole number") from None
    return number


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1"):
        return True
    if str(value).lower() in ("false", "0", ""):
        return False
    raise ValueError("must be true or false")


def _read_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("must be a string")
    return clean_text(str(value))


def _read_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | float):
        raise ValueError("must be a number")
    return clean_decimal(0 if value == "" else value)


def _read_ints(value: Any) -> list[int]:
    if value in (None, ""):
        return []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        raise ValueError("must be a list of ids")
    return [_read_int(item) for item in value]


def _read_words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_read_text(item) for item in value]
    return [word.strip() for word in _read_text(value).split(",") if word.strip()]


def _clean_texts(value: list[str]) -> list[str]:
    return [clean_text(item) for item in value]


def _as_is(value: Any) -> Any:
    return value


DECIMAL = Kind("decimal", "{:.4f}".format, _read_decimal, clean_decimal)
MOMENT = Kind("date", _show_moment, clean_moment, clean_moment)
INTEGER = Kind("int", _as_is, _read_int, _as_is)
FLAG = Kind("boolean", _as_is, _read_flag, _as_is)
STRING = Kind("string", _as_is, _read_text, clean_text)
TEXT = Kind("text", _as_is, _read_text, clean_text)
ENUM = Kind("enum", _as_is, _read_text, _as_is)
IDS = Kind("array", _as_is, _read_ints, _as_is)
WORDS = Kind("text", ", ".join, _read_words, _clean_texts)
IDS_TEXT = Kind("string", lambda ids: ",".join(map(str, ids)), _read_ints, _as_is)
OBJECT = Kind("object", _as_is, _as_is, _as_is)

Id = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Count = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
SortOrder = Annotated[int, msgspec.Meta(ge=-INT32 - 1, le=INT32)]
Money = Annotated[Decimal, DECIMAL]
Measure = Annotated[Decimal, DECIMAL]
Moment = Annotated[str, MOMENT]
Line = Annotated[str, msgspec.Meta(max_length=255)]
Long = Annotated[str, msgspec.Meta(max_length=65_535)]
Words = Annotated[list[Annotated[str, msgspec.Meta(max_length=65_535)]], WORDS]
Ids = list[Id]


def kind_of(annotation: Any) -> Kind:
    """The kind of a field with this annotation."""
    if get_origin(annotation) is Annotated:
        base, *extra = get_args(annotation)
        for item in extra:
            if isinstance(item, Kind):
                return item
        longest = next((item.max_length for item in extra if isinstance(item, msgspec.Meta) and item.max_length), None)
        return TEXT if base is str and (longest or 0) > 255 else kind_of(base)
    if annotation is bool:
        return FLAG
    if annotation is int:
        return INTEGER
    if annotation is str:
        return TEXT
    if get_origin(annotation) is Literal:
        return ENUM
    if get_origin(annotation) is list:
        return IDS if kind_of(get_args(annotation)[0]) is INTEGER else OBJECT
    return OBJECT


def longest(annotation: Any) -> int | None:
    """The greatest length a text field may have, in characters."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            if isinstance(item, msgspec.Meta) and item.max_length:
                return item.max_length
    return None
