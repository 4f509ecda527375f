"""Replies against the published schemas: every served operation, on one store with a row of everything.

`replies/__init__.py` says how a resource adds its rows, and how a known disagreement is told.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import pytest

from bodega.http.router import by_version
from bodega.kit.actions import Create
from bodega.kit.route import Route, unnamed
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from published import Complaints, Published, index, needs_shared, published, shown
from replies import OF_PARAMETERS, Row, differs, paths, rows
from replies.shipping_v3 import PROVIDERS
from shop import Reply, Server, Shop
from walking import collections_of, listed, walk

pytestmark = needs_shared

ENOUGH = 5
"""Replies with something in them that each GET is held to."""
PATIENCE = 60
"""Paths that are tried for them."""
NAME = re.compile(r"\{(\w+)\}")
NOBODY = 2147483000
"""An id that no row has."""

SERVED: list[tuple[Route, Published]] = [
    (route, operation)
    for route in ROUTES
    for method in route.actions
    if index() and (operation := published(route.version, method, route.template)) is not None
]
TRIES = by_version(ROUTES)
BY_KEY = collections_of(ROUTES)


class Asked:
    """The store, and what it said: {label of an operation: [(status, reply)]}."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.names: dict[str, Any] = {}
        self.message: dict[str, list[tuple[int, Any]]] = {}
        self.failed: dict[int, str] = {}
        self.ids = cache(self._ids)
        self.heard = cache(self._heard)
        for place, row in enumerate(rows()):
            try:
                self._send(row)
            except Exception as error:  # one bad row must not keep the others from being asked
                self.failed[place] = f"{row.method} {row.path}: {error!r}"

    def _send(self, row: Row) -> None:
        path = filled(row.path, self.names)
        headers = dict(row.headers or {})
        if isinstance(row.body, bytes):
            reply = self.shop.request(row.method, path, body=row.body, headers=headers)
        else:
            reply = self.shop.request(row.method, path, filled(row.body, self.names), headers=headers)
        whole = f"{row.method} {path}: {reply.status} {reply.body.decode()[:500]}"
        assert reply.status == row.status or (not row.status and 200 <= reply.status < 300), whole
        operation = self.operation(row.method, path)
        if operation is not None:
            self.keep(operation, reply)
        if row.name:
            data = reply.json.get("data", reply.json) if isinstance(reply.json, dict) else reply.json
            self.names[row.name] = row.named(data)

    def operation(self, method: str, path: str) -> Published | None:
        """The published operation behind a request."""
        version, _, below = path.partition("?")[0].strip("/").partition("/")
        match = TRIES[int(version[1:])].find(tuple(below.split("/")))
        assert match is not None, f"nothing is served at {path}"
        return published(match.route.version, method, match.route.template)

    def keep(self, operation: Published, reply: Reply) -> None:
        """Remembers a reply; an empty body says nothing."""
        message = json.loads(reply.body) if reply.body else None
        self.message.setdefault(operation.label, []).append((reply.status, message))

    def _ids(self, path: str, key: str) -> list[Any]:
        """What a collection lists: the ids of its rows."""
        reply = self.shop.get(f"{path}?limit=50")
        if reply.status != 200:
            return []
        return listed(reply.json, key)

    def paths(self, route: Route) -> Iterator[str]:
        """Paths of a route: what its module says, else whatever served collections list for each of its ids."""
        told = paths().get(f"/v{route.version}/{route.template}")
        if told is not None:
            yield from (filled(path, self.names) for path in told)
            return
        yield from walk(BY_KEY, self.ids, route.version, route.template)

    def read(self, route: Route, operation: Published) -> int:
        """Asks a GET until enough replies have something in them; how many had."""
        full = 0
        action = route.actions["GET"]
        listing = getattr(action, "listing", None)
        includes = [name for name in listing.includes if name not in listing.inside] if listing is not None else []
        for path in islice(self.paths(route), PATIENCE):
            reply = self.shop.get(path)
            if reply.status == 200 and _has_content(reply.json):
                self.keep(operation, reply)
                if includes:
                    self.keep(operation, self.shop.get(f"{path}?include={','.join(includes)}"))
                full += 1
            if full == ENOUGH:
                break
        return full

    def ask_for_nobody(self, route: Route, operation: Published) -> None:
        """Asks for an id that no row has, below parents that exist."""
        if route.template.endswith("}") and operation.reply(404) is not None:
            for path in self.paths(route):
                nowhere = f"{path.rpartition('/')[0]}/{NOBODY}"
                body = {} if operation.method in ("POST", "PUT") else None
                self.keep(operation, self.shop.request(operation.method, nowhere, body))
                return

    def _heard(self, operation: Published) -> Complaints:
        """All that the schemas have against what an operation said, asking it first."""
        route = BY_KEY[operation.version, unnamed(operation.path.strip("/"))]
        full = self.read(route, operation) if operation.method == "GET" else 0
        self.ask_for_nobody(route, operation)
        found: Complaints = {}
        for member in _needed_on_one_side(route.actions[operation.method], operation):
            found[member, "body"] = "is required of a new row here or in the schema, but not in both"
        if operation.method == "GET" and not full:
            found["", "empty"] = "no reply had anything in it: add a row to tests/replies that makes one exist"
        ever: set[str] = set()
        for status, message in self.message.get(operation.label, ()):
            if status < 300 and str(status) not in operation.statuses:
                found[str(status), "status"] = f"{status} is not published, but {sorted(operation.statuses)}"
            found |= operation.complaints(status, message)
            ever |= set(shown(message)) if status == 200 else set()
        if full:
            found |= {(place, "absent"): "is shown in no reply" for place in operation.members() - ever}
        return _without_inner(found)


