"""The largest legal and the smallest illegal bodies of every write, made from the declarations: lists as long as they
may be, and by one item longer; texts as long as they may be."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from bodega.kit import pairs
from bodega.kit.actions import Action
from bodega.kit.batch import CreateMany, DeleteListed, UpdateMany
from bodega.kit.bounds import AtMost, Bound, bound_of
from bodega.kit.endpoint import shape_of
from bodega.kit.fields import (
    DECIMAL,
    EMAIL,
    IDS_TEXT,
    MOMENT,
    NAME,
    SET_MOMENT,
    SKU,
    STRING,
    TEXT,
    UNIX,
    WORDS,
    FieldType,
    bare,
)
from bodega.kit.v2_members import EnumAlias, ObjectMember
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.resources.catalog import sort_orders
from bodega.resources.channels import currency_assignments
from bodega.resources.checkouts.checkouts import AddConsignments
from bodega.resources.pricing.price_records import CREATES, UPSERTS, WriteRecords
from bodega.resources.webhooks import admin

PLAIN_KINDS = (DECIMAL, EMAIL, IDS_TEXT, MOMENT, NAME, SET_MOMENT, SKU, STRING, TEXT, UNIX, WORDS)
"""Values that can be made from their type alone."""

LONG_TEXT = 20_000
"""What a text without a greatest length gets."""
LONG_LIST = 200
"""From a list of more items on, only the first is as large as it may be."""
_numbers = itertools.count(1)

PLAIN: Mapping[type[Action], tuple[int, Callable[[], Any]]] = {
    DeleteListed: (0, lambda: next(_numbers)),
    pairs.Assign: (pairs.MAXIMUM, lambda: {"product_id": 1, "category_id": 1, "channel_id": 1}),
    currency_assignments.AssignToMany: (
        currency_assignments.MAX_AT_ONCE,
        lambda: {"channel_id": next(_numbers), "enabled_currencies": ["USD"] * 200, "default_currency": "USD"},
    ),
    sort_orders.SetOrder: (sort_orders.MAXIMUM, lambda: {"product_id": next(_numbers), "sort_order": 1}),
}
"""The actions whose body is a list without a shape: how long it may be, and an item."""


class Extreme(NamedTuple):
    """A body. `place` names the list that is too long, "" if none is."""

    place: str
    body: Any


def extremes(action: Action) -> Iterator[Extreme]:
    """The largest legal body of a write, and for each list in it one that is too long by an item."""
    for kind, (cap, item) in PLAIN.items():
        if isinstance(action, kind):
            cap = cap or action.batch.cap  # type: ignore[attr-defined]
            yield Extreme("", [item() for _ in range(cap)])
            yield Extreme("the body", [item() for _ in range(cap + 1)])
            return
    if isinstance(action, admin.SetEmails):
        yield Extreme("", {"emails": [f"a{number}@example.com" for number in range(admin.MAX_EMAILS)]})
        yield Extreme("emails", {"emails": [f"a{number}@example.com" for number in range(admin.MAX_EMAILS + 1)]})
        return
    shape = shape_of(action.endpoint) if getattr(action, "endpoint", None) is not None else None
    if shape is None:
        return
    if isinstance(action, AddConsignments):  # a list that the shape reads as one of its members
        yield Extreme("", full(shape)["consignments"])
        for place, body in too_long(shape):
            yield Extreme(place, body["consignments"])
        return
    if isinstance(action, CreateMany | UpdateMany | WriteRecords):
        if isinstance(action, WriteRecords):
            cap = CREATES if action.new else UPSERTS
        else:
            cap = action.batch.cap
        first = full(shape)
        yield Extreme("", [first, *(minimal(shape) for _ in range(cap - 1))])
        yield Extreme("the body", [minimal(shape) for _ in range(cap + 1)])
        for place, body in too_long(shape):
            yield Extreme(f"0.{place}", [body])
        return
    yield Extreme("", full(shape))
    for place, body in too_long(shape):
        yield Extreme(place, body)


def full(shape: V2Shape | V3Shape) -> dict[str, Any]:
    """Every member that may be written, as large as it may be."""
    if isinstance(shape, V2Shape):
        return {
            name: _of_wire(shape, name)
            for name, wire in shape.wires.items()
            if wire.writable and not (wire.bound is None and _has_a_form(shape.hints.get(wire.field)))
        }
    made = {name: large(kind) for name, kind in shape.types.items() if not _has_a_form(kind)}
    for name, nested in shape.nested.items():
        if nested.single:
            made[name] = full(nested.shape)
        else:
            made[name] = [full(nested.shape) for _ in range(min(nested.maximum, 3))]
            made[name] += [minimal(nested.shape) for _ in range(nested.maximum - len(made[name]))]
    return made


def minimal(shape: V2Shape | V3Shape) -> dict[str, Any]:
    """Only what a create requires."""
    if isinstance(shape, V2Shape):
        return {name: _of_wire(shape, name) for name, wire in shape.wires.items() if "POST" in wire.required}
    names = [word.partition("|")[0] for word in shape.required]
    made: dict[str, Any] = {name: small(shape.types[name]) for name in names if name in shape.types}
    return made | {name: [minimal(shape.nested[name].shape)] for name in names if name in shape.nested}


def too_long(shape: V2Shape | V3Shape) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each list in a body, by its place, with one item too many."""
    if isinstance(shape, V2Shape):
        for name, wire in shape.wires.items():
            if wire.writable and wire.bound is not None:
                for place, value in over(wire.bound):
                    yield name + place, {name: value}
        return
    for name, bound in shape.bounds.items():
        for place, value in over(bound):
            yield name + place, {name: value}
    for name, nested in shape.nested.items():
        if nested.single:
            for place, inner in too_long(nested.shape):
                yield f"{name}.{place}", {name: inner}
            continue
        yield name, {name: [{} for _ in range(nested.maximum + 1)]}
        for place, inner in too_long(nested.shape):
            yield f"{name}.0.{place}", {name: [inner]}


