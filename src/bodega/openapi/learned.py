"""What replies look like where no declaration says it: a schema that fits all values that were seen.

A schema that is learned promises little: types and members, and none of them always there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Schema = dict[str, Any]

_AMOUNTS = re.compile(
    r"amount|price|total|cost|balance|tax|rate|weight|width|height|depth|value|min|max|discount|credit"
)
"""Members that hold numbers with places, though those that were seen may have none."""

MANY_MEMBERS = 120
"""An object of more members than these is a map, whose names mean nothing."""


def learn(value: Any) -> Schema:
    """The schema of one value."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int):
        return {"type": "integer"}
    if isinstance(value, float):
        return {"type": "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, list):
        return {"type": "array", "items": either(map(learn, value))}
    if len(value) > MANY_MEMBERS or (value and all(str(name).isdigit() for name in value)):
        return {"type": "object", "additionalProperties": either(map(learn, value.values()))}
    return {"type": "object", "properties": {str(name): learn(inner) for name, inner in value.items()}}


def either(schemas: Iterable[Mapping[str, Any]]) -> Schema:
    """One schema for whatever fits any of these; `{}` for none of them, and where one of them is `{}`."""
    whole: Schema | None = None
    for schema in schemas:
        whole = dict(schema) if whole is None else _both(whole, schema)
    return whole or {}


def _both(one: Schema, other: Mapping[str, Any]) -> Schema:
    if not one or not other:
        return {}
    if "type" not in one or "type" not in other:
        return one if one == other else {"anyOf": [one, dict(other)]}
    types = {*types_of(one), *types_of(other)}
    if "number" in types:
        types.discard("integer")
    made: Schema = {"type": sorted(types) if len(types) > 1 else next(iter(types))}
    for name in ("items", "additionalProperties"):
        inner = [each[name] for each in (one, other) if each.get(name)]
        if inner or name in one or name in other:
            made[name] = either(inner)
    members = {name: dict(inner) for name, inner in one.get("properties", {}).items()}
    for name, inner in other.get("properties", {}).items():
        members[name] = _both(members[name], inner) if name in members else dict(inner)
    if members or "properties" in one or "properties" in other:
        made["properties"] = members
    return made


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The JSON types that a schema names."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def completed(declared: Mapping[str, Any], seen: Mapping[str, Any], *, nullable: bool = False) -> Schema:
    """What is declared, and where that leaves something open what was seen there; with `nullable` also null, where
    that was seen of what is declared as text."""
    if not declared:
        return loosened(seen, "a member") if seen else {}
    made = dict(declared)
    if "properties" in made and "properties" in seen:
        of_seen = seen["properties"]
        made["properties"] = {
            name: completed(inner, of_seen.get(name, {}), nullable=nullable)
            for name, inner in made["properties"].items()
        } | {name: completed({}, inner) for name, inner in of_seen.items() if name not in made["properties"]}
    if "items" in made and "items" in seen:
        made["items"] = completed(made["items"], seen["items"], nullable=nullable)
    if nullable and made.get("type") == "string" and "null" in types_of(seen):
        made["type"] = ["string", "null"]
    return made


def loosened(seen: Mapping[str, Any], name: str = "", *, nulls: bool = False) -> Schema:
    """What was seen, without what chance has made of it: null alone says nothing, nor does an amount that is whole;
    and whatever is a member may be null elsewhere.

    `nulls` leaves null as it is, for `completed` to look at.
    """
    made = dict(seen)
    types = types_of(made)
    if types == ["null"]:
        return made if nulls else {}
    if "integer" in types and _AMOUNTS.search(name) and not name.endswith(("id", "ids")):
        others = ["number" if one == "integer" else one for one in types]
        made["type"] = others if len(others) > 1 else others[0]
    for inner in ("items", "additionalProperties"):
        if isinstance(made.get(inner), dict):
            made[inner] = loosened(made[inner], name, nulls=nulls)
    if "properties" in made:
        made["properties"] = {key: loosened(one, key, nulls=nulls) for key, one in made["properties"].items()}
    kinds = types_of(made)
    if name and kinds and "null" not in kinds and not nulls:
        made["type"] = [*kinds, "null"]
    return made
