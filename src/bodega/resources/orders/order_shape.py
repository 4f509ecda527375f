"""The order's V2 form, with the rows that it shows inside itself on request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from bodega.kit.fields import TEXT, FieldType, as_is
from bodega.kit.v2_members import Alias, BatchLoaded, Derived, Linked, WriteForm
from bodega.kit.v2_shape import V2Shape
from bodega.resources.orders import consignments, fees
from bodega.resources.orders.address import DRAFT, DRAFTS
from bodega.resources.orders.drafts import CONSIGNMENTS, FEES, LINES
from bodega.resources.orders.order import Order, always, tax
from bodega.resources.store.order_statuses import NAMES

NULL_WHEN_EMPTY = TEXT._replace(show=lambda text: text or None)
"""Text of an order, which is null where there is none."""

Reader = Callable[[Any, Sequence[int]], Awaitable[Mapping[int, Any]]]


async def _link_or_inside(context: Any, orders: Sequence[Order], name: str, read: Reader) -> Mapping[int, Any]:
    """Rows shown inside an order on request, else a link to them."""
    asked = [item for item in context.query.include if item.partition(".")[0] == name]
    if asked:
        return await read(context, [order.id for order in orders])
    suffix = context.base.suffix
    paths = {order.id: f"/orders/{order.id}/{name}" for order in orders}
    return {order: {"url": f"{context.base.url}{path}{suffix}", "resource": path} for order, path in paths.items()}


async def _fees(context: Any, orders: Sequence[Order]) -> Mapping[int, Any]:
    return await _link_or_inside(context, orders, "fees", fees.of_orders)


async def _consignments(context: Any, orders: Sequence[Order]) -> Mapping[int, Any]:
    return await _link_or_inside(context, orders, "consignments", consignments.of_orders)


v2 = V2Shape(
    Order,
    "orders",
    "order",
    "id! customer_id date_created date_modified! date_shipped! status_id status! custom_status! subtotal_ex_tax"
    " subtotal_inc_tax subtotal_tax! base_shipping_cost shipping_cost_ex_tax shipping_cost_inc_tax shipping_cost_tax!"
    " shipping_cost_tax_class_id! base_handling_cost handling_cost_ex_tax handling_cost_inc_tax handling_cost_tax!"
    " handling_cost_tax_class_id! base_wrapping_cost wrapping_cost_ex_tax wrapping_cost_inc_tax wrapping_cost_tax!"
    " wrapping_cost_tax_class_id! total_ex_tax total_inc_tax total_tax! items_total? items_shipped? payment_method"
    " payment_provider_id payment_status! credit_card_type! refunded_amount? order_is_digital? store_credit_amount!"
    " gift_certificate_amount! ip_address ip_address_v6 geoip_country geoip_country_iso2 currency_id! currency_code!"
    " currency_exchange_rate! default_currency_id! default_currency_code store_default_currency_code!"
    " store_default_to_transactional_exchange_rate! staff_notes customer_message discount_amount coupon_discount!"
    " shipping_address_count! is_deleted is_email_opt_in! ebay_order_id billing_address* order_source?"
    " external_source products shipping_addresses coupons! cart_id! channel_id external_id external_merchant_id"
    " external_order_id tax_provider_id customer_locale is_tax_inclusive_pricing! consignments fees",
    {
        "status": Derived(lambda order: NAMES[order.status_id]),
        "custom_status": Derived(lambda order: NAMES[order.status_id]),
        "credit_card_type": always(None, "string"),
        "staff_notes": Alias("staff_notes", NULL_WHEN_EMPTY),
        "customer_message": Alias("customer_message", NULL_WHEN_EMPTY),
        "cart_id": Alias("cart_id", NULL_WHEN_EMPTY),
        "subtotal_tax": tax("subtotal"),
        "shipping_cost_tax": tax("shipping_cost"),
        "handling_cost_tax": tax("handling_cost"),
        "wrapping_cost_tax": tax("wrapping_cost"),
        "total_tax": tax("total"),
        "shipping_cost_tax_class_id": always(2, "int"),
        "handling_cost_tax_class_id": always(2, "int"),
        "wrapping_cost_tax_class_id": always(3, "int"),
        "payment_status": Alias("payment_status", FieldType("enum", as_is, as_is, as_is)),
        "refunded_amount": always("0.0000", "decimal"),  # as in the published description
        "store_credit_amount": Derived(lambda order: f"{order.paid_by_credit:.4f}", "decimal"),
        "gift_certificate_amount": Derived(lambda order: f"{order.paid_by_certificates:.4f}", "decimal"),
        "currency_code": Alias("default_currency_code"),
        "currency_exchange_rate": always("1.0000000000", "decimal"),
        "default_currency_id": Alias("currency_id"),
        "is_email_opt_in": always(value=False, word="boolean"),
        "billing_address": WriteForm(
            DRAFT, Derived(lambda order: msgspec.to_builtins(order.billing_address), "object")
        ),
        "products": WriteForm(LINES, Linked("/orders/{e.id}/products")),
        "shipping_addresses": WriteForm(DRAFTS, Linked("/orders/{e.id}/shipping_addresses")),
        "coupons": Linked("/orders/{e.id}/coupons"),
        "consignments": WriteForm(CONSIGNMENTS, BatchLoaded(_consignments, "object")),
        "fees": WriteForm(FEES, BatchLoaded(_fees, "object_array")),
    },
)
