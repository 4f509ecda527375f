"""Work is in proportion to what may be stored, and never on the loop for long: nobody else waits for a large body
(docs/decisions/0029-proportion.md)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bodega.kit.actions import Action
from bodega.resources import ROUTES
from bodega.storage.opening import open_backend
from extremes import Extreme, extremes
from held import Wait, beside
from replies import rows
from shop import Server
from test_mutated_bodies import TRIES, Trial

LONGEST_WAIT = 0.25
"""Seconds of this process's own time that another client may wait."""
JSON = "application/json"
XML = "application/xml"


def writes() -> dict[tuple[Any, ...], str]:
    """Every write that takes a body, once for each declaration, with a path."""
    return {
        _key(method, action): f"{method} /v{route.version}/{route.template}"
        for route in ROUTES
        for method, action in route.actions.items()
        if action.body and not action.only_uploads
    }


def _key(method: str, action: Action) -> tuple[Any, ...]:
    endpoint = getattr(action, "endpoint", None)
    shape = None if endpoint is None else (endpoint.v2 if endpoint.version == 2 else endpoint.v3)
    return (type(action), method, id(shape or endpoint or action))


WITHOUT_LISTS = {
    "POST /v2/shipping/carrier/connection",
}
"""Writes whose body is read by itself, and holds no list."""


def test_the_largest_and_the_first_too_large_body_of_every_write_hold_nobody_up(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One item more than may be is refused as such; whatever is sent, a second client is answered in time."""
    server = Server(runner, runner.run(open_backend(tmp_path_factory.mktemp("large"), None)))
    shop = server.shop()
    trial = Trial(shop, monkeypatch)
    monkeypatch.setattr("test_mutated_bodies.SHARE", -1.0)
    todo, wrong, waits = writes(), [], []
    for row in rows():
        list(trial.go_on(row))
        path = trial.path_of(row)
        for method, action in _writes_at(path):
            if todo.pop(_key(method, action), None) is None:
                continue
            trial.trying = True
            for extreme in extremes(action):
                body = json.dumps(extreme.body).encode()
                assert len(body) < 10 << 20, (method, path, len(body))
                wait = beside(shop, method, path, body, product=trial.names.get("hammer", 0))
                waits.append((wait.longest, f"{method} {path} {extreme.place or 'largest'}: {wait.target}"))
                wrong += _faults(method, path, extreme, wait)
                if not extreme.place and wait.reply.status >= 300:
                    print(method, path, wait.reply.status, wait.reply.body[-500:])
            trial.trying = False
    runner.run(server.app.stop())
    slow = [f"{seconds * 1000:.0f} ms: {what}" for seconds, what in sorted(waits, reverse=True)[:10]]
    print("\n".join(slow))
    assert not wrong, "\n".join([f"{len(wrong)}:", *wrong[:30]])
    assert not set(todo.values()) - WITHOUT_LISTS, sorted(todo.values())
    assert max(waits)[0] < LONGEST_WAIT, "\n".join(slow)


def _writes_at(path: str) -> Iterator[tuple[str, Action]]:
    version, _, below = path.partition("?")[0].strip("/").partition("/")
    match = TRIES[int(version[1:])].find(tuple(below.split("/")))
    for method, action in match.route.actions.items() if match is not None else ():
        if action.body and not action.only_uploads:
            yield method, action


def _faults(method: str, path: str, extreme: Extreme, wait: Wait) -> Iterator[str]:
    reply = wait.reply
    told = f"{method} {path} {extreme.place or 'largest'}: {reply.status} {reply.body[:300]!r}"
    too_many = b"list of at most" in reply.body or b"maximum items" in reply.body
    if reply.status >= 500:
        yield told
    elif extreme.place and (reply.status not in (400, 413, 422) or not too_many):
        yield f"not refused as too long: {told}"
    elif not extreme.place and too_many:
        yield f"refused as too long: {told}"
