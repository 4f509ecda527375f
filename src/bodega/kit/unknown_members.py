"""Members inside a V2 body that nothing has, or that only a reply shows: rules 1 and 2 hold at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from bodega.kit.hints import hints_of
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault

UNKNOWN = "The field '{}' is not supported by this resource."
READ_ONLY = "The field '{}' cannot be written to. Please remove it from your request before trying again."


def unknown(name: str) -> Fault:
    """Rule 2."""
    return Fault(Reason.FIELD_UNKNOWN, name, UNKNOWN.format(name))


def read_only(name: str) -> Fault:
    """Rule 1."""
    return Fault(Reason.FIELD_READ_ONLY, name, READ_ONLY.format(name))


class Inside(NamedTuple):
    """What a value of a type may hold: the members of an object, with the type of each, the type of a list's items, the
    type of a map's values. `shown` are members that a reply has and a body must not have, `given` those that a new row
    gets from the store."""

    members: Mapping[str, Any] | None = None
    shown: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    items: Any = None
    values: Any = None


def strangers(name: str, value: Any, holds: Any, *, new: bool = False) -> Iterator[Fault]:
    """The faults of members inside `value` that its type does not have. Values of the wrong type are not its concern.

    One element of XML stands for a list of one. A struct names in `shown_only` what a reply shows beside its members,
    and in `given_by_store` those that the body of a `new` parent must not have.
    """
    if isinstance(value, list):
        items = inside(holds).items
        for place, item in enumerate(value if items is not None else ()):
            yield from strangers(f"{name}.{place}", item, items, new=new)
    elif isinstance(value, dict):
        found = inside(holds)
        if found.items is not None and found.members is None:
            found = inside(found.items)
        for key, inner in value.items():
            there = f"{name}.{key}"
            if found.values is not None:
                yield from strangers(there, inner, found.values, new=new)
            elif found.members is None:
                return
            elif key in found.shown or (new and key in found.given):
                yield read_only(there)
            elif key in found.members:
                yield from strangers(there, inner, found.members[key], new=new)
            else:
                yield unknown(there)


@lru_cache(maxsize=256)
def inside(annotation: Any) -> Inside:
    """What a type holds, whatever else it may be."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return inside(get_args(annotation)[0])
    if origin in (Union, UnionType):
        parts = [inside(part) for part in get_args(annotation)]
        return next((part for part in parts if part != Inside()), Inside())
    if origin is list:
        return Inside(items=get_args(annotation)[0])
    if origin is dict:
        return Inside(values=get_args(annotation)[1])
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        hints = hints_of(annotation)
        names = zip(annotation.__struct_encode_fields__, annotation.__struct_fields__, strict=True)
        shown, given = (frozenset(getattr(annotation, word, "").split()) for word in ("shown_only", "given_by_store"))
        return Inside({wire: hints[field] for wire, field in names}, shown, given)
    return Inside()
