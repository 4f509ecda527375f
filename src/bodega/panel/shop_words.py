"""The settings of a shop in the words of its keeper: which page each is on, what it is called, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Part(NamedTuple):
    """A group of settings on a page: its path in the API, its title, and for each member `Title|What it does`."""

    path: str
    title: str
    words: Mapping[str, str]


class ShopPage(NamedTuple):
    """A page of settings."""

    title: str
    about: str
    parts: tuple[Part, ...]


_MESSAGE = "What shoppers read"
PAGES: Mapping[str, ShopPage] = {
    "profile": ShopPage(
        "Your shop",
        "Name, address, logo, language, measures",
        (
            Part(
                "settings/store/profile",
                "Who you are",
                {
                    "store_name": "Name of the shop|On every page and in every e-mail.",
                    "store_address": "Address|On invoices and for carriers.",
                    "store_address_type": "Kind of address|",
                    "store_phone": "Telephone|",
                    "store_email": "E-mail|Where customers reach you.",
                },
            ),
            Part(
                "settings/logo",
                "Logo",
                {
                    "type": "The logo is|An image is uploaded below.",
                    "logo_text": "Text of the logo|Empty: the name of the shop.",
                },
            ),
            Part(
                "settings/store/locale",
                "Language and country",
                {
                    "default_shopper_language": "Language|As en, or several: en, fr.",
                    "shopper_language_selection_method": "Shoppers read|Their browser's language, or always yours.",
                    "store_country": "Country|Where you sell from.",
                },
            ),
            Part(
                "settings/store/units-of-measurement",
                "Measures",
                {
                    "weight_measurement": "Weights are in|Changing it converts nothing.",
                    "length_measurement": "Lengths are in|Changing it converts nothing.",
                    "decimal_token": "Decimal sign|",
                    "thousands_token": "Sign between thousands|",
                    "decimal_places": "Decimal places|",
                    "factoring_dimension": "Parcels are stacked by|",
                },
            ),
        ),
    ),
    "display": ShopPage(
        "What shoppers see",
        "Categories, products, reviews, search",
        (
            Part(
                "settings/storefront/category",
                "Categories",
                {
                    "category_tree_depth": "Levels in the menu|1 to 8.",
                    "default_product_sort": "Products are sorted by|Until a shopper chooses otherwise.",
                    "listing_mode": "A category shows products of|",
                },
            ),
            Part(
                "settings/storefront/product",
                "Products",
                {
                    "show_product_price": "Show the price|",
                    "hide_price_from_guests": "Only to those who signed in|Guests see no prices.",
                    "show_product_sku": "Show the SKU|",
                    "show_product_weight": "Show the weight|",
                    "show_product_brand": "Show the brand|",
                    "show_product_shipping": "Show the cost of shipping|",
                    "show_product_rating": "Show the rating|",
                    "show_add_to_cart_link": "Show “Add to cart”|",
                    "show_add_to_cart_qty_box": "Let shoppers choose how many|",
                    "show_add_to_wishlist": "Show “Add to wish list”|",
                    "show_breadcrumbs_product_pages": "Path to the category|Above the product.",
                    "default_preorder_message": "Message for pre-orders|Unless the product has its own.",
                },
            ),
            Part(
                "settings/catalog",
                "Reviews and comparing",
                {
                    "auto_approve_reviews": "Show reviews at once|Without your approval.",
                    "enable_product_comparisons": "Let shoppers compare products|",
                },
            ),
            Part(
                "settings/storefront/search",
                "Search",
                {
                    "default_product_sort": "Products found are sorted by|",
                    "content_product_sort": "Pages found are sorted by|",
                    "product_filtering_enabled": "Offer filters|By price, brand and the like.",
                    "search_suggest": "Suggest while typing|",
                },
            ),
        ),
    ),
    "stock": ShopPage(
        "Stock",
        "When orders take it, what is shown of it, who is told",
        (
            Part(
                "settings/inventory",
                "Stock",
                {
                    "update_stock_behavior": "Orders take stock when they are|",
                    "edit_order_stock_adjustment": "Changing an order moves stock|",
                    "refund_order_stock_adjustment": "Refunds and cancellations give it back|",
                    "product_out_of_stock_behavior": "A product that is out of stock|",
                    "option_out_of_stock_behavior": "A choice that is out of stock|",
                    "hide_in_product_filtering": "Leave it out of filters, too|",
                    "stock_level_display": "Show how many are left|",
                    "show_pre_order_stock_levels": "Also of pre-orders|",
                    "show_out_of_stock_message": "Say so in lists of products|",
                    "default_out_of_stock_message": f"Message when it is out of stock|{_MESSAGE}.",
                },
            ),
            Part(
                "settings/inventory/notifications",
                "Who is told",
                {
                    "low_stock_notification_address": "When stock runs low|E-mail addresses, separated by commas.",
                    "out_of_stock_notification_address": "When it has run out|E-mail addresses, separated by commas.",
                },
            ),
        ),
    ),
    "emails": ShopPage(
        "E-mails",
        "Which ones the shop sends",
        (
            Part(
                "settings/email-statuses",
                "The shop writes when",
                {
                    "create_account_email": "an account was made|",
                    "create_guest_account_email": "a guest was given an account|",
                    "account_details_changed_email": "an account was changed|",
                    "invoice_email": "an order was placed|",
                    "combined_order_status_email": "an order moves on|",
                    "order_message_notification_email": "there is a message about an order|",
                    "gift_certificate_email": "a gift certificate was bought|",
                    "return_confirmation_email": "a return was asked for|",
                    "return_statuschange_email": "a return moves on|",
                    "product_review_email": "a product can be reviewed|",
                    "abandoned_cart_email": "a cart was left|",
                },
            ),
        ),
    ),
    "found": ShopPage(
        "Being found",
        "Search engines and your address",
        (
            Part(
                "settings/storefront/seo",
                "Search engines",
                {
                    "page_title": "Title|Empty: the name of the shop.",
                    "meta_description": "Description|What search engines show below the title.",
                    "meta_keywords": "Keywords|",
                    "www_redirect": "Your address begins with|",
                },
            ),
            Part("settings/storefront/robotstxt", "Robots", {"robots_txt_ssl": "robots.txt|What robots may visit."}),
        ),
    ),
    "closed": ShopPage(
        "Closed",
        "What shoppers read while the shop is not open",
        (
            Part(
                "settings/storefront/status",
                "Closed",
                {
                    "down_for_maintenance_message": f"During maintenance|{_MESSAGE}.",
                    "prelaunch_message": f"Before the shop opens|{_MESSAGE}, with a field for the password.",
                },
            ),
        ),
    ),
    "security": ShopPage(
        "Security",
        "HTTPS, and what browsers are told",
        (
            Part(
                "settings/storefront/security",
                "Security",
                {
                    "sitewide_https_enabled": "HTTPS everywhere|HTTP leads to HTTPS.",
                    "hsts.enabled": "Browsers insist on HTTPS|For as long as is said below.",
                    "hsts.max_age": "For how long|",
                    "hsts.include_subdomains": "Also at addresses below yours|",
                    "hsts.include_preload": "Ask to be on browsers' lists|Hard to take back.",
                    "x_frame_options_header.enabled": "Say who may show the shop in a frame|",
                    "x_frame_options_header.setting": "Who may|",
                    "x_frame_options_header.allowed_url": "This address|",
                    "csp_header.enabled": "Say what pages may load|",
                    "csp_header.header_value": "The policy|The text of Content-Security-Policy.",
                },
            ),
        ),
    ),
}
"""All pages, by the last part of their address."""
