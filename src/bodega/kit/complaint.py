"""What is wrong with a value, in plain words: msgspec's errors as the ends of sentences about a field."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args, get_origin

import msgspec

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
_STEP = re.compile(r"\[[^\]]*\]|\.\w+")


def typed(value: Any, annotation: Any, *, strict: bool = True) -> Any:
    """The value as this type; text is accepted for numbers and flags unless `strict`.

    Raises ValueError with the end of a sentence, "must be …".
    """
    try:
        return msgspec.convert(value, annotation, strict=strict)
    except msgspec.ValidationError as error:
        raise ValueError(plain(str(error), annotation)) from None


def plain(message: str, annotation: Any = None) -> str:
    """msgspec's error about a value of this type, as the end of a sentence."""
    what, _, path = message.partition(" - at `$")
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
