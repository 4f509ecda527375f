"""The aggregates of the catalogue with rules from several files, in this order.

A file of rules does not know when they run: everything that runs for a product is listed here. A resource whose rules
are all in its own file is declared there.
"""

from __future__ import annotations

from bodega.domain.stock import CAUSE
from bodega.domain.urls import urls_of
from bodega.kit.entity import recognize_own_files
from bodega.kit.events import events, fires
from bodega.kit.resource import Resource
from bodega.resources.catalog import (
    assignments,
    brands,
    categories,
    combinations,
    image_order,
    images,
    product,
    products,
    sort_orders,
    stock_keeping,
    variants,
)
from bodega.resources.catalog.options import (
    option,
    option_sets,
    options,
    product_option,
    product_options,
    rules,
)
from bodega.resources.content import redirects
from bodega.resources.customers import groups
from bodega.storage.aggregate import Aggregate

_CATEGORY_URLS = urls_of(categories.TABLE, "category")
_CATEGORY = Aggregate(
    categories.TABLE,
    before_validate=(recognize_own_files(categories.TABLE), categories.take_the_url_as_trees_write_it),
    before_write=(_CATEGORY_URLS.before_write, categories.keep_the_tree),
    extra_statements=(_CATEGORY_URLS.extra_statements,),
    conflicts=(_CATEGORY_URLS.conflicts,),
    after_write=(categories.take_the_subtree_along, redirects.follow("category")),
    cascade=(categories.with_its_subtree,),
    before_delete=(products.orphan_no_product, groups.forget_categories),
    after_delete=(_CATEGORY_URLS.after_delete, redirects.let_go("category")),
    signals=(
        *events("store/category"),
        *events(
            "store/channel/#/category",
            data=lambda category: {"category_id": category.id, "tree_id": category.tree_id},
            channels=categories.of_its_tree,
        ),
    ),
)

_BRAND_URLS = urls_of(brands.TABLE, "brand")
_BRAND = Aggregate(
    brands.TABLE,
    before_validate=(recognize_own_files(brands.TABLE),),
    before_write=(_BRAND_URLS.before_write,),
    extra_statements=(_BRAND_URLS.extra_statements,),
    conflicts=(_BRAND_URLS.conflicts,),
    after_write=(redirects.follow("brand"),),
    before_delete=(products.unbrand_products,),
    after_delete=(_BRAND_URLS.after_delete, redirects.let_go("brand")),
)

_PRODUCT_URLS = urls_of(product.TABLE, "product")
_PRODUCT = Aggregate(
    product.TABLE,
    before_validate=(products.link_the_brand, products.keep_stock_in_bounds),
    before_write=(
        _PRODUCT_URLS.before_write,
        products.hide_prices_of_disabled_products,
        products.keep_categories_few,
        products.sell_at_the_sale_price,
        stock_keeping.give_a_base_variant,
        stock_keeping.count_the_stock_of_variants,
        stock_keeping.ask_for_the_sku,
        option_sets.have_a_set_or_none,
    ),
    extra_statements=(
        _PRODUCT_URLS.extra_statements,
        products.with_its_text,
        stock_keeping.with_its_base_variant,
    ),
    conflicts=(_PRODUCT_URLS.conflicts, stock_keeping.sku_is_a_variants),
    after_write=(
        sort_orders.forget_the_places_it_left,
        stock_keeping.let_variants_inherit,
        option_sets.follow_the_set,
        redirects.follow("product"),
    ),
    before_delete=(groups.forget_products,),
    after_delete=(_PRODUCT_URLS.after_delete, redirects.let_go("product")),
    signals=(
        *events("store/product", fields=product.UPDATING),
        fires(
            "store/channel/#/category/product/assigned",
            assignments.put_into_categories,
            on="created updated",
            channels=assignments.channels_entered,
        ),
        fires(
            "store/channel/#/category/product/unassigned",
            assignments.taken_out_of_categories,
            channels=assignments.channels_left,
        ),
        fires("store/product/inventory/updated", products.stock_moved, cause=""),
        fires("store/product/inventory/order/updated", products.taken_by_an_order, cause=CAUSE),
    ),
)

_VARIANT = Aggregate(
    variants.TABLE,
    before_validate=(
        recognize_own_files(variants.TABLE),
        variants.let_nothing_be_unset,
        combinations.answer_every_option_once,
        stock_keeping.sell_nothing_below_zero,
    ),
    before_write=(stock_keeping.agree_with_the_product,),
    conflicts=(stock_keeping.sku_is_a_products,),
    after_write=(stock_keeping.tell_of_the_stock,),
    before_delete=(stock_keeping.leave_a_base_variant, rules.lose_variants),
    signals=events("store/sku", data=variants.as_sku),
)

_IMAGE = Aggregate(
    images.TABLE,
    before_validate=(recognize_own_files(images.TABLE), images.keep_the_picture, image_order.make_room_for_it),
    before_write=(image_order.have_one_thumbnail,),
    after_write=(image_order.show_it_in_the_product,),
    before_delete=(image_order.leave_a_thumbnail,),
)

_OPTION = Aggregate(
    option.TABLE,
    before_write=(options.show_a_name, options.keep_what_values_mean),
    after_write=(options.give_a_checkbox_its_states, options.tell_the_products),
)

_OPTION_VALUE = Aggregate(
    option.VALUES,
    before_validate=(options.say_what_it_means,),
    after_write=(combinations.tell_the_label, options.keep_one_default),
    before_delete=(combinations.take_the_variants_of_a_value, rules.lose_values),
)

_PRODUCT_OPTION = Aggregate(
    product_option.TABLE,
    before_validate=(product_options.be_what_it_says, product_options.have_an_option_behind),
    before_write=(product_option.show_what_its_kind_has,),
    after_write=(combinations.tell_the_name, product_options.tell_the_option),
    before_delete=(
        combinations.take_the_variants_of_an_option,
        product_options.take_the_option_along,
        rules.lose_options,
    ),
)

CATEGORIES = Resource(aggregates=(_CATEGORY,), routes=categories.routes)
BRANDS = Resource(aggregates=(_BRAND,), routes=brands.routes)
PRODUCTS = Resource(aggregates=(_PRODUCT,), routes=products.routes)
VARIANTS = Resource(aggregates=(_VARIANT,), routes=variants.routes)
IMAGES = Resource(aggregates=(_IMAGE,), routes=images.routes)
OPTIONS = Resource(aggregates=(_OPTION, _OPTION_VALUE), routes=options.routes)
PRODUCT_OPTIONS = Resource(aggregates=(_PRODUCT_OPTION,), routes=product_options.routes)
