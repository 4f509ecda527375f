"""A checkout as V3 shows it: its cart with what it came to, and what was said at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.kit.context import Context
from bodega.kit.render import json
from bodega.resources.carts.cart import Cart, CartCoupon, ConsignmentTotals, SelectedOption
from bodega.resources.carts.document import cart_members, pictures_of
from bodega.resources.channels.sites import shop_origin
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.checkouts.rates import ShippingOption

OPTIONS = "consignments.available_shipping_options"
BANNERS = "promotions.banners"
LINES = ("cart.line_items.physical_items.options", "cart.line_items.digital_items.options")
MEMBERS = (
    "id cart billing_address consignments taxes coupons fees order_id shipping_cost_total_inc_tax"
    " shipping_cost_total_ex_tax handling_cost_total_inc_tax handling_cost_total_ex_tax tax_total subtotal_inc_tax"
    " subtotal_ex_tax grand_total created_time updated_time customer_message version"
)
NOT_IN_A_CHECKOUT = ("cart_amount", "manual_discount_amount", "locale", "version")

Offered = Mapping[str, Sequence[ShippingOption]]


async def document(context: Context, cart: Cart, of: Checkout, offered: Offered) -> bytes:
    """The checkout with what the query includes; `offered` are the shipping options by consignment."""
    asked = context.query.include
    pictures = await pictures_of(context, cart)
    shown = members(cart, of, pictures, await shop_origin(context, cart.channel_id), asked)
    if OPTIONS in asked:
        for one in shown["consignments"]:
            one["available_shipping_options"] = [_option(option) for option in offered.get(one["id"], ())]
    if BANNERS in asked:
        shown["promotions"] = [cart_members(cart, {}, "", (BANNERS,))["promotions"]]
    return json(shown)


def members(
    cart: Cart, of: Checkout, pictures: Mapping[int, str], site: str, asked: Sequence[str] | frozenset[str] = ()
) -> dict[str, Any]:
    """The members of a checkout."""
    totals = cart.totals
    own = [name.removeprefix("cart.") for name in asked if name in LINES]
    inside = cart_members(cart, pictures, site, own)
    for name in NOT_IN_A_CHECKOUT:
        del inside[name]
    inside |= {"cart_amount_inc_tax": totals.cart_inc_tax, "cart_amount_ex_tax": totals.cart_ex_tax}
    inside["coupons"] = [_coupon(one) for one in cart.coupons]
    inside["discounts"] = [{**one, "id": str(one["id"])} for one in inside["discounts"]]
    for kind in ("physical_items", "digital_items"):
        inside["line_items"][kind] = [_line(one) for one in inside["line_items"][kind]]
    costs = {one.id: one for one in totals.consignments}
    taxed = {one.id: one for one in totals.fees}
    return {
        "id": cart.uuid,
        "cart": inside,
        "billing_address": {} if of.billing_address is None else _address(of.billing_address),
        "consignments": [_consignment(cart, one, costs[one.id]) for one in of.consignments if one.id in costs],
        "taxes": [{"name": tax.name, "amount": tax.amount} for tax in totals.taxes],
        "coupons": [_coupon(one) for one in cart.coupons],
        "fees": [
            {
                "id": fee.id,
                "type": fee.type,
                "name": fee.name,
                "display_name": fee.display_name,
                "cost_inc_tax": taxed[fee.id].cost_inc_tax,
                "cost_ex_tax": taxed[fee.id].cost_ex_tax,
                "source": fee.source,
                "tax_class_id": fee.tax_class_id,
            }
            for fee in of.fees
            if fee.id in taxed
        ],
        "order_id": str(cart.order_id) if cart.order_id else None,
        "shipping_cost_total_inc_tax": totals.shipping_inc_tax,
        "shipping_cost_total_ex_tax": totals.shipping_ex_tax,
        "handling_cost_total_inc_tax": totals.handling_inc_tax,
        "handling_cost_total_ex_tax": totals.handling_ex_tax,
        "tax_total": totals.tax_total,
        "subtotal_inc_tax": totals.subtotal_inc_tax,
        "subtotal_ex_tax": totals.subtotal_ex_tax,
        "grand_total": totals.grand_total,
        "created_time": cart.date_created,
        "updated_time": cart.date_modified,
        "customer_message": of.customer_message,
        "version": cart.edition,
    }


def _line(shown: dict[str, Any]) -> dict[str, Any]:
    """A line as a checkout shows it: its cart has other words for the same."""
    own = {name: value for name, value in shown.items() if name not in ("coupons", "taxable")}
    discounts = [{**one, "id": str(one["id"])} for one in shown["discounts"]]
    return {**own, "is_taxable": shown["taxable"], "discounts": discounts}


def _coupon(one: CartCoupon) -> dict[str, Any]:
    return {
        "id": one.id if isinstance(one.id, int) else 0,
        "code": one.code,
        "coupon_type": one.kind,
        "display_name": one.name,
        "discounted_amount": one.amount,
    }


def _address(of: CheckoutAddress) -> dict[str, Any]:
    return {
        **{name: getattr(of, name) for name in of.__struct_fields__ if name != "custom_fields"},
        "custom_fields": [{"field_id": one.field_id, "field_value": one.field_value} for one in of.custom_fields],
    }


def _consignment(cart: Cart, one: CheckoutConsignment, costs: ConsignmentTotals) -> dict[str, Any]:
    there = {item.id for item in cart.items}
    shown: dict[str, Any] = {
        "id": one.id,
        "shipping_cost_inc_tax": costs.shipping_inc_tax,
        "shipping_cost_ex_tax": costs.shipping_ex_tax,
        "handling_cost_inc_tax": costs.handling_inc_tax,
        "handling_cost_ex_tax": costs.handling_ex_tax,
        "coupon_discounts": [{"code": part.code, "amount": part.amount} for part in costs.taken_off if part.code],
        "discounts": [{"id": part.id} for part in costs.taken_off if not part.code and isinstance(part.id, int)],
        "line_item_ids": [item_id for item_id in one.item_ids if item_id in there],
    }
    if costs.option is not None:
        shown["selected_shipping_option"] = _option(costs.option)
    if one.pickup_method_id:
        shown["selected_pickup_option"] = {"pickup_method_id": one.pickup_method_id}
    if one.address is not None:
        shown["address"] = _address(one.address)
    return shown


def _option(option: ShippingOption | SelectedOption) -> dict[str, Any]:
    return {
        "id": option.id,
        "type": option.type,
        "description": option.description,
        "image_url": "",
        "cost": option.cost,
        "transit_time": getattr(option, "transit_time", ""),
        "additional_description": getattr(option, "more", ""),
    }
