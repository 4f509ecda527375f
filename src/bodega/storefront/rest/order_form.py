"""Orders as these operations show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bodega.resources.carts.cart import Cart
from bodega.resources.geography import places
from bodega.resources.orders import consignments as pickups
from bodega.resources.orders import coupons, line, payments, shipping_addresses, taxes
from bodega.resources.orders.address import FormField, PostalAddress
from bodega.resources.orders.line import OrderLine
from bodega.resources.orders.order import Order
from bodega.resources.orders.payments import Transaction
from bodega.resources.orders.shipping_addresses import ShippingAddress
from bodega.resources.pricing.policy import money_of
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.rest.cart_form import COUPONS, Looks, currency_form, looks_of

STATUSES = (
    "INCOMPLETE", "PENDING", "SHIPPED", "PARTIALLY_SHIPPED", "REFUNDED", "CANCELLED", "DECLINED", "AWAITING_PAYMENT",
    "AWAITING_PICKUP", "AWAITING_SHIPMENT", "COMPLETED", "AWAITING_FULFILLMENT", "MANUAL_VERIFICATION_REQUIRED",
    "DISPUTED", "PARTIALLY_REFUNDED",
)  # fmt: skip
"""The statuses, by the numbers that V2 gives them."""

OPTIONS = {"physical": "lineItems.physicalItems.options", "digital": "lineItems.digitalItems.options"}
ZERO = Decimal(0)
PREPAID = {"gift_certificate": ("giftcertificate", "Gift Certificate"), "store_credit": ("storecredit", "Store Credit")}
"""Methods of payment that come before others: what shoppers' pages call them."""


