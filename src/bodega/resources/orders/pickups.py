"""Pickups of orders (V3): what of an order was collected, or waits for it, by which pickup method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec.structs import replace

from bodega.kit.batch import UpdateMany
from bodega.kit.body import Changes, parse_json
from bodega.kit.bounds import AtMost
from bodega.kit.endpoint import Batch, Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import INT32, MOMENT, UNIX, Id, Moment, moment
from bodega.kit.filters import FilterField
from bodega.kit.listing import Listing
from bodega.kit.render import json
from bodega.kit.resource import Resource
from bodega.kit.route import collection, route
from bodega.kit.route import listed as list_of
from bodega.kit.v3_shape import V3Shape
from bodega.law.reasons import Reason
from bodega.law.refusal import Fault, invalid, refuse_faults
from bodega.resources.inventory import pickup_methods
from bodega.resources.orders import line
from bodega.storage.aggregate import Aggregate
from bodega.storage.rules import depends_on
from bodega.storage.table import Reference
from bodega.storage.unit import Unit

SCOPE = "store_order_fulfillment_manage"
HOME = "orders/pickups"
AT_ONCE = 100
ITEM_IDS = 1_000
"""A pickup has fewer items than that; the ids of its items are this times its own, and their places."""

When = Annotated[str, MOMENT._replace(clean=UNIX.read)]
"""A date in any documented form, or seconds since 1970 as text."""


class Item(msgspec.Struct, kw_only=True):
    """Pieces of one line of the order."""

    id: Id = 0
    order_product_id: Id
    quantity: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    status: Literal["AWAITING_COLLECTION", "COLLECTED"] = "AWAITING_COLLECTION"
    collected_at: str | None = None


class ItemDraft(msgspec.Struct, kw_only=True):
    """An item in a body."""

    order_product_id: Annotated[int, msgspec.Meta(ge=1, le=INT32)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=INT32)]


class Pickup(Entity, kw_only=True):
    """`ready_at` is when it could be collected from."""

    pickup_method_id: Id
    order_id: Id
    ready_at: Moment = ""
    created_at: Moment = ""
    updated_at: Moment = ""
    pickup_items: Annotated[list[Item], AtMost(ITEM_IDS - 1)] = []


TABLE = stored(
    "pickups",
    Pickup,
    noun="pickup",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)

v3 = V3Shape(
    Pickup,
    required="pickup_method_id order_id ready_at pickup_items",
    read_only="id created_at updated_at",
    write_only={
        "ready_at": When,
        "collected_at": When,
        "pickup_items": Annotated[list[ItemDraft], AtMost(ITEM_IDS - 1)],
    },
    set_once="pickup_method_id order_id pickup_items",
)
V3 = Endpoint(
    3,
    TABLE,
    Listing(TABLE, 3, ":order_id:in", mapped={":pickup_id:in": FilterField("id")}, exact=True),
    SCOPE,
    HOME,
    v3=v3,
    created=200,
    batch=Batch(AT_ONCE, whole=True, refused=Reason.LIST_REFUSED),
)
DELETE = Endpoint(3, TABLE, Listing(TABLE, 3, ":id:in", exact=True), SCOPE, HOME, delete_needs_filter=True)


class UpdatePickups(UpdateMany):
    """PUT of a list, whose items name their pickups by `pickup_id`, or by the older `id`."""

    def read(self, content: Any) -> Any:
        items = parse_json(content)
        if isinstance(items, list):
            items = [
                {**item, "id": item["pickup_id"]} if isinstance(item, dict) and item.get("pickup_id") else item
                for item in items
            ]
        return super().read(json(items))


routes = (
    collection(HOME, V3, "GET")
    .also(list_of(HOME, V3, "POST"))
    .also(route(HOME, 3, PUT=UpdatePickups(V3)))
    .also(collection(HOME, DELETE, "DELETE")),
)


@depends_on("collected_at pickup_items")
async def make_items(_unit: Unit, changes: Changes, old: Pickup | None, _notes: list[Fault]) -> None:
    """All items of a pickup are collected at once, when the body says so."""
    collected = changes.pop("collected_at", "")
    if "pickup_items" in changes:
        drafts: Sequence[ItemDraft] = changes["pickup_items"]
        if not drafts:
            raise refuse_faults([invalid("pickup_items", "must have at least one item")])
        changes["pickup_items"] = [
            Item(order_product_id=draft.order_product_id, quantity=draft.quantity) for draft in drafts
        ]
    if collected and (old is not None or "pickup_items" in changes):
        items: Sequence[Item] = changes["pickup_items"] if old is None else old.pickup_items
        changes["pickup_items"] = [replace(item, status="COLLECTED", collected_at=collected) for item in items]


async def check_pickup(unit: Unit, old: Pickup | None, new: Pickup) -> None:
    """What is collected was ordered, and neither sent nor collected before."""
    new.updated_at = moment(unit.now)
    if old is not None:
        return
    if await unit.get(pickup_methods.TABLE, new.pickup_method_id) is None:
        raise refuse_faults([invalid("pickup_method_id", "must be that of a pickup method of this store")])
    new.created_at = new.updated_at
    number = new.id or unit.statistics.next_id(TABLE.name)
    lines = {row.entity.id: row.entity for row in await unit.where(line.TABLE, "order_id = $1", new.order_id)}
    gone: Counter[int] = Counter()
    for row in await unit.where(TABLE, "order_id = $1", new.order_id):
        gone.update({item.order_product_id: item.quantity for item in row.entity.pickup_items})
    faults: list[Fault] = []
    for place, item in enumerate(new.pickup_items):
        name = f"pickup_items.{place}"
        item.id = number * ITEM_IDS + place + 1
        ordered: Any = lines.get(item.order_product_id)
        if ordered is None:
            if lines:
                faults.append(invalid(f"{name}.order_product_id", "must be a line of this order"))
            continue
        gone[ordered.id] += item.quantity
        left = ordered.quantity - ordered.quantity_shipped - gone[ordered.id]
        if left < 0:
            why = f"must be at most {max(left + item.quantity, 0)}, what is left to be collected"
            faults.append(invalid(f"{name}.quantity", why))
    if faults:
        raise refuse_faults(faults)


RESOURCE = Resource(
    aggregates=(Aggregate(TABLE, before_validate=(make_items,), before_write=(check_pickup,)),),
    routes=routes,
)
