"""Carts as these operations show them: the rows of the store, with the amounts of their last change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from bodega.resources.carts.cart import Cart, CartItem, LineReduction
from bodega.resources.catalog import brands, categories, product
from bodega.resources.store.currencies import Currency
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking
from bodega.storefront.graphql.fields.carts import Shown, shown_of
from bodega.storefront.graphql.fields.products import default_images

OPTIONS = {"physical": "lineItems.physicalItems.options", "digital": "lineItems.digitalItems.options"}
CATEGORIES = {
    "physical": "lineItems.physicalItems.categoryNames",
    "digital": "lineItems.digitalItems.categoryNames",
}
GROUPS = {
    "physical": "physicalItems",
    "digital": "digitalItems",
    "gift_certificate": "giftCertificates",
    "custom": "customItems",
}
COUPONS = (
    "per_item_discount", "percentage_discount", "per_total_discount", "shipping_discount", "free_shipping", "promotion",
)  # fmt: skip
"""The kinds of coupons, by their published numbers."""


class Looks(NamedTuple):
    """What lines have from the catalogue, by the product's id."""

    images: Mapping[int, str]
    brands: Mapping[int, str]
    categories: Mapping[int, Sequence[str]]


async def cart_form(asking: Asking, cart: Cart, include: Collection[str]) -> dict[str, Any]:
    """A cart, with what a request includes."""
    shown = await shown_of(asking, cart)
    looks = await looks_of(asking, [one.product_id for one in cart.items], include)
    lines = lines_of(shown, asking.base, looks, include)
    for one in lines["digitalItems"]:
        one["discounts"] = [{**part, "id": _number(part["id"])} for part in one["discounts"]]
    return {
        **head_of(shown),
        "coupons": [{**coupon, "id": str(coupon["id"])} for coupon in coupons_of(cart)],
        "lineItems": lines,
    }


def head_of(shown: Shown) -> dict[str, Any]:
    """What a cart says of itself, without its lines and coupons."""
    cart = shown.cart
    return {
        "id": cart.uuid,
        "customerId": cart.customer_id,
        "email": cart.email,
        "currency": currency_form(shown.currency, shown.places),
        "isTaxIncluded": cart.tax_included,
        "baseAmount": cart.base_amount,
        "discountAmount": cart.discount_amount,
        "cartAmount": cart.cart_amount,
        "discounts": [_reduction(one) for one in cart.discounts],
        "createdTime": cart.date_created,
        "updatedTime": cart.date_modified,
        "locale": cart.locale,
        "version": cart.edition,
    }


def currency_form(currency: Currency, places: int) -> dict[str, Any]:
    """A currency."""
    return {
        "code": currency.currency_code,
        "decimalPlaces": places,
        "name": currency.name,
        "symbol": currency.token,
    }


def coupons_of(cart: Cart) -> list[dict[str, Any]]:
    """The codes of a cart; `couponType` is the number of the kind."""
    return [
        {
            "code": one.code,
            "couponType": coupon_type(one.kind),
            "discountedAmount": one.amount,
            "displayName": one.name,
            "id": _number(one.id),
        }
        for one in cart.coupons
    ]


def coupon_type(kind: str) -> int:
    """The number of a kind of coupon; what is none of the five is a promotion's."""
    return COUPONS.index(kind) if kind in COUPONS else len(COUPONS) - 1


