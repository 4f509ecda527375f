"""How the fields of each type are resolved. To import this package declares them all."""

from __future__ import annotations

from bodega.storefront.graphql.fields import (  # noqa: F401
    brands,
    cart_changes,
    cart_lines,
    cart_metafields,
    carts,
    categories,
    checkout_changes,
    checkouts,
    content,
    facets,
    gift_certificates,
    metafields,
    mutations,
    options,
    prices,
    products,
    regions,
    routes,
    search,
    settings,
    shapes,
    shop,
    site,
    stock,
    variants,
)
