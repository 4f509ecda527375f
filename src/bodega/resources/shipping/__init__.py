"""Shipping: where a store sends its goods, by which methods, through which carriers."""

from __future__ import annotations

from bodega.resources.shipping import (
    carriers,
    methods,
    zones,
)

RESOURCES = (
    zones.RESOURCE,
    methods.RESOURCE,
    carriers.RESOURCE,
)
