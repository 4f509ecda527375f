"""Which price list applies to whom: a group of customers, a channel, or a group on a channel (V3, rule 114)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from bodega.kit import render
from bodega.kit.actions import Action
from bodega.kit.batch import CreateMany
from bodega.kit.context import Context, Found, Write
from bodega.kit.endpoint import Batch, Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.events import fires
from bodega.kit.fields import Id
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.v3_shape import V3Shape
from bodega.law.outcome import Outcome, Shown, Validator
from bodega.law.refusal import invalid, missing, refuse_faults
from bodega.resources.customers import groups
from bodega.resources.pricing import price_lists
from bodega.storage import query
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference, Unique
from bodega.storage.unit import Unit

MAXIMUM = 25


class Assignment(Entity, kw_only=True):
    """Without a group it is for everybody, without a channel for all channels."""

    price_list_id: Id
    customer_group_id: Id | None = None
    channel_id: Id | None = None


TABLE = stored(
    "price_list_assignments",
    Assignment,
    noun="price list assignment",
    columns="price_list_id customer_group_id channel_id",
    computed={
        "target": ("TEXT", lambda made: f"{made.customer_group_id or 0} {made.channel_id or 0}"),
    },
    indexed="price_list_id customer_group_id channel_id",
    uniques=[Unique(("target",), "customer_group_id", "The group has a price list on this channel already.")],
    references=[
        Reference("price_list_id", "price_lists", "price_list_id", "The price list does not exist.", "CASCADE"),
        Reference(
            "customer_group_id", "customer_groups", "customer_group_id", "The customer group does not exist.", "CASCADE"
        ),
        Reference("channel_id", "channels", "channel_id", "The channel does not exist.", "CASCADE"),
    ],
)  # fmt: skip

v3 = V3Shape(Assignment, required="price_list_id customer_group_id|channel_id")
upsert = V3Shape(Assignment, required="customer_group_id channel_id", read_only="id price_list_id")
_FILTERS = "id price_list_id customer_group_id channel_id"
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, _FILTERS, shown=v3.shown, cursor=True),
    price_lists.SCOPE,
    "pricelists/assignments",
    v3=v3,
    created=200,
    batch=Batch(MAXIMUM, whole=True),
    delete_needs_filter=True,
)
OF_LIST = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ""),
    price_lists.SCOPE,
    "",
    v3=upsert,
    parents=(Parent("price_list_id", price_lists.TABLE),),
)


class Assign(Action):
    """PUT: the list of a group on a channel is this one from now on."""

    writes = True
    body = True

    async def find(self, context: Context) -> Found:
        return Found(parent=await self.selection.enter(context))

    def read(self, content: Any) -> Any:
        return upsert.read(content, creating=True)

    async def perform(self, unit: Unit, context: Context, write: Write) -> Outcome:
        new = Assignment(price_list_id=write.found.parent, **write.draft)
        old = await query.one(
            unit.tx, TABLE, "target = $1", f"{new.customer_group_id or 0} {new.channel_id or 0}"
        )  # fmt: skip
        if old is None:
            row = await unit.insert(TABLE, new)
        else:
            row = await unit.update(TABLE, old, replace(old.entity, price_list_id=new.price_list_id))
        data = render.json(row.entity)
        return Shown(ready=b'{"data":' + data + b',"meta":{}}', state=Validator(row.version, row.modified))


routes = (
    collection("pricelists/assignments", V3, "GET DELETE").also(
        route("pricelists/assignments", 3, POST=CreateMany(V3))
    ),
    route("pricelists/{price_list_id}/assignments", 3, PUT=Assign(OF_LIST)).at_most(PUT=25),
)  # fmt: skip


async def name_somebody(_unit: Unit, _old: Assignment | None, new: Assignment) -> None:
    """An assignment names a group or a channel."""
    new.customer_group_id, new.channel_id = new.customer_group_id or None, new.channel_id or None
    if new.customer_group_id is None and new.channel_id is None:
        raise refuse_faults([missing("customer_group_id")])


async def keep_discount_rules_apart(unit: Unit, _old: Assignment | None, new: Assignment) -> None:
    """Rule 114: a group with discount rules of its own takes no price list."""
    row = await unit.get(groups.TABLE, new.customer_group_id) if new.customer_group_id else None
    if row is not None and any(one.type != "price_list" for one in row.entity.discount_rules):
        raise refuse_faults(
            [invalid("customer_group_id", "must be a group without discount rules of its own, or without any")]
        )


def _told(made: Assignment) -> dict[str, Any]:
    return {
        "type": "price_list",
        "price_list_id": made.price_list_id,
        "customer_group_id": made.customer_group_id,
        "channel_id": made.channel_id,
    }


RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            before_write=(name_somebody, keep_discount_rules_apart),
            signals=(
                fires("store/priceList/assignment/updated", lambda _old, new: _told(new), on="created updated"),
                fires("store/priceList/assignment/deleted", lambda old, _new: _told(old), on="deleted"),
            ),
        ),
    ),
    routes=routes,
)
