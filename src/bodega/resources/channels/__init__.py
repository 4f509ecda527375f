"""What a channel has: currencies, menus, a theme, metafields. The channels themselves are with the store."""

from __future__ import annotations

from bodega.resources.channels import (
    certificates,
    checkout_urls,
    currency_assignments,
    listing_variants,
    listings,
    menus,
    metafields,
    site_routes,
    sites,
)

RESOURCES = (
    currency_assignments.RESOURCE,
    menus.RESOURCE,
    metafields.RESOURCE,
    listings.RESOURCE,
    listing_variants.RESOURCE,
    sites.RESOURCE,
    checkout_urls.RESOURCE,
    site_routes.RESOURCE,
    certificates.RESOURCE,
)
