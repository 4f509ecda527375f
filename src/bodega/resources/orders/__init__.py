"""Orders and everything that belongs to them."""

from __future__ import annotations

from bodega.resources.orders import (
    consignments,
    coupons,
    fees,
    line,
    messages,
    metafields,
    orders,
    payments,
    pickups,
    refunds,
    settings,
    shipments,
    shipping_addresses,
    tax_documents,
    taxes,
)

RESOURCES = (
    orders.RESOURCE,
    shipping_addresses.RESOURCE,
    consignments.RESOURCE,
    line.RESOURCE,
    pickups.RESOURCE,
    shipments.RESOURCE,
    fees.RESOURCE,
    taxes.RESOURCE,
    coupons.RESOURCE,
    messages.RESOURCE,
    payments.RESOURCE,
    refunds.RESOURCE,
    metafields.RESOURCE,
    settings.RESOURCE,
    tax_documents.RESOURCE,
)
