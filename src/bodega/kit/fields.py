"""Field types: what a member may hold, and its form in V2 and V3.

An entity holds the V3 form: JSON numbers, ISO 8601 times, lists. V2 has strings with four places and RFC 2822 dates
(rules 16, 17). A `FieldType` converts between them; it is found by the annotation of the field.
"""

from __future__ import annotations

import datetime
import ipaddress
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from bodega.dates import iso, parse_moment, rfc2822
from bodega.kit.addresses import LONGEST_ADDRESS, clean_address, clean_image_address
from bodega.kit.bounds import AtMost
from bodega.kit.complaint import NUMBER, typed, whole_number
from bodega.kit.hints import has_decimals
from bodega.kit.upload import Upload
from bodega.storable import LARGEST, SMALLEST
from bodega.storage.files import PLACE

INT32 = 2_147_483_647
FOUR_PLACES = Decimal("0.0001")
MAXIMUM = Decimal(9_999_999_999)
NO_DATE = "must be a date, as 2026-11-22T10:00:00Z"

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_SECONDS = re.compile(r"[1-9][0-9]{4,10}")
"""With fewer digits it is a year."""
_PLAIN = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,4})?")  # within bounds: only zeros at the end are cut
_TAG = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
LONGEST_TAG = 35
"""Characters of a language's tag that RFC 5646 asks everybody to have room for."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")


class FieldType(NamedTuple):
    """One kind of field.

    `word` is the type's name in a V2 OPTIONS reply; `show` turns the stored value into V2's, `read` V2's into the
    stored one, and `clean` finishes a value that already has the right type. The last two raise ValueError with a
    sentence. A `located` kind holds the address of a file: its `show` takes the URL of the store's files as well, and
    what it reads may be an upload. `holds` is the type of what a V2 body brings where that is a list or an object: only
    such a kind is ever given one, and members that the type does not have are refused (`kit/unknown_members.py`).
    `flags`: what is text in V2 may be true or false as well. `written` is the type that a V3 body is read as, where
    `clean` makes the field's value of another. `deep`: V3 names the member inside it that is at fault, whatever is
    wrong with it, and not only one of another JSON type.
    """

    word: str
    show: Callable[..., Any]
    read: Callable[[Any], Any]
    clean: Callable[[Any], Any]
    located: bool = False
    holds: Any = None
    flags: bool = False
    written: Any = None
    deep: bool = False


def clean_decimal(value: Any) -> Decimal:
    """At most four places and 9,999,999,999, not negative; without trailing zeros."""
    return _canonical(str(value if isinstance(value, Decimal) else _decimal(str(value).strip())))


@lru_cache(maxsize=8192)  # a catalogue has few prices; rounding costs more than a look-up, and a number's hash as well
def _canonical(text: str) -> Decimal:
    if _PLAIN.fullmatch(text):
        return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("must be a number from 0 to 9999999999")
    try:
        if not -MAXIMUM <= number <= MAXIMUM:  # abs() would overflow at an exponent of a million
            raise ValueError("must be a number from 0 to 9999999999")
        number = number.quantize(FOUR_PLACES)
    except InvalidOperation:
        raise ValueError("must be a number") from None
    if number < 0:
        raise ValueError("must not be negative")
    whole = number.to_integral_value()
    return Decimal(int(whole)) if whole == number else number.normalize()


def _decimal(text: str) -> Decimal:
    """Only the digits of the wire format: Python would also read underscores, other scripts and NaN."""
    if not NUMBER.fullmatch(text):
        raise ValueError("must be a number")
    return Decimal(text)


def whole(text: str) -> int:
    """A whole number in ASCII digits. Raises ValueError."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number")
    return int(text)


def ten_thousandths(number: Decimal) -> int:
    """A decimal as the integer that columns hold: exact, and sorted correctly by both databases."""
    return int(number * 10_000)


def clean_text(value: str) -> str:
    """Text that both databases can hold: PostgreSQL refuses NUL."""
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


def moment(epoch: float) -> str:
    """A time as V3 writes it: UTC, no fractions (real clients break on them)."""
    return iso(int(epoch))


def epoch(text: str) -> int:
    """A time in V3's form as UTC seconds; 0 if it is not set."""
    return int(datetime.datetime.fromisoformat(text).timestamp()) if text else 0


def clean_moment(value: Any) -> str:
    """Any documented form of a time, in V3's form; empty if unset. Raises ValueError."""
    if value in (None, ""):
        return ""
    try:
        return moment(parse_moment(str(value)))
    except ValueError:
        raise ValueError(NO_DATE) from None


def clean_name(value: str) -> str:
    """Text that is not blank: a name of white space would be invisible."""
    if not value.strip():
        raise ValueError("must not be blank")
    return clean_text(value)


