"""The fifteen statuses of an order (rule 75): fixed, and known to clients by number."""

from __future__ import annotations

from bodega.kit.endpoint import Endpoint
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import Line
from bodega.kit.fixed import Fixed, ListFixed, ShowFixed
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import route
from bodega.kit.v2_members import Alias
from bodega.kit.v2_shape import V2Shape


class OrderStatus(Entity, kw_only=True):
    """`order` is its position in lists of choices; `system_description` says when an order has it."""

    name: Line
    system_description: Line
    order: int


# fmt: off
STATUSES = (
    (0, "Incomplete", 0, "The shopper came as far as the payment page and did not pay."),
    (1, "Pending", 1, "The shopper began to check out and has not finished."),
    (2, "Shipped", 8, "Everything was sent; nobody confirmed yet that it arrived."),
    (3, "Partially Shipped", 6, "Some items were sent, others are still to be sent."),
    (4, "Refunded", 11, "The whole payment was given back."),
    (5, "Cancelled", 9, "The seller cancelled the order, for lack of stock or another reason."),
    (6, "Declined", 10, "The seller declined the order, for lack of payment or another reason."),
    (7, "Awaiting Payment", 2, "The shopper finished the checkout; the payment is not confirmed."),
    (8, "Awaiting Pickup", 5, "The order is packed and waits for the customer to collect it."),
    (9, "Awaiting Shipment", 4, "The order is packed and waits for a carrier to collect it."),
    (10, "Completed", 7, "Everything was sent or collected, or its files can be downloaded."),
    (11, "Awaiting Fulfillment", 3, "The payment is confirmed; the order waits to be packed."),
    (12, "Manual Verification Required", 13, "The order is on hold until a person has looked at it."),
    (13, "Disputed", 12, "The customer disputes the payment."),
    (14, "Partially Refunded", 14, "A part of the payment was given back."),
)
# fmt: on
NAMES = {status[0]: status[1] for status in STATUSES}

TABLE = stored("order_statuses", OrderStatus, noun="order status", columns="")
ALL = Fixed(
    TABLE,
    lambda: [
        OrderStatus(id=number, name=name, system_description=message, order=order)
        for number, name, order, message in STATUSES
    ],
)
v2 = V2Shape(
    OrderStatus,
    "order_statuses",
    "order_status",
    "id! name! system_label! custom_label! system_description! order!",
    {"system_label": Alias("name"), "custom_label": Alias("name")},
)
V2 = Endpoint(2, TABLE, Listing(TABLE, 2, ""), "store_v2_orders", "order_statuses", v2=v2)

routes = tuple(
    made
    for path in ("order_statuses", "orderstatuses")  # an older path, which clients still use
    for made in (
        route(path, 2, v2, GET=ListFixed(V2, ALL)),
        route(f"{path}/{{id}}", 2, v2, GET=ShowFixed(V2, ALL)),
    )
)

RESOURCE = Resource(routes=routes)
