"""Metafields of customers."""

from __future__ import annotations

from bodega.kit.endpoint import Parent
from bodega.resources.customers import customer
from bodega.resources.metafields import metafields_of

RESOURCE = metafields_of(
    "customer", [Parent("resource_id", customer.TABLE)], "customers/{customer_id}", "customers", "store_v2_customers"
)
OF_CUSTOMERS = RESOURCE.aggregates[0].table
