"""Products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bodega.resources.catalog import brands, categories, custom_fields, images, reviews, videos
from bodega.resources.catalog.product import Product
from bodega.resources.settings.shop import UNITS
from bodega.resources.settings.storefront import PRODUCT
from bodega.storage.table import Table
from bodega.storefront.graphql.asking import Asking, Thing, connection, node_id, part, parts_of
from bodega.storefront.graphql.execution import batch, plain, plain_with
from bodega.storefront.graphql.fields.listed import products_of, shown

Args = Mapping[str, Any]
SIZE = "{:size}"
"""What stands in the address of an image for its size."""

_STATUS = {"available": "Available", "preorder": "Preorder", "disabled": "Unavailable"}
_KINDS = {"available": "ProductAvailable", "preorder": "ProductPreOrder", "disabled": "ProductUnavailable"}


def seo(title: str, description: str, keywords: Sequence[str] | str) -> dict[str, str]:
    """What search engines read."""
    words = keywords if isinstance(keywords, str) else ",".join(keywords)
    return {"pageTitle": title, "metaDescription": description, "metaKeywords": words}


def _of(field: str) -> Any:
    return lambda thing: getattr(thing.row, field)


def _availability(thing: Thing) -> dict[str, Any]:
    row: Product = thing.row
    released = row.preorder_release_date
    return {
        "__typename": _KINDS[row.availability],
        "status": _STATUS[row.availability],
        "description": row.availability_description,
        "message": row.preorder_message or None,
        "willBeReleasedAt": {"utc": released} if released else None,
    }


def aggregated(level: int, warning: int) -> dict[str, Any]:
    """Stock as it is told of a product or variant."""
    return {
        "availableToSell": max(0, level), "warningLevel": warning, "availableOnHand": max(0, level),
        "availableForBackorder": 0, "unlimitedBackorder": False,
    }  # fmt: skip


def _inventory(thing: Thing) -> dict[str, Any]:
    row: Product = thing.row
    tracked = row.inventory_tracking != "none"
    level = row.inventory_level
    return {
        "isInStock": (not tracked or level > 0) and row.availability != "disabled",
        "hasVariantInventory": row.inventory_tracking == "variant",
        "aggregated": aggregated(level, row.inventory_warning_level) if tracked else None,
    }


plain(
    "Product",
    id=lambda thing: node_id("Product", thing.row.id),
    entityId=_of("id"),
    sku=_of("sku"),
    path=lambda thing: thing.row.custom_url.url,
    name=_of("name"),
    description=_of("description"),
    warranty=_of("warranty"),
    minPurchaseQuantity=lambda thing: thing.row.order_quantity_minimum or None,
    maxPurchaseQuantity=lambda thing: thing.row.order_quantity_maximum or None,
    reviewSummary=lambda thing: {
        "averageRating": round(thing.row.reviews_rating_sum / thing.row.reviews_count, 2)
        if thing.row.reviews_count
        else 0.0,
        "numberOfReviews": thing.row.reviews_count,
        "summationOfRatings": thing.row.reviews_rating_sum,
    },
    type=lambda thing: thing.row.type.capitalize(),
    availability=lambda thing: _STATUS[thing.row.availability],
    availabilityDescription=_of("availability_description"),
    availabilityV2=_availability,
    inventory=_inventory,
    upc=lambda thing: thing.row.upc or None,
    mpn=lambda thing: thing.row.mpn or None,
    gtin=lambda thing: thing.row.gtin or None,
    createdAt=lambda thing: {"utc": thing.row.date_created},
    seo=lambda thing: seo(thing.row.page_title or thing.row.name, thing.row.meta_description, thing.row.meta_keywords),
    condition=lambda thing: thing.row.condition.upper() if thing.row.is_condition_shown else None,
    showCartAction=lambda thing: thing.row.availability != "disabled" and not thing.row.is_price_hidden,
)


@batch("Product.plainTextDescription")
async def _text(asking: Asking, things: Sequence[Thing], args: Args) -> list[str]:
    return await asking.plain_texts([thing.row.description for thing in things], args.get("characterLimit"))


@plain_with("Product.addToCartUrl")
def _cart_url(asking: Asking, thing: Thing, _args: Args) -> str:
    return f"{asking.base}/cart.php?action=add&product_id={thing.row.id}"


@plain_with("Product.addToWishlistUrl")
def _wishlist_url(asking: Asking, thing: Thing, _args: Args) -> str:
    return f"{asking.base}/wishlist.php?action=add&product_id={thing.row.id}"


def measured(field: str, *, weight: bool = False) -> Any:
    """How a measure of a product or variant is resolved, in the units of the channel."""

    async def resolve(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
        units = await asking.setting(UNITS)
        unit = units.weight_measurement if weight else units.length_measurement
        found = [getattr(thing.row, field) for thing in things]
        return [None if one is None else {"value": float(one), "unit": unit} for one in found]

    return resolve


for _kind in ("Product", "Variant"):
    for _field in ("height", "width", "depth"):
        batch(f"{_kind}.{_field}")(measured(_field))
batch("Product.weight")(measured("weight", weight=True))
batch("Variant.weight")(measured("calculated_weight", weight=True))


@batch("Product.brand")
async def _brand(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await asking.rows(brands.TABLE, [thing.row.brand_id for thing in things])
    return [Thing("Brand", found[one]) if (one := thing.row.brand_id) in found else None for thing in things]


@batch("Product.categories")
async def _categories(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    found = await asking.rows(categories.TABLE, [one for thing in things for one in thing.row.categories])
    tree = await asking.tree_id()
    return [
        connection(
            [
                Thing("Category", found[one])
                for one in thing.row.categories
                if one in found and found[one].is_visible and found[one].tree_id == tree
            ],
            args,
        )
        for thing in things
    ]


async def below(
    asking: Asking, table: Table, kind: str, things: Sequence[Thing], args: Args, **narrowed: Any
) -> list[dict[str, Any]]:
    """The parts of what products have in a table of their own."""
    ids = [thing.row.id for thing in things]
    found = await parts_of(asking, table.name, "product_id", ids, args, **narrowed)
    rows = await asking.rows(table, [one for listed, _, _ in found.values() for one in listed])
    made = []
    for owner in ids:
        listed, start, total = found.get(owner, ([], 0, 0))
        made.append(part([Thing(kind, rows[one]) for one in listed if one in rows], start, total))
    return made


@batch("Product.images")
async def _images(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    made = await below(asking, images.TABLE, "", things, args, order="sort_order, id")
    for one in made:
        for edge in one["edges"]:
            edge["node"] = _image(asking, edge["node"].row)
    return made


def _image(asking: Asking, row: images.Image) -> Thing | None:
    address = row.image_url or row.url_zoom or row.url_standard
    return asking.image(address, row.description, default=row.is_thumbnail, product=(row.product_id, row.id))


async def default_images(asking: Asking, products: Sequence[int]) -> dict[int, Thing | None]:
    """The main images of products, by their ids."""
    found = await parts_of(
        asking, "product_images", "product_id", products, {"first": 1}, order="is_thumbnail DESC, sort_order, id"
    )
    rows = await asking.rows(images.TABLE, [one for ids, _, _ in found.values() for one in ids])
    return {owner: _image(asking, rows[ids[0]]) for owner, (ids, _, _) in found.items() if ids}


@batch("Product.defaultImage")
async def _default_image(asking: Asking, things: Sequence[Thing], _args: Args) -> list[Any]:
    found = await default_images(asking, [thing.row.id for thing in things])
    return [found.get(thing.row.id) for thing in things]


def sized(image: Thing, width: int, height: int | None) -> str:
    """The address of an image in a size."""
    return str(image.row).replace(SIZE, f"{width}x{height}" if height else f"{width}w")


@plain_with("Image.url")
def _url(_asking: Asking, thing: Thing, args: Args) -> str:
    return sized(thing, args["width"], args.get("height"))


@plain_with("Image.urlOriginal")
def _original(_asking: Asking, thing: Thing, _args: Args) -> str:
    return str(thing.row).replace(SIZE, "original")


@plain_with("Image.urlTemplate")
def _template(_asking: Asking, thing: Thing, _args: Args) -> str:
    return str(thing.row)


plain("Image", altText=lambda thing: thing.more[0], isDefault=lambda thing: thing.more[1])


@batch("Product.customFields")
async def _custom_fields(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    names = args.get("names") or []
    marks = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    test = f"name IN ({marks})" if names else ""
    return await below(asking, custom_fields.TABLE, "CustomField", things, args, test=test, values=names)


plain("CustomField", entityId=_of("id"), name=_of("name"), value=_of("value"))

_REVIEWS = {"OLDEST": "date_reviewed, id", "NEWEST": "date_reviewed DESC, id DESC"}


@batch("Product.reviews")
async def _reviews(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    order = _REVIEWS.get(args.get("sort") or "NEWEST", _REVIEWS["NEWEST"])
    return await below(asking, reviews.TABLE, "Review", things, args, order=order, test="status = 'approved'")


plain(
    "Review",
    entityId=_of("id"),
    author=lambda thing: {"name": thing.row.name},
    title=_of("title"),
    text=_of("text"),
    rating=_of("rating"),
    createdAt=lambda thing: {"utc": thing.row.date_reviewed},
)


@batch("Product.videos")
async def _videos(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    return await below(asking, videos.TABLE, "Video", things, args, order="sort_order, id")


plain(
    "Video", title=_of("title"), url=lambda thing: f"https://www.youtube.com/watch?v={thing.row.video_id}"
)  # the only type that is published


MOST_NEAR = 100
"""Categories whose products are related to those that name none."""


async def _near(asking: Asking, categories_of: Sequence[int]) -> dict[int, list[int]]:
    """The first products of categories, in one statement that reads no more of each than it gives."""
    if not categories_of:
        return {}
    one = (
        "SELECT * FROM (SELECT pc.category_id, pc.product_id FROM product_categories pc JOIN products p"
        f" ON p.id = pc.product_id WHERE pc.category_id = ${{}} AND {shown(asking)}"
        " ORDER BY pc.product_id LIMIT 11) t{}"
    )
    sql = " UNION ALL ".join(one.format(place, place) for place in range(1, len(categories_of) + 1))
    near: dict[int, list[int]] = {}
    for category, number in await asking.reader.rows(f"{sql} ORDER BY 1, 2", *categories_of):
        near.setdefault(category, []).append(number)
    return near


@batch("Product.relatedProducts")
async def _related(asking: Asking, things: Sequence[Thing], args: Args) -> list[Any]:
    named = {one for thing in things for one in thing.row.related_products if one > 0}
    automatic = {one for thing in things if -1 in thing.row.related_products for one in thing.row.categories}
    near = await _near(asking, sorted(automatic)[:MOST_NEAR])
    await products_of(asking, sorted(named | {one for ids in near.values() for one in ids}))
    made = []
    for thing in things:
        wanted = [one for one in thing.row.related_products if one > 0]
        if -1 in thing.row.related_products:
            wanted = [one for category in thing.row.categories for one in near.get(category, ())]
        others = [one for one in dict.fromkeys(wanted) if one != thing.row.id]
        items = [one for one in await products_of(asking, others) if one.row.is_visible]
        if args.get("hideOutOfStock"):
            items = [one for one in items if _inventory(one)["isInStock"]]
        made.append(connection(items, args))
    return made


async def show_product_rating(asking: Asking) -> bool:
    """Whether products show their ratings on this channel."""
    return (await asking.setting(PRODUCT)).show_product_rating
