"""Checkouts."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.checkouts import checkouts, settings

RESOURCES: tuple[Resource, ...] = (settings.RESOURCE, checkouts.RESOURCE)
