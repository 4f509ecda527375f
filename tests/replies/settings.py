"""Settings of the store and its channels, analytics, filters of search, logs."""

from __future__ import annotations

from typing import Any

from pictures import FORM, form
from replies import Differs, Row

EMAILS = (
    "abandoned_cart_email account_details_changed_email combined_order_status_email create_account_email"
    " create_guest_account_email gift_certificate_email invoice_email order_message_notification_email"
    " product_review_email return_confirmation_email return_statuschange_email"
)
BODIES: dict[str, dict[str, Any]] = {
    "store/profile": {
        "store_address": "1 Main Street",
        "store_email": "owner@example.com",
        "store_name": "Blue Door",
        "store_phone": "555",
    },
    "store/units-of-measurement": {
        "weight_measurement": "KGS",
        "length_measurement": "Centimeters",
        "decimal_token": ".",
        "thousands_token": ",",
        "decimal_places": 3,
        "factoring_dimension": "width",
    },
    "logo": {"logo_text": "Blue Door", "type": "text"},
    "catalog": {"auto_approve_reviews": False, "enable_product_comparisons": False},
    "email-statuses": dict.fromkeys(EMAILS.split(), True),
    "inventory": {
        "product_out_of_stock_behavior": "hide_product",
        "option_out_of_stock_behavior": "label_option",
        "update_stock_behavior": "order_placed",
        "edit_order_stock_adjustment": True,
        "refund_order_stock_adjustment": True,
        "stock_level_display": "show",
        "default_out_of_stock_message": "None left",
        "hide_in_product_filtering": True,
        "show_pre_order_stock_levels": True,
        "show_out_of_stock_message": True,
    },
    "inventory/notifications": {
        "low_stock_notification_address": ["low@example.com"],
        "out_of_stock_notification_address": ["out@example.com"],
    },
    "storefront/category": {
        "category_tree_depth": 3,
        "default_product_sort": "newest",
        "listing_mode": "child_categories",
    },
    "storefront/product": {
        "show_product_price": True,
        "show_product_sku": False,
        "default_preorder_message": "Soon",
        "show_breadcrumbs_product_pages": "show_none",
        "hide_price_from_guests": True,
    },
    "storefront/robotstxt": {"robots_txt_ssl": "User-agent: *"},
    "storefront/search": {
        "content_product_sort": "alphaasc",
        "default_product_sort": "newest",
        "product_filtering_enabled": True,
        "search_suggest": False,
    },
    "storefront/security": {
        "csp_header": {"enabled": True, "header_value": "default-src 'self'"},
        "hsts": {"enabled": True, "include_preload": True, "include_subdomains": True, "max_age": "one_year"},
        "sitewide_https_enabled": True,
        "x_frame_options_header": {"allowed_url": "", "enabled": True, "setting": "same_origin"},
    },
    "storefront/seo": {
        "meta_description": "Doors",
        "meta_keywords": "door",
        "page_title": "Doors",
        "www_redirect": "no-www",
    },
    "storefront/status": {"down_for_maintenance_message": "Closed", "prelaunch_message": "Soon"},
}
LOCALE = {
    "default_shopper_language": "en",
    "shopper_language_selection_method": "browser",
    "store_country": "United States",
}


def rows() -> list[Row]:
    """Of the store, of a channel, and back to the store."""
    made = []
    for path, body in BODIES.items():
        at, own = f"/v3/settings/{path}", f"/v3/settings/{path}?channel_id=1"
        made += [Row("PUT", at, body), Row("GET", at), Row("PUT", own, body), Row("GET", own)]
        made += [Row("PUT", own, dict.fromkeys(body)), Row("GET", own)]
    return made


AT = "/v3/settings/search/filters"
BRAND = {"id": "YnJhbmQ6", "type": "brand", "display_name": "Maker", "items_to_show": 15, "sort_by": "item_count"}
OTHER = {"id": "b3RoZXI6", "type": "other"}
ROWS = [
    *rows(),
    Row("PUT", "/v3/settings/storefront/category", {"listing_mode": "anything"}, status=422),
    Row("PUT", "/v3/settings/store/profile", {"store_name": None}, status=422),
    Row("GET", "/v3/settings/inventory?channel_id=9999", status=422),
    Row("PUT", "/v3/settings/store/locale", LOCALE),
    Row("PUT", "/v3/settings/store/locale", {**LOCALE, "store_country": "Atlantis"}, status=422),
    Row("POST", "/v3/settings/logo/image", form(name="LogoFile"), headers=FORM),
    Row("POST", "/v3/settings/favicon/image", form(name="FaviconFile"), headers=FORM),
    Row("POST", "/v3/settings/favicon/image", form(b"<html>", name="FaviconFile"), headers=FORM, status=422),
    Row("GET", "/v3/settings/logo"),
    Row("PUT", "/v3/settings/analytics/1", {"code": "G-1", "enabled": True, "version": 2}),
    Row("PUT", "/v3/settings/analytics/1", {"name": "Meta Pixel"}, status=409),
    Row("PUT", "/v3/settings/analytics/99", {}, status=404),
    Row("PUT", AT, [BRAND, {"id": "cHJpY2U6"}, {"id": "cmF0aW5nOg=="}, {"id": "Y2F0ZWdvcnk6"}, {"id": "b3RoZXI6"}]),
    Row("GET", f"{AT}/available"),
    Row("PUT", f"{AT}/contexts", [{"context": {"channel_id": 1, "category_id": "{tools}"}, "data": [BRAND, OTHER]}]),
    Row("GET", f"{AT}/contexts"),
]

PATHS = {"/v3/settings/analytics/{id}": ["/v3/settings/analytics/1"]}

DIFFERS = [
    *(
        Differs("* /v3/settings/*", "data.*", word, "null at a channel is what it has from the store, as is published")
        for word in ("type", "enum")
    ),
    Differs("* /v3/settings/analytics*", "*api_secret", "absent", "no body takes one, so there is none to show"),
    *(
        Differs("* /v3/settings/analytics/{id}", name, "extra", "refusals have the form of every refusal")
        for name in ("status", "title", "type")
    ),
    Differs("PUT /v3/settings/storefront/category", "errors.*", "extra", "faults are told by member, as elsewhere"),
]