async def order_form(asking: Asking, order: Order, cart: Cart | None, include: frozenset[str]) -> dict[str, Any]:
    """An order; `cart` is what it was. A fixed number of statements for any number of lines."""
    reader = asking.reader
    lines: list[OrderLine] = await query.entities(reader, line.TABLE, "order_id = $1", order.id)
    sent = await query.entities(reader, shipping_addresses.TABLE, "order_id = $1", order.id)
    collected = await query.entities(reader, pickups.TABLE, "order_id = $1", order.id)
    codes = await query.entities(reader, coupons.TABLE, "order_id = $1", order.id)
    rows = await query.entities(reader, taxes.TABLE, "order_id = $1", order.id)
    money = await money_of(reader, order.default_currency_code)
    own = money.currency if money is not None else await currencies.default(reader)
    looks = await looks_of(asking, [one.product_id for one in lines], ())
    paths = {} if cart is None else {one.product_id: one.path for one in cart.items if one.product_id}
    inclusive = order.is_tax_inclusive_pricing
    named: dict[str, Decimal] = {}
    for row in rows:
        named[row.name] = named.get(row.name, ZERO) + row.line_amount
    line_discounts = sum((one.discount for one in lines), ZERO)
    items = [_line(one, looks, asking.base + paths.get(one.product_id, "/"), include, inclusive=inclusive)
             for one in lines]  # fmt: skip
    shipping = order.shipping_cost_inc_tax if inclusive else order.shipping_cost_ex_tax
    told = {
        "orderId": order.id,
        "cartId": order.cart_id,
        "channelId": order.channel_id,
        "currency": currency_form(own, order.places),
        "isTaxIncluded": inclusive,
        "baseAmount": order.subtotal_inc_tax if inclusive else order.subtotal_ex_tax,
        "discountAmount": order.discount_amount,
        "giftWrappingCostTotal": order.wrapping_cost_inc_tax if inclusive else order.wrapping_cost_ex_tax,
        "orderAmount": order.total_inc_tax,
        "orderAmountAsInteger": int(order.total_inc_tax.scaleb(order.places)),
        "coupons": [
            {
                "id": str(one.coupon_id),
                "code": one.code,
                "displayName": one.code,
                "couponType": COUPONS[min(max(one.type, 0), len(COUPONS) - 1)],
                "discountedAmount": one.discount,
            }
            for one in codes
        ],
        "lineItems": {
            "physicalItems": [told for told in items if told["type"] == "physical"],
            "digitalItems": [told for told in items if told["type"] == "digital"],
            "giftCertificate": [told for told in items if told["type"] == "giftCertificate"],
            "giftCertificates": [told for told in items if told["type"] == "giftCertificate"],
            "customItems": [],
        },
        "customerId": order.customer_id,
        "billingAddress": _postal(order.billing_address, getattr(order.billing_address, "form_fields", ())),
        "status": STATUSES[order.status_id],
        "hasDigitalItems": any(one.type == "digital" for one in lines),
        "isDownloadable": False,
        "isComplete": order.status_id not in (0, 7),
        "customerMessage": order.customer_message,
        "customerCanBeCreated": not order.customer_id,
        "shippingCostTotal": shipping,
        "shippingCostBeforeDiscount": shipping,
        "comparisonShippingCost": shipping,
        "handlingCostTotal": order.handling_cost_inc_tax if inclusive else order.handling_cost_ex_tax,
        "taxes": [{"name": name, "amount": amount} for name, amount in sorted(named.items())],
        "taxTotal": order.total_inc_tax - order.total_ex_tax,
        "totalDiscount": order.discount_amount + order.coupon_discount + line_discounts,
        "displayDiscountTotal": order.discount_amount + order.coupon_discount + line_discounts,
        "orderBasedAutoDiscountTotal": order.discount_amount,
        "manualDiscountTotal": ZERO,
        "productAutoDiscountedSubtotal": line_discounts,
        "productBasedAutoDiscountTotal": line_discounts,
        "consignments": {
            "shipping": [_shipping(one, lines) for one in sent],
            "pickup": [
                {
                    "id": one.id,
                    "lineItems": [{"id": each.id} for each in lines if each.order_pickup_method_id == one.id],
                    "pickupMethodId": one.pickup_method_id,
                    "pickupMethodDisplayName": one.pickup_method_display_name,
                    "collectionInstructions": one.collection_instructions,
                    "collectionTimeDescription": one.collection_time_description,
                }
                for one in collected
            ],
        },
    }
    if "payments" in include:
        made = await query.entities(reader, payments.TABLE, "order_ref = $1", order.id, order="id")
        told["payments"] = [*_prepaid(made), *_payments(order)]
    return told


def _prepaid(made: Sequence[Transaction]) -> list[dict[str, Any]]:
    """What gift certificates and store credit paid."""
    found = []
    for one in made:
        kind = PREPAID.get(one.method)
        if kind is None or one.event != "purchase":
            continue
        certificate = one.gift_certificate or {}
        left = {"code": certificate.get("code", ""), "remaining": certificate.get("remaining_balance", ZERO)}
        detail = left if certificate else {"step": "FINALIZE", "instructions": ""}
        found.append(
            {"providerId": kind[0], "gatewayId": None, "description": kind[1], "amount": one.amount, "detail": detail}
        )
    return found


def _payments(order: Order) -> list[dict[str, Any]]:
    """What was paid otherwise, or is to be paid."""
    prepaid = order.paid_by_certificates + order.paid_by_credit
    if not order.payment_method or (prepaid and prepaid >= order.total_inc_tax):
        return []
    step = "FINALIZE" if order.status_id else "ACKNOWLEDGE"
    return [
        {
            "providerId": order.payment_provider_id or order.payment_method,
            "gatewayId": None,
            "description": order.payment_method,
            "amount": order.paid - prepaid,
            "detail": {"step": step, "instructions": ""},
        }
    ]


