"""Orders, and everything around them."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.orders import (
    consignments,
    coupons,
    fees,
    line,
    messages,
    metafields,
    order,
    orders,
    payments,
    refund,
    refunds,
    settings,
    shipments,
    shipping_addresses,
    taxes,
)
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (
    order.TABLE,
    shipping_addresses.TABLE,
    consignments.TABLE,
    line.TABLE,
    shipments.TABLE,
    fees.TABLE,
    taxes.TABLE,
    coupons.TABLE,
    messages.TABLE,
    payments.TABLE,
    refund.TABLE,
    metafields.TABLE,
    settings.TABLE,
)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (
    *orders.routes,
    *line.routes,
    *shipping_addresses.routes,
    *consignments.routes,
    *shipments.routes,
    *fees.routes,
    *taxes.routes,
    *coupons.routes,
    *messages.routes,
    *payments.routes,
    *refunds.routes,
    *metafields.routes,
    *settings.routes,
)
