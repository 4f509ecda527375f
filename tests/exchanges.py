"""Every served operation asked of one store with a row of everything: what is sent and answered, by operation.

The rows of `replies/` are sent first, then each GET is asked with the ids that its collection lists, with all its
includes. `scripts/openapi_exchanges.py` keeps what the OpenAPI documents take from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from bodega.app import routes
from bodega.http.router import by_version
from bodega.kit.actions import Action
from bodega.kit.route import Route
from bodega.openapi.names import label
from replies import Row, paths, rows
from shop import Reply, Shop
from test_published_replies import filled
from walking import collections_of, listed, walk

EPOCH = 1_793_527_200
"""1 November 2026, 10:00 UTC: the time at which the store's clock stands."""
ENOUGH = 3
PATIENCE = 40
NOBODY = 2147483000


class Exchange(NamedTuple):
    """A request and its reply. `body` and `message` are data, None where there is none or it is no JSON."""

    operation: str
    path: str
    status: int
    message: Any
    body: Any
    query: tuple[str, ...]
    reason: str
    media: str


class Exchanges:
    """The store, and all that was exchanged with it, in order."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.all: list[Exchange] = []
        self.unsent: list[str] = []
        self._names: dict[str, Any] = {}
        self._tries = by_version(routes())
        self._collections = collections_of(routes())
        self._ids = cache(self._listed)
        shop.freeze(EPOCH)
        for row in rows():
            try:
                self._send(row)
            except (AssertionError, LookupError, TypeError, ValueError) as error:
                self.unsent.append(f"{row.method} {row.path}: {error!r}")
        for route in routes():
            if "GET" in route.actions and type(route.actions["GET"]) is not Action:
                self._read(route)

    def _send(self, row: Row) -> None:
        path, headers = filled(row.path, self._names), dict(row.headers or {})
        body = row.body if isinstance(row.body, bytes) else filled(row.body, self._names)
        reply = self._ask(row.method, path, body, headers)
        assert reply.status == row.status or (not row.status and 200 <= reply.status < 300), reply.body[:300]
        if row.name:
            message = reply.json
            data = message.get("data", message) if isinstance(message, dict) else message
            self._names[row.name] = row.named(data)

    def _ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        if isinstance(body, bytes):
            reply = self.shop.request(method, path, body=body, headers=headers or {})
            body = None
        else:
            reply = self.shop.request(method, path, body, headers=headers or {})
        below, _, query = path.partition("?")
        version, _, rest = below.strip("/").partition("/")
        match = self._tries[int(version[1:])].find(tuple(rest.split("/")))
        if match is not None:
            media = reply.headers.get("content-type", "").partition(";")[0]
            try:
                message = json.loads(reply.body) if reply.body and media.endswith("json") else None
            except ValueError:
                message = None
            names = tuple(name for name, _ in parse_qsl(query, keep_blank_values=True))
            where = label(match.route, method)
            self.all.append(Exchange(where, path, reply.status, message, body, names, reply.reason, media))
        return reply

    def _read(self, route: Route) -> None:
        """Asks a GET until enough replies have something in them."""
        full = 0
        listing = getattr(route.actions["GET"], "listing", None)
        includes = [name for name in listing.includes if name not in listing.inside] if listing is not None else []
        asked = False
        for path in islice(self._paths(route), PATIENCE):
            asked = True
            reply = self._ask("GET", path)
            if reply.status == 200 and reply.body:
                if includes:
                    self._ask("GET", f"{path}?include={','.join(includes)}")
                full += 1
            if full == ENOUGH:
                break
        if asked and route.template.endswith("}"):
            self._ask("GET", f"{path.rpartition('/')[0]}/{NOBODY}")

    def _paths(self, route: Route) -> Iterator[str]:
        told = paths().get(f"/v{route.version}/{route.template}")
        if told is not None:
            yield from (filled(path, self._names) for path in told)
            return
        yield from walk(self._collections, self._ids, route.version, route.template)

    def _listed(self, path: str, key: str) -> list[Any]:
        reply = self.shop.get(f"{path}?limit=50")
        if reply.status != 200:
            return []
        return listed(reply.json, key)
