"""What `test_every_member.py` has to be told of single members: values that no schema gives, and where they are shown.

Operations are called by their template here, `PUT /v2/orders/{id}`; both they and members may be shell patterns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pictures import FORM as MULTIPART
from pictures import form, picture
from replies import Row
from replies.catalog_options import CONFIGS
from replies.customers import V2_HOME
from replies.orders import FIELD, RETURNED
from replies.promotions import BASES as PROMOTIONS
from replies.promotions import BASES_OF_COUPONS as COUPON_PROMOTIONS
from replies.widgets import LAYOUT, PAGE

P3 = "/v3/catalog/products"
NEW_IMAGE = {"image_url": "{picture}", "description": "Side"}
CLIP = {"title": "How", "description": "So", "sort_order": 1, "type": "youtube", "video_id": "zzzzzzzzzzz"}
PARTS = {
    "custom_fields": [{"name": "Grip", "value": "soft"}],
    "bulk_pricing_rules": [{"quantity_min": 10, "quantity_max": 19, "type": "price", "amount": 1}],
    "images": [NEW_IMAGE, {**NEW_IMAGE, "is_thumbnail": True}],
    "videos": [CLIP],
}
"""What the body of a product may bring besides its own members."""

LARGE = {"option_display_name": "Size", "label": "Large"}
VARIANTS = {"variants": [{"sku": "NEW-L", "option_values": [LARGE]}]}
NEW = {"name": "Plane", "type": "physical", "price": 10, "weight": 1}
HIDDEN = {"availability": "disabled"}
CHOICE = {"label": "One", "sort_order": 0}
WITH_CHOICE = {"option_values": [{**CHOICE, "adjusters": {"price": {"adjuster": "relative", "adjuster_value": 1}}}]}
KINDS = ("date", "checkbox", "file", "text", "multi_line_text", "numbers_only_text", "product_list", "swatch")
MODIFIER = {"display_name": "Another", "required": False}

CONDITIONS = [
    {"modifier_id": "{wrap}", "modifier_value_id": "{paper}"},
    {"modifier_id": "{card}", "modifier_value_id": "{love}"},
]

BUYER = {
    "first_name": "Jane", "last_name": "Doe", "street_1": "1 Main Street", "city": "Austin", "state": "Texas",
    "zip": "78701", "country": "United States", "email": "jane@shop.test",
}  # fmt: skip
FORM = [{"name": "Door code", "value": "12"}]
WORK = {"name": "Assembly", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}
ENGRAVED = {
    "product_id": "{ordered}", "quantity": 2, "product_options": [{"id": "{ordered_text}", "value": "For Ann"}],
    "wrapping_id": 1, "wrapping_cost_ex_tax": 1, "wrapping_cost_inc_tax": 1,
}  # fmt: skip
FEE = {"type": "custom_fee", "display_name_customer": "Deposit", "cost_ex_tax": 1, "cost_inc_tax": 1}
TAXED = {"type": "custom_fee", "display_name_customer": "Deposit", "cost_ex_tax": 1, "cost_tax": 1}
ORDERED = {"billing_address": {**BUYER, "form_fields": FORM}, "status_id": 1}
PICKUP = {
    "pickup_method_id": 1, "pickup_method_display_name": "At the counter",
    "location": {"name": "Shop", "country_alpha2": "US"},
}  # fmt: skip

MAIL = {"subject": "Come back", "body": "<p>Do</p>", "translations": [{"locale": "en", "keys": {"a": "b"}}]}
AS_TAG = {"kind": "script_tag", "src": "", "load_method": "default", "integrity_hashes": []}

ANN = {"name": "Ann", "email": "ann@shop.test"}
GIFT = {"name": "Gift", "theme": "Boy", "amount": 9, "quantity": 1, "sender": ANN, "recipient": ANN, "message": "Here"}
ENGRAVING = {"name": "Engraving", "sku": "ENG", "quantity": 1, "list_price": 4, "image_url": "https://shop.test/e.png"}
WRAPPED = {
    "line_items": [
        {
            "product_id": "{mug}", "quantity": 1, "name": "Wrapped mug",
            "gift_wrapping": {"wrap_together": True, "wrap_details": [{"id": 1, "message": "Joy"}]},
        }
    ]
}  # fmt: skip

OTHERS = {"id": "b3RoZXI6", "type": "other"}
BY_BRAND = {"id": "YnJhbmQ6", "type": "brand"}
BASES: Mapping[str, Sequence[Any]] = {
    "PUT /v3/settings/search/filters": [[OTHERS], [BY_BRAND]],
    "PUT /v3/settings/search/filters/contexts": [
        [{"context": {"channel_id": 1}, "data": [OTHERS]}],
        [{"context": {"channel_id": 1}, "data": [BY_BRAND]}],
    ],
    "POST /v3/content/page-widgets": [{**PAGE, "regions": [{"name": "page_builder_content", "children": [LAYOUT]}]}],
    "PUT /v3/content/pages/{page_id}": [
        Row("PUT", "/v3/content/pages/{contact_page}", {"type": "contact_form"}),
        Row("PUT", "/v3/content/pages/{link_page}", {"type": "link"}),
    ],
    "PUT /v3/content/pages": [
        Row("PUT", "/v3/content/pages", {"id": "{of_us}", "sort_order": 3}),
        Row("PUT", "/v3/content/pages", {"id": "{contact_page}", "sort_order": 3}),
        Row("PUT", "/v3/content/pages", {"id": "{link_page}", "sort_order": 3}),
    ],
    "POST /v3/content/scripts": [{"name": "Tag", "kind": "script_tag", "html": "<script></script>"}],
    "POST /v3/marketing/abandoned-cart-emails": [{"template": MAIL}],
    "PUT /v3/marketing/abandoned-cart-emails/{email_id}": [{"template": MAIL}],
    "POST /v3/carts/{cart_id:text}/items": [{"custom_items": [ENGRAVING]}, {"gift_certificates": [GIFT]}, WRAPPED],
    "POST /v3/carts": [{"gift_certificates": [GIFT]}, {"custom_items": [ENGRAVING]}, WRAPPED],
    "PUT /v3/carts/{cart_id:text}/items/{item_id:text}": [{"line_item": WRAPPED["line_items"][0]}],
    "POST /v3/carts/{cart_id:text}/redirect_urls": [{"query_params": {"from": "mail"}}],
    "POST /v3/promotions": [*PROMOTIONS, *COUPON_PROMOTIONS],
    "PUT /v3/promotions/{id}": [Row("PUT", "/v3/promotions/{single}", body) for body in COUPON_PROMOTIONS],
    f"POST {P3}": [{**NEW, **PARTS}, {**NEW, "images": [NEW_IMAGE]}, {**NEW, **VARIANTS}, {**NEW, **HIDDEN}],
    f"PUT {P3}/{{id}}": [PARTS, {"images": [NEW_IMAGE]}, HIDDEN],
    f"PUT {P3}": [
        [{"id": "{plane}", **PARTS}],
        [{"id": "{plane}", "images": [NEW_IMAGE]}],
        [{"id": "{plane}", **HIDDEN}],
    ],
    f"PUT {P3}/{{product_id}}/options/{{id}}": [WITH_CHOICE],
    f"POST {P3}/{{product_id}}/modifiers": [
        {**MODIFIER, "type": "dropdown", **WITH_CHOICE},
        *({**MODIFIER, "type": kind, "config": {}} for kind in KINDS),
        {
            **MODIFIER,
            "type": "numbers_only_text",
            "config": {
                "number_limited": True,
                "number_limit_mode": "range",
                "number_lowest_value": 1,
                "number_highest_value": 9,
            },
        },
        {
            **MODIFIER,
            "type": "date",
            "config": {
                "date_limited": True,
                "date_limit_mode": "range",
                "date_earliest_value": "2026-05-01",
                "date_latest_value": "2036-06-01",
            },
        },
        {
            **MODIFIER,
            "type": "file",
            "config": {
                "file_types_mode": "specific",
                "file_types_supported": ["images", "other"],
                "file_types_other": ["psd"],
                "file_max_size": 512,
            },
        },
    ],
    f"PUT {P3}/{{product_id}}/modifiers/{{id}}": [
        WITH_CHOICE,
        Row("PUT", f"{P3}/{{hammer}}/modifiers/{{engraving}}", {"config": {"text_max_length": 19}}),
        *(Row("PUT", f"{P3}/{{drill}}/modifiers/{{{kind}}}", {"config": of_it}) for kind, of_it in CONFIGS.items()),
    ],
    f"POST {P3}/{{product_id}}/complex-rules": [],
    f"PUT {P3}/{{product_id}}/complex-rules/{{id}}": [{"conditions": CONDITIONS}],
    f"POST {P3}/{{product_id}}/images": [],
    f"PUT {P3}/{{product_id}}/images/{{id}}": [],
    "PUT /v2/shipping/zones/{id}": [
        {"type": "state", "locations": [{"country_iso2": "US", "state_iso2": "TX"}]},
        {"type": "zip", "locations": [{"country_iso2": "US", "zip": "11103"}]},
    ],
    "PUT /v2/shipping/zones/{id}/methods/{id}": [{"name": "Flat"}],
    "PUT /v3/catalog/trees/categories": [],
    "POST /v2/coupons": [],
    "PUT /v2/coupons/{id}": [],
    "PUT /v2/customers/{id}": [],
    "POST /v2/customers": [],
    "POST /v3/orders/{order_id}/payment_actions/refund_quotes": [],
    "POST /v3/orders/{order_id}/payment_actions/refunds": [
        {"items": RETURNED[:1], "payments": [{"provider_id": "custom", "amount": "{piece}"}]}
    ],
    f"POST {P3}/{{product_id}}/variants": [],
    "POST /v2/orders": [
        {
            **ORDERED,
            "products": [ENGRAVED, WORK],
            "shipping_addresses": [{**BUYER, "form_fields": FORM}],
            "fees": [FEE],
        },
        {**ORDERED, "products": [ENGRAVED], "fees": [TAXED]},
        {**ORDERED, "products": [WORK]},
        {**ORDERED, "consignments": {"pickups": [{**PICKUP, "line_items": [ENGRAVED]}]}},
        {**ORDERED, "consignments": {"pickups": [{**PICKUP, "line_items": [WORK]}]}},
    ],
    "PUT /v2/orders/{id}": [
        {"products": [{"id": "{order_line}", "product_id": "{ordered}", "quantity": 2}]},
        {"products": [WORK]},
        {"products": [ENGRAVED]},
        {"fees": [FEE]},
        {"fees": [TAXED]},
        Row("PUT", "/v2/orders/{collected}", {"consignments": {"pickups": [{"id": 2}]}}),
        Row(
            "PUT",
            "/v2/orders/{collected}",
            {"consignments": {"pickups": [{"id": 2, "line_items": [{"id": "{picked_line}", "quantity": 1}]}]}},
        ),
        Row("PUT", "/v2/orders/{collected}", {"consignments": {"pickups": [{"id": 2, "line_items": [ENGRAVED]}]}}),
    ],
    "POST /v2/customer_groups": [
        {"name": "Other", "discount_rules": [{"type": "all", "method": "percent", "amount": 5}]},
        {
            "name": "Other",
            "discount_rules": [{"type": "category", "method": "fixed", "amount": "2.5", "category_id": "{tools}"}],
        },
        {
            "name": "Other",
            "discount_rules": [{"type": "product", "method": "price", "amount": "9.99", "product_id": "{hammer}"}],
        },
        {"name": "Other", "discount_rules": [{"type": "price_list", "price_list_id": 3}]},
        {"name": "Other", "category_access": {"type": "specific", "categories": ["{saws}"]}},
    ],
    "PUT /v2/customer_groups/{id}": [
        {"discount_rules": [{"type": "category", "method": "fixed", "amount": "2.5", "category_id": "{tools}"}]},
        {"discount_rules": [{"type": "product", "method": "price", "amount": "9.99", "product_id": "{hammer}"}]},
        {"discount_rules": [{"type": "price_list", "price_list_id": 3}]},
        {"category_access": {"type": "specific", "categories": ["{saws}"]}},
        {"category_access": {"type": "specific"}},
    ],
}
"""More bodies of an operation that are taken, for members that stand in one of them only."""

COUPON = {
    "name": "Six", "code": "SIX", "type": "per_total_discount", "amount": "5",
    "applies_to": {"entity": "categories", "ids": [0]},
}  # fmt: skip

OPENING: Sequence[Row] = [
    Row("POST", "/v3/catalog/brands", {"name": "Borealis"}, name="other_brand"),
    Row("POST", "/v3/catalog/categories", {"name": "Lanterns", "parent_id": 0}, name="other_category"),
    Row("POST", P3, {**NEW, "name": "Lantern"}, name="other_product"),
    Row(
        "POST",
        f"{P3}/{{other_product}}/images",
        form(picture(colour="blue")),
        headers=MULTIPART,
        name="blue_file",
        key="url_zoom",
    ),
    Row(
        "POST",
        "/v3/channels",
        {"name": "Stall", "type": "pos", "platform": "custom", "status": "connected"},
        name="other_channel",
    ),
    Row("POST", "/v2/options", {"name": "Woods", "type": "S"}, name="woods"),
    Row("POST", "/v2/pages", {"type": "page", "name": "Parent", "body": "-"}, name="other_page"),
    Row("POST", "/v3/customers/attributes", [{"name": "Shoes", "type": "string"}], name="other_attribute"),
    Row("POST", "/v2/customers", {"email": "al@example.com", "first_name": "Al", "last_name": "Doe"}, name="al"),
    Row("POST", "/v2/customers/{al}/addresses", V2_HOME, name="home_of_al"),
]
"""Rows to name, made before those of `tests/replies`."""

ROWS: Sequence[Row] = [
    Row("PUT", "/v3/settings/search/filters", [OTHERS]),
    Row("PUT", "/v3/settings/search/filters/contexts", [{"context": {"channel_id": 1}, "data": [OTHERS]}]),
    Row("PUT", "/v3/content/pages/{of_us}", {"sort_order": 2}),
    Row("PUT", "/v3/content/pages", {"id": "{of_us}", "sort_order": 4}),
    Row("POST", "/v3/content/scripts", {"name": "Other", "src": "https://other.test/a.js"}),
    Row("POST", "/v3/marketing/abandoned-cart-emails", {"is_active": False}),
    Row("PUT", "/v3/marketing/abandoned-cart-emails/{left_email}", {"coupon_code": "NINE"}),
    Row("POST", "/v3/content/page-widgets", PAGE),
    Row("POST", "/v3/carts", {"line_items": [{"product_id": "{mug}", "quantity": 1}]}, name="full_cart"),
    Row("GET", "/v3/carts/{full_cart}", name="full_item", key="line_items.physical_items.0.id"),
    Row("POST", "/v3/carts/{full_cart}/items", {"line_items": [{"product_id": "{mug}", "quantity": 1}]}),
    Row("POST", "/v3/carts/{full_cart}/redirect_urls", {"query_params": {"from": "mail"}}),
    Row("PUT", "/v3/carts/{full_cart}/items/{full_item}", {"line_item": {"product_id": "{mug}", "quantity": 2}}),
    Row("GET", "/v3/catalog/products/{mug}", name="mugs", key="base_variant_id"),
    Row("POST", "/v3/pricelists/{trade_list}/records", [{"variant_id": "{mugs}", "currency": "USD", "price": 7}]),
    Row(
        "POST",
        "/v3/pricelists/records",
        [{"price_list_id": "{trade_list}", "variant_id": "{hammers}", "currency": "USD", "price": 7}],
    ),
    Row("POST", P3, NEW, name="plane"),
    Row("PUT", f"{P3}/{{plane}}", {"price": 2}),
    Row("POST", "/v3/promotions", PROMOTIONS[0]),
    Row("PUT", "/v3/promotions/{changed}", PROMOTIONS[0]),
    Row("PUT", P3, [{"id": "{plane}", "price": 3}]),
    Row("PUT", f"{P3}/{{hammer}}/options/{{head}}", {"type": "dropdown"}),
    Row("POST", f"{P3}/{{hammer}}/modifiers", {**MODIFIER, "display_name": "Third", "type": "dropdown", **WITH_CHOICE}),
    Row("PUT", f"{P3}/{{hammer}}/modifiers/{{card}}", {"required": True}),
    Row("POST", f"{P3}/{{hammer}}/modifiers/{{card}}/values", {"label": "Love", "sort_order": 3}, name="love"),
    Row(
        "POST",
        f"{P3}/{{hammer}}/modifiers",
        {**MODIFIER, "display_name": "Wrap", "type": "dropdown", "option_values": [CHOICE]},
        name="wrap",
    ),
    Row("POST", f"{P3}/{{hammer}}/modifiers/{{wrap}}/values", {"label": "Paper", "sort_order": 3}, name="paper"),
    Row(
        "POST",
        f"{P3}/{{hammer}}/modifiers",
        {**MODIFIER, "display_name": "Ribbon", "type": "dropdown", "option_values": [CHOICE]},
        name="ribbon",
    ),
    Row("POST", f"{P3}/{{hammer}}/modifiers/{{ribbon}}/values", {"label": "Silk", "sort_order": 3}, name="silk"),
    Row("POST", f"{P3}/{{hammer}}/complex-rules", {"conditions": CONDITIONS}, name="other_rule"),
    Row("PUT", f"{P3}/{{hammer}}/complex-rules/{{other_rule}}", {"stop": True}),
    Row("POST", f"{P3}/{{drill}}/images", {"image_url": "{picture}"}, name="other_image"),
    Row("PUT", f"{P3}/{{drill}}/images/{{other_image}}", {"description": "Rear"}),
    Row("GET", "/v2/orders/{order}/products", name="order_line"),
    Row(
        "POST",
        "/v3/orders/{order}/payment_actions/refund_quotes",
        {"items": RETURNED[:1]},
        name="piece",
        key="total_refund_amount",
    ),
    Row(
        "POST",
        "/v3/orders/{order}/payment_actions/refunds",
        {"items": RETURNED[1:], "payments": [{"provider_id": "custom", "amount": 0.25}]},
    ),
    Row("POST", "/v2/coupons", {**COUPON, "code": "OTHER", "name": "Other"}, name="other_coupon"),
    Row("PUT", "/v2/coupons/{other_coupon}", {"max_uses": 3}),
    Row("PUT", "/v3/catalog/trees/categories", [{"category_id": "{saws}", "description": "All"}]),
    Row("PUT", "/v2/shipping/zones/{texas}", {"enabled": True}),
    Row("PUT", "/v2/shipping/zones/{texas}/methods/{flat}", {"enabled": True}),
    Row("POST", "/v2/customers", {"email": "bo@example.com", "first_name": "Bo", "last_name": "Doe"}, name="bo"),
    Row("PUT", "/v2/customers/{bo}", {"notes": "x"}),
    Row("GET", f"{P3}/{{gown}}/options", name="gown_size"),
    Row("POST", f"{P3}/{{gown}}/options/{{gown_size}}/values", {"label": "XL", "sort_order": 9}, name="gown_xl"),
    Row("POST", f"{P3}/{{gown}}/options/{{gown_size}}/values", {"label": "XXL", "sort_order": 10}, name="gown_xxl"),
    Row(
        "POST",
        f"{P3}/{{gown}}/variants",
        {"sku": "GOWN-S", "option_values": [{"option_display_name": "Size", "label": "S"}]},
    ),
    Row(
        "POST",
        "/v2/orders",
        {**ORDERED, "consignments": {"pickups": [{**PICKUP, "line_items": [WORK]}]}},
        name="collected",
    ),
    Row("GET", "/v2/orders/{collected}/products", name="picked_line"),
    Row("POST", "/v2/orders", {**ORDERED, "products": [ENGRAVED]}, name="another"),
    Row("GET", "/v2/orders/{another}/products", name="order_line"),
    Row("PUT", "/v2/orders/{another}", {"staff_notes": "Call"}),
    Row("POST", "/v2/customer_groups", {"name": "Third"}, name="third"),
    Row("PUT", "/v2/customer_groups/{third}", {"name": "Fourth"}),
    Row("POST", "/v2/categories", {"name": "Lamps"}, name="lamps"),
    Row("PUT", "/v2/categories/{lamps}", {"description": "Bright"}),
    Row("POST", "/v2/brands", {"name": "Glow"}, name="glow"),
    Row("PUT", "/v2/brands/{glow}", {"page_title": "Glow"}),
    Row(
        "POST",
        "/v2/products",
        {
            "name": "Lamp",
            "type": "physical",
            "price": "10",
            "weight": "1",
            "categories": ["{lamps}"],
            "availability": "available",
        },
        name="lamp",
    ),
    Row("PUT", "/v2/products/{lamp}", {"price": "11"}),
    Row("PUT", "/v2/options/{colours}", {"name": "Colour"}),
    Row("POST", "/v2/options/{colours}/values", {"label": "Blue", "value": "#0000ff"}, name="blue"),
    Row("PUT", "/v2/options/{colours}/values/{blue}", {"label": "Sky"}),
    Row("PUT", "/v2/options/values/{blue}", {"label": "Azure"}),
    Row("PUT", "/v2/option_sets/{tool_set}", {"name": "All tools"}),
    Row("POST", "/v2/options", {"name": "Sizes", "type": "S"}, name="sizes"),
    Row("POST", "/v2/option_sets/{tool_set}/options", {"option_id": "{sizes}"}, name="sized"),
    Row("PUT", "/v2/option_sets/{tool_set}/options/{sized}", {"sort_order": 2}),
    Row("PUT", "/v2/option_sets/options/{sized}", {"sort_order": 3}),
    Row("POST", "/v2/option_sets/options", {"option_id": "{woods}", "option_set_id": "{tool_set}"}),
    Row("POST", "/v2/products/{lamp}/custom_fields", {"name": "Bulb", "text": "LED"}, name="bulb"),
    Row("PUT", "/v2/products/{lamp}/custom_fields/{bulb}", {"name": "Bulb", "text": "OLED"}),
    Row(
        "POST",
        "/v2/products/{lamp}/discount_rules",
        {"min": 2, "max": 5, "type": "fixed", "type_value": 4},
        name="discount",
    ),
    Row("PUT", "/v2/products/{lamp}/discount_rules/{discount}", {"type": "fixed", "type_value": 3}),
    Row("POST", P3.replace("products", "products/{lamp}/images"), {"image_url": "{picture}"}),
    Row("POST", "/v2/products/{lamp}/images", {"image_file": "{picture}"}, name="lamp_image"),
    Row("PUT", "/v2/products/{lamp}/images/{lamp_image}", {"description": "Lit"}),
    Row("POST", "/v2/products/{lamp}/videos", {"url": "https://www.youtube.com/watch?v=abcdefghijk"}, name="clip"),
    Row("PUT", "/v2/products/{lamp}/videos/{clip}", {"name": "Lit"}),
    Row(
        "POST",
        "/v2/products/{lamp}/reviews",
        {"author": "Ann", "title": "Good", "review": "Bright", "rating": 4},
        name="opinion",
    ),
    Row("PUT", "/v2/products/{lamp}/reviews/{opinion}", {"title": "Better"}),
    Row(
        "POST",
        "/v2/products/{gown}/skus",
        {"sku": "GOWN-V2", "options": [{"product_option_id": "{gown_size}", "option_value_id": "{gown_xl}"}]},
        name="old_sku",
    ),
    Row("PUT", "/v2/products/{gown}/skus/{old_sku}", {"sku": "GOWN-V3"}),
    Row("PUT", "/v2/products/skus/{old_sku}", {"sku": "GOWN-V4"}),
    Row(
        "POST",
        "/v2/products/{hammer}/rules",
        {"conditions": [{"product_option_id": "{ribbon}", "option_value_id": "{silk}"}]},
        name="old_rule",
    ),
    Row("PUT", "/v2/products/{hammer}/rules/{old_rule}", {"is_stop": True}),
    Row("POST", "/v3/orders/metafields", [{**FIELD, "resource_id": "{another}"}], name="order_fields"),
    Row("PUT", "/v3/orders/metafields", [{"id": "{order_fields}", "value": "A-3"}]),
    Row("PUT", "/v2/shipping/carrier/connection", {"carrier_id": "royalmail"}),
    Row(
        "PUT",
        "/v3/orders/settings/channels/1",
        {
            "notifications": {
                "order_placed": {"email_addresses": ["b@c.test"]},
                "forward_invoice": {"email_addresses": ["c@c.test"]},
            }
        },
    ),
    Row(
        "POST",
        "/v2/hooks",
        {"scope": "store/brand/metafield/*", "destination": "https://example.com/brands"},
        name="old_hook",
    ),
    Row("PUT", "/v2/hooks/{old_hook}", {"is_active": False}),
]
"""Requests after those of `tests/replies`, for operations that these do not send."""

EVERY = "consignments,consignments.line_items,fees"
RECORDS = "/v3/pricelists/{trade_list}/records?include=bulk_pricing_tiers,sku"
READ: Mapping[str, Mapping[str, str]] = {
    "POST /v3/content/page-widgets": {"": "{here}?template_file=pages/page&entity_id=5"},
    "POST /v2/orders": {
        "": "{here}/{id}?include=" + EVERY, "products": "{here}/{id}/products",
        "shipping_addresses": "{here}/{id}/shipping_addresses",
    },
    "PUT /v2/orders/{id}": {
        "": "{here}?include=" + EVERY, "products": "{here}/products", "shipping_addresses": "{here}/shipping_addresses",
    },
    **{f"{method} /v3/pricelists/records": {"": RECORDS} for method in ("POST", "PUT")},
    "POST /v3/pricelists/{price_list_id}/records": {"": RECORDS},
    "PUT /v3/pricelists/{price_list_id}/records": {"": RECORDS},
    "PUT /v3/inventory/adjustments/absolute": {"": "/v3/inventory/locations/{austin}/items"},
    "POST /v3/inventory/adjustments/relative": {"": "/v3/inventory/locations/{austin}/items"},
    "POST /v3/catalog/trees/categories": {"": "{here}?category_id:in={id}"},
    "PUT /v3/catalog/trees/categories": {"": "{here}?category_id:in={saws}"},
}  # fmt: skip
"""Where an operation's row is read, and the members that are lists elsewhere; `{here}` is its path, `{id}` the row."""


