"""The product as it is stored. Its shapes are in product_shapes.py, its rules in aggregates.py."""

from __future__ import annotations

from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Literal

import msgspec

from bodega.domain.urls import PRODUCT_URL, CustomUrl
from bodega.domain.urls import SCHEMA as URLS
from bodega.kit.bounds import AtMost
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import (
    IDS_TEXT,
    NAME,
    STRING,
    Count,
    Id,
    Ids,
    Line,
    Long,
    Measure,
    Moment,
    Money,
    Quantity,
    Sku,
    SortOrder,
    Words,
)
from bodega.storage.table import Link, Reference, Unique
from bodega.storage.text import caseless

ZERO = Decimal(0)
STOCK_CAP = 2_147_483_647
Code = Annotated[str, msgspec.Meta(max_length=14)]
Account = Annotated[str, msgspec.Meta(max_length=20)]
Related = Annotated[list[Annotated[int, msgspec.Meta(ge=-1, le=2_147_483_647)]], AtMost(1_000), IDS_TEXT]
Thing = Literal["product", "album", "book", "drink", "food", "game", "movie", "song", "tv_show"]


class BaseVariantOverrides(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a base variant has of its own: everything else it shares with its product. None is inherited (rule 56).

    A file that `image_url` names belongs to the variant, whose document shows it.
    """

    price: Money | None = None
    sale_price: Money | None = None
    retail_price: Money | None = None
    map_price: Money | None = None
    weight: Measure | None = None
    width: Measure | None = None
    height: Measure | None = None
    depth: Measure | None = None
    is_free_shipping: bool = False
    fixed_cost_shipping_price: Money | None = None
    purchasing_disabled: bool = False
    purchasing_disabled_message: Line = ""
    image_url: str = ""


class Product(Entity, kw_only=True):
    """A product. Members from `event_date_field_name` on are shown by V2 only, the last two by neither version.

    A simple product determines its base variant: `base_own` is what that has besides the product's members. A product
    with option variants has no `base_variant_id`; `variant_stock` is the sum of their levels.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=250), NAME]
    type: Literal["physical", "digital"]
    sku: Sku = ""
    description: str = ""
    weight: Measure
    width: Measure = ZERO
    depth: Measure = ZERO
    height: Measure = ZERO
    price: Money
    cost_price: Money = ZERO
    retail_price: Money = ZERO
    sale_price: Money = ZERO
    map_price: Money = ZERO
    tax_class_id: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    product_tax_code: Line = ""
    calculated_price: Money = ZERO
    categories: Annotated[list[Id], AtMost(2_000)] = []  # rule 45 has 1,000, and one that is repeated counts once
    brand_id: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)] = 0
    option_set_id: Id | None = None
    option_set_display: Literal["right", "below"] = "right"
    inventory_level: int = 0
    inventory_warning_level: Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)] = 0
    inventory_tracking: Literal["none", "product", "variant"] = "none"
    reviews_rating_sum: Count = 0
    reviews_count: Count = 0
    total_sold: Count = 0
    fixed_cost_shipping_price: Money = ZERO
    is_free_shipping: bool = False
    is_visible: bool = True
    is_featured: bool = False
    related_products: Related = msgspec.field(default_factory=lambda: [-1])
    warranty: Long = ""
    bin_picking_number: Line = ""
    layout_file: Annotated[str, msgspec.Meta(max_length=500), STRING] = "product.html"
    upc: Code = ""
    mpn: Line = ""
    gtin: Code = ""
    date_last_imported: Moment = ""
    search_keywords: Long = ""
    availability: Literal["available", "disabled", "preorder"] = "available"
    availability_description: Line = ""
    gift_wrapping_options_type: Literal["any", "none", "list"] = "any"
    gift_wrapping_options_list: Ids = []
    sort_order: SortOrder = 0
    condition: Literal["New", "Used", "Refurbished"] = "New"
    is_condition_shown: bool = False
    order_quantity_minimum: Quantity = 0
    order_quantity_maximum: Quantity = 0
    page_title: Line = ""
    meta_keywords: Words = []
    meta_description: Long = ""
    date_created: Moment = ""
    date_modified: Moment = ""
    view_count: Quantity = 0
    preorder_release_date: Moment | None = None
    preorder_message: Line = ""
    is_preorder_only: bool = False
    is_price_hidden: bool = False
    price_hidden_label: Annotated[str, msgspec.Meta(max_length=200)] = ""
    custom_url: Annotated[CustomUrl, PRODUCT_URL] = msgspec.field(default_factory=CustomUrl)
    base_variant_id: int | None = None
    open_graph_type: Thing = "product"
    open_graph_title: Annotated[str, STRING] = ""
    open_graph_description: str = ""
    open_graph_use_meta_description: bool = True
    open_graph_use_product_name: bool = True
    open_graph_use_image: bool = True
    event_date_field_name: Line = "Delivery Date"
    event_date_type: Literal["none", "after", "before", "range"] = "none"
    event_date_start: Moment = ""
    event_date_end: Moment = ""
    myob_asset_account: Account = ""
    myob_income_account: Account = ""
    myob_expense_account: Account = ""
    peachtree_gl_account: Account = ""
    base_own: BaseVariantOverrides | None = None
    variant_stock: int = 0


HIDDEN = (
    "event_date_field_name event_date_type event_date_start event_date_end"
    " myob_asset_account myob_income_account myob_expense_account peachtree_gl_account base_own variant_stock"
)

