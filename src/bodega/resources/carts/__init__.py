"""Carts."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.carts import carts

RESOURCES: tuple[Resource, ...] = (carts.RESOURCE,)
