"""The published contract beside the repository: its OpenAPI files and its tables, read as they are needed.

A schema says less than it seems to: a member that it does not name is no fault to a validator, nor is one that is never
shown. So a reply is held against its schema three times: by its keywords, for members beyond it (`extra`), and, all
replies of an operation together, for members that it names and nobody ever sees (`absent`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
import yaml

from bodega.kit.route import unnamed

SHARED = Path(__file__).resolve().parents[2] / "shared"
ABSENT = "the published contract is not beside the repository"

needs_shared = [pytest.mark.shared, pytest.mark.skipif(not SHARED.is_dir(), reason=ABSENT)]
"""The marks of a module that reads it."""

METHODS = ("get", "post", "put", "delete")
NO_OPERATION: Mapping[str, Any] = {"responses": {}}
PATH = re.compile(r"^ {2,4}['\"]?(/[^'\":]*)['\"]?:\s*$", re.MULTILINE)
SERVER = re.compile(r"/stores/\{store_hash\}/v([23])\b")

Complaints = dict[tuple[str, str], str]
"""What is wrong with a reply: (place in it without indices, keyword) -> sentence."""


def table(name: str) -> list[dict[str, str]]:
    """The rows of a table of the contract: `operations`, `filters`."""
    if not SHARED.is_dir():
        return []
    with (SHARED / "contract" / f"{name}.tsv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def v2_fields() -> dict[str, Any]:
    """The field tables of V2: resource -> {path, fields}."""
    if not SHARED.is_dir():
        return {}
    return dict(json.loads((SHARED / "contract" / "v2_legacy_fields.json").read_text("utf-8")))


class Published(NamedTuple):
    """An operation as a file publishes it."""

    version: int
    method: str
    path: str
    file: str

    @property
    def label(self) -> str:
        """`GET /v3/catalog/brands/{brand_id}`: the name that tables of disagreements call it by."""
        return f"{self.method} /v{self.version}{self.path}"

    def _content(self, node: Any) -> Any:
        content = _resolved(self.file, node).get("content", {})
        return next((kind.get("schema") for name, kind in content.items() if "json" in name), None)

    @property
    def _operation(self) -> Mapping[str, Any]:
        operation = _read(self.file)["paths"][self.path].get(self.method.lower(), NO_OPERATION)
        return {str(name): value for name, value in operation.items()}

    @property
    def statuses(self) -> set[str]:
        """The statuses it is said to answer with."""
        return set(map(str, self._operation.get("responses", {})))

    def reply(self, status: int) -> Any:
        """The schema of a reply, or None where none is published."""
        responses = {str(name): value for name, value in self._operation.get("responses", {}).items()}
        return self._content(responses[str(status)]) if str(status) in responses else None

    @property
    def body(self) -> Any:
        """The schema of its body, or None."""
        body = self._operation.get("requestBody")
        return None if body is None else self._content(body)

    def complaints(self, status: int, message: Any) -> Complaints:
        """What its schema for `status` has against a reply; nothing where it has no schema."""
        schema = self.reply(status)
        if schema is None:
            return {}
        return {**_by_keywords(self.file, schema, message), **dict(_extras(self.file, schema, message, ""))}

    def members(self, status: int = 200) -> set[str]:
        """Every member that its schema names, as places."""
        return set(_places(self.file, self.reply(status), "", 0))

    def required(self) -> set[str]:
        """The members that its body must have; none where no body is published."""
        return _required(self.file, self.body)


@cache
def index() -> dict[tuple[int, str], tuple[str, str]]:
    """(version, path with its parameters unnamed) -> (file, path), of everything that is published for V2 and V3."""
    found: dict[tuple[int, str], tuple[str, str]] = {}
    for file in sorted((SHARED / "spec").rglob("*.y*ml")):
        text = file.read_text("utf-8")
        server = SERVER.search(text)
        if server is not None:
            for path in PATH.findall(text):
                name = file.relative_to(SHARED / "spec").as_posix()
                found[int(server[1]), unnamed(path.strip("/"))] = (name, path)
    return found


def published(version: int, method: str, template: str) -> Published | None:
    """The operation that a route's method serves, if it is published."""
    file, path = index().get((version, unnamed(template.strip("/"))), ("", ""))
    if not file or method.lower() not in _read(file)["paths"][path]:
        return None
    return Published(version, method, path, file)


