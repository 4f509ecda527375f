"""JSON bodies: decoding, the caps of lists, and the refusal of what is not JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from bodega.kit.bounds import MAX_VALUES, too_many_values
from bodega.kit.complaint import WrongType
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal, refuse_faults

_read_json = msgspec.json.Decoder(float_hook=Decimal).decode


Changes = dict[str, Any]


def wrong_type(field: str, error: ValueError) -> Fault:
    """The fault of a value that cannot be read; one of another JSON type is told as such."""
    message = f"{field} {error}." if field else f"The request body {error}."
    if isinstance(error, WrongType):
        return Fault(Reason.FIELD_INVALID, field + error.path, message, json=error.expected)
    return Fault(Reason.FIELD_INVALID, field, message)


def be_a_list(items: Any, of: str = "objects") -> None:
    """An object where a list is due is a value of another type."""
    if not isinstance(items, list):
        raise refuse_faults([wrong_type("", WrongType(f"must be a list of {of}", "error.expected.jsarray"))])


def respect_cap(items: Any, maximum: int) -> None:
    """Rule 25: a list, and not too long."""
    be_a_list(items)
    if len(items) > maximum:
        message = f"The request payload is too large. The maximum items allowed in the array is {maximum}."
        raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": maximum})


def respect_size(body: bytes) -> None:
    """A JSON text holds no more values than the largest legal body. Raises Refusal before anything is decoded."""
    if too_many_values(body):
        message = f"The request body holds too many values: at most {MAX_VALUES} are read."
        raise Refusal(Reason.TOO_MANY_ITEMS, message, details={"max_items": MAX_VALUES})


def parse_json(body: bytes) -> Any:
    """Plain data from JSON, numbers with a fraction as exact decimals. Raises Refusal."""
    try:
        return _read_json(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ArithmeticError, ValueError) as error:
        raise malformed(error) from error


def malformed(error: Exception) -> Refusal:
    """The refusal of a body that is not JSON."""
    if isinstance(error, RecursionError):
        why = "it is nested too deeply"
    elif isinstance(error, ArithmeticError):
        why = "a number in it is out of range"
    else:
        why = str(error).partition(" - at `")[0]
    return Refusal(Reason.MALFORMED_BODY, f"The request body is not valid JSON: {why}.")
