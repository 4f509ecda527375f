"""The aggregates of the catalogue with rules from several files, in this order.

A file of rules does not know when they run: everything that runs for a product is listed here. A resource whose rules
are all in its own file is declared there.
"""

from __future__ import annotations

from bodega.domain.custom_templates import forget_custom_templates
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
    search_texts,
    sort_orders,
    stock_keeping,
    stock_notices,
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
    before_validate=(recognize_own_files(categories.TABLE), categories.accept_tree_urls),
    before_write=(_CATEGORY_URLS.before_write, categories.check_tree),
    extra_statements=(_CATEGORY_URLS.extra_statements,),
    conflicts=(_CATEGORY_URLS.conflicts,),
    after_write=(categories.update_subtree, redirects.update_redirects("category")),
    cascade=(categories.cascade_to_subtree,),
    before_delete=(products.refuse_orphans, groups.remove_categories_from_groups),
    after_delete=(
        _CATEGORY_URLS.after_delete,
        redirects.empty_redirects("category"),
        forget_custom_templates("category"),
    ),
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
    after_write=(redirects.update_redirects("brand"),),
    before_delete=(products.remove_brand_from_products,),
    after_delete=(
        _BRAND_URLS.after_delete,
        redirects.empty_redirects("brand"),
        forget_custom_templates("brand"),
    ),
)

_PRODUCT_URLS = urls_of(product.TABLE, "product")
_PRODUCT = Aggregate(
    product.TABLE,
    before_validate=(products.find_or_create_brand, products.keep_stock_in_bounds),
    before_write=(
        _PRODUCT_URLS.before_write,
        products.check_price_visibility,
        products.limit_categories,
        products.set_calculated_price,
        stock_keeping.create_base_variant,
        stock_keeping.sum_variant_stock,
        stock_keeping.check_sku,
        option_sets.normalize_option_set,
    ),
    extra_statements=(
        _PRODUCT_URLS.extra_statements,
        search_texts.store_search_text,
        stock_keeping.write_base_variant,
    ),
    upkeep=search_texts.UPKEEP,
    conflicts=(_PRODUCT_URLS.conflicts, stock_keeping.sku_belongs_to_variant),
    after_write=(
        sort_orders.delete_left_positions,
        stock_keeping.update_inheriting_variants,
        stock_keeping.forget_own_places,
        stock_notices.tell_of_low_stock,
        option_sets.apply_option_set,
        redirects.update_redirects("product"),
        redirects.leave_redirect("product"),
    ),
    before_delete=(groups.remove_products_from_groups,),
    after_delete=(
        _PRODUCT_URLS.after_delete,
        redirects.empty_redirects("product"),
        forget_custom_templates("product"),
    ),
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
        variants.replace_nulls,
        combinations.require_value_per_option,
        stock_keeping.refuse_negative_stock,
    ),
    before_write=(stock_keeping.update_product_of_variant,),
    conflicts=(stock_keeping.sku_belongs_to_product,),
    after_write=(stock_keeping.fire_stock_events, stock_notices.tell_of_low_variant),
    before_delete=(stock_keeping.restore_base_variant, rules.remove_variants_from_rules),
    signals=events("store/sku", data=variants.as_sku),
)

_IMAGE = Aggregate(
    images.TABLE,
    before_validate=(recognize_own_files(images.TABLE), images.store_picture, image_order.shift_images),
    before_write=(image_order.keep_one_thumbnail,),
    after_write=(image_order.touch_product_of_image,),
    before_delete=(image_order.appoint_new_thumbnail,),
)

_OPTION = Aggregate(
    option.TABLE,
    before_write=(options.default_display_name, options.check_type_change),
    after_write=(options.create_checkbox_values, options.update_products),
)

_OPTION_VALUE = Aggregate(
    option.VALUES,
    before_validate=(options.check_value_data,),
    after_write=(combinations.update_value_labels, options.keep_one_default),
    before_delete=(combinations.delete_variants_of_values, rules.remove_values_from_rules),
)

_PRODUCT_OPTION = Aggregate(
    product_option.TABLE,
    before_validate=(product_options.check_type, product_options.create_option_behind),
    before_write=(product_option.show_members_of_kind,),
    after_write=(combinations.update_option_names, product_options.update_option_behind),
    before_delete=(
        combinations.delete_variants_of_options,
        product_options.delete_option_behind,
        rules.remove_options_from_rules,
    ),
    signals=(
        fires("store/option/updated", product_option.option_changed),
        fires("store/modifier/updated", product_option.modifier_changed),
    ),
)

CATEGORIES = Resource(aggregates=(_CATEGORY,), routes=categories.routes)
BRANDS = Resource(aggregates=(_BRAND,), routes=brands.routes)
PRODUCTS = Resource(aggregates=(_PRODUCT,), routes=products.routes)
VARIANTS = Resource(aggregates=(_VARIANT,), routes=variants.routes)
IMAGES = Resource(aggregates=(_IMAGE,), routes=images.routes)
OPTIONS = Resource(aggregates=(_OPTION, _OPTION_VALUE), routes=options.routes)
PRODUCT_OPTIONS = Resource(aggregates=(_PRODUCT_OPTION,), routes=product_options.routes)
