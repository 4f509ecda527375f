"""Writes that are undone, and what a read shows before they are: a store that tries bodies and keeps none."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from bodega.access.stores import OpenStore
from bodega.http.router import by_version
from bodega.kit.route import Route
from bodega.resources import ROUTES
from bodega.storage.unit import Unit
from members import READ
from replies import Row
from shop import Reply, Shop
from test_published_replies import filled

TRIES = by_version(ROUTES)


class _Undone(Exception):
    """Ends a transaction that was only tried."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Tried(NamedTuple):
    """The reply to a write that was undone, and what the read that belongs to it showed in its transaction."""

    reply: Reply
    shown: Any


def route_of(path: str) -> Route:
    """The route of a path."""
    version, _, below = path.partition("?")[0].strip("/").partition("/")
    match = TRIES[int(version[1:])].find(tuple(below.split("/")))
    assert match is not None, f"nothing is served at {path}"
    return match.route


def label_of(method: str, path: str) -> str:
    """What tables call an operation: `PUT /v3/catalog/brands/{brand_id}`."""
    route = route_of(path)
    return f"{method} /v{route.version}/{route.template}"


class Trial:
    """A store whose writes can be tried. `names` keeps the ids of the rows of `tests/replies`."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.names: dict[str, Any] = {}
        self._trying: tuple[str, str] | None = None
        self._shown: Any = None
        really = OpenStore.write

        async def write(store: OpenStore, job: Any) -> Any:
            if self._trying is None:
                return await really(store, job)

            async def undone(unit: Unit) -> Any:
                result = await job(unit)
                await unit.tx.script(unit.statistics.statements())
                await self._read(
                    store, unit, result[0] if isinstance(result, tuple) else result
                )  # with what it changed
                raise _Undone(result)

            try:
                return await really(store, undone)
            except _Undone as end:
                return end.result

        monkeypatch.setattr(OpenStore, "write", write)

    def attempt(self, method: str, path: str, body: Any) -> Tried:
        """Sends a body, undoes what it did, and tells what was shown meanwhile."""
        self._trying, self._shown = (method, path), None
        try:
            reply = self.shop.request(method, path, body)
        finally:
            self._trying = None
        return Tried(reply, self._shown)

    def keep(self, row: Row) -> None:
        """Sends a row of `tests/replies`, and keeps what it made."""
        path, headers = filled(row.path, self.names), dict(row.headers or {})
        if isinstance(row.body, bytes):
            reply = self.shop.request(row.method, path, body=row.body, headers=headers)
        else:
            reply = self.shop.request(row.method, path, filled(row.body, self.names), headers=headers)
        assert bool(row.status) or reply.status < 300, f"{row.method} {path}: {reply.status} {reply.body[:300]!r}"
        if row.name and reply.status < 300:
            data = reply.json.get("data", reply.json) if isinstance(reply.json, dict) else reply.json
            self.names[row.name] = row.named(data)

    async def _read(self, store: OpenStore, unit: Unit, outcome: Any) -> None:
        """Reads within the transaction: the row, and the lists that show what a member of the body became."""
        assert self._trying is not None
        assert store.rows is not None
        method, path = self._trying
        told = json.loads(outcome.ready) if outcome.ready else outcome.value
        data = told.get("data", told) if isinstance(told, dict) else told
        first = data[0] if isinstance(data, list) and data else data
        named = first.get("id", first.get("category_id")) if isinstance(first, dict) else None
        ids = [item.get("id") for item in data if isinstance(item, dict)] if isinstance(data, list) else [named]
        reader, store.rows.reader = store.rows.reader, unit.tx
        try:
            wanted = READ.get(label_of(method, path), {})
            main = wanted.get("", _read_by(method, path, ids))
            shown = (await self._get(main, named) if main else None) or data
            if isinstance(shown, list) and named is not None:
                shown = [row for row in shown if not isinstance(row, dict) or row.get("id") in (*ids, None)]
            for member, where in wanted.items():
                if member:
                    more = await self._get(where, named)
                    for row in shown if isinstance(shown, list) else [shown]:
                        row[member] = more
            self._shown = shown
        finally:
            store.rows.reader = reader

    async def _get(self, path: str, named: Any) -> Any:
        assert self._trying is not None
        here = self._trying[1].partition("?")[0]
        target, _, query = filled(path, {**self.names, "here": here, "id": named}).partition("?")
        sent: list[Any] = []
        headers = {"host": "localhost:8443", "x-auth-token": self.shop.token, "accept": "application/json"}
        scope = {
            "type": "http", "method": "GET", "scheme": "https", "path": f"/stores/{self.shop.name}{target}",
            "raw_path": f"/stores/{self.shop.name}{target}".encode(), "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.shop.server.app(scope, receive, send)
        if sent[0]["status"] != 200:
            return None
        told = json.loads(sent[1]["body"])
        return told.get("data", told) if isinstance(told, dict) else told


def _read_by(method: str, path: str, ids: list[Any]) -> str:
    """The path at which a write's row is shown, with all that can be included."""
    bare = path.partition("?")[0]
    if method == "POST" and len(ids) == 1 and ids[0] is not None:
        one = _with_includes(f"{bare}/{ids[0]}")
        if one:
            return one
    found = _with_includes(bare)
    if found and route_of(bare).version == 3 and None not in ids and ids:
        listing = getattr(route_of(bare).actions["GET"], "listing", None)
        if listing is not None and "id:in" in listing.filters:
            found += f"{'&' if '?' in found else '?'}id:in={','.join(map(str, ids))}"
    return found


def _with_includes(path: str) -> str:
    version, _, below = path.strip("/").partition("/")
    match = TRIES[int(version[1:])].find(tuple(below.split("/")))
    if match is None or "GET" not in match.route.actions:
        return ""
    listing = getattr(match.route.actions["GET"], "listing", None)
    names = [name for name in listing.includes if name not in listing.inside] if listing is not None else []
    return f"{path}?include={','.join(names)}" if names and match.route.version == 3 else path
