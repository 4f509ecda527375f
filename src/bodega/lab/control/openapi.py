"""The lab's own description, OpenAPI 3.1: it follows from the operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_origin

import msgspec

import bodega
from bodega.lab.control.operation import Bound, Streamed
from bodega.lab.control.problem import ProblemShown, kind

BASE = "/_bodega/lab"
EVERYWHERE = (401, 403, 503)
"""Every operation may be refused so: without the key, from elsewhere, while the database cannot be reached."""


def document(operations: Sequence[Bound]) -> dict[str, Any]:
    """The document that is served at `/_bodega/lab/openapi.json`."""
    kinds = list(dict.fromkeys([ProblemShown, *(kind for each in operations for kind in _kinds(each))]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    refs = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, refs, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bodega lab", "version": bodega.__version__, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": BASE}],
        "security": [{}, {"bearer": []}, {"header": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "Bodega-Lab-Key"},
            },
        },
    }


def _kinds(each: Bound) -> list[Any]:
    """What of an operation has a schema."""
    shown = [] if each.answer in (type(None), Streamed) else [each.answer]
    return [*shown, *(kind for kind in (each.body, each.query) if kind is not None)]


def _operation(each: Bound, refs: Mapping[Any, Any], components: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"operationId": each.name, "summary": each.summary}
    if each.description:
        found["description"] = each.description
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if kind is int else "string"}}
        for name, kind in each.places.items()
    ]
    if each.query is not None:
        schema = components[each.query.__name__]
        required = schema.get("required", [])
        parameters += [
            {"name": name, "in": "query", "required": name in required, "schema": value}
            for name, value in schema["properties"].items()
        ]
    if parameters:
        found["parameters"] = parameters
    if each.body is not None:
        required = any(field.required for field in msgspec.structs.fields(each.body))
        found["requestBody"] = {"required": required, "content": {"application/json": {"schema": refs[each.body]}}}
    found["responses"] = {str(each.status): _answer(each, refs)} | _refusals(each, refs[ProblemShown])
    return found


def _answer(each: Bound, refs: Mapping[Any, Any]) -> dict[str, Any]:
    if each.answer is type(None):
        return {"description": "It is done."}
    if each.answer is Streamed:
        return {"description": "Lines of JSON.", "content": {"application/x-ndjson": {}}}
    told = "A list." if get_origin(each.answer) is list else "As it is now."
    return {"description": told, "content": {"application/json": {"schema": refs[each.answer]}}}


def _refusals(each: Bound, problem: Any) -> dict[str, Any]:
    asked = each.body is not None or each.query is not None
    own = {*each.operation.refuses, *([404] if each.places else []), *([422] if asked else [])}
    own |= {400, 413, 415} if each.body is not None else set()
    content = {"application/json": {"schema": problem}}
    return {str(status): {"description": kind(status), "content": content} for status in sorted({*own, *EVERYWHERE})}
