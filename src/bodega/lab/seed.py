"""Filling a store with sample data, by the same rules that apply to clients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from bodega.access.stores import OpenStore
from bodega.lab.seed_checkouts import generate_checkouts
from bodega.lab.seed_content import generate_content
from bodega.lab.seed_customers import generate_customers
from bodega.lab.seed_orders import generate_orders
from bodega.lab.seed_products import generate_products
from bodega.lab.seed_promotions import generate_promotions
from bodega.lab.seed_selling import generate_selling
from bodega.lab.seed_tax import generate_taxes
from bodega.lab.seed_widgets import generate_widgets


class Amounts(NamedTuple):
    """How many of each."""

    products: int = 0
    customers: int = 0
    orders: int = 0
    promotions: int = 0


def _untold(_name: str, _count: int) -> None:
    """Reports no progress."""


async def seed(store: OpenStore, amounts: Amounts, seed: int = 1, made: Callable[[str, int], None] = _untold) -> None:
    """Adds the rows of a seed that do not exist yet.

    `made` is called now and then with a kind and how many were added. Raises Refusal when the plan is full; what was
    added until then stays. Raises NothingToSell when orders are wanted and no product can be bought.
    """
    if amounts.products:
        await generate_products(store, amounts.products, seed, partial(made, "products"))
    if amounts.customers:
        await generate_customers(store, amounts.customers, seed, partial(made, "customers"))
    if amounts.orders:
        await generate_orders(store, amounts.orders, seed, partial(made, "orders"))
    if amounts.promotions:
        await generate_promotions(store, amounts.promotions, seed, partial(made, "promotions"))
    if amounts.products:
        await generate_selling(store, seed)
        await generate_checkouts(store, seed)
        await generate_taxes(store)
        await generate_widgets(store)
        await generate_content(store)
