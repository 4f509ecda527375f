"""The replies of operations, as schemas: of what declarations tell, completed by what was seen."""

from __future__ import annotations

import inspect
from collections.abc import Container, Mapping
from functools import cache
from typing import Any, NamedTuple

from bodega.kit.actions import Action, CountAll, Create, Delete, ListAll, ShowItem, Update
from bodega.kit.batch import CreateMany, DeleteListed, Many
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.fields import bare
from bodega.kit.fixed import CountFixed
from bodega.kit.hints import hints_of
from bodega.kit.includes import Include
from bodega.kit.pairs import Assign, ListPairs, Unassign
from bodega.kit.v2_members import Alias, EnumAlias, Linked, Wire, WriteForm
from bodega.kit.v2_shape import V2Shape
from bodega.law.outcome import OUTCOMES
from bodega.openapi.exchanges import Kept
from bodega.openapi.learned import Schema, completed, either, loosened, types_of
from bodega.openapi.types import shown_as
from bodega.resources import MODEL

_SHOWS = (ShowItem.answer, ListAll.answer)
_WRITES = (Create.perform, Update.perform)
_COUNT: Schema = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 0}}, "required": ["count"]}
_LINK: Schema = {
    "type": "object",
    "properties": {"url": {"type": "string"}, "resource": {"type": "string"}},
}
_EITHER: Schema = {"description": "A link, or what was asked for in its place."}
_BY_WORD: Mapping[str, Schema] = {
    "string": {"type": "string"},
    "text": {"type": "string"},
    "date": {"type": "string", "description": "RFC 2822, as Sun, 22 Nov 2026 10:00:00 +0000; empty if it is not set."},
    "decimal": {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{4,}$"},
    "int": {"type": "integer"},
    "boolean": {"type": "boolean"},
}


class Reply(NamedTuple):
    """A success: its status, the media types, the schema of its body (None: there is no body), and whether that was
    declared or only seen."""

    status: int
    media: tuple[str, ...]
    schema: Schema | None
    declared: bool


def is_shown_by_kit(action: Action) -> bool:
    """Whether the kit writes the reply, from the endpoint's shape."""
    if getattr(action, "endpoint", None) is None:
        return False
    kind = type(action)
    if isinstance(action, Many):
        return kind.perform in (Many.perform, DeleteListed.perform) and action.batch.shows
    return kind.answer in _SHOWS or kind.perform in _WRITES


def item_of(endpoint: Endpoint) -> Schema:
    """What one row looks like in replies of an endpoint."""
    return _v2_item(endpoint) if endpoint.version == 2 else _v3_item(endpoint)


def _v3_item(endpoint: Endpoint) -> Schema:
    shape, listing = endpoint.v3, endpoint.listing
    entity, properties = endpoint.table.entity, dict[str, Schema]()
    if shape is not None and shape.view is not None:
        own = hints_of(entity)
        properties = {name: _open_in_view(own[name]) if name in own else {} for name in shape.shown}
    else:
        hints = hints_of(entity)
        names = shape.shown if shape is not None else tuple(n for n in hints if n not in endpoint.table.hidden)
        properties = {name: shown_as(hints[name]) for name in names if name in hints}
    made: Schema = {"type": "object"}
    certain = [name for name in properties if not listing.shown]
    for name, include in listing.includes.items():
        properties.setdefault(include.member or name, _included(include))
    if certain and shape is not None and shape.view is None:
        made["required"] = certain
    return {**made, "properties": properties}


def _included(include: Include) -> Schema:
    """Children that are shown inside: those of a table by its entity, unless they are told in a way of their own."""
    rows = include.rows
    if rows is None or rows.tell is not None:
        return {}
    hidden = set(rows.table.hidden)
    hints = {name: hint for name, hint in hints_of(rows.table.entity).items() if name not in hidden}
    properties = {name: shown_as(hint) for name, hint in hints.items()}
    properties |= {name: _included(inner) for name, inner in rows.within.items()}
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def _v2_item(endpoint: Endpoint) -> Schema:
    shape = endpoint.v2
    if shape is None:
        return {"type": "object"}
    properties = {name: _v2_member(shape, shape.wires[name]) for name in shape.members}
    properties |= _replaced(endpoint, properties)
    for name in shape.when_chosen:
        properties.setdefault(name, {})
    return {"type": "object", "properties": properties}


def _replaced(endpoint: Endpoint, names: Container[str]) -> dict[str, Schema]:
    """Those members of a V2 row that are links, unless what they lead to is asked for with `include`."""
    members = {include.member or name for name, include in endpoint.listing.includes.items()}
    return {name: _EITHER for name in sorted(members) if name in names}


def _as_asked(action: Action, version: int, learned: Schema) -> Schema:
    """What was seen of a row in V2, which was asked for without `include`."""
    endpoint, properties = getattr(action, "endpoint", None), learned.get("properties")
    if version == 3 or endpoint is None or not properties:
        return learned
    return {**learned, "properties": {**properties, **_replaced(endpoint, properties)}}


def _v2_member(shape: V2Shape, wire: Wire) -> Schema:
    word = shape.words.get(wire.name, Alias(wire.name))
    looks = word.shown if isinstance(word, WriteForm) else word
    if isinstance(looks, Linked):
        return _EITHER if looks.when or isinstance(word, WriteForm) else _LINK
    if isinstance(looks, EnumAlias):
        return {"enum": list(looks.words.values())}
    if not isinstance(looks, Alias):
        return {}
    hint = shape.hints.get(wire.field, Any)
    if wire.word in ("array", "object", "object_array"):
        return _open_inside(shown_as(hint)) if hint is not Any else {}
    made = dict(_BY_WORD.get(wire.word, {}))
    if made and hint is not bare(hint) and wire.word != "date":
        made["type"] = [made["type"], "null"]
    return made


def _open_inside(schema: Schema) -> Schema:
    """A list or an object that has members which may be anything: what was seen of them says little. Of others what was
    seen says more than the field, which is shown in another form."""
    made, opens = _opened(schema)
    return made if opens else {}


def _open_in_view(hint: Any) -> Schema:
    """As `_open_inside`, of a field of V3 that a view shows: a list that says nothing of its items, and an object that
    names no members, are shown as they are."""
    schema = shown_as(hint)
    if "properties" not in schema and "object" in types_of(schema):
        return {"additionalProperties": {}, **schema}
    return _open_inside({"items": {}, **schema} if "array" in types_of(schema) else schema)


def _opened(schema: Schema) -> tuple[Schema, bool]:
    if not schema:
        return {"description": "Whatever was written."}, True
    made, opens = {name: one for name, one in schema.items() if name in ("type", "anyOf")}, False
    if isinstance(schema.get("items"), dict):
        made["items"], opens = _opened(schema["items"])
    if "properties" in schema:
        inside = {name: _opened(inner) for name, inner in schema["properties"].items()}
        made["properties"] = {name: inner for name, (inner, _) in inside.items()}
        opens = opens or any(open_ for _, open_ in inside.values())
    return made, opens


def replies_of(action: Action, version: int, kept: Kept, item: Schema) -> list[Reply]:
    """The successes of an operation. `item` is the schema of one row; `kept` what was seen."""
    seen = {status: kept.replies[status] for status in kept.replies if status < 300}
    media: tuple[str, ...] = ("application/json",)
    if version == 2 and not action.json_only:
        media = ("application/json", "application/xml")
    found: dict[int, Reply] = {}
    for status, schema in _declared(action, version, item).items():
        learned = seen.get(status, {}).get("schema", {})
        whole = None if schema is None else completed(schema, loosened(_freed(learned))) if learned else schema
        found[status] = Reply(status, media, whole, declared=True)
    for status, told in seen.items():
        if status in found:
            continue
        types = tuple(told.get("media", ()))
        if not types and "schema" not in told:
            found[status] = Reply(status, (), None, declared=False)
            continue
        types = (*types, *(kind for kind in media if types[:1] == ("application/json",) and kind not in types))
        learned = _as_asked(action, version, loosened(_freed(told.get("schema", {}))))
        found[status] = Reply(status, types, learned, declared=False)
    if isinstance(action, Delete | DeleteMany):
        found.setdefault(204, Reply(204, (), None, declared=False))
    if version == 2 and not action.writes and "array" in types_of((200 in found and found[200].schema) or {}):
        found.setdefault(204, Reply(204, (), None, declared=True))  # an empty list (rule 7)
    if not found:
        guessed = _named_outcomes(action) or ({200, 201} if action.body else {200})
        found = {one: Reply(one, media, None if one == 204 else {}, declared=False) for one in guessed}
    return [found[status] for status in sorted(found)]


def _named_outcomes(action: Action) -> set[int]:
    """The successes that an action's own code names."""
    sources = [inspect.getsource(kind) for kind in type(action).__mro__ if kind.__module__.startswith("bodega.res")]
    named = {outcome.status for outcome in OUTCOMES if any(f"{outcome.__name__}(" in text for text in sources)}
    return {status for status in named if status < 300}


def _declared(action: Action, version: int, item: Schema) -> dict[int, Schema | None]:
    kind = type(action)
    if isinstance(action, CountAll | CountFixed):
        return {200: _COUNT}
    if isinstance(action, ListPairs):
        number = {"type": "integer"}
        names = [action.pairs.owner, action.pairs.member]
        pair = {"type": "object", "properties": dict.fromkeys(names, number), "required": names}
        return {200: _page(pair)}
    if isinstance(action, Assign | Unassign):
        return {204: None}
    if isinstance(action, DeleteMany) and kind.perform is DeleteMany.perform:
        return {204: None}
    if isinstance(action, Delete) and kind.perform is Delete.perform:
        return {204: None}
    if not is_shown_by_kit(action):
        return {}
    endpoint = action.endpoint
    if isinstance(action, Many):
        return _of_many(action, item)
    if kind.answer is ListAll.answer and action.is_list:
        return {200: _page(item)} if version == 3 else {200: {"type": "array", "items": item}, 204: None}
    whole: dict[int, Schema | None] = {200: enveloped(item) if version == 3 else item}
    if kind.perform is Create.perform:
        whole = {endpoint.created: whole[200]}
    if kind.perform in _WRITES and _may_leave_something(endpoint):
        whole[207] = _partly_saved(version, item)
    return whole


def _may_leave_something(endpoint: Endpoint) -> bool:
    """Whether a rule of the rows may save a write but for a part of it: such a rule takes the list of what it notes."""
    declared = MODEL.rules_of(endpoint.table).before_validate
    return any("notes" in inspect.signature(rule).parameters for rule in declared)


def _partly_saved(version: int, item: Schema) -> Schema:
    """A row that was saved, and what of the request was not."""
    if version == 2:
        return {"allOf": [item, {"type": "object", "properties": {"message": {"type": "string"}}}]}
    errors = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"type": "object", "properties": {"data": item, "errors": errors, "meta": {"type": "object"}}}


