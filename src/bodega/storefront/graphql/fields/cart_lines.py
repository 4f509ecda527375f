"""What lines of a cart have from the catalogue; each read once for all lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from bodega.domain.pricing.amounts import rounded
from bodega.resources.carts.cart import CartOption
from bodega.resources.catalog import brands, product, variants
from bodega.resources.catalog.options.product_option import TABLE as OPTIONS
from bodega.resources.store import currencies
from bodega.storage import query
from bodega.storage.table import numbered_placeholders
from bodega.storefront.graphql.asking import Asking, Thing
from bodega.storefront.graphql.execution import PLAIN, batch, shaped
from bodega.storefront.graphql.fields.listed import shown
from bodega.storefront.graphql.fields.prices import money_as
from bodega.storefront.graphql.fields.products import default_images

Args = Mapping[str, Any]
LINES = ("CartPhysicalItem", "CartDigitalItem")


async def _products(asking: Asking, things: Sequence[Thing]) -> dict[int, Any]:
    return await asking.rows(product.TABLE, [thing.row.product_id for thing in things])


async def _brand(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await _products(asking, things)
    known = await asking.rows(brands.TABLE, [one.brand_id for one in found.values() if one.brand_id])
    owners = [found.get(thing.row.product_id) for thing in things]
    return [known[one.brand_id].name if one is not None and one.brand_id in known else None for one in owners]


async def _image(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    """That of the variant, else that of the product."""
    ids = sorted({thing.row.product_id for thing in things})
    known = await asking.rows(variants.TABLE, [thing.row.variant_id for thing in things if thing.row.variant_id])
    found = await asking.once(("line images", tuple(ids)), lambda: default_images(asking, ids))
    made = []
    for thing in things:
        variant = known.get(thing.row.variant_id)
        own = None if variant is None else asking.image(variant.image_url, default=True)
        made.append(own or found.get(thing.row.product_id))
    return made


async def _image_url(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    address = PLAIN["Image", "urlOriginal"]
    return [image and address(asking, image, {}) for image in await _image(asking, things, args)]


async def _retail_price(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    """The catalogue's, in the currency of the cart; 0 where it has none."""
    found = await _products(asking, things)
    own = await asking.once("default currency", lambda: currencies.default(asking.reader))
    made = []
    for thing in things:
        owner, currency = found.get(thing.row.product_id), thing.more.currency
        price = Decimal(0) if owner is None else owner.retail_price or Decimal(0)
        rate = currency.currency_exchange_rate / own.currency_exchange_rate
        made.append(money_as(rounded(price * rate, thing.more.places), currency))
    return made


async def _wrappable(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await _products(asking, things)
    owners = [found.get(thing.row.product_id) for thing in things]
    return [owner is not None and owner.gift_wrapping_options_type != "none" for owner in owners]


async def seen_products(asking: Asking, things: Sequence[Thing]) -> dict[int, Any]:
    """The products that shoppers may see, by their ids."""

    async def read() -> set[int]:
        marks = numbered_placeholders(len(ids))
        sql = f"SELECT p.id FROM products p WHERE p.id IN ({marks}) AND {shown(asking)}"
        return {int(one) for one in await query.values(asking.reader, sql, *ids)}

    ids = sorted({thing.row.product_id for thing in things})
    visible = await asking.once(("seen", tuple(ids)), read)
    return {key: one for key, one in (await _products(asking, things)).items() if key in visible}


async def product_of(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    """The products of lines, as far as shoppers see them."""
    found = await seen_products(asking, things)
    ids = [thing.row.product_id for thing in things]
    return [Thing("Product", found[one]) if one in found else None for one in ids]


async def _chosen_product(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await seen_products(asking, things)
    made = []
    for thing in things:
        owner = found.get(thing.row.product_id)
        picked = {one.name_id: one.value_id for one in thing.row.options if one.value_id is not None}
        made.append(None if owner is None else Thing("Product", owner, picked))
    return made


async def _options(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    async def read() -> dict[int, str]:
        rows = await query.entities_of(asking.reader, OPTIONS, ids) if ids else ()
        return {one.id: one.type for one in rows}

    ids = sorted({one.name_id for thing in things for one in thing.row.options})
    types = await asking.once(("line options", tuple(ids)), read)
    return [[_told(one, types.get(one.name_id, "")) for one in thing.row.options] for thing in things]


_TEXTS = {
    "text": "CartSelectedTextFieldOption",
    "multi_line_text": "CartSelectedMultiLineTextFieldOption",
}


def _told(one: CartOption, kind: str) -> dict[str, Any]:
    """An answer as the type that its option has; of an option that is gone, as what it looks like."""
    named = {"entityId": one.name_id, "name": one.name}
    if kind == "date":
        return {**named, "__typename": "CartSelectedDateFieldOption", "date": {"utc": one.value}}
    if kind == "file":
        return {**named, "__typename": "CartSelectedFileUploadOption", "fileName": one.value}
    number = _number(one.value) if kind == "numbers_only_text" else None
    if number is not None:
        return {**named, "__typename": "CartSelectedNumberFieldOption", "number": number}
    if kind in _TEXTS or one.value_id is None:
        return {**named, "__typename": _TEXTS.get(kind, _TEXTS["text"]), "text": one.value}
    word = "CartSelectedCheckboxOption" if kind == "checkbox" else "CartSelectedMultipleChoiceOption"
    return {**named, "__typename": word, "value": one.value, "valueEntityId": one.value_id}


def _number(text: str) -> float | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return float(found) if found.is_finite() else None


for _kind in LINES:
    batch(f"{_kind}.brand")(_brand)
    batch(f"{_kind}.image")(_image)
    batch(f"{_kind}.imageUrl")(_image_url)
    batch(f"{_kind}.retailPrice")(_retail_price)
    batch(f"{_kind}.retailPriceInDisplayCurrency")(_retail_price)
    batch(f"{_kind}.baseCatalogProduct")(product_of)
    batch(f"{_kind}.catalogProductWithOptionSelections")(_chosen_product)
    batch(f"{_kind}.selectedOptions")(_options)
batch("CartPhysicalItem.allowGiftWrapping")(_wrappable)

_NAMED = "entityId name"
shaped(
    CartSelectedCheckboxOption=f"{_NAMED} value valueEntityId",
    CartSelectedMultipleChoiceOption=f"{_NAMED} value valueEntityId",
    CartSelectedDateFieldOption=f"{_NAMED} date",
    CartSelectedFileUploadOption=f"{_NAMED} fileName",
    CartSelectedTextFieldOption=f"{_NAMED} text",
    CartSelectedMultiLineTextFieldOption=f"{_NAMED} text",
    CartSelectedNumberFieldOption=f"{_NAMED} number",
)