UPDATING = (
    "name type sku description weight width depth height price cost_price retail_price sale_price tax_class_id"
    " categories brand_id inventory_level inventory_warning_level inventory_tracking reviews_count total_sold"
    " fixed_cost_shipping_price is_free_shipping is_visible is_featured related_products warranty bin_picking_number"
    " layout_file upc search_keywords availability availability_description gift_wrapping_options_type"
    " gift_wrapping_options_list sort_order condition is_condition_shown order_quantity_minimum order_quantity_maximum"
    " page_title meta_description preorder_release_date preorder_message is_preorder_only is_price_hidden"
    " price_hidden_label custom_url open_graph_type open_graph_title open_graph_description"
    " open_graph_use_meta_description open_graph_use_product_name open_graph_use_image"
)
"""Rule 132: the members whose change is an update of the product."""

TEXTS = """CREATE TABLE product_texts (
    product_id INTEGER PRIMARY KEY REFERENCES products(id) ON DELETE CASCADE, description TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '', keywords TEXT NOT NULL DEFAULT '', body TEXT NOT NULL DEFAULT ''
);
/* sqlite */ CREATE VIRTUAL TABLE product_search USING fts5(
    title, keywords, body, content='', contentless_delete=1, detail='column'
);
/* sqlite */ INSERT INTO product_search (product_search, rank) VALUES ('deletemerge', 30);
/* sqlite */ CREATE TABLE product_search_waiting (product_id INTEGER PRIMARY KEY);
/* sqlite */ CREATE TRIGGER product_texts_added AFTER INSERT ON product_texts BEGIN
    INSERT OR IGNORE INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
/* sqlite */ CREATE TRIGGER product_texts_changed AFTER UPDATE OF title, keywords, body ON product_texts BEGIN
    INSERT OR IGNORE INTO product_search_waiting (product_id) VALUES (new.product_id);
END;
/* sqlite */ CREATE TRIGGER product_texts_removed AFTER DELETE ON product_texts BEGIN
    DELETE FROM product_search WHERE rowid = old.product_id;
    DELETE FROM product_search_waiting WHERE product_id = old.product_id;
END;
/* postgresql */ CREATE INDEX product_texts_words ON product_texts USING gin ((
    setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', keywords), 'B')
    || setweight(to_tsvector('simple', body), 'D')
));"""
"""Descriptions in a separate table: they are needed for a keyword search, and would slow down all other reads. The
words of full-text search in the same (search_texts.py). An entry of SQLite's full text costs much beside a write that
makes no other, so they are made later, for many products at once; what waits for that is searched as it is. For
PostgreSQL an index does so by itself."""

ASSIGNED = """CREATE TABLE product_channels (
    product_id INTEGER NOT NULL REFERENCES products(id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels(id) ON DELETE CASCADE, PRIMARY KEY (product_id, channel_id)
);
CREATE INDEX product_channels_channel_id ON product_channels (channel_id, product_id);
CREATE TABLE category_sort_orders (
    category_id INTEGER NOT NULL REFERENCES categories(id) ON DELETE CASCADE,
    product_id INTEGER NOT NULL REFERENCES products(id) ON DELETE CASCADE, sort_order INTEGER NOT NULL,
    PRIMARY KEY (category_id, product_id)
);
CREATE INDEX category_sort_orders_product_id ON category_sort_orders (product_id);"""
"""Exceptions for single products: see resources/catalog/assignments.py and sort_orders.py."""

SETS = """CREATE INDEX products_option_set_ref ON products (option_set_ref) WHERE option_set_ref IS NOT NULL;"""
"""A partial index: most products have no option set, and need no entry."""

RELEASES = "CREATE INDEX products_release_due ON products (release_due) WHERE release_due IS NOT NULL;"


def _release_due(product: Product) -> str | None:
    """When a product for pre-order only becomes available (rule 52)."""
    waits = product.availability == "preorder" and product.is_preorder_only
    return product.preorder_release_date or None if waits else None


def _average_rating(product: Product) -> int:
    """The stars of its reviews in hundredths; 0 without reviews."""
    return product.reviews_rating_sum * 100 // product.reviews_count if product.reviews_count else 0


TABLE = stored(
    "products",
    Product,
    noun="product",
    columns="name sku type brand_id price calculated_price weight condition availability is_visible is_featured"
    " is_free_shipping inventory_level inventory_warning_level total_sold date_created date_modified date_last_imported"
    " upc mpn product_tax_code",
    computed={
        "name_key": ("TEXT", lambda product: caseless(product.name)),
        "brand_ref": ("INTEGER", lambda product: product.brand_id or None),
        "option_set_ref": ("INTEGER", lambda product: product.option_set_id or None),
        "sku_key": ("TEXT", lambda product: caseless(product.sku) or None),
        "inventory_tracking": ("TEXT", attrgetter("inventory_tracking")),
        "tax_class_ref": ("INTEGER", lambda product: product.tax_class_id or None),
        "release_due": ("TEXT", _release_due),
        "average_rating": ("INTEGER", _average_rating),
    },
    indexed="brand_id date_modified",  # each index costs a create one more page on disk; other filters scan the table
    hidden=HIDDEN,
    uniques=[  # rule 43
        Unique(("name_key",), "name", "The product name is a duplicate."),
        Unique(("sku_key",), "sku", "The product sku is a duplicate.", "sku_key IS NOT NULL"),
    ],
    references=[  # rule 44
        Reference("brand_ref", "brands", "brand_id", "The brand does not exist."),
        Reference("option_set_ref", "option_sets", "option_set_id", "The option set does not exist."),
        Reference("tax_class_ref", "tax_classes", "tax_class_id", "The tax class does not exist."),
    ],
    links=[
        Link(
            "product_categories", "product_id", "category_id", "categories", "categories",
            "One or more of the categories do not exist.", lambda product: product.categories,
        )
    ],
    counter="products",
    more_schema="\n".join([URLS, TEXTS, ASSIGNED, SETS, RELEASES]),
)  # fmt: skip