def over(bound: Bound) -> Iterator[tuple[str, Any]]:
    """Values of which one list, or map, is too long, with the place of that."""
    if bound.loose:
        return  # judged by the number of its values, whatever they are
    if bound.listed:
        assert bound.maximum is not None
        yield "", [1] * (bound.maximum + 1)
        for place, value in over(bound.items) if bound.items is not None else ():
            yield f".0{place}", [value]
        return
    for name, inner in (bound.members or {}).items():
        for place, value in over(inner):
            yield f".{name}{place}", {name: value}


DEEPEST = 2
_inside: list[int] = []
"""The caps of the lists around the value that is being made."""


def large(annotation: Any) -> Any:
    """A value of a type, with lists and texts as long as they may be."""
    return _value(annotation, at_most=True)


def small(annotation: Any) -> Any:
    """A value of a type, without what need not be there."""
    return _value(annotation, at_most=False)


def _value(annotation: Any, *, at_most: bool, cap: int | None = None) -> Any:
    annotation = _chosen(annotation)
    if get_origin(annotation) is Annotated:
        base, *more = get_args(annotation)
        if any(item in (MOMENT, SET_MOMENT, UNIX) for item in more):
            return "2026-11-22T10:00:00Z"
        if EMAIL in more:
            return f"a{next(_numbers)}@example.com"
        caps = [item.items for item in more if isinstance(item, AtMost)]
        metas = [item for item in more if isinstance(item, msgspec.Meta)]
        if base is str:
            longest = next((item.max_length for item in metas if item.max_length), LONG_TEXT)
            shortest = next((item.min_length for item in metas if item.min_length), 1)
            return _text(min(longest, LONG_TEXT) if at_most else max(shortest, min(longest, 8)))
        if base is int:
            return next((item.ge for item in metas if item.ge is not None), 1) or 1
        return _value(base, at_most=at_most, cap=caps[0] if caps else cap)
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation)[0]
    if origin is list:
        inner = get_args(annotation)[0]
        if not at_most:
            return []
        assert cap is not None, annotation
        if len(_inside) >= DEEPEST:  # lists in lists in lists would be more than any body may hold
            return [small(inner)]
        first = min(cap, 1 if cap > LONG_LIST or _inside else 3)
        _inside.append(cap)
        try:
            return [large(inner) for _ in range(first)] + [small(inner) for _ in range(cap - first)]
        finally:
            _inside.pop()
    if origin is dict:
        inner = get_args(annotation)[1]
        if cap is None or not at_most:
            return {}
        return {f"k{number}": small(inner) for number in range(cap)}
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _struct(annotation, at_most=at_most)
    plain = {bool: True, int: 1, float: 1.5, Decimal: 1, NoneType: None}
    if annotation in plain:
        return plain[annotation]
    return _text(LONG_TEXT if at_most else 8) if annotation is str else None


def _struct(kind: type[msgspec.Struct], *, at_most: bool) -> dict[str, Any]:
    return {name: _value(hint, at_most=at_most) for name, hint, required in _members(kind) if at_most or required}


@cache
def _members(kind: type[msgspec.Struct]) -> list[tuple[str, Any, bool]]:
    """The members of an object that a body may bring: name, type, whether it must."""
    hints = get_type_hints(kind, include_extras=True)
    return [
        (field.encode_name, hints[field.name], field.required)
        for field in msgspec.structs.fields(kind)
        if field.name != "id" and not _has_a_form(hints[field.name])
    ]


def _chosen(annotation: Any) -> Any:
    """Of several types the one with lists, else the first that is a value."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    parts = [part for part in get_args(annotation) if part not in (NoneType, msgspec.UnsetType)]
    return next((part for part in parts if bound_of(part) is not None), parts[0])


def _has_a_form(annotation: Any) -> bool:
    """Whether it is text with a form of its own, such as the address of a file, which would be fetched."""
    base, *more = get_args(bare(annotation)) if get_origin(bare(annotation)) is Annotated else (None,)
    kinds = [item for item in more if isinstance(item, FieldType)]
    return bound_of(base) is None and any(kind not in PLAIN_KINDS for kind in kinds)


def _of_wire(shape: V2Shape, name: str) -> Any:
    wire, word = shape.wires[name], shape.words.get(name)
    if isinstance(word, EnumAlias):
        return next(iter(word.words.values()))
    if isinstance(word, ObjectMember):
        return f"/{_text(8)}/"
    if wire.holds is not None:
        return large(wire.holds)
    return large(shape.hints.get(wire.field, str))


def _text(length: int) -> str:
    return f"{next(_numbers)} {'x' * length}"[:length]
