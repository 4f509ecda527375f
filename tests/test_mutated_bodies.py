"""Mutated bodies: whatever a member of a body is, at any depth, the answer is one that the law names.

Each write of `tests/replies` is first sent in every mutation, in transactions that are undone, and then as it is: so
each mutation differs in one place from a body that would have been taken. A sample of them is sent, by the number in
BODEGA_MUTATIONS_SEED; BODEGA_MUTATIONS=all sends them all (some two minutes).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.access.stores import OpenStore
from bodega.http.router import by_version
from bodega.kit.complaint import UNFORESEEN
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from bodega.storage.unit import Unit
from mutations import FORGED_ID, Mutation, mutations
from replies import Row, rows
from replies.shipping_v3 import PROVIDERS
from shop import Reply, Server, Shop
from test_published_replies import filled

SEED = os.environ.get("BODEGA_MUTATIONS_SEED", "11")
SHARE = 1.0 if os.environ.get("BODEGA_MUTATIONS") == "all" else 0.04
TRIES = by_version(ROUTES)


MARKS = (b"\\u0000", b"/forged.png", b'"id":%d' % FORGED_ID)


class Undone(Exception):
    """Ends a transaction that was only tried."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Trial:
    """A store that answers, and forgets what it was sent while it is `trying`."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.trying = False
        self.names: dict[str, Any] = {}
        self.choose = random.Random(SEED)
        self.asked: set[tuple[int, str, str]] = set()
        really = OpenStore.write

        async def write(store: OpenStore, job: Any) -> Any:
            if not self.trying:
                return await really(store, job)

            async def undone(unit: Unit) -> Any:
                raise Undone(await job(unit))

            try:
                return await really(store, undone)
            except Undone as end:
                return end.result

        monkeypatch.setattr(OpenStore, "write", write)

    def go_on(self, row: Row) -> Iterator[tuple[str, Mutation, Reply]]:
        """Sends the mutations of a row, then the row."""
        path, body = filled(row.path, self.names), row.body
        if not isinstance(body, bytes):
            body = filled(body, self.names)
            if row.method in ("POST", "PUT") and body is not None and not row.status:
                self.trying = True
                for mutation in mutations(body, self.members(row.method, path)):
                    if mutation.always or self.choose.random() < SHARE:
                        yield path, mutation, self.send(row.method, path, mutation.sent)
                self.trying = False
            reply = self.shop.request(row.method, path, body, headers=dict(row.headers or {}))
        else:
            reply = self.shop.request(row.method, path, body=body, headers=dict(row.headers or {}))
        if row.name and reply.status < 300:
            data = reply.json.get("data", reply.json) if isinstance(reply.json, dict) else reply.json
            self.names[row.name] = row.named(data)

    def path_of(self, row: Row) -> str:
        """The path of a row, with the ids that are known by now."""
        return str(filled(row.path, self.names))

    def send(self, method: str, path: str, body: bytes) -> Reply:
        return self.shop.request(method, path, body=body, headers={"content-type": "application/json"})

    def members(self, method: str, path: str) -> list[str]:
        """All that a body could have there, the first time that it is asked."""
        version, _, below = path.partition("?")[0].strip("/").partition("/")
        match = TRIES[int(version[1:])].find(tuple(below.split("/")))
        assert match is not None
        key = (match.route.version, match.route.template, method)
        endpoint = getattr(match.route.actions[method], "endpoint", None)
        if key in self.asked or endpoint is None:
            return []
        self.asked.add(key)
        if endpoint.version == 2:
            return [] if endpoint.v2 is None else [wire.name for wire in endpoint.v2.wires.values() if wire.writable]
        return [] if endpoint.v3 is None else [*endpoint.v3.types, *endpoint.v3.nested]


def test_no_body_is_met_unprepared(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No 500, no value that only a late step stumbled over, and in V2 no unknown member that is passed over."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("mutated"), None)))
    trial = Trial(server.shop(**PROVIDERS), monkeypatch)
    wrong: list[str] = []
    sent = 0
    for row in rows():
        for path, mutation, reply in trial.go_on(row):
            sent += 1
            told = f"{row.method} {path} {mutation}: {reply.status} {reply.body[:300]!r}"
            if reply.status >= 500 or UNFORESEEN.encode() in reply.body:
                wrong.append(told)
            elif mutation.unknown and path.startswith("/v2/") and reply.status != 400:
                wrong.append(f"passed over: {told}")
            elif reply.status < 300 and any(mark in reply.body for mark in MARKS):
                wrong.append(f"a mark of our own came in: {told}")
    runner.run(server.app.stop())
    assert sent > 50_000 * SHARE * 0.8
    assert not wrong, "\n".join([f"{len(wrong)} of {sent}:", *wrong[:30]])
