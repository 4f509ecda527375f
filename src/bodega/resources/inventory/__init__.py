"""Stock by place: locations, what each holds, and how orders are collected there."""

from __future__ import annotations

from bodega.resources.inventory import (
    adjustments,
    items,
    locations,
    pickup_methods,
    pickup_options,
)

RESOURCES = (
    locations.RESOURCE,
    locations.METAFIELDS,
    items.RESOURCE,
    adjustments.RESOURCE,
    pickup_methods.RESOURCE,
    pickup_options.RESOURCE,
)
