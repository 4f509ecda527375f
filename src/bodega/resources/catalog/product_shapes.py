"""The product's V2 and V3 forms, and the resources that are shown inside it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from bodega.domain.urls import chosen
from bodega.kit.fields import Line
from bodega.kit.v2_members import Alias, Derived, EnumAlias, Linked, ObjectMember
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.resources.catalog import (
    assignments,
    bulk_pricing,
    custom_fields,
    image_order,
    images,
    nested_variants,
    reviews,
    variants,
    videos,
)
from bodega.resources.catalog.options import modifiers, parent_relations, product_options
from bodega.resources.catalog.product import HIDDEN, Product

INCLUDES = MappingProxyType(
    {
        "variants": variants.INCLUDE,
        "images": images.INCLUDE,
        "custom_fields": custom_fields.INCLUDE,
        "bulk_pricing_rules": bulk_pricing.INCLUDE,
        "primary_image": images.THUMBNAIL,
        "modifiers": modifiers.INCLUDE,
        "options": product_options.INCLUDE,
        "parent_relations": parent_relations.INCLUDE,
        "videos": videos.INCLUDE,
        "reviews": reviews.INCLUDE,
        "channels": assignments.INCLUDE,
    }
)
"""What V3 shows inside a product on request."""


def _sub(name: str) -> Linked:
    return Linked(f"/products/{{e.id}}/{name}")


def _nothing(_product: Any) -> None:
    return None


V2_SHAPE = V2Shape(
    Product,
    "products",
    "product",
    "id! keyword_filter? name* type* sku description search_keywords availability_description price* cost_price"
    " retail_price sale_price calculated_price! sort_order is_visible is_featured related_products inventory_level"
    " inventory_warning_level warranty weight* width height depth fixed_cost_shipping_price is_free_shipping"
    " inventory_tracking rating_total~ rating_count~ total_sold date_created~ brand_id view_count page_title"
    " meta_keywords meta_description layout_file is_price_hidden price_hidden_label categories* date_modified~"
    " event_date_field_name event_date_type event_date_start event_date_end myob_asset_account myob_income_account"
    " myob_expense_account peachtree_gl_account condition is_condition_shown preorder_release_date is_preorder_only"
    " preorder_message order_quantity_minimum order_quantity_maximum open_graph_type open_graph_title"
    " open_graph_description is_open_graph_thumbnail upc date_last_imported~ option_set_id tax_class_id"
    " option_set_display bin_picking_number custom_url primary_image! availability* brand downloads images"
    " discount_rules configurable_fields custom_fields videos skus rules option_set options tax_class"
    " avalara_product_tax_code number_sold~",
    {
        "keyword_filter": Derived(_nothing),
        "inventory_tracking": EnumAlias("inventory_tracking", {"none": "none", "product": "simple", "variant": "sku"}),
        "rating_total": Alias("reviews_rating_sum"),
        "rating_count": Alias("reviews_count"),
        "custom_url": ObjectMember("custom_url", "url", chosen),
        "is_open_graph_thumbnail": Alias("open_graph_use_image"),
        "primary_image": images.PRIMARY_IMAGE,
        "brand": Linked("/brands/{e.brand_id}", when="brand_id"),
        "images": _sub("images"),
        "discount_rules": _sub("discountrules"),
        "configurable_fields": _sub("configurablefields"),
        "custom_fields": _sub("customfields"),
        "videos": _sub("videos"),
        "skus": _sub("skus"),
        "rules": _sub("rules"),
        "option_set": Linked("/optionsets/{e.option_set_id}", when="option_set_id"),
        "options": _sub("options"),
        "tax_class": Linked("/taxclasses/{e.tax_class_id}"),
        "downloads": Linked("/products/{e.id}/downloads", served=False),
        "avalara_product_tax_code": Alias("product_tax_code"),
        "number_sold": Alias("total_sold"),
    },
    when_chosen={"metadata": []},  # rule 28
)
V3_SHAPE = V3Shape(
    Product,
    required="name type weight price",
    read_only="id calculated_price option_set_id option_set_display date_created date_modified base_variant_id",
    write_only={"brand_name": Line},
    hidden=HIDDEN,
    nested={
        "bulk_pricing_rules": bulk_pricing.NESTED,
        "custom_fields": custom_fields.NESTED,
        "videos": videos.NESTED,
        "images": image_order.NESTED,
        "variants": nested_variants.NESTED,
    },
)
