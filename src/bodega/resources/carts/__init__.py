"""Carts."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.carts import abandoned, carts, metafields, settings

RESOURCES: tuple[Resource, ...] = (carts.RESOURCE, metafields.RESOURCE, settings.RESOURCE, abandoned.RESOURCE)