class Told(NamedTuple):
    """A member whose values no schema gives, or that is shown elsewhere.

    `values` are valid values; `shown` where the read shows it (its name by default); `inside` what must stand beside it
    in its object, `beside` what must be in the body; `reads` turns a value into what is shown for it.
    """

    operation: str
    member: str
    values: Sequence[Any] = ()
    shown: str = ""
    inside: Mapping[str, Any] = {}
    beside: Mapping[str, Any] = {}
    reads: Mapping[Any, Any] = {}


HIDE = {"availability": "disabled"}
SPECIAL = {"label": "Closed", "date": "2031-05-03", "open": False}
AT_NOON = {"2031-05-04T12:00:00Z": "2031-05-04T12:00:00+00:00"}
IN_CART = "line_items.physical_items.[]"
PRICED = ("subtotal", "shipping_cost", "handling_cost", "wrapping_cost", "total")
TOLD: Sequence[Told] = [
    Told("* /v3/tax/zones", "shopper_target_settings.locations.subdivision_codes", [["VIC"]]),
    Told(
        "* /v3/tax/zones",
        "shopper_target_settings.locations.country_code",
        ["CA"],
        inside={"subdivision_codes": ["BC"]},
    ),
    Told("* /v3/tax/products/properties", "tax_properties", [{"A-123456789": "31"}]),
    Told("* /v3/tax/customers", "tax_properties", [{"B-6731789": "31"}]),
    Told("PUT /v3/settings/search/filters*", "*show_*", [False]),
    Told("PUT /v3/settings/store/units-of-measurement", "decimal_token", ["_"]),
    Told("PUT /v3/settings/store/units-of-measurement", "thousands_token", [" "]),
    Told("PUT /v3/settings/inventory/notifications", "*_address", [["new@shop.test"]]),
    Told("PUT /v3/settings/store/locale", "default_shopper_language", ["fr, fr-ca"]),
    Told("PUT /v3/settings/store/locale", "store_country", ["France"]),
    Told("PUT /v3/settings/search/filters", "id", ["cHJpY2U6"], inside={"type": "price"}),
    Told("PUT /v3/settings/search/filters", "type", ["price"], inside={"id": "cHJpY2U6"}),
    Told("PUT /v3/settings/search/filters/*", "data.id", ["cHJpY2U6"], inside={"type": "price"}),
    Told("PUT /v3/settings/search/filters/*", "data.type", ["price"], inside={"id": "cHJpY2U6"}),
    Told("* /v3/content/*", "template_file", ["pages/brand"]),
    Told("* /v3/content/widget-templates*", "*conditional.value", [["no"]]),
    Told("* /v3/content/*", "widget_configuration", [{"size": "big", "own": 1}]),
    Told("* /v3/content/page-widgets", "*configuration", [{"size": "big", "own": 1}]),
    Told("* /v3/content/page-widgets", "*.storefront_api_query_params", [{"productId": 8}]),
    Told("* /v3/themes/*", "settings", [{"logo_size": "200x80"}]),
    Told("* /v3/content/pages*", "url", ["/chosen-page/"]),
    Told("* /v3/content/scripts*", "src", ["https://chosen.test/a.js"]),
    Told("PUT /v3/storefront/redirects", "from_path", ["/another-path/"]),
    Told("PUT /v3/storefront/redirects", "to.entity_id", ["{other_product}"], inside={"type": "product"}),
    Told("PUT /v3/storefront/redirects", "to.type", ["brand"], inside={"entity_id": "{other_brand}"}),
    Told("* /v3/content/scripts*", "html", ["<script>let b</script>"], beside=AS_TAG),
    Told("PUT /v3/content/scripts/*", "kind", ["script_tag"], beside={**AS_TAG, "html": "<script></script>"}),
    Told("* /v3/content/scripts*", "integrity_hashes", [["sha512-Q2hhdA=="]]),
    Told("POST /v3/catalog/categories", "parent_id", ["{other_category}"]),
    Told("* /v3/catalog/trees/categories", "parent_id", ["{other_category}"]),
    Told("* /v3/catalog/trees/categories", "url.path", ["/chosen/"]),
    Told("* /v3/catalog/trees/categories", "url.is_customized", [True], inside={"path": "/chosen/"}),
    Told("*-assignments", "product_id", ["{other_product}"]),
    Told("*-assignments", "category_id", ["{other_category}"]),
    Told("*-assignments", "channel_id", ["{other_channel}"]),
    Told(f"* {P3}*", "is_price_hidden", beside=HIDE),
    Told(f"* {P3}*", "price_hidden_label", beside=HIDE),
    Told("* /v2/products*", "is_price_hidden", beside=HIDE),
    Told("* /v2/products*", "price_hidden_label", beside=HIDE),
    Told("* /v2/products*", "categories", [["{other_category}"]]),
    Told(f"* {P3}*images*", "image_url", ["{blue_file}"]),
    Told(f"* {P3}*", "images.image_url", ["{blue_file}"]),
    Told("* /v2/products/{product_id}/images*", "image_file", ["{blue_file}"]),
    Told("* /v2/brands*", "image_file", ["https://images.test/brand.png"]),
    Told("* /v2/categories*", "image_file", ["https://images.test/category.png"]),
    Told("POST /v2/products/{product_id}/images", "is_thumbnail", [True]),
    Told("* /v2/products/{product_id}/videos*", "url", ["https://www.youtube.com/watch?v=zzzzzzzzzzz"]),
    Told("* /v3/catalog/brands/metafields", "resource_id", ["{other_brand}"]),
    Told("* /v2/*rules*", "*_adjuster", [{"adjuster": "relative", "adjuster_value": 4}]),
    Told("* /v2/*rules*", "conditions", [[{"product_option_id": "{wrap}", "option_value_id": "{paper}"}]]),
    Told("* /v2/products/*skus*", "options", [[{"product_option_id": "{gown_size}", "option_value_id": "{gown_xxl}"}]]),
    Told("*", "*adjuster", inside={"adjuster_value": 3}),
    Told("*", "*adjuster_value", [3], inside={"adjuster": "relative"}),
    Told("*complex-rules*", "conditions.modifier_id", ["{ribbon}"], inside={"modifier_value_id": "{silk}"}),
    Told("*complex-rules*", "conditions.modifier_value_id", ["{silk}"], inside={"modifier_id": "{ribbon}"}),
    Told("*complex-rules*", "conditions.variant_id", ["{hammers}"]),
    Told("* /v2/products/{product_id}/reviews*", "status", [1, 2]),
    Told("*/reviews*", "status", ["approved", "disapproved"]),
    Told("* /v2/option_sets/{option_set_id}/options", "option_id", ["{woods}"]),
    Told("POST /v2/option_sets/options", "is_required", [True]),
    Told("POST /v3/channels", "platform", ["square"]),
    Told("* /v2/pages*", "parent_id", ["{other_page}"]),
    Told("* /v2/pages*", "content_type", ["text/javascript"], beside={"type": "raw"}),
    Told("* /v2/redirects*", "forward.type", ["brand"], inside={"ref": "{other_brand}"}),
    Told("* /v2/redirects*", "forward.ref", ["{other_product}"], inside={"type": "product"}),
    Told("* /v2/redirects*", "path", ["/moved/"]),
    Told(
        "* /v2/blog/posts*",
        "published_date",
        shown="published_date.date",
        values=["2031-05-04T03:02:01+00:00"],
        reads={"2031-05-04T03:02:01+00:00": "2031-05-04 03:02:01.000000"},
    ),
    Told("* /v2/currencies*", "token_location", ["right"]),
    Told("POST /v3/customers", "attributes.attribute_id", ["{other_attribute}"], inside={"attribute_value": "9"}),
    Told("*", "*product_options.id", [7777], inside={"value": "x"}),
    Told("*", "config.date_earliest_value", ["2026-05-02"]),
    Told("*", "items.adjustments.amount", [-0.1]),
    Told("* /v3/customers/attribute-values", "value", shown="[].attribute_value"),
    Told("* /v3/customers/attribute-values", "attribute_id", ["{other_attribute}"]),
    Told("* /v3/customers/form-field-values", "customer_id", ["{al}"]),
    Told("PUT /v2/customers/{id}", "_authentication.force_reset", shown="reset_pass_on_login", values=[True]),
    Told("* /v2/coupons*", "expires", ["Sun, 04 May 2031 03:02:01 +0000"]),
    Told("* /v2/coupons*", "applies_to.entity", ["products"], inside={"ids": ["{hammer}"]}),
    Told("* /v2/coupons*", "applies_to.ids", [["{other_category}"]], inside={"entity": "categories"}),
    Told("* /v2/coupons*", "restricted_to.countries", ["US"]),
    Told("* /v2/coupons*", "shipping_methods", [["shipping_perorder"], ["perorder"], ["peritem"], ["shipping_byitem"]]),
    Told("* /v2/banners*", "date_type", ["custom"], beside={"date_from": "2031-05-04", "date_to": "2031-06-04"}),
    Told("*", "*form_fields.value", ["13"], inside={"name": "Gate"}),
    *(
        Told("* /v2/orders*", f"{name}_{one}_tax", [70], beside={f"{name}_{other}_tax": 70})
        for name in PRICED
        for one, other in (("ex", "inc"), ("inc", "ex"))
    ),
    *(
        Told("* /v2/orders*", f"*{name}_{one}_tax", [70], inside={f"{name}_{other}_tax": 70, **more})
        for name, more in (("price", {}), ("wrapping_cost", {"wrapping_id": 1}))
        for one, other in (("ex", "inc"), ("inc", "ex"))
    ),
    Told("*/shipments/{id}", "tracking_carrier", ["dhl"], beside={"shipping_provider": ""}),
    Told("*/refunds", "merchant_calculated_override.total_amount", [9.39], inside={"total_tax": 0}),
    Told("* /v2/shipping/zones*", "locations.country_iso2", ["CA"], inside={"state_iso2": "ON"}),
    Told("* /v2/shipping/zones*", "locations.state_iso2", ["NY"]),
    Told("* /v2/shipping/zones/{id}/methods*", "channel_ids", [["{other_channel}"]]),
    Told("* /v?/hooks*", "scope", ["store/customer/*"]),
    Told("* /v?/hooks*", "destination", ["https://example.com/elsewhere"]),
    Told("* /v?/hooks*", "headers", [{"X-Test": "yes"}]),
    Told("POST /v3/wishlists/{wishlist_id}/items", "items.product_id", ["{other_product}"]),
    *(
        Told("PUT /v3/carts/*/items/*", f"line_item.{name}", shown=f"{IN_CART}.{name}")
        for name in ("quantity", "list_price", "name")
    ),
    Told("PUT /v3/carts/*/items/*", "line_item.product_id", ["{other_product}"], shown=f"{IN_CART}.product_id"),
    Told(
        "PUT /v3/carts/*/items/*",
        "line_item.gift_wrapping.wrap_details.message",
        shown=f"{IN_CART}.gift_wrapping.message",
        inside={"id": 1},
    ),
    Told("* /v3/carts*", "line_items.product_id", ["{other_product}"], shown=f"{IN_CART}.product_id"),
    Told("* /v3/carts*", "line_items.list_price", [3.5], shown=f"{IN_CART}.list_price"),
    Told("* /v3/carts*", "line_items.quantity", shown=f"{IN_CART}.quantity"),
    Told("* /v3/carts*", "line_items.name", shown=f"{IN_CART}.name"),
    *(
        Told("* /v3/carts*", f"custom_items.{name}", shown=f"line_items.custom_items.[].{name}")
        for name in ("sku", "name", "quantity", "list_price", "image_url")
    ),
    *(
        Told("* /v3/carts*", f"gift_certificates.{name}", shown=f"line_items.gift_certificates.[].{name}")
        for name in (
            "name",
            "theme",
            "amount",
            "sender.name",
            "sender.email",
            "recipient.name",
            "recipient.email",
            "message",
        )
    ),
    Told(
        "* /v3/carts*",
        "line_items.gift_wrapping.wrap_details.message",
        shown=f"{IN_CART}.gift_wrapping.message",
        inside={"id": 1},
    ),
    Told("* /v3/promotions*", "*_amount", ["3.5"]),
    Told("* /v3/promotions*", "*.minimum_spend", ["3.5"]),
    Told("* /v3/promotions*", "*.fixed_price", ["3.5"]),
    Told("* /v3/promotions*", "*.iso2_country_code", ["CA"]),
    Told("* /v3/promotions*", "schedule.daily_*_time", ["04:05:06"]),
    Told("* /v3/promotions*", "start_date", ["2026-02-01T00:00:00+00:00"]),
    Told("* /v3/promotions*", "rules.action.shipping.zone_ids", [[3]]),
    Told("* /v3/promotions*", "coupon_type", ["BULK", "SINGLE"]),
    Told("* /v3/promotions/{promotion_id}/codegen", "delimiter", ["-"]),
    *(Told("* /v3/inventory/locations", f"operating_hours.*.{name}", ["09:30"]) for name in ("opening", "closing")),
    *(
        Told("* /v3/inventory/locations", f"special_hours.{name}", ["09:30"], inside=SPECIAL)
        for name in ("opening", "closing")
    ),
    Told("* /v3/inventory/locations", "special_hours.*", inside=SPECIAL),
    Told("* /v3/inventory/locations", "time_zone", ["Europe/Paris"]),
    Told("PUT /v3/inventory/locations", "address.geo_coordinates.latitude", [11.5], inside={"longitude": 8}),
    Told("PUT /v3/inventory/locations", "address.geo_coordinates.longitude", [11.5], inside={"latitude": 8}),
    Told("PUT /v3/inventory/adjustments/absolute", "items.quantity", [3], shown="total_inventory_onhand"),
    Told("POST /v3/inventory/adjustments/relative", "items.quantity", [3], "total_inventory_onhand", reads={3: 8}),
    *(
        Told("PUT /v3/inventory/locations/{location_id}/items", f"settings.{name}", shown=f"settings.{name}")
        for name in ("safety_stock", "is_in_stock", "warning_level", "bin_picking_number")
    ),
    Told("* /v3/orders/pickups", "ready_at", [*AT_NOON], reads=AT_NOON),
    Told("* /v3/orders/pickups", "collected_at", [*AT_NOON], shown="pickup_items.[].collected_at", reads=AT_NOON),
    Told("* /v2/customer_groups*", "discount_rules.type", ["category"], inside={"category_id": "{tools}"}),
]


