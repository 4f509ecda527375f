"""Shopper profiles: the customers that segments are made of (V3)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from bodega.kit.batch import CreateMany
from bodega.kit.body import Changes
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.refusal import Fault
from bodega.resources.segments.segments import MAXIMUM, SCOPE
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit


class ShopperProfile(Entity, kw_only=True):
    """`uuid` is its id on the wire."""

    uuid: str = ""
    customer_id: Id
    created_at: Moment = ""
    updated_at: Moment = ""


TABLE = stored(
    "shopper_profiles",
    ShopperProfile,
    noun="shopper profile",
    columns="uuid customer_id",
    uniques=[
        Unique(("uuid",), "id", "A shopper profile of this id exists."),
        Unique(("customer_id",), "customer_id", "The customer has a shopper profile already."),
    ],
    references=[Reference("customer_id", "customers", "customer_id", "The customer does not exist.", "CASCADE")],
)


def members(profile: ShopperProfile) -> dict[str, Any]:
    """The form on the wire."""
    return {
        "id": profile.uuid,
        "customer_id": profile.customer_id,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }


v3 = V3Shape(
    ShopperProfile,
    required="customer_id",
    read_only="id uuid created_at updated_at",
    view=members,
    members="id customer_id created_at updated_at",
)
IDS = FilterField("uuid", str, ("in",))
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", shown=v3.shown, always=("id",)),
    SCOPE,
    "shopper-profiles",
    v3=v3,
    batch=Batch(MAXIMUM, whole=True),
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={":id:in": IDS}, exact=True),
    SCOPE,
    "shopper-profiles",
    delete_needs_filter=True,
)

routes = (
    collection("shopper-profiles", V3, "GET")
    .also(route("shopper-profiles", 3, POST=CreateMany(V3)))
    .also(collection("shopper-profiles", DELETE, "DELETE")),
)


async def give_an_id(unit: Unit, changes: Changes, old: ShopperProfile | None, _notes: list[Fault]) -> None:
    """A profile gets its UUID and its dates from the store."""
    if old is None:
        changes |= {"uuid": str(uuid4()), "created_at": moment(unit.now), "updated_at": moment(unit.now)}


RESOURCE = Resource(aggregates=(Aggregate(TABLE, before_validate=(give_an_id,)),), routes=routes)
