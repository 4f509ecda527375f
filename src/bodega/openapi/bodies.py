"""The bodies that operations take, as schemas: asked of the readers that judge them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from bodega.kit.actions import Action, Create, Update
from bodega.kit.batch import DeleteListed, Many
from bodega.kit.described import asked, lacking, members_of, shape_read
from bodega.kit.fields import INT32, bare
from bodega.kit.pairs import MAXIMUM, Assign
from bodega.kit.v2_members import Alias, EnumAlias, Wire
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.openapi.learned import Schema, learn, types_of
from bodega.openapi.types import DATE, NUMERAL, taken_as

WHOLE = r"^\s*[+-]?[0-9]+\s*$"
_FLAGS = [True, False, 0, 1, "true", "false", "True", "False", "TRUE", "FALSE", "0", "1", ""]
_READS_V2 = (Create.read, Update.read)


def body_of(action: Action, version: int, method: str) -> Schema | None:
    """The schema of an action's body; None where no declaration tells it."""
    if isinstance(action, Assign):
        return _listed(_pair(action), MAXIMUM)
    if isinstance(action, DeleteListed):
        return _listed({"type": "integer", "minimum": 1, "maximum": INT32}, action.batch.cap)
    if version == 2:
        return _of_v2(action, method)
    if action.takes is not None:
        return taken_as(action.takes)
    shape = shape_read(action)
    return None if shape is None or method not in ("POST", "PUT") else _of_v3(action, shape, method)


def _pair(action: Assign) -> Schema:
    names = [action.pairs.owner, action.pairs.member]
    number = {"type": "integer", "minimum": 1, "maximum": INT32}
    return {"type": "object", "properties": dict.fromkeys(names, number), "required": names}


def _listed(item: Schema, maximum: int) -> Schema:
    return {"type": "array", "maxItems": maximum, "items": item}


def _of_v3(action: Action, shape: V3Shape, method: str) -> Schema | None:
    required, listed = asked(action)
    both = lacking(action, b"{}") is not None and lacking(action, b"[{}]") is not None
    members = members_of(shape, taken_as)
    unwritten = set(shape.set_once if method == "PUT" else ())
    known = [name for name in members if name in {*shape.types, *shape.nested} - unwritten]
    properties = {
        name: _of_rows(members[name], method, shape.nested[name]) if name in shape.nested else members[name]
        for name in known
    }
    properties |= {name: members.get(name, {}) for name in required if name not in properties}
    chosen = [one.split("|") for one in shape.required if "|" in one]
    firsts = {names[0]: names for names in chosen}
    one: Schema = {"type": "object", "properties": properties}
    always = [name for name in required if name not in firsts]
    if always:
        one["required"] = always
    either = [[{"required": [name]} for name in firsts[first]] for first in required if first in firsts]
    if len(either) == 1:
        one["anyOf"] = either[0]
    elif either:
        one["allOf"] = [{"anyOf": part} for part in either]
    many = _listed(one, action.batch.cap) if isinstance(action, Many) else {"type": "array", "items": one}
    if both:
        return {"anyOf": [one, many]}
    return many if listed else one


def _of_rows(schema: Schema, method: str, nested: Nested) -> Schema:
    """A member that holds rows: what each requires holds for those that are new, and alternatives are no names."""
    inner = dict(schema.get("items", schema))
    required = [name for name in inner.pop("required", ()) if "|" not in name and method == "POST"]
    made = {**inner, "required": required} if required else inner
    if "items" not in schema:
        written = {*nested.shape.types, *nested.shape.nested}  # an id would say nothing: there is one
        made["properties"] = {name: one for name, one in made["properties"].items() if name in written}
        return {**made, "type": ["object", "null"]}
    if method == "PUT" and "id" in made.get("properties", {}):  # one that names no id is new
        made["properties"] = {**made["properties"], "id": {**made["properties"]["id"], "type": ["integer", "null"]}}
    kept = {name: value for name, value in schema.items() if value != 0}
    return {**kept, "type": ["array", "null"], "items": made}


def _of_v2(action: Action, method: str) -> Schema | None:
    endpoint = getattr(action, "endpoint", None)
    shape = None if endpoint is None else endpoint.v2
    if shape is None or type(action).read not in _READS_V2:
        return None
    properties = {name: _wire(shape, wire) for name, wire in shape.wires.items() if method not in wire.refused}
    required = [wire.name for wire in shape.wires.values() if method in wire.required]
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": required} if required else made


def _wire(shape: V2Shape, wire: Wire) -> Schema:
    """What a member of V2 may be in a body. Text stands for numbers and flags, as in XML there is only text."""
    if not wire.writable:
        return {"description": "Read and passed over: whole objects are sent back."}
    hint = shape.hints.get(wire.field, Any)
    word = shape.words.get(wire.name)
    if isinstance(word, EnumAlias):
        return {"enum": list(word.words.values())}
    if isinstance(word, Alias) and word.kind is not None and word.kind.flags:
        return {"enum": _FLAGS}
    if wire.holds is not None:
        return _held(wire)
    unset = hint is not bare(hint)
    return _by_word(wire, hint, unset=unset)


