"""How the fields of each type are resolved. To import this package declares them all."""

from __future__ import annotations

from bodega.storefront.graphql.fields import (  # noqa: F401
    brands,
    categories,
    content,
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
