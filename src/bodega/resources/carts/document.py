"""A cart as V3 shows it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from bodega.kit.context import Context
from bodega.kit.render import json
from bodega.resources.carts.cart import Cart, CartItem, LineReduction
from bodega.resources.channels.sites import shop_origin
from bodega.storage.table import numbered_placeholders

OPTIONS = {"physical": "line_items.physical_items.options", "digital": "line_items.digital_items.options"}
BANNERS = "promotions.banners"
LINKS = "redirect_urls"
IMAGES = ("product_images",)
GROUPS = {
    "physical": "physical_items",
    "digital": "digital_items",
    "gift_certificate": "gift_certificates",
    "custom": "custom_items",
}


async def document(context: Context, cart: Cart, links: Mapping[str, str] | None = None) -> bytes:
    """The cart with what the query includes; `links` are its redirect URLs."""
    asked = context.query.include
    shown = cart_members(cart, await pictures_of(context, cart), await shop_origin(context, cart.channel_id), asked)
    if LINKS in asked and links is not None:
        shown["redirect_urls"] = dict(links)
    return json(shown)


def cart_members(cart: Cart, pictures: Mapping[int, str], site: str, asked: Collection[str] = ()) -> dict[str, Any]:
    """The members of a cart. `pictures` are the addresses of products' thumbnails by their ids; `site` is what
    the addresses of products' pages begin with."""
    lines: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS.values()}
    for item in cart.items:
        lines[GROUPS[item.kind]].append(_line(item, pictures, site, asked))
    shown = {
        "id": cart.uuid,
        "customer_id": cart.customer_id,
        "channel_id": cart.channel_id,
        "email": cart.email,
        "currency": {"code": cart.currency_code},
        "tax_included": cart.tax_included,
        "base_amount": cart.base_amount,
        "discount_amount": cart.discount_amount,
        "manual_discount_amount": cart.manual_discount_amount,
        "cart_amount": cart.cart_amount,
        "coupons": [
            {
                "code": one.code,
                "id": str(one.id),
                "coupon_type": one.kind,
                "discounted_amount": one.amount,
                "display_name": one.name,
            }
            for one in cart.coupons
        ],
        "discounts": [{**_reduction(one), "id": str(one.id)} for one in cart.discounts],
        "line_items": lines,
        "created_time": cart.date_created,
        "updated_time": cart.date_modified,
        "locale": cart.locale,
        "version": cart.edition,
    }
    if BANNERS in asked:
        banners = [
            {"id": str(place), "type": "promotion", "page": ["cart_page"], "text": text}
            for place, text in enumerate(cart.banners, start=1)
        ]
        shown["promotions"] = {"banners": banners}
    return shown


def _reduction(one: LineReduction) -> dict[str, Any]:
    return {"id": one.id, "discounted_amount": one.amount}


def _line(item: CartItem, pictures: Mapping[int, str], site: str, asked: Collection[str]) -> dict[str, Any]:
    if item.kind == "gift_certificate":
        return _certificate(item)
    if item.kind == "custom":
        return {
            "id": item.id,
            "sku": item.sku,
            "name": item.name,
            "quantity": item.quantity,
            "list_price": item.list_price,
            "extended_list_price": item.extended_list_price,
            "image_url": item.image_url,
        }
    shown: dict[str, Any] = {
        "id": item.id,
        "parent_id": item.parent_id or None,
        "variant_id": item.variant_id,
        "product_id": item.product_id,
        "sku": item.sku,
        "name": item.name,
        "url": site + item.path,
        "quantity": item.quantity,
        "taxable": item.taxable,
        "image_url": pictures.get(item.product_id, ""),
        "discounts": [_reduction(one) for one in item.discounts],
        "coupons": [
            {"id": one.id, "code": one.code, "name": one.name, "totalDiscount": one.amount} for one in item.coupons
        ],
        "discount_amount": item.discount_amount,
        "coupon_amount": item.coupon_amount,
        "original_price": item.original_price,
        "list_price": item.list_price,
        "sale_price": item.sale_price,
        "extended_list_price": item.extended_list_price,
        "extended_sale_price": item.extended_sale_price,
        "is_require_shipping": item.kind == "physical",
        "is_mutable": item.is_mutable,
        "added_by_promotion": bool(item.added_by_promotion),
    }
    if item.kind == "physical":
        wrapping = item.wrapping
        shown["gift_wrapping"] = wrapping and {
            "name": wrapping.name,
            "message": wrapping.message,
            "amount": wrapping.amount,
        }
    if OPTIONS.get(item.kind) in asked:
        shown["options"] = [
            {"name": one.name, "nameId": one.name_id, "value": one.value, "valueId": one.value_id}
            for one in item.options
        ]
    return shown


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
    }


async def pictures_of(context: Context, cart: Cart) -> dict[int, str]:
    """The addresses of the products' thumbnails, as they are stored."""
    products = sorted({item.product_id for item in cart.items if item.product_id})
    if not products or (context.without_rows is not None and context.without_rows(IMAGES)):
        return {}
    sql = (
        "SELECT product_id, doc FROM product_images WHERE is_thumbnail"
        f" AND product_id IN ({numbered_placeholders(len(products))})"
    )
    return {owner: _picture(doc).url_standard for owner, doc in await context.reader.rows(sql, *products)}


class _Picture(msgspec.Struct):
    url_standard: str = ""


_picture = msgspec.json.Decoder(_Picture).decode
