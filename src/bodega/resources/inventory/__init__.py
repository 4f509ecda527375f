"""Stock by place: locations, what each holds, and how orders are collected there."""

from __future__ import annotations

from bodega.resources.inventory import adjustments, items, locations

RESOURCES = (
    locations.RESOURCE,
    locations.METAFIELDS,
    items.RESOURCE,
    adjustments.RESOURCE,
)
