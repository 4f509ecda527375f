"""Videos of products: YouTube only. V2 knows one by its YouTube id, V3 by a number (rule 69)."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import STRING, FieldType, Id, Line, SortOrder
from bodega.kit.filters import Filter
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import rows_of
from bodega.resources.catalog import product
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique

_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_HOSTS = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "www.youtube-nocookie.com"})


def youtube_id(text: str) -> str:
    """The id in a YouTube address, or the id itself. Raises ValueError."""
    if _YOUTUBE_ID.fullmatch(text):
        return text
    try:
        url = urlsplit(text if "//" in text else f"//{text}")
    except ValueError:
        raise ValueError("must be the address of a YouTube video") from None
    last = url.path.rstrip("/").rpartition("/")[2]
    asked = parse_qs(url.query).get("v", [""])[0]
    for found in (asked, last):
        if url.hostname in _HOSTS and _YOUTUBE_ID.fullmatch(found):
            return found
    raise ValueError("must be the address of a YouTube video")


VIDEO = FieldType("string", str, lambda value: youtube_id(STRING.read(value)), youtube_id)


class Video(Entity, kw_only=True):
    """`length` is minutes and seconds, "mm:ss", if the store knows it; YouTube is never queried."""

    title: Line = ""
    description: str = ""
    sort_order: SortOrder = 0
    type: Literal["youtube"] = "youtube"
    video_id: Annotated[str, VIDEO]
    product_id: Id = 0
    length: str = ""


TABLE = stored(
    "videos",
    Video,
    noun="video",
    columns="product_id sort_order video_id",
    uniques=[Unique(("product_id", "video_id"), "video_id", "The product has this video already.")],
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
)

v2 = V2Shape(
    Video,
    "videos",
    "video",
    "id! product_id! sort_order name url*",
    {
        "id": Alias("video_id"),
        "name": Alias("title"),
        "url": Alias("video_id", VIDEO._replace(show="https://www.youtube.com/watch?v={}".format)),
    },
)
v3 = V3Shape(Video, required="video_id", read_only="id product_id length")

OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "", mapped={"id": Filter("video_id", "eq", str)}, order="sort_order"),
    "store_v2_products",
    "products/{}/videos",
    v2=v2,
    parents=OF_PRODUCT,
    key="video_id",
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", order="sort_order", shown=v3.shown),
    "store_v2_products",
    "catalog/products/{}/videos",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, ""), V2.scope, "", v2=v2)

routes = (
    collection("products/{product_id}/videos", V2, "GET POST DELETE"),
    item("products/{product_id}/videos/{id:text}", V2),
    count("products/{product_id}/videos/count", V2),
    count("products/videos/count", ALL),
    collection("catalog/products/{product_id}/videos", V3, "GET POST"),
    item("catalog/products/{product_id}/videos/{id}", V3),
)

INCLUDE = children(TABLE, "product_id", order="sort_order, id")
NESTED = Nested(v3, rows_of(V3), maximum=250)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