def filled(body: Any, names: dict[str, Any]) -> Any:
    """A path or a body with the ids in place of {name}; a text that is nothing but one becomes the id itself."""
    if isinstance(body, dict):
        return {key: filled(value, names) for key, value in body.items()}
    if isinstance(body, list):
        return [filled(value, names) for value in body]
    if not isinstance(body, str):
        return body
    unknown = [name for name in NAME.findall(body) if name not in names]
    assert not unknown, f"no row before this one has the name {unknown[0]}"
    whole = NAME.fullmatch(body)
    return names[whole[1]] if whole else NAME.sub(lambda name: str(names[name[1]]), body)


def _needed_on_one_side(action: Any, operation: Published) -> set[str]:
    """The members that a create of V3 requires and the schema does not, or the other way round."""
    shape = action.endpoint.v3 if isinstance(action, Create) else None
    return set(shape.required) ^ operation.required() if shape is not None and operation.body is not None else set()


def _has_content(message: Any) -> bool:
    return message != {"count": 0} and bool(message.get("data", message) if isinstance(message, dict) else message)


def _without_inner(found: Complaints) -> Complaints:
    """What lies within an absent member is absent, too, and need not be said."""
    absent = {place for place, keyword in found if keyword == "absent"}
    within = {place for place in absent if any(place.startswith(f"{outer}.") for outer in absent)}
    return {key: message for key, message in found.items() if not (key[1] == "absent" and key[0] in within)}


@pytest.fixture(scope="module")
def asked(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """One store for all of it, on SQLite: what is on the wire is the same on both."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("published"), None)))
    yield Asked(server.shop(**PROVIDERS))
    runner.run(server.app.stop())


@pytest.mark.parametrize("place", range(len(rows())), ids=lambda place: f"{rows()[place].method} {rows()[place].path}")
def test_a_row_is_answered_as_it_says(asked: Asked, place: int) -> None:
    """By a success, or by the refusal it asks for."""
    assert place not in asked.failed, asked.failed[place]


@pytest.mark.parametrize(("route", "operation"), SERVED, ids=[operation.label for _, operation in SERVED])
def test_replies_are_as_published(asked: Asked, route: Route, operation: Published) -> None:
    """Every value of the right type and within its bounds, every member there, none beyond; statuses as published."""
    found = asked.heard(operation)
    unknown = [
        f"{place or 'the reply'} [{keyword}]: {message}"
        for (place, keyword), message in sorted(found.items())
        if not any(row.covers(operation.label, place, keyword) for row in differs())
    ]
    assert not unknown, "\n".join([operation.label, *unknown])


def test_every_known_disagreement_with_the_schemas_still_occurs(asked: Asked) -> None:
    """What has been resolved leaves the table."""
    found = [(operation.label, *complaint) for _, operation in SERVED for complaint in asked.heard(operation)]
    ours = [row for row in differs() if row.keyword not in OF_PARAMETERS]
    stale = [row for row in ours if not any(row.covers(*complaint) for complaint in found)]
    assert not stale, "\n".join(["resolved, or never so:", *map(str, stale)])


LEGACY = [
    route
    for route in ROUTES
    if route.fields is not None and "GET" in route.actions and not route.template.endswith("/count")
]


@pytest.mark.parametrize("route", LEGACY, ids=[route.template for route in LEGACY])
def test_a_v2_reply_has_the_members_of_its_shape_in_their_order(asked: Asked, route: Route) -> None:
    """What `test_published_fields.py` holds against the field tables is what is on the wire."""
    assert route.fields is not None
    for path in islice(asked.paths(route), PATIENCE):
        reply = asked.shop.get(path)
        if reply.status == 200:
            first = reply.json[0] if isinstance(reply.json, list) else reply.json
            assert list(first) == route.fields.members
            return
    if any(row.covers(f"GET /v2/{route.template}", "", "empty") for row in differs()):
        return
    pytest.fail(f"GET /v2/{route.template} has nothing to show: add a row to tests/replies that makes it exist")
