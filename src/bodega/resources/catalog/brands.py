"""Brands: who makes a product."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.domain.urls import BRAND_URL, BrandUrl
from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import FILE_PATH, NAME, STRING, ImageUrl, Line, Long, Words
from bodega.kit.images import DropImage, UploadImage
from bodega.kit.listing import Listing
from bodega.kit.route import collection, count, item, route
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import V3Shape
from bodega.storage.table import Unique
from bodega.storage.text import caseless


class Brand(Entity, kw_only=True):
    """A brand; its name is unique in the store, ignoring case."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    page_title: Line = ""
    meta_keywords: Words = []
    meta_description: Long = ""
    search_keywords: Long = ""
    image_url: ImageUrl = ""
    custom_url: Annotated[BrandUrl, BRAND_URL] = msgspec.field(default_factory=BrandUrl)


TABLE = stored(
    "brands",
    Brand,
    noun="brand",
    columns="name page_title",
    computed={"name_key": ("TEXT", lambda brand: caseless(brand.name))},
    uniques=[Unique(("name_key",), "name", "The brand name is a duplicate.")],  # rule 32
    counter="brands",
    cap=30_000,
)

v2 = V2Shape(
    Brand,
    "brands",
    "brand",
    "id! name* page_title meta_keywords meta_description image_file search_keywords",
    {"image_file": Alias("image_url", FILE_PATH), "search_keywords": Alias("search_keywords", STRING)},
)
v3 = V3Shape(Brand, required="name")

V2 = Endpoint(2, TABLE, Listing(TABLE, 2, "name min_id max_id"), "store_v2_products", "brands", v2=v2)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "id name page_title", sorts="name", shown=v3.shown),
    "store_v2_products",
    "catalog/brands",
    v3=v3,
    created=200,
    delete_needs_filter=True,
)
DELETE = Endpoint(
    3, TABLE, Listing(TABLE, 3, "name page_title", exact=True), V3.scope, V3.home, delete_needs_filter=True
)  # rule 38: brands are deleted by name or page title only

routes = (
    collection("brands", V2, "GET POST DELETE"),
    item("brands/{id}", V2),
    count("brands/count", V2),
    collection("catalog/brands", V3, "GET POST").also(collection("catalog/brands", DELETE, "DELETE")),
    item("catalog/brands/{id}", V3),
    route("catalog/brands/{id}/image", 3, POST=UploadImage(V3), DELETE=DropImage(V3)),
)
