"""The documented operations: what the published API has, whether it is served here or not.

The list ships with the package (`documented.tsv`, written by `scripts/documented_operations.py`). It is read when a
path is refused for the first time, so that nobody takes an operation that is not served for a typing error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple

from bodega.http.nearest import Nearest
from bodega.http.router import Routes, by_version
from bodega.kit.route import Route

_BESIDE = {("gateway", "GET", "/time"), ("login", "POST", "/oauth2/token")}
"""Operations outside the versions that are served beside them."""

_OF_SHOPPERS = "storefront"
"""All that is documented for shoppers is served, at the hosts of shops; `tests/test_documented.py` compares them."""

CALLED = frozenset({"estimate", "commit", "adjust", "void", "rate", "check_connection_options"})
"""The operations of providers that this server calls (docs/providers.md)."""

VERSIONS = {"v2": 2, "v2-legacy": 2, "v3": 3, "storefront": 0, "payments": 0}
"""The number under which a version of the list is asked for; 0 where the path names no version."""

HOSTS: Mapping[str, str] = {
    "v2": "api",
    "v2-legacy": "api",
    "v3": "api",
    "gateway": "api",
    "login": "login",
    "payments": "payments",
    "storefront": "storefront",
    "provider(outbound)": "provider",
}
"""Which host a line of the list is asked of: the API's, that of signing in, that of payments, the store's own for its
shoppers; or a provider's, which the platform calls."""

OUTSIDE: Mapping[str, tuple[str, ...]] = {"storefront": ("storefront",)}
"""What stands in the place of the version, where the list leaves it out: `/api/storefront/carts`."""


class Operation(NamedTuple):
    """A line of a list of operations. Parameters of `path` are in braces."""

    version: str
    method: str
    path: str
    group: str
    wave: str = ""

    @property
    def host(self) -> str:
        """Which host it is asked of, by a word of `HOSTS`; a list of somebody's own may have others, of the API."""
        return HOSTS.get(self.version, "api")

    @property
    def segments(self) -> list[str]:
        """The parts of its path."""
        return self.path.strip("/").split("/")


class DocumentedPath(NamedTuple):
    """A documented path and the methods that are not served on it; `served`: others are."""

    path: str
    group: str
    methods: tuple[str, ...]
    served: bool


@cache
def documented() -> tuple[Operation, ...]:
    """All documented operations, in the order of the list."""
    file = resources.files("bodega.http") / "documented.tsv"
    return tuple(Operation(*line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines()[1:])


def is_served(operation: Operation, tries: Mapping[int, Routes]) -> bool:
    """Whether a request for the operation would find its route there, and the method on it; of an operation of a
    provider, whether it is called."""
    if operation.host == "provider":
        return operation.path.strip("/") in CALLED
    if (operation.version, operation.method, operation.path) in _BESIDE:
        return True
    if operation.version == _OF_SHOPPERS:
        return _form(operation) in _of_shoppers()
    return route_of(operation, tries) is not None


def route_of(operation: Operation, tries: Mapping[int, Routes]) -> Route | None:
    """The route that a request for an operation of a version would find, if it has the method."""
    version = 3 if operation.version == "payments" else VERSIONS.get(operation.version, 0)  # its path names none
    if version not in tries:
        return None
    # "1" is a number and a word. A word of the path that is taken for an id makes one id too many: `/products/count` is
    # not served by `products/{code:text}`.
    match = tries[version].find(tuple("1" if is_parameter(segment) else segment for segment in operation.segments))
    ids = sum(map(is_parameter, operation.segments))
    found = match is not None and len(match.ids) == ids and operation.method in match.route.actions
    return match.route if match is not None and found else None


@cache
def _of_shoppers() -> frozenset[tuple[str, ...]]:
    """The documented operations of shoppers, all of which are served, whatever a list calls their parameters."""
    return frozenset(_form(operation) for operation in documented() if operation.version == _OF_SHOPPERS)


def _form(operation: Operation) -> tuple[str, ...]:
    return (operation.method, *("{}" if is_parameter(one) else one for one in operation.segments))


def is_parameter(segment: str) -> bool:
    """Whether a segment of a documented path stands for any value."""
    return segment.startswith("{")


class _Node:
    __slots__ = ("lacking", "next", "served")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.lacking: list[Operation] = []
        self.served = False


class Unserved:
    """The documented operations that these routes do not serve, found by path; and what is nearest to other paths.

    Both are asked for only when a request is refused, and work out nothing before.
    """

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._routes = tuple(routes)

    @cached_property
    def nearest(self) -> Nearest:
        """The served and the documented paths, by likeness."""
        tries = by_version(self._routes)
        lacking = [each for each in documented() if VERSIONS.get(each.version) and not is_served(each, tries)]
        return Nearest(self._routes, [(VERSIONS[each.version], each.path) for each in lacking])

    @cached_property
    def _roots(self) -> dict[int, _Node]:
        tries = by_version(self._routes)
        roots: dict[int, _Node] = {0: _Node(), 2: _Node(), 3: _Node()}
        for operation in documented():
            node = roots.get(VERSIONS.get(operation.version, -1))
            if node is None:
                continue
            for segment in (*OUTSIDE.get(operation.version, ()), *operation.segments):
                node = node.next.setdefault("" if is_parameter(segment) else segment, _Node())
            if is_served(operation, tries):
                node.served = True
            else:
                node.lacking.append(operation)
        return roots

    def find(self, version: int, segments: tuple[str, ...]) -> DocumentedPath | None:
        """The documented path that a request names, if something on it is not served; version 0 is for the paths of
        `OUTSIDE`."""
        root = self._roots.get(version)
        node = _walk(root, segments) if root is not None else None
        if node is None:
            return None
        first, methods = node.lacking[0], {operation.method for operation in node.lacking}
        return DocumentedPath(first.path, first.group, tuple(sorted(methods)), node.served)


def _walk(node: _Node, segments: tuple[str, ...]) -> _Node | None:
    """A word before a parameter. Each node has one way to it, so none is visited twice."""
    if not segments:
        return node if node.lacking else None
    for step in (node.next.get(segments[0]), node.next.get("")):
        found = _walk(step, segments[1:]) if step is not None else None
        if found is not None:
            return found
    return None