def partly_told(action: Action, item: Schema) -> dict[int, Schema]:
    """What is told of a list of which some items were refused, where that has the status of a refusal."""
    if not is_shown_by_kit(action) or not isinstance(action, Many) or action.batch.partly.status < 300:
        return {}
    return {action.batch.partly.status: _whole_of_many(action, item)}


def _whole_of_many(action: Many, item: Schema) -> Schema:
    gone = isinstance(action, DeleteListed)
    data = {"type": "array", "items": {"type": "integer"} if gone else item}
    errors: Schema = {"type": "array", "items": {"type": "object"}} if action.batch.counted else {"type": "object"}
    return {"type": "object", "properties": {"data": data, "errors": errors, "meta": {"type": "object"}}}


def _of_many(action: Many, item: Schema) -> dict[int, Schema | None]:
    whole = _whole_of_many(action, item)
    done = action.endpoint.created if kind_creates(action) else 200
    found: dict[int, Schema | None] = {done: whole}
    if action.batch.silent:
        found = {204: None}
    if action.batch.partly.status < 300 or action.batch.silent:
        found[207] = whole
    return found


def kind_creates(action: Action) -> bool:
    """Whether a list that it takes makes new rows."""
    return isinstance(action, CreateMany)


def enveloped(data: Schema) -> Schema:
    """V3: the representation in `data`, and `meta`."""
    properties = {"data": data, "meta": {"type": "object"}}
    return {"type": "object", "properties": properties, "required": ["data"]}