def _line(one: OrderLine, looks: Looks, url: str, include: frozenset[str], *, inclusive: bool) -> dict[str, Any]:
    price = one.price_inc_tax if inclusive else one.price_ex_tax
    total = one.total_inc_tax if inclusive else one.total_ex_tax
    by_code = sum((part.amount for part in one.applied if part.code), ZERO)
    by_rule = sum((part.amount for part in one.applied if not part.code), ZERO)
    if one.type == "giftcertificate":
        return {
            "id": str(one.id),
            "name": one.name,
            "quantity": one.quantity,
            "isTaxable": False,
            "amount": price,
            "type": "giftCertificate",
        }
    told: dict[str, Any] = {
        "id": str(one.id),
        "parentId": None,
        "variantId": one.variant_id,
        "productId": one.product_id,
        "sku": one.sku,
        "name": one.name,
        "url": url,
        "quantity": one.quantity,
        "brand": one.brand,
        "isTaxable": one.tax_class_id != 1,
        "imageUrl": looks.images.get(one.product_id, ""),
        "discounts": [],
        "discountAmount": by_rule,
        "couponAmount": by_code,
        "listPrice": price,
        "salePrice": price,
        "extendedListPrice": total,
        "extendedSalePrice": total,
        "type": one.type,
        "addedByPromotion": False,
        "categories": [],
        "socialMedia": [],
    }
    if one.type == "physical":
        told["isShippingRequired"] = True
        wrapped = one.wrapping_cost_inc_tax if inclusive else one.wrapping_cost_ex_tax
        told["giftWrapping"] = (
            {"name": one.wrapping_name, "message": one.wrapping_message, "amount": wrapped}
            if one.wrapping_name
            else None
        )
    else:
        told |= {"downloadFileUrls": [], "downloadPageUrl": "", "downloadSize": ""}
    if OPTIONS[one.type] in include:
        told["options"] = [
            {"name": each.display_name, "nameId": each.product_option_id, "value": each.display_value,
             "valueId": int(each.value) if each.value.isascii() and each.value.isdigit() else None}
            for each in one.product_options
        ]  # fmt: skip
    return told


def _postal(of: PostalAddress | ShippingAddress, answers: Sequence[FormField]) -> dict[str, Any]:
    country = places.country(of.country_iso2) if of.country_iso2 else None
    state = places.state(country, of.state) if country is not None and of.state else None
    return {
        "firstName": of.first_name,
        "lastName": of.last_name,
        "email": of.email,
        "company": of.company,
        "address1": of.street_1,
        "address2": of.street_2,
        "city": of.city,
        "stateOrProvince": of.state,
        "stateOrProvinceCode": "" if state is None else state.state_abbreviation,
        "country": of.country,
        "countryCode": of.country_iso2,
        "postalCode": of.zip,
        "phone": of.phone,
        "customFields": [{"fieldId": one.name, "fieldValue": one.value} for one in answers],
    }


def _shipping(of: ShippingAddress, lines: Sequence[OrderLine]) -> dict[str, Any]:
    address = _postal(of, ())
    fields: Mapping[str, Any] = {
        "customFields": [{"name": one.name, "value": one.value} for one in of.form_fields],
    }
    return {
        **address,
        **fields,
        "lineItems": [{"id": each.id} for each in lines if each.order_address_id == of.id],
        "shippingAddressId": of.id,
        "itemsTotal": of.items_total,
        "itemsShipped": of.items_shipped,
        "shippingMethod": of.shipping_method,
        "baseCost": of.base_cost,
        "costExTax": of.cost_ex_tax,
        "costIncTax": of.cost_inc_tax,
        "costTax": of.cost_inc_tax - of.cost_ex_tax,
        "costTaxClassId": 0,
        "shippingCostBeforeDiscount": of.base_cost,
        "comparisonShippingCost": of.base_cost,
        "baseHandlingCost": of.base_handling_cost,
        "handlingCostExTax": of.handling_cost_ex_tax,
        "handlingCostIncTax": of.handling_cost_inc_tax,
        "handlingCostTax": of.handling_cost_inc_tax - of.handling_cost_ex_tax,
        "handlingCostTaxClassId": 0,
        "shippingZoneId": 0,
        "shippingZoneName": "",
    }
