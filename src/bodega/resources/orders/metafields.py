"""Metafields of orders."""

from __future__ import annotations

from bodega.kit.endpoint import Parent
from bodega.resources.metafields import metafields_of
from bodega.resources.orders import order

RESOURCE = metafields_of("order", [Parent("resource_id", order.TABLE)], "orders/{order_id}", "orders", order.SCOPE)
OF_ORDERS = RESOURCE.aggregates[0].table
