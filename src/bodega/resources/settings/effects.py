"""What each setting does: the table of docs/store-settings.md, which is made from this.

`EFFECTS` act here, `TOLD` are told by the storefront's GraphQL API to whoever shows the shop, and
`tests/test_settings_act.py` turns each of them. `KEPT` are stored, inherited and told by their own resource; nothing
follows from them yet, and the text says what could.
"""

from __future__ import annotations

from collections.abc import Mapping

_FRONT = "pages for shoppers"
_PAGE = "the page of a product"
_LISTS = "lists of products"
_MAIL = "an e-mail that is not written yet"

EFFECTS: Mapping[str, Mapping[str, str]] = {
    "settings/store/profile": {
        "store_address": "`address` of `GET /v2/store`",
        "store_email": "`admin_email` of `GET /v2/store`",
        "store_name": "`name` of `GET /v2/store`; the title and logo of pages for shoppers; the name in e-mails",
        "store_phone": "`phone` of `GET /v2/store`",
    },
    "settings/store/locale": {
        "default_shopper_language": "`language` of `GET /v2/store`; the locale of a cart that names none, and with it "
        "of its order and of e-mails",
        "store_country": "`country` and `country_code` of `GET /v2/store`",
    },
    "settings/store/units-of-measurement": {
        "weight_measurement": "`weight_units` of `GET /v2/store`; the unit of weights in GraphQL",
        "length_measurement": "`dimension_units` of `GET /v2/store`; the unit of lengths in GraphQL",
        "decimal_token": "`dimension_decimal_token` of `GET /v2/store`",
        "thousands_token": "`dimension_thousands_token` of `GET /v2/store`",
        "decimal_places": "`dimension_decimal_places` of `GET /v2/store`",
    },
    "settings/logo": {
        "favicon_url": "`favicon_url` of `GET /v2/store`; where `/favicon.ico` leads; the icon of pages for shoppers",
        "logo_image_url": "`logo.url` of `GET /v2/store` and the logo of pages for shoppers, while `type` is image",
        "logo_text": "the logo of pages for shoppers; without it that is the store's name",
        "type": "whether the image or the text is the logo",
    },
    "settings/catalog": {
        "auto_approve_reviews": "a review that is created without a status is approved, and counts for its product",
    },
    "settings/email-statuses": {
        "abandoned_cart_email": "whether shoppers who left a cart are written to",
    },
    "settings/inventory": {
        "product_out_of_stock_behavior": "unless it is do_nothing, products without stock are not counted by "
        "`GET /v3/settings/search/filters/available`, as shoppers do not find them",
        "update_stock_behavior": "when an order of the channel takes its stock: placed, or shipped or completed",
        "edit_order_stock_adjustment": "whether edits of an order of the channel move stock",
        "refund_order_stock_adjustment": "whether a refunded or cancelled order of the channel gives its stock back",
    },
    "settings/inventory/notifications": {
        "low_stock_notification_address": "who is written to when stock falls to its warning level",
        "out_of_stock_notification_address": "who is written to when stock has run out",
    },
    "settings/storefront/category": {
        "category_tree_depth": "the page of a category leads to those below it, unless the depth is 1",
        "default_product_sort": "the order of products on the page of a category that has none of its own",
        "listing_mode": "which categories' products the page of a category shows, and "
        "`GET /v3/settings/search/filters/available` counts for it",
    },
    "settings/storefront/product": {
        "show_product_price": "without it no product has prices, in GraphQL and on the pages of the shop",
        "hide_price_from_guests": "with it no product has prices for whoever is not signed in, there as well",
        "show_product_sku": f"{_PAGE} of the shop shows it",
        "show_product_weight": f"{_PAGE} of the shop shows it",
        "show_product_brand": f"{_PAGE} of the shop shows it, and lists do",
        "show_product_rating": f"{_PAGE} of the shop shows stars and reviews, and lists show stars",
        "show_add_to_cart_link": "lists of products on the pages of the shop have a button for the cart",
        "show_breadcrumbs_product_pages": f"{_PAGE} of the shop shows its categories",
        "show_add_to_cart_qty_box": f"{_PAGE} of the shop asks how many",
        "default_preorder_message": f"{_PAGE} of the shop shows it where the product is for pre-order and has no "
        "message of its own",
    },
    "settings/storefront/search": {
        "default_product_sort": "the order of what a search by words finds, in GraphQL and on the page of the shop, "
        "unless another is asked for",
        "product_filtering_enabled": "whether a search has filters, in GraphQL and on the page of the shop",
    },
    "settings/storefront/robotstxt": {
        "robots_txt_ssl": "the text of `/robots.txt` at the host of the channel, while it is open",
    },
    "settings/storefront/seo": {
        "meta_description": f"the description in {_FRONT}",
        "meta_keywords": f"the keywords in {_FRONT}",
        "page_title": "the title of pages for shoppers; without it that is the store's name",
        "www_redirect": "302 from the name without www to that with it, or back, of pages for shoppers",
    },
    "settings/storefront/security": {
        "csp_header": f"Content-Security-Policy of {_FRONT}",
        "hsts": f"Strict-Transport-Security of {_FRONT} over HTTPS",
        "sitewide_https_enabled": f"302 from HTTP to HTTPS of {_FRONT}; `features.sitewidehttps_enabled` of "
        "`GET /v2/store`",
        "x_frame_options_header": f"X-Frame-Options of {_FRONT}, and who may frame them by their policy",
    },
    "settings/storefront/status": {
        "down_for_maintenance_message": "what shoppers read while the store is in maintenance or the channel inactive; "
        "then also `settings.statusMessage` in GraphQL",
        "prelaunch_message": "what shoppers read while the channel's status is prelaunch; then also "
        "`settings.statusMessage` in GraphQL",
        "prelaunch_password": "opens a channel before its launch; made with the first change of these settings",
    },
}