BILLING = (
    "first_name", "last_name", "email", "company", "address1", "address2", "city", "state_or_province", "postal_code",
    "phone", "custom_fields.field_id", "custom_fields.field_value",
)  # fmt: skip
TOLD = [
    *TOLD,
    *(Told("* /v3/checkouts/*billing-address*", name, shown=f"billing_address.{name}") for name in BILLING),
    Told("* /v3/checkouts/*billing-address*", "country_code", shown="billing_address.country_code"),
    Told("* /v3/checkouts/*", "*sri_hash", ["sha256-9B2Q"]),
    Told("POST /v3/checkouts/*/fees", "fees.cost", shown="fees.cost_ex_tax"),
    Told("PUT /v3/checkouts/*/fees", "fees.cost", shown="fees.cost_ex_tax"),
]


class Known(NamedTuple):
    """Members whose verdict is known: patterns of operations and members, and why."""

    operation: str
    member: str
    why: str

    def covers(self, operation: str, member: str) -> bool:
        """Whether a member is one of them."""
        return fnmatchcase(operation, self.operation) and fnmatchcase(member, self.member)


NAMES = "names a row that is there, and any other is refused"
IN_SETS = "a member that an option has in a set or a product"
FIELDS = "read-only by the operation's text"
FORMS = "one form of several stands there already; test_promotions.py writes and reads each"
BASIS = "what goes with it has to stand beside it: test_checkouts.py"
REFUSED: Sequence[Known] = [
    Known("* /v3/content/*", "*widget_template_uuid", NAMES),
    Known("* /v3/content/placements*", "widget_uuid", NAMES),
    Known("POST /v3/themes/*", "variation_id", NAMES),
    Known("POST /v3/infrastructure/deployments", "*", "a project and an upload that are there; test_hosting.py"),
    Known("POST /v3/storefront/api-token*", "*", "a time to come, channels and origins; test_storefront_tokens.py"),
    Known("PUT /v3/shipping/products/customs-information", "country_of_origin", "the code of a country"),
    Known("* /v3/checkouts/*", "*version", "any but the present version is a conflict (rule 30)"),
    Known("* /v3/checkouts/*", "*state_or_province_code", "must be of the country"),
    Known("* /v3/checkouts/*billing-address*", "country_code", "its states are others"),
    Known("* /v3/checkouts/*/consignments*", "*", BASIS),
    Known("* /v3/checkouts/*/coupons", "coupon_code", NAMES),
    Known("* /v3/checkouts/*/discounts", "cart.line_items.*", NAMES),
    Known("PUT /v3/checkouts/*/fees", "fees.id", NAMES),
    Known("* /v3/inventory/adjustments/*", "items.sku", NAMES),
    Known("* /v3/carts*", "line_item.option_selections.*", "names what the product asks; test_carts.py"),
    Known("PUT /v3/carts/*", "version", "is compared with the cart's"),
    Known("POST /v3/carts", "currency.code", "a currency that the channel has in use"),
    Known("POST /v3/catalog/products", "variants.id", NAMES),
    Known("POST /v3/pricelists/*records", "*", "a record that is there is refused"),
    Known("* *currency-assignments", "*_currenc*", "currencies that the store has in use, the default one among them"),
    Known("* /v3/channels/{channel_id}/listings", "*product_id", NAMES),
    Known("* /v3/channels/{channel_id}/listings", "variants.variant_id", NAMES),
    Known("* /v3/sites/{site_id}/routes*", "route", "a path with the words that routes of its type have"),
    Known("PUT /v3/sites/{site_id}/certificate", "certificate.*", "a certificate for this site, with its key"),
    Known("PUT /v3/sites/{site_id}/certificate", "url", "an address of this site"),
    Known("* /v3/carts*", "line_items.option_selections.*", "names what the product asks; test_carts.py"),
    Known("* /v3/carts/metafields", "resource_id", NAMES),
    Known("PUT /v3/carts/metafields", "id", "a number, though the schema has a text"),
    Known("POST /v3/pricelists/assignments", "price_list_id", NAMES),
    Known("POST /v3/pricing/products", "items.options.*", "names what the product asks; test_pricing_products.py"),
    Known("PUT /v3/pricelists/*records", "currency", NAMES),
    Known("PUT /v3/pricelists/*records", "sku", NAMES),
    Known("PUT /v3/pricelists/*records", "price_list_id", NAMES),
    Known("PUT /v3/segments", "id", NAMES),
    Known("PUT /v3/tax/zones", "id", NAMES),
    Known("PUT /v3/tax/rates", "id", NAMES),
    Known("PUT /v3/inventory/locations/{location_id}/items", "settings.identity.sku", NAMES),
    Known("PUT /v3/inventory/locations", "id", NAMES),
    Known("PUT /v3/inventory/locations/metafields", "id", "a number, though the schema has a text"),
    Known("PUT /v3/pickup/methods", "id", NAMES),
    Known("POST /v3/orders/pickups", "*_id", NAMES),
    Known("POST /v3/orders/pickups", "pickup_items.quantity", "at most what is left"),
    Known("PUT *sort-order", "product_id", NAMES),
    Known("PUT /v3/catalog/trees", "id", NAMES),
    Known("PUT /v3/catalog/trees", "channels", "a tree stays with its channel (rule 40)"),
    Known("POST /v3/catalog/trees/categories", "tree_id", NAMES),
    *(Known("* /v3/catalog/products*", f"{part}.id", NAMES) for part in ("custom_fields", "images", "videos")),
    Known("* /v3/catalog/products/*", "option_values.id", NAMES),
    Known("POST */variants", "option_values.option_display_name", NAMES),
    Known("POST */variants", "option_values.label", NAMES),
    *(Known("* /v2/options*", name, IN_SETS) for name in ("option_id", "sort_order", "is_required")),
    Known("PUT /v2/options/{id}", "type", "the values of an option keep their meaning"),
    Known("* /v2/products*", "downloads", "a link"),
    Known("* /v2/products*", "metadata", "appears where members are chosen (rule 28)"),
    *(
        Known("* /v2/products/{product_id}/images*", f"{size}_url", "shown by examples, in no table")
        for size in ("zoom", "thumbnail", "standard", "tiny")
    ),
    Known("PUT /v2/pages/{id}", "channel_id", FIELDS),
    Known("PUT /v3/content/pages*", "channel_id", "a page stays on its channel"),
    Known("PUT /v3/customers", "origin_channel_id", "does not change (rule 102)"),
    Known("PUT /v3/customers/attribute-values", "id", NAMES),
    Known("PUT /v3/customers/form-field-values", "address_id", "stands for customer_id, and not beside it"),
    Known("POST /v2/customers", "date_modified", FIELDS),
    Known("PUT /v2/customers/{id}", "addresses.*", "a link"),
    Known("PUT /v2/customers/{id}", "_authentication.password_confirmation", "has to be the same as the password"),
    Known("* */shipments*", "order_address_id", NAMES),
    Known("POST */shipments", "items.order_product_id", NAMES),
    Known("PUT /v3/wishlists/{id}", "customer_id", "a wishlist stays its customer's"),
    Known("PUT /v3/wishlists/{id}", "items.id", NAMES),
    Known("* /v2/orders*", "*product_options.id", NAMES),
    Known("PUT /v2/orders/{id}", "*.product_options.cost_price_inc_tax", "no member of a choice"),
    Known("PUT /v2/orders/{id}", "consignments.pickups.id", NAMES),
    Known("PUT /v2/orders/{id}", "consignments.pickups.line_items.*_id", "a custom line stays one"),
    Known("PUT /v2/orders/{id}", "shipping_addresses.id", NAMES),
    Known("* /v3/promotions*", "rules.*.items.*", FORMS),
    Known("* /v3/promotions*", "customer.segments.*", FORMS),
    *(Known("PUT /v3/promotions/{id}", f"rules.{part}.*", FORMS) for part in ("action", "condition.and")),
    Known("PUT /v3/promotions/{id}", "shipping_address.countries.*", FORMS),
    Known("PUT /v3/promotions/{id}", "coupon_type", "does not change, as published"),
    Known("* */payment_actions/*", "items.amount", "must be what is left, or follows from the quantity"),
    Known("* */payment_actions/*", "items.quantity", "at most what is left"),
    Known("* */payment_actions/*", "items.adjustments.*", "must be below 0, and of a product"),
    Known("* */refunds", "items.item_id", NAMES),
    Known("* */refunds", "payments.*", "must be what a quote says"),
    Known("* */refunds", "merchant_calculated_override.*", "both at once, and what is paid back must come to it"),
]
"""Valid values that are refused all the same."""

