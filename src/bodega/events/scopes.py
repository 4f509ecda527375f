"""The scopes that a hook can subscribe to; `#` stands for the id of a channel, a last `*` for all scopes below."""

from __future__ import annotations

import re

_SCOPES = """
store/app: uninstalled
store/brand/metafield: * created deleted updated
store/cart: * created updated deleted couponApplied abandoned converted
store/cart/lineItem: * created updated deleted
store/cart/metafield: created deleted updated
store/category: * created updated deleted
store/category/metafield: created deleted updated
store/channel: * created updated
store/channel/#/cart: * created updated deleted couponApplied abandoned converted
store/channel/#/cart/lineItem: * created updated deleted
store/channel/#/category: * created updated deleted
store/channel/#/category/product: assigned unassigned
store/channel/#/categoryTree: updated
store/channel/#/email/templates: updated deleted
store/channel/#/notifications/abandonedCart: updated
store/channel/#/notifications/inventory: updated
store/channel/#/order: * created updated archived statusUpdated
store/channel/#/order/message: created
store/channel/#/order/refund: created
store/channel/#/page: created updated
store/channel/#/product: assigned unassigned
store/channel/#/script: created updated
store/channel/#/settings: *
store/channel/#/settings/SEO: updated
store/channel/#/settings/catalog: updated
store/channel/#/settings/category: updated
store/channel/#/settings/checkout: updated
store/channel/#/settings/currency: updated
store/channel/#/settings/customerPrivacy: updated
store/channel/#/settings/defaultCustomerGroup: updated
store/channel/#/settings/emailStatus: updated deleted
store/channel/#/settings/favicon/image: updated
store/channel/#/settings/locale: added updated deleted
store/channel/#/settings/logo: updated
store/channel/#/settings/logo/image: updated
store/channel/#/settings/product: updated
store/channel/#/settings/profile: updated
store/channel/#/settings/robots: updated
store/channel/#/settings/route: updated
store/channel/#/settings/searchContextFilters: updated
store/channel/#/settings/security: updated
store/channel/#/settings/site: updated
store/channel/#/settings/site/checkoutUrl: updated deleted
store/channel/#/socialMediaLinks: updated
store/channel/#/theme/configuration: created activated
store/channel/*/inventory/product: stock_changed low_stock_reached out_of_stock_reached settings_changed
store/channel/metafield: created updated deleted
store/customer: * created updated deleted
store/customer/address: * created updated deleted
store/customer/channel/login/access: updated
store/customer/payment/instrument/default: updated
store/hook: deliveryException
store/information: updated
store/inventory/location: created updated
store/inventory/location/metafield: * created deleted updated
store/metafield: * created updated deleted
store/modifier: updated
store/option: updated
store/order: * created updated archived statusUpdated
store/order/message: created
store/order/metafield: created updated deleted
store/order/refund: created
store/order/transaction: created updated
store/priceList: created updated activated deactivated deleted
store/priceList/assignment: updated deleted
store/priceList/record: created updated deleted
store/priceList/records: created updated deleted
store/priceLists: deleted
store/product: * deleted created updated
store/product/inventory: updated
store/product/inventory/order: updated
store/product/metafield: * created updated deleted
store/product/variant/metafield: * created updated deleted
store/shipment: * created updated deleted
store/sku: * created updated deleted
store/sku/inventory: updated
store/sku/inventory/order: updated
store/subscriber: * created updated deleted
"""


def _all() -> frozenset[str]:
    """Each path may be asked for as a whole, too: some documents name the wildcard, and others only the scopes. Not so
    the failures of hooks: those of the hook that hears of them are told to nobody."""
    lines = [line.partition(": ") for line in _SCOPES.strip().splitlines()]
    wildcards = frozenset(f"{path}/*" for path, _, _ in lines if path != "store/hook")
    return wildcards | frozenset(f"{path}/{word}" for path, _, words in lines for word in words.split())


SCOPES = _all()
"""Every scope that can be subscribed to."""

EXCEPTION = "store/hook/deliveryException"
"""Fired when deliveries to another hook fail (rule 130)."""

_CHANNEL = re.compile(r"^store/channel/[1-9][0-9]{0,9}/")


def is_known(scope: str) -> bool:
    """Whether a hook can subscribe to this scope (rule 125)."""
    return "#" not in scope and any(_CHANNEL.sub(f"store/channel/{mark}/", scope) in SCOPES for mark in "#*")
