"""Checkouts as these operations show them: what was said at a cart, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from bodega.resources.carts.cart import Cart, ConsignmentTotals
from bodega.resources.checkouts import costs, prepaid
from bodega.resources.checkouts.checkout import Checkout, CheckoutAddress, CheckoutConsignment
from bodega.resources.customers import addresses, customer, groups
from bodega.resources.geography import places
from bodega.storage import query
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.fields.carts import Shown, shown_of
from bodega.storefront.graphql.fields.checkouts import offered, recommended
from bodega.storefront.rest.cart_form import COUPONS, coupon_type, coupons_of, head_of, lines_of, looks_of, with_tax

SHIPPING = "consignments.availableShippingOptions"
PICKUP = "consignments.availablePickupOptions"
ZERO = Decimal(0)


async def checkout_form(asking: Asking, cart: Cart, include: Collection[str]) -> dict[str, Any]:
    """A checkout, with what a request includes."""
    shown = await shown_of(asking, cart, await costs.checkout_of(asking.reader, cart.id))
    of, totals = shown.of, cart.totals
    paid = await prepaid.reckoned(asking.reader, cart, of, asking.store.time(), shown.places)
    taken_off = sum((part.amount for one in totals.consignments for part in one.taken_off), ZERO)
    shipping = with_tax(shown, totals.shipping_ex_tax, totals.shipping_inc_tax)
    form: dict[str, Any] = {
        "id": cart.uuid,
        "cart": await _cart(asking, shown, include),
        "consignments": await _consignments(asking, shown, include),
        "coupons": coupons_of(cart),
        "fees": _fees(shown),
        "taxes": [{"name": tax.name, "amount": tax.amount} for tax in totals.taxes],
        "giftCertificates": [
            {
                "balance": one.certificate.balance,
                "code": one.certificate.code,
                "purchaseDate": one.certificate.purchase_date[:10],
                "remaining": one.remaining,
                "used": one.used,
            }
            for one in paid.certificates
        ],
        "channelId": cart.channel_id,
        "orderId": str(cart.order_id) if cart.order_id else None,
        "customerMessage": of.customer_message,
        "isStoreCreditApplied": of.pays_by_credit,
        "shouldExecuteSpamCheck": False,
        "giftWrappingCostTotal": sum((one.wrapping.amount for one in cart.items if one.wrapping is not None), ZERO),
        "shippingCostTotal": shipping - taken_off,
        "shippingCostBeforeDiscount": shipping,
        "comparisonShippingCost": shipping,
        "handlingCostTotal": with_tax(shown, totals.handling_ex_tax, totals.handling_inc_tax),
        "subtotal": with_tax(shown, totals.subtotal_ex_tax, totals.subtotal_inc_tax),
        "taxTotal": totals.tax_total,
        "grandTotal": totals.grand_total,
        "outstandingBalance": paid.outstanding,
        "createdTime": cart.date_created,
        "updatedTime": cart.date_modified,
        "version": cart.edition,
    }
    if of.billing_address is not None:
        form["billingAddress"] = {"id": of.billing_address.id, **_address(of.billing_address)}
    elif cart.email and not cart.customer_id:
        form["billingAddress"] = {"id": "", **_address(CheckoutAddress(email=cart.email))}
    if {"customer", "customer.customerGroup"} & set(include):
        form["customer"] = await customer_form(asking, cart, of, grouped="customer.customerGroup" in include)
    if "payments" in include:
        form["payments"] = []
    if "promotions" in include or "promotions.banners" in include:
        form["promotions"] = _promotions(cart, banners="promotions.banners" in include)
    return form


def _promotions(cart: Cart, *, banners: bool) -> list[dict[str, Any]]:
    told = [{"type": "promotion", "text": text} for text in cart.banners]
    if not banners:
        return told
    return [{**one, "banners": [{"type": "promotion", "page": ["checkout_page"], "text": one["text"]}]} for one in told]


async def _cart(asking: Asking, shown: Shown, include: Collection[str]) -> dict[str, Any]:
    cart, inner = shown.cart, {name.removeprefix("cart.") for name in include if name.startswith("cart.")}
    looks = await looks_of(asking, [one.product_id for one in cart.items], inner)
    lines = lines_of(shown, asking.base, looks, inner)
    for kind in ("physicalItems", "digitalItems"):
        for one in lines[kind]:
            one["discounts"] = [_by_number(part) for part in one["discounts"]]
    coupons = [{**one, "couponType": COUPONS[coupon_type(cart.coupons[at].kind)]}
               for at, one in enumerate(coupons_of(cart))]  # fmt: skip
    head = head_of(shown)
    discounts = [_by_number(one) for one in head["discounts"]]
    return {**head, "discounts": discounts, "coupons": coupons, "lineItems": lines}


def _by_number(part: Mapping[str, Any]) -> dict[str, Any]:
    """A reduction with a number for its id; what the merchant gave has none."""
    told = str(part["id"])
    return {**part, "id": int(told) if told.isascii() and told.isdigit() else 0}


def _fees(shown: Shown) -> list[dict[str, Any]]:
    taxed = {one.id: one for one in shown.cart.totals.fees}
    return [
        {
            "id": fee.id,
            "type": fee.type,
            "name": fee.name,
            "displayName": fee.display_name,
            "cost": with_tax(shown, taxed[fee.id].cost_ex_tax, taxed[fee.id].cost_inc_tax),
            "source": fee.source,
            "taxClassId": fee.tax_class_id,
        }
        for fee in shown.of.fees
        if fee.id in taxed
    ]


async def customer_form(asking: Asking, cart: Cart, of: Checkout, *, grouped: bool) -> dict[str, Any]:
    """Who shops: the customer with the addresses, or a guest."""
    billing = of.billing_address
    row = await query.get(asking.reader, customer.TABLE, asking.customer_id) if asking.customer_id else None
    if row is None:
        named = (billing.first_name, billing.last_name) if billing is not None else ("", "")
        email = cart.email or (billing.email if billing is not None else "")
        return {
            "id": 0,
            "isGuest": True,
            "email": email,
            "firstName": named[0],
            "lastName": named[1],
            "fullName": " ".join(one for one in named if one),
            "addresses": [],
            "storeCredit": 0,
            "shouldEncourageSignIn": False,
        }
    person = row.entity
    own = await query.entities(asking.reader, addresses.TABLE, "customer_id = $1", person.id)
    told: dict[str, Any] = {
        "id": person.id,
        "isGuest": False,
        "email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "fullName": f"{person.first_name} {person.last_name}".strip(),
        "addresses": [address_book_form(one) for one in own],
        "storeCredit": person.store_credit,
        "shouldEncourageSignIn": False,
    }
    if grouped and person.customer_group_id:
        group = await query.get(asking.reader, groups.TABLE, person.customer_group_id)
        if group is not None:
            told["customerGroup"] = {"id": group.entity.id, "name": group.entity.name}
    return told


def address_book_form(one: addresses.Address) -> dict[str, Any]:
    """An address of a customer."""
    country = places.country(one.country_code)
    state = places.state(country, one.state_or_province) if country is not None and one.state_or_province else None
    return {
        "id": one.id,
        "firstName": one.first_name,
        "lastName": one.last_name,
        "company": one.company,
        "address1": one.address1,
        "address2": one.address2,
        "city": one.city,
        "stateOrProvince": one.state_or_province,
        "stateOrProvinceCode": "" if state is None else state.state_abbreviation,
        "country": one.country,
        "countryCode": one.country_code,
        "postalCode": one.postal_code,
        "phone": one.phone,
        "type": one.address_type,
        "customFields": [],
    }


def _address(of: CheckoutAddress) -> dict[str, Any]:
    return {
        "firstName": of.first_name,
        "lastName": of.last_name,
        "email": of.email,
        "company": of.company,
        "address1": of.address1,
        "address2": of.address2,
        "city": of.city,
        "stateOrProvince": of.state_or_province,
        "stateOrProvinceCode": of.state_or_province_code,
        "country": of.country,
        "countryCode": of.country_code,
        "postalCode": of.postal_code,
        "phone": of.phone,
        "customFields": [{"fieldId": one.field_id, "fieldValue": one.field_value} for one in of.custom_fields],
    }


async def _consignments(asking: Asking, shown: Shown, include: Collection[str]) -> list[dict[str, Any]]:
    found = {one.id: one for one in shown.cart.totals.consignments}
    options = await offered(asking, shown.cart.uuid) if SHIPPING in include and shown.of.consignments else {}
    made = []
    for one in shown.of.consignments:
        if one.id not in found:
            continue
        told = _consignment(shown, one, found[one.id])
        if SHIPPING in include:
            mine = options.get(one.id, [])
            best = recommended(mine)
            told["availableShippingOptions"] = [_option(each, best) for each in mine]
        if PICKUP in include:
            told["availablePickupOptions"] = []
        made.append(told)
    return made


def _consignment(shown: Shown, one: CheckoutConsignment, cost: ConsignmentTotals) -> dict[str, Any]:
    there = {item.id for item in shown.cart.items}
    sent = with_tax(shown, cost.shipping_ex_tax, cost.shipping_inc_tax)
    told: dict[str, Any] = {
        "id": one.id,
        "shippingCost": sent - sum((part.amount for part in cost.taken_off), ZERO),
        "shippingCostBeforeDiscount": sent,
        "comparisonShippingCost": sent,
        "handlingCost": with_tax(shown, cost.handling_ex_tax, cost.handling_inc_tax),
        "couponDiscounts": [{"code": part.code, "amount": part.amount} for part in cost.taken_off if part.code],
        "discounts": [{"id": str(part.id)} for part in cost.taken_off if not part.code],
        "lineItemIds": [item_id for item_id in one.item_ids if item_id in there],
    }
    if one.address is not None:
        told["address"] = {"id": one.address.id, "shouldSaveAddress": False, **_address(one.address)}
        told["shippingAddress"] = told["address"]
    if cost.option is not None:
        option = cost.option
        told["selectedShippingOption"] = {
            "id": option.id,
            "type": option.type,
            "description": option.description,
            "imageUrl": "",
            "cost": option.cost,
            "transitTime": option.transit_time,
            "additionalDescription": option.more,
        }
    if one.pickup_method_id:
        told["selectedPickupOption"] = {"pickupMethodId": one.pickup_method_id}
    return told


def _option(one: Mapping[str, Any], best: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": one["id"],
        "type": one["type"],
        "description": one["description"],
        "imageUrl": one["image_url"],
        "cost": one["cost"],
        "transitTime": one["transit_time"],
        "additionalDescription": one["additional_description"],
        "isRecommended": one is best,
    }
