"""A write that changes no value is no write: no event, the same version, dates and statistics, for every resource."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from bodega.kit.batch import UpdateMany
from bodega.kit.route import Route
from bodega.lab.seed import Amounts, seed
from bodega.resources import ROUTES
from shop import Server, Shop

NOON = 1_750_000_000
PUTS = [route for route in ROUTES if "PUT" in route.actions and not route.moved]
STORED_APART = {"deliveries", "*"}


def full(shop: Shop) -> Shop:
    """A store with a row of every kind, whose clock stands still while it is filled."""
    shop.freeze(NOON)
    store = shop.server.run(shop.server.app.stores.get(shop.name))
    shop.server.run(seed(store, Amounts(products=60, customers=20, orders=20), 1))
    return shop
