"""Prices: what a shopper pays."""

from __future__ import annotations

from bodega.kit.resource import Resource
from bodega.resources.pricing import price_list_assignments, price_lists, price_records, products

RESOURCES: tuple[Resource, ...] = (
    price_lists.RESOURCE,
    price_records.RESOURCE,
    price_list_assignments.RESOURCE,
    products.RESOURCE,
)
