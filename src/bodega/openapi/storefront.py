"""The OpenAPI document of what shoppers' pages ask, from the one list of these operations.

What a body may say is asked of the function that carries an operation out: the type that it reads.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from bodega import __version__
from bodega.http.documented import Operation
from bodega.law.reasons import Reason, Step
from bodega.openapi import exchanges
from bodega.openapi.document import DIALECT, coverage
from bodega.openapi.exchanges import Kept
from bodega.openapi.learned import Schema, loosened
from bodega.openapi.names import operation_id
from bodega.openapi.types import taken_as
from bodega.storefront.rest.serving import LARGEST, handler_of, problem
from bodega.storefront.rest.table import MOUNTS, OPERATIONS, ShopperOperation

_READS = re.compile(r"\bcall\.read(_list)?\((\w+)\)")
_OPTIONAL = "if call.content"
_REASONS = (
    Reason.SUSPENDED, Reason.MAINTENANCE, Reason.NO_SUCH_RESOURCE, Reason.SCOPE_MISSING, Reason.NO_SUCH_ENTITY,
    Reason.UNREACHABLE, Reason.INTERNAL_ERROR, Reason.WINDOW_QUOTA_SPENT, Reason.PASSWORD_GUESSED,
)  # fmt: skip
_OF_BODIES = (
    Reason.BODY_TOO_LARGE, Reason.CONTENT_TYPE_UNSUPPORTED, Reason.MALFORMED_BODY, Reason.TOO_MANY_ITEMS,
    Reason.FIELD_MISSING, Reason.FIELD_INVALID, Reason.DANGLING_REFERENCE, Reason.DUPLICATE,
)  # fmt: skip
_OF_WRITES = tuple(one for one in Reason if one.step is Step.PERFORM and one.status(3) in (409, 422))
_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "type": {"type": "string"},
        "detail": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["status", "title", "type", "detail"],
}


@cache
def document_of_shoppers() -> Mapping[str, Any]:
    """The document; made once."""
    paths: dict[str, dict[str, Any]] = {}
    for prefix, operations in MOUNTS.values():
        for one in operations:
            paths.setdefault(prefix + one.path, {})[one.method.lower()] = _operation(prefix, one)
    tags = sorted({tag for item in paths.values() for one in item.values() for tag in one["tags"]})
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": {
            "title": "Bodega, for the pages of shops",
            "version": __version__,
            "description": "Asked at a shop's own host by its pages: cookies say who shops, and what changes something"
            " has to come from a page of the shop.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "externalDocs": {"url": "/docs/storefront-rest.md", "description": "What is promised, and what is not"},
        "servers": [{"url": "/", "description": "The shop's own host"}],
        "security": [{"Session": []}, {}],
        "tags": [{"name": tag} for tag in tags],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "securitySchemes": {
                "Session": {
                    "type": "apiKey", "in": "cookie", "name": "SHOP_SESSION_TOKEN",
                    "description": "What the shop's pages set.",
                }
            },
        },
    }  # fmt: skip


def _operation(prefix: str, one: ShopperOperation) -> dict[str, Any]:
    path = prefix + one.path
    handler = handler_of(one)
    words = " ".join((handler.__doc__ or "").split())
    told: dict[str, Any] = {
        "operationId": operation_id(path, one.method),
        "summary": words.partition(".")[0] or f"{one.method} {one.path}",
        "tags": [one.path.strip("/").partition("/")[0]],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in re.findall(r"\{(\w+)\}", path)
        ],
    }
    if one.method == "GET":
        told["parameters"].append(
            {"name": "include", "in": "query", "schema": {"type": "string"},
             "description": "What is shown inside as well, separated by commas."}
        )  # fmt: skip
    body = _body(handler)
    if body is not None:
        told["requestBody"] = body
    label = f"{one.method} {path}"
    seen = exchanges.of(label)
    told["responses"] = _responses(one, seen, takes=body is not None)
    found = Operation("storefront", one.method, path, "") if one in OPERATIONS else None
    return {**told, "x-scopes": [], **coverage(label, found, seen)}


def _body(handler: Any) -> Schema | None:
    text = inspect.getsource(handler)
    found = _READS.search(text)
    if found is None:
        return None
    kind: Any = getattr(inspect.getmodule(handler), found[2])
    one = taken_as(kind)
    schema = {"type": "array", "items": one} if found[1] else one
    content = {"application/json": {"schema": schema}}
    return {"required": _OPTIONAL not in text, "content": content, "x-max-bytes": LARGEST}


def _responses(one: ShopperOperation, seen: Kept, *, takes: bool) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done."}
    shown = seen.replies.get(one.status, {})
    if "schema" in shown:
        content = {"schema": loosened(shown["schema"]), "example": shown["example"]}
        done |= {"content": {"application/json": content}, "x-schema-from": "seen"}
    reasons = [*_REASONS, *(_OF_BODIES if takes else ()), *(_OF_WRITES if one.method != "GET" else ())]
    by_status: dict[int, list[Reason]] = {}
    for reason in sorted(set(reasons), key=lambda each: each.rank):
        by_status.setdefault(one.refused(reason), []).append(reason)
    for status in one.statuses[1:]:
        by_status.setdefault(status, [])
    return {str(one.status): done} | {
        str(status): _refusal(status, found) for status, found in sorted(by_status.items()) if status >= 300
    }


def _refusal(status: int, reasons: list[Reason]) -> dict[str, Any]:
    from bodega.law.refusal import Refusal

    examples = {
        reason.name: {"summary": reason.message, "value": problem(status, Refusal(reason))} for reason in reasons
    }
    content: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if examples:
        content["examples"] = examples
    told = "\n".join(f"`{reason.name}`: {reason.message}" for reason in reasons)
    return {
        "description": told or "As it is published.",
        "x-reasons": [reason.name for reason in reasons],
        "content": {"application/json": content},
    }
