"""Reading what the lab is asked: every fault is told, and of an unknown member the nearest name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import parse_qsl

import msgspec

from bodega.lab.control.operation import Asked
from bodega.lab.control.problem import Problem

A = TypeVar("A", bound=Asked)


def read_body(raw: bytes, kind: type[A]) -> A:
    """The members of a body; an empty one is `{}`. Raises Problem."""
    try:
        given = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, f"The body is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise Problem(422, "The body must be an object.")
    return _read(given, kind, strict=True)


def read_query(query: str, kind: type[A]) -> A:
    """The parameters of a query; numbers and booleans are read from their text. Raises Problem."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    return _read(given, kind, strict=False)


def read_object(given: Mapping[str, Any], kind: type[A]) -> A:
    """The members of an object, as those of a body. Raises Problem."""
    return _read(given, kind, strict=True)


def _read(given: Mapping[str, Any], kind: type[A], *, strict: bool) -> A:
    errors = faults(given, kind, strict=strict)
    if errors:
        raise Problem(422, "The request is not valid.", errors)
    return msgspec.convert(given, kind, strict=strict)


def faults(given: Mapping[str, Any], kind: type[msgspec.Struct], *, strict: bool, at: str = "") -> dict[str, str]:
    """What is wrong with each member, by its path."""
    hints = get_type_hints(kind, include_extras=True)
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    errors = {}
    for name, value in given.items():
        if name not in known:
            errors[at + name] = _unknown(name, known)
            continue
        hint = hints[known[name].name]
        inner = _inner(value, hint, strict=strict, at=f"{at}{name}")
        if inner:
            errors |= inner
            continue
        try:
            msgspec.convert(value, hint, strict=strict)
        except msgspec.ValidationError as error:
            errors[at + name] = f"{error}."
    for name, field in known.items():
        if name not in given and field.required:
            errors[at + name] = "It is required."
    if not errors:
        try:
            msgspec.convert(given, kind, strict=strict)
        except msgspec.ValidationError as error:
            errors[at.rstrip(".") or "body"] = f"{error}."
    return errors


def _inner(value: Any, hint: Any, *, strict: bool, at: str) -> dict[str, str]:
    """The faults of the members of a member, where that is an object or a list of them."""
    errors: dict[str, str] = {}
    for kind in (hint, *get_args(hint)):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if isinstance(value, dict):
                errors |= faults(value, kind, strict=strict, at=f"{at}.")
            elif isinstance(value, list):
                for place, one in enumerate(value):
                    if isinstance(one, dict):
                        errors |= faults(one, kind, strict=strict, at=f"{at}[{place}].")
        elif isinstance(value, list) and not isinstance(kind, type):
            errors |= _inner(value, kind, strict=strict, at=at) if get_args(kind) and kind is not hint else {}
    return errors


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else f" The members are {', '.join(known)}." if known else ""
    return f"There is no such member.{hint}"
