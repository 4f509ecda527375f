"""JSON Schema (2020-12) of the types of fields: as replies show them, and as bodies may bring them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from bodega.kit.bounds import Bound, bound_of
from bodega.kit.fields import DECIMAL, MAXIMUM, MOMENT, SET_MOMENT, UNIX, bare, field_type_of
from bodega.openapi.learned import Schema

_REFS = "#/"
_DEEPEST = 5
_DECIMAL = {"type": "string", "format": "decimal"}
NUMERAL = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
"""A number that is written as text."""

DATE = "A date, as 2026-11-22T10:00:00Z or 2026-11-22."


def shown_as(annotation: Any) -> Schema:
    """The schema of a field's value in V3."""
    schema = _schema(annotation, {"type": "number"})
    if _is_moment(annotation):
        schema["description"] = "A time in UTC, as 2026-11-22T10:00:00Z; empty if it is not set."
    return schema


def taken_as(annotation: Any) -> Schema:
    """The schema of what a body of V3 may bring for a field. A decimal may be text, a list has its greatest length."""
    kind = field_type_of(annotation)
    read = annotation if kind.written is None else Annotated[kind.written, None]
    schema = _schema(read, {"type": ["number", "string"], "pattern": NUMERAL})
    if field_type_of(bare(annotation)) is DECIMAL:
        _bound(schema)
    if _is_moment(annotation):
        schema["description"] = DATE
    bound = bound_of(read)
    return capped(schema, bound) if bound is not None else schema


def _bound(schema: Schema) -> None:
    for part in (schema, *schema.get("anyOf", ())):
        if "number" in part.get("type", ()):
            part |= {"minimum": 0, "maximum": int(MAXIMUM)}


def _is_moment(annotation: Any) -> bool:
    return field_type_of(bare(annotation)) in (MOMENT, SET_MOMENT, UNIX)


def capped(schema: Schema, bound: Bound) -> Schema:
    """A schema whose lists are as long as a body may have them."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [capped(part, bound) for part in schema["anyOf"]]}
    made = dict(schema)
    if made.get("type") == "array" and bound.maximum is not None:
        made["maxItems"] = bound.maximum
    if bound.items is not None and isinstance(made.get("items"), dict):
        made["items"] = capped(made["items"], bound.items)
    members: Mapping[str, Bound] = bound.members or {}
    if members and "properties" in made:
        made["properties"] = {
            name: capped(inner, members[name]) if name in members else inner
            for name, inner in made["properties"].items()
        }
    return made


def _schema(annotation: Any, decimal: Schema) -> Schema:
    (schema,), components = msgspec.json.schema_components([annotation], ref_template=_REFS + "{name}")
    whole: Schema = _inlined(schema, components, (), decimal)
    return whole


def _inlined(value: Any, components: Mapping[str, Any], within: tuple[str, ...], decimal: Schema) -> Any:
    """A schema with those it refers to in it; what is inside itself is only called an object there."""
    if isinstance(value, list):
        return [_inlined(one, components, within, decimal) for one in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).removeprefix(_REFS)
    if name:
        deep = name in within or len(within) == _DEEPEST
        found = {"type": "object"} if deep else _inlined(components[name], components, (*within, name), decimal)
        return {**found, **{key: one for key, one in value.items() if key not in ("$ref", "default")}}
    if {key: value.get(key) for key in _DECIMAL} == _DECIMAL:
        return {**{key: one for key, one in value.items() if key not in _DECIMAL}, **decimal}
    dropped = ("title", "description", "default", "contentEncoding")
    if "properties" in value:
        members = {key: _inlined(one, components, within, decimal) for key, one in value["properties"].items()}
        others = {key: one for key, one in value.items() if key not in (*dropped, "properties")}
        return {**others, "properties": members}
    return {key: _inlined(one, components, within, decimal) for key, one in value.items() if key not in dropped}
