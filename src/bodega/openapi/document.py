"""The OpenAPI 3.1 document of one version of the API, from the routes that are served."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from bodega import __version__
from bodega.access.scopes import DEFAULT, READERS
from bodega.http.documented import Operation
from bodega.journal.request_logs import request_logs
from bodega.journal.system_logs import system_logs
from bodega.kit.actions import Action
from bodega.kit.route import Route
from bodega.law.reasons import Reason
from bodega.openapi import bodies, exchanges, names, parameters, refusals, replies
from bodega.openapi.choices import about_all, choices_of
from bodega.openapi.components import Components
from bodega.openapi.exchanges import Kept, differences_of
from bodega.openapi.learned import Schema, completed, loosened
from bodega.openapi.marks import mark_of
from bodega.resources import ROUTES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LEGACY = "v2-legacy"
_PAYMENT = ("POST", "payments")
_INTRODUCTION = {
    2: "Version 2: JSON or XML, errors as a list, an empty list is 204. HEAD is served wherever GET is, OPTIONS"
    " everywhere.",
    3: "Version 3: JSON, with the representation in `data` and paging in `meta`; errors as RFC 9457 has them. HEAD is"
    " served wherever GET is, OPTIONS everywhere.",
}


def document(version: int, routes: Sequence[Route]) -> dict[str, Any]:
    """The document of a version, made anew."""
    return _Maker(version, tuple(routes)).made()


@cache
def document_of(version: int) -> Mapping[str, Any]:
    """The document of all that is served in a version; made once."""
    return document(version, (*ROUTES, request_logs(), system_logs()))


class _Maker:
    def __init__(self, version: int, routes: tuple[Route, ...]) -> None:
        self.version = version
        self.documented = names.documented_by_route(routes)
        self.routes = sorted((one for one in routes if one.version == version), key=lambda one: one.template)
        self.components = Components(version)
        self.items: dict[int, Schema] = {}

    def made(self) -> dict[str, Any]:
        paths = {names.path_of(route): self._path(route) for route in self.routes}
        tags = sorted({tag for item in paths.values() for one in item.values() for tag in one.get("tags", ())})
        return {
            "openapi": "3.1.0",
            "jsonSchemaDialect": DIALECT,
            "info": {
                "title": f"Bodega V{self.version}",
                "version": __version__,
                "description": f"{_INTRODUCTION[self.version]} `x-parity` of an operation says how much is known of the"
                " one that it resembles, `x-differences` where it differs from its published description.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "externalDocs": {"url": "/docs", "description": "The documentation of this server"},
            "servers": [
                {
                    "url": f"/stores/{{store_hash}}/v{self.version}",
                    "description": "The API host",
                    "variables": {"store_hash": {"default": "demo", "description": "The hash of the store"}},
                }
            ],
            "security": [{"XAuthToken": []}, {"Basic": []}],
            "tags": [{"name": tag} for tag in tags],
            "paths": paths,
            "components": self.components.made(),
            "x-choices": [{"subject": one.subject, "said": one.said, "here": one.here} for one in about_all()],
        }

    def _path(self, route: Route) -> dict[str, Any]:
        if route.moved:
            return {"get": self._moved(route)}
        return {method.lower(): self._operation(route, method) for method in names.served_methods(route)}

    def _moved(self, route: Route) -> dict[str, Any]:
        path, label = names.path_of(route), names.label(route, "GET")
        documented = (route.version, route.template, "GET") in self.documented
        return {
            "operationId": names.operation_id(path, "GET"),
            "summary": f"Moved to /{route.moved}",
            "deprecated": True,
            "tags": [names.tag(route, None)],
            "parameters": parameters.path_parameters(route),
            "responses": self.components.responses([Reason.MOVED_ROUTE, *refusals.ALWAYS]),
            "x-parity": mark_of(label, documented=documented),
        }

    def _operation(self, route: Route, method: str) -> dict[str, Any]:
        action, label = route.actions[method], names.label(route, method)
        seen = exchanges.of(label)
        kept = seen if seen.successes else self._kept_of_the_same(action) or seen
        found = self.documented.get((route.version, route.template, method))
        told: dict[str, Any] = {
            "operationId": names.operation_id(names.path_of(route), method),
            "summary": names.summary(route, method),
            "tags": [names.tag(route, found)],
        }
        words = names.own_words(action)
        if words:
            told["description"] = words
        if found is not None and found.version == _LEGACY:
            told["deprecated"] = True
        told["parameters"] = [
            *parameters.path_parameters(route),
            *parameters.query_parameters(action, kept),
            *parameters.header_references(action, method),
        ]
        body = self._body(action, method, kept, told["operationId"])
        if body is not None:
            told["requestBody"] = body
        told["responses"] = {
            **self._replies(route, method, action, kept),
            **self._refusals(route, method, action, kept),
        }
        told["security"], told["x-scopes"] = security(route, method, action)
        return {**told, **coverage(label, found, seen)}

    def _kept_of(self, endpoint: Any) -> Iterator[tuple[Action, Kept]]:
        """The actions of an endpoint, and what was seen of each."""
        for route in self.routes:
            for method in names.served_methods(route):
                action = route.actions[method]
                if endpoint is not None and getattr(action, "endpoint", None) is endpoint:
                    yield action, exchanges.of(names.label(route, method))

    def _kept_of_the_same(self, action: Action) -> Kept | None:
        """What was seen of another operation that does the same, at another path."""
        of_endpoint = self._kept_of(getattr(action, "endpoint", None))
        same = (kept for other, kept in of_endpoint if type(other) is type(action) and kept.successes)
        return next(same, None)

    def _body(self, action: Action, method: str, kept: Kept, name: str) -> Schema | None:
        if not action.body:
            return None
        declared = bodies.body_of(action, self.version, method)
        seen = kept.body.get("schema", {})
        schema = declared if declared is not None else _hints(loosened(seen))
        content: dict[str, Any] = {}
        for media in bodies.media_types(action, self.version):
            if media == "application/json":
                content[media] = {"schema": self.components.ref(f"{name[:1].upper()}{name[1:]}Body", schema)}
                if "example" in kept.body:
                    content[media]["example"] = kept.body["example"]
            elif media == "multipart/form-data":
                content[media] = {"schema": {"type": "object"}}
            else:
                content[media] = {"schema": {"type": "object", "xml": {"name": _item_name(action)}}}
        return {"required": declared is not None and bool(_needs(declared)), "content": content}

    def _item(self, action: Action) -> Schema:
        endpoint = getattr(action, "endpoint", None)
        if endpoint is None or not replies.is_shown_by_kit(action):
            return {}
        if id(endpoint) not in self.items:
            shown = [kept for other, kept in self._kept_of(endpoint) if replies.is_shown_by_kit(other)]
            seen = replies.either_row([each for kept in shown for each in kept.successes], self.version)
            item = completed(replies.item_of(endpoint), seen, nullable=self.version == 2)
            self.items[id(endpoint)] = self.components.ref(endpoint.table.entity.__name__, item)
        return self.items[id(endpoint)]

    def _replies(self, route: Route, method: str, action: Action, kept: Kept) -> dict[str, Any]:
        found = replies.replies_of(action, self.version, kept, self._item(action))
        told = {}
        for one in found:
            told[str(one.status)] = self._reply(one, kept)
        if action.writes and "202" not in told:
            told["202"] = {"$ref": "#/components/responses/Accepted"}
        return told

    def _reply(self, one: replies.Reply, kept: Kept) -> dict[str, Any]:
        told: dict[str, Any] = {"description": _SAYS.get(one.status, "Done.")}
        example = kept.replies.get(one.status, {}).get("example")
        content: dict[str, Any] = {}
        for media in one.media if one.schema is not None else ():
            content[media] = {"schema": one.schema} if media == "application/json" else {}
            if example is not None and media == "application/json":
                content[media]["example"] = example
        if content:
            told["content"] = content
        return told if one.declared else {**told, "x-schema-from": "seen"}

    def _refusals(self, route: Route, method: str, action: Action, kept: Kept) -> dict[str, Any]:
        of_path = [exchanges.of(names.label(route, one)) for one in names.served_methods(route)]
        told = {
            status: loosened(reply["schema"])
            for each in (*of_path, kept)
            for status, reply in each.replies.items()
            if status >= 300 and "schema" in reply
        }
        told |= replies.partly_told(action, self._item(action)) if route.version == 3 else {}
        return self.components.responses(refusals.reasons_of(route, method, kept), told)


_SAYS = {
    200: "Done: the representation.",
    201: "Made: the new representation; `Location` leads to it.",
    202: "It will be done: a task, at `Location`, is on disk.",
    204: "Done: there is nothing to show.",
    207: "Saved, but a part of it was not.",
}


def _hints(seen: Schema) -> Schema:
    """What was seen of a body that no declaration tells: the names of members, which promise nothing of others."""
    if "properties" not in seen:
        return {}
    return {"properties": {name: {} for name in seen["properties"]}, "type": "object"}


def _needs(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("required") or schema.get("type") == "array")


def _item_name(action: Action) -> str:
    endpoint = getattr(action, "endpoint", None)
    shape = getattr(endpoint, "v2", None)
    return shape.item if shape is not None else "item"


def security(route: Route, method: str, action: Action) -> tuple[list[dict[str, list[str]]], list[str]]:
    """What lets a caller in, and the scopes of which any one is enough; none of them where it is open to all."""
    if (method, route.template) == _PAYMENT:
        return [{"PaymentToken": []}], []
    scopes = [scope for scope in action.scope.split("|") if scope and scope != DEFAULT]
    if method == "GET" or action.calculates:
        scopes += [READERS[scope] for scope in scopes if scope in READERS]
    return [{"XAuthToken": scopes}, {"Basic": []}], scopes


def coverage(label: str, found: Operation | None, kept: Kept | None) -> dict[str, Any]:
    """How much is known of an operation, and where it differs; `kept` is what was seen of it, None where nothing is
    kept."""
    told: dict[str, Any] = {"x-parity": mark_of(label, documented=found is not None)}
    if found is not None:
        told["x-documented-path"] = f"/{found.path.lstrip('/')}"
    if kept is not None and not kept.successes:
        told["x-unexercised"] = True
    differs = [{"place": one.place, "kind": one.kind, "reason": one.reason} for one in differences_of(label)]
    touched = [{"subject": one.subject, "said": one.said, "here": one.here} for one in choices_of(label)]
    return {**told, **({"x-differences": differs} if differs else {}), **({"x-choices": touched} if touched else {})}
