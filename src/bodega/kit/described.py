"""What an OPTIONS reply tells of the bodies that V3 takes: the members of a resource, their types, which are required.

A member's type is told by words of JSON Schema (2020-12). What a body must have is asked of its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec

from bodega.kit.actions import Action
from bodega.kit.batch import Misread
from bodega.kit.fields import field_type_of
from bodega.kit.hints import hints_of
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal

WRITES = ("POST", "PUT")
_REFS = "#/"
_DEEPEST = 4
"""How many objects deep a member is told."""

_DECIMAL = {"type": "string", "format": "decimal"}


_known: WeakKeyDictionary[Action, dict[str, list[Any]]] = WeakKeyDictionary()


def described(actions: Mapping[str, Action]) -> dict[str, list[Any]]:
    """`fields` of the resource, and `list_methods`: those whose body is a list of such objects."""
    first = next(iter(actions.values()), None)
    if first is None:
        return {"fields": [], "list_methods": []}
    if first not in _known:
        _known[first] = _described(actions)
    return _known[first]


def _described(actions: Mapping[str, Action]) -> dict[str, list[Any]]:
    fields: dict[str, dict[str, Any]] = {}
    lists: list[str] = []
    for method in WRITES:
        action = actions.get(method)
        if action is None or not is_described(action):
            continue
        body = _body(action, method)
        lists += [method] if body.listed else []
        for name, kind in body.members.items():
            told = fields.setdefault(name, {"name": name, **kind, "writable_methods": [], "required_methods": []})
            told["writable_methods"] += [method] if name in body.writable else []
            told["required_methods"] += [method] if name in body.required else []
        for other, first in body.instead.items():
            fields[other]["instead_of"] = first
    return {"fields": list(fields.values()), "list_methods": lists}


class _Body(NamedTuple):
    """What is told of one method: all members with their schemas; those that it writes, and requires; those that may
    stand in the place of a required one; whether the body is a list of such objects."""

    members: Mapping[str, dict[str, Any]]
    writable: Collection[str]
    required: Collection[str]
    instead: Mapping[str, str]
    listed: bool


def _body(action: Action, method: str) -> _Body:
    shape = shape_read(action)
    if shape is None:
        schema = _schema(action.takes)
        listed = schema["type"] == "array"
        one = schema["items"] if listed else schema
        return _Body(one["properties"], one["properties"].keys(), one.get("required", ()), {}, listed)
    required, listed = asked(action)
    members = members_of(shape, _schema)
    names: dict[str, dict[str, Any]] = {name: members.get(name, {}) for name in (*members, *required)}
    known = {*shape.types, *shape.nested} - set(shape.set_once if method == "PUT" else ())
    chosen = [one.split("|") for one in shape.required]
    instead = {other: first for first, *others in chosen if first in required for other in others}
    return _Body(names, known | (names.keys() - members.keys()), required, instead, listed)


def is_described(action: Action) -> bool:
    """Whether the fields of an action's body are told."""
    return action.body and (action.takes is not None or shape_read(action) is not None)


def shape_read(action: Action) -> V3Shape | None:
    """The shape by which an action reads its body; None if it takes none, or reads it in a way of its own."""
    if not action.body or action.only_uploads or action.reads_otherwise:
        return None
    own = getattr(action, "shape", None)
    if isinstance(own, V3Shape):
        return own
    endpoint = getattr(action, "endpoint", None)
    return None if endpoint is None else endpoint.v3


def asked(action: Action) -> tuple[tuple[str, ...], bool]:
    """The members that an action requires of a body, and whether the body is a list."""
    missing, listed = lacking(action, b"{}"), False
    if missing is None:
        missing, listed = lacking(action, b"[{}]"), True
    return missing or (), listed


def lacking(action: Action, body: bytes) -> tuple[str, ...] | None:
    """What a body lacks; None if it is not of the right form."""
    try:
        draft = action.read(body)
    except Refusal as refusal:
        faults: Sequence[Fault] = refusal.faults
        if not faults or any(not fault.field for fault in faults):
            return None
    else:
        faults = tuple(_of_first(draft)) if isinstance(draft, list) and draft else ()
    absent = (fault.field for fault in faults if fault.reason is Reason.FIELD_MISSING)
    return tuple(dict.fromkeys(name.removeprefix("0.") for name in absent))


def _of_first(drafts: list[Any]) -> Sequence[Fault]:
    """The faults of the first item of a list whose items are judged each by itself."""
    first = drafts[0]
    if isinstance(first, Misread):
        return first.refusal.faults
    return getattr(first, "faults", ())


def members_of(shape: V3Shape, told_by: Callable[[Any], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The members of a shape with their schemas, which `told_by` makes of a type; those that hold rows as well."""
    hints = hints_of(shape.entity) if shape.view is None else {}
    kinds = {name: hints[name] for name in shape.shown if name in hints}
    kinds = {name: kind for name, kind in kinds.items() if name not in shape.nested} | dict(shape.types)
    told = {name: told_by(kind) for name, kind in kinds.items()}
    for name, nested in shape.nested.items():
        properties = members_of(nested.shape, told_by)
        inner = {"type": "object", "properties": properties, "required": list(nested.shape.required)}
        told[name] = inner if nested.single else {"type": "array", "maxItems": nested.maximum, "items": inner}
    return told


def _schema(annotation: Any) -> dict[str, Any]:
    written = field_type_of(annotation).written
    kind = annotation if written is None else Annotated[written, None]
    (schema,), components = msgspec.json.schema_components([kind], ref_template=_REFS + "{name}")
    whole: dict[str, Any] = _inlined(schema, components, ())
    return whole


def _inlined(value: Any, components: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    """A schema with those it refers to in it; what is inside itself is only called an object there."""
    if isinstance(value, list):
        return [_inlined(one, components, within) for one in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix(_REFS)
    if name:
        found = (
            {"type": "object"}
            if name in within or len(within) == _DEEPEST
            else _inlined(components[name], components, (*within, name))
        )
        return {**found, **{key: one for key, one in value.items() if key != "$ref"}}
    if {key: value.get(key) for key in _DECIMAL} == _DECIMAL:
        return {**{key: one for key, one in value.items() if key not in _DECIMAL}, "type": "number"}
    dropped = ("title", "description", "default")
    return {key: _inlined(one, components, within) for key, one in value.items() if key not in dropped}
