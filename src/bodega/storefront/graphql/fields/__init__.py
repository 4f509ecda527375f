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
    gift_certificates,
    mutations,
    options,
    prices,
    products,
    routes,
    search,
    settings,
    shapes,
    site,
    variants,
)
