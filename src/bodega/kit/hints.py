"""What classes say of their members. The types are written as texts and have to be evaluated: once for each class."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType, SimpleNamespace
from typing import Any, get_args, get_type_hints

import msgspec

_KNOWN: dict[type[Any], Mapping[str, Any]] = {}


def hints_of(kind: type[Any]) -> Mapping[str, Any]:
    """The types of the members by their names, with what annotates them."""
    found = _KNOWN.get(kind)
    if found is None:
        found = _KNOWN[kind] = MappingProxyType(get_type_hints(kind, include_extras=True))
    return found


def hint_of(kind: type[Any], member: str) -> Any:
    """The type of one member, as in `hints_of`: where few are asked for, the others need not be evaluated."""
    known = _KNOWN.get(kind)
    if known is not None:
        return known.get(member, Any)
    for base in kind.__mro__:
        text = vars(base).get("__annotations__", {}).get(member)
        if text is not None:
            alone = SimpleNamespace(__annotations__={member: text})
            return get_type_hints(alone, vars(sys.modules[base.__module__]), include_extras=True)[member]
    return hints_of(kind).get(member, Any)


def once_asked(make: Callable[[], Callable[[bytes], Any]]) -> Callable[[bytes], Any]:
    """A function that `make` makes when it is first called: a decoder of JSON, which looks at all types that it may
    meet. Of hundreds that are declared a server uses some."""
    made: Callable[[bytes], Any] | None = None

    def decode(content: bytes) -> Any:
        nonlocal made
        if made is None:
            made = make()
        return made(content)

    return decode


def has_decimals(annotation: Any) -> bool:
    """Whether a member of this type holds decimals, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _has_decimals(annotation)
    return annotation is Decimal or any(map(has_decimals, get_args(annotation)))


@cache
def _has_decimals(kind: type[msgspec.Struct]) -> bool:
    return any(map(has_decimals, hints_of(kind).values()))
