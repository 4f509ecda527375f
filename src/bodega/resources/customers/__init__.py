"""Customers: who they are, where they live, to which group they belong, and who asked for the newsletter."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.customers import (
    addresses,
    attribute_values,
    attributes,
    consent,
    credentials,
    customer,
    customers,
    form_fields,
    groups,
    metafields,
    settings,
    stored_instruments,
    subscribers,
)
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (
    groups.TABLE,
    customer.TABLE,
    addresses.TABLE,
    form_fields.TABLE,
    attributes.TABLE,
    attribute_values.TABLE,
    settings.TABLE,
    consent.TABLE,
    metafields.TABLE,
    subscribers.TABLE,
)
"""Each after those it refers to; channels come before all of them."""

ROUTES: tuple[Route, ...] = (
    *customers.routes,
    *addresses.routes,
    *groups.routes,
    *attributes.routes,
    *attribute_values.routes,
    *form_fields.routes,
    *settings.routes,
    *consent.routes,
    *credentials.routes,
    *stored_instruments.routes,
    *metafields.routes,
    *subscribers.routes,
)
