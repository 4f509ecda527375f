"""The coupons of an order. Rule 85: they are redeemed in a checkout, never by writing an order."""

from __future__ import annotations

from decimal import Decimal

from bodega.kit.endpoint import Endpoint, Parent
from bodega.kit.entity import Entity, stored
from bodega.kit.fields import DECIMAL, Id, Line, Money
from bodega.kit.listing import Listing
from bodega.kit.resource import Resource
from bodega.kit.route import collection, count, item
from bodega.kit.v2_members import Alias, Derived
from bodega.kit.v2_shape import V2Shape
from bodega.resources.orders import order
from bodega.storage.aggregate import Aggregate
from bodega.storage.table import Reference

TYPES = (
    "per_item_discount", "percentage_discount", "per_total_discount", "shipping_discount", "free_shipping", "promotion",
)  # fmt: skip
"""An order shows the type as its index here."""


class OrderCoupon(Entity, kw_only=True):
    """`amount` is the coupon's (money or per cent), `discount` the resulting discount."""

    coupon_id: Id
    order_id: Id
    code: Line
    amount: Money = Decimal(0)
    type: int = 0
    discount: Money = Decimal(0)


TABLE = stored(
    "order_coupons",
    OrderCoupon,
    noun="order coupon",
    columns="order_id",
    indexed="order_id",
    references=[Reference("order_id", "orders", "order_id", "The order does not exist.", "CASCADE")],
)
v2 = V2Shape(
    OrderCoupon,
    "coupons",
    "coupon",
    "id! coupon_id! order_id! code! amount! type! discount!",
    {"amount": Alias("amount", DECIMAL), "type": Derived(lambda coupon: coupon.type, "enum")},
)
V2 = Endpoint(
    2,
    TABLE,
    Listing(TABLE, 2, ""),
    order.SCOPE,
    "orders/{}/coupons",
    v2=v2,
    parents=(Parent("order_id", order.TABLE),),
)
routes = (
    collection("orders/{order_id}/coupons", V2, "GET"),
    item("orders/{order_id}/coupons/{id}", V2, "GET"),
    count("orders/{order_id}/coupons/count", V2),
)

RESOURCE = Resource(aggregates=(Aggregate(TABLE),), routes=routes)
