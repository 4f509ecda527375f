"""Every 200 of a GET has an entity tag, and the tag sent back is answered by 304 (contract/http.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import pytest

from bodega.journal.request_logs import request_logs
from bodega.journal.system_logs import system_logs
from bodega.kit.route import Route
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from published import needs_shared
from replies.shipping_v3 import PROVIDERS
from shop import Reply, Server
from test_published_replies import Asked

pytestmark = needs_shared

JOURNAL = ("/v2/requestlogs", "/v3/store/systemlogs")
"""Reading them is told next, or moves what is looked through: of so many requests no two readings are the same."""


@pytest.fixture(scope="module")
def asked(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("tags"), None)))
    yield Asked(server.shop(**PROVIDERS))
    runner.run(server.app.stop())


def reads() -> list[Route]:
    routes = [*ROUTES, request_logs(), system_logs()]
    return [route for route in routes if "GET" in route.actions]


def shown(asked: Asked, route: Route) -> tuple[str, Reply] | None:
    """The first reply of a route that has something to show, and its path."""
    paths = [f"/v{route.version}/{route.template}"] if "{" not in route.template else asked.paths(route)
    for path in islice(paths, 5):
        reply = asked.shop.get(path)
        if reply.status == 200:
            return path, reply
    return None


def test_every_read_has_a_tag_that_is_known_again(asked: Asked) -> None:
    without, changed, count = [], [], 0
    for route in reads():
        streams = getattr(route.actions["GET"], "has_own_media", False)  # what is told while it changes has no state
        if streams or (found := shown(asked, route)) is None:
            continue
        path, reply = found
        count += 1
        if "etag" not in reply.headers:
            without.append(path)
        elif (
            asked.shop.get(path, headers={"if-none-match": reply.headers["etag"]}).status != 304 and path not in JOURNAL
        ):
            changed.append(path)
    assert (without, changed) == ([], [])
    assert count > 300
