"""The operations that shoppers' pages use: the one list of them. Routes, coverage and docs are read from it.

Who carries them out is told by name: a module of `storefront/rest/` and what it has.
"""

from __future__ import annotations

from typing import NamedTuple

from bodega.law.reasons import Reason

PREFIX = "/api/storefront"


class ShopperOperation(NamedTuple):
    """`path` is below a prefix, its parameters in braces; `handler` is a module and what it has;
    `statuses` are those that are published, that of success before the others."""

    method: str
    path: str
    handler: str
    statuses: tuple[int, ...] = (200,)

    @property
    def status(self) -> int:
        """The status of success."""
        return self.statuses[0]

    def refused(self, reason: Reason) -> int:
        """The status of a refusal: of those that the registry has for the reason, the first that is published for this
        operation; else that of V3."""
        ways = (reason.status(3), reason.status(2))
        return next((one for one in ways if one in self.statuses), ways[0])


CONFLICT = (200, 409)
BILLING = (200, 403, 409, 429)
_AT = "/checkouts/{checkoutId}"

OPERATIONS = (
    ShopperOperation("GET", "/carts", "carts.show"),
    ShopperOperation("POST", "/carts", "carts.create"),
    ShopperOperation("DELETE", "/carts/{cartId}", "carts.delete", (204,)),
    ShopperOperation("POST", "/carts/{cartId}/currency", "carts.change_currency", (200, 400, 404, 422)),
    ShopperOperation("POST", "/carts/{cartId}/items", "carts.add_items", CONFLICT),
    ShopperOperation("PUT", "/carts/{cartId}/items/{itemId}", "carts.change_item", CONFLICT),
    ShopperOperation("DELETE", "/carts/{cartId}/items/{itemId}", "carts.drop_item", CONFLICT),
    ShopperOperation("GET", _AT, "checkouts.show", (200, 400)),
    ShopperOperation("PUT", _AT, "checkouts.say", CONFLICT),
    ShopperOperation("POST", f"{_AT}/billing-address", "checkouts.bill_to", BILLING),
    ShopperOperation("PUT", f"{_AT}/billing-address/{{addressId}}", "checkouts.change_billing", BILLING),
    ShopperOperation("PUT", f"{_AT}/carts/{{cartId}}/items/{{itemId}}", "checkouts.change_item"),
    ShopperOperation("DELETE", f"{_AT}/carts/{{cartId}}/items/{{itemId}}", "checkouts.drop_item"),
    ShopperOperation("POST", f"{_AT}/consignments", "checkouts.add_consignments", CONFLICT),
    ShopperOperation("PUT", f"{_AT}/consignments/{{consignmentId}}", "checkouts.change_consignment", CONFLICT),
    ShopperOperation("DELETE", f"{_AT}/consignments/{{consignmentId}}", "checkouts.drop_consignment", CONFLICT),
    ShopperOperation("POST", f"{_AT}/coupons", "checkouts.enter_coupon", CONFLICT),
    ShopperOperation("DELETE", f"{_AT}/coupons/{{couponCode}}", "checkouts.drop_coupon", CONFLICT),
    ShopperOperation("POST", f"{_AT}/gift-certificates", "checkouts.enter_certificate", (200, 404)),
    ShopperOperation("DELETE", f"{_AT}/gift-certificates/{{giftCertificateCode}}", "checkouts.drop_certificate"),
    ShopperOperation("POST", f"{_AT}/spam-protection", "checkouts.pass_spam_check"),
    ShopperOperation("POST", f"{_AT}/store-credit", "checkouts.use_credit"),
    ShopperOperation("DELETE", f"{_AT}/store-credit", "checkouts.keep_credit"),
    ShopperOperation("POST", "/consent", "people.consent", (200, 400)),
    ShopperOperation("POST", "/customers", "people.register", (204, 400, 409, 422, 429)),
    ShopperOperation("GET", "/form-fields", "people.form_fields"),
    ShopperOperation("GET", "/orders/{orderId}", "orders.show"),
    ShopperOperation("POST", "/pickup-options", "people.pickup_options"),
    ShopperOperation("POST", "/subscriptions", "people.subscribe"),
)
"""What is published, below `/api/storefront`."""

SHOP = (
    ShopperOperation("GET", "/checkout/{checkoutId}", "checkouts.show"),
    ShopperOperation("PUT", "/checkout/{checkoutId}", "checkouts.say", CONFLICT),
    ShopperOperation("GET", "/checkout-settings", "kit.settings"),
    ShopperOperation("GET", "/payments", "kit.methods"),
    ShopperOperation("GET", "/payments/{methodId}", "kit.method"),
    ShopperOperation("POST", "/customer", "people.register", (204, 400, 409, 422, 429)),
    ShopperOperation("POST", "/customer-address", "kit.add_address", (200, 401)),
)
INSIDE = (
    ShopperOperation("POST", "/checkout/customer", "kit.begin_session", (200, 401)),
    ShopperOperation("DELETE", "/checkout/customer", "kit.end_session"),
    ShopperOperation("POST", "/checkout/order", "kit.place_order"),
    ShopperOperation("POST", "/checkout/order/{orderId}", "kit.finish_order"),
    ShopperOperation("GET", "/store/countries", "kit.countries"),
    ShopperOperation("GET", "/shipping/countries", "kit.destinations"),
)
GATEWAY = (ShopperOperation("POST", "/orders/payments", "kit.pay", (200, 401)),)
"""What the vendor's own checkout kit asks besides: it is no part of the published API."""

MOUNTS = {
    "api/storefront": (PREFIX, (*OPERATIONS, *SHOP)),
    "internalapi": ("/internalapi/v1", INSIDE),
    "api/public": ("/api/public/v1", GATEWAY),
}
"""Prefixes and what is below them, by the names of their mounts."""
