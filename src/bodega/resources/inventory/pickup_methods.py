"""Pickup methods: at which locations orders can be collected, and what a shopper is told about it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from bodega.kit.body import Changes
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection
from bodega.kit.route import listed as list_of
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_fulfillment_methods_manage"
HOME = "pickup/methods"
NEW_AT_ONCE, CHANGED_AT_ONCE = 100, 10

Text = Annotated[str, msgspec.Meta(max_length=250)]


class PickupMethod(Entity, kw_only=True):
    """A way to collect an order at one location."""

    location_id: Id
    display_name: Text = ""
    collection_instructions: Text = ""
    collection_time_description: Text = ""
    date_created: Moment = ""
    date_modified: Moment = ""


TABLE = stored(
    "pickup_methods",
    PickupMethod,
    noun="pickup method",
    columns="location_id date_created date_modified",
    computed={"name_key": ("TEXT", lambda method: caseless(method.display_name))},
    indexed="location_id",
    references=[Reference("location_id", "locations", "location_id", "The location does not exist.", "CASCADE")],
)

v3 = V3Shape(
    PickupMethod,
    required="location_id|location_identity display_name",
    read_only="id date_created date_modified",
    write_only={"location_identity": Id},
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(
        TABLE,
        3,
        ":id:in date_created:min,max date_modified:min,max",
        sorts="date_modified:asc date_modified:desc name:asc name:desc",
        exact=True,
    ),
    SCOPE,
    HOME,
    v3=v3,
    created=200,
    batch=Batch(NEW_AT_ONCE, whole=True, refused=Reason.LIST_REFUSED),
)
CHANGES = Endpoint(
    3, TABLE, V3.listing, SCOPE, HOME, v3=v3,
    batch=Batch(CHANGED_AT_ONCE, whole=True, refused=Reason.LIST_REFUSED),
)  # fmt: skip
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, HOME, delete_needs_filter=True)

routes = (
    collection(HOME, V3, "GET")
    .also(list_of(HOME, V3, "POST"))
    .also(list_of(HOME, CHANGES, "PUT"))
    .also(collection(HOME, DELETE, "DELETE")),
)


@depends_on("location_id location_identity")
async def accept_location_identity(_unit: Unit, changes: Changes, _old: object, _notes: list[Fault]) -> None:
    """An older name of `location_id`, which counts where both are given."""
    older = changes.pop("location_identity", None)
    if older is not None:
        changes.setdefault("location_id", older)


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(accept_location_identity,)),),
    routes=routes,
)
