"""The settings of a store and of its channels: `group.py` is the mechanism, the other modules declare."""

from __future__ import annotations

from bodega.resources.settings import (
    analytics,
    available_filters,
    information,
    search_filters,
    selling,
    shop,
    storefront,
)

RESOURCES = (
    information.RESOURCE,
    shop.RESOURCE,
    selling.RESOURCE,
    storefront.RESOURCE,
    analytics.RESOURCE,
    search_filters.RESOURCE,
    available_filters.RESOURCE,
)
