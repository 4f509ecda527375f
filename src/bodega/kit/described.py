"""What an OPTIONS reply tells of the bodies that V3 takes: the members of a resource, their types, which are required.

A member's type is told by words of JSON Schema (2020-12). What a body must have is asked of its reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
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
        shape = None if action is None else shape_read(action)
        if action is None or shape is None:
            continue
        required, listed = asked(action)
        lists += [method] if listed else []
        for name, kind in _members(shape).items():
            told = fields.setdefault(name, {"name": name, **kind, "writable_methods": [], "required_methods": []})
            if name in shape.types or name in shape.nested:
                passed_over = name in shape.set_once and method == "PUT"
                told["writable_methods"] += [] if passed_over else [method]
        for name in required:
            told = fields.setdefault(name, {"name": name, "writable_methods": [method], "required_methods": []})
            told["required_methods"].append(method)
            others = next((one.split("|") for one in shape.required if name in one.split("|")), [name])
            for other in others[1:]:
                fields[other]["instead_of"] = name
    return {"fields": list(fields.values()), "list_methods": lists}


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
    missing, listed = _lacking(action, b"{}"), False
    if missing is None:
        missing, listed = _lacking(action, b"[{}]"), True
    return missing or (), listed


def _lacking(action: Action, body: bytes) -> tuple[str, ...] | None:
    """What a body lacks; None if it is not of the right form."""
    try:
        draft = action.read(body)
    except Refusal as refusal:
        faults: Sequence[Fault] = refusal.faults
        if not faults or any(not fault.field for fault in faults):
            return None
    else:
        faults = tuple(_of_first(draft)) if isinstance(draft, list) and draft else ()
    lacking = (fault.field for fault in faults if fault.reason is Reason.FIELD_MISSING)
    return tuple(dict.fromkeys(name.removeprefix("0.") for name in lacking))


def _of_first(drafts: list[Any]) -> Sequence[Fault]:
    """The faults of the first item of a list whose items are judged each by itself."""
    first = drafts[0]
    if isinstance(first, Misread):
        return first.refusal.faults
    return getattr(first, "faults", ())


def _members(shape: V3Shape) -> dict[str, dict[str, Any]]:
    hints = hints_of(shape.entity) if shape.view is None else {}
    kinds = {name: hints[name] for name in shape.shown if name in hints}
    kinds = {name: kind for name, kind in kinds.items() if name not in shape.nested} | dict(shape.types)
    told = {name: _schema(kind) for name, kind in kinds.items()}
    for name, nested in shape.nested.items():
        inner = {"type": "object", "properties": _members(nested.shape), "required": list(nested.shape.required)}
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
