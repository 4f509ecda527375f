"""Images of products: their fields and routes, and how a picture is read. Their order is in image_order.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bodega.kit import picture
from bodega.kit.addresses import OWN_FILE
from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FILE_PATH, FILE_URL, FileUrl, Id, Long, Moment, SortOrder
from bodega.kit.includes import Include, children
from bodega.kit.listing import Listing
from bodega.kit.picture import PRODUCT_SIZES, Picture
from bodega.kit.route import collection, count, item
from bodega.kit.upload import Upload
from bodega.kit.v2_members import Alias, BatchLoaded
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.catalog import product
from bodega.storage import query
from bodega.storage.table import Reference, numbered_placeholders
from bodega.storage.unit import Unit

MAXIMUM = 1_000
"""The most images of one product (rule 68)."""

MAX_BYTES = 64 * 1024 * 1024
"""The most bytes of the pictures of one request, which wait in memory for its write."""


class Image(Entity, kw_only=True):
    """A picture in its sizes. `image_file` is its path among the store's files, `image_url` the address of that."""

    product_id: Id = 0
    is_thumbnail: bool = False
    sort_order: SortOrder = 0
    description: Long = ""
    image_file: str = ""
    url_zoom: FileUrl = ""
    url_standard: FileUrl = ""
    url_thumbnail: FileUrl = ""
    url_tiny: FileUrl = ""
    date_modified: Moment = ""
    image_url: FileUrl = ""
    date_created: Moment = ""


TABLE = stored(
    "product_images",
    Image,
    noun="image",
    columns="product_id sort_order is_thumbnail",
    hidden="date_created",
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
    cap_within=("product_id", MAXIMUM),
    more_schema="CREATE INDEX product_images_order ON product_images (product_id, sort_order);\n"
    "CREATE UNIQUE INDEX product_images_thumbnail ON product_images (product_id) WHERE is_thumbnail;",
)

_URLS = {
    "zoom_url": "url_zoom",
    "thumbnail_url": "url_thumbnail",
    "standard_url": "url_standard",
    "tiny_url": "url_tiny",
}
v2 = V2Shape(
    Image,
    "images",
    "image",
    "id! product_id! image_file* is_thumbnail sort_order description date_created! zoom_url! thumbnail_url!"
    " standard_url! tiny_url!",
    {"image_file": Alias("image_url", FILE_PATH), **{name: Alias(field) for name, field in _URLS.items()}},
)
v3 = V3Shape(
    Image,
    required="image_url|image_file",
    read_only="id product_id image_file url_zoom url_standard url_thumbnail url_tiny date_modified",
    write_only={"image_file": FileUrl},
    hidden="date_created",
)


async def take_in(context: Context, draft: Changes, image_id: int, before: str) -> None:
    """Rule 68: the file in a draft, or at the URL in it, becomes its `picture` in all sizes.

    A client that sends an image back unchanged names the file that is already stored.
    """
    url, file = draft.pop("image_url", None), draft.pop("image_file", None)
    if url is not None and isinstance(file, Upload):
        raise refuse_faults([invalid(f"{before}image_file", "cannot be sent beside image_url")])
    given = url if url is not None else file
    member = "image_file" if url is None or context.version == 2 else "image_url"
    if given is None or (isinstance(given, str) and await _has(context, image_id, given)):
        return
    field = before + member
    taken = await picture.load_picture(context, given, field, PRODUCT_SIZES)
    assert context.preparation is not None
    if context.preparation.hold(taken.weight) > MAX_BYTES:
        why = f"{field} takes the pictures of this request over {MAX_BYTES >> 20} MB, their smaller forms included."
        message = f"The field '{member}' is invalid."
        raise refuse_faults([Fault(Reason.IMAGE_INVALID, field, message, {"invalid_reason": why})])
    draft["picture"] = taken


async def _has(context: Context, image_id: int, address: str) -> bool:
    own = OWN_FILE.fullmatch(address) if image_id else None
    row = await query.get(context.reader, TABLE, image_id) if own is not None else None
    return row is not None and own is not None and row.entity.image_file.startswith(own[2])


async def store_picture(unit: Unit, changes: Changes, _old: Any, _notes: list[Fault]) -> None:
    """Stores the bytes in the transaction of the row that names them."""
    taken: Picture | None = changes.pop("picture", None)
    if taken is None:
        return
    await picture.keep(unit, taken)
    changes["image_url"] = taken.original.address
    changes["image_file"] = FILE_PATH.show(taken.original.address, "")
    changes.update({f"url_{size}": sized.address for size, sized in taken.sizes.items()})


OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "", order="sort_order"),
    "store_v2_products",
    "products/{}/images",
    v2=v2,
    parents=OF_PRODUCT,
    uploads=True,
    prefetch=take_in,
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", order="sort_order", shown=v3.shown),
    "store_v2_products",
    "catalog/products/{}/images",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
    uploads=True,
    prefetch=take_in,
)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, ""), V2.scope, "", v2=v2)

routes = (
    collection("products/{product_id}/images", V2, "GET POST DELETE"),
    item("products/{product_id}/images/{id}", V2),
    count("products/{product_id}/images/count", V2),
    count("products/images/count", ALL),
    collection("catalog/products/{product_id}/images", V3, "GET POST"),
    item("catalog/products/{product_id}/images/{id}", V3),
)


async def _thumbnails(context: Context, products: Sequence[int]) -> dict[int, bytes]:
    if not products:
        return {}
    placeholders = numbered_placeholders(len(products))
    sql = f"SELECT product_id, doc FROM {TABLE.name} WHERE product_id IN ({placeholders}) AND is_thumbnail"
    return await query.pairs(context.reader, sql, *products)


_decode = msgspec.json.Decoder(Image).decode


async def _primary_images(context: Context, products: Sequence[Any]) -> Mapping[int, Any]:
    """The thumbnail that V2 shows inside a product (rule 28)."""
    found = await _thumbnails(context, [one.id for one in products])
    return {product_id: _primary(_decode(doc), context.base.files) for product_id, doc in found.items()}


def _primary(image: Image, files: str) -> dict[str, Any]:
    urls = {name: FILE_URL.show(getattr(image, field), files) for name, field in _URLS.items()}
    return {"id": image.id, **urls}


INCLUDE = children(TABLE, "product_id", order="sort_order, id")
THUMBNAIL = Include(_thumbnails, empty=b"null", tables=TABLE.name, files=True)
PRIMARY_IMAGE = BatchLoaded(_primary_images, "object", files=True)
