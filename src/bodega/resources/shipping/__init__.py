"""Shipping: to which zones a store sends, by which methods, with which carriers."""

from __future__ import annotations

from bodega.resources.shipping import (
    carriers,
    customs,
    methods,
    settings,
    zones,
)

RESOURCES = (
    zones.RESOURCE,
    methods.RESOURCE,
    carriers.RESOURCE,
    customs.RESOURCE,
    settings.RESOURCE,
)