def _page(item: Schema) -> Schema:
    meta = {"$ref": "#/components/schemas/PageMeta"}
    properties = {"data": {"type": "array", "items": item}, "meta": meta}
    return {"type": "object", "properties": properties, "required": ["data", "meta"]}


PAGE_META: Schema = {
    "type": "object",
    "description": "Where the page is in the list: by number, by cursor, or both.",
    "properties": {
        "pagination": {
            "type": "object",
            "properties": {
                **{
                    name: {"type": "integer", "minimum": 0}
                    for name in ("total", "count", "per_page", "current_page", "total_pages")
                },
                "links": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "cursor_pagination": {
            "type": "object",
            "properties": {
                "count": {"type": "integer", "minimum": 0},
                "per_page": {"type": "integer", "minimum": 0},
                "start_cursor": {"type": "string"},
                "end_cursor": {"type": "string"},
                "links": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
    },
}


def row_seen(reply: Mapping[str, Any], version: int) -> Schema:
    """The schema of a row inside that of a reply that was seen."""
    schema = reply.get("schema", {})
    if version == 3:
        schema = schema.get("properties", {}).get("data", {})
    return schema["items"] if schema.get("type") == "array" else schema if schema.get("type") == "object" else {}


def either_row(replies: list[Mapping[str, Any]], version: int) -> Schema:
    """The schema of rows that were seen in several replies."""
    seen = either(found for one in replies if (found := row_seen(one, version)))
    return loosened(_freed(seen), nulls=True)


@cache
def _open_members() -> Mapping[str, Mapping[str, Schema]]:
    """Of the rows of each table, by its noun with underscores, what may hold anything: what chance put in it when it
    was seen says nothing."""
    found = {}
    for table in MODEL.tables:
        members = {name: _open_in_view(hint) for name, hint in hints_of(table.entity).items()}
        if opens := {name: schema for name, schema in members.items() if schema}:
            found[table.noun.replace(" ", "_")] = opens
    return found


def _freed(seen: Mapping[str, Any], name: str = "") -> Schema:
    """What was seen, without what was seen inside members that may hold anything; `name` is that of the member, which
    may be another row's noun."""
    made, opens = dict(seen), _open_members().get(name, {})
    if "properties" in made:
        made["properties"] = {key: opens.get(key) or _freed(one, key) for key, one in made["properties"].items()}
    if isinstance(made.get("items"), dict):
        made["items"] = _freed(made["items"])
    return made