TOLD: Mapping[str, Mapping[str, str]] = {
    "settings/store/profile": {
        "store_address": "contact.address",
        "store_address_type": "contact.addressType",
        "store_email": "contact.email",
        "store_name": "storeName",
        "store_phone": "contact.phone",
    },
    "settings/store/locale": {"default_shopper_language": "locales", "store_country": "contact.country"},
    "settings/logo": {"favicon_url": "faviconUrl", "logo_image_url": "logoV2", "logo_text": "logoV2", "type": "logoV2"},
    "settings/catalog": {"enable_product_comparisons": "storefront.catalog.productComparisonsEnabled"},
    "settings/inventory": {
        "product_out_of_stock_behavior": "inventory.productOutOfStockBehavior",
        "option_out_of_stock_behavior": "inventory.optionOutOfStockBehavior",
        "update_stock_behavior": "inventory.updateStockBehavior",
        "stock_level_display": "inventory.stockLevelDisplay",
        "default_out_of_stock_message": "inventory.defaultOutOfStockMessage",
        "hide_in_product_filtering": "inventory.hideInProductFiltering",
        "show_pre_order_stock_levels": "inventory.showPreOrderStockLevels",
        "show_out_of_stock_message": "inventory.showOutOfStockMessage",
    },
    "settings/storefront/product": {"show_product_rating": "display.showProductRating reviews.enabled"},
    "settings/storefront/search": {"product_filtering_enabled": "search.productFilteringEnabled"},
    "settings/storefront/robotstxt": {"robots_txt_ssl": "robotsTxt"},
    "settings/storefront/seo": {
        "meta_description": "seo.metaDescription",
        "meta_keywords": "seo.metaKeywords",
        "page_title": "seo.pageTitle",
    },
    "settings/storefront/security": {
        "csp_header": "security.customCspHeader",
        "hsts": "security.hsts",
        "x_frame_options_header": "security.xFrameOptions",
    },
}
"""The fields of GraphQL's `settings` that tell a member; of an object those inside it."""

KEPT: Mapping[str, Mapping[str, str]] = {
    "settings/store/locale": {"shopper_language_selection_method": "the language of pages"},
    "settings/store/units-of-measurement": {"factoring_dimension": "packing of parcels"},
    "settings/email-statuses": {
        "account_details_changed_email": _MAIL,
        "combined_order_status_email": _MAIL,
        "create_account_email": _MAIL,
        "create_guest_account_email": _MAIL,
        "gift_certificate_email": _MAIL,
        "invoice_email": _MAIL,
        "order_message_notification_email": _MAIL,
        "product_review_email": _MAIL,
        "return_confirmation_email": _MAIL,
        "return_statuschange_email": _MAIL,
    },
    "settings/storefront/product": {
        "show_product_shipping": _PAGE,
        "show_add_to_wishlist": _PAGE,
    },
    "settings/storefront/search": {
        "content_product_sort": "results of search",
        "search_suggest": "the search box",
    },
}

OTHERS: Mapping[str, str] = {
    "settings/analytics": "`settings.webAnalytics` in GraphQL: the tag of Google Analytics, the pixel of Meta",
    "settings/search/filters": "which filters a search has in GraphQL, in which order",
    "settings/search/filters/contexts": "takes the place of the store's filters in a category or channel",
}
"""Settings that are lists."""