async def looks_of(asking: Asking, ids: Sequence[int], include: Collection[str]) -> Looks:
    """What products look like in lines; a fixed number of statements for any number of lines."""
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return Looks({}, {}, {})
    images = await default_images(asking, wanted)
    owners = await asking.rows(product.TABLE, wanted)
    known = await asking.rows(brands.TABLE, [one.brand_id for one in owners.values() if one.brand_id])
    named = {key: known[one.brand_id].name for key, one in owners.items() if one.brand_id in known}
    groups: dict[int, list[str]] = {}
    if {one.removeprefix("cart.") for one in include} & set(CATEGORIES.values()):
        marks = numbered_placeholders(len(wanted))
        sql = f"SELECT product_id, category_id FROM product_categories WHERE product_id IN ({marks}) ORDER BY 1, 2"
        pairs = [(int(owner), int(one)) for owner, one in await asking.reader.rows(sql, *wanted)]
        found = await asking.rows(categories.TABLE, [one for _, one in pairs])
        for owner, one in pairs:
            if one in found:
                groups.setdefault(owner, []).append(found[one].name)
    return Looks({key: str(one.row) for key, one in images.items() if one is not None}, named, groups)


def lines_of(shown: Shown, site: str, looks: Looks, include: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The lines of a cart in their groups; `site` is where the pages of products are."""
    lines: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS.values()}
    for item in shown.cart.items:
        lines[GROUPS[item.kind]].append(_line(item, site, looks, include))
    return lines


def _line(item: CartItem, site: str, looks: Looks, include: Collection[str]) -> dict[str, Any]:
    if item.kind == "gift_certificate":
        return _certificate(item)
    if item.kind == "custom":
        return {
            "id": item.id,
            "sku": item.sku,
            "name": item.name,
            "quantity": item.quantity,
            "listPrice": item.list_price,
            "extendedListPrice": item.extended_list_price,
        }
    told: dict[str, Any] = {
        "id": item.id,
        "parentId": item.parent_id or None,
        "variantId": item.variant_id,
        "productId": item.product_id,
        "sku": item.sku,
        "name": item.name,
        "url": site + item.path,
        "quantity": item.quantity,
        "brand": looks.brands.get(item.product_id, ""),
        "isTaxable": item.taxable,
        "imageUrl": looks.images.get(item.product_id, ""),
        "discounts": [_reduction(one) for one in item.discounts],
        "discountAmount": item.discount_amount,
        "couponAmount": item.coupon_amount,
        "originalPrice": item.original_price,
        "listPrice": item.list_price,
        "salePrice": item.sale_price,
        "comparisonPrice": item.original_price,
        "extendedListPrice": item.extended_list_price,
        "extendedSalePrice": item.extended_sale_price,
        "extendedComparisonPrice": item.original_price * item.quantity,
        "type": item.kind,
        "isMutable": item.is_mutable,
        "isShippingRequired": item.kind == "physical",
        "addedByPromotion": bool(item.added_by_promotion),
    }
    if item.kind == "physical":
        wrapping = item.wrapping
        told["giftWrapping"] = wrapping and {
            "name": wrapping.name,
            "message": wrapping.message,
            "amount": wrapping.amount,
        }
    if OPTIONS[item.kind] in include:
        told["options"] = [
            {"name": one.name, "nameId": one.name_id, "value": one.value, "valueId": one.value_id}
            for one in item.options
        ]
    if CATEGORIES[item.kind] in include:
        told["categoryNames"] = list(looks.categories.get(item.product_id, ()))
    return told


def _reduction(one: LineReduction) -> dict[str, Any]:
    return {"id": str(one.id), "discountedAmount": one.amount}


def _number(one: Any) -> int:
    return int(one) if str(one).isascii() and str(one).isdigit() else 0


def _certificate(item: CartItem) -> dict[str, Any]:
    made = item.certificate
    assert made is not None
    return {
        "id": item.id,
        "name": item.name,
        "theme": made.theme,
        "amount": item.list_price,
        "taxable": item.taxable,
        "sender": {"name": made.sender.name, "email": made.sender.email},
        "recipient": {"name": made.recipient.name, "email": made.recipient.email},
        "message": made.message,
        "type": "giftCertificate",
    }


def with_tax(shown: Shown, ex: Decimal, inc: Decimal) -> Decimal:
    """An amount as the prices of the cart are: with tax or without."""
    return inc if shown.cart.tax_included else ex