@cache
def _read(file: str) -> dict[str, Any]:
    """An OpenAPI file, its schemas made plain JSON schemas."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read = yaml.load((SHARED / "spec" / file).read_text("utf-8"), loader)
    return dict(_plain(json.loads(json.dumps(read, default=str))))  # examples hold dates, which JSON has not


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON schema has a type null; `required: true` beside a member means nothing.

    A pattern that says `{1-5}` means `{1,5}`, and is none as it stands.
    """
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _plain(value) for key, value in node.items()}
    if True in (made.pop("nullable", False), made.pop("x-nullable", False)):
        if isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
        if isinstance(made.get("enum"), list):
            made["enum"] = [*made["enum"], None]
    if isinstance(made.get("pattern"), str):
        made["pattern"] = re.sub(r"\{(\d)-(\d)\}", r"{\1,\2}", made["pattern"])
    if "required" in made and not isinstance(made["required"], list | dict):
        del made["required"]
    return made


def _resolved(file: str, node: Any) -> Any:
    """What a reference within the file leads to."""
    while isinstance(node, dict) and "$ref" in node:
        found: Any = _read(file)
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        node = found
    return node if isinstance(node, dict) else {}


@cache
def _validator(file: str, schema: str) -> jsonschema_rs.Draft4Validator:
    whole = {"allOf": [json.loads(schema)], "components": _read(file).get("components", {})}
    return jsonschema_rs.Draft4Validator(whole, validate_formats=True)


def _by_keywords(file: str, schema: Any, message: Any) -> Complaints:
    found: Complaints = {}
    for error in _validator(file, json.dumps(schema, sort_keys=True)).iter_errors(message):
        steps = [step for step in map(str, error.instance_path) if not step.isdigit()]
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            steps.append(kind.property)
        found[".".join(steps), kind.name] = error.message
    return found


def branches(file: str, schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and all that it is made of or may be instead."""
    schema = _resolved(file, schema)
    yield schema
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(word, ()):
            yield from branches(file, part)


def properties(file: str, schema: Any) -> dict[str, list[Any]]:
    """The members that an object may have, each with its schemas."""
    found: dict[str, list[Any]] = {}
    for branch in branches(file, schema):
        for name, inner in branch.get("properties", {}).items():
            found.setdefault(name, []).append(inner)
    return found


def items_of(file: str, schema: Any) -> list[Any]:
    return [branch["items"] for branch in branches(file, schema) if isinstance(branch.get("items"), dict)]


def _extras(file: str, schema: Any, message: Any, place: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Members beyond what a schema names. Where it names none, or says that others may come, all are welcome."""
    if isinstance(message, list):
        either = {"anyOf": items_of(file, schema)}
        for item in message:
            yield from _extras(file, either, item, place)
    elif isinstance(message, dict):
        known = properties(file, schema)
        opened = any(branch.get("additionalProperties") for branch in branches(file, schema))
        for name, value in message.items():
            there = f"{place}.{name}" if place else name
            if name in known:
                yield from _extras(file, {"anyOf": known[name]}, value, there)
            elif known and not opened:
                yield (there, "extra"), f"{name} is not published"


def _places(file: str, schema: Any, place: str, depth: int) -> Iterator[str]:
    """The members that a schema names, six levels deep: some schemas hold themselves."""
    if depth > 6:
        return
    for inner in items_of(file, schema):
        yield from _places(file, inner, place, depth)
    for name, schemas in properties(file, schema).items():
        there = f"{place}.{name}" if place else name
        yield there
        yield from _places(file, {"anyOf": schemas}, there, depth + 1)


def _required(file: str, schema: Any) -> set[str]:
    schema = _resolved(file, schema)
    if schema.get("type") == "array":
        return _required(file, schema.get("items"))
    names = set(schema.get("required", []))
    for part in schema.get("allOf", []):
        names |= _required(file, part)
    return names


def shown(message: Any, place: str = "") -> Iterator[str]:
    """The members that a reply shows, as places."""
    if isinstance(message, list):
        for item in message:
            yield from shown(item, place)
    elif isinstance(message, dict):
        for name, value in message.items():
            there = f"{place}.{name}" if place else name
            yield there
            yield from shown(value, there)
