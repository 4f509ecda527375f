"""The resources: one small file each, declarations plus named rules. A folder's `__init__` says what it serves.

Each file exports one `RESOURCE`, and its folder lists it: what is stored, what is served and what happens in time all
follow from that list.
"""

from __future__ import annotations

from bodega.kit.resource import Resource, Revoked, Sweep
from bodega.kit.route import Route
from bodega.resources import (
    carts,
    catalog,
    channels,
    checkouts,
    content,
    customers,
    geography,
    hosting,
    inventory,
    marketing,
    orders,
    payments,
    pricing,
    providers,
    segments,
    settings,
    shipping,
    store,
    tax,
    themes,
    tokens,
    webhooks,
    widgets,
)
from bodega.storage.model import link
from bodega.storage.table import Table

RESOURCES: tuple[Resource, ...] = (
    *store.RESOURCES,
    *catalog.RESOURCES,
    *channels.RESOURCES,
    *settings.RESOURCES,
    *customers.RESOURCES,
    *segments.RESOURCES,
    *geography.RESOURCES,
    *shipping.RESOURCES,
    *tax.RESOURCES,
    *inventory.RESOURCES,
    *marketing.RESOURCES,
    *content.RESOURCES,
    *themes.RESOURCES,
    *widgets.RESOURCES,
    *pricing.RESOURCES,
    *orders.RESOURCES,
    *providers.RESOURCES,
    *payments.RESOURCES,
    *carts.RESOURCES,
    *checkouts.RESOURCES,
    *webhooks.RESOURCES,
    *hosting.RESOURCES,
    *tokens.RESOURCES,
)

MODEL = link(aggregate for resource in RESOURCES for aggregate in resource.aggregates)
"""The tables of every store with their rules."""

TABLES: tuple[Table, ...] = MODEL.tables
ROUTES: tuple[Route, ...] = tuple(route for resource in RESOURCES for route in resource.routes)
SWEEPS: tuple[Sweep, ...] = tuple(sweep for resource in RESOURCES for sweep in resource.sweeps)
REVOKED: tuple[Revoked, ...] = tuple(one for resource in RESOURCES for one in resource.revoked)