def clean_object(value: Any) -> Any:
    """Data of any depth whose strings both databases can hold, and whose numbers are numbers that every form can hold
    (`kit/v3_shape.py` knows of which bodies this needs to be asked)."""
    if isinstance(value, Upload):
        raise ValueError("must not be a file")
    if isinstance(value, str):
        clean_text(value)
    elif isinstance(value, dict):
        clean_object([*value, *value.values()])
    elif isinstance(value, list):
        for item in value:
            clean_object(item)
    elif isinstance(value, msgspec.Struct):
        clean_object(list(msgspec.structs.astuple(value)))
    elif isinstance(value, int) and not SMALLEST <= value <= LARGEST:
        raise ValueError(f"must have whole numbers from {SMALLEST} to {LARGEST}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must have numbers that are numbers")
    elif isinstance(value, Decimal) and not (value.is_finite() and -MAXIMUM <= value <= MAXIMUM):
        raise ValueError(f"must have numbers from -{MAXIMUM} to {MAXIMUM}")
    return value


def clean_numbers(value: Any) -> Any:
    """As `clean_object`, of what may hold decimals: those have to be looked at whatever the body is."""
    return clean_object(value)


def clean_set_moment(value: Any) -> str:
    """As `clean_moment`, of what must be set."""
    return clean_moment(value) or _unset()


def _unset() -> str:
    raise ValueError(NO_DATE)


def _show_moment(value: str) -> str:
    return rfc2822(epoch(value)) if value else ""


