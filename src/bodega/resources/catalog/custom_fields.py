"""Custom fields: facts about a product beyond the fields that every product has."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Id
from bodega.kit.includes import children
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import also_at, collection, count, item
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape
from bodega.kit.v3_shape import Nested, V3Shape
from bodega.kit.write import rows_of
from bodega.resources.catalog import product
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=250), NAME]


MAXIMUM = 200
"""The most custom fields of one product (rule 67)."""


class CustomField(Entity, kw_only=True):
    """A name and its value for this product."""

    name: Text
    value: Text
    product_id: Id = 0


TABLE = stored(
    "custom_fields",
    CustomField,
    noun="custom field",
    columns="product_id name value",
    hidden="product_id",
    uniques=[Unique(("product_id", "name", "value"), "value", "The product has this custom field already.")],  # rule 67
    references=[Reference("product_id", "products", "product_id", "The product does not exist.", "CASCADE")],
    cap_within=("product_id", MAXIMUM),
)

v2 = V2Shape(CustomField, "custom_fields", "custom_field", "id? product_id! name+ text+", {"text": Alias("value")})
v3 = V3Shape(CustomField, required="name value", read_only="id", hidden="product_id")

OF_PRODUCT = (Parent("product_id", product.TABLE),)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id name"),
    "store_v2_products",
    "products/{}/custom_fields",
    v2=v2,
    parents=OF_PRODUCT,
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=v3.shown),
    "store_v2_products",
    "catalog/products/{}/custom-fields",
    v3=v3,
    created=200,
    parents=OF_PRODUCT,
)
ALL = Endpoint(2, TABLE, Listing(TABLE, 2, "min_id max_id name"), V2.scope, "", v2=v2)

_v2 = (
    collection("products/{product_id}/custom_fields", V2, "GET POST DELETE"),
    item("products/{product_id}/custom_fields/{id}", V2),
    count("products/{product_id}/custom_fields/count", V2),
    count("products/custom_fields/count", ALL),
)
routes = (
    *_v2,
    *also_at("custom_fields", "customfields", *_v2),
    collection("catalog/products/{product_id}/custom-fields", V3, "GET POST"),
    item("catalog/products/{product_id}/custom-fields/{id}", V3),
)

INCLUDE = children(TABLE, "product_id")
NESTED = Nested(v3, rows_of(V3), maximum=MAXIMUM)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
