"""The catalogue."""

from __future__ import annotations

from bodega.kit.route import Route
from bodega.resources.catalog import (
    assignments,
    brands,
    bulk_pricing,
    categories,
    custom_fields,
    google_product_search,
    images,
    metafields,
    product,
    products,
    reviews,
    skus,
    sort_orders,
    summary,
    tree_categories,
    trees,
    variants,
    videos,
)
from bodega.resources.catalog import image_order as _image_order  # noqa: F401 - rules, not routes
from bodega.resources.catalog import nested_variants as _nested_variants  # noqa: F401 - as above
from bodega.resources.catalog import preorders as _preorders  # noqa: F401 - as above
from bodega.resources.catalog import stock_keeping as _stock_keeping  # noqa: F401 - as above
from bodega.resources.catalog.options import (
    modifiers,
    option,
    option_set,
    option_sets,
    options,
    product_option,
    product_options,
    rule,
    rules,
)
from bodega.resources.catalog.options import parent_relations as _parent_relations  # noqa: F401 - an include
from bodega.storage.table import Table

TABLES: tuple[Table, ...] = (
    trees.TABLE,
    categories.TABLE,
    brands.TABLE,
    option_set.TABLE,
    product.TABLE,
    option.TABLE,
    option.VALUES,
    option_set.SET_OPTIONS,
    product_option.TABLE,
    variants.TABLE,
    rule.TABLE,
    custom_fields.TABLE,
    bulk_pricing.TABLE,
    images.TABLE,
    videos.TABLE,
    reviews.TABLE,
    *metafields.TABLES,
)
"""Each after those it refers to."""

ROUTES: tuple[Route, ...] = (
    *categories.routes,
    *trees.routes,
    *tree_categories.routes,
    *brands.routes,
    *products.routes,
    *variants.routes,
    *skus.routes,
    *summary.routes,
    *options.routes,
    *option_sets.routes,
    *product_options.routes,
    *modifiers.routes,
    *rules.routes,
    *custom_fields.routes,
    *bulk_pricing.routes,
    *images.routes,
    *videos.routes,
    *reviews.routes,
    *google_product_search.routes,
    *metafields.routes,
    *assignments.routes,
    *sort_orders.routes,
)
