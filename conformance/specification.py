"""The published OpenAPI files, one served operation at a time, as Schemathesis takes them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bodega.http.documented import Operation as Documented
from bodega.http.documented import is_served
from bodega.http.router import Routes, by_version
from bodega.resources import ROUTES

METHODS = ("get", "post", "put", "delete")
NEGOTIATED = (
    "accept", "content-type", "authorization",
    "if-match", "if-none-match", "idempotency-key", "bodega-trace",
)  # fmt: skip
"""Header parameters that are not asked with: OpenAPI 3.0 says that the first shall be ignored, for they follow from the
bodies and the security schemes; conditions and keys would have requests refused before what is wrong with them is."""
SERVER = re.compile(r"/stores/\{store_hash\}/v([23])\b")


class NoSpecification(Exception):
    """The published files are not there; the message is a sentence."""


class Operation(NamedTuple):
    """A served operation of a file. `path` is that of the file, below the version."""

    file: str
    version: int
    method: str
    path: str
    document: Mapping[str, Any]

    @property
    def label(self) -> str:
        """`GET /v3/catalog/brands/{brand_id}`: what the table of known findings calls it."""
        return f"{self.method} /v{self.version}{self.path}"

    @property
    def is_paid_with_token(self) -> bool:
        """Whether it is asked with the payment access token of an order."""
        return (self.method, self.path.strip("/")) == ("POST", "payments")

    @property
    def strange_methods(self) -> list[str]:
        """Methods that are tried on a path which does not have them. Our own documents say that any is 405 or 501."""
        return [] if self.file.startswith("bodega-") else ["get", "put", "post", "delete", "trace", "patch"]

    @property
    def last(self) -> tuple[int, int]:
        """What sorts the operations of a file so that reads come before writes, and deletes from the leaves up."""
        depth = self.path.count("/")
        return METHODS.index(self.method.lower()), -depth if self.method == "DELETE" else depth

    def alone(self, paths: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """The file with nothing but this operation, whose path parameters are those of rows that exist.

        `paths` are the values of a path's parameters, by the names in the file. The first parameters keep the values of
        the first path, so that every draw of the last is a row below them.
        """
        item = self.document["paths"][self.path]
        operation = dict(item[self.method.lower()])
        shared = [self._resolved(one) for one in item.get("parameters", ())]
        own = [self._resolved(one) for one in operation.get("parameters", ())]
        names = [(one["in"], one["name"]) for one in own]
        operation["parameters"] = [
            self._among(one, paths)
            for one in [*(other for other in shared if (other["in"], other["name"]) not in names), *own]
            if one["in"] != "header" or one["name"].lower() not in NEGOTIATED
        ]
        kept = {name: value for name, value in self.document.items() if name not in ("paths", "servers", "security")}
        return {**kept, "paths": {self.path: {self.method.lower(): operation}}}

    def _among(self, parameter: Mapping[str, Any], paths: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        if parameter["in"] != "path" or not paths:
            return parameter
        name, last = parameter["name"], re.findall(r"\{(\w+)\}", self.path)[-1]
        values = [path[name] for path in (paths if name == last else paths[:1])]
        return {
            "in": "path",
            "name": name,
            "required": True,
            "schema": {"enum": sorted(set(map(_number, values)), key=str)},
        }

    def _resolved(self, node: Any) -> Any:
        while "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def served(folder: Path) -> list[Operation]:
    """Every operation that is published for the stores API and served, in the order to ask them. Raises
    NoSpecification."""
    files = sorted(folder.rglob("*.y*ml")) if folder.is_dir() else []
    if not files:
        raise NoSpecification(
            f"The published OpenAPI files are not in {folder}: name their folder, make conformance SPEC=FOLDER."
        )
    tries = by_version(ROUTES)
    found = (operation for file in files for operation in _of_file(folder, file, tries))
    return sorted(found, key=lambda operation: (operation.file, operation.last))


def _of_file(folder: Path, file: Path, tries: Mapping[int, Routes]) -> Iterator[Operation]:
    text = file.read_text("utf-8")
    server = SERVER.search(text)
    if server is None:
        return
    version = int(server[1])
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = _mended(yaml.load(text, loader))
    for path, item in document["paths"].items():
        for method in METHODS:
            asked = Documented(f"v{version}", method.upper(), path, "")
            if method in item and is_served(asked, tries):
                yield Operation(file.relative_to(folder).as_posix(), version, method.upper(), path, document)


def _mended(node: Any) -> Any:
    """What a file means where it is no OpenAPI as it stands.

    Dates and numbered keys that YAML reads are texts; a `required` that names no members, and an open bound without a
    bound, say nothing; a pattern that says `{1-5}` means `{1,5}`.
    """
    if isinstance(node, list):
        return [_mended(item) for item in node]
    if isinstance(node, datetime.date):
        return node.isoformat()
    if not isinstance(node, dict):
        return node
    made = {str(key): _mended(value) for key, value in node.items()}
    if isinstance(made.get("pattern"), str):
        made["pattern"] = re.sub(r"\{(\d)-(\d)\}", r"{\1,\2}", made["pattern"])
    for bound, open_bound in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(made.get(open_bound), bool) and bound not in made:
            del made[open_bound]
    if isinstance(made.get("required"), bool) and "in" not in made and "content" not in made:
        del made["required"]
    return made
