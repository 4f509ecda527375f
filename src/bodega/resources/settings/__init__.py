"""The settings of a store and of its channels: `group.py` is the mechanism, the other modules declare."""

from __future__ import annotations

from bodega.resources.settings import selling, shop, storefront

RESOURCES = (shop.RESOURCE, selling.RESOURCE, storefront.RESOURCE)