def _read_int(value: Any) -> int:
    value = whole_number(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("must be a whole number")
    return value if isinstance(value, int) else whole(value.strip())


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


def _read_name(value: Any) -> str:
    return clean_name(_read_text(value))


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


def clean_email(value: Any) -> str:
    """An e-mail address: something, one at sign, something. Whether mail arrives there cannot be checked."""
    text = _read_text(value).strip()
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an e-mail address")
    return text


def clean_ip_address(value: Any) -> str:
    """An IP address in its usual form; empty if unset. Raises ValueError."""
    text = _read_text(value).strip()
    try:
        return str(ipaddress.ip_address(text)) if text else ""
    except ValueError:
        raise ValueError("must be an IP address, as 198.51.100.7") from None


def clean_language(value: Any) -> str:
    """The tag of a language, as en, en-US or zh-Hant-TW; empty if unset. Raises ValueError."""
    text = _read_text(value)
    if text and (len(text) > LONGEST_TAG or not _TAG.fullmatch(text)):
        raise ValueError(f"must be the tag of a language, as en or en-US, of at most {LONGEST_TAG} characters")
    return text


def _read_unix(value: Any) -> str:
    """A date in any documented form, or in seconds since 1970; 0 if unset."""
    text = "" if isinstance(value, bool) else str(value or "").strip()
    if _SECONDS.fullmatch(text):
        return moment(int(text))
    return clean_moment("" if text == "0" else text)


def _clean_texts(value: list[str]) -> list[str]:
    return [clean_text(item) for item in value]


def _read_address(value: Any) -> Any:
    return value if isinstance(value, Upload) else clean_address(_read_text(value))


def _url_of_file(value: str, files: str) -> str:
    return files + value[1:] if value.startswith(PLACE) else value


def _path_of_file(value: str, _files: str) -> str:
    return value[2:] if value.startswith(PLACE) else value


def as_is(value: Any) -> Any:
    """The value unchanged."""
    return value


ONLY_NUL = frozenset({clean_text, clean_object, _clean_texts})
"""Clean functions that only refuse NUL, and of objects whole numbers of too many digits."""

DECIMAL = FieldType("decimal", "{:.4f}".format, _read_decimal, clean_decimal)
SET_MOMENT = FieldType("date", _show_moment, clean_set_moment, clean_set_moment)
"""A date that is there."""
MOMENT = FieldType("date", _show_moment, clean_moment, clean_moment)
INTEGER = FieldType("int", as_is, _read_int, as_is)
FLAG = FieldType("boolean", as_is, _read_flag, as_is)
STRING = FieldType("string", as_is, _read_text, clean_text)
NAME = FieldType("string", as_is, _read_name, clean_name)
TEXT = FieldType("text", as_is, _read_text, clean_text)
ENUM = FieldType("enum", as_is, _read_text, as_is)
IDS = FieldType("array", as_is, _read_ints, as_is, holds=list[int])
WORDS = FieldType("text", ", ".join, _read_words, _clean_texts, holds=list[str])
IDS_TEXT = FieldType("string", lambda ids: ",".join(map(str, ids)), _read_ints, as_is, holds=list[int])
EMAIL = FieldType("string", as_is, clean_email, clean_email)
IP_ADDRESS = FieldType("string", as_is, clean_ip_address, clean_ip_address)
"""An address of either version of IP, in its usual form."""
LANGUAGE = FieldType("string", as_is, clean_language, clean_language)
"""The tag of a language."""
UNIX = FieldType("date", lambda value: str(epoch(value)), _read_unix, clean_moment)
"""Seconds since 1970 as text, "0" if unset: the dates of some older resources of V2."""
INTEGER_TEXT = FieldType("string", str, _read_int, as_is)
FLAG_DIGIT = FieldType("string", lambda value: "1" if value else "0", _read_flag, as_is, flags=True)
OBJECT = FieldType("object", as_is, clean_object, clean_object, holds=Any)
FILE_URL = FieldType("string", _url_of_file, _read_address, clean_address, located=True)
IMAGE_URL = FILE_URL._replace(clean=clean_image_address)
FILE_PATH = FieldType("string", _path_of_file, _read_address, clean_address, located=True)
"""As V2's `image_file` shows a file: its path below the store's files."""

SKU = STRING._replace(read=lambda value: _read_text(value).strip(), clean=lambda value: clean_text(value).strip())
"""Text whose blanks at either end say nothing."""

Id = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Count = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
Quantity = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
SortOrder = Annotated[int, msgspec.Meta(ge=-INT32 - 1, le=INT32)]
Money = Annotated[Decimal, DECIMAL]
Measure = Annotated[Decimal, DECIMAL]
Moment = Annotated[str, MOMENT]
Line = Annotated[str, msgspec.Meta(max_length=255)]
Sku = Annotated[str, msgspec.Meta(max_length=255), SKU]
Long = Annotated[str, msgspec.Meta(max_length=65_535)]
FileUrl = Annotated[str, FILE_URL]
"""The address of a file: our own is stored without a host, and shown with the one that the caller used."""
ImageUrl = Annotated[str, IMAGE_URL]
"""The same of an image that is named in JSON and not fetched (rule 39)."""
Words = Annotated[list[Annotated[str, msgspec.Meta(max_length=65_535)]], AtMost(1_000), WORDS]
Ids = Annotated[list[Id], AtMost(1_000)]


def structured(members: Any) -> FieldType:
    """An object with members of its own, or a list of such; in V2 numbers and flags can be text, as they are in XML."""
    listed = get_origin(get_args(members)[0] if get_origin(members) is Annotated else members) is list

    def read(value: Any) -> Any:
        if value in (None, ""):
            value = [] if listed else {}
        return clean_object(typed(value, members, strict=False))

    def show(value: Any) -> Any:
        return msgspec.to_builtins(value, builtin_types=(Decimal,))

    return FieldType("array" if listed else "object", show, read, clean_object, holds=members)


def bare(annotation: Any) -> Any:
    """The annotation of a field that may be None, without the None."""
    if get_origin(annotation) in (Union, UnionType):
        others = [part for part in get_args(annotation) if part is not NoneType]
        return others[0] if len(others) == 1 else annotation
    return annotation


def field_type_of(annotation: Any) -> FieldType:
    """The type of a field with this annotation."""
    inner = bare(annotation)
    if inner is not annotation:
        return _or_none(field_type_of(inner))
    if get_origin(annotation) is Annotated:
        base, *extra = get_args(annotation)
        for item in extra:
            if isinstance(item, FieldType):
                return item
        if base is str:
            maximum = longest(annotation)
            return STRING if maximum is not None and maximum <= 255 else TEXT
        return field_type_of(base)
    if annotation is bool:
        return FLAG
    if annotation is int:
        return INTEGER
    if annotation is str:
        return TEXT
    if get_origin(annotation) is Literal:
        return ENUM
    ids = get_origin(annotation) is list and field_type_of(get_args(annotation)[0]) is INTEGER
    return IDS if ids else _object(annotation)


def _object(annotation: Any) -> FieldType:
    return OBJECT._replace(holds=annotation, clean=clean_numbers if has_decimals(annotation) else clean_object)


def _or_none(kind: FieldType) -> FieldType:
    """The type of a field that may be unset: null in V3; in V2 "" for a date (rule 16), else null as well."""
    unset = "" if kind is MOMENT else None
    return FieldType(
        kind.word,
        lambda value, *files: unset if value is None else kind.show(value, *files),
        lambda value: None if value in (None, "") else kind.read(value),
        lambda value: None if value in (None, "") else kind.clean(value),
        kind.located,
        kind.holds,
        kind.flags,
        deep=kind.deep,
    )


def longest(annotation: Any) -> int | None:
    """The greatest length of a text field, in characters."""
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            if isinstance(item, msgspec.Meta) and item.max_length:
                return item.max_length
            if isinstance(item, FieldType) and item.located:
                return LONGEST_ADDRESS
    return None
