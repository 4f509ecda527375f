"""Tax: classes (V3), zones with their rates, properties of products and customers, settings, the check of a zone."""

from __future__ import annotations

from bodega.resources.tax import classes, properties, rates, settings, values, zone_check, zones

RESOURCES = (
    classes.RESOURCE,
    zones.RESOURCE,
    rates.RESOURCE,
    properties.RESOURCE,
    values.OF_PRODUCTS.resource,
    values.OF_CUSTOMERS.resource,
    settings.RESOURCE,
    zone_check.RESOURCE,
)