UNSENT: Sequence[str] = [
    "POST /v3/payments/access_tokens",
    "POST /v3/storefront/redirects/imex/export",
    "POST /v3/catalog/products/{product_id}/variants/{id}/image",
]
"""Operations with a published body that are not tried: payments (`test_payments.py`), jobs of redirects, of which a
store has one at a time (`test_redirect_jobs.py`), a form with a file (`test_images.py`)."""

ELSEWHERE: Sequence[Known] = [
    Known("PUT /v3/settings/analytics/*", "is_oauth_connected", "test_store_settings.py"),
    Known("PUT /v3/shipping/products/customs-information", "hs_codes", "test_shipping_v3.py"),
    Known("* /v3/marketing/*", "*translations.keys", "test_emails.py"),
    Known("POST /v3/content/scripts", "kind", "test_content_v3.py"),
    Known("* /v3/channels/currency-assignments", "channel_id", "test_channel_currencies.py"),
    Known("PUT */channel-assignments", "product_id", "test_assignments.py"),
    Known("*", "*value_data", "test_options.py"),
    Known("POST /v2/customers", "_authentication", "test_customer_passwords.py"),
    Known("* /v2/shipping/carrier/connection", "connection", "test_shipping.py"),
]
"""Members whose value cannot be told from what is shown anyway, and the module that tests them."""


def told(operation: str, member: str) -> Told:
    """What is told of a member; the first that fits."""
    found = (row for row in TOLD if fnmatchcase(operation, row.operation) and fnmatchcase(member, row.member))
    return next(found, Told(operation, member))
