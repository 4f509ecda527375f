"""Providers: apps that a store asks for taxes and shipping costs."""

from __future__ import annotations

from bodega.resources.providers import connections

RESOURCES = (connections.RESOURCE,)
