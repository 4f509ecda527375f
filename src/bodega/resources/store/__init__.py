"""The store itself: metafields, tasks, channels, currencies, tax classes, and lists that are the same
in every store."""

from __future__ import annotations

from bodega.resources.store import (
    channels,
    currencies,
    metafields,
    order_statuses,
    payment_methods,
    tasks,
    tax_classes,
)

RESOURCES = (
    metafields.RESOURCE,
    tasks.RESOURCE,
    channels.RESOURCE,
    currencies.RESOURCE,
    tax_classes.RESOURCE,
    order_statuses.RESOURCE,
    payment_methods.RESOURCE,
)
