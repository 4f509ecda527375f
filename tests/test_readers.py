"""Reading connections: few a store, and not too many over all stores."""

from __future__ import annotations

import asyncio

import pytest

from bodega.storage.postgres.readers import Budget, Readers


class Wire:
    """A connection to nowhere."""

    def __init__(self, wires: list[Wire]) -> None:
        self.open = True
        wires.append(self)

    def is_closed(self) -> bool:
        return not self.open

    def terminate(self) -> None:
        self.open = False

    async def close(self) -> None:
        self.open = False

    async def fetchrow(self, _sql: str) -> str:
        await asyncio.sleep(0)
        return "row"


@pytest.fixture
def wires() -> list[Wire]:
    return []


def readers(wires: list[Wire], budget: Budget, size: int = 2) -> Readers:
    async def connect() -> Wire:
        return Wire(wires)

    return Readers(connect, budget, size)


def test_a_store_opens_no_more_connections_than_it_may_and_everybody_is_served(wires: list[Wire]) -> None:
    async def play() -> list[str]:
        store = readers(wires, Budget(maximum=10))
        rows = await asyncio.gather(*(store.fetchrow("SELECT 1") for _ in range(20)))
        await store.close()
        return rows

    assert asyncio.run(play()) == ["row"] * 20
    assert len(wires) == 2
    assert not any(wire.open for wire in wires)


def test_beyond_the_budget_idle_stores_give_up_their_connections(wires: list[Wire]) -> None:
    async def play() -> list[bool]:
        budget = Budget(maximum=3)
        stores = [readers(wires, budget) for _ in range(10)]
        for store in stores:
            await store.fetchrow("SELECT 1")
            assert sum(wire.open for wire in wires) <= 3
        await stores[0].fetchrow("SELECT 1")  # one that gave up connects again
        alive = [wire.open for wire in wires]
        for store in stores:
            await store.close()
        return alive

    assert sum(asyncio.run(play())) <= 3


def test_a_lost_connection_is_replaced(wires: list[Wire]) -> None:
    async def play() -> None:
        store = readers(wires, Budget(maximum=10), size=1)
        await store.fetchrow("SELECT 1")
        wires[0].open = False
        await store.fetchrow("SELECT 1")
        await store.fetchrow("SELECT 1")
        await store.close()

    asyncio.run(play())
    assert len(wires) == 2
