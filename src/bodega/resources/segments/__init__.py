"""Segments of shoppers."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.segments import members, profiles, segments

RESOURCES: tuple[Resource, ...] = (segments.RESOURCE, profiles.RESOURCE, members.RESOURCE)
