"""What is wrong with a value, in plain words: msgspec's errors as the ends of sentences about a field."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

import msgspec

from bodega.law.reasons import Reason
from bodega.law.refusal import Refusal

UNFORESEEN = "a value in the body cannot be taken"
"""What is told of a value that no reader refused, and a later step could not use."""

_NOUNS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_UNITS = {"str": "character", "array": "item", "object": "member"}
_EXPECTED = re.compile(r"Expected `([^`]*)`(?: (of length )?(>=|<=) (\d+|-\d+))?(?:, got `.*`)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,9})?")
"""A number that is written as text."""

_GOT = re.compile(r"Expected `([^`]*)`, got `([^`]*)`")
_ABSENT = re.compile(r"Object missing required field `([^`]*)`")
_JSON_TYPES = {
    "str": "jsstring",
    "int": "jsnumber",
    "float": "jsnumber",
    "decimal": "jsnumber",
    "bool": "jsboolean",
    "array": "jsarray",
    "object": "jsobject",
}
_DIGITS = 20
"""Of a whole number that is written with a fraction: no documented one is longer."""
_AT = " - at `$"
_STEP = re.compile(r"\[[^\[\]]*\]|\.\w+")


class Misfit(ValueError):
    """A value that is refused for something inside it; `path` is where below the member that stands, as `.entity`.

    The message leads there; `alone` says only what is wrong there, for whoever names the place.
    """

    def __init__(self, message: str, path: str, alone: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.alone = alone or message


class Absent(Misfit):
    """An object inside the value lacks a member, which `path` names."""


class WrongType(Misfit):
    """A value of another JSON type than the documented one; `expected` is what a reader of JSON says of it."""

    def __init__(self, message: str, expected: str, path: str = "", alone: str = "") -> None:
        super().__init__(message, path, alone)
        self.expected = expected


def judged(error: BaseException | None) -> Refusal | None:
    """The refusal for what a value made a step raise: a fault of the body, and no accident of the server.

    A row that cannot be decoded is an accident: the readers of bodies say themselves what is wrong.
    """
    if not isinstance(error, ValueError | ArithmeticError) or isinstance(error, msgspec.MsgspecError):
        return None
    why = str(error)
    why = f"the body {why}" if why.startswith("must ") else UNFORESEEN
    return Refusal(Reason.FIELD_INVALID, details={"invalid_reason": f"{why}."})


class _Judged:
    """Raises what `judged` says."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and (refusal := judged(error)) is not None:
            raise refusal from error


_JUDGED = _Judged()


def values_are_judged() -> _Judged:
    """A block in which what a value makes a step raise is a fault of the body (Refusal)."""
    return _JUDGED


def typed(value: Any, annotation: Any, *, strict: bool = True) -> Any:
    """The value as this type; text stands for numbers and flags unless `strict`. A number is whole whose fraction is
    nothing: 5.0 is 5, as in JSON Schema.

    Raises ValueError with the end of a sentence, "must be …".
    """
    try:
        made = msgspec.convert(value, annotation, strict=strict)
    except msgspec.ValidationError as error:
        complaint = str(error)
        whole = _without_empty_fractions(value) if "`int" in complaint else value
        if whole is not value:
            return typed(whole, annotation, strict=strict)
        expected, message, path = _expected(complaint), plain(complaint, annotation), _dotted(complaint)
        absent = _ABSENT.match(complaint)
        if absent is not None:
            raise Absent(message, f"{path}.{absent[1]}") from None
        alone = plain(complaint.partition(_AT)[0]) if path else message
        raise WrongType(message, expected, path, alone) if expected else Misfit(message, path, alone) from None
    if isinstance(made, Decimal) and isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        raise ValueError("must be a number")  # Python reads underscores, and digits of other scripts
    return made


def whole_number(value: Any) -> Any:
    """A number without a fraction as a whole number, anything else as it is."""
    if isinstance(value, Decimal | float) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and number.adjusted() < _DIGITS and number == number.to_integral_value():
            return int(number)
    return value


def _without_empty_fractions(value: Any) -> Any:
    """The same data with whole numbers where fractions are nothing; the value itself if there is none."""
    if isinstance(value, Decimal | float):
        return whole_number(value)
    if isinstance(value, list):
        items = [_without_empty_fractions(item) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        members = {name: _without_empty_fractions(item) for name, item in value.items()}
        return members if any(members[name] is not value[name] for name in value) else value
    return value


def _expected(complaint: str) -> str:
    """What a reader of JSON says of a value of another type; "" where the type is right and the value is not."""
    found = _GOT.fullmatch(complaint.partition(_AT)[0])
    if found is None:
        return ""
    wanted, got = (_JSON_TYPES.get(word) for word in (found[1].partition(" | ")[0], found[2]))
    return f"error.expected.{wanted}" if wanted and wanted != got else ""


def _dotted(complaint: str) -> str:
    """The path in a complaint as keys of `errors` have it: `.values.0.label`."""
    steps = _STEP.findall(complaint.partition(_AT)[2])
    return "".join(f".{name}" for step in steps if (name := step.strip(".[]")))


def plain(message: str, annotation: Any = None) -> str:
    """msgspec's error about a value of this type, as the end of a sentence."""
    what, _, path = message.partition(_AT)
    if what.startswith("must "):
        return what  # an error of our own, raised by a struct
    steps = _STEP.findall(path)
    choices = [] if steps else _choices(annotation)
    noun = "one of " + ", ".join(map(str, choices)) if choices else _noun(what)
    for step in reversed(steps):
        noun = f"a list, each item {noun}" if step[0] == "[" else f"an object whose {step[1:]} is {noun}"
    return f"must be {noun}"


def _noun(what: str) -> str:
    if what == "Invalid decimal string":
        return "a number"
    absent = _ABSENT.fullmatch(what)
    if absent is not None:
        return f"an object with {absent[1]}"
    found = _EXPECTED.fullmatch(what)
    if found is None:
        return "a value of the documented form"
    words, of_length, comparison, bound = found.groups()
    noun = " or ".join(_NOUNS.get(word, word) for word in words.split(" | "))
    if bound is None:
        return noun
    limit = f"at {'least' if comparison == '>=' else 'most'} {bound}"
    if not of_length:
        return f"{noun} of {limit}"
    return f"{noun} of {limit} {_UNITS.get(words, 'item')}{'' if bound == '1' else 's'}"


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            return get_args(part)
    return ()