def _held(wire: Wire) -> Schema:
    if wire.holds is Any:
        return {}
    try:
        whole = taken_as(wire.holds)
    except TypeError:  # a type that only its reader knows
        return {}
    if not whole:
        return {}
    taken = _read_inside(_as_text(whole), wire.read)
    return _also({"anyOf": [taken, {"enum": ["", None]}, *_joined(whole)]}, wire.read)


_TRIED: Mapping[str, tuple[Any, ...]] = {
    "string": ("x", "1", "2026-11-22"), "number": (7, 0), "boolean": (True,), "null": (None,), "object": ({},),
    "array": ([],),
}  # fmt: skip
"""By JSON type, values of it that readers are tried with."""


def _read_inside(schema: Schema, read: Callable[[Any], Any]) -> Schema:
    """A schema whose items and members are also of those types that their reader takes for them: some read any scalar
    as text, some pass over what they do not need."""
    if isinstance(schema.get("items"), dict):
        return {**schema, "items": _also(schema["items"], lambda value: read([value]))}
    if "properties" in schema:
        members = {
            name: _also(inner, lambda value, name=name: read({name: value}))  # type: ignore[misc]
            for name, inner in schema["properties"].items()
        }
        return {**schema, "properties": members}
    return schema


def _also(schema: Schema, read: Callable[[Any], Any]) -> Schema:
    """A schema that also tells of the types which the reader takes beside it."""
    if not schema:
        return schema
    taken = {kind for kind, values in _TRIED.items() if any(_takes(read, value) for value in values)}
    if taken == set(_TRIED):
        return {}
    more = sorted(taken - _kinds(schema))
    return {"anyOf": [*schema.get("anyOf", [schema]), {"type": more}]} if more else schema


def _takes(read: Callable[[Any], Any], value: Any) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema tells of; an integer is a number."""
    found = {"number" if kind == "integer" else kind for kind in types_of(schema)}
    for part in (*schema.get("anyOf", ()), *map(learn, schema.get("enum", ()))):
        found |= _kinds(part)
    return found


def _joined(whole: Mapping[str, Any]) -> list[Schema]:
    """Lists of V2 may be text with commas, and one element of XML stands for a list of one."""
    return [{"type": ["string", "object"]}] if whole.get("type") == "array" else []


def _as_text(schema: Any) -> Any:
    """A schema inside whose lists and objects text may stand for numbers and flags."""
    if isinstance(schema, list):
        return [_as_text(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        name: {key: _as_text(one) for key, one in inner.items()} if name == "properties" else _as_text(inner)
        for name, inner in schema.items()
        if name not in ("required", "enum", "pattern")
    } | {name: schema[name] for name in ("required", "enum") if name in schema}
    if made.get("type") == "integer":
        return {**made, "type": ["integer", "string"], "pattern": WHOLE}
    if made.get("type") in ("number", ["number", "string"]):
        return {**made, "type": ["number", "string"], "pattern": NUMERAL}
    return {"enum": _FLAGS} if made.get("type") == "boolean" else made


def _by_word(wire: Wire, hint: Any, *, unset: bool) -> Schema:
    if wire.word == "int":
        made: Schema = {"type": ["integer", "string"], "pattern": WHOLE, **_limits(hint)}
    elif wire.word == "decimal":
        made = {"type": ["number", "string"], "pattern": rf"{NUMERAL}|^$", "minimum": 0}
    elif wire.word == "boolean":
        made = {"enum": _FLAGS}
    elif wire.word == "enum":
        words = list(_words(hint))
        made = {"enum": [*words, None] if "" in words else words} if words else {}
    elif wire.word == "date":
        made = {"type": ["string", "integer", "null"], "description": DATE}
    else:
        made = {"type": ["string", "number", "null"]}
        if wire.length:
            made["maxLength"] = wire.length
    return _or_unset(made) if unset else made


def _or_unset(schema: Schema) -> Schema:
    if "enum" in schema:
        return {"enum": [*dict.fromkeys([*schema["enum"], "", None])]} if "" not in schema["enum"] else schema
    return {"anyOf": [schema, {"enum": ["", None]}]} if schema else schema


def _limits(hint: Any) -> Schema:
    schema = taken_as(bare(hint)) if hint is not Any else {}
    return {name: schema[name] for name in ("minimum", "maximum") if name in schema}


def _words(hint: Any) -> Collection[Any]:
    schema = taken_as(bare(hint)) if hint is not Any else {}
    words: list[Any] = schema.get("enum", [])
    return words


def media_types(action: Action, version: int) -> list[str]:
    """The media types that a body may have."""
    types = [] if action.only_uploads else ["application/json"]
    if version == 2 and not action.json_only and not action.only_uploads:
        types.append("application/xml")
    return [*types, *(["multipart/form-data"] if action.uploads or action.only_uploads else [])]
