"""What the tests against the published contract need to be told about each resource: one module a resource.

A resource that is served is asked by itself: every GET whose path is published, with the ids that its collection lists,
with all its includes, and for what does not exist. What nobody can guess stands in a module of this package, found by
being there. To add a resource, add a module with as many of these tables as it needs.

`ROWS` are requests sent before anything is asked, in order: what makes rows exist. Each reply is held against the
schema of its own operation as well, so a create, an update and a refusal are tested by standing here. `name` keeps the
id of the reply; `{name}` in a path and "{name}" as a value in a body is that id, further down and in every module that
comes later in the alphabet. `opening.py` comes first: {tools} and {saws} are categories, {acme} a brand, {hammer} a
plain product, {drill} one with every field. A reply that should be a refusal says its status:

    Row("POST", "/v3/catalog/products/{hammer}/videos", {"title": "How to", "video_id": "a"}, name="video"),
    Row("PUT", "/v3/catalog/products/{hammer}/videos/{video}", {"title": "How not to"}),
    Row("POST", "/v3/catalog/products/{hammer}/videos", {}, status=422),

`PATHS` are the paths to ask of a route, by its version and template, where no served collection lists the ids in them:

    {"/v3/settings/{name:text}": ["/v3/settings/locale"]}

`DIFFERS` tells where the wire and the schema disagree on purpose: operation and place in the reply (both shell
patterns, a place without indices), keyword, reason. Keywords are those of JSON schema, and: `extra`, a member that is
shown and not published; `absent`, one that is published and was shown in no reply; `empty`, a GET that has nothing to
show; `status`, a success with a status that is not published; `body`, a member that a create requires here or there and
not in both; of query parameters `parameter`, `sort`, `include`, `member`. A row that no longer occurs fails a test:

    Differs("* /v3/catalog/products*", "data.option_set_id", "type", "null where there is none"),

`V2_DIFFERS` does the same for the field tables of V2: {(resource, field, fact): reason}, the facts being `name`,
`type`, `refused`, `required`, `length`, `enum`. `V2_TABLES` names the table of a V2 collection that is called otherwise
than its path (the words of the path joined by `_`), "" where there is none: {"order_statuses": "order_status"}.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A request. A `body` of bytes goes as it is, with the headers that describe it; others go as JSON.

    `status` 0 is any success. `key` is the member of the reply that `name` keeps, with dots between its steps.
    """

    method: str
    path: str
    body: Any = None
    name: str = ""
    status: int = 0
    key: str = "id"
    headers: Mapping[str, str] | None = None

    def named(self, data: Any) -> Any:
        """What of the data of its reply `name` keeps; of a list that of the first."""
        inside = data[0] if isinstance(data, list) else data
        for step in self.key.split("."):
            inside = inside[int(step) if step.isdigit() else step]
        return inside


class Differs(NamedTuple):
    """A known disagreement."""

    operation: str
    place: str
    keyword: str
    reason: str

    def covers(self, operation: str, place: str, keyword: str) -> bool:
        """Whether a complaint is this one."""
        return keyword == self.keyword and fnmatchcase(place, self.place) and fnmatchcase(operation, self.operation)


OF_PARAMETERS = ("parameter", "sort", "include", "member")
"""The keywords that speak of a request's query, not of a reply."""


def _modules() -> list[Any]:
    names = sorted((module.name for module in iter_modules(__path__)), key=lambda name: (name != "opening", name))
    return [import_module(f"{__name__}.{name}") for name in names]


def _joined(table: str) -> list[Any]:
    return [row for module in _modules() for row in getattr(module, table, ())]


def _merged(table: str) -> dict[Any, Any]:
    return {key: value for module in _modules() for key, value in getattr(module, table, {}).items()}


def rows() -> list[Row]:
    """All requests, in order."""
    return _joined("ROWS")


def paths() -> dict[str, list[str]]:
    """Paths that cannot be found by listing."""
    return _merged("PATHS")


def differs() -> list[Differs]:
    """All known disagreements with schemas and parameters."""
    return _joined("DIFFERS")


def v2_differs() -> dict[tuple[str, str, str], str]:
    """All known disagreements with the V2 field tables."""
    return _merged("V2_DIFFERS")


def v2_tables() -> dict[str, str]:
    """Field tables that are called otherwise than their path."""
    return _merged("V2_TABLES")
