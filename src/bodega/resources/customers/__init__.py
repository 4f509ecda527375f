"""Customers: their data, addresses and groups, and the subscribers of the newsletter."""

from __future__ import annotations

from bodega.resources.customers import (
    addresses,
    aggregates,
    attribute_values,
    attributes,
    consent,
    credentials,
    form_fields,
    forms,
    metafields,
    settings,
    stored_instruments,
    subscribers,
    wishlists,
)

RESOURCES = (
    aggregates.GROUPS,
    aggregates.CUSTOMERS,
    addresses.RESOURCE,
    form_fields.RESOURCE,
    forms.RESOURCE,
    attributes.RESOURCE,
    attribute_values.RESOURCE,
    settings.RESOURCE,
    consent.RESOURCE,
    credentials.RESOURCE,
    stored_instruments.RESOURCE,
    metafields.RESOURCE,
    subscribers.RESOURCE,
    wishlists.RESOURCE,
)
