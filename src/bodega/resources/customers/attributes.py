"""Attributes: what a store records about its customers besides the standard members."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection
from bodega.kit.route import listed as whole_lists
from bodega.kit.v3_shape import V3Shape
from bodega.kit.write import unchanging
from bodega.law.reasons import Reason
from bodega.storage.aggregate import Aggregate
from bodega.storage.text import caseless

MAXIMUM = 50
"""Rule 102: attributes of a store."""


class Attribute(Entity, kw_only=True):
    """`type` is the type of its values, which are always stored as text."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    type: Literal["string", "number", "date"]
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "customer_attributes",
    Attribute,
    noun="customer attribute",
    columns="name type date_created date_modified",
    computed={"name_key": ("TEXT", lambda attribute: caseless(attribute.name))},
    cap=MAXIMUM,
)

post = V3Shape(Attribute, required="name type", read_only="id date_created date_modified")
put = V3Shape(Attribute, required="", read_only="id date_created date_modified")

_LIST = Listing(TABLE, 3, "name type date_created date_modified")
_SCOPE, _HOME = "store_v2_customers", "customers/attributes"
_TERMS = Batch(MAXIMUM, whole=True, refused=Reason.LIST_REFUSED)
POST = Endpoint(3, TABLE, _LIST, _SCOPE, _HOME, v3=post, created=200, batch=_TERMS)
PUT = Endpoint(3, TABLE, _LIST, _SCOPE, _HOME, v3=put, batch=_TERMS)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), _SCOPE, _HOME, idle_delete=True)

routes = (
    collection(_HOME, POST, "GET")
    .also(whole_lists(_HOME, POST, "POST"))
    .also(whole_lists(_HOME, PUT, "PUT"))
    .also(collection(_HOME, DELETE, "DELETE"))
    .at_most(POST=3, PUT=3),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_validate=(unchanging("type", rule=102),),
        ),
    ),
    routes=routes,
)
