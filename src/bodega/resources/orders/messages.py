"""Messages between shop and customer about an order. The API shows them; they are written elsewhere."""

from __future__ import annotations

from typing import Literal

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Id, Line, Long, Moment
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Linked
from bodega.kit.v2_shape import V2Shape
from bodega.resources.orders import order
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference


class OrderMessage(Entity, kw_only=True):
    """`type` says who wrote it."""

    order_id: Id
    staff_id: Id = 0
    customer_id: Id = 0
    type: Literal["customer", "merchant", "note"] = "customer"
    subject: Line = ""
    message: Long = ""
    status: Literal["read", "unread"] = "unread"
    is_flagged: bool = False
    date_created: Moment = ""


TABLE = stored(
    "order_messages",
    OrderMessage,
    noun="message",
    columns="order_id customer_id status is_flagged date_created",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)
v2 = V2Shape(
    OrderMessage,
    "messages",
    "message",
    "id! order_id! staff_id! customer_id! type! subject! message! status! is_flagged! date_created! customer!",
    {"customer": Linked("/customers/{e.customer_id}", when="customer_id", empty={})},
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, "min_id max_id customer_id min_date_created max_date_created is_flagged status"),
    order.SCOPE,
    "orders/{}/messages",
    v2=v2,
    parents=(Parent("order_id", order.TABLE),),
)
routes = (
    collection("orders/{order_id}/messages", V2, "GET"),
    item("orders/{order_id}/messages/{id}", V2, "GET"),
    count("orders/{order_id}/messages/count", V2),
)

RESOURCE = Resource(
    aggregates=(
        Aggregate(
            TABLE,
            signals=order.tells("message", "order_message_id"),
        ),
    ),
    routes=routes,
)
