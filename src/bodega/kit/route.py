"""Routes as data: a path below the version, and the action of each method."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from bodega.kit.actions import Action, CountAll, Create, Delete, ListAll, ShowItem, Update
from bodega.kit.batch import CreateMany, DeleteListed, UpdateMany
from bodega.kit.delete_many import DeleteMany
from bodega.kit.endpoint import Endpoint
from bodega.kit.v2_shape import V2Shape
from bodega.storage.declaration import declared_in

_PARAMETER = re.compile(r"\{[^{}]*\}")


def unnamed(template: str) -> str:
    """A path, or a text with paths in it, whose parameters have no names: `{}` for each."""
    return _PARAMETER.sub("{}", template)


class Route(msgspec.Struct, frozen=True):
    """`template` contains `{name}` for a number and `{name:text}` for a word. `moved` is the path to which it moved.

    `fields` is the shape that an OPTIONS reply describes in V2; `allow` the methods in the order of the Allow header. A
    plain `Action` stands for a method that such a path does not have (`kit/compile.py` says so).
    """

    version: int
    template: str
    actions: Mapping[str, Action]
    moved: str = ""
    fields: V2Shape | None = None
    file: str = ""

    @property
    def allow(self) -> str:
        """The value of Allow: the resource's own methods, then HEAD and OPTIONS (RFC 9110 10.2.1)."""
        own = [method for method in ("GET", "POST", "PUT", "DELETE") if method in self.actions]
        return ", ".join([*own, *(["HEAD"] if "GET" in self.actions else []), "OPTIONS"])

    @property
    def ends_in_number(self) -> bool:
        """Whether the path ends with the id of a row."""
        return self.template.endswith("}") and not self.template.endswith(":text}")

    def also(self, other: Route) -> Route:
        """The same path with the methods of another endpoint as well."""
        return replace(self, actions={**self.actions, **other.actions})

    def at_most(self, **numbers: int) -> Route:
        """The same path, of which a store answers only so many requests at once, by method (rule 31)."""
        for method, number in numbers.items():
            if method not in self.actions or number < 1:
                raise ValueError(f"{self.template} has no {method} that could be limited to {number} at once")
            self.actions[method].max_concurrent = number
        return self


_COLLECTION: Mapping[str, type[Action]] = {"GET": ListAll, "POST": Create, "PUT": UpdateMany, "DELETE": DeleteMany}
_LISTED: Mapping[str, type[Action]] = {"POST": CreateMany, "PUT": UpdateMany, "DELETE": DeleteListed}
_ITEM: Mapping[str, type[Action]] = {"GET": ShowItem, "PUT": Update, "DELETE": Delete}


def collection(path: str, endpoint: Endpoint, methods: str) -> Route:
    """A collection: GET lists, POST creates, PUT updates many, DELETE deletes many."""
    actions = {method: _COLLECTION.get(method, Action)(endpoint) for method in methods.split()}
    return Route(endpoint.version, path, actions, fields=endpoint.v2, file=declared_in())


def item(path: str, endpoint: Endpoint, methods: str = "GET PUT DELETE") -> Route:
    """One entity of a collection."""
    actions = {method: _ITEM.get(method, Action)(endpoint) for method in methods.split()}
    return Route(endpoint.version, path, actions, fields=endpoint.v2, file=declared_in())


def listed(path: str, endpoint: Endpoint, methods: str) -> Route:
    """Methods of a collection whose body is a list: POST creates, PUT updates, DELETE deletes the ids it names."""
    actions = {method: _LISTED.get(method, Action)(endpoint) for method in methods.split()}
    return Route(endpoint.version, path, actions, fields=endpoint.v2, file=declared_in())


def count(path: str, endpoint: Endpoint) -> Route:
    """The V2 count of a collection."""
    return Route(endpoint.version, path, {"GET": CountAll(endpoint)}, file=declared_in())


def route(path: str, version: int, fields: V2Shape | None = None, **actions: Action) -> Route:
    """A path with actions of its own, as for a singleton."""
    return Route(version, path, actions, fields=fields, file=declared_in())


def also_at(old: str, new: str, *routes: Route) -> tuple[Route, ...]:
    """The same routes under another name of their first segments: names that clients call directly are served, since a
    redirected write would lose its body (contract/wire.md 1)."""
    return tuple(
        replace(one, template=f"/{one.template}/".replace(f"/{old}/", f"/{new}/", 1).strip("/"))
        for one in routes
        if f"/{old}/" in f"/{one.template}/"
    )


def moved(path: str, version: int, to: str) -> Route:
    """An old path, answered by a redirect to `to` (below the same version)."""
    return Route(version, path, {}, moved=to, file=declared_in())
