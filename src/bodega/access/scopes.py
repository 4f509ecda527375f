"""The OAuth scopes: what an account may read and write.

A scope for writing usually has a twin for reading only, named `..._read_only`.
"""

from __future__ import annotations

from collections.abc import Set

DEFAULT = "default"
"""Granted to every account, so an operation that needs it needs nothing."""

SCOPES: dict[str, str] = {
    DEFAULT: "the time, countries and states, webhooks: open to every account",
    "account_apps_read": "the apps of the account that owns the stores, for reading",
    "account_checkouts_create": "starting a checkout on the account's behalf",
    "account_checkouts_read": "checkouts of the account, for reading",
    "account_read": "the account that owns the stores, for reading",
    "account_stores_read": "the stores of the account, for reading",
    "account_subscriptions_cancel": "ending subscriptions of the account",
    "account_subscriptions_read": "subscriptions of the account, for reading",
    "account_users_delete": "removing users of the account",
    "account_users_read": "users of the account, for reading",
    "account_users_write": "adding and changing users of the account",
    "store_app_extensions_manage": "app extensions in the control panel",
    "store_cart": "carts",
    "store_cart_read_only": "carts, for reading",
    "store_channel_listings": "channels and their listings",
    "store_channel_listings_read_only": "channels and their listings, for reading",
    "store_channel_settings": "channels and their settings",
    "store_channel_settings_read_only": "channels and their settings, for reading",
    "store_checkout": "checkouts",
    "store_checkout_read_only": "checkouts, for reading",
    "store_content_checkout": "scripts on the checkout pages",
    "store_content_checkout_read_only": "scripts on the checkout pages, for reading",
    "store_fulfillment_methods_manage": "pickup methods and options",
    "store_fulfillment_methods_read_only": "pickup methods and options, for reading",
    "store_infrastructure_deployments_create_preview": "uploading a bundle and deploying it as a preview",
    "store_infrastructure_deployments_manage": "deployments of infrastructure hosting",
    "store_infrastructure_deployments_read_only": "deployments of infrastructure hosting, for reading",
    "store_infrastructure_logs_read_only": "logs of infrastructure hosting, for reading",
    "store_infrastructure_projects_manage": "projects of infrastructure hosting",
    "store_infrastructure_projects_read_only": "projects of infrastructure hosting, for reading",
    "store_inventory": "stock at locations",
    "store_inventory_read_only": "stock at locations, for reading",
    "store_locations": "locations",
    "store_locations_read_only": "locations, for reading",
    "store_logs_read_only": "logs of what happened in the store",
    "store_metafield_change_owner": "handing metafields over to another owner",
    "store_metafield_write": "metafields that the account may write",
    "store_metafield_write_all": "all metafields",
    "store_order_fulfillment_manage": "pickups of orders",
    "store_order_fulfillment_read_only": "pickups of orders, for reading",
    "store_payments_access_token_create": "tokens for processing a payment",
    "store_payments_methods_read": "the payment methods an order accepts, for reading",
    "store_sites": "sites, their routes and certificates",
    "store_sites_read_only": "sites, their routes and certificates, for reading",
    "store_storefront_api": "tokens for the storefront API",
    "store_storefront_api_customer_impersonation": "tokens that act for a customer in the storefront API",
    "store_stored_payment_instruments": "stored cards and other instruments of customers",
    "store_stored_payment_instruments_read_only": "stored cards and other instruments of customers, for reading",
    "store_themes_manage": "themes",
    "store_themes_read_only": "themes, for reading",
    "store_translations": "translations",
    "store_translations_read_only": "translations, for reading",
    "store_v2_content": "pages, blog, redirects, widgets",
    "store_v2_content_read_only": "pages, blog, redirects, widgets, for reading",
    "store_v2_customers": "customers, their addresses and groups, subscribers, wishlists",
    "store_v2_customers_login": "logging a customer in",
    "store_v2_customers_read_only": "customers, their addresses and groups, subscribers, wishlists, for reading",
    "store_v2_information": "store information and settings, currencies, shipping, tax",
    "store_v2_information_read_only": "store information and settings, currencies, shipping, tax, for reading",
    "store_v2_marketing": "coupons, gift certificates, banners, promotions",
    "store_v2_marketing_read_only": "coupons, gift certificates, banners, promotions, for reading",
    "store_v2_orders": "orders and all that belongs to them",
    "store_v2_orders_read_only": "orders and all that belongs to them, for reading",
    "store_v2_products": "the catalogue (products, categories, brands, options) and price lists",
    "store_v2_products_read_only": "the catalogue (products, categories, brands, options) and price lists, for reading",
    "store_v2_transactions": "payments and refunds of orders",
    "store_v2_transactions_read_only": "payments and refunds of orders, for reading",
}

READERS: dict[str, str] = {
    scope: twin for scope in SCOPES if (twin := scope.removesuffix("_manage") + "_read_only") in SCOPES
}
"""From a scope for writing to its read-only twin."""

ALL = frozenset(scope for scope in SCOPES if scope.startswith("store_") and scope not in READERS.values())
"""Everything a store can grant: the default of new accounts."""


def allows(granted: Set[str], needed: str, *, writes: bool) -> bool:
    """Whether an account with the scopes `granted` may use an operation that needs `needed`.

    `needed` is the scope for writing; for reading (GET, HEAD, OPTIONS) its twin is enough. "" and
    "default" are open to everyone. Of several, joined by "|", any one is enough.
    """
    if "|" in needed:
        return any(allows(granted, item, writes=writes) for item in needed.split("|"))
    if needed in granted or not needed or needed == DEFAULT:
        return True
    return not writes and READERS.get(needed) in granted
