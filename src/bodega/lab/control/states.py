"""Named states: listed, and made in a store."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import msgspec

from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Operation
from bodega.lab.control.problem import Problem
from bodega.lab.states import STATES
from bodega.lab.states.applying import shown
from bodega.lab.states.maker import Maker, StateFailed


class StateShown(msgspec.Struct, frozen=True):
    """A state that can be made: what a client meets, and what it should do."""

    name: str
    theme: str
    title: str
    happens: str
    client: str


class LookShown(msgspec.Struct, frozen=True):
    """A request that shows the state: what it is answered with, and members of the answer."""

    request: str
    status: int
    has: dict[str, Any]


class StateMade(msgspec.Struct, frozen=True):
    """A state that was made: the ids of its resources, requests that show it, what a client should do."""

    state: str
    title: str
    ids: dict[str, Any]
    look: list[LookShown]
    client: str


async def list_states(lab: Lab) -> list[StateShown]:
    """The named states."""
    del lab
    return [StateShown(**shown(state)) for state in STATES.values()]


async def make_state(lab: Lab, store_hash: str, name: str) -> StateMade:
    """Make a named state in a store, beside what it holds; as often as you like."""
    store = await lab.store(store_hash)
    if name not in STATES:
        near = get_close_matches(name, STATES, n=1)
        raise Problem(404, f"There is no state {name[:100]}." + (f" Did you mean {near[0]}?" if near else ""))
    await store.ready()
    assert lab.app is not None
    try:
        made = await STATES[name].apply(await Maker.of(lab.app, store))
    except StateFailed as error:
        raise Problem(409, str(error)) from None
    lab.stores.reread()
    return msgspec.convert(made, StateMade)


OPERATIONS = (
    Operation("GET", "/states", list_states),
    Operation("POST", "/stores/{store_hash}/states/{name}", make_state, status=201, refuses=(409,)),
)
