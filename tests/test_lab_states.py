"""Named states: each is made on any store, as often as one likes, and shows its trouble by a request."""

from __future__ import annotations

from typing import Any

import pytest

from bodega.lab import seed
from bodega.lab.states import STATES
from bodega.lab.states.maker import Maker
from bodega.lab.states.state import Look, State
from shop import Server, Shop

every_state = pytest.mark.parametrize("name", STATES)


@pytest.fixture(scope="module", params=["empty", "seeded"])
def somewhere(request: pytest.FixtureRequest, server: Server) -> Shop:
    """A store with nothing in it, and one with sample data."""
    made = server.shop()
    made.change(settings={"images.allow_private": True})
    if request.param == "seeded":
        store = server.run(server.app.stores.get(made.name))
        server.run(seed.seed(store, seed.Amounts(products=20, customers=10, orders=10), 1, lambda *_: None))
    return made


def apply(shop: Shop, state: State) -> tuple[Any, list[Look]]:
    """Makes the state: its ids, and the requests that show it."""
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    app = shop.server.app._api._app

    async def work() -> Any:
        return await state.make(await Maker.of(app, store))

    ids = shop.server.run(work())
    shop.server.hear()
    return ids, [look.of(ids) for look in state.looks]


def look_at(shop: Shop, look: Look) -> None:
    """Asks, and compares what is said."""
    method, _, target = look.request.partition(" ")
    reply = shop.request(method, target, look.body, token=look.account or None)
    assert reply.status == look.status, (look.request, reply.status, reply.body)
    body: Any = reply.json if reply.body else None
    if target.startswith("/v3/") and isinstance(body, dict) and "data" in body:
        body = body["data"]
    for member, wanted in look.has.items():
        found = len(body) if member == "count" and isinstance(body, list) else _member(body, member)
        assert found == wanted, (look.request, member, found, wanted)


def _member(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


@every_state
def test_a_state_shows_its_trouble_and_can_be_made_twice(somewhere: Shop, name: str) -> None:
    state = STATES[name]
    first, looks = apply(somewhere, state)
    for look in looks:
        look_at(somewhere, look)
    second, looks = apply(somewhere, state)
    for look in looks:
        look_at(somewhere, look)
    assert first != second
