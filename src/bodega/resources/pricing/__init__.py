"""Prices: what a shopper pays."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.pricing import products

RESOURCES: tuple[Resource, ...] = (products.RESOURCE,)
