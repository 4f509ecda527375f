"""Segments: shoppers that promotions address together (V3, rule 121)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import uuid4

import msgspec

from bodega.kit.batch import CreateMany, UpdateMany
from bodega.kit.body import Changes
from bodega.kit.context import Context
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import NAME, Line, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Created, Outcome
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, Refusal
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.query import Row
from bodega.storage.table import Unique
from bodega.storage.text import caseless
from bodega.storage.unit import Unit

SCOPE = "store_v2_customers"
CAP = 1_000
MAXIMUM = 50
"""The most segments in one body; no limit is published, and that of shopper profiles is 50."""

AT_ONCE = 10

Uuid = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]


class Segment(Entity, kw_only=True):
    """`uuid` is its id on the wire."""

    uuid: str = ""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255), NAME]
    description: Line = ""
    created_at: Moment = ""
    updated_at: Moment = ""


TABLE = stored(
    "segments",
    Segment,
    noun="segment",
    columns="uuid name created_at",
    computed={"name_key": ("TEXT", lambda made: caseless(made.name))},
    uniques=[
        Unique(("uuid",), "id", "A segment of this id exists."),
        Unique(("name_key",), "name", "Cannot have multiple segments with the same name."),
    ],
    cap=CAP,
)


def members(segment: Segment) -> dict[str, Any]:
    """The form on the wire."""
    return {
        "id": segment.uuid,
        "name": segment.name,
        "description": segment.description,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }


MEMBERS = "id name description created_at updated_at"
post = V3Shape(
    Segment, required="name", read_only="id uuid created_at updated_at", view=members, members=MEMBERS
)  # fmt: skip
put = V3Shape(
    Segment,
    required="id",
    read_only="id uuid created_at updated_at",
    write_only={"id": Uuid},
    view=members,
    members=MEMBERS,
)

IDS = FilterField("uuid", str, ("in",))


LIST = Listing(TABLE, 3, "", mapped={":id:in": IDS}, shown=post.shown, always=("id",))
POST = Endpoint(3, TABLE, LIST, SCOPE, "segments", v3=post, batch=Batch(MAXIMUM, whole=True))
PUT = Endpoint(
    3,
    TABLE,
    LIST,
    SCOPE,
    "segments",
    v3=put,
    batch=Batch(MAXIMUM, whole=True, identity="uuid", creates=True),
)
DELETE = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, "", mapped={":id:in": IDS}, exact=True),
    SCOPE,
    "segments",
    delete_needs_filter=True,
)


class ChangeMany(UpdateMany):
    """PUT of a list, whose items name their rows by UUID: 201, as published."""

    async def write_item(self, unit: Unit, context: Context, parent: Any, draft: Changes, notes: list[Fault]) -> Row:
        found = await query.value(unit.tx, f"SELECT id FROM {TABLE.name} WHERE uuid = $1", draft["id"])
        if found is None:
            raise Refusal(Reason.NO_SUCH_ENTITY)
        return await super().write_item(unit, context, parent, {**draft, "id": found}, notes)

    def done(self, saved: bytes) -> Outcome:
        return Created(ready=saved)


routes = (
    collection("segments", POST, "GET")
    .also(route("segments", 3, POST=CreateMany(POST), PUT=ChangeMany(PUT)))
    .also(collection("segments", DELETE, "DELETE"))
    .at_most(POST=AT_ONCE, PUT=AT_ONCE),
)


async def give_an_id(unit: Unit, changes: Changes, old: Segment | None, _notes: list[Fault]) -> None:
    """A segment gets its UUID and its dates from the store."""
    changes.pop("id", None)
    if old is None:
        changes |= {"uuid": str(uuid4()), "created_at": moment(unit.now)}
    changes["updated_at"] = moment(unit.now)


RESOURCE = Resource(aggregates=(Aggregate(TABLE, before_validate=(give_an_id,)),), routes=routes)
