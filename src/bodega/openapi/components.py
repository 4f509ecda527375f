"""What operations share: schemas by name, the replies of refusals, parameters, security schemes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bodega.law.reasons import Reason
from bodega.law.wording import title_of
from bodega.openapi import parameters, refusals
from bodega.openapi.learned import Schema
from bodega.openapi.replies import PAGE_META

_NAME = re.compile(r"[^A-Za-z0-9._-]")
_NO_BODY = frozenset({Reason.NOT_MODIFIED})


class Components:
    """The components of a document: each is kept once, under a name of its own."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._schemas: dict[str, Schema] = {}
        self._responses: dict[str, dict[str, Any]] = {}
        self._named: dict[tuple[int, tuple[Reason, ...]], str] = {}
        self._reasons: set[Reason] = set()

    def ref(self, name: str, schema: Schema) -> Schema:
        """A reference to a schema, which is kept under this name, or with a number after it if that is another's."""
        if not schema:
            return {}
        plain, number = _NAME.sub("", name), 1
        text = json.dumps(schema, sort_keys=True)
        while True:
            chosen = plain if number == 1 else f"{plain}{number}"
            known = self._schemas.setdefault(chosen, schema)
            if known is schema or json.dumps(known, sort_keys=True) == text:
                return {"$ref": f"#/components/schemas/{chosen}"}
            number += 1

    def responses(self, reasons: Iterable[Reason], told: Mapping[int, Schema] | None = None) -> dict[str, Any]:
        """The refusals for these reasons, by status; operations that share them share the response. `told` are the
        schemas of what is told with such a status and is no refusal: what came of the parts of a list."""
        found: dict[str, Any] = {
            str(status): {"$ref": f"#/components/responses/{self._name_of(status, tuple(found))}"}
            for status, found in refusals.by_status(reasons, self._version).items()
        }
        for status, schema in (told or {}).items():
            known: dict[str, Any] | None = found.get(str(status))
            shared: dict[str, Any] = (
                self._responses[known["$ref"].rpartition("/")[2]] if known else {"description": "", "content": {}}
            )
            content = dict(shared.get("content", {}))
            error = content.get("application/json", {})
            either = [schema, error["schema"]] if error else [schema]
            content["application/json"] = {**error, "schema": {"anyOf": either}}
            says = f"Some parts of the list were refused, or not there. {shared['description']}".strip()
            found[str(status)] = {**shared, "description": says, "content": content}
        return found

    def _name_of(self, status: int, reasons: tuple[Reason, ...]) -> str:
        if (status, reasons) not in self._named:
            number = sum(1 for known, _ in self._named if known == status) + 1
            name = f"Refused{status}" + (f".{number}" if number > 1 else "")
            self._named[status, reasons] = name
            self._responses[name] = self._refusal(reasons)
            self._reasons.update(reasons)
        return self._named[status, reasons]

    def _refusal(self, reasons: tuple[Reason, ...]) -> dict[str, Any]:
        says = [f"`{reason.name}`: {title_of(reason)}" for reason in reasons]
        told: dict[str, Any] = {"description": "\n".join(says), "x-reasons": [reason.name for reason in reasons]}
        with_body = [reason for reason in reasons if reason not in _NO_BODY]
        if with_body:
            examples = {reason.name: {"$ref": f"#/components/examples/{reason.name}"} for reason in with_body}
            told["content"] = {
                "application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "examples": examples}
            }
            if self._version == 2:
                told["content"]["application/xml"] = {}
        return told

    def made(self) -> dict[str, Any]:
        """All of them."""
        error = refusals.ERROR_V2 if self._version == 2 else refusals.ERROR_V3
        return {
            "schemas": {"Error": error, "PageMeta": PAGE_META, **dict(sorted(self._schemas.items()))},
            "responses": {"Accepted": self._accepted(), **dict(sorted(self._responses.items()))},
            "parameters": {name: dict(told) for name, told in parameters.HEADERS.items()},
            "examples": {
                reason.name: {"summary": title_of(reason), "value": refusals.example_of(reason, self._version)}
                for reason in sorted(self._reasons - _NO_BODY, key=lambda one: one.rank)
            },
            "securitySchemes": {
                "XAuthToken": {
                    "type": "apiKey", "in": "header", "name": "X-Auth-Token",
                    "description": "The token of an account. The scopes are those that `bodega account` grants.",
                },
                "Basic": {"type": "http", "scheme": "basic", "description": "On the store's own host, below `/api`."},
                "PaymentToken": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "`PAT TOKEN`: a payment access token, for one order.",
                },
            },
        }  # fmt: skip

    def _accepted(self) -> dict[str, Any]:
        content: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
        if self._version == 2:
            content["application/xml"] = {}
        return {
            "description": "It will be done: a task, at `Location`, is on disk (`Prefer: respond-async`, or a long"
            " write).",
            "content": content,
        }
