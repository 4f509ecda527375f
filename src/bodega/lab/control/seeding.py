"""Sample data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from bodega.lab import seed as sample
from bodega.lab.control.lab import Lab
from bodega.lab.control.operation import Asked, Operation
from bodega.lab.control.problem import Problem
from bodega.lab.seed_orders import NothingToSell

Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
AMOUNTS = {"products": 200, "customers": 60, "orders": 150, "promotions": 13}
"""What a store gets if no number is given."""


class SeedAsked(Asked):
    """How many of each; without any number a small store of everything. The same `seed` gives the same data."""

    products: Number = 0
    customers: Number = 0
    orders: Number = 0
    promotions: Number = 0
    seed: int = 1


class Seeded(msgspec.Struct, frozen=True):
    """How many of each were added: a seed that was given before continues where it ended."""

    hash: str
    added: dict[str, int]


async def seed_store(lab: Lab, store_hash: str, body: SeedAsked) -> Seeded:
    """Fill a store with sample data: products with their categories and brands, customers, orders, and promotions."""
    return await add_sample(lab, store_hash, body)


async def add_sample(
    lab: Lab, store_hash: str, body: SeedAsked, progress: Callable[[str, int], None] | None = None
) -> Seeded:
    """The same; `progress` is told now and then of which kind how many more were added. Raises Problem, Refusal."""
    store = await lab.store(store_hash)
    await store.ready()
    wanted = {name: getattr(body, name) for name in AMOUNTS}
    if not any(wanted.values()):
        wanted = AMOUNTS
    added = {name: 0 for name, count in wanted.items() if count}

    def made(name: str, count: int) -> None:
        added[name] += count
        if progress is not None:
            progress(name, count)

    try:
        await sample.seed(store, sample.Amounts(**wanted), body.seed, made)
    except NothingToSell:
        raise Problem(
            409, "There is no product that can be bought, so there are no orders; ask for products."
        ) from None
    return Seeded(store_hash, added)


OPERATIONS = (Operation("POST", "/stores/{store_hash}/seed", seed_store, refuses=(409,)),)
