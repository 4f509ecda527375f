"""How long the lists of a body may be: judged before any item is looked at, so that work is in proportion to what may
be stored, and not to what was sent.

A list says its cap in its type, `Annotated[list[Id], AtMost(1000)]`. It binds bodies only: what is stored is read
whatever its length. The compile step refuses a list without one (`kit/compile_shape.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from bodega.kit.hints import hints_of

MAX_VALUES = 250_000
"""The most values in one body: the largest legal one has fewer."""

LOOSE = 1_000
"""The most values inside a member of no declared form."""

DEEP = 40
"""How deep a member of no declared form may be nested."""


class AtMost(NamedTuple):
    """The most items of a list, or members of a map, that a body may bring."""

    items: int


class Excess(NamedTuple):
    """A list that is too long: where it is below the member, as `.values.0`, and how long it may be."""

    place: str
    maximum: int

    def __str__(self) -> str:
        return f"must be a list of at most {self.maximum} items"


class Bound(NamedTuple):
    """The caps inside a value of one type. `maximum` is that of a list or a map, None if it says none; `items` is the
    bound of its items, `members` those of an object's members that hold lists. `loose`: it has no declared form."""

    maximum: int | None = None
    listed: bool = False
    items: Bound | None = None
    members: Mapping[str, Bound] | None = None
    loose: bool = False


@lru_cache(maxsize=1024)
def bound_of(annotation: Any, maximum: int | None = None) -> Bound | None:
    """The caps inside a type; None if it holds no list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *more = get_args(annotation)
        for item in more:
            if isinstance(item, AtMost):
                maximum = item.items
            elif isinstance(item, msgspec.Meta) and item.max_length is not None:
                maximum = item.max_length
        return bound_of(base, maximum)
    if origin in (Union, UnionType):
        return next((found for part in get_args(annotation) if (found := bound_of(part, maximum)) is not None), None)
    if origin in (list, tuple, set, frozenset) or annotation in (list, tuple, set, frozenset):
        return Bound(maximum, listed=True, items=bound_of((get_args(annotation) or (Any,))[0]))
    if origin is dict or annotation is dict:
        inner = (get_args(annotation) or (Any, Any))[1]
        return Bound(maximum, listed=True, items=bound_of(inner)) if inner is not Any else Bound(loose=True)
    if annotation is Any:
        return Bound(loose=True)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _bound_of_struct(annotation)
    return None


def _bound_of_struct(kind: type[msgspec.Struct]) -> Bound | None:
    hints = hints_of(kind)
    names = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    members = {wire: found for wire, field in names if (found := bound_of(hints[field])) is not None}
    return Bound(members=members) if members else None


def uncapped(bound: Bound | None, place: str = "") -> Iterator[str]:
    """Where inside a type a list has no cap."""
    if bound is None:
        return
    if bound.listed and bound.maximum is None:
        yield place
    yield from uncapped(bound.items, f"{place}[]")
    for name, inner in (bound.members or {}).items():
        yield from uncapped(inner, f"{place}.{name}")


def excess(value: Any, bound: Bound, place: str = "") -> Excess | None:
    """The first list inside a value that is too long, from the outside in; None if there is none.

    `value` is plain data, or already of its type. Text may stand for a list in V2: its commas are counted. One object
    stands for a list of one, as one element of XML does.
    """
    if bound.loose:
        return Excess(place, LOOSE) if _is_crowded(value) else None
    if bound.listed:
        return _excess_of_list(value, bound, place)
    members = bound.members or {}
    if isinstance(value, dict):
        inside = [(name, value[name]) for name in members if name in value]
    elif isinstance(value, msgspec.Struct):
        inside = [(name, getattr(value, name, None)) for name in members]
    else:
        return None
    for name, inner in inside:
        if (found := excess(inner, members[name], f"{place}.{name}")) is not None:
            return found
    return None


def _excess_of_list(value: Any, bound: Bound, place: str) -> Excess | None:
    maximum, items = bound.maximum, bound.items
    if isinstance(value, str):
        return Excess(place, maximum) if maximum is not None and value.count(",") >= maximum else None
    if not isinstance(value, list | tuple | dict | set | frozenset):
        return None
    if maximum is not None and len(value) > maximum:
        return Excess(place, maximum)
    if items is None:
        return None
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for at, item in inside:
        if (found := excess(item, items, f"{place}.{at}")) is not None:
            return found
    return None


def _is_crowded(value: Any) -> bool:
    """Whether data of no declared form holds too many values, or lies too deep."""
    left, layer = LOOSE, [value]
    for _ in range(DEEP):
        inner: list[Any] = []
        for one in layer:
            if isinstance(one, dict | list):
                left -= len(one)
                if left < 0:
                    return True
                inner += one.values() if isinstance(one, dict) else one
        if not inner:
            return False
        layer = inner
    return True


def too_many_values(body: bytes) -> bool:
    """Whether a JSON text holds more than `MAX_VALUES` values. Each step is one pass of C over the text, which holds
    the interpreter for some milliseconds: decoding ten megabytes of `[]` would hold it for a third of a second."""
    if _separators(body) <= MAX_VALUES:
        return False
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if plain.count(b'"') > 4 * MAX_VALUES:  # a name and a value have two each
        return True
    return _separators(b"".join(plain.split(b'"')[::2])) > MAX_VALUES


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")
